package pkcs12

import (
	"bytes"
	"errors"
	"fmt"

	"tanba/internal/pki"
)

// Open reads a key store. The password is UTF-8 and is neither changed nor
// kept. Octets after the store are ignored.
//
// The error wraps one of the errors of this package. No error text holds the
// password, a key or a name from the store.
func Open(data, password []byte) (*Store, error) { return open(data, password, defaults) }

func open(data, password []byte, lim limits) (*Store, error) {
	b := &budget{lim}
	p, err := parse(data, b)
	if err != nil {
		return nil, err
	}
	s, err := newSecret(password)
	if err != nil {
		return nil, err
	}
	defer s.wipe()
	if p.mac != nil {
		if err := p.mac.verify(s, p.content); err != nil {
			return nil, err
		}
	}
	r := reader{budget: b, secret: s, authentic: p.mac != nil}
	defer r.wipe()
	if err := r.read(p); err != nil {
		for _, k := range r.keys {
			pki.Destroy(k.signer)
		}
		return nil, err
	}
	store := pair(r.keys, r.certificates)
	store.Unread = r.unread
	return store, nil
}

// reader decrypts a store that passed the MAC.
type reader struct {
	budget    *budget
	secret    *secret
	authentic bool // a MAC was verified
	proved    bool // a key was decrypted with the password
	plain     [][]byte

	keys         []foundKey
	certificates []foundCertificate
	unread       []error
	unknownKey   error // of the last key of an unknown kind
}

// wipe clears every decrypted octet.
func (r *reader) wipe() {
	for _, p := range r.plain {
		wipe(p)
	}
}

func (r *reader) read(p *pfx) error {
	var bags []bag
	for _, s := range p.safes {
		if s.protection == nil {
			bags = append(bags, s.bags...)
			continue
		}
		plain, err := r.decrypt(s.protection, s.encrypted)
		if err != nil {
			return fmt.Errorf("contents: %w", err)
		}
		found, err := readBags(plain, r.budget)
		if err != nil {
			return r.doubt(err)
		}
		bags = append(bags, found...)
	}
	for i := range bags {
		if err := r.bag(&bags[i]); err != nil {
			return err
		}
	}
	if len(r.keys) == 0 {
		if r.unknownKey != nil {
			return r.unknownKey
		}
		return ErrNoKey
	}
	if !r.authentic && !r.proved {
		return fmt.Errorf("%w: neither the store nor its key is protected by a password", ErrUnsupported)
	}
	return nil
}

// decrypt returns plain octets that wipe will clear.
func (r *reader) decrypt(p *protection, encrypted []byte) ([]byte, error) {
	plain, err := p.decrypt(r.secret, encrypted)
	if errors.Is(err, errPadding) {
		if r.authentic {
			return nil, fmt.Errorf("%w: encrypted with another password than the store", ErrIncorrectPassword)
		}
		return nil, ErrIncorrectPassword
	}
	if err != nil {
		return nil, err
	}
	r.plain = append(r.plain, plain)
	return plain, nil
}

// doubt turns an error about decrypted octets into a wrong password where no
// MAC said that the password is right: they may be anything.
func (r *reader) doubt(err error) error {
	if !r.authentic {
		return ErrIncorrectPassword
	}
	return err
}

func (r *reader) bag(item *bag) error {
	if item.certificate != nil {
		// A copy: what was decrypted is wiped.
		c, err := pki.ParseCertificate(bytes.Clone(item.certificate))
		if err != nil {
			// A certificate nobody can read must not keep the key from one that
			// can be read.
			r.unread = append(r.unread, err)
			return nil
		}
		r.certificates = append(r.certificates, foundCertificate{c, item.localKeyID})
		return nil
	}
	pkcs8 := item.key
	if item.protection != nil {
		plain, err := r.decrypt(item.protection, item.key)
		if err != nil {
			return fmt.Errorf("key: %w", err)
		}
		pkcs8 = plain
	}
	if len(pkcs8) > r.budget.key {
		return fmt.Errorf("%w: key of %d octets", ErrLimits, len(pkcs8))
	}
	signer, err := pki.ParsePrivateKey(pkcs8)
	switch {
	case errors.Is(err, pki.ErrAlgorithm):
		r.unknownKey = fmt.Errorf("%w: %w", ErrUnsupported, err)
		return nil
	case err != nil:
		return r.doubt(fmt.Errorf("%w: %w", ErrCorrupt, err))
	}
	public, err := pki.PublicKeyOf(signer)
	if err != nil {
		pki.Destroy(signer)
		return r.doubt(fmt.Errorf("%w: %w", ErrCorrupt, err))
	}
	r.proved = r.proved || item.protection != nil
	r.keys = append(r.keys, foundKey{signer, public, item.name, item.localKeyID})
	return nil
}
