package pages

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"tanba/internal/cms"
	"tanba/internal/i18n"
	"tanba/internal/verification"
	"tanba/internal/verification/report"
)

// Verify judges the files that were dropped on the page. They come from the
// browser to this program on the same machine and are kept no longer than the
// answer takes.
type Verify struct {
	// Verifier is who judges; online: it may ask the authority's services about
	// certificates. require: they have to answer.
	Verifier func(online bool) (v *verification.Verifier, require bool, err error)
	// Online says whether the settings let anybody be asked.
	Online func() bool
	Now    func() time.Time // nil = time.Now
}

// asking bounds the time in which services answer, so that what is known without
// them is still told within a call's patience.
const asking = 40 * time.Second

// Calls of the page.
func (v Verify) Calls() map[string]Call {
	return map[string]Call{
		"verify/options": func(context.Context, string, []byte) (any, error) {
			return map[string]any{"online": v.Online(), "limit": maxDropped}, nil
		},
	}
}

// Streams of the page. One judgement at a time is enough for one person and
// bounds the memory.
func (v Verify) Streams() map[string]Stream {
	turn := make(chan struct{}, 1)
	return map[string]Stream{
		"verify": func(ctx context.Context, lang string, body io.Reader) (any, error) {
			ctx, stop := context.WithTimeout(ctx, asking)
			defer stop()
			select {
			case turn <- struct{}{}:
				defer func() { <-turn }()
			case <-ctx.Done():
				return nil, context.Cause(ctx)
			}
			d, err := readDropped(body)
			if err != nil {
				return nil, err
			}
			return v.judge(ctx, lang, d)
		},
	}
}

// judgement is what the page shows.
type judgement struct {
	Documents []judged `json:"documents"`
	Report    string   `json:"report"` // a page to be saved and printed
	Asked     bool     `json:"asked"`
}

type judged struct {
	File    string         `json:"file,omitempty"`
	Kind    report.Kind    `json:"kind"`
	Verdict string         `json:"verdict"`
	Lines   []judgedLine   `json:"lines"`
	Signers []judgedSigner `json:"signers"`
	Inner   *judged        `json:"inner,omitempty"`
}

type judgedLine struct {
	Kind report.Kind `json:"kind"`
	Text string      `json:"text"`
}

type judgedSigner struct {
	Lines  []judgedLine `json:"lines"`
	Detail []judgedLine `json:"detail"`
}

func (v Verify) judge(ctx context.Context, lang string, d *dropped) (any, error) {
	asked := d.Online && v.Online()
	verifier, require, err := v.Verifier(asked)
	if err != nil {
		return nil, err
	}
	out := judgement{Documents: []judged{}, Asked: asked}
	var words []*report.Document
	used := map[int]bool{} // as the content of a signature apart
	verdicts := make([]*report.Document, len(d.Files))
	for _, i := range d.order() {
		if used[i] {
			continue
		}
		f := d.Files[i]
		content := d.contentOf(i)
		o := verification.Options{}
		if content >= 0 {
			o.Content = d.Files[content].data
		}
		r, err := open(ctx, verifier, f.data, o)
		if reason := unreadable(r, err); reason != "" {
			verdicts[i] = &report.Document{File: report.Printable(f.Name), Verdict: report.Line{Kind: report.Bad, Text: i18n.T(lang, reason)}}
			continue
		}
		if r.Detached && content >= 0 {
			used[content] = true
		}
		verdicts[i] = report.Words(r, report.Options{Language: lang, File: report.Printable(f.Name), Asked: asked, Require: require})
	}
	for i, w := range verdicts {
		if w != nil && !used[i] {
			words = append(words, w)
			out.Documents = append(out.Documents, view(w))
		}
	}
	now := time.Now
	if v.Now != nil {
		now = v.Now
	}
	var page strings.Builder
	if err := report.Page(&page, lang, now(), words...); err != nil {
		return nil, err
	}
	out.Report = page.String()
	return out, nil
}

func open(ctx context.Context, v *verification.Verifier, data []byte, o verification.Options) (*verification.Report, error) {
	if verification.IsXML(data) {
		return v.XML(ctx, data, o)
	}
	return v.CMS(ctx, data, o)
}

// unreadable is the key of the text that says why a file has no verdict, or "".
func unreadable(r *verification.Report, err error) string {
	switch {
	case errors.Is(err, cms.ErrContentMissing):
		return "pages.verify.content_missing"
	case r == nil || len(r.Signers) == 0:
		return "pages.verify.not_signed"
	}
	return ""
}

func view(d *report.Document) judged {
	v := judged{File: d.File, Kind: d.Verdict.Kind, Verdict: d.Verdict.Text, Lines: lines(d.Lines), Signers: []judgedSigner{}}
	for _, s := range d.Signers {
		v.Signers = append(v.Signers, judgedSigner{lines(s.Lines), lines(s.Detail)})
	}
	if d.Inner != nil {
		inner := view(d.Inner)
		v.Inner = &inner
	}
	return v
}

func lines(in []report.Line) []judgedLine {
	out := []judgedLine{}
	for _, l := range in {
		out = append(out, judgedLine{l.Kind, l.Text})
	}
	return out
}

// order has signatures before what may be their contents.
func (d *dropped) order() []int {
	var first, last []int
	for i, f := range d.Files {
		if _, apart := contentName(f.Name); apart || isContainer(f.data) {
			first = append(first, i)
			continue
		}
		last = append(last, i)
	}
	return append(first, last...)
}

// isContainer reports whether data may be a CMS container in one of its dresses.
func isContainer(data []byte) bool {
	return bytes.HasPrefix(data, []byte{0x30}) || bytes.HasPrefix(data, []byte("-----BEGIN")) || bytes.HasPrefix(data, []byte("MI"))
}

// contentOf finds the file a signature may stand beside: X for X.p7s, or the
// other one of two; -1 = none. A wrong guess can only fail to verify.
func (d *dropped) contentOf(i int) int {
	if name, ok := contentName(d.Files[i].Name); ok {
		if j := slices.IndexFunc(d.Files, func(f droppedFile) bool { return f.Name == name }); j >= 0 && j != i {
			return j
		}
	}
	if len(d.Files) == 2 {
		return 1 - i
	}
	return -1
}

func contentName(name string) (string, bool) {
	for _, suffix := range []string{".p7s", ".sig", ".cms", ".p7m"} {
		if n := len(name) - len(suffix); n > 0 && strings.EqualFold(name[n:], suffix) {
			return name[:n], true
		}
	}
	return "", false
}
