package pkcs12

import (
	"bytes"
	"errors"
	"testing"
)

// quick bounds the work of one fuzzed input.
var quick = func() limits {
	l := defaults
	l.iterations = 3 * kalkanIterations
	return l
}()

var known = []error{ErrNotPKCS12, ErrTruncated, ErrCorrupt, ErrLimits, ErrUnsupported, ErrIncorrectPassword, ErrNoKey}

func oneOfOurs(err error) bool {
	for _, k := range known {
		if errors.Is(err, k) {
			return true
		}
	}
	return false
}

func seeds(f *testing.F) {
	for _, name := range []string{"gost512", "gost256", "gost2004", "rsa", "chain", "mismatch"} {
		data := testStore(f, name)
		f.Add(data)
		f.Add(data[:len(data)/2])
	}
	salt := []byte("8 octets")
	key := keyBag(pbes2(pbkdf2Algorithm(salt, 2, 32, "1.2.840.113549.2.9"), oidAES256, make([]byte, 16)), make([]byte, 32))
	f.Add(authenticated(f, testPassword, dataSafe(key)))
	f.Add(authenticated(f, testPassword, encryptedSafe(pbe(oidRC240, salt, 1), salt), dataSafe(key)))
	f.Add(container(nil, dataSafe(key)))
	f.Add(container(macOf(oidSHA1, make([]byte, 20), salt, 1<<62), dataSafe(key)))
}

func FuzzOpen(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		before := bytes.Clone(data)
		s, err := open(data, []byte(testPassword), quick)
		if !bytes.Equal(before, data) {
			t.Fatal("input was changed")
		}
		if err != nil {
			if !oneOfOurs(err) {
				t.Fatalf("unknown error %v", err)
			}
			return
		}
		if len(s.Entries) == 0 {
			t.Fatal("opened without a key")
		}
		for _, e := range s.Entries {
			if e.Alias == "" || e.Key == nil {
				t.Fatalf("entry %+v", e)
			}
		}
		s.Destroy()
	})
}

// FuzzContents reaches what the MAC keeps random octets from.
func FuzzContents(f *testing.F) {
	for _, name := range []string{"gost512", "chain"} {
		p, err := parse(testStore(f, name), &budget{defaults})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(p.content)
		s, err := newSecret([]byte(testPassword))
		if err != nil {
			f.Fatal(err)
		}
		plain, err := p.safes[1].protection.decrypt(s, p.safes[1].encrypted)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(definite(0x30, definite(0x30, oid(oidData), definite(tagExplicit0, octets(plain)))))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		s, err := newSecret([]byte(testPassword))
		if err != nil {
			t.Fatal(err)
		}
		m := &mac{hash: hashes[oidSHA1], salt: []byte("8 octets"), rounds: 1}
		data := definite(0x30, integer(3),
			definite(0x30, oid(oidData), definite(tagExplicit0, octets(content))),
			macOf(oidSHA1, m.compute(s, content), m.salt, 1))
		store, err := open(data, []byte(testPassword), quick)
		if err != nil {
			if !oneOfOurs(err) {
				t.Fatalf("unknown error %v", err)
			}
			return
		}
		store.Destroy()
	})
}

func FuzzInspect(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		info, err := Inspect(data)
		if err != nil && !oneOfOurs(err) {
			t.Fatalf("unknown error %v", err)
		}
		work := info.Integrity.Iterations
		for _, e := range info.Encryption {
			work += e.Iterations
		}
		if work > defaults.iterations {
			t.Fatalf("would cost %d iterations", work)
		}
	})
}
