package pkcs11

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/big"
	"slices"
	"time"

	"tanba/internal/gost3410"
	"tanba/internal/pki"
)

// certificateObject is a certificate on a token.
type certificateObject struct {
	id          []byte
	label       string
	certificate *pki.Certificate
}

// publicObject is a public key on a token; public is nil when it is of a kind
// nobody here knows.
type publicObject struct {
	id     []byte
	label  string
	public *pki.PublicKey
}

// privateObject is a private key on a token. Its handle changes when a session
// is opened anew; the rest finds it again.
type privateObject struct {
	handle  uint64
	id      []byte
	label   string
	keyType uint64
	params  []byte         // DER OBJECT IDENTIFIER of the curve, a hint only
	public  *pki.PublicKey // of an RSA key, whose modulus it shows
	// eachTime: the PIN for every signature; relogin: the module wants it by
	// logging in again.
	eachTime, relogin bool
	signs             bool // CKA_SIGN is not false
}

// mayBe tells whether a key of this type can belong to a certificate of the
// family: the certificate decides, never the parameters of the token.
func (o *privateObject) mayBe(f pki.Family) bool {
	switch o.keyType {
	case ckkRSA:
		return f == pki.RSA
	case ckkGOST512:
		return f == pki.GOST512
	case ckkGOST:
		return f == pki.GOST256 || f == pki.GOST2004
	}
	return false
}

// Curves as tokens name them, DER (tokens.md 4.1).
var (
	oidTC26A512   = []byte{0x06, 0x09, 0x2A, 0x85, 0x03, 0x07, 0x01, 0x02, 0x01, 0x02, 0x01}
	oidTC26A256   = []byte{0x06, 0x09, 0x2A, 0x85, 0x03, 0x07, 0x01, 0x02, 0x01, 0x01, 0x01}
	oidCryptoProA = []byte{0x06, 0x07, 0x2A, 0x85, 0x03, 0x02, 0x02, 0x23, 0x01}
	oidStreebog   = map[pki.Family][]byte{
		pki.GOST512:  {0x06, 0x08, 0x2A, 0x85, 0x03, 0x07, 0x01, 0x01, 0x02, 0x03},
		pki.GOST256:  {0x06, 0x08, 0x2A, 0x85, 0x03, 0x07, 0x01, 0x01, 0x02, 0x02},
		pki.GOST2004: {0x06, 0x07, 0x2A, 0x85, 0x03, 0x02, 0x02, 0x1E, 0x01},
	}
)

// reader reads the objects of one session.
type reader struct {
	p       *process
	limit   time.Duration
	session uint64
	cache   map[[32]byte]*pki.Certificate // of this token; nil = none
}

// certificates reads those that can be seen; unread counts those nobody can
// read.
func (r *reader) certificates(ctx context.Context) (list []certificateObject, unread int, err error) {
	handles, err := r.p.find(ctx, r.limit, r.session, number(ckaClass, ckoCertificate))
	if err != nil {
		return nil, 0, err
	}
	const most = 64
	for _, h := range handles[:min(len(handles), most)] {
		a, err := r.p.attributes(ctx, r.limit, r.session, h, ckaID, ckaLabel, ckaSerialNumber, ckaCertificateType)
		if err != nil {
			return nil, 0, err
		}
		if kind, ok := numberOf(a[ckaCertificateType]); ok && kind != ckcX509 {
			continue
		}
		// The value is the slowest thing to read; the serial number tells a
		// renewed certificate from the old one.
		key := objectKey(h, a)
		certificate := r.cache[key]
		if certificate == nil {
			value, err := r.p.attributes(ctx, r.limit, r.session, h, ckaValue)
			if err != nil {
				return nil, 0, err
			}
			if certificate, err = parseCertificate(value[ckaValue]); err != nil {
				unread++
				continue
			}
			if r.cache != nil && len(a[ckaSerialNumber]) > 0 {
				r.cache[key] = certificate
			}
		}
		list = append(list, certificateObject{a[ckaID], text(a[ckaLabel]), certificate})
	}
	return list, unread, nil
}

func objectKey(handle uint64, a map[uint64][]byte) [32]byte {
	h := sha256.New()
	for _, t := range []uint64{ckaID, ckaLabel, ckaSerialNumber} {
		fmt.Fprintf(h, "%d:", len(a[t]))
		h.Write(a[t])
	}
	fmt.Fprintf(h, "%d", handle)
	return [32]byte(h.Sum(nil))
}

// largest is what a certificate may unpack to.
const largest = 256 << 10

var errCertificate = errors.New("pkcs11: value of a certificate")

// parseCertificate reads CKA_VALUE. What NCALayer wrote may be compressed with
// gzip, and some modules pad the value with zeros.
func parseCertificate(value []byte) (*pki.Certificate, error) {
	if len(value) > largest {
		return nil, errCertificate
	}
	if bytes.HasPrefix(value, []byte{0x1F, 0x8B}) {
		z, err := gzip.NewReader(bytes.NewReader(value))
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errCertificate, err)
		}
		z.Multistream(false) // padding may follow
		if value, err = io.ReadAll(io.LimitReader(z, largest+1)); err != nil {
			return nil, fmt.Errorf("%w: %w", errCertificate, err)
		}
		if len(value) > largest {
			return nil, fmt.Errorf("%w: too long", errCertificate)
		}
	}
	c, err := pki.ParseCertificate(value)
	if err == nil {
		return c, nil
	}
	if trimmed := bytes.TrimRight(value, "\x00"); len(trimmed) < len(value) {
		// The last octet of the signature may be a zero of its own.
		for n := len(trimmed); n <= min(len(value), len(trimmed)+4); n++ {
			if c, err := pki.ParseCertificate(value[:n]); err == nil {
				return c, nil
			}
		}
	}
	return nil, fmt.Errorf("%w: %w", errCertificate, err)
}

func (r *reader) publics(ctx context.Context) ([]publicObject, error) {
	handles, err := r.p.find(ctx, r.limit, r.session, number(ckaClass, ckoPublicKey))
	if err != nil {
		return nil, err
	}
	var list []publicObject
	const most = 64
	for _, h := range handles[:min(len(handles), most)] {
		o, err := r.public(ctx, h)
		if err != nil {
			return nil, err
		}
		list = append(list, o)
	}
	return list, nil
}

func (r *reader) public(ctx context.Context, handle uint64) (publicObject, error) {
	a, err := r.p.attributes(ctx, r.limit, r.session, handle, ckaID, ckaLabel, ckaKeyType, ckaModulus, ckaPublicExponent, ckaValue, ckaGOSTParams, ckaJaCartaGOSTParams)
	if err != nil {
		return publicObject{}, err
	}
	kind, _ := numberOf(a[ckaKeyType])
	o := publicObject{id: a[ckaID], label: text(a[ckaLabel])}
	switch kind {
	case ckkRSA:
		o.public = rsaPublic(a[ckaModulus], a[ckaPublicExponent])
	case ckkGOST, ckkGOST512:
		params := a[ckaGOSTParams]
		if len(params) == 0 {
			params = a[ckaJaCartaGOSTParams]
		}
		o.public = gostPublic(a[ckaValue], params)
	}
	return o, nil
}

func (r *reader) privates(ctx context.Context) ([]*privateObject, error) {
	handles, err := r.p.find(ctx, r.limit, r.session, number(ckaClass, ckoPrivateKey))
	if err != nil {
		return nil, err
	}
	var list []*privateObject
	const most = 64
	for _, h := range handles[:min(len(handles), most)] {
		a, err := r.p.attributes(ctx, r.limit, r.session, h, ckaID, ckaLabel, ckaKeyType, ckaModulus, ckaPublicExponent, ckaAlwaysAuth, ckaSign, ckaGOSTParams, ckaJaCartaGOSTParams)
		if err != nil {
			return nil, err
		}
		o := &privateObject{handle: h, id: a[ckaID], label: text(a[ckaLabel]), eachTime: truth(a[ckaAlwaysAuth]), params: a[ckaGOSTParams]}
		o.keyType, _ = numberOf(a[ckaKeyType])
		if len(o.params) == 0 {
			o.params = a[ckaJaCartaGOSTParams]
		}
		o.signs = len(a[ckaSign]) == 0 || truth(a[ckaSign])
		if o.keyType == ckkRSA {
			o.public = rsaPublic(a[ckaModulus], a[ckaPublicExponent])
		}
		list = append(list, o)
	}
	return list, nil
}

// publicHalf lets pki make the encoding of a public key.
type publicHalf struct{ key crypto.PublicKey }

func (p publicHalf) Public() crypto.PublicKey { return p.key }
func (p publicHalf) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return nil, errors.New("pkcs11: public key")
}

func rsaPublic(modulus, exponent []byte) *pki.PublicKey {
	n, e := new(big.Int).SetBytes(modulus), new(big.Int).SetBytes(exponent)
	if len(modulus) > 1024 || n.BitLen() < 512 || len(exponent) > 16 {
		return nil
	}
	if e.Sign() == 0 { // some private keys do not show it
		e.SetInt64(65537)
	}
	if e.BitLen() > 31 || e.Bit(0) == 0 || n.Bit(0) == 0 || e.Int64() < 3 {
		return nil
	}
	public, err := pki.PublicKeyOf(publicHalf{&rsa.PublicKey{N: n, E: int(e.Int64())}})
	if err != nil {
		return nil
	}
	return public
}

// gostPublic reads CKA_VALUE of a GOST key: x‖y little-endian, bare or in an
// OCTET STRING, or the halves the other way round. The curve is that of the
// parameters; where they say none that is known, the one on which the point
// lies.
func gostPublic(value, params []byte) *pki.PublicKey {
	if n := len(value); n == 66 && value[0] == 0x04 && value[1] == 64 {
		value = value[2:]
	} else if n == 131 && value[0] == 0x04 && value[1] == 0x81 && value[2] == 128 {
		value = value[3:]
	}
	curves := []*gost3410.Curve{gost3410.TC26A512()}
	switch {
	case len(value) == 64 && bytes.Equal(params, oidTC26A256):
		curves = []*gost3410.Curve{gost3410.TC26A256()}
	case len(value) == 64:
		curves = []*gost3410.Curve{gost3410.CryptoProA(), gost3410.TC26A256()}
	case len(value) != 128:
		return nil
	}
	half := len(value) / 2
	for _, xy := range [][]byte{value, slices.Concat(value[half:], value[:half])} {
		for _, curve := range curves {
			if point, err := gost3410.NewPublicKey(curve, xy); err == nil {
				if public, err := pki.PublicKeyOf(publicHalf{point}); err == nil {
					return public
				}
			}
		}
	}
	return nil
}
