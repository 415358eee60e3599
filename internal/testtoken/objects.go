//go:build linux

package testtoken

import (
	"crypto"
	"encoding/binary"
	"fmt"
	"math/big"
	"testing"

	"tanba/internal/gost3410"
	"tanba/internal/pki"
	"tanba/internal/testpki"
)

// Add puts a key pair with its certificate on the token, in the given slot
// (0 is the first), and returns the CKA_ID.
func (k *Token) Add(t testing.TB, slot int, who *testpki.Identity) []byte {
	t.Helper()
	id := k.AddPair(t, slot, who.Key, who.Certificate.Person().CommonName)
	k.AddCertificate(t, slot, who.Certificate, id)
	return id
}

// AddPair puts a key pair on the token without a certificate.
func (k *Token) AddPair(t testing.TB, slot int, key crypto.Signer, label string) []byte {
	t.Helper()
	public, err := pki.PublicKeyOf(key)
	if err != nil {
		t.Fatal(err)
	}
	id := public.KeyID()
	both := attributes{cktID: id, cktLabel: []byte(label), cktToken: {1}}
	secret := attributes{cktClass: number(3), cktPrivate: {1}, cktSensitive: {1}, cktSign: {1}}
	open := attributes{cktClass: number(2), cktPrivate: {0}, cktVerify: {1}}
	if public.Family == pki.RSA {
		both[cktKeyType] = number(0)
		both[cktModulus] = public.RSA.N.Bytes()
		both[cktExponent] = big.NewInt(int64(public.RSA.E)).Bytes()
		if secret[cktSecret], err = pki.MarshalPrivateKey(key); err != nil {
			t.Fatal(err)
		}
	} else {
		both[cktKeyType] = number(keyTypes[public.Family])
		both[cktParams] = params[public.Family]
		both[cktHashParams] = []byte{6, 7, 0x2a, 0x85, 3, 2, 2, 0x1e, 1} // the old hash, as aKey has it on new keys, too
		secret[cktSecret] = key.(*gost3410.PrivateKey).Bytes()
		open[cktValue] = public.GOST.Bytes()
	}
	k.add(t, slot, both.with(secret), both.with(open))
	return id
}

// AddCertificate puts a certificate on the token; the id says whose it is.
func (k *Token) AddCertificate(t testing.TB, slot int, c *pki.Certificate, id []byte) {
	t.Helper()
	k.add(t, slot, attributes{
		cktClass: number(1), cktCertificateType: number(0), cktToken: {1}, cktPrivate: {0},
		cktID: id, cktLabel: []byte(c.Person().CommonName), cktSubject: c.RawSubject, cktIssuer: c.RawIssuer,
		cktSerial: append([]byte{2, byte(len(c.RawSerial()))}, c.RawSerial()...), cktValue: c.Raw,
	})
}

// numbers of attributes: PKCS #11, and the module's own for the secret.
const (
	cktClass           = 0x0
	cktToken           = 0x1
	cktPrivate         = 0x2
	cktLabel           = 0x3
	cktValue           = 0x11
	cktCertificateType = 0x80
	cktIssuer          = 0x81
	cktSerial          = 0x82
	cktKeyType         = 0x100
	cktSubject         = 0x101
	cktID              = 0x102
	cktSensitive       = 0x103
	cktSign            = 0x108
	cktVerify          = 0x10A
	cktModulus         = 0x120
	cktExponent        = 0x122
	cktParams          = 0x250
	cktHashParams      = 0x251
	cktSecret          = 0xC0000001
)

var keyTypes = map[pki.Family]uint64{pki.GOST512: 0xD4321003, pki.GOST256: 0x30, pki.GOST2004: 0x30}

var params = map[pki.Family][]byte{
	pki.GOST512:  {6, 9, 0x2a, 0x85, 3, 7, 1, 2, 1, 2, 1},
	pki.GOST256:  {6, 9, 0x2a, 0x85, 3, 7, 1, 2, 1, 1, 1},
	pki.GOST2004: {6, 7, 0x2a, 0x85, 3, 2, 2, 0x23, 1},
}

type attributes map[uint64][]byte

func (a attributes) with(others attributes) attributes {
	all := attributes{}
	for _, m := range []attributes{a, others} {
		for name, value := range m {
			all[name] = value
		}
	}
	return all
}

// number is a CK_ULONG of this machine.
func number(n uint64) []byte { return binary.NativeEndian.AppendUint64(nil, n) }

func (k *Token) add(t testing.TB, slot int, objects ...attributes) {
	t.Helper()
	k.change(t, func(lines []string) []string {
		for _, o := range objects {
			k.objects++
			// Beyond what the module gives out by itself.
			line := fmt.Sprintf("object %d %d", 1_000_000+k.objects, slot)
			for name, value := range o {
				line += fmt.Sprintf(" %x=%x", name, value)
			}
			lines = append(lines, line)
		}
		return lines
	})
}
