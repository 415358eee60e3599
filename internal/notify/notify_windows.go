package notify

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"unicode/utf16"
	"unsafe"

	"golang.org/x/sys/windows"

	"tanba/internal/hidden"
)

var (
	shell32     = windows.NewLazySystemDLL("shell32.dll")
	notifyIcon  = shell32.NewProc("Shell_NotifyIconW")
	extractIcon = shell32.NewProc("ExtractIconExW")
	loadIcon    = windows.NewLazySystemDLL("user32.dll").NewProc("LoadIconW")
	windowClass = "TanbaNotes"
)

// ShellAPI.h.
const (
	iconAdd, iconModify, iconDelete, iconVersion = 0, 1, 2, 4 // NIM_…

	hasMessage, hasIcon, hasTip, hasInfo, showTip = 0x01, 0x02, 0x04, 0x10, 0x80 // NIF_…

	infoPlain, infoWarning, respectQuietTime = 0x01, 0x02, 0x80 // NIIF_…

	version4        = 4
	messageOfIcon   = 0x0401 // of the icon to our window; WM_USER is pressing it
	iconPressed     = 0x0400 // NIN_SELECT
	iconPressedKey  = 0x0401 // NIN_KEYSELECT
	balloonTimedOut = 0x0404
	balloonPressed  = 0x0405 // NIN_BALLOONUSERCLICK

	applicationIcon = 32512 // IDI_APPLICATION
)

// iconData is NOTIFYICONDATAW.
type iconData struct {
	size        uint32
	window      windows.HWND
	id, flags   uint32
	callback    uint32
	icon        windows.Handle
	tip         [128]uint16
	state, mask uint32
	info        [256]uint16
	version     uint32
	title       [64]uint16
	infoFlags   uint32
	guid        windows.GUID
	balloonIcon windows.Handle
}

func platform() (Notifier, error) { return &area{shown: map[uint32]Note{}}, nil }

// area is the notification area beside the clock. Each note is an icon there for as
// long as it is shown: an urgent one until it is pressed or withdrawn. A note has no
// buttons; pressing it is pressing the first.
type area struct {
	mu     sync.Mutex
	window *hidden.Window
	icon   windows.Handle
	last   uint32
	shown  map[uint32]Note
}

func (a *area) Show(_ context.Context, n Note, replaces uint32) (uint32, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.open(); err != nil {
		return 0, errors.Join(ErrUnsupported, err)
	}
	id := replaces
	if _, there := a.shown[id]; !there {
		id = 0
		for taken := true; taken || id == 0; _, taken = a.shown[id] {
			a.last = a.last%0xffff + 1 // the icon's messages carry 16 bits of it
			id = a.last
		}
		d := a.data(id, hasMessage|hasIcon|hasTip|showTip)
		fill(d.tip[:], "Tanba: "+n.Title)
		if err := d.tell(iconAdd); err != nil {
			return 0, errors.Join(ErrUnsupported, err)
		}
		d.version = version4
		if err := d.tell(iconVersion); err != nil {
			_ = d.tell(iconDelete)
			return 0, errors.Join(ErrUnsupported, err)
		}
	}
	a.shown[id] = n
	d := a.data(id, hasInfo|hasTip|showTip)
	d.infoFlags = infoPlain | respectQuietTime
	if n.Urgent {
		d.infoFlags = infoWarning
	}
	fill(d.tip[:], "Tanba: "+n.Title)
	fill(d.title[:], n.Title)
	fill(d.info[:], n.Body)
	if d.info[0] == 0 {
		fill(d.info[:], " ") // without a text nothing is shown
	}
	if err := d.tell(iconModify); err != nil {
		a.remove(id)
		return 0, errors.Join(ErrUnsupported, err)
	}
	return id, nil
}

func (a *area) Withdraw(_ context.Context, id uint32) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.remove(id)
	return nil
}

// remove takes an icon and its note away; mu is held.
func (a *area) remove(id uint32) {
	if _, there := a.shown[id]; there {
		delete(a.shown, id)
		_ = a.data(id, 0).tell(iconDelete) // at worst it goes when the pointer is over it
	}
}

// open makes the window that the icons report to, once; mu is held.
func (a *area) open() error {
	if a.window != nil {
		select {
		case <-a.window.Ended(): // by whoever ends programs; its icons went with it
			clear(a.shown)
		default:
			return nil
		}
	}
	happened := make(chan happening, 16)
	w, err := hidden.Open(windowClass, func(message uint32, _, l uintptr) (uintptr, bool) {
		if message != messageOfIcon {
			return 0, false
		}
		// Whoever shows a note may hold mu and wait for this thread.
		select {
		case happened <- happening{event: uint32(l & 0xffff), id: uint32(l >> 16 & 0xffff)}:
		default: // nobody presses that often
		}
		return 0, true
	})
	if err != nil {
		return err
	}
	a.window = w
	go func() {
		for {
			select {
			case h := <-happened:
				a.happened(h)
			case <-w.Ended():
				return
			}
		}
	}()
	if path, err := os.Executable(); err == nil {
		if name, err := windows.UTF16PtrFromString(path); err == nil {
			extractIcon.Call(uintptr(unsafe.Pointer(name)), 0, 0, uintptr(unsafe.Pointer(&a.icon)), 1)
		}
	}
	if a.icon == 0 {
		icon, _, _ := loadIcon.Call(0, applicationIcon)
		a.icon = windows.Handle(icon)
	}
	return nil
}

// happening is a message of an icon.
type happening struct{ event, id uint32 }

// happened is told what became of a note. Any program of the person can send such a
// message; it can press no more than is shown.
func (a *area) happened(h happening) {
	a.mu.Lock()
	defer a.mu.Unlock()
	n, there := a.shown[h.id]
	switch {
	case !there:
	case h.event == balloonPressed, h.event == iconPressed, h.event == iconPressedKey:
		a.remove(h.id)
		if n.Chosen != nil && len(n.Actions) > 0 {
			go n.Chosen(n.Actions[0].ID)
		}
	case h.event == balloonTimedOut && !n.Urgent:
		a.remove(h.id)
	}
}

func (a *area) data(id, flags uint32) *iconData {
	d := &iconData{window: a.window.Handle, id: id, flags: flags, callback: messageOfIcon, icon: a.icon}
	d.size = uint32(unsafe.Sizeof(*d))
	return d
}

func (d *iconData) tell(what uintptr) error {
	if ok, _, err := notifyIcon.Call(what, uintptr(unsafe.Pointer(d))); ok == 0 {
		return fmt.Errorf("notify: Shell_NotifyIcon: %w", err)
	}
	return nil
}

// fill copies as much of a text as fits before the final zero, and no half of a
// character.
func fill(to []uint16, text string) {
	clear(to)
	n := 0
	for _, r := range text {
		units := utf16.AppendRune(nil, r)
		if r == 0 || n+len(units) >= len(to) {
			return
		}
		n += copy(to[n:], units)
	}
}
