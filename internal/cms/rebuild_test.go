package cms

import (
	"bytes"
	"crypto"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tanba/internal/pki"
	"tanba/internal/testdata"
)

// replay is a key that gives a signature made before, and only for the digest
// that signature was made for. With it the whole output can be compared with
// the original's, though signatures are random.
type replay struct {
	certificate *pki.Certificate
	signature   []byte
}

func (k replay) Public() crypto.PublicKey {
	if k.certificate.PublicKey.RSA != nil {
		return k.certificate.PublicKey.RSA
	}
	return k.certificate.PublicKey.GOST
}

func (k replay) Sign(_ io.Reader, digest []byte, _ crypto.SignerOpts) ([]byte, error) {
	if err := k.certificate.PublicKey.VerifyDigest(digest, k.signature); err != nil {
		return nil, errors.New("asked to sign something else than the original did")
	}
	return k.signature, nil
}

func fixture(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(testdata.Shared(t), name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// The bytes of the original, remade from its certificate, content and time.
func TestRebuildOriginal(t *testing.T) {
	for _, tt := range []struct{ file, content string }{
		{"kalkan/cms/g512_attached.cms", "kalkan/data.bin"},
		{"kalkan/cms/g512_detached.cms", "kalkan/data.bin"},
		{"kalkan/cms/g512_empty_content.cms", "kalkan/empty.bin"},
		{"kalkan/cms/g512_100k.cms", "kalkan/data100k.bin"},
		{"kalkan/cms/g512_attached_t.cms", "kalkan/data.bin"},
		{"kalkan/cms/oracle512_attached.cms", "kalkan/data.bin"},
		{"kalkan/cms/oracle512_detached.cms", "kalkan/data.bin"},
		{"kalkan/cms/g256_attached.cms", "kalkan/data.bin"},
		{"kalkan/cms/g2004_attached.cms", "kalkan/data.bin"},
		{"kalkan/cms/g2004_attached_t.cms", "kalkan/data.bin"},
		{"kalkan/cms/rsa_attached.cms", "kalkan/data.bin"},
		{"kalkan/cms/rsa_detached.cms", "kalkan/data.bin"},
		{"kalkan/cms/rsa_attached_t.cms", "kalkan/data.bin"},
		// NCALayer itself, production timestamp
		{"cms/skarm/individual_attached.cms", ""},
		{"cms/skarm/individual_detached.cms", "cms/skarm/individual_detached.cms.content"},
	} {
		t.Run(strings.ReplaceAll(tt.file, "/", "_"), func(t *testing.T) {
			want := fixture(t, tt.file)
			sd, err := Parse(want)
			if err != nil {
				t.Fatal(err)
			}
			content := sd.Content
			if tt.content != "" {
				content = fixture(t, tt.content)
			}
			verdicts, err := sd.Verify(content)
			if err != nil {
				t.Fatal(err)
			}
			v := verdicts[0]
			s, err := NewSigner(replay{v.Certificate, v.Signer.Signature}, v.Certificate)
			if err != nil {
				t.Fatal(err)
			}
			// Another zone and a fraction of a second must not show.
			when := v.Time.In(time.FixedZone("Asia/Almaty", 5*3600)).Add(900 * time.Millisecond)
			finish := func(der []byte, err error) []byte {
				t.Helper()
				if err == nil && v.TimestampToken != nil {
					der, err = AddTimestamp(der, 0, v.TimestampToken)
				}
				if err != nil {
					t.Fatal(err)
				}
				return der
			}
			o := Options{Detached: sd.Detached, Time: when, VerifyAfter: true}
			if got := finish(s.Sign(content, o)); !bytes.Equal(got, want) {
				t.Errorf("Sign: differs at octet %d of %d", difference(got, want), len(want))
			}
			if !sd.Detached {
				return
			}
			if got := finish(s.SignReader(bytes.NewReader(content), o)); !bytes.Equal(got, want) {
				t.Errorf("SignReader: differs at octet %d of %d", difference(got, want), len(want))
			}
			if got := finish(s.SignDigest(v.Signer.MessageDigest, o)); !bytes.Equal(got, want) {
				t.Errorf("SignDigest: differs at octet %d of %d", difference(got, want), len(want))
			}
		})
	}
}

// Two signatures: the original's second SignerInfo put beside its first one.
// (The second one there is without signingCertificateV2, so it is taken over,
// not remade.)
func TestRebuildTwoSigners(t *testing.T) {
	for _, form := range []string{"attached", "detached"} {
		t.Run(form, func(t *testing.T) {
			one, err := Parse(fixture(t, "kalkan/cms/g512_"+form+".cms"))
			if err != nil {
				t.Fatal(err)
			}
			want := fixture(t, "kalkan/cms/two_g512_"+form+".cms")
			two, err := Parse(want)
			if err != nil {
				t.Fatal(err)
			}
			verdicts, err := two.Verify(fixture(t, "kalkan/data.bin"))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(verdicts[1].Signer.Raw, one.Signers[0].Raw) {
				t.Fatal("the first signature is another one")
			}
			second := verdicts[0]
			got := one.parts.with(pki.GOST512.DigestAlgorithm(), [][]byte{second.Certificate.Raw}, second.Signer.Raw)
			if !bytes.Equal(got, want) {
				t.Errorf("differs at octet %d of %d", difference(got, want), len(want))
			}
		})
	}
}

func difference(a, b []byte) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}

// Everything the original wrote comes out again from its parts.
func TestPartsRoundTrip(t *testing.T) {
	root := testdata.Shared(t)
	for _, pattern := range []string{"kalkan/cms/*.cms", "cms/*/*.cms", "ades/*.cms"} {
		files, _ := filepath.Glob(filepath.Join(root, pattern))
		for _, file := range files {
			if strings.Contains(file, "negative") {
				continue
			}
			der, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			sd, err := Parse(der)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(sd.parts.encode(), der) {
				t.Errorf("%s comes out otherwise", filepath.Base(file))
			}
		}
	}
}
