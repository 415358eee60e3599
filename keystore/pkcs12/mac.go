package pkcs12

import (
	"crypto/hmac"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

const oidPBMAC1 = "1.2.840.113549.1.5.14"

// The key of PBMAC1: shorter ones weaken the MAC (RFC 9579, 9), longer ones
// only cost time.
const (
	shortestMACKey = 20
	longestMACKey  = 64
)

// mac is MacData: the check that holds for everything in the store.
type mac struct {
	hash   hashAlgorithm
	digest []byte
	salt   []byte
	rounds int
	pbmac1 *derivation // nil means the derivation of RFC 7292
}

// Name says the check in words for people who look after computers.
func (m *mac) Name() string {
	if m.pbmac1 != nil {
		return "PBMAC1 " + m.pbmac1.prf.name + " " + m.hash.name
	}
	return "HMAC " + m.hash.name
}

func (m *mac) iterations() int {
	if m.pbmac1 != nil {
		return m.pbmac1.rounds
	}
	return m.rounds
}

// readMAC reads MacData and charges its work.
func readMAC(in *cryptobyte.String, b *budget) (*mac, error) {
	var seq, info, digest, salt cryptobyte.String
	if !in.ReadASN1(&seq, cbasn1.SEQUENCE) || !seq.ReadASN1(&info, cbasn1.SEQUENCE) {
		return nil, fmt.Errorf("%w: MAC", ErrCorrupt)
	}
	oid, params, err := readAlgorithm(&info)
	if err != nil {
		return nil, err
	}
	m := &mac{rounds: 1}
	if !info.ReadASN1(&digest, cbasn1.OCTET_STRING) || !info.Empty() ||
		!seq.ReadASN1(&salt, cbasn1.OCTET_STRING) ||
		!seq.Empty() && !readCount(&seq, &m.rounds) || !seq.Empty() {
		return nil, fmt.Errorf("%w: MAC", ErrCorrupt)
	}
	m.digest, m.salt = digest, salt
	if oid == oidPBMAC1 {
		// The salt and count beside it stand for nothing (RFC 9579, 5).
		if err := m.readPBMAC1(params, b); err != nil {
			return nil, err
		}
	} else {
		h, ok := hashes[oid]
		if !ok {
			return nil, fmt.Errorf("%w: MAC %s", ErrUnsupported, oid)
		}
		m.hash = h
		if err := b.derive(m.rounds, m.salt); err != nil {
			return nil, err
		}
	}
	if len(digest) != m.hash.new().Size() {
		return nil, fmt.Errorf("%w: MAC of %d octets", ErrCorrupt, len(digest))
	}
	return m, nil
}

func (m *mac) readPBMAC1(params cryptobyte.String, b *budget) error {
	var seq cryptobyte.String
	if !params.ReadASN1(&seq, cbasn1.SEQUENCE) || !params.Empty() {
		return fmt.Errorf("%w: parameters of PBMAC1", ErrCorrupt)
	}
	k, err := readPBKDF2(&seq, b)
	if err != nil {
		return err
	}
	oid, _, err := readAlgorithm(&seq)
	if err != nil {
		return err
	}
	h, ok := hmacs[oid]
	switch {
	case k.unknown != "":
		return fmt.Errorf("%w: PBMAC1 with %s", ErrUnsupported, k.unknown)
	case !ok:
		return fmt.Errorf("%w: PBMAC1 with %s", ErrUnsupported, oid)
	case !seq.Empty():
		return fmt.Errorf("%w: parameters of PBMAC1", ErrCorrupt)
	case k.size < shortestMACKey || k.size > longestMACKey:
		return fmt.Errorf("%w: PBMAC1 key of %d octets", ErrUnsupported, k.size)
	}
	m.hash, m.pbmac1 = h, k
	return nil
}

// compute returns the MAC of content.
func (m *mac) compute(s *secret, content []byte) []byte {
	var key []byte
	if k := m.pbmac1; k != nil {
		key = pbkdf2(k.prf.new, s.text, k.salt, k.rounds, k.size)
	} else {
		key = derive(m.hash.new, s.wide, m.salt, purposeMAC, m.rounds, m.hash.new().Size())
	}
	defer wipe(key)
	h := hmac.New(m.hash.new, key)
	h.Write(content)
	return h.Sum(nil)
}

// verify checks the MAC of content in constant time. With the empty password
// it also tries no password at all and leaves s in the form that was right.
func (m *mac) verify(s *secret, content []byte) error {
	if hmac.Equal(m.compute(s, content), m.digest) {
		return nil
	}
	if len(s.text) == 0 && m.pbmac1 == nil {
		s.absent()
		if hmac.Equal(m.compute(s, content), m.digest) {
			return nil
		}
	}
	return ErrIncorrectPassword
}
