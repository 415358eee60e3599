package cms_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"tanba/internal/cms"
	"tanba/internal/testdata"
	"tanba/keystore/pkcs12"
)

// With the keys the original signed with: everything but the signature value
// comes out as it wrote it, and for RSA that too.
func TestSameKeysSameBytes(t *testing.T) {
	root := testdata.Shared(t)
	for _, tt := range []struct{ store, file string }{
		{"p12/gost512/GOST512_ec425659*.p12", "g512_attached.cms"},
		{"p12/gost512/GOST512_ec425659*.p12", "g512_detached.cms"},
		{"oracle-pki/gost512/individual/valid/*.p12", "oracle512_attached.cms"},
		{"oracle-pki/gost256/individual/*.p12", "g256_attached.cms"},
		{"kalkan/p12/g2004.p12", "g2004_attached.cms"},
		{"p12/rsa/RSA256_641e7295*.p12", "rsa_attached.cms"},
		{"p12/rsa/RSA256_641e7295*.p12", "rsa_detached.cms"},
	} {
		t.Run(tt.file, func(t *testing.T) {
			found, err := filepath.Glob(filepath.Join(root, tt.store))
			if err != nil || len(found) != 1 {
				t.Fatalf("%s: %v, %v", tt.store, found, err)
			}
			data, err := os.ReadFile(found[0])
			if err != nil {
				t.Fatal(err)
			}
			store, err := pkcs12.Open(data, []byte("Qwerty12"))
			if err != nil {
				store, err = pkcs12.Open(data, []byte("Aa123456"))
			}
			if err != nil {
				t.Fatal(err)
			}
			defer store.Destroy()
			signer, err := cms.NewSigner(store.Entries[0].Key, store.Entries[0].Certificate, store.Entries[0].Chain...)
			if err != nil {
				t.Fatal(err)
			}
			want := readFile(t, filepath.Join(root, "kalkan", "cms", tt.file))
			sd, err := cms.Parse(want)
			if err != nil {
				t.Fatal(err)
			}
			content := readFile(t, filepath.Join(root, "kalkan", "data.bin"))
			got, err := signer.Sign(content, cms.Options{Detached: sd.Detached, Time: sd.Signers[0].SigningTime})
			if err != nil {
				t.Fatal(err)
			}
			ours, err := cms.Parse(got)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := ours.Verify(content); err != nil {
				t.Error(err)
			}
			theirs := bytes.Replace(want, sd.Signers[0].Signature, ours.Signers[0].Signature, 1)
			if !bytes.Equal(got, theirs) {
				t.Error("something else than the signature differs")
			}
			if signer.Certificate().PublicKey.RSA != nil && !bytes.Equal(got, want) {
				t.Error("the RSA signature differs")
			}
		})
	}
}
