package enrollment

import (
	"errors"
	"fmt"
	"io"

	"tanba/keystore"
	"tanba/keystore/pkcs12"
)

// ErrWouldLose says that the file holds more than can be written again: keys
// or certificates of a kind not known here.
var ErrWouldLose = errors.New("enrollment: the file holds what cannot be written again")

// Encryption is how a key file is protected.
type Encryption int

// The encryptions of ChangePassword.
const (
	// Keep writes the file in the form it has: the authority's files stay as
	// every program reads them, modern ones stay modern.
	Keep Encryption = iota
	// Modern converts: PBES2 with AES-256 and HMAC-SHA-256, 600,000 iterations.
	// NCALayer and other programs of its provider may not open such a file.
	Modern
)

// ChangePassword gives a key file a new password. The file is written anew
// beside its place, opened with the new password and compared with what was in
// it, and put in place in one step. Neither password is changed or kept.
func ChangePassword(path string, old, new []byte, e Encryption, rand io.Reader) error {
	data, err := readKeyFile(path)
	if err != nil {
		return err
	}
	info, err := pkcs12.Inspect(data)
	if err != nil {
		return fmt.Errorf("%w: %w", keystore.ErrNotKeyFile, err)
	}
	s, err := pkcs12.Open(data, old)
	if errors.Is(err, pkcs12.ErrIncorrectPassword) {
		return keystore.ErrWrongPassword
	}
	if err != nil {
		return err
	}
	defer s.Destroy()
	if len(s.Unread) > 0 {
		return ErrWouldLose
	}
	encode := pkcs12.Encode
	if e == Modern || info.Modern() {
		encode = pkcs12.EncodeModern
	}
	fresh, err := encode(rand, s.All(), new)
	if err != nil {
		return err
	}
	return replace(path, fresh, func(back []byte) error { return same(s, back, new) })
}

// same reports whether data opens with the password and holds what s holds.
func same(s *pkcs12.Store, data, password []byte) error {
	o, err := pkcs12.Open(data, password)
	if err != nil {
		return err
	}
	defer o.Destroy()
	if len(o.Entries) != len(s.Entries) || len(o.Certificates) != len(s.Certificates) {
		return fmt.Errorf("%d keys and %d certificates of %d and %d", len(o.Entries), len(o.Certificates), len(s.Entries), len(s.Certificates))
	}
	for i, want := range s.Entries {
		got := o.Entries[i]
		switch {
		case got.Alias != want.Alias:
			return errors.New("another name of the key")
		case want.Certificate == nil:
		case !got.Certificate.Equal(want.Certificate):
			return errors.New("another certificate")
		default:
			if err := proves(got.Key, want.Certificate); err != nil {
				return err
			}
		}
	}
	return nil
}
