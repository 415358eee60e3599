//go:build linux && cgo

package pkcs11_test

import (
	"crypto"
	"crypto/rand"
	"testing"

	module "github.com/miekg/pkcs11"

	"tanba/keystore/pkcs11"
)

// BenchmarkRSA compares the rate of a module in a bare loop, in this process and
// with nothing verified, with that of its keys as the bridge uses them: through
// the helper, every signature verified, from two goroutines and from one.
//
//	go test -run '^$' -bench RSA -benchtime 5s ./keystore/pkcs11
func BenchmarkRSA(b *testing.B) {
	s := newSoft(b, "rate", pkcs11.Options{})
	s.withKey(b)
	_, k := s.unlock(b)
	digest := make([]byte, 32)
	b.Run("module", func(b *testing.B) {
		b.Setenv("SOFTHSM2_CONF", s.conf)
		session, key, ctx := bare(b, s.module)
		info := append([]byte{0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20}, digest...)
		mechanism := []*module.Mechanism{module.NewMechanism(module.CKM_RSA_PKCS, nil)}
		for b.Loop() {
			if err := ctx.SignInit(session, mechanism, key); err != nil {
				b.Fatal(err)
			}
			if _, err := ctx.Sign(session, info); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("tanba", func(b *testing.B) {
		b.SetParallelism(2)
		b.RunParallel(func(p *testing.PB) {
			for p.Next() {
				if _, err := k.Sign(rand.Reader, digest, crypto.SHA256); err != nil {
					b.Error(err)
					return
				}
			}
		})
	})
	b.Run("tanba, one by one", func(b *testing.B) {
		for b.Loop() {
			if _, err := k.Sign(rand.Reader, digest, crypto.SHA256); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// bare opens the one token of the module and its private key.
func bare(b *testing.B, path string) (module.SessionHandle, module.ObjectHandle, *module.Ctx) {
	b.Helper()
	ctx := module.New(path)
	if err := ctx.Initialize(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { ctx.Finalize() })
	slots, err := ctx.GetSlotList(true)
	if err != nil {
		b.Fatal(err)
	}
	session, err := ctx.OpenSession(slots[0], module.CKF_SERIAL_SESSION)
	if err != nil {
		b.Fatal(err)
	}
	if err := ctx.Login(session, module.CKU_USER, softPIN); err != nil {
		b.Fatal(err)
	}
	if err := ctx.FindObjectsInit(session, []*module.Attribute{module.NewAttribute(module.CKA_CLASS, module.CKO_PRIVATE_KEY)}); err != nil {
		b.Fatal(err)
	}
	keys, _, err := ctx.FindObjects(session, 1)
	if err != nil || len(keys) != 1 {
		b.Fatalf("%d keys, %v", len(keys), err)
	}
	if err := ctx.FindObjectsFinal(session); err != nil {
		b.Fatal(err)
	}
	return session, keys[0], ctx
}
