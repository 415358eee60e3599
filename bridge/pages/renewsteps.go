package pages

import (
	"context"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"slices"

	"tanba/bridge/consent"
	"tanba/bridge/prompt"
	"tanba/internal/cms"
	"tanba/internal/csr"
	"tanba/internal/enrollment"
	"tanba/internal/pki"
	"tanba/protocol"
)

func (r *Renewal) question(lang string, purpose prompt.Purpose, operation string) *consent.Question {
	return &consent.Question{Asker: consent.Asker{Origin: r.Origin}, Own: true, Purpose: purpose, Operation: operation, Locale: lang}
}

// chooseKey lets the person show the key that ends.
func (r *Renewal) chooseKey(ctx context.Context, lang string, _ renewInput) error {
	g, err := r.Desk.Ask(ctx, r.question(lang, prompt.ShowKey, "renewKey"))
	if err != nil {
		return err
	}
	c := g.Key.Certificate()
	g.Close("")
	if c == nil {
		return errNoCertificate
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.old, r.done = c, nil
	return nil
}

var (
	errNoCertificate = errors.New("the key has no certificate")
	errNoOldKey      = errors.New("no key was chosen")
	errEnded         = errors.New("the old key has ended")
)

// newFamily is what a new key is of: what the national authority issues since
// 2024, or what the old one is of, if the person wishes, for a token or an
// authority that knows nothing else. GOST 34.310-2004 is over.
func newFamily(old *pki.Certificate, same bool) pki.Family {
	if f := old.PublicKey.Family; same && (f == pki.RSA || f == pki.GOST256) {
		return f
	}
	return pki.GOST512
}

// makeRequest makes the new key for the same person.
func (r *Renewal) makeRequest(ctx context.Context, lang string, in renewInput) error {
	r.mu.Lock()
	old := r.old
	r.mu.Unlock()
	switch {
	case old == nil:
		return errNoOldKey
	case r.Now().After(old.NotAfter):
		return errEnded
	}
	q := r.question(lang, prompt.MakeKey, "renewRequest")
	template := csr.Template{Subject: old.Subject}
	if len(old.Emails) > 0 {
		template.Email = old.Emails[0]
		if template.Check() != nil {
			template.Email = "" // no request can hold it
		}
	}
	q.NewKey = &consent.NewKey{Family: newFamily(old, in.Same), Template: template}
	g, err := r.Desk.Ask(ctx, q)
	if err != nil {
		return err
	}
	p, err := g.MakeKey(ctx)
	if err != nil {
		return err
	}
	p.Renews = old.SerialHex()
	return r.Registry.Put(*p)
}

// sign puts the signature of the old key on the request, as the authority wants
// while that key is valid.
func (r *Renewal) sign(ctx context.Context, lang string, in renewInput) error {
	p, err := r.Registry.Find(in.KeyID)
	if err != nil {
		return err
	}
	q := r.question(lang, prompt.Sign, "renewSign")
	q.Select = protocol.Selection{Use: protocol.Signature, Serial: p.Renews, RefuseExpired: true}
	document := consent.Describe("request.csr", p.Request)
	document.Data = p.Request
	q.Documents = []prompt.Document{document}
	g, err := r.Desk.Ask(ctx, q)
	if err != nil {
		return err
	}
	signer, err := cms.NewSigner(g.Key, g.Key.Certificate(), g.Key.Chain()...)
	if err == nil {
		p.Signed, err = signer.Sign(p.Request, cms.Options{Time: r.Now()})
	}
	if err != nil {
		g.Close(prompt.FailedSigning)
		return err
	}
	g.Close("")
	return r.Registry.Put(p)
}

// install takes the files of certificates the person loaded.
func (r *Renewal) install(ctx context.Context, lang string, in renewInput) error {
	var ders [][]byte
	for _, text := range in.Certificates {
		data, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return enrollment.ErrNoCertificate
		}
		ders = append(ders, certificatesIn(data)...)
	}
	if len(ders) == 0 {
		return enrollment.ErrNoCertificate
	}
	waiting, err := r.Desk.Waiting(in.KeyID, ders)
	if err != nil {
		return err
	}
	q := r.question(lang, prompt.InstallCertificate, "renewInstall")
	q.Certificate = waiting
	g, err := r.Desk.Ask(ctx, q)
	if err != nil {
		return err
	}
	done, storage, err := g.Install(ctx)
	if err != nil {
		return err
	}
	place := done.Path
	if place == "" {
		place = storage
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.done = &doneView{Owner: done.Certificate.Person().CommonName, Place: place, end: done.Certificate.NotAfter}
	r.old = nil
	return nil
}

// certificatesIn reads a file: PEM with one or more, or DER.
func certificatesIn(data []byte) (ders [][]byte) {
	for rest := data; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type == "CERTIFICATE" {
			ders = append(ders, block.Bytes)
		}
	}
	if len(ders) == 0 {
		ders = append(ders, slices.Clone(data))
	}
	return ders
}

// renewFault puts the end of a step into words; a no of the person needs none.
func renewFault(err error) string {
	for key, known := range map[string]error{
		"renew.other_key": enrollment.ErrOtherKey, "renew.no_certificate": enrollment.ErrNoCertificate,
		"renew.expired": enrollment.ErrExpired, "renew.not_yet": enrollment.ErrNotYetValid,
		"renew.purpose": enrollment.ErrPurpose, "renew.unknown_ca": enrollment.ErrUnknownCA,
		"renew.broken_chain": enrollment.ErrBrokenChain, "renew.not_pending": enrollment.ErrNotPending,
		"renew.choose_first": errNoOldKey, "renew.late": errEnded,
	} {
		if errors.Is(err, known) {
			return key
		}
	}
	if err == nil || errors.Is(err, protocol.ErrCancelled) {
		return ""
	}
	return "renew.failed"
}
