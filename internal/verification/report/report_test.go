package report_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"tanba/internal/cms"
	"tanba/internal/i18n"
	"tanba/internal/pki"
	"tanba/internal/revocation"
	"tanba/internal/testpki"
	"tanba/internal/verification"
	"tanba/internal/verification/report"
)

var now = time.Date(2026, time.November, 23, 12, 0, 0, 0, time.UTC)

// Every verdict has its words in every language, and a text without its key.
func TestWords(t *testing.T) {
	a, err := testpki.New(nil, now)
	if err != nil {
		t.Fatal(err)
	}
	id, err := a.Issue(testpki.Profile{Role: pki.RoleFinance})
	if err != nil {
		t.Fatal(err)
	}
	good := func(change func(*verification.Signer)) *verification.Report {
		s := verification.Signer{Certificate: id.Certificate, Level: verification.LevelB, SigningTime: now, State: verification.Trusted, Anchor: "NCA"}
		change(&s)
		return &verification.Report{Content: []byte("x"), Signers: []verification.Signer{s}}
	}
	status := func(s revocation.Status) func(*verification.Signer) {
		return func(v *verification.Signer) {
			v.Status, v.Evidence = &s, verification.FromService
			if s.State == revocation.Revoked {
				v.State = verification.Revoked
			}
		}
	}
	for _, tt := range []struct {
		name    string
		r       *verification.Report
		asked   bool
		require bool
		kind    report.Kind
		want    string // in English
	}{
		{"nobody asked", good(func(*verification.Signer) {}), false, false, report.Good, "revocation was not checked"},
		{"not revoked", good(status(revocation.Status{State: revocation.Good, Source: revocation.CRL, ThisUpdate: now})), true, false, report.Good, "not revoked: revocation list, 23 November 2026, 17:00:00"},
		{"revoked", good(status(revocation.Status{State: revocation.Revoked, Reason: revocation.Superseded, RevokedAt: now})), true, false, report.Warn, "replaced by a new one"},
		{"never issued", good(status(revocation.Status{State: revocation.Revoked, NeverIssued: true})), true, false, report.Warn, "never issued"},
		{"a wrong answer", good(func(s *verification.Signer) { s.StatusErr = revocation.ErrNonce }), true, false, report.Good, "the answer of the service is wrong"},
		{"no answer", good(func(s *verification.Signer) { s.StatusErr = revocation.ErrUnreachable }), true, false, report.Good, "services did not answer"},
		{"no answer, and wanted", good(func(s *verification.Signer) { s.StatusErr = revocation.ErrUnreachable }), true, true, report.Warn, "the administrator wants"},
		{"bad", good(func(s *verification.Signer) { s.Err = cms.ErrDigestMismatch }), true, false, report.Bad, "digest mismatch"},
		{"a wrong archive stamp", good(func(s *verification.Signer) { s.Archives = []verification.Stamp{{Err: cms.ErrArchive}} }), true, false, report.Bad, "archive time stamp is WRONG"},
		{"expired", good(func(s *verification.Signer) { s.State = verification.Expired }), true, false, report.Warn, "has expired"},
		{"hostile text", good(func(s *verification.Signer) { s.Err = errors.New("\x1b[2J\u202e<img src=x>") }), true, false, report.Bad, "reason:  [2J <img src=x>"},
		{"nested", &verification.Report{Signers: good(func(*verification.Signer) {}).Signers, Inner: good(func(s *verification.Signer) { s.Err = cms.ErrSignature })}, true, false, report.Bad, "a file too large"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, lang := range i18n.Languages {
				d := report.Words(tt.r, report.Options{Language: lang, File: "акт.cms", Asked: tt.asked, Require: tt.require})
				if d.Verdict.Kind != tt.kind {
					t.Errorf("%s: %s, want %s", lang, d.Verdict.Kind, tt.kind)
				}
				var page bytes.Buffer
				if err := report.Page(&page, lang, now, d); err != nil {
					t.Fatal(err)
				}
				var all []string
				for _, l := range d.Lines {
					all = append(all, l.Text)
				}
				for _, s := range d.Signers {
					for _, l := range append(s.Lines, s.Detail...) {
						all = append(all, l.Text)
					}
				}
				text := strings.Join(all, "\n")
				for _, bad := range []string{"verify.", "cli.", "role.", "\x1b", "\u202e", "{0}"} {
					if strings.Contains(text, bad) || strings.Contains(page.String(), bad) {
						t.Errorf("%s: %q in\n%s", lang, bad, text)
					}
				}
				if strings.Contains(page.String(), "<img") || strings.Contains(page.String(), "ZgotmplZ") {
					t.Errorf("%s: markup of others in the page", lang)
				}
				if lang == "en" && !strings.Contains(text, tt.want) {
					t.Errorf("no %q in\n%s", tt.want, text)
				}
			}
		})
	}
}
