package win32

import (
	"context"
	"strings"
	"unsafe"

	"golang.org/x/sys/windows"
)

// openFileName is OPENFILENAMEW.
type openFileName struct {
	size              uint32
	owner             windows.HWND
	instance          uintptr
	filter            *uint16
	customFilter      *uint16
	maxCustom, index  uint32
	file              *uint16
	maxFile           uint32
	fileTitle         *uint16
	maxTitle          uint32
	start, title      *uint16
	flags             uint32
	offset, extension uint16
	defaultExt        *uint16
	data, hook        uintptr
	template          *uint16
	reserved1         uintptr
	reserved2, flags2 uint32
}

// browseInfo is BROWSEINFOW.
type browseInfo struct {
	owner       windows.HWND
	root        uintptr
	name, title *uint16
	flags       uint32
	callback    uintptr
	param       uintptr
	image       int32
}

// longestPath is what a path of Windows may have at most.
const longestPath = 32 << 10

// Choose lets the person choose; "" is a no. It waits like Show.
func (w *Window) Choose(ctx context.Context, c Choice) (string, error) {
	chosen := make(chan string, 1)
	started := w.do(func() {
		if w.no {
			chosen <- ""
			return
		}
		w.present()
		if c.Folder {
			chosen <- w.chooseFolder(c)
		} else {
			chosen <- w.chooseFile(c)
		}
	})
	if !started {
		return "", nil
	}
	select {
	case path := <-chosen:
		return path, nil
	case <-w.gone:
		return "", nil
	case <-ctx.Done():
		w.do(w.hide)
		return "", ctx.Err()
	}
}

func (w *Window) chooseFile(c Choice) string {
	path := make([]uint16, longestPath)
	o := openFileName{
		owner: w.hwnd, file: &path[0], maxFile: uint32(len(path)), title: wide(c.Title),
		// Explorer's form, an existing file, the working folder left alone,
		// nothing noted in the list of recent documents.
		flags: 0x80000 | 0x1000 | 0x800 | 0x8 | 0x4 | 0x2000000,
	}
	o.size = uint32(unsafe.Sizeof(o))
	if c.Start != "" {
		o.start = wide(c.Start)
	}
	if len(c.Extensions) > 0 {
		pattern := "*." + strings.Join(c.Extensions, ";*.")
		o.filter = pairs(pattern, pattern, "*.*", "*.*")
	}
	if r, _, _ := getOpenFileName.Call(uintptr(unsafe.Pointer(&o))); r == 0 {
		return ""
	}
	return windows.UTF16ToString(path)
}

// pairs is a list as GetOpenFileName takes it: each text ends with a zero, the list
// with another one.
func pairs(texts ...string) *uint16 {
	var list []uint16
	for _, t := range texts {
		list = append(list, windows.StringToUTF16(t)...)
	}
	return &append(list, 0)[0]
}

func (w *Window) chooseFolder(c Choice) string {
	const apartment, fileSystemOnly, newForm = 2, 1, 0x40
	if r, _, _ := coInitializeEx.Call(0, apartment); int32(r) >= 0 {
		defer coUninitialize.Call()
	}
	name := make([]uint16, windows.MAX_PATH)
	b := browseInfo{owner: w.hwnd, name: &name[0], title: wide(c.Title), flags: fileSystemOnly | newForm}
	list, _, _ := browseForFolder.Call(uintptr(unsafe.Pointer(&b)))
	if list == 0 {
		return ""
	}
	defer coTaskMemFree.Call(list)
	path := make([]uint16, longestPath)
	if r, _, _ := getPathFromIDList.Call(list, uintptr(unsafe.Pointer(&path[0]))); r == 0 {
		return ""
	}
	return windows.UTF16ToString(path)
}
