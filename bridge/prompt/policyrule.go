package prompt

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// rule is one thing an administrator lets a robot do. docs/robots.md explains it
// to administrators.
type rule struct {
	Name    string `json:"name"`
	Origin  string `json:"origin,omitempty"`  // of a page, exactly; or
	Program string `json:"program,omitempty"` // executable of a local program
	// ProgramSHA256 is of that executable, hexadecimal; "" = whatever lies there.
	ProgramSHA256 string `json:"programSha256,omitempty"`
	Operation     string `json:"operation"` // as the page calls it
	Key           struct {
		File       string `json:"file,omitempty"`  // absolute path of a key file; or
		Token      string `json:"token,omitempty"` // serial of a token
		SHA256     string `json:"sha256"`          // of the certificate, hexadecimal
		SecretFile string `json:"secretFile,omitempty"`
		Keychain   string `json:"keychain,omitempty"` // name of the secret there
	} `json:"key"`
	Documents struct {
		Max      int      `json:"max"`      // in one request
		MaxBytes int64    `json:"maxBytes"` // all of them together
		Kinds    []string `json:"kinds"`    // "xml", "text", "pdf", …
		Match    string   `json:"match,omitempty"`
	} `json:"documents"`
	PerHour int    `json:"perHour"`
	Hours   string `json:"hours,omitempty"` // "09:00-18:00", of this machine; "" = always
	Days    []int  `json:"days,omitempty"`  // 1 = Monday … 7 = Sunday; empty = all

	match    *regexp.Regexp
	from, to int // minutes of the day
}

type policyFile struct {
	Version int    `json:"version"`
	Rules   []rule `json:"rules"`
}

// parsePolicy reads the text of a policy file. Anything unknown, missing or
// doubtful makes the whole file invalid: half a policy is not what the
// administrator wrote.
func parsePolicy(data []byte) ([]rule, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	var f policyFile
	if err := d.Decode(&f); err != nil {
		return nil, fmt.Errorf("robots: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("robots: something follows the policy")
	}
	if f.Version != 1 {
		return nil, fmt.Errorf("robots: version %d, this program knows 1", f.Version)
	}
	names := map[string]bool{}
	for i := range f.Rules {
		r := &f.Rules[i]
		if err := r.check(); err != nil {
			return nil, fmt.Errorf("robots: rule %d %q: %w", i+1, r.Name, err)
		}
		if names[r.Name] {
			return nil, fmt.Errorf("robots: two rules are called %q", r.Name)
		}
		names[r.Name] = true
	}
	return f.Rules, nil
}

func (r *rule) check() (err error) {
	switch {
	case r.Name == "":
		return errors.New("no name")
	case (r.Origin == "") == (r.Program == ""):
		return errors.New("exactly one of origin and program")
	case r.Origin != "" && !plainOrigin(r.Origin):
		return fmt.Errorf("origin %q is not of the form https://host", r.Origin)
	case r.Program != "" && !filepath.IsAbs(r.Program):
		return errors.New("program is not an absolute path")
	case r.ProgramSHA256 != "" && (r.Program == "" || !isDigest(r.ProgramSHA256)):
		return errors.New("programSha256 is not the SHA-256 of a program")
	case r.Operation == "":
		return errors.New("no operation")
	case (r.Key.File == "") == (r.Key.Token == ""):
		return errors.New("key: exactly one of file and token")
	case r.Key.File != "" && !filepath.IsAbs(r.Key.File):
		return errors.New("key: file is not an absolute path")
	case !isDigest(r.Key.SHA256):
		return errors.New("key: sha256 is not the fingerprint of a certificate")
	case (r.Key.SecretFile == "") == (r.Key.Keychain == ""):
		return errors.New("key: exactly one of secretFile and keychain")
	case r.Key.SecretFile != "" && !filepath.IsAbs(r.Key.SecretFile):
		return errors.New("key: secretFile is not an absolute path")
	case r.Documents.Max <= 0, r.Documents.MaxBytes <= 0, len(r.Documents.Kinds) == 0:
		return errors.New("documents: max, maxBytes and kinds are all needed")
	case r.PerHour <= 0:
		return errors.New("no perHour")
	case slices.ContainsFunc(r.Days, func(d int) bool { return d < 1 || d > 7 }):
		return errors.New("days are 1 to 7")
	}
	if r.Documents.Match != "" {
		if r.match, err = regexp.Compile(`\A(?s:` + r.Documents.Match + `)\z`); err != nil {
			return fmt.Errorf("documents: match: %w", err)
		}
	}
	r.to = 24 * 60
	if r.Hours != "" {
		r.from, r.to, err = hours(r.Hours)
	}
	return err
}

func isDigest(s string) bool {
	octets, err := hex.DecodeString(s)
	return err == nil && len(octets) == 32
}

// plainOrigin: what a browser sends, and nothing shorter or wider.
func plainOrigin(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Scheme == "https" && u.Host != "" && u.String() == s && s == "https://"+u.Host && strings.ToLower(s) == s && !strings.Contains(s, "*")
}

// hours reads "09:00-18:00" as minutes of the day; the end may be smaller, over
// midnight.
func hours(s string) (from, to int, err error) {
	a, b, ok := strings.Cut(s, "-")
	start, err1 := time.Parse("15:04", a)
	end, err2 := time.Parse("15:04", b)
	if !ok || err1 != nil || err2 != nil || a == b {
		return 0, 0, fmt.Errorf("hours %q are not of the form 09:00-18:00", s)
	}
	return start.Hour()*60 + start.Minute(), end.Hour()*60 + end.Minute(), nil
}

func (r *rule) id() string {
	return r.Name + "\x00" + r.Key.SHA256 + "\x00" + r.Origin + r.Program + r.ProgramSHA256
}

// differs says in what a request is not what the rule allows, "" if it is.
func (r *rule) differs(q *Request, now time.Time) string {
	minute, day := now.Hour()*60+now.Minute(), (int(now.Weekday())+6)%7+1
	within := minute >= r.from && minute < r.to
	if r.from > r.to {
		within = minute >= r.from || minute < r.to
	}
	switch {
	case r.Origin != "" && (q.Site.Local || q.Site.Origin != r.Origin):
		return "origin"
	case r.Program != "" && (!q.Site.Local || q.Program != r.Program):
		return "program"
	case r.ProgramSHA256 != "" && !strings.EqualFold(q.ProgramSHA256, r.ProgramSHA256):
		return "another executable"
	case q.Operation != r.Operation:
		return "operation"
	case q.Purpose != Sign && q.Purpose != ShowKey:
		return "purpose"
	case q.Digests, q.Unseen:
		return "documents that cannot be seen"
	case q.Warning != "" || q.Site.Suspicious:
		return "a warning"
	case max(q.Total, len(q.Documents)) > r.Documents.Max, q.Total > len(q.Documents):
		return "number of documents"
	case q.Bytes > r.Documents.MaxBytes:
		return "size"
	case !within || len(r.Days) > 0 && !slices.Contains(r.Days, day):
		return "hours"
	}
	for _, d := range q.Documents {
		switch {
		case !slices.Contains(r.Documents.Kinds, d.Kind):
			return "kind " + d.Kind
		case d.Kind != "file" && d.SHA256 == [32]byte{}:
			return "a document nobody has read"
		case d.Part != "":
			return "a part of a document"
		}
		if r.match == nil {
			continue
		}
		text := d.Source
		if text == "" {
			text = d.Text
		}
		if d.Cut || text == "" || !r.match.MatchString(text) {
			return "text"
		}
	}
	return ""
}
