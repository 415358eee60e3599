package pkcs12

import (
	"bytes"
	"crypto"
	"crypto/hmac"
	cryptorand "crypto/rand"
	"crypto/sha1"
	"encoding/asn1"
	"encoding/hex"
	"fmt"
	"io"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"tanba/internal/pki"
)

// What Kalkan writes, in every key file since 2018.
const (
	kalkanIterations = 1024
	kalkanSalt       = 20
)

// Encode writes a store in the layout of the national provider (Kalkan), down
// to the lengths it leaves indefinite: keys under 3DES, certificates under
// RC2-40, HMAC-SHA-1, 1024 iterations. Every program that reads the national
// authority's files reads these.
//
// That encryption protects as little as in those files: the strength is in the
// password. An entry without Alias or LocalKeyID gets the identifier of its
// public key, as the authority does it. Chain certificates follow without
// attributes, each once. It is an error when a key does not belong to its
// certificate or when there is no entry. A nil rand means crypto/rand.
func Encode(rand io.Reader, entries []Entry, password []byte) ([]byte, error) {
	if rand == nil {
		rand = cryptorand.Reader
	}
	if len(entries) == 0 {
		return nil, ErrNoKey
	}
	s, err := newSecret(password)
	if err != nil {
		return nil, err
	}
	defer s.wipe()
	keys, certificates, err := makeBags(rand, entries, s, func() (*protection, error) { return newProtection(rand, tripleDES) })
	if err != nil {
		return nil, err
	}
	cover, err := newProtection(rand, rc2Bits40)
	if err != nil {
		return nil, err
	}
	encrypted, err := cover.encrypt(s, certificates)
	if err != nil {
		return nil, err
	}
	// The nesting of pki.md section 5; the string inside [0] is whole.
	content := indefinite(cbasn1.SEQUENCE,
		indefinite(cbasn1.SEQUENCE,
			oid(oidData),
			indefinite(tagExplicit0, octets(keys))),
		indefinite(cbasn1.SEQUENCE,
			oid(oidEncryptedData),
			indefinite(tagExplicit0,
				indefinite(cbasn1.SEQUENCE,
					[]byte{0x02, 0x01, 0x00},
					indefinite(cbasn1.SEQUENCE,
						oid(oidData),
						cover.algorithm(),
						indefinite(tagExplicit0, octets(encrypted)))))))

	salt, err := newSalt(rand, kalkanSalt)
	if err != nil {
		return nil, err
	}
	macKey := derive(sha1.New, s.wide, salt, purposeMAC, kalkanIterations, sha1.Size)
	defer wipe(macKey)
	h := hmac.New(sha1.New, macKey)
	h.Write(content)
	return definite(cbasn1.SEQUENCE,
		[]byte{0x02, 0x01, 0x03},
		definite(cbasn1.SEQUENCE, oid(oidData), definite(tagExplicit0, octets(content))),
		definite(cbasn1.SEQUENCE,
			definite(cbasn1.SEQUENCE,
				definite(cbasn1.SEQUENCE, oid("1.3.14.3.2.26"), []byte{0x05, 0x00}),
				octets(h.Sum(nil))),
			octets(salt),
			integer(kalkanIterations))), nil
}

// makeBags returns the SafeContents of the keys, each encrypted on its own, and
// that of the certificates, not encrypted yet.
func makeBags(rand io.Reader, entries []Entry, s *secret, newCover func() (*protection, error)) (keys, certificates []byte, err error) {
	var keyBags, certificateBags, chainBags [][]byte
	var written []*pki.Certificate
	add := func(c *pki.Certificate) bool {
		if slices.ContainsFunc(written, func(o *pki.Certificate) bool { return bytes.Equal(o.Raw, c.Raw) }) {
			return false
		}
		written = append(written, c)
		return true
	}
	for _, e := range entries {
		attributes, err := entryAttributes(e)
		if err != nil {
			return nil, nil, err
		}
		cover, err := newCover()
		if err != nil {
			return nil, nil, err
		}
		shrouded, err := shroud(cover, e.Key, s)
		if err != nil {
			return nil, nil, err
		}
		keyBags = append(keyBags, definite(cbasn1.SEQUENCE, oid(oidShroudedKeyBag), definite(tagExplicit0, shrouded), attributes))
		if e.Certificate != nil && add(e.Certificate) {
			certificateBags = append(certificateBags, certificateBag(e.Certificate, attributes))
		}
	}
	for _, e := range entries {
		for _, c := range e.Chain {
			if add(c) {
				chainBags = append(chainBags, certificateBag(c, definite(cbasn1.SET)))
			}
		}
	}
	return definite(cbasn1.SEQUENCE, keyBags...),
		definite(cbasn1.SEQUENCE, append(certificateBags, chainBags...)...), nil
}

// entryAttributes is localKeyID, then friendlyName.
func entryAttributes(e Entry) ([]byte, error) {
	public, err := pki.PublicKeyOf(e.Key)
	if err != nil {
		return nil, fmt.Errorf("pkcs12: %w", err)
	}
	if e.Certificate != nil && !public.Equal(e.Certificate.PublicKey) {
		return nil, fmt.Errorf("pkcs12: %w", pki.ErrKeyMismatch)
	}
	id, name := e.LocalKeyID, e.Alias
	if len(id) == 0 {
		id = public.KeyID()
	}
	if name == "" {
		name = hex.EncodeToString(id)
	}
	return definite(cbasn1.SET,
		definite(cbasn1.SEQUENCE, oid(oidLocalKeyID), definite(cbasn1.SET, octets(id))),
		definite(cbasn1.SEQUENCE, oid(oidFriendlyName), definite(cbasn1.SET, definite(cbasn1.Tag(30), toWide(name))))), nil
}

// shroud encrypts a key into EncryptedPrivateKeyInfo.
func shroud(cover *protection, key crypto.Signer, s *secret) ([]byte, error) {
	pkcs8, err := pki.MarshalPrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("pkcs12: %w", err)
	}
	defer wipe(pkcs8)
	encrypted, err := cover.encrypt(s, pkcs8)
	if err != nil {
		return nil, err
	}
	return definite(cbasn1.SEQUENCE, cover.algorithm(), octets(encrypted)), nil
}

func certificateBag(c *pki.Certificate, attributes []byte) []byte {
	return definite(cbasn1.SEQUENCE, oid(oidCertBag),
		definite(tagExplicit0, definite(cbasn1.SEQUENCE, oid(oidX509Certificate), definite(tagExplicit0, octets(c.Raw)))),
		attributes)
}

func newProtection(rand io.Reader, c blockCipher) (*protection, error) {
	salt, err := newSalt(rand, kalkanSalt)
	return &protection{cipher: c, salt: salt, rounds: kalkanIterations}, err
}

func newSalt(rand io.Reader, size int) ([]byte, error) {
	salt := make([]byte, size)
	if _, err := io.ReadFull(rand, salt); err != nil {
		return nil, fmt.Errorf("pkcs12: random salt: %w", err)
	}
	return salt, nil
}

// algorithm is the AlgorithmIdentifier of a protection.
func (p *protection) algorithm() []byte {
	if p.prf != nil {
		return p.pbes2()
	}
	id := map[string]string{tripleDES.name: "1.2.840.113549.1.12.1.3", rc2Bits40.name: "1.2.840.113549.1.12.1.6"}[p.cipher.name]
	return definite(cbasn1.SEQUENCE, oid(id), definite(cbasn1.SEQUENCE, octets(p.salt), integer(p.rounds)))
}

// definite is a DER element.
func definite(tag cbasn1.Tag, parts ...[]byte) []byte {
	var b cryptobyte.Builder
	b.AddASN1(tag, func(b *cryptobyte.Builder) {
		for _, p := range parts {
			b.AddBytes(p)
		}
	})
	return b.BytesOrPanic()
}

// indefinite is a BER element without length, closed by two zero octets.
func indefinite(tag cbasn1.Tag, parts ...[]byte) []byte {
	out := []byte{byte(tag), 0x80}
	for _, p := range parts {
		out = append(out, p...)
	}
	return append(out, 0, 0)
}

func octets(b []byte) []byte { return definite(cbasn1.OCTET_STRING, b) }

func integer(n int) []byte {
	var b cryptobyte.Builder
	b.AddASN1Int64(int64(n))
	return b.BytesOrPanic()
}

// oid encodes one of the identifiers written in this package.
func oid(dotted string) []byte {
	var id asn1.ObjectIdentifier
	for arc := range bytes.SplitSeq([]byte(dotted), []byte(".")) {
		n := 0
		for _, digit := range arc {
			n = 10*n + int(digit-'0')
		}
		id = append(id, n)
	}
	var b cryptobyte.Builder
	b.AddASN1ObjectIdentifier(id)
	return b.BytesOrPanic()
}

// FileName is the name the national authority gives the key file of a
// certificate: GOST512_<key identifier>.p12.
func FileName(c *pki.Certificate) string {
	prefix := "RSA256"
	switch {
	case c.PublicKey.Family == pki.GOST512:
		prefix = "GOST512"
	case c.PublicKey.Family == pki.GOST256:
		prefix = "GOST256"
	case c.PublicKey.Family == pki.GOST2004:
		prefix = "GOSTKNCA"
	case c.CanAuthenticate() && !c.CanSign():
		prefix = "AUTH_RSA256"
	}
	id := c.SubjectKeyID
	if len(id) == 0 {
		id = c.PublicKey.KeyID()
	}
	return prefix + "_" + hex.EncodeToString(id) + ".p12"
}
