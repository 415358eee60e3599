package pkcs11

import (
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// judge says whether a file may be loaded into the helper: the path must be
// absolute, and what nobody chose must be out of reach of other users. ok false
// comes with the reason.
func judge(path string, chosen bool) (Trouble, bool) {
	if !filepath.IsAbs(path) {
		return Trouble{Key: "tokens.trouble.not_absolute"}, false
	}
	fi, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Trouble{Key: "tokens.trouble.no_file"}, false
	case err != nil:
		return Trouble{Key: "tokens.trouble.unreadable"}, false
	case !fi.Mode().IsRegular():
		return Trouble{Key: "tokens.trouble.not_library"}, false
	case !chosen && !guarded(path):
		return Trouble{Key: "tokens.trouble.not_guarded"}, false
	}
	f, err := os.Open(path)
	if err != nil {
		return Trouble{Key: "tokens.trouble.unreadable"}, false
	}
	defer f.Close()
	head := make([]byte, 4096)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return Trouble{Key: "tokens.trouble.not_library"}, false
	}
	system, processors := libraryKind(head[:n])
	if system == "" {
		return Trouble{Key: "tokens.trouble.not_library"}, false
	}
	for _, p := range processors {
		if system == runtime.GOOS && p == runtime.GOARCH {
			return Trouble{}, true
		}
	}
	if system == runtime.GOOS && len(processors) == 0 {
		return Trouble{}, true // of a processor we cannot name: the loader knows
	}
	have := system
	if len(processors) > 0 {
		have += "/" + processors[0]
	}
	return Trouble{Key: "tokens.trouble.other_system", Args: []string{have, runtime.GOOS + "/" + runtime.GOARCH}}, false
}

// libraryKind reads the head of an ELF, PE or Mach-O file: for which system and
// processors it is, in the words of Go. All ELF files count as this system's
// where that uses ELF.
func libraryKind(head []byte) (system string, processors []string) {
	le, be := binary.LittleEndian, binary.BigEndian
	name := func(names map[uint32]string, machine uint32) []string {
		if p := names[machine]; p != "" {
			return []string{p}
		}
		return nil
	}
	switch {
	case len(head) >= 20 && string(head[:4]) == "\x7fELF":
		system = "linux"
		if runtime.GOOS != "windows" && runtime.GOOS != "darwin" {
			system = runtime.GOOS
		}
		order := binary.ByteOrder(le)
		if head[5] == 2 {
			order = be
		}
		machine := uint32(order.Uint16(head[18:]))
		names := map[uint32]string{3: "386", 62: "amd64", 40: "arm", 183: "arm64", 243: "riscv64", 258: "loong64"}
		if machine == 62 && head[4] == 1 {
			return system, []string{"amd64p32"}
		}
		return system, name(names, machine)
	case len(head) >= 0x40 && head[0] == 'M' && head[1] == 'Z':
		at := int64(le.Uint32(head[0x3C:]))
		if at+6 > int64(len(head)) || string(head[at:at+4]) != "PE\x00\x00" {
			return "windows", nil
		}
		return "windows", name(map[uint32]string{0x14C: "386", 0x8664: "amd64", 0xAA64: "arm64"}, uint32(le.Uint16(head[at+4:])))
	}
	macho := map[uint32]string{7: "386", 0x01000007: "amd64", 0x0100000C: "arm64"}
	switch {
	case len(head) >= 8 && (le.Uint32(head) == 0xFEEDFACF || le.Uint32(head) == 0xFEEDFACE):
		return "darwin", name(macho, le.Uint32(head[4:]))
	case len(head) >= 8 && be.Uint32(head) == 0xCAFEBABE: // several in one file; Java's classes begin so too
		n := int(be.Uint32(head[4:]))
		if n == 0 || n > 16 || len(head) < 8+20*n {
			return "", nil
		}
		for i := range n {
			processors = append(processors, name(macho, be.Uint32(head[8+20*i:]))...)
		}
		return "darwin", processors
	}
	return "", nil
}
