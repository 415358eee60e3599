// Package report puts the verdict on a signed file into words, in Kazakh,
// Russian or English: for the command line, and as a page to be printed.
//
// It decides nothing. Who a certificate belongs to, what it may do and what
// others wrote into a file is shown as text; the page escapes it and loads
// nothing from anywhere.
package report

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"tanba/internal/i18n"
	"tanba/internal/pki"
	"tanba/internal/revocation"
	"tanba/internal/verification"
)

// Kind says how a line is meant.
type Kind string

// Kinds.
const (
	Plain Kind = "plain"
	Good  Kind = "good"
	Warn  Kind = "warn"
	Bad   Kind = "bad"
)

// Line is one sentence.
type Line struct {
	Kind Kind
	Text string
}

// Person is a signer in words: what everybody wants to know first, and what a
// printed page has room for besides.
type Person struct {
	Lines  []Line
	Detail []Line
}

// Document is a verdict in words.
type Document struct {
	File    string
	Verdict Line
	Lines   []Line
	Signers []Person
	Inner   *Document
}

// Options of Words.
type Options struct {
	Language string
	File     string
	// Size of the content where it is not in memory; 0 = not known.
	Size int64
	// Asked: the authority's services were to be asked.
	Asked bool
	// Require: a certificate of whose revocation nothing is known is trouble.
	Require bool
}

// Words puts a verdict into words.
func Words(r *verification.Report, o Options) *Document {
	w := words{o}
	return w.document(r)
}

type words struct{ Options }

func (w words) t(key string, args ...any) string { return i18n.T(w.Language, key, args...) }

func (w words) document(r *verification.Report) *Document {
	d := &Document{File: w.File}
	switch {
	case !r.Good():
		d.Verdict = Line{Bad, w.t("cli.verdict.bad")}
	case !r.Trusted(), w.Require && r.Unchecked():
		d.Verdict = Line{Warn, w.t("cli.verdict.untrusted")}
	default:
		d.Verdict = Line{Good, w.t("cli.verdict.good")}
	}
	d.Lines = append(d.Lines, Line{Plain, w.t("verify.content", w.content(r))})
	for i := range r.Signers {
		d.Signers = append(d.Signers, w.signer(&r.Signers[i]))
	}
	if w.Require && r.Unchecked() {
		d.Lines = append(d.Lines, Line{Warn, w.t("verify.require")})
	}
	if r.Inner != nil {
		inner := w
		inner.File = ""
		d.Inner = inner.document(r.Inner)
	}
	return d
}

func (w words) content(r *verification.Report) string {
	if r.Content == nil {
		if w.Size > 0 {
			return i18n.Size(w.Language, w.Size)
		}
		return w.t("verify.content_large")
	}
	sum := sha256.Sum256(r.Content)
	return i18n.Size(w.Language, int64(len(r.Content))) + ", SHA-256 " + hex.EncodeToString(sum[:])
}

func (w words) signer(s *verification.Signer) Person {
	var p Person
	add := func(k Kind, key string, args ...any) { p.Lines = append(p.Lines, Line{k, w.t(key, args...)}) }
	if s.Err != nil {
		add(Bad, "cli.signature_bad", w.because(s.Err))
	}
	if s.Certificate == nil {
		return p
	}
	who := s.Certificate.Person()
	add(Plain, "cli.signed_by", Owner(who, w.Language))
	if who.Role != "" {
		add(Plain, "verify.role", w.t("role."+string(who.Role)))
	}
	if s.Part != "" && s.Part != "/" {
		add(Plain, "cli.signed_part", Printable(s.Part))
	}
	if !s.SigningTime.IsZero() {
		add(Plain, "verify.claimed", w.moment(s.SigningTime))
	}
	w.stamps(s, add)
	w.certificate(s, add)
	w.revocation(s, add)
	if s.Level != "" {
		add(Plain, "verify.level."+string(s.Level))
	}

	detail := func(key string, args ...any) { p.Detail = append(p.Detail, Line{Plain, w.t(key, args...)}) }
	detail("verify.page.serial", s.Certificate.SerialHex())
	detail("verify.page.issuer", Printable(s.Certificate.Issuer.String()))
	detail("verify.page.valid", w.moment(s.Certificate.NotBefore), w.moment(s.Certificate.NotAfter))
	return p
}

func (w words) stamps(s *verification.Signer, add func(Kind, string, ...any)) {
	switch st := s.Stamp; {
	case st == nil:
		if s.Err == nil && s.Level != "" {
			add(Plain, "verify.no_stamp")
		}
	case st.Err != nil && !s.Intact():
		add(Bad, "verify.stamp_broken", Printable(st.Err.Error()))
	case st.Err != nil:
		add(Warn, "verify.stamp_untrusted", Printable(st.Err.Error()))
	default:
		key := "verify.stamped"
		if st.Test {
			key = "verify.stamped_test"
		}
		add(Good, key, w.moment(st.Time), Printable(st.Authority.Subject.CommonName()))
	}
	for _, a := range s.Archives {
		if a.Err != nil {
			add(Bad, "verify.archive_broken", Printable(a.Err.Error()))
			continue
		}
		add(Good, "verify.archived", w.moment(a.Time))
	}
}

func (w words) certificate(s *verification.Signer, add func(Kind, string, ...any)) {
	if s.Then != "" {
		kind := Warn
		if s.Then == verification.Trusted || s.Then == verification.TrustedTest {
			kind = Good
		}
		add(kind, "verify.then."+string(s.Then))
	}
	if s.State != verification.Revoked {
		kind := Good
		switch {
		case s.State == verification.TrustedTest || s.Trusted() && s.State != verification.Trusted:
			kind = Plain
		case s.State != verification.Trusted:
			kind = Warn
		}
		add(kind, "cli.cert."+string(s.State), i18n.Date(w.Language, s.Certificate.NotBefore), i18n.Date(w.Language, s.Certificate.NotAfter), s.Anchor)
	}
}

// reasons in words.
var reasons = map[revocation.Reason]string{
	revocation.KeyCompromise: "key", revocation.CACompromise: "ca", revocation.AACompromise: "ca",
	revocation.AffiliationChanged: "affiliation", revocation.Superseded: "superseded",
	revocation.CessationOfOperation: "cessation", revocation.CertificateHold: "hold", revocation.PrivilegeWithdrawn: "privilege",
}

func (w words) reason(r revocation.Reason) string {
	key := reasons[r]
	if key == "" {
		key = "none"
	}
	return w.t("verify.reason." + key)
}

func (w words) revocation(s *verification.Signer, add func(Kind, string, ...any)) {
	st := s.Status
	switch {
	case st == nil && s.StatusErr == nil:
		add(Plain, "cli.revocation_unchecked")
		return
	case st == nil:
		w.unanswered(s.StatusErr, add)
		return
	}
	kind := Warn
	if s.Trusted() {
		kind = Plain
	}
	switch {
	case st.State == revocation.Unknown:
		add(Warn, "verify.not_known")
	case st.NeverIssued:
		add(Warn, "verify.never_issued")
	case st.State == revocation.Revoked:
		add(kind, "verify.revoked", w.moment(st.RevokedAt), w.reason(st.Reason))
	case s.State == verification.Revoked && s.StateErr != nil:
		add(Warn, "verify.revoked_above", Printable(s.StateErr.Error()))
	default:
		source := "verify.source." + string(st.Source)
		if s.Evidence == verification.FromSignature {
			source += "_inside"
		}
		add(Good, "verify.not_revoked", w.t(source), w.moment(st.ThisUpdate))
	}
	if st.Fallback != nil {
		add(Plain, "verify.fallback")
	}
}

// unanswered says why nothing is known, if anybody was to be asked.
func (w words) unanswered(err error, add func(Kind, string, ...any)) {
	kind := Plain
	if w.Require {
		kind = Warn
	}
	switch {
	case !w.Asked:
		add(Plain, "cli.revocation_unchecked")
	case errors.Is(err, revocation.ErrUnreachable):
		add(kind, "verify.unreachable")
	case errors.Is(err, revocation.ErrNoAddress), errors.Is(err, revocation.ErrAddress):
		add(kind, "verify.no_address")
	default:
		add(kind, "verify.answer_wrong", Printable(err.Error()))
	}
}

// moment is a day and a time of day, in Kazakhstan.
func (w words) moment(t time.Time) string {
	return i18n.Date(w.Language, t) + ", " + i18n.Almaty(t).Format("15:04:05")
}

// Owner names a certificate's holder as people do: person, identifier,
// organisation. The identifiers have their names in the language.
func Owner(p pki.Subject, language string) string {
	parts := []string{strings.TrimSpace(p.CommonName + " " + p.Patronymic)}
	if p.IIN != "" {
		parts = append(parts, i18n.T(language, "key.iin")+" "+p.IIN)
	}
	if p.Organisation != "" {
		parts = append(parts, p.Organisation)
	}
	if p.BIN != "" {
		parts = append(parts, i18n.T(language, "key.bin")+" "+p.BIN)
	}
	return Printable(strings.Join(parts, ", "))
}

// Printable takes out what others may have put into a text to mislead a
// terminal: control characters and those that change the direction of writing.
func Printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r < 0x20, r >= 0x7f && r < 0xa0, r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069,
			r == 0x200e, r == 0x200f, r == 0x61c, r == 0x2028, r == 0x2029, r == 0xfeff:
			return ' '
		}
		return r
	}, s)
}
