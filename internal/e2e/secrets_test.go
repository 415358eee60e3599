package e2e

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// secret is something the program was given and must not leave lying about.
type secret struct {
	what  string
	bytes []byte
	where reach
}

// reach tells where a secret must not be found.
type reach int

const (
	logOnly    reach = iota // may be remembered in the state directory: recent key files
	everywhere              // neither in the log nor in a file
)

// hide makes the test fail if a document, as it is or as it went over the wire,
// is found in the log or in a file after the program has ended.
func (b *bridge) hide(what string, forms ...[]byte) {
	for _, form := range forms {
		b.secrets = append(b.secrets, secret{what, form, everywhere})
	}
}

func (b *bridge) hideKey(k key) {
	b.secrets = append(b.secrets,
		secret{"the path of the key", []byte(k.Path), logOnly},
		secret{"the password", []byte(k.Password), everywhere})
}

func (b *bridge) searchSecrets(t testing.TB) {
	t.Helper()
	log := b.log.Bytes()
	for _, s := range b.secrets {
		if bytes.Contains(log, s.bytes) {
			t.Errorf("%s is in the log:\n%s", s.what, log)
		}
	}
	err := filepath.WalkDir(b.State, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, s := range b.secrets {
			if s.where == everywhere && bytes.Contains(content, s.bytes) {
				t.Errorf("%s is in %s", s.what, d.Name())
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// lockedBuffer is an io.Writer that may be read while it is written to.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) Bytes() []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	return bytes.Clone(b.buf.Bytes())
}

func (b *lockedBuffer) String() string { return string(b.Bytes()) }
