//go:build linux && cgo

package testtoken

import (
	"bytes"
	"crypto/rand"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/miekg/pkcs11"

	"tanba/internal/gost3410"
	"tanba/internal/pki"
	"tanba/internal/testpki"
)

var families = []pki.Family{pki.GOST512, pki.GOST256, pki.GOST2004, pki.RSA}

// module loads the token into this process, which only this test does.
func module(t *testing.T, k *Token) (*pkcs11.Ctx, pkcs11.SessionHandle) {
	t.Helper()
	ctx := pkcs11.New(k.Path)
	if ctx == nil {
		t.Fatal("the module cannot be loaded")
	}
	if err := ctx.Initialize(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ctx.Finalize() })
	slots, err := ctx.GetSlotList(true)
	if err != nil || len(slots) != 1 {
		t.Fatalf("slots %v, %v", slots, err)
	}
	session, err := ctx.OpenSession(slots[0], pkcs11.CKF_SERIAL_SESSION|pkcs11.CKF_RW_SESSION)
	if err != nil {
		t.Fatal(err)
	}
	return ctx, session
}

func login(t *testing.T, ctx *pkcs11.Ctx, session pkcs11.SessionHandle) {
	t.Helper()
	if err := ctx.Login(session, pkcs11.CKU_USER, PIN); err != nil {
		t.Fatal(err)
	}
}

func find(t *testing.T, ctx *pkcs11.Ctx, session pkcs11.SessionHandle, class uint, id []byte) []pkcs11.ObjectHandle {
	t.Helper()
	err := ctx.FindObjectsInit(session, []*pkcs11.Attribute{pkcs11.NewAttribute(pkcs11.CKA_CLASS, class), pkcs11.NewAttribute(pkcs11.CKA_ID, id)})
	if err != nil {
		t.Fatal(err)
	}
	found, _, err := ctx.FindObjects(session, 10)
	if err != nil {
		t.Fatal(err)
	}
	if err := ctx.FindObjectsFinal(session); err != nil {
		t.Fatal(err)
	}
	return found
}

func mechanism(f pki.Family) []*pkcs11.Mechanism {
	return []*pkcs11.Mechanism{pkcs11.NewMechanism(map[pki.Family]uint{pki.GOST512: 0xD4321006, pki.GOST256: 0x1201, pki.GOST2004: 0x1201, pki.RSA: 1}[f], nil)}
}

// sha256Info is the DigestInfo before a SHA-256 digest (RFC 8017 §9.2).
var sha256Info = []byte{0x30, 0x31, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 5, 0, 4, 0x20}

// The module signs with keys of ours, and both sides agree on what is good:
// so curves, octet orders and digests of the fake are those of the standard.
func TestBotanAndWeAgree(t *testing.T) {
	authority, err := testpki.New(nil, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	k := New(t)
	botan := NewVerifier(t)
	ids := map[pki.Family][]byte{}
	who := map[pki.Family]*testpki.Identity{}
	for _, f := range families {
		if who[f], err = authority.Issue(testpki.Profile{Family: f}); err != nil {
			t.Fatal(err)
		}
		ids[f] = k.Add(t, 0, who[f])
	}
	ctx, session := module(t, k)
	login(t, ctx, session)
	for _, f := range families {
		t.Run(f.String(), func(t *testing.T) {
			public := who[f].Certificate.PublicKey
			h := f.NewHash()
			h.Write([]byte("document"))
			digest := h.Sum(nil)
			input := digest
			if f == pki.RSA {
				input = slices.Concat(sha256Info, digest)
			}
			keys := find(t, ctx, session, pkcs11.CKO_PRIVATE_KEY, ids[f])
			if len(keys) != 1 {
				t.Fatalf("%d private keys", len(keys))
			}
			if err := ctx.SignInit(session, mechanism(f), keys[0]); err != nil {
				t.Fatal(err)
			}
			signature, err := ctx.Sign(session, input)
			if err != nil {
				t.Fatal(err)
			}
			if f != pki.RSA {
				slices.Reverse(signature) // s‖r big-endian to r‖s little-endian
			}
			ours, err := pki.SignDigest(who[f].Key, rand.Reader, digest)
			if err != nil {
				t.Fatal(err)
			}
			for name, s := range map[string][]byte{"token's": signature, "ours": ours} {
				if err := public.VerifyDigest(digest, s); err != nil {
					t.Errorf("%s, by us: %v", name, err)
				}
				if !botan.Valid(t, public, digest, s) {
					t.Errorf("%s, by Botan: invalid", name)
				}
				s[3] ^= 1
				if public.VerifyDigest(digest, s) == nil || botan.Valid(t, public, digest, s) {
					t.Errorf("%s, spoilt: valid", name)
				}
			}
			value, err := ctx.GetAttributeValue(session, find(t, ctx, session, pkcs11.CKO_CERTIFICATE, ids[f])[0], []*pkcs11.Attribute{pkcs11.NewAttribute(pkcs11.CKA_VALUE, nil)})
			if err != nil || !bytes.Equal(value[0].Value, who[f].Certificate.Raw) {
				t.Errorf("certificate: %v", err)
			}
		})
	}
}

// Keys that the token makes itself.
func TestTokenMakesKeys(t *testing.T) {
	k := New(t)
	botan := NewVerifier(t)
	ctx, session := module(t, k)
	login(t, ctx, session)
	for f, curve := range map[pki.Family]*gost3410.Curve{pki.GOST512: gost3410.TC26A512(), pki.GOST256: gost3410.TC26A256(), pki.GOST2004: gost3410.CryptoProA()} {
		generation := map[pki.Family]uint{pki.GOST512: 0xD4321005, pki.GOST256: 0x1200, pki.GOST2004: 0x1200}[f]
		id := pkcs11.NewAttribute(pkcs11.CKA_ID, f.String())
		pub, priv, err := ctx.GenerateKeyPair(session, []*pkcs11.Mechanism{pkcs11.NewMechanism(generation, nil)},
			[]*pkcs11.Attribute{id, pkcs11.NewAttribute(0x250, params[f])}, []*pkcs11.Attribute{id})
		if err != nil {
			t.Fatalf("%v: %v", f, err)
		}
		value, err := ctx.GetAttributeValue(session, pub, []*pkcs11.Attribute{pkcs11.NewAttribute(pkcs11.CKA_VALUE, nil)})
		if err != nil {
			t.Fatal(err)
		}
		point, err := gost3410.NewPublicKey(curve, value[0].Value)
		if err != nil {
			t.Fatal(err)
		}
		digest := make([]byte, curve.Size())
		rand.Read(digest)
		if err := ctx.SignInit(session, mechanism(f), priv); err != nil {
			t.Fatal(err)
		}
		signature, err := ctx.Sign(session, digest)
		if err != nil {
			t.Fatal(err)
		}
		slices.Reverse(signature)
		if !point.Verify(digest, signature) || !botan.Valid(t, &pki.PublicKey{Family: f, GOST: point}, digest, signature) {
			t.Errorf("%v: a key made on the token signs wrongly", f)
		}
	}
	for name, c := range map[string]struct {
		mechanism uint
		params    []byte
		private   bool
		want      pkcs11.Error
	}{
		"no parameters":             {0xD4321005, nil, false, pkcs11.CKR_TEMPLATE_INCOMPLETE},
		"Kazakh identifier":         {0xD4321005, []byte{6, 9, 0x2a, 0x83, 0x0e, 3, 10, 1, 1, 2, 2}, false, pkcs11.CKR_ATTRIBUTE_VALUE_INVALID},
		"parameters in the private": {0xD4321005, params[pki.GOST512], true, pkcs11.CKR_ATTRIBUTE_READ_ONLY},
		"curve of another size":     {0xD4321005, params[pki.GOST256], false, pkcs11.CKR_ATTRIBUTE_VALUE_INVALID},
	} {
		var pub, priv []*pkcs11.Attribute
		if c.params != nil {
			pub = append(pub, pkcs11.NewAttribute(0x250, c.params))
		}
		if c.private {
			priv = pub
		}
		if _, _, err := ctx.GenerateKeyPair(session, []*pkcs11.Mechanism{pkcs11.NewMechanism(c.mechanism, nil)}, pub, priv); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// What tests rely on: tries, flags, faults that are used up, removal.
func TestQuirksAreWhatTheySay(t *testing.T) {
	k := New(t)
	ctx, session := module(t, k)
	flags := func() uint {
		t.Helper()
		slots, err := ctx.GetSlotList(true)
		if err != nil || len(slots) == 0 {
			t.Fatalf("slots %v, %v", slots, err)
		}
		info, err := ctx.GetTokenInfo(slots[0])
		if err != nil {
			t.Fatal(err)
		}
		return info.Flags & (pkcs11.CKF_USER_PIN_COUNT_LOW | pkcs11.CKF_USER_PIN_FINAL_TRY | pkcs11.CKF_USER_PIN_LOCKED)
	}
	want := func(err error, code pkcs11.Error) {
		t.Helper()
		if !errors.Is(err, code) {
			t.Errorf("%v, want %v", err, code)
		}
	}
	for i, f := range []uint{0, pkcs11.CKF_USER_PIN_COUNT_LOW, pkcs11.CKF_USER_PIN_COUNT_LOW, pkcs11.CKF_USER_PIN_COUNT_LOW, pkcs11.CKF_USER_PIN_COUNT_LOW | pkcs11.CKF_USER_PIN_FINAL_TRY} {
		if got := flags(); got != f {
			t.Errorf("after %d wrong PINs the flags are %x, want %x", i, got, f)
		}
		code := pkcs11.Error(pkcs11.CKR_PIN_INCORRECT)
		if i == 4 {
			code = pkcs11.CKR_PIN_LOCKED
		}
		want(ctx.Login(session, pkcs11.CKU_USER, "wrong"), code)
	}
	want(ctx.Login(session, pkcs11.CKU_USER, PIN), pkcs11.CKR_PIN_LOCKED)
	if k.Left(t) != 0 || flags()&pkcs11.CKF_USER_PIN_LOCKED == 0 {
		t.Error("not locked")
	}
	k.SetLeft(t, 1)
	k.Set(t, "fault=C_Login:0x30:1")
	want(ctx.Login(session, pkcs11.CKU_USER, PIN), pkcs11.CKR_DEVICE_ERROR)
	login(t, ctx, session)
	if k.Left(t) != Tries {
		t.Error("the right PIN does not restore the tries")
	}
	k.Unplug(t)
	_, err := ctx.GetSessionInfo(session)
	want(err, pkcs11.CKR_DEVICE_REMOVED)
	k.Plug(t)
	_, err = ctx.GetSessionInfo(session)
	want(err, pkcs11.CKR_SESSION_HANDLE_INVALID)
	if calls := k.Calls(t, "C_Login"); len(calls) != 8 || calls[6].Detail != "fault" || calls[7].Code != 0 {
		t.Errorf("the log of logins is %v", calls)
	}
}
