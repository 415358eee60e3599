package verification

import (
	"bytes"
	"context"
	"io"
	"sync"
	"time"

	"tanba/internal/cms"
	"tanba/internal/pki"
	"tanba/internal/revocation"
)

// Trust is against what a Verifier judges.
type Trust struct {
	// Roots are trusted besides the national anchors.
	Roots []*pki.Certificate
	// Known are certificates of authorities at hand. They are no trust; anchors
	// that are known by the hash of their key alone need theirs.
	Known []*pki.Certificate
	// Revocation asks the authority's services; nil = nobody is asked.
	Revocation *revocation.Client
	Now        func() time.Time // nil = time.Now
}

// Verifier judges many files and remembers the chains of certificates. It may be
// used by many goroutines.
type Verifier struct {
	t                Trust
	production, test *pki.Pool
	anchors          []pki.Anchor

	mu     sync.Mutex
	chains map[chainKey]*chainResult
}

// New makes one.
func New(t Trust) *Verifier {
	if t.Now == nil {
		t.Now = time.Now
	}
	v := &Verifier{t: t, anchors: pki.Anchors(true, true), chains: map[chainKey]*chainResult{}}
	v.production, v.test = pki.NewPool(pki.Anchors(true, false)), pki.NewPool(pki.Anchors(false, true))
	for _, c := range t.Roots {
		v.production.AddRoot(c)
		v.test.AddRoot(c)
	}
	for _, c := range t.Known {
		v.production.AddCertificate(c)
		v.test.AddCertificate(c)
	}
	return v
}

// CMS judges a CMS signature given as DER, PEM or base64, without asking
// anybody. The error is for a file that is no readable signature at all;
// everything else is in the Report.
func CMS(data []byte, o Options) (*Report, error) {
	return New(Trust{Roots: o.Roots}).CMS(context.Background(), data, o)
}

// Large is CMS for a signature with its content inside that is too large for
// memory. It takes DER only.
func Large(r io.ReaderAt, size int64, o Options) (*Report, error) {
	return New(Trust{Roots: o.Roots}).Large(context.Background(), r, size, o)
}

// XML judges the signatures in an XML document without asking anybody.
func XML(data []byte, o Options) (*Report, error) {
	return New(Trust{Roots: o.Roots}).XML(context.Background(), data, o)
}

// CMS is the function of that name.
func (v *Verifier) CMS(ctx context.Context, data []byte, o Options) (*Report, error) {
	return v.cms(ctx, data, o, 0)
}

// maxNested is how deep a signed file may lie in another.
const maxNested = 4

func (v *Verifier) cms(ctx context.Context, data []byte, o Options, depth int) (*Report, error) {
	sd, err := cms.ParseAny(data)
	if err != nil {
		return nil, err
	}
	report := &Report{Content: sd.Content, Detached: sd.Detached}
	var verified []cms.Verified
	switch {
	case !sd.Detached:
		verified, err = sd.Verify(nil)
	case o.Content != nil:
		report.Content = o.Content
		verified, err = sd.Verify(o.Content)
	case o.Reader != nil:
		verified, err = sd.VerifyReader(o.Reader)
	default:
		return report, cms.ErrContentMissing
	}
	if err := v.add(ctx, report, sd, verified, err, o); err != nil {
		return report, err
	}
	if depth < maxNested && len(report.Content) > 0 && report.Content[0] == 0x30 && cms.IsSignedData(report.Content) {
		inner, err := v.cms(ctx, report.Content, Options{At: o.At}, depth+1)
		// A detached signature that was signed as a file is a content like others.
		if err == nil {
			report.Inner = inner
		}
	}
	return report, nil
}

// Large is the function of that name.
func (v *Verifier) Large(ctx context.Context, r io.ReaderAt, size int64, o Options) (*Report, error) {
	der, content, err := cms.Detach(r, size)
	if err != nil {
		return nil, err
	}
	sd, err := cms.Parse(der)
	if err != nil {
		return nil, err
	}
	report := &Report{}
	verified, err := sd.VerifyReader(content)
	return report, v.add(ctx, report, sd, verified, err, o)
}

// add takes the verdicts on the signatures and judges the rest.
func (v *Verifier) add(ctx context.Context, r *Report, sd *cms.SignedData, verified []cms.Verified, err error, o Options) error {
	if err != nil && len(verified) == 0 {
		return err
	}
	archive := revocation.NewArchive(sd.OCSPResponses(), sd.CRLs)
	for i, one := range verified {
		s := Signer{Err: one.Err, Certificate: one.Certificate, SigningTime: one.Time, Stamped: len(one.TimestampToken) > 0, State: Unknown, Level: LevelB}
		if one.Certificate != nil {
			j := &judgement{v: v, extra: sd.Certificates, archive: archive, at: v.when(o.At)}
			j.judge(ctx, &s, one.TimestampToken, one.Signer.Signature)
			if one.Err == nil {
				j.archives(ctx, &s, sd, i, r.Content)
			}
			s.Level = j.level(&s)
		}
		r.Signers = append(r.Signers, s)
	}
	return nil
}

func (v *Verifier) when(at time.Time) time.Time {
	if at.IsZero() {
		return v.t.Now()
	}
	return at
}

// chainKey names a search for a chain. Every moment gives its own result, so
// those of one second are taken for the same.
type chainKey struct {
	leaf  [32]byte
	extra [32]byte
	at    int64
}

type chainResult struct {
	chain *pki.Chain
	state CertificateState
	err   error
}

// maxChains bounds what is remembered.
const maxChains = 4096

// chain finds the chain of a certificate at a time and says what it is worth.
func (v *Verifier) chain(leaf *pki.Certificate, at time.Time, extra []*pki.Certificate) *chainResult {
	key := chainKey{leaf: leaf.Fingerprint(), at: at.Unix()}
	for _, c := range extra {
		if bytes.Equal(c.Raw, leaf.Raw) {
			continue
		}
		sum := c.Fingerprint()
		for i := range sum {
			key.extra[i] ^= sum[i]
		}
	}
	v.mu.Lock()
	known := v.chains[key]
	v.mu.Unlock()
	if known != nil {
		return known
	}
	result := v.build(leaf, at, extra)
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.chains) >= maxChains {
		clear(v.chains)
	}
	v.chains[key] = result
	return result
}
