// Package jks reads Java key stores (JKS), the form some accounting programs
// and old instructions keep keys of the national authority in.
//
// A store is a list of entries and a SHA-1 over the password, a constant and
// the list: that sum is checked before anything else is made of the octets. A
// key is XORed with a chain of SHA-1 sums of the password; a second sum inside
// tells a wrong password. That is weak protection. Nothing here writes the form:
// a new key goes into a .p12 file.
//
// Java counts a password in UTF-16 units, so Cyrillic ones work. The password of
// a key is taken to be that of the store, as Kalkan and keytool make it.
//
// github.com/pavlo-v-chernykh/keystore-go reads the same form; it takes a
// password octet by octet (no Cyrillic), allocates what a length field claims
// and panics on a key shorter than its two sums. The tests use keytool and a
// store of the original's provider instead.
package jks

import (
	"bytes"
	"crypto"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/asn1"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"tanba/internal/pki"
)

// Magic is what a store begins with.
var Magic = []byte{0xfe, 0xed, 0xfe, 0xed}

// Errors are told apart with errors.Is.
var (
	// ErrNotJKS says that the data is something else.
	ErrNotJKS = errors.New("jks: not a Java key store")
	// ErrCorrupt says that the store is cut short or broken.
	ErrCorrupt = errors.New("jks: key store is damaged")
	// ErrIncorrectPassword says that the password is wrong. Damage cannot be
	// told from it once the framing is whole.
	ErrIncorrectPassword = errors.New("jks: incorrect password")
	// ErrUnsupported says that the keys are under a protection or of a kind not
	// known here.
	ErrUnsupported = errors.New("jks: unsupported key")
	// ErrNoKey says that the store opened and holds no private key.
	ErrNoKey = errors.New("jks: no private key in the store")
)

// Entry is one private key with its certificates.
type Entry struct {
	Alias       string
	Key         crypto.Signer
	Certificate *pki.Certificate   // holds the public key of Key; nil when none does
	Chain       []*pki.Certificate // the rest, as the store has it
}

// protector is the algorithm of Sun's key protection.
var protector = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 42, 2, 17, 1, 1}

const (
	tagKey         = 1
	tagCertificate = 2
	maxEntries     = 256
	maxChain       = 32
)

// raw is an entry as it stands in the file.
type raw struct {
	alias string
	key   []byte // EncryptedPrivateKeyInfo; nil for a bare certificate
	chain [][]byte
}

// Check reports whether the framing of a store is whole; it needs no password.
func Check(data []byte) error {
	_, _, err := parse(data)
	return err
}

// Open reads a store. The password is UTF-8 and is neither changed nor kept.
// No error text holds the password, a key or a name.
func Open(data, password []byte) ([]Entry, error) {
	list, size, err := parse(data)
	if err != nil {
		return nil, err
	}
	wide, err := widen(password)
	if err != nil {
		return nil, err
	}
	defer wipe(wide)
	h := sha1.New()
	h.Write(wide)
	h.Write([]byte("Mighty Aphrodite"))
	h.Write(data[:size])
	if subtle.ConstantTimeCompare(h.Sum(nil), data[size:size+sha1.Size]) != 1 {
		return nil, ErrIncorrectPassword
	}
	var entries []Entry
	for _, r := range list {
		if r.key == nil {
			continue
		}
		e, err := r.open(wide)
		if err != nil {
			for _, e := range entries {
				pki.Destroy(e.Key)
			}
			return nil, err
		}
		entries = append(entries, e)
	}
	if len(entries) == 0 {
		return nil, ErrNoKey
	}
	return entries, nil
}

func (r *raw) open(wide []byte) (Entry, error) {
	pkcs8, err := unprotect(r.key, wide)
	if err != nil {
		return Entry{}, err
	}
	defer wipe(pkcs8)
	key, err := pki.ParsePrivateKey(pkcs8)
	if err != nil {
		return Entry{}, fmt.Errorf("%w: %w", ErrUnsupported, err)
	}
	e := Entry{Alias: r.alias, Key: key}
	for _, der := range r.chain {
		c, err := pki.ParseCertificate(der)
		if err != nil {
			continue // a chain may hold what is none of ours
		}
		if e.Certificate == nil && pki.Owns(key, c) == nil {
			e.Certificate = c
		} else {
			e.Chain = append(e.Chain, c)
		}
	}
	return e, nil
}

// parse reads the framing; size is where the sum over the rest begins.
func parse(data []byte) (list []raw, size int, err error) {
	if !bytes.HasPrefix(data, Magic) {
		return nil, 0, ErrNotJKS
	}
	in := reader{rest: data[len(Magic):]}
	version := in.uint32()
	if version != 1 && version != 2 {
		return nil, 0, fmt.Errorf("%w: version %d", ErrCorrupt, version)
	}
	n := in.uint32()
	if n > maxEntries {
		return nil, 0, fmt.Errorf("%w: %d entries", ErrCorrupt, n)
	}
	for range n {
		tag := in.uint32()
		r := raw{alias: string(in.take(int(in.uint16())))}
		in.take(8) // when it was made
		certificates := uint32(1)
		switch tag {
		case tagKey:
			r.key = in.block()
			certificates = in.uint32()
		case tagCertificate:
		default:
			return nil, 0, fmt.Errorf("%w: entry of kind %d", ErrCorrupt, tag)
		}
		if certificates > maxChain {
			return nil, 0, fmt.Errorf("%w: %d certificates", ErrCorrupt, certificates)
		}
		for range certificates {
			if version == 2 {
				in.take(int(in.uint16())) // "X.509"
			}
			r.chain = append(r.chain, in.block())
		}
		if in.short {
			break
		}
		list = append(list, r)
	}
	if in.short || len(in.rest) != sha1.Size {
		return nil, 0, fmt.Errorf("%w: it ends early or late", ErrCorrupt)
	}
	return list, len(data) - sha1.Size, nil
}

// reader takes octets from the front; short is set once there were too few.
type reader struct {
	rest  []byte
	short bool
}

func (r *reader) take(n int) []byte {
	if r.short || n < 0 || n > len(r.rest) {
		r.short = true
		return nil
	}
	out := r.rest[:n]
	r.rest = r.rest[n:]
	return out
}

func (r *reader) uint16() uint16 {
	if b := r.take(2); b != nil {
		return binary.BigEndian.Uint16(b)
	}
	return 0
}

func (r *reader) uint32() uint32 {
	if b := r.take(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

func (r *reader) block() []byte {
	n := r.uint32()
	if uint64(n) > uint64(len(r.rest)) {
		r.short = true
		return nil
	}
	return r.take(int(n))
}

// unprotect takes Sun's protection off a key: twenty octets of salt, the key
// XORed with SHA-1 of password and the sum before, SHA-1 of password and key.
func unprotect(der, wide []byte) ([]byte, error) {
	in := cryptobyte.String(der)
	var info, algorithm, sealed cryptobyte.String
	var id asn1.ObjectIdentifier
	if !in.ReadASN1(&info, cbasn1.SEQUENCE) || !info.ReadASN1(&algorithm, cbasn1.SEQUENCE) ||
		!algorithm.ReadASN1ObjectIdentifier(&id) || !info.ReadASN1(&sealed, cbasn1.OCTET_STRING) {
		return nil, fmt.Errorf("%w: encrypted key", ErrCorrupt)
	}
	if !id.Equal(protector) {
		return nil, fmt.Errorf("%w: protection %v", ErrUnsupported, id)
	}
	if len(sealed) < 2*sha1.Size {
		return nil, fmt.Errorf("%w: encrypted key", ErrCorrupt)
	}
	sum := sealed[:sha1.Size]
	body, check := sealed[sha1.Size:len(sealed)-sha1.Size], sealed[len(sealed)-sha1.Size:]
	plain := make([]byte, len(body))
	h := sha1.New()
	var block [sha1.Size]byte
	defer wipe(block[:])
	for i := 0; i < len(body); i += sha1.Size {
		h.Reset()
		h.Write(wide)
		h.Write(sum)
		sum = h.Sum(block[:0])
		subtle.XORBytes(plain[i:], body[i:], block[:min(sha1.Size, len(body)-i)])
	}
	h.Reset()
	h.Write(wide)
	h.Write(plain)
	if subtle.ConstantTimeCompare(h.Sum(nil), check) != 1 {
		wipe(plain)
		return nil, ErrIncorrectPassword
	}
	return plain, nil
}

// widen is the password as Java's characters.
func widen(password []byte) ([]byte, error) {
	if !utf8.Valid(password) {
		return nil, fmt.Errorf("%w: not UTF-8", ErrIncorrectPassword)
	}
	wide := make([]byte, 0, 2*len(password))
	for i := 0; i < len(password); {
		r, size := utf8.DecodeRune(password[i:])
		i += size
		if r > 0xffff {
			high, low := utf16.EncodeRune(r)
			wide = binary.BigEndian.AppendUint16(wide, uint16(high))
			r = low
		}
		wide = binary.BigEndian.AppendUint16(wide, uint16(r))
	}
	return wide, nil
}

func wipe(b []byte) {
	clear(b)
	runtime.KeepAlive(b)
}
