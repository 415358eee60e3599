package cms

import (
	"bytes"
	"crypto"
	"encoding/asn1"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
	"sync"
	"time"

	"tanba/internal/pki"
)

// Options of one signature.
type Options struct {
	// Detached leaves the content out.
	Detached bool
	// Time is the signing time, in seconds; zero means now.
	Time time.Time
	// ContentType is the eContentType; nil means id-data.
	ContentType asn1.ObjectIdentifier
	// VerifyAfter checks each signature with the public key of the certificate
	// before it is handed out. It is for keys in devices, where a fault shows as
	// a wrong signature.
	VerifyAfter bool
}

// A Signer signs with one key. It may be used by several goroutines at once if
// the key may.
type Signer struct {
	key          crypto.Signer
	appender     appender // the key, if it can sign without allocating
	batcher      batcher  // the key, if it can make many signatures at once
	certificate  *pki.Certificate
	public       *pki.PublicKey
	family       pki.Family
	signatureLen int
	dataType     []byte // id-data
	sid          []byte // IssuerAndSerialNumber
	certificates []byte // [0] certificates of a SignedData with this signer alone
	chain        [][]byte
	usual        *layout // id-data, UTCTime, digest of the key's family
	scratch      sync.Pool
	batches      sync.Pool // of *batchScratch
}

// appender is what a software key of the GOST families offers beside Sign.
type appender interface {
	AppendSignature(dst, digest []byte) ([]byte, error)
}

// batcher is what it offers for many digests, which lie one after the other, as
// the signatures do.
type batcher interface {
	SignBatch(random io.Reader, dst, digests []byte) ([]byte, error)
}

// scratch is what one signature needs besides its output.
type scratch struct {
	hash   hash.Hash
	digest [64]byte
	buf    []byte // for SignReader
}

// NewSigner returns a Signer whose containers carry the certificate and the
// chain (without repetition, in DER order). The error wraps pki.ErrKeyMismatch
// if the certificate is of another key.
func NewSigner(key crypto.Signer, certificate *pki.Certificate, chain ...*pki.Certificate) (*Signer, error) {
	if key == nil || certificate == nil || certificate.PublicKey == nil {
		return nil, errors.New("cms: a signer needs a key and its certificate")
	}
	if err := pki.Owns(key, certificate); err != nil {
		return nil, fmt.Errorf("cms: %w", err)
	}
	s := &Signer{
		key:         key,
		certificate: certificate,
		public:      certificate.PublicKey,
		family:      certificate.PublicKey.Family,
		dataType:    mustOID(oidData),
	}
	s.appender, _ = key.(appender)
	s.batcher, _ = key.(batcher)
	if s.family == pki.RSA {
		s.signatureLen = s.public.RSA.Size()
	} else {
		s.signatureLen = 2 * s.public.GOST.Curve().Size()
	}
	s.sid = element(tagSequence, certificate.RawIssuer, element(tagInteger, certificate.RawSerial()))
	s.chain = append(s.chain, certificate.Raw)
	for _, c := range chain {
		if c != nil && !slices.ContainsFunc(s.chain, func(have []byte) bool { return bytes.Equal(have, c.Raw) }) {
			s.chain = append(s.chain, c.Raw)
		}
	}
	s.certificates = element(tagContext0, sortedSet(s.chain)...)
	s.usual = s.layout(s.dataType, tagUTCTime, len(utcTime), s.family.HashSize())
	s.scratch.New = func() any { return &scratch{hash: s.family.NewHash()} }
	return s, nil
}

// Certificate returns the certificate of the signer.
func (s *Signer) Certificate() *pki.Certificate { return s.certificate }

// Sign returns a SignedData over the content.
func (s *Signer) Sign(content []byte, o Options) ([]byte, error) {
	return s.Append(nil, content, o)
}

// Append appends a SignedData over the content to dst, which must not share
// memory with it. On an error dst is returned as it was.
func (s *Signer) Append(dst, content []byte, o Options) ([]byte, error) {
	sc := s.scratch.Get().(*scratch)
	defer s.scratch.Put(sc)
	sc.hash.Reset()
	sc.hash.Write(content)
	return s.append(dst, content, sc.hash.Sum(sc.digest[:0]), o.Detached, o, sc)
}

// SignDigest returns a detached SignedData whose messageDigest is the given
// octets as they are: the original does not look at their length either.
func (s *Signer) SignDigest(digest []byte, o Options) ([]byte, error) {
	return s.AppendDigest(nil, digest, o)
}

// AppendDigest appends what SignDigest returns to dst.
func (s *Signer) AppendDigest(dst, digest []byte, o Options) ([]byte, error) {
	if len(digest) == 0 {
		return dst, ErrContentMissing
	}
	sc := s.scratch.Get().(*scratch)
	defer s.scratch.Put(sc)
	return s.append(dst, nil, digest, true, o, sc)
}

// SignReader returns a detached SignedData over all that r gives.
func (s *Signer) SignReader(r io.Reader, o Options) ([]byte, error) {
	sc := s.scratch.Get().(*scratch)
	defer s.scratch.Put(sc)
	if sc.buf == nil {
		sc.buf = make([]byte, 64<<10)
	}
	sc.hash.Reset()
	if _, err := io.CopyBuffer(sc.hash, onlyReader{r}, sc.buf); err != nil {
		return nil, fmt.Errorf("cms: reading the content: %w", err)
	}
	return s.append(nil, nil, sc.hash.Sum(sc.digest[:0]), true, o, sc)
}

// onlyReader hides WriteTo, so that a reader backed by a large buffer is still
// taken in pieces that stay in the cache.
type onlyReader struct{ io.Reader }

func (s *Signer) append(dst, content, digest []byte, detached bool, o Options, sc *scratch) ([]byte, error) {
	l, when, err := s.layoutFor(o, len(digest))
	if err != nil {
		return dst, err
	}
	out, err := s.appendInfo(l.appendFront(dst, content, detached), l, when, digest, o, sc)
	if err != nil {
		return dst, err
	}
	return out, nil
}

// layoutFor returns the layout of a signature and its time in UTC.
func (s *Signer) layoutFor(o Options, digestLen int) (*layout, time.Time, error) {
	when := o.Time
	if when.IsZero() {
		when = time.Now()
	}
	when = when.UTC()
	if y := when.Year(); y < 0 || y > 9999 {
		return nil, when, fmt.Errorf("cms: signing time in year %d", y)
	}
	tag, format := timeForm(when)
	if s.usual.serves(o.ContentType, len(format), digestLen) {
		return s.usual, when, nil
	}
	contentType := s.dataType
	if o.ContentType != nil {
		var err error
		if contentType, err = objectIdentifier(o.ContentType); err != nil {
			return nil, when, fmt.Errorf("cms: content type %v: %w", o.ContentType, err)
		}
	}
	return s.layout(contentType, tag, len(format), digestLen), when, nil
}

// appendInfo appends the SignerInfo.
func (s *Signer) appendInfo(dst []byte, l *layout, when time.Time, digest []byte, o Options, sc *scratch) ([]byte, error) {
	start := len(dst)
	dst = slices.Grow(dst, len(l.info)+l.signatureLen)
	dst = append(dst, l.info...)
	info := dst[start:]
	_, format := timeForm(when)
	when.AppendFormat(info[l.time:l.time], format)
	copy(info[l.digest:], digest)

	// The signature is over the attributes with the universal tag (RFC 5652
	// section 5.4).
	attributes := info[l.attrs:l.attrsEnd]
	attributes[0] = tagSet
	sc.hash.Reset()
	sc.hash.Write(attributes)
	attributes[0] = tagContext0
	hashed := sc.hash.Sum(sc.digest[:0])

	signed := len(dst)
	var err error
	if s.appender != nil {
		dst, err = s.appender.AppendSignature(dst, hashed)
	} else {
		var signature []byte
		signature, err = pki.SignDigest(s.key, nil, hashed)
		dst = append(dst, signature...)
	}
	if err != nil {
		return nil, fmt.Errorf("cms: signing: %w", err)
	}
	if n := len(dst) - signed; n != l.signatureLen {
		return nil, fmt.Errorf("%w: the key gave %d octets, want %d", ErrSignature, n, l.signatureLen)
	}
	if o.VerifyAfter {
		if err := s.public.VerifyDigest(hashed, dst[signed:]); err != nil {
			return nil, fmt.Errorf("%w: what the key returned: %w", ErrSignature, err)
		}
	}
	return dst, nil
}
