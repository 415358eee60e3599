package cms

import (
	"bytes"
	"testing"

	"tanba/internal/pki"
)

func seeds(f *testing.F) {
	f.Helper()
	attached := sign(f, signer(f, pki.GOST512, 0), Options{})
	detached := sign(f, signer(f, pki.RSA, 0), Options{Detached: true})
	two, err := signer(f, pki.GOST256, 0).AddTo(attached, nil, Options{Time: signingTime})
	if err != nil {
		f.Fatal(err)
	}
	stamped, err := AddTimestamp(two, 1, attached)
	if err != nil {
		f.Fatal(err)
	}
	gost := identity(f, pki.GOST512, 0)
	for _, seed := range [][]byte{
		attached, detached, two, stamped, inBER(f, attached),
		craft{id: gost, direct: true}.encode(f),
		craft{id: gost, version: 3, sid: element(tagPrimitive, gost.Certificate.SubjectKeyID)}.encode(f),
		(&parts{version: []byte{tagInteger, 1, 1}, encap: bare(oidData)}).encode(),
	} {
		f.Add(seed)
	}
}

// What is read can be written again: DER gives the same octets when its SETs
// were in order, and whatever is written is read as the same thing.
func FuzzParse(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, in []byte) {
		sd, err := Parse(in)
		if err != nil {
			if sd != nil {
				t.Error("a result besides an error")
			}
			return
		}
		out := sd.parts.encode()
		again, err := Parse(out)
		if err != nil {
			t.Fatalf("what was written is not read: %v", err)
		}
		if !bytes.Equal(again.parts.encode(), out) || len(again.Signers) != len(sd.Signers) || !bytes.Equal(again.Content, sd.Content) {
			t.Error("read as something else")
		}
		if IsSignedData(out) != (len(sd.Signers) > 0) {
			t.Error("IsSignedData disagrees")
		}
	})
}

// Nothing but what our throw-away keys signed is good: whatever is accepted
// must be over a content that one of them was given.
func FuzzVerify(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, in []byte) {
		sd, err := ParseAny(in)
		if err != nil {
			return
		}
		verdicts, err := sd.Verify(nil)
		good := 0
		for _, v := range verdicts {
			if v.Err != nil {
				continue
			}
			good++
			if v.Certificate == nil || sd.Detached || !bytes.Equal(sd.Content, content) {
				t.Errorf("good over %q (detached %v)", sd.Content, sd.Detached)
			}
		}
		if (err == nil) != (good > 0 && good == len(sd.Signers)) {
			t.Errorf("%d of %d good, but the error is %v", good, len(sd.Signers), err)
		}
	})
}
