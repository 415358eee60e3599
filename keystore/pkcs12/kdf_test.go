package pkcs12

import (
	"bytes"
	stdpbkdf2 "crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"hash"
	"os"
	"testing"
)

// The vectors decrypt real stores through OpenSSL (shared vectors/MANIFEST.md).
func TestDeriveVectors(t *testing.T) {
	data, err := os.ReadFile("testdata/kdf.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []struct {
		Password   string
		Salt       string
		Iterations int
		BMP        string
		Key3DES    string `json:"des3_key"`
		IV3DES     string `json:"des3_iv"`
		KeyRC2     string `json:"rc2_40_key"`
		IVRC2      string `json:"rc2_iv"`
		MAC        string `json:"mac_key"`
	}
	if err := json.Unmarshal(data, &vectors); err != nil || len(vectors) == 0 {
		t.Fatal(err, len(vectors))
	}
	for _, v := range vectors {
		t.Run(v.Password, func(t *testing.T) {
			s, err := newSecret([]byte(v.Password))
			if err != nil {
				t.Fatal(err)
			}
			if got := hex.EncodeToString(s.wide); got != v.BMP {
				t.Fatalf("octets %s, want %s", got, v.BMP)
			}
			salt, _ := hex.DecodeString(v.Salt)
			for _, d := range []struct {
				purpose byte
				size    int
				want    string
			}{
				{purposeKey, 24, v.Key3DES}, {purposeIV, 8, v.IV3DES},
				{purposeKey, 5, v.KeyRC2}, {purposeIV, 8, v.IVRC2}, {purposeMAC, 20, v.MAC},
			} {
				if got := hex.EncodeToString(derive(sha1.New, s.wide, salt, d.purpose, v.Iterations, d.size)); got != d.want {
					t.Errorf("purpose %d, %d octets: %s, want %s", d.purpose, d.size, got, d.want)
				}
			}
		})
	}
}

func TestPBKDF2(t *testing.T) {
	for name, h := range map[string]func() hash.Hash{"SHA-1": sha1.New, "SHA-256": sha256.New, "SHA-512": sha512.New} {
		for _, size := range []int{5, 16, 20, 24, 32, 64, 65} {
			for _, password := range []string{"", "Qwerty12", string(bytes.Repeat([]byte("long "), 60))} {
				want, err := stdpbkdf2.Key(h, password, []byte("salt and salt"), 7, size)
				if err != nil {
					t.Fatal(err)
				}
				if got := pbkdf2(h, []byte(password), []byte("salt and salt"), 7, size); !bytes.Equal(got, want) {
					t.Errorf("%s, %d octets, password %q: %x, want %x", name, size, password, got, want)
				}
			}
		}
	}
}

// RFC 2268, section 5: those whose effective length is that of the key.
func TestRC2(t *testing.T) {
	for _, v := range []struct{ key, plain, encrypted string }{
		{"ffffffffffffffff", "ffffffffffffffff", "278b27e42e2f0d49"},
		{"3000000000000000", "1000000000000001", "30649edf9be7d2c2"},
		{"88bca90e90875a7f0f79c384627bafb2", "0000000000000000", "2269552ab0f85ca6"},
	} {
		key, _ := hex.DecodeString(v.key)
		block, _ := hex.DecodeString(v.plain)
		c := newRC2(key)
		c.Encrypt(block, block)
		if got := hex.EncodeToString(block); got != v.encrypted {
			t.Errorf("key %s: %s, want %s", v.key, got, v.encrypted)
		}
		c.Decrypt(block, block)
		if got := hex.EncodeToString(block); got != v.plain {
			t.Errorf("key %s: back to %s, want %s", v.key, got, v.plain)
		}
	}
}

// Passwords are converted in one piece of memory, so that nothing of them is
// left in a piece that was outgrown, and that piece is cleared.
func TestSecretIsWiped(t *testing.T) {
	for _, password := range []string{"", "Qwerty12", "Пароль-Құпиясөз", "Aa1!😀Ж"} {
		s, err := newSecret([]byte(password))
		if err != nil {
			t.Fatal(err)
		}
		wide := s.wide[:cap(s.wide)]
		if cap(wide) != 2*len(password)+2 {
			t.Errorf("%q: %d octets, so it was moved", password, cap(wide))
		}
		s.wipe()
		if !bytes.Equal(wide, make([]byte, len(wide))) {
			t.Errorf("%q is left: %x", password, wide)
		}
	}
	if _, err := newSecret([]byte("Qwerty\xff")); err == nil {
		t.Error("a password that is not UTF-8 was taken")
	}
}
