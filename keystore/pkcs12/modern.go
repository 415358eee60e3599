package pkcs12

import (
	"crypto/aes"
	"crypto/hmac"
	cryptorand "crypto/rand"
	"crypto/sha256"
	"fmt"
	"io"
	"slices"
	"strings"

	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// What EncodeModern writes: PBKDF2 as the OWASP advises for HMAC-SHA-256.
const (
	modernIterations = 600_000
	modernSalt       = 16
	oidHMACSHA256    = "1.2.840.113549.2.9"
	oidAES256        = "2.16.840.1.101.3.4.1.42"
	oidSHA256        = "2.16.840.1.101.3.4.2.1"
)

// EncodeModern writes a store under PBES2 (PBKDF2 with HMAC-SHA-256, AES-256 in
// CBC mode) with a MAC of HMAC-SHA-256. OpenSSL 1.1 and Java 8u301 and later
// read it; the national provider and what stands on it may not. In all else it
// is as Encode.
func EncodeModern(rand io.Reader, entries []Entry, password []byte) ([]byte, error) {
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
	newCover := func() (*protection, error) { return newPBES2(rand) }
	keys, certificates, err := makeBags(rand, entries, s, newCover)
	if err != nil {
		return nil, err
	}
	cover, err := newCover()
	if err != nil {
		return nil, err
	}
	encrypted, err := cover.encrypt(s, certificates)
	if err != nil {
		return nil, err
	}
	content := definite(cbasn1.SEQUENCE,
		definite(cbasn1.SEQUENCE, oid(oidData), definite(tagExplicit0, octets(keys))),
		definite(cbasn1.SEQUENCE, oid(oidEncryptedData), definite(tagExplicit0,
			definite(cbasn1.SEQUENCE, []byte{0x02, 0x01, 0x00},
				definite(cbasn1.SEQUENCE, oid(oidData), cover.algorithm(),
					definite(cbasn1.Tag(0).ContextSpecific(), encrypted))))))
	salt, err := newSalt(rand, modernSalt)
	if err != nil {
		return nil, err
	}
	macKey := derive(sha256.New, s.wide, salt, purposeMAC, modernIterations, sha256.Size)
	defer wipe(macKey)
	h := hmac.New(sha256.New, macKey)
	h.Write(content)
	return definite(cbasn1.SEQUENCE,
		[]byte{0x02, 0x01, 0x03},
		definite(cbasn1.SEQUENCE, oid(oidData), definite(tagExplicit0, octets(content))),
		definite(cbasn1.SEQUENCE,
			definite(cbasn1.SEQUENCE,
				definite(cbasn1.SEQUENCE, oid(oidSHA256), []byte{0x05, 0x00}),
				octets(h.Sum(nil))),
			octets(salt),
			integer(modernIterations))), nil
}

func newPBES2(rand io.Reader) (*protection, error) {
	salt, err := newSalt(rand, modernSalt)
	if err != nil {
		return nil, err
	}
	iv := make([]byte, aes.BlockSize)
	if _, err := io.ReadFull(rand, iv); err != nil {
		return nil, fmt.Errorf("pkcs12: random vector: %w", err)
	}
	prf := hmacs[oidHMACSHA256]
	return &protection{cipher: pbes2Ciphers[oidAES256], salt: salt, rounds: modernIterations, prf: &prf, iv: iv}, nil
}

// pbes2 is the AlgorithmIdentifier of a protection made by newPBES2.
func (p *protection) pbes2() []byte {
	return definite(cbasn1.SEQUENCE, oid(oidPBES2),
		definite(cbasn1.SEQUENCE,
			definite(cbasn1.SEQUENCE, oid(oidPBKDF2),
				definite(cbasn1.SEQUENCE, octets(p.salt), integer(p.rounds),
					definite(cbasn1.SEQUENCE, oid(oidHMACSHA256), []byte{0x05, 0x00}))),
			definite(cbasn1.SEQUENCE, oid(oidAES256), octets(p.iv))))
}

// Modern reports whether a store is under PBES2 or PBMAC1, which programs of
// the national provider may not read.
func (i Info) Modern() bool {
	return strings.HasPrefix(i.Integrity.Name, "PBMAC1") ||
		slices.ContainsFunc(i.Encryption, func(m Method) bool { return strings.HasPrefix(m.Name, "PBES2") })
}

// All returns the entries so that Encode writes everything the store holds:
// certificates that belong to no key follow the first one's chain.
func (s *Store) All() []Entry {
	all := slices.Clone(s.Entries)
	if len(all) > 0 {
		all[0].Chain = append(slices.Clone(all[0].Chain), s.Certificates...)
	}
	return all
}
