package cms

import (
	"bytes"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"

	"tanba/internal/pki"
	"tanba/internal/testoracle"
)

// Two implementations that share nothing with this one must accept what is made
// here, and refuse it over another content; for RSA so must OpenSSL alone, which
// also looks at signingCertificateV2.
func TestOraclesAccept(t *testing.T) {
	content := []byte("Договор № 42\r\nденьги против стульев\x00\xff")
	contentFile := testoracle.File(t, "content", content)
	otherFile := testoracle.File(t, "other", append(content, '!'))

	cosigned := func(t *testing.T, der, given []byte, signers ...*Signer) []byte {
		t.Helper()
		for _, s := range signers {
			var err error
			if der, err = s.AddTo(der, given, Options{Time: signingTime}); err != nil {
				t.Fatal(err)
			}
		}
		return der
	}
	check := func(t *testing.T, der []byte, detached, openssl bool) {
		t.Helper()
		file := testoracle.File(t, "signed.cms", der)
		var given, wrong []string
		if detached {
			given, wrong = []string{"--content", contentFile}, []string{"--content", otherFile}
		}
		for name, oracle := range map[string]func(testing.TB, ...string) testoracle.Result{
			"java": testoracle.Java, "openssl": testoracle.OpenSSL,
		} {
			r := oracle(t, append([]string{"cms-verify", file}, given...)...)
			if !r.Valid {
				t.Errorf("%s: %s", name, r.Output)
			}
			if name == "java" && r.Fields["encoding"] != "DER" {
				t.Errorf("encoding %v", r.Fields["encoding"])
			}
			if detached && oracle(t, append([]string{"cms-verify", file}, wrong...)...).Valid {
				t.Errorf("%s accepts another content", name)
			}
		}
		if !openssl {
			return
		}
		root, issuing, err := issued.authority.RSA()
		if err != nil {
			t.Fatal(err)
		}
		out := filepath.Join(t.TempDir(), "out")
		args := []string{
			"cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in", file, "-out", out,
			"-CAfile", pemFile(t, root, issuing), "-purpose", "any",
		}
		if detached {
			args = append(args, "-content", contentFile)
		}
		if r := testoracle.Tool(t, "openssl", args...); !r.Valid {
			t.Errorf("openssl cms: %s", r.Output)
		}
		if got, err := os.ReadFile(out); err != nil || !bytes.Equal(got, content) {
			t.Errorf("openssl cms gives %q, %v", got, err)
		}
	}
	for _, f := range families {
		for _, detached := range []bool{false, true} {
			name := f.String() + " attached"
			if detached {
				name = f.String() + " detached"
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				s := signer(t, f, 0)
				der, err := s.Sign(content, Options{Detached: detached, Time: signingTime})
				if err != nil {
					t.Fatal(err)
				}
				check(t, der, detached, f == pki.RSA)

				var given []byte
				if detached {
					given = content
				}
				check(t, cosigned(t, der, given, signer(t, pki.GOST512, 1), signer(t, pki.RSA, 1)), detached, false)
				if f == pki.RSA {
					check(t, cosigned(t, der, given, signer(t, pki.RSA, 1)), detached, true)
				}
			})
		}
	}
	t.Run("from a digest", func(t *testing.T) {
		h := pki.GOST512.NewHash()
		h.Write(content)
		der, err := signer(t, pki.GOST512, 0).SignDigest(h.Sum(nil), Options{Time: signingTime})
		if err != nil {
			t.Fatal(err)
		}
		check(t, der, true, false)
	})
	t.Run("empty content", func(t *testing.T) {
		der, err := signer(t, pki.GOST512, 0).Sign(nil, Options{Time: signingTime})
		if err != nil {
			t.Fatal(err)
		}
		if r := testoracle.Java(t, "cms-verify", testoracle.File(t, "empty.cms", der)); !r.Valid {
			t.Errorf("java: %s", r.Output)
		}
	})
	t.Run("chain inside", func(t *testing.T) {
		id := identity(t, pki.GOST512, 0)
		s, err := NewSigner(id.Key, id.Certificate, issued.authority.Issuing(), issued.authority.Root())
		if err != nil {
			t.Fatal(err)
		}
		der, err := s.Sign(content, Options{Time: signingTime})
		if err != nil {
			t.Fatal(err)
		}
		check(t, der, false, false)
	})
}

func pemFile(t testing.TB, certificates ...*pki.Certificate) string {
	t.Helper()
	var text []byte
	for _, c := range certificates {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	return testoracle.File(t, "certificates.pem", text)
}

// And what is made by the Java oracle is accepted here, co-signing included.
func TestOracleMakes(t *testing.T) {
	id := identity(t, pki.GOST512, 0)
	p12, _, err := issued.authority.PKCS12(id, []byte("Qwerty12"))
	if err != nil {
		t.Fatal(err)
	}
	store := testoracle.File(t, "key.p12", p12)
	data := testoracle.File(t, "data", content)
	out := filepath.Join(t.TempDir(), "out.cms")
	if r := testoracle.Java(t, "cms-sign", store, "Qwerty12", data, out, "--detached", "--alg-protection"); !r.Valid {
		t.Fatal(r.Output)
	}
	der, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := mustParse(t, der).Verify(content); err != nil {
		t.Error(err)
	}
	ours := testoracle.File(t, "ours.cms", sign(t, signer(t, pki.RSA, 0), Options{}))
	if r := testoracle.Java(t, "cms-addsigner", store, "Qwerty12", ours, out); !r.Valid {
		t.Fatal(r.Output)
	}
	if der, err = os.ReadFile(out); err != nil {
		t.Fatal(err)
	}
	if verdicts, err := mustParse(t, der).Verify(nil); err != nil || len(verdicts) != 2 {
		t.Errorf("%d signers, %v", len(verdicts), err)
	}
}
