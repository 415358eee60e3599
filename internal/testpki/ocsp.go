package testpki

import (
	"crypto/sha1"
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"tanba/internal/pki"
)

// Faults of a certificate status service, beside those of a TSA that it shares:
// OtherNonce, NoNonce, OldTime, FutureTime, WrongSignature, NoCertificate,
// Stranger, ExpiredService, and all of the way to it.
const (
	OtherCertificate Fault = "other certificate" // an answer about another serial number
	OtherIssuer      Fault = "other issuer"      // about a number of another authority
	NotForOCSP       Fault = "not for OCSP"      // signed with a person's key
	Cousin           Fault = "cousin"            // a responder that the root made, not the issuing authority
	OnlySHA1         Fault = "only SHA-1"        // malformedRequest for anything else
	TryLater         Fault = "try later"
	Unauthorized     Fault = "unauthorized"
	Stale            Fault = "stale" // nextUpdate in the past
	ByIssuer         Fault = "by the issuer itself"
	NextDay          Fault = "next update" // good until tomorrow
)

// Revocation says that a certificate was revoked.
type Revocation struct {
	At      time.Time
	Reason  int // -1 = none given
	Invalid time.Time
}

// Status answers for the authority whether certificates were revoked: as an OCSP
// responder for POST, and with CRLs for GET of /crl/nca_GOST.crl and so on, with
// "_d" before the dot for deltas. Fault makes it do one thing wrong.
type Status struct {
	mu        sync.Mutex
	authority *Authority
	now       func() time.Time
	fault     Fault
	crlFault  Fault
	requests  int
	revoked   map[string]Revocation // by serial number
	unknown   map[string]bool
	delta     map[string]Revocation // only in the delta
	responder map[identityKey]*Identity
	stranger  *Authority
}

// NewStatus returns a status service below a. A nil now is time.Now.
func (a *Authority) NewStatus(now func() time.Time) *Status {
	if now == nil {
		now = time.Now
	}
	return &Status{
		authority: a, now: now, revoked: map[string]Revocation{}, unknown: map[string]bool{},
		delta: map[string]Revocation{}, responder: map[identityKey]*Identity{},
	}
}

// SetFault changes what goes wrong with OCSP from now on, and counts anew.
func (s *Status) SetFault(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault, s.requests = f, 0
}

// SetCRLFault is SetFault for the lists.
func (s *Status) SetCRLFault(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.crlFault = f
}

// Requests is how many OCSP requests came since the last SetFault.
func (s *Status) Requests() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests
}

// Revoke makes the service answer "revoked".
func (s *Status) Revoke(c *pki.Certificate, r Revocation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.revoked[string(c.RawSerial())] = r
}

// RevokeInDelta is Revoke after the complete list was made.
func (s *Status) RevokeInDelta(c *pki.Certificate, r Revocation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.delta[string(c.RawSerial())] = r
}

// Forget makes the service answer "unknown".
func (s *Status) Forget(c *pki.Certificate) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unknown[string(c.RawSerial())] = true
}

// ServeHTTP answers OCSP requests and gives lists.
func (s *Status) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	list := strings.HasPrefix(r.URL.Path, "/crl/")
	fault := s.crlFault
	n := 1
	if !list {
		s.requests++
		fault, n = s.fault, s.requests
	}
	s.mu.Unlock()
	if faultyWay(w, r, fault, n) {
		return
	}
	if list {
		der, err := s.CRL(strings.TrimSuffix(strings.TrimPrefix(r.URL.Path, "/crl/"), ".crl"))
		if err != nil {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/pkix-crl")
		w.Write(der)
		return
	}
	if r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/ocsp-request" {
		http.Error(w, "POST application/ocsp-request", http.StatusBadRequest)
		return
	}
	request, err := io.ReadAll(io.LimitReader(r.Body, 64<<10))
	if err != nil {
		return
	}
	answer, err := s.Respond(request)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/ocsp-response")
	w.Write(answer)
}

// faultyWay does what may go wrong between a service and its client; false if
// nothing of the kind is wanted.
func faultyWay(w http.ResponseWriter, r *http.Request, fault Fault, n int) bool {
	switch {
	case r.Header.Get("User-Agent") == "": // what happens on the way to the test system
		http.Redirect(w, r, "http://portal.invalid/", http.StatusSeeOther)
	case fault == Slow:
		io.Copy(io.Discard, r.Body) // or the server does not see the client go
		<-r.Context().Done()
	case fault == Trickle:
		io.Copy(io.Discard, r.Body)
		w.Write([]byte{0x30})
		http.NewResponseController(w).Flush()
		<-r.Context().Done()
	case fault == Elsewhere:
		http.Redirect(w, r, "http://elsewhere.invalid/", http.StatusTemporaryRedirect)
	case fault == Seized:
		http.Redirect(w, r, "/login", http.StatusSeeOther)
	case fault == Down, fault == Flapping && n%2 == 1:
		http.Error(w, "down", http.StatusServiceUnavailable)
	case fault == NotFound:
		http.NotFound(w, r)
	case fault == Page:
		io.WriteString(w, "<!DOCTYPE html><title>Кіру</title>")
	case fault == Hangup:
		panic(http.ErrAbortHandler)
	default:
		return false
	}
	return true
}

// statusQuery is an OCSPRequest for one certificate.
type statusQuery struct {
	id     []byte // CertID
	hash   pki.OID
	key    []byte
	serial []byte
	nonce  []byte // the whole extension
}

func parseStatusQuery(der []byte) (*statusQuery, error) {
	q := &statusQuery{}
	in := cryptobyte.String(der)
	var request, tbs, list, one, id, algorithm, name, key, serial, extensions cryptobyte.String
	var has bool
	ok := in.ReadASN1(&request, cbasn1.SEQUENCE) && in.Empty() && request.ReadASN1(&tbs, cbasn1.SEQUENCE) &&
		tbs.SkipOptionalASN1(context1.Constructed()) && tbs.ReadASN1(&list, cbasn1.SEQUENCE) &&
		list.ReadASN1(&one, cbasn1.SEQUENCE) && list.Empty() && one.ReadASN1Element(&id, cbasn1.SEQUENCE)
	q.id = id
	ok = ok && id.ReadASN1(&id, cbasn1.SEQUENCE) && id.ReadASN1(&algorithm, cbasn1.SEQUENCE) &&
		algorithm.ReadASN1ObjectIdentifier(&q.hash) && id.ReadASN1(&name, cbasn1.OCTET_STRING) &&
		id.ReadASN1(&key, cbasn1.OCTET_STRING) && id.ReadASN1(&serial, cbasn1.INTEGER) && id.Empty() &&
		tbs.ReadOptionalASN1(&extensions, &has, context2.Constructed())
	if !ok {
		return nil, fmt.Errorf("testpki: OCSP request: %w", pki.ErrMalformed)
	}
	q.key, q.serial = key, serial
	if has && (!extensions.ReadASN1(&extensions, cbasn1.SEQUENCE) || !extensions.ReadASN1Element((*cryptobyte.String)(&q.nonce), cbasn1.SEQUENCE)) {
		return nil, fmt.Errorf("testpki: OCSP request: %w", pki.ErrMalformed)
	}
	return q, nil
}

// hashFor returns a hash of CertID.
func hashFor(oid pki.OID) hash.Hash {
	if f, ok := pki.FamilyOfDigest(oid); ok {
		return f.NewHash()
	}
	if oid.Equal(pki.OIDSHA1) {
		return sha1.New()
	}
	return sha256.New()
}

// issuerOf finds which of the authorities a request means.
func (s *Status) issuerOf(q *statusQuery) (authority, bool) {
	s.authority.mu.Lock()
	defer s.authority.mu.Unlock()
	for _, a := range s.authority.all() {
		h := hashFor(q.hash)
		h.Write(publicBits(a.certificate.PublicKey))
		if string(h.Sum(nil)) == string(q.key) {
			return a, true
		}
	}
	return authority{}, false
}

// all are the authorities there are.
func (a *Authority) all() []authority {
	list := []authority{a.gost.root, a.gost.issuing}
	if a.rsa != nil {
		list = append(list, a.rsa.root, a.rsa.issuing)
	}
	return list
}

// publicBits is the BIT STRING of a public key.
func publicBits(k *pki.PublicKey) []byte {
	in := cryptobyte.String(k.SPKI())
	var info cryptobyte.String
	var bits []byte
	if !in.ReadASN1(&info, cbasn1.SEQUENCE) || !info.SkipASN1(cbasn1.SEQUENCE) || !info.ReadASN1BitStringAsBytes(&bits) {
		return nil
	}
	return bits
}

// Respond answers one OCSPRequest.
func (s *Status) Respond(der []byte) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := parseStatusQuery(der)
	switch {
	case err != nil, s.fault == OnlySHA1 && !q.hash.Equal(pki.OIDSHA1):
		return ocspFailure(1)
	case s.fault == TryLater:
		return ocspFailure(3)
	}
	issuer, ok := s.issuerOf(q)
	if !ok || s.fault == Unauthorized {
		return ocspFailure(6)
	}
	id, err := s.identity(issuer)
	if err != nil {
		return nil, err
	}
	data, err := s.data(q, id)
	if err != nil {
		return nil, err
	}
	family := id.Certificate.PublicKey.Family
	h := family.NewHash()
	h.Write(data)
	signature, err := pki.SignDigest(id.Key, nil, h.Sum(nil))
	if err != nil {
		return nil, err
	}
	if s.fault == WrongSignature {
		signature[len(signature)/2] ^= 1
	}
	var basic cryptobyte.Builder
	basic.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(data)
		b.AddBytes(family.SignatureAlgorithm())
		b.AddASN1BitString(signature)
		if s.fault != NoCertificate && s.fault != ByIssuer {
			b.AddASN1(context0.Constructed(), func(b *cryptobyte.Builder) {
				b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddBytes(id.Certificate.Raw) })
			})
		}
	})
	inner, err := basic.Bytes()
	if err != nil {
		return nil, err
	}
	var out cryptobyte.Builder
	out.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Enum(0)
		b.AddASN1(context0.Constructed(), func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1ObjectIdentifier(dotted("1.3.6.1.5.5.7.48.1.1"))
				b.AddASN1OctetString(inner)
			})
		})
	})
	answer, err := out.Bytes()
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

func ocspFailure(status int64) ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1Enum(status) })
	return b.Bytes()
}

// data encodes ResponseData as the national responder does: by name, no
// nextUpdate, the nonce as it came.
func (s *Status) data(q *statusQuery, id *Identity) ([]byte, error) {
	at := s.now()
	switch s.fault {
	case OldTime:
		at = at.AddDate(0, 0, -2)
	case FutureTime:
		at = at.AddDate(0, 0, 2)
	}
	var next time.Time
	switch s.fault {
	case Stale:
		next = at.AddDate(0, 0, -1)
	case NextDay:
		next = at.AddDate(0, 0, 1)
	}
	certID := q.id
	switch s.fault {
	case OtherCertificate:
		certID = append([]byte(nil), q.id...)
		certID[len(certID)-1] ^= 1
	case OtherIssuer:
		certID = append([]byte(nil), q.id...)
		certID[len(certID)-len(q.serial)-3] ^= 1 // the last octet of the hash of the key
	}
	thisUpdate := at
	if !next.IsZero() && next.Before(thisUpdate) {
		thisUpdate = next.AddDate(0, 0, -1)
	}
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(context1.Constructed(), func(b *cryptobyte.Builder) { b.AddBytes(id.Certificate.RawSubject) })
		b.AddASN1GeneralizedTime(at.UTC())
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddBytes(certID)
				s.addStatus(b, q)
				b.AddASN1GeneralizedTime(thisUpdate.UTC())
				if !next.IsZero() {
					b.AddASN1(context0.Constructed(), func(b *cryptobyte.Builder) { b.AddASN1GeneralizedTime(next.UTC()) })
				}
			})
		})
		s.addNonce(b, q)
	})
	return b.Bytes()
}

func (s *Status) addStatus(b *cryptobyte.Builder, q *statusQuery) {
	r, revoked := s.revoked[string(q.serial)]
	if later, ok := s.delta[string(q.serial)]; ok {
		r, revoked = later, true
	}
	switch {
	case s.unknown[string(q.serial)]:
		b.AddASN1(context2, func(*cryptobyte.Builder) {})
	case revoked:
		b.AddASN1(context1.Constructed(), func(b *cryptobyte.Builder) {
			b.AddASN1GeneralizedTime(r.At.UTC())
			if r.Reason >= 0 {
				b.AddASN1(context0.Constructed(), func(b *cryptobyte.Builder) { b.AddASN1Enum(int64(r.Reason)) })
			}
		})
	default:
		b.AddASN1(context0, func(*cryptobyte.Builder) {})
	}
}

func (s *Status) addNonce(b *cryptobyte.Builder, q *statusQuery) {
	nonce := q.nonce
	if s.fault == OtherNonce && nonce != nil {
		nonce = append([]byte(nil), nonce...)
		nonce[len(nonce)-1] ^= 1
	}
	if nonce == nil || s.fault == NoNonce {
		return
	}
	b.AddASN1(context1.Constructed(), func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddBytes(nonce) })
	})
}

// identity returns the key that answers for an issuer, with what the fault wants.
func (s *Status) identity(issuer authority) (*Identity, error) {
	if s.fault == ByIssuer {
		return &Identity{Key: issuer.key, Certificate: issuer.certificate}, nil
	}
	family := issuer.certificate.PublicKey.Family
	p := Profile{Family: family, Service: OCSPResponder, NotBefore: s.now().AddDate(0, 0, -7), NotAfter: s.now().AddDate(1, 0, 0)}
	from, kind := s.authority, NoFault
	switch s.fault {
	case NotForOCSP:
		kind, p.Service = s.fault, NoService
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
		from = s.stranger
	case Cousin:
		kind = s.fault
	}
	if issuer.certificate.SelfIssued() {
		kind += " of the root"
	}
	key := identityKey{family, kind}
	if id := s.responder[key]; id != nil {
		return id, nil
	}
	from.mu.Lock()
	p.ByRoot = issuer.certificate.SelfIssued() != (s.fault == Cousin)
	id, err := from.issue(p)
	from.mu.Unlock()
	if err == nil {
		s.responder[key] = id
	}
	return id, err
}
