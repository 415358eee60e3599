//go:build unix

package prompt

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var fingerprint = sha256.Sum256([]byte("certificate"))

// robot is a policy with one rule, which change alters, and the request it is for.
type robot struct {
	t       *testing.T
	dir     string
	file    string
	rule    map[string]any
	request *Request
	opened  int
	now     time.Time
	secret  string
}

func newRobot(t *testing.T) *robot {
	t.Helper()
	b := &robot{t: t, dir: t.TempDir(), now: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC), secret: "Qwerty12\n"} // a Monday
	os.Chmod(b.dir, 0o755)
	b.file = filepath.Join(b.dir, "robots.json")
	b.rule = map[string]any{
		"name": "reports", "origin": "https://portal.example.kz", "operation": "signXml",
		"key":       map[string]any{"file": "/var/lib/robot/key.p12", "sha256": fmt.Sprintf("%X", fingerprint), "secretFile": filepath.Join(b.dir, "secret")},
		"documents": map[string]any{"max": 2, "maxBytes": 10_000, "kinds": []string{"xml"}, "match": `<report>.*</report>`},
		"perHour":   3, "hours": "09:00-18:00", "days": []int{1, 2, 3, 4, 5},
	}
	key := sampleKey()
	key.Fingerprint = fingerprint
	b.request = sampleRequest()
	b.request.Site = Site{Origin: "https://portal.example.kz", Name: "example.kz", Secure: true}
	b.request.Operation = "signXml"
	b.request.Documents = []Document{{Kind: "xml", Size: 30, Text: "<report>\n  1\n</report>", Source: "<report>1</report>", SHA256: [32]byte{1}}}
	b.request.Bytes = 30
	b.request.Unlock = func(_ context.Context, path string, secret []byte) ([]Key, error) {
		b.opened++
		if path != "/var/lib/robot/key.p12" {
			t.Errorf("opened %s", path)
		}
		return unlocks(sampleOrganisation(), key)(context.Background(), path, secret)
	}
	return b
}

func (b *robot) prompter() Prompter {
	b.t.Helper()
	data, err := json.Marshal(map[string]any{"version": 1, "rules": []any{b.rule}})
	if err != nil {
		b.t.Fatal(err)
	}
	os.WriteFile(b.file, data, 0o644)
	os.WriteFile(filepath.Join(b.dir, "secret"), []byte(b.secret), 0o600)
	return NewPolicy(PolicyOptions{File: b.file, Owner: os.Geteuid(), Now: func() time.Time { return b.now }})
}

func (b *robot) part(name string) map[string]any { return b.rule[name].(map[string]any) }

func TestT30RobotSignsWhatTheRuleAllows(t *testing.T) {
	b := newRobot(t)
	p := b.prompter()
	for range 3 {
		d, err := p.Approve(context.Background(), b.request)
		if err != nil || d.KeyID != "a" || d.Policy != "reports" || d.Remember || d.Always {
			t.Fatalf("%+v, %v", d, err)
		}
	}
	if _, err := p.Approve(context.Background(), b.request); !errors.Is(err, ErrUnavailable) {
		t.Errorf("a fourth time within the hour: %v", err)
	}
	b.now = b.now.Add(time.Hour)
	if _, err := p.Approve(context.Background(), b.request); err != nil {
		t.Errorf("an hour later: %v", err)
	}
}

// TestT7RobotIsBoundToItsExecutable: the right one signs.
func TestT7RobotIsBoundToItsExecutable(t *testing.T) {
	b := newRobot(t)
	delete(b.rule, "origin")
	b.rule["program"], b.rule["programSha256"] = "/opt/x/app", strings.Repeat("AB", 32)
	b.request.Site.Local, b.request.Program, b.request.ProgramSHA256 = true, "/opt/x/app", strings.Repeat("ab", 32)
	if d, err := b.prompter().Approve(context.Background(), b.request); err != nil || d.Policy != "reports" {
		t.Errorf("%+v, %v", d, err)
	}
}

// TestT30AnyDifferenceAsksThePerson: and no key is opened for it.
func TestT30AnyDifferenceAsksThePerson(t *testing.T) {
	for name, change := range map[string]func(*robot){
		"origin":     func(b *robot) { b.request.Site.Origin = "https://portal.example.kz:444" },
		"a program":  func(b *robot) { b.request.Site.Local = true },
		"operation":  func(b *robot) { b.request.Operation = "createCAdESFromBase64" },
		"purpose":    func(b *robot) { b.request.Purpose = PickFile },
		"tokens":     func(b *robot) { b.request.Purpose = ListTokens },
		"digest":     func(b *robot) { b.request.Digests = true },
		"unseen":     func(b *robot) { b.request.Unseen = true },
		"warning":    func(b *robot) { b.request.Warning = "warn.login_is_document" },
		"suspicious": func(b *robot) { b.request.Site.Suspicious = true },
		"too many": func(b *robot) {
			b.request.Documents = append(b.request.Documents, b.request.Documents[0], b.request.Documents[0])
		},
		"more than are shown": func(b *robot) { b.request.Total = 2 },
		"too large":           func(b *robot) { b.request.Bytes = 10_001 },
		"kind":                func(b *robot) { b.request.Documents[0].Kind = "pdf" },
		"part":                func(b *robot) { b.request.Documents[0].Part = "/report" },
		"text":                func(b *robot) { b.request.Documents[0].Source = "<report>1</report><!-- x" },
		"text around":         func(b *robot) { b.request.Documents[0].Source = "x<report>1</report>" },
		"cut text":            func(b *robot) { b.request.Documents[0].Cut = true },
		"no text":             func(b *robot) { b.request.Documents[0].Text, b.request.Documents[0].Source = "", "" },
		"second document": func(b *robot) {
			d := b.request.Documents[0]
			d.Source = "<other/>"
			b.request.Documents = append(b.request.Documents, d)
			b.request.Total = 2
		},
		"nobody read it": func(b *robot) { b.request.Documents[0].SHA256 = [32]byte{} },
		"before hours":   func(b *robot) { b.now = time.Date(2026, 11, 23, 8, 59, 0, 0, time.UTC) },
		"after hours":    func(b *robot) { b.now = time.Date(2026, 11, 23, 18, 0, 0, 0, time.UTC) },
		"on a Sunday":    func(b *robot) { b.now = b.now.AddDate(0, 0, -1) },
		"another program": func(b *robot) {
			delete(b.rule, "origin")
			b.rule["program"] = "/opt/x/app"
			b.request.Site.Local, b.request.Program = true, "/opt/y/app"
		},
		"T7 another executable": func(b *robot) {
			delete(b.rule, "origin")
			b.rule["program"], b.rule["programSha256"] = "/opt/x/app", strings.Repeat("ab", 32)
			b.request.Site.Local, b.request.Program, b.request.ProgramSHA256 = true, "/opt/x/app", strings.Repeat("ac", 32)
		},
		"T7 an executable nobody could read": func(b *robot) {
			delete(b.rule, "origin")
			b.rule["program"], b.rule["programSha256"] = "/opt/x/app", strings.Repeat("ab", 32)
			b.request.Site.Local, b.request.Program = true, "/opt/x/app"
		},
		"a page as a program": func(b *robot) {
			delete(b.rule, "origin")
			b.rule["program"] = "/opt/x/app"
			b.request.Program = "/opt/x/app"
		},
		"invalid rule":         func(b *robot) { b.rule["operation"] = "" },
		"no document limit":    func(b *robot) { delete(b.part("documents"), "max") },
		"a person at work":     func(b *robot) { b.request.Open = []Key{sampleKey()} },
		"no policy file":       func(b *robot) { b.file = filepath.Join(b.dir, "missing", "robots.json") },
		"only files, no files": func(b *robot) { b.request.NoFiles = true },
	} {
		b := newRobot(t)
		change(b)
		if _, err := b.prompter().Approve(context.Background(), b.request); !errors.Is(err, ErrUnavailable) {
			t.Errorf("%s: %v", name, err)
		}
		if b.opened != 0 {
			t.Errorf("%s: the key was opened", name)
		}
	}
}

func TestT30KeyOfARobot(t *testing.T) {
	for name, change := range map[string]func(*robot){
		"another fingerprint": func(b *robot) { b.part("key")["sha256"] = strings.Repeat("00", 32) },
		"does not fit": func(b *robot) {
			k := sampleKey()
			k.Fingerprint, k.Fits = fingerprint, false
			b.request.Unlock = unlocks(k)
		},
		"expired": func(b *robot) {
			k := sampleKey()
			k.Fingerprint, k.Expired, k.NeedsConsent = fingerprint, true, true
			b.request.Unlock = unlocks(k)
		},
		"empty secret": func(b *robot) { b.secret = "\n" },
		"no keychain":  func(b *robot) { delete(b.part("key"), "secretFile"); b.part("key")["keychain"] = "robot" },
	} {
		b := newRobot(t)
		change(b)
		if d, err := b.prompter().Approve(context.Background(), b.request); !errors.Is(err, ErrUnavailable) {
			t.Errorf("%s: %+v, %v", name, d, err)
		}
	}
}

// TestT23RobotTriesAWrongSecretOnce: and no PIN at all when somebody typed a wrong
// one before.
func TestT23RobotTriesAWrongSecretOnce(t *testing.T) {
	b := newRobot(t)
	b.secret = "wrong"
	p := b.prompter()
	for range 3 {
		if _, err := p.Approve(context.Background(), b.request); !errors.Is(err, ErrUnavailable) {
			t.Error(err)
		}
	}
	if b.opened != 1 {
		t.Errorf("the secret was tried %d times", b.opened)
	}

	for name, c := range map[string]struct {
		pin  PIN
		want int
	}{
		"in order": {PIN{Left: -1}, 1}, "low": {PIN{Low: true}, 0}, "last": {PIN{LastTry: true}, 0}, "locked": {PIN{Locked: true}, 0}, "pad": {PIN{Pad: true}, 0},
	} {
		b := newRobot(t)
		delete(b.part("key"), "file")
		b.part("key")["token"], b.secret = "3004A11F", "24681357"
		x, k, tried := sampleToken(), sampleKey(), 0
		x.PIN, k.Fingerprint = c.pin, fingerprint
		onlyTokens(b.request, x)
		b.request.UnlockToken = func(ctx context.Context, id string, secret []byte, last bool) ([]Key, error) {
			tried++
			if last {
				t.Error("a robot confirms a last try")
			}
			return unlocksToken("24681357", k)(ctx, id, secret, last)
		}
		_, err := b.prompter().Approve(context.Background(), b.request)
		if tried != c.want || (err == nil) != (c.want == 1) {
			t.Errorf("%s: %d tries, %v", name, tried, err)
		}
	}
}

// TestT30WhoMayWriteThePolicy: nobody but the administrator, neither the file nor
// a folder above it; and the secret is for the account alone.
func TestT30WhoMayWriteThePolicy(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*robot)
		ok     bool
	}{
		"in order":         {func(*robot) {}, true},
		"group may write":  {func(b *robot) { os.Chmod(b.file, 0o664) }, false},
		"others may write": {func(b *robot) { os.Chmod(b.file, 0o646) }, false},
		"folder of others": {func(b *robot) { os.Chmod(b.dir, 0o777) }, false},
		"a link":           {func(b *robot) { os.Rename(b.file, b.file+".1"); os.Symlink(b.file+".1", b.file) }, false},
		"a folder":         {func(b *robot) { os.Remove(b.file); os.Mkdir(b.file, 0o755) }, false},
		"secret for all":   {func(b *robot) { os.Chmod(filepath.Join(b.dir, "secret"), 0o644) }, false},
		"secret for group": {func(b *robot) { os.Chmod(filepath.Join(b.dir, "secret"), 0o640) }, false},
		"secret not there": {func(b *robot) { os.Remove(filepath.Join(b.dir, "secret")) }, false},
		"secret is a link": {func(b *robot) { s := filepath.Join(b.dir, "secret"); os.Rename(s, s+".1"); os.Symlink(s+".1", s) }, false},
		"two things inside": {func(b *robot) {
			f, _ := os.OpenFile(b.file, os.O_APPEND|os.O_WRONLY, 0)
			f.WriteString("{}")
			f.Close()
		}, false},
	} {
		b := newRobot(t)
		p := b.prompter()
		c.change(b)
		if _, err := p.Approve(context.Background(), b.request); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
	// The person's own file is not the administrator's.
	b := newRobot(t)
	b.prompter()
	if _, err := readPolicy(b.file, os.Geteuid()+1); os.Geteuid() != 0 && err == nil || err != nil && !strings.Contains(err.Error(), "can be changed by") && !strings.Contains(err.Error(), "belongs to") {
		t.Errorf("a file of the person: %v", err)
	}
	os.Chown(b.file, 4242, 4242)
	if os.Geteuid() == 0 {
		if _, err := readPolicy(b.file, 0); err == nil || !strings.Contains(err.Error(), "belongs to user 4242") {
			t.Errorf("a file of user 4242: %v", err)
		}
	}
}

func TestPolicyErrors(t *testing.T) {
	b := newRobot(t)
	good, _ := json.Marshal(b.rule)
	for change, want := range map[string]string{
		`{"version": 2, "rules": []}`:                                          "version 2, this program knows 1",
		`{"version": 1, "ruels": []}`:                                          "unknown field",
		`{"version": 1, "rules": [` + string(good) + `,` + string(good) + `]}`: `two rules are called "reports"`,
		`{"version": 1, "rules": [{}]}`:                                        "no name",
		`[]`:                                                                   "cannot unmarshal",
	} {
		if _, err := parsePolicy([]byte(change)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", change, err)
		}
	}
	for member, c := range map[string]struct {
		value any
		want  string
	}{
		"origin": {"https://*.example.kz", "is not of the form https://host"},

		"programSha256": {strings.Repeat("ab", 32), "programSha256 is not the SHA-256 of a program"},
		"program":       {"/opt/x", "exactly one of origin and program"},
		"hours":         {"9-18", "are not of the form"},
		"days":          {[]int{0}, "days are 1 to 7"},
		"perHour":       {0, "no perHour"},
		"key":           {map[string]any{"file": "key.p12"}, "not an absolute path"},
	} {
		b := newRobot(t)
		b.rule[member] = c.value
		data, _ := json.Marshal(map[string]any{"version": 1, "rules": []any{b.rule}})
		if _, err := parsePolicy(data); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", member, err, c.want)
		}
	}
	for _, origin := range []string{"http://x.kz", "https://x.kz/", "https://X.kz", "https://", "https://x.kz?a", "null", "https://user@x.kz/"} {
		if plainOrigin(origin) {
			t.Errorf("%q counts as an origin", origin)
		}
	}
}

func FuzzPolicy(f *testing.F) {
	f.Add([]byte(`{"version": 1, "rules": [{"name": "x", "origin": "https://a.kz", "hours": "22:00-08:00"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		rules, err := parsePolicy(data)
		if err != nil && rules != nil {
			t.Error("rules beside an error")
		}
		for _, r := range rules {
			if r.PerHour <= 0 || r.Documents.Max <= 0 || r.Documents.MaxBytes <= 0 {
				t.Errorf("a rule without limits: %+v", r)
			}
		}
	})
}
