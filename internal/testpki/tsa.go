package testpki

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"tanba/internal/pki"
)

// TSA answers time-stamp requests (RFC 3161) over HTTP as the national authority
// does, with a certificate of the family whose hash the imprint has. Fault makes
// it do one thing wrong.
type TSA struct {
	// V2 names the certificate by signingCertificateV2; the national authority
	// still uses the first version of the attribute.
	V2 bool

	mu         sync.Mutex
	authority  *Authority
	now        func() time.Time
	fault      Fault
	requests   int
	identities map[identityKey]*Identity
	stranger   *Authority
}

type identityKey struct {
	family pki.Family
	kind   Fault
}

// Fault is something a TSA does wrong.
type Fault string

// The faults of an authority, of its certificate, and of the way to it.
const (
	NoFault Fault = ""

	OtherNonce     Fault = "other nonce"
	NoNonce        Fault = "no nonce"
	OtherImprint   Fault = "other imprint"
	OtherHash      Fault = "other hash" // the imprint's octets under another name
	OtherPolicy    Fault = "other policy"
	OldTime        Fault = "old time"    // two days ago
	FutureTime     Fault = "future time" // in two days
	Refusal        Fault = "refusal"     // rejection, badAlg
	Busy           Fault = "busy"        // rejection, systemFailure
	NoToken        Fault = "no token"    // granted, and nothing else
	WrongSignature Fault = "wrong signature"

	NotForStamps   Fault = "not for stamps" // a certificate of a person
	MorePurposes   Fault = "more purposes"
	NotCritical    Fault = "purpose not critical"
	NoCertificate  Fault = "no certificate"
	OtherESS       Fault = "other signing certificate" // names another certificate
	NoESS          Fault = "no signing certificate"
	Stranger       Fault = "stranger" // chains to a root of the same name, with another key
	ExpiredService Fault = "expired"

	Truncated Fault = "truncated"
	Trailing  Fault = "trailing octet"
	Oversized Fault = "oversized" // more than a megabyte
	Slow      Fault = "slow"      // until the client gives up
	Trickle   Fault = "trickle"   // the header at once, then nothing
	Elsewhere Fault = "redirect"  // to another host
	Seized    Fault = "seized"    // 303, as a captive portal does
	Down      Fault = "down"      // 503
	NotFound  Fault = "not found" // 404
	Hangup    Fault = "hang-up"   // the connection ends without an answer
	Page      Fault = "page"      // HTML with status 200
	NoType    Fault = "no type"   // a good answer without its media type
	Flapping  Fault = "flapping"  // every other request is answered with 503, beginning with the first
)

// NewTSA returns a time-stamping authority below a. A nil now is time.Now.
func (a *Authority) NewTSA(now func() time.Time) *TSA {
	if now == nil {
		now = time.Now
	}
	return &TSA{authority: a, now: now, identities: map[identityKey]*Identity{}}
}

// SetFault changes what goes wrong from now on, and counts anew.
func (s *TSA) SetFault(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault, s.requests = f, 0
}

// Requests is how many came since the last SetFault.
func (s *TSA) Requests() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests
}

// ServeHTTP answers a POST of application/timestamp-query.
func (s *TSA) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.requests++
	fault, n := s.fault, s.requests
	s.mu.Unlock()
	switch {
	case r.Header.Get("User-Agent") == "": // what happens on the way to the test system
		http.Redirect(w, r, "http://portal.invalid/", http.StatusSeeOther)
		return
	case r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/timestamp-query":
		http.Error(w, "POST application/timestamp-query", http.StatusBadRequest)
		return
	}
	query, err := io.ReadAll(io.LimitReader(r.Body, 64<<10))
	if err != nil {
		return
	}
	switch fault {
	case Slow:
		<-r.Context().Done()
		return
	case Trickle:
		w.Write([]byte{0x30})
		http.NewResponseController(w).Flush()
		<-r.Context().Done()
		return
	case Elsewhere:
		http.Redirect(w, r, "http://elsewhere.invalid/", http.StatusTemporaryRedirect)
		return
	case Seized:
		http.Redirect(w, r, "/login", http.StatusSeeOther)
		return
	case Down:
		http.Error(w, "down", http.StatusServiceUnavailable)
		return
	case NotFound:
		http.NotFound(w, r)
		return
	case Page:
		io.WriteString(w, "<!DOCTYPE html><title>Кіру</title>")
		return
	case Hangup:
		panic(http.ErrAbortHandler)
	}
	if fault == Flapping && n%2 == 1 {
		http.Error(w, "down", http.StatusServiceUnavailable)
		return
	}
	answer, err := s.Respond(query)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	if fault != NoType {
		w.Header().Set("Content-Type", "application/timestamp-reply")
	}
	w.Write(answer)
}

// query is a TimeStampReq.
type query struct {
	hash      []byte // AlgorithmIdentifier
	imprint   []byte
	family    pki.Family
	policy    pki.OID
	nonce     []byte // the whole INTEGER
	certsWant bool
}

func parseQuery(der []byte) (*query, error) {
	q := &query{policy: dotted(pki.PolicyTimeStamping)}
	in := cryptobyte.String(der)
	var request, imprint, algorithm, hash, octets cryptobyte.String
	var version int
	var oid pki.OID
	ok := in.ReadASN1(&request, cbasn1.SEQUENCE) && in.Empty() &&
		request.ReadASN1Integer(&version) && version == 1 &&
		request.ReadASN1(&imprint, cbasn1.SEQUENCE) &&
		imprint.ReadASN1Element(&algorithm, cbasn1.SEQUENCE) &&
		imprint.ReadASN1(&octets, cbasn1.OCTET_STRING) && imprint.Empty()
	if !ok {
		return nil, fmt.Errorf("testpki: time-stamp request: %w", pki.ErrMalformed)
	}
	q.hash, q.imprint = algorithm, octets
	if !algorithm.ReadASN1(&hash, cbasn1.SEQUENCE) || !hash.ReadASN1ObjectIdentifier(&oid) {
		return nil, fmt.Errorf("testpki: time-stamp request: %w", pki.ErrMalformed)
	}
	if q.family, ok = pki.FamilyOfDigest(oid); !ok || len(octets) != q.family.HashSize() {
		return nil, fmt.Errorf("testpki: time-stamp request: hash %v: %w", oid, pki.ErrAlgorithm)
	}
	if request.PeekASN1Tag(cbasn1.OBJECT_IDENTIFIER) && !request.ReadASN1ObjectIdentifier(&q.policy) ||
		request.PeekASN1Tag(cbasn1.INTEGER) && !request.ReadASN1Element((*cryptobyte.String)(&q.nonce), cbasn1.INTEGER) ||
		request.PeekASN1Tag(cbasn1.BOOLEAN) && !request.ReadASN1Boolean(&q.certsWant) || !request.Empty() {
		return nil, fmt.Errorf("testpki: time-stamp request: %w", pki.ErrMalformed)
	}
	return q, nil
}

// Respond answers one TimeStampReq with a TimeStampResp.
func (s *TSA) Respond(der []byte) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := parseQuery(der)
	if err != nil {
		return status(2, 5, nil) // badDataFormat
	}
	switch s.fault {
	case Refusal:
		return status(2, 0, nil)
	case Busy:
		return status(2, 25, nil)
	case NoToken:
		return status(0, -1, nil)
	}
	token, err := s.token(q)
	if err != nil {
		return nil, err
	}
	answer, err := status(0, -1, token)
	switch {
	case err != nil:
		return nil, err
	case s.fault == Truncated:
		answer = answer[:len(answer)-100]
	case s.fault == Trailing:
		answer = append(answer, 0)
	case s.fault == Oversized:
		answer = append(answer, make([]byte, 1<<20)...)
	}
	return answer, nil
}

// status encodes TimeStampResp; failure is a bit of PKIFailureInfo, or -1.
func status(code int64, failure int, token []byte) ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1Int64(code)
			if failure >= 0 {
				b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { addText(b, cbasn1.UTF8String, "сынақ\x07") })
				b.AddASN1(cbasn1.BIT_STRING, func(b *cryptobyte.Builder) {
					b.AddUint8(uint8(7 - failure%8))
					octets := make([]byte, failure/8+1)
					octets[failure/8] = 0x80 >> (failure % 8)
					b.AddBytes(octets)
				})
			}
		})
		b.AddBytes(token)
	})
	return b.Bytes()
}

// identity returns the service's key for a family, with what the fault wants.
func (s *TSA) identity(f pki.Family) (*Identity, error) {
	kind := NoFault
	p := Profile{Family: f, Service: TimeStamping, NotAfter: s.now().AddDate(3, 0, 0)}
	authority := s.authority
	switch s.fault {
	case NotForStamps:
		kind, p.Service = s.fault, NoService
	case MorePurposes:
		kind, p.ExtKeyUsage = s.fault, []string{pki.UsageTimeStamping, pki.UsageClientAuth}
	case NotCritical:
		kind, p.Service, p.ExtKeyUsage = s.fault, NoService, []string{pki.UsageTimeStamping}
	case ExpiredService:
		kind = s.fault
		p.NotBefore, p.NotAfter = s.now().Add(-12*time.Hour), s.now().Add(-time.Hour)
	case Stranger:
		kind = s.fault
		if s.stranger == nil {
			other, err := New(nil, s.now())
			if err != nil {
				return nil, err
			}
			s.stranger = other
		}
		authority = s.stranger
	}
	key := identityKey{f, kind}
	if id := s.identities[key]; id != nil {
		return id, nil
	}
	id, err := authority.Issue(p)
	if err == nil {
		s.identities[key] = id
	}
	return id, err
}

// token encodes a TimeStampToken: SignedData version 3 over a TSTInfo without
// accuracy, ordering, name and extensions.
func (s *TSA) token(q *query) ([]byte, error) {
	id, err := s.identity(q.family)
	if err != nil {
		return nil, err
	}
	info, err := s.info(q)
	if err != nil {
		return nil, err
	}
	family := id.Certificate.PublicKey.Family
	attributes, err := s.attributes(id.Certificate, family, info)
	if err != nil {
		return nil, err
	}
	h := family.NewHash()
	var set cryptobyte.Builder
	set.AddASN1(cbasn1.SET, func(b *cryptobyte.Builder) { b.AddBytes(attributes) })
	signed, err := set.Bytes()
	if err != nil {
		return nil, err
	}
	h.Write(signed)
	signature, err := pki.SignDigest(id.Key, nil, h.Sum(nil))
	if err != nil {
		return nil, err
	}
	if s.fault == WrongSignature {
		signature[len(signature)/2] ^= 1
	}
	context0 := cbasn1.Tag(0).ContextSpecific().Constructed()
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(dotted("1.2.840.113549.1.7.2"))
		b.AddASN1(context0, func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1Int64(3)
				b.AddASN1(cbasn1.SET, func(b *cryptobyte.Builder) { b.AddBytes(family.DigestAlgorithm()) })
				b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
					b.AddASN1ObjectIdentifier(oidTSTInfo)
					b.AddASN1(context0, func(b *cryptobyte.Builder) { b.AddASN1OctetString(info) })
				})
				if q.certsWant && s.fault != NoCertificate {
					b.AddASN1(context0, func(b *cryptobyte.Builder) { b.AddBytes(id.Certificate.Raw) })
				}
				b.AddASN1(cbasn1.SET, func(b *cryptobyte.Builder) {
					b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
						b.AddASN1Int64(1)
						b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
							b.AddBytes(id.Certificate.RawIssuer)
							b.AddASN1(cbasn1.INTEGER, func(b *cryptobyte.Builder) { b.AddBytes(id.Certificate.RawSerial()) })
						})
						b.AddBytes(family.DigestAlgorithm())
						b.AddASN1(context0, func(b *cryptobyte.Builder) { b.AddBytes(attributes) })
						b.AddBytes(family.SignatureAlgorithm())
						b.AddASN1OctetString(signature)
					})
				})
			})
		})
	})
	return b.Bytes()
}

var oidTSTInfo = dotted("1.2.840.113549.1.9.16.1.4")

// info encodes the TSTInfo.
func (s *TSA) info(q *query) ([]byte, error) {
	serial := make([]byte, 20)
	s.authority.mu.Lock()
	_, err := io.ReadFull(s.authority.rand, serial)
	s.authority.mu.Unlock()
	if err != nil {
		return nil, fmt.Errorf("testpki: %w", err)
	}
	serial[0] = serial[0]&0x8f | 0x10 // the shortest form, sometimes negative
	imprint, hash, policy, nonce, at := slices.Clone(q.imprint), q.hash, q.policy, q.nonce, s.now()
	switch s.fault {
	case OtherImprint:
		imprint[0] ^= 1
	case OtherHash:
		hash = pki.GOST256.DigestAlgorithm()
	case OtherPolicy:
		policy = dotted(pki.PolicyTimeStamping + ".3")
	case OtherNonce:
		nonce = []byte{0x02, 0x01, 0x2a}
	case NoNonce:
		nonce = nil
	case OldTime:
		at = at.AddDate(0, 0, -2)
	case FutureTime:
		at = at.AddDate(0, 0, 2)
	}
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(1)
		b.AddASN1ObjectIdentifier(policy)
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddBytes(hash)
			b.AddASN1OctetString(imprint)
		})
		b.AddASN1(cbasn1.INTEGER, func(b *cryptobyte.Builder) { b.AddBytes(serial) })
		b.AddASN1GeneralizedTime(at.UTC())
		b.AddBytes(nonce)
	})
	return b.Bytes()
}

// attributes encodes the signed attributes without the tag of their SET.
func (s *TSA) attributes(c *pki.Certificate, family pki.Family, info []byte) ([]byte, error) {
	h := family.NewHash()
	h.Write(info)
	raw := c.Raw
	if s.fault == OtherESS {
		raw = s.authority.Issuing().Raw
	}
	signingCertificate, v1, v2 := dotted("1.2.840.113549.1.9.16.2.12"), sha1.Sum(raw), sha256.Sum256(raw)
	hash := v1[:]
	if s.V2 {
		signingCertificate, hash = dotted("1.2.840.113549.1.9.16.2.47"), v2[:]
	}
	var list [][]byte
	var failed error
	attribute := func(oid pki.OID, value func(*cryptobyte.Builder)) {
		var b cryptobyte.Builder
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(oid)
			b.AddASN1(cbasn1.SET, value)
		})
		der, err := b.Bytes()
		if err != nil {
			failed = fmt.Errorf("testpki: %w", err)
		}
		list = append(list, der)
	}
	attribute(dotted("1.2.840.113549.1.9.3"), func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(oidTSTInfo) })
	attribute(dotted("1.2.840.113549.1.9.4"), func(b *cryptobyte.Builder) { b.AddASN1OctetString(h.Sum(nil)) })
	attribute(dotted("1.2.840.113549.1.9.5"), func(b *cryptobyte.Builder) { addTime(b, s.now()) })
	if s.fault != NoESS {
		attribute(signingCertificate, func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
					b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1OctetString(hash) })
				})
			})
		})
	}
	slices.SortFunc(list, bytes.Compare)
	return bytes.Join(list, nil), failed
}
