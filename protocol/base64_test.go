package protocol

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"
)

// The texts are those that java.util.Base64 of Java 17 gives for these inputs.
func TestDecodeBase64(t *testing.T) {
	for _, test := range []struct{ in, want, fails string }{
		{in: "", want: ""},
		{in: "MTEK", want: "11\n"},
		{in: "QUI=", want: "AB"},
		{in: "QUI", want: "AB"},
		{in: "QQ==", want: "A"},
		{in: "QQ", want: "A"},
		{in: "QR==", want: "A"},
		{in: "+/+/", want: "\xfb\xff\xbf"},
		{in: "A", fails: "Input byte[] should at least have 2 bytes for base64 bytes"},
		{in: "=", fails: "Input byte[] should at least have 2 bytes for base64 bytes"},
		{in: "қ", fails: "Input byte[] should at least have 2 bytes for base64 bytes"},
		{in: "AAAAA", fails: "Last unit does not have enough valid bits"},
		{in: "A=", fails: "Last unit does not have enough valid bits"},
		{in: "A===", fails: "Last unit does not have enough valid bits"},
		{in: "AA=", fails: "Input byte array has wrong 4-byte ending unit"},
		{in: "AA=A", fails: "Input byte array has wrong 4-byte ending unit"},
		{in: "AAAA=", fails: "Input byte array has wrong 4-byte ending unit"},
		{in: "====", fails: "Input byte array has wrong 4-byte ending unit"},
		{in: "QQ==A", fails: "Input byte array has incorrect ending byte at 4"},
		{in: "QUI==", fails: "Input byte array has incorrect ending byte at 4"},
		{in: "AAAAQUI=A", fails: "Input byte array has incorrect ending byte at 8"},
		{in: "-----BEGIN CMS-----", fails: "Illegal base64 character 2d"},
		{in: "QUJ_", fails: "Illegal base64 character 5f"},
		{in: "QUJDRÉ", fails: "Illegal base64 character -37"},
		{in: "QUJDRқ", fails: "Illegal base64 character 3f"},
		{in: "QUJD\x00", fails: "Illegal base64 character 0"},
		// Java answers "Illegal base64 character a" to these.
		{in: "MT\nEK\r\n", want: "11\n"},
		{in: " M T E K\t", want: "11\n"},
		{in: "Q Q = =\n", want: "A"},
		{in: "QQ==\nA", fails: "Input byte array has incorrect ending byte at 4"},
		{in: " \n", want: ""},
	} {
		got, err := decodeBase64([]byte(test.in))
		if test.fails != "" {
			if err == nil || err.Error() != test.fails {
				t.Errorf("%q: error %v, want %s", test.in, err, test.fails)
			}
		} else if err != nil || string(got) != test.want {
			t.Errorf("%q: %q, %v", test.in, got, err)
		}
	}
}

// Decoding happens in place; every length and every kind of line end survives.
func TestDecodeBase64InPlace(t *testing.T) {
	for n := range 200 {
		octets := fakeSignatures(1, n)[0]
		plain := base64.StdEncoding.EncodeToString(octets)
		for _, columns := range []int{1, 3, 4, 7, 64, 1000} {
			for _, eol := range []string{"\n", "\r\n"} {
				var b strings.Builder
				for rest := plain; rest != ""; {
					k := min(columns, len(rest))
					b.WriteString(rest[:k] + eol)
					rest = rest[k:]
				}
				if got, err := decodeBase64([]byte(b.String())); err != nil || !bytes.Equal(got, octets) {
					t.Fatalf("%d octets in %d columns: %v", n, columns, err)
				}
			}
		}
	}
}

func TestDecodeContainer(t *testing.T) {
	for in, want := range map[string]string{
		"MTEK": "11\n",
		"-----BEGIN CMS-----\nMTEK\n-----END CMS-----\n":            "11\n",
		" -----BEGIN PKCS7-----\r\nMT\r\nEK\r\n-----END PKCS7-----": "11\n",
		"-----BEGIN CMS-----MTEK-----END CMS-----":                  "11\n",
	} {
		if got, err := decodeContainer([]byte(in)); err != nil || string(got) != want {
			t.Errorf("%q: %q, %v", in, got, err)
		}
	}
	for _, in := range []string{
		"-----BEGIN CMS-----", "-----BEGIN CMS-----\nMTEK\n-----END PKCS7-----",
		"-----BEGIN CERTIFICATE-----\nMTEK\n-----END CERTIFICATE-----",
	} {
		if _, err := decodeContainer([]byte(in)); err == nil || err.Error() != "Illegal base64 character 2d" {
			t.Errorf("%q: %v", in, err)
		}
	}
}
