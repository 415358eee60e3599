package pages

import (
	"context"
	"io"
	"time"

	"tanba/bridge/consent"
	"tanba/internal/i18n"
)

// Desk is what the pages need of the consent desk; *consent.Desk is one.
type Desk interface {
	Permissions() []consent.Permission
	Revoke(id string) bool
	Block(id string)
	Unblock(id string) bool
	Journal(consent.JournalQuery) ([]consent.JournalEntry, int, error)
	ExportJournal(io.Writer, string, consent.JournalQuery) error
	ClearJournal() error
	VerifyJournal() ([]consent.Breach, error)
}

// permission is a permission as the page shows it.
type permission struct {
	ID         string  `json:"id"`
	Name       string  `json:"name"`
	Detail     string  `json:"detail"`
	Program    bool    `json:"program"`
	Secure     bool    `json:"secure"`
	Suspicious bool    `json:"suspicious"`
	Blocked    string  `json:"blocked,omitempty"`
	Created    string  `json:"created,omitempty"`
	Used       string  `json:"used,omitempty"`
	Count      int     `json:"count"`
	Key        string  `json:"key,omitempty"`
	Seeded     bool    `json:"seeded,omitempty"`     // on the administrator's list
	SeededList bool    `json:"seededList,omitempty"` // and allowed to learn of tokens by it
	Scopes     []scope `json:"scopes"`
}

type scope struct {
	Name   string `json:"name"` // catalogue key: pages.scope.list, …
	Count  int    `json:"count"`
	Always bool   `json:"always"`
}

// DeskCalls are the calls of permissions and journal.
func DeskCalls(d Desk) map[string]Call {
	change := func(do func(id string)) Call {
		return func(_ context.Context, lang string, body []byte) (any, error) {
			in, err := Decode[struct{ ID string }](body)
			if err != nil || in.ID == "" {
				return nil, &Fault{Key: "pages.failed"}
			}
			do(in.ID)
			return listPermissions(d, lang), nil
		}
	}
	return map[string]Call{
		"permissions": func(_ context.Context, lang string, _ []byte) (any, error) { return listPermissions(d, lang), nil },
		"revoke":      change(func(id string) { d.Revoke(id) }),
		"block":       change(d.Block),
		"unblock":     change(func(id string) { d.Unblock(id) }),
		"journal": func(_ context.Context, lang string, body []byte) (any, error) {
			return readJournal(d, lang, body)
		},
		"journal/export": func(_ context.Context, _ string, body []byte) (any, error) { return exportJournal(d, body) },
		"journal/clear": func(context.Context, string, []byte) (any, error) {
			return struct{}{}, d.ClearJournal()
		},
	}
}

func listPermissions(d Desk, lang string) []permission {
	out := []permission{}
	for _, p := range d.Permissions() {
		v := permission{
			ID: p.ID, Name: p.Site.Name, Detail: p.Site.Detail, Program: p.Site.Local, Secure: p.Site.Secure, Suspicious: p.Site.Suspicious,
			Blocked: date(lang, p.Blocked), Created: date(lang, p.Created), Used: date(lang, p.Used), Count: p.Count, Key: p.Key, Scopes: []scope{}, Seeded: p.Seeded, SeededList: p.SeededList,
		}
		for _, s := range p.Scopes {
			v.Scopes = append(v.Scopes, scope{"pages.scope." + string(s.Scope), s.Count, s.Always})
		}
		out = append(out, v)
	}
	return out
}

// journalQuery is what the page asks for.
type journalQuery struct {
	Text, Outcome string
	Skip          int
	Format        string
}

const journalPage = 50

func (q journalQuery) query(limit int) consent.JournalQuery {
	return consent.JournalQuery{Text: q.Text, Outcome: q.Outcome, Skip: max(0, q.Skip), Limit: limit}
}

type journalEntry struct {
	Time      string   `json:"time"`
	Who       string   `json:"who"`
	Operation string   `json:"operation"` // in words
	Method    string   `json:"method"`    // as the page called it
	Documents int      `json:"documents"`
	Signed    int      `json:"signed,omitempty"` // of those that failed together
	Failed    []int    `json:"failed,omitempty"` // numbers of documents that could not be signed
	Names     []string `json:"names"`
	SHA256    []string `json:"sha256"`
	Key       string   `json:"key"`
	Outcome   string   `json:"outcome"` // catalogue key
	Policy    string   `json:"policy,omitempty"`
}

func readJournal(d Desk, lang string, body []byte) (any, error) {
	q, err := Decode[journalQuery](body)
	if err != nil {
		return nil, err
	}
	entries, total, err := d.Journal(q.query(journalPage))
	if err != nil {
		return nil, err
	}
	breaches, err := d.VerifyJournal()
	if err != nil {
		return nil, err
	}
	out := struct {
		Entries []journalEntry `json:"entries"`
		Total   int            `json:"total"`
		Page    int            `json:"page"`
		Broken  []string       `json:"broken"`
	}{[]journalEntry{}, total, journalPage, []string{}}
	for _, e := range entries {
		out.Entries = append(out.Entries, journalEntry{
			Time: moment(lang, e.Time), Who: first(e.Origin, e.Program), Operation: operationText(lang, e.Operation), Method: e.Operation, Documents: e.Documents,
			Names: e.Names, SHA256: e.SHA256, Key: e.KeySerial, Outcome: "pages.outcome." + e.Outcome, Policy: e.Policy,
			Signed: e.Signed, Failed: e.Failed,
		})
	}
	for _, b := range breaches {
		out.Broken = append(out.Broken, i18n.T(lang, "pages.journal.breach_"+b.What, b.File, b.Line))
	}
	return out, nil
}

func exportJournal(d Desk, body []byte) (any, error) {
	q, err := Decode[journalQuery](body)
	if err != nil {
		return nil, err
	}
	kinds := map[string]string{"csv": "text/csv; charset=utf-8", "json": "application/json"}
	kind, ok := kinds[q.Format]
	if !ok {
		return nil, &Fault{Key: "pages.failed"}
	}
	query := q.query(0)
	return &Download{Name: "tanba-journal." + q.Format, Type: kind, Write: func(w io.Writer) error {
		return d.ExportJournal(w, q.Format, query)
	}}, nil
}

func date(lang string, t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return i18n.Date(lang, t)
}

// moment is a day with its time, in the time of Kazakhstan.
func moment(lang string, t time.Time) string {
	return i18n.Date(lang, t) + ", " + i18n.Almaty(t).Format("15:04")
}

func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}
