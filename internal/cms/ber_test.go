package cms

import (
	"bytes"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"slices"
	"strings"
	"testing"

	"tanba/internal/pki"
)

func indefinite(tag byte, parts ...[]byte) []byte {
	return slices.Concat([]byte{tag, 0x80}, slices.Concat(parts...), []byte{0, 0})
}

// inBER writes an attached SignedData as a streaming program would: indefinite
// lengths around, the content in pieces.
func inBER(t testing.TB, der []byte) []byte {
	t.Helper()
	sd := mustParse(t, der)
	pieces := [][]byte{octets(sd.Content[:1]), octets(sd.Content[1:])}
	return indefinite(tagSequence, signedDataType, indefinite(tagContext0, indefinite(tagSequence,
		sd.parts.version,
		element(tagSet, sd.parts.digestAlgorithms...),
		indefinite(tagSequence, mustOID(sd.ContentType), indefinite(tagContext0, indefinite(tagOctets|0x20, pieces...))),
		indefinite(tagContext0, sd.parts.certificates...),
		indefinite(tagSet, sd.parts.signers...))))
}

func TestBEROfOthers(t *testing.T) {
	s := signer(t, pki.GOST512, 0)
	der := sign(t, s, Options{})
	streamed := inBER(t, der)
	sd := mustParse(t, streamed)
	if !bytes.Equal(sd.Raw, der) || !bytes.Equal(sd.Content, content) {
		t.Error("BER comes out otherwise than DER")
	}
	if _, err := sd.Verify(nil); err != nil {
		t.Error(err)
	}
	if !IsSignedData(streamed) {
		t.Error("not taken for SignedData")
	}
	two, err := signer(t, pki.RSA, 0).AddTo(streamed, nil, Options{Time: signingTime})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := mustParse(t, two).Verify(nil); err != nil {
		t.Error(err)
	}
	for name, bad := range map[string][]byte{
		"something after": append(slices.Clone(streamed), 0),
		"two of them":     slices.Concat(streamed, streamed),
		"no end":          streamed[:len(streamed)-2],
	} {
		if _, err := Parse(bad); !errors.Is(err, ErrNotSignedData) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestParseLimits(t *testing.T) {
	id := identity(t, pki.RSA, 0)
	deep := null
	for range 40 {
		deep = element(tagSequence, deep)
	}
	many := func(n int) []byte { return bytes.Repeat(id.Certificate.Raw, n) }
	info := mustParse(t, craft{id: id}.encode(t)).Signers[0].Raw
	signers := func(n int) []byte {
		p := parts{version: []byte{tagInteger, 1, 1}, encap: bare(oidData), digestAlgorithms: [][]byte{pki.RSA.DigestAlgorithm()}}
		for range n {
			p.signers = append(p.signers, info)
		}
		return p.encode()
	}
	if _, err := Parse(signers(maxSigners)); err != nil {
		t.Errorf("as many signers as there may be: %v", err)
	}
	for name, in := range map[string][]byte{
		"deep":         craft{id: id, attributes: [][]byte{attribute(pki.OID{1, 2, 3}, deep)}}.encode(t),
		"certificates": craft{id: id, certs: [][]byte{many(maxElements + 1)}}.encode(t),
		"attributes":   craft{id: id, attributes: slices.Repeat([][]byte{attribute(pki.OID{1, 2, 3}, null)}, maxAttributes+1)}.encode(t),
		"hashes":       craft{id: id, announced: bytes.Repeat(pki.RSA.DigestAlgorithm(), maxElements+1)}.encode(t),
		"signers":      signers(maxSigners + 1),
	} {
		if _, err := Parse(in); !errors.Is(err, ErrTooLarge) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A bare collection of certificates is SignedData, but nobody's signature.
func TestNoSigner(t *testing.T) {
	p7b := (&parts{
		version: []byte{tagInteger, 1, 1}, encap: bare(oidData),
		certificates: [][]byte{identity(t, pki.GOST512, 0).Certificate.Raw},
	}).encode()
	sd := mustParse(t, p7b)
	if len(sd.Certificates) != 1 {
		t.Errorf("%d certificates", len(sd.Certificates))
	}
	if _, err := sd.Verify(nil); !errors.Is(err, ErrNoSigner) {
		t.Errorf("without content: %v", err)
	}
	if _, err := sd.Verify(content); !errors.Is(err, ErrNoSigner) {
		t.Errorf("with content: %v", err)
	}
	if IsSignedData(p7b) {
		t.Error("taken for something to add a signer to")
	}
}

func TestParseAny(t *testing.T) {
	der := sign(t, signer(t, pki.GOST512, 0), Options{})
	text := base64.StdEncoding.EncodeToString(der)
	lines := func(sep string) string {
		var b strings.Builder
		for rest := text; rest != ""; {
			n := min(64, len(rest))
			b.WriteString(rest[:n] + sep)
			rest = rest[n:]
		}
		return b.String()
	}
	block := func(label string) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: label, Bytes: der}))
	}
	for _, tt := range []struct {
		name, in, err string
	}{
		{"DER", string(der), ""},
		{"one line", text, ""},
		{"lines", lines("\n"), ""},
		{"Windows lines", lines("\r\n"), ""},
		{"indented", lines("\n\t "), ""},
		{"PEM as sites write it", block("CMS"), ""},
		{"PEM as OpenSSL writes it", block("PKCS7"), ""},
		{"PEM with Windows lines", strings.ReplaceAll(block("CMS"), "\n", "\r\n"), ""},
		{"PEM of something else", block("CERTIFICATE"), `cms: not SignedData: PEM of "CERTIFICATE"`},
		{"two PEM blocks", block("CMS") + block("CMS"), "cms: not SignedData: text after the PEM block"},
		{"PEM cut", block("CMS")[:200], "cms: not SignedData: damaged PEM"},
		{"other text", "Здравствуйте", "cms: not SignedData: neither DER nor PEM nor base64"},
		{"base64 of the other alphabet", strings.NewReplacer("+", "-", "/", "_").Replace(text), "cms: not SignedData: neither DER nor PEM nor base64"},
		{"nothing", "", "cms: not SignedData"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sd, err := ParseAny([]byte(tt.in))
			if tt.err != "" {
				if err == nil || err.Error() != tt.err || !errors.Is(err, ErrNotSignedData) {
					t.Fatalf("%v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if _, err := sd.Verify(nil); err != nil {
				t.Error(err)
			}
		})
	}
}
