package keychain

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"runtime"
	"time"
)

const (
	tool     = "/usr/bin/security"
	answerIn = 5 * time.Second

	itemNotFound = 44 // the low octet of errSecItemNotFound
)

// read asks the system's own program, for the access list of an item names the
// programs that may read it, and that one it is put there with. A keychain that is
// locked makes it ask somebody, for whom nobody waits.
func read(ctx context.Context, name string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, answerIn)
	defer cancel()
	cmd := exec.CommandContext(ctx, tool, "find-generic-password", "-s", "tanba", "-a", name, "-g")
	said := &fixed{}
	defer runtime.KeepAlive(said)
	defer said.clear()
	cmd.Stderr = said // the secret; the item's other attributes are the output
	err := cmd.Run()
	var ended *exec.ExitError
	switch {
	case err == nil:
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%w: %w", ErrUnsupported, err)
	case errors.As(err, &ended):
		if ended.ExitCode() == itemNotFound {
			return nil, ErrNotFound
		}
		return nil, fmt.Errorf("%w: security: %w", ErrNotFound, err)
	default:
		return nil, fmt.Errorf("keychain: security: %w", err)
	}
	secret, err := fromSecurity(said.octets())
	if err != nil {
		return nil, err
	}
	return append(make([]byte, 0, len(secret)), secret...), nil
}

// fixed keeps what is written to it in one place.
type fixed struct {
	buffer [8 << 10]byte
	n      int
}

func (f *fixed) Write(b []byte) (int, error) {
	f.n += copy(f.buffer[f.n:], b)
	return len(b), nil
}

func (f *fixed) octets() []byte { return f.buffer[:f.n] }
func (f *fixed) clear()         { clear(f.buffer[:]) }
