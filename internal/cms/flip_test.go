package cms

import (
	"bytes"
	"slices"
	"testing"

	"tanba/internal/pki"
)

// Every single bit of a small attached SignedData is turned over. Nothing may
// stay good but what nobody signs:
//
//   - the version of SignedData: 1, 3, 4 and 5 are all read as the same thing
//     (real data carries 1 where RFC 5652 wants 5), so two of its eight bits may
//     change.
//
// In particular every bit of the certificate counts, since signingCertificateV2
// holds its hash, and so do those of digestAlgorithms, of the parameters of
// algorithms, and of every tag and length.
func TestEveryBitCounts(t *testing.T) {
	for _, f := range families {
		t.Run(f.String(), func(t *testing.T) {
			if testing.Short() && f != pki.RSA {
				t.Skip("seconds of curve arithmetic")
			}
			s := signer(t, f, 0)
			der, err := s.Sign([]byte("100 ₸"), Options{Time: signingTime})
			if err != nil {
				t.Fatal(err)
			}
			sd := mustParse(t, der)
			version := bytes.Index(der, sd.parts.version) + 2
			for i := range der {
				for bit := range 8 {
					if survives(der, i, bit) != (i == version && (bit == 1 || bit == 2)) {
						t.Errorf("octet %d (%#02x) bit %d: wrong verdict", i, der[i], bit)
					}
				}
			}
		})
	}
}

// With more in the container than one signature, these are not signed either:
//
//   - certificates that nobody signed with (here: of the issuer). Whether one is
//     genuine shows when a chain is built with it;
//   - unsigned attributes (here: a timestamp token). Whoever uses the token
//     verifies it.
//
// Everything around them still counts.
func TestEveryBitAroundTheUnsignedCounts(t *testing.T) {
	id, token := identity(t, pki.RSA, 0), sign(t, signer(t, pki.RSA, 1), Options{})
	_, issuing, err := issued.authority.RSA()
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewSigner(id.Key, id.Certificate, issuing)
	if err != nil {
		t.Fatal(err)
	}
	der, err := AddTimestamp(sign(t, s, Options{}), 0, token)
	if err != nil {
		t.Fatal(err)
	}
	sd := mustParse(t, der)
	unsigned := make([]bool, len(der))
	for _, region := range [][]byte{issuing.Raw, sd.Signers[0].UnsignedAttributes[0].Raw} {
		from := bytes.Index(der, region)
		for i := range region {
			unsigned[from+i] = true
		}
	}
	version := bytes.Index(der, sd.parts.version) + 2
	for i := range der {
		if unsigned[i] || i == version {
			continue
		}
		for bit := range 8 {
			if survives(der, i, bit) {
				t.Errorf("octet %d (%#02x) bit %d does not count", i, der[i], bit)
			}
		}
	}
}

func survives(der []byte, i, bit int) bool {
	changed := slices.Clone(der)
	changed[i] ^= 1 << bit
	sd, err := Parse(changed)
	if err != nil {
		return false
	}
	_, err = sd.Verify(nil)
	return err == nil
}

// Of a detached one the content counts just as much.
func TestEveryBitOfDetachedContentCounts(t *testing.T) {
	content := []byte("100 ₸")
	for _, f := range []pki.Family{pki.RSA, pki.GOST512} {
		der, err := signer(t, f, 0).Sign(content, Options{Detached: true, Time: signingTime})
		if err != nil {
			t.Fatal(err)
		}
		sd := mustParse(t, der)
		for i := range 8 * len(content) {
			changed := slices.Clone(content)
			changed[i/8] ^= 1 << (i % 8)
			if _, err := sd.Verify(changed); err == nil {
				t.Errorf("%v: bit %d of the content does not count", f, i)
			}
		}
	}
}
