package keystore

import (
	"errors"
	"testing"
)

func TestCheckPath(t *testing.T) {
	for path, want := range map[string]error{
		`C:\Users\Айгүл\GOST512_0e06.p12`: nil,
		`C:/Users/key.p12`:                nil,
		`key.p12`:                         nil,
		`\key.p12`:                        nil,
		`\\host\share\key.p12`:            ErrNotKeyFile,
		`//host/share/key.p12`:            ErrNotKeyFile,
		`\\.\COM1`:                        ErrNotKeyFile,
		`\\?\C:\key.p12`:                  ErrNotKeyFile,
		`\??\C:\key.p12`:                  ErrNotKeyFile,
		`C:\key.p12:stream`:               ErrNotKeyFile,
		`CON`:                             ErrNotKeyFile,
		`C:\folder\NUL`:                   ErrNotKeyFile,
		``:                                ErrNotFound,
	} {
		if err := checkPath(path); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", path, err, want)
		}
	}
}
