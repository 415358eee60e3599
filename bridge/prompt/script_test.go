package prompt

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestScript(t *testing.T) {
	answers, err := ParseScript([]byte(`[
		{"approve": true, "key": "a.p12", "password": "Qwerty12"},
		{"approve": true, "key": "a.p12", "password": "wrong"},
		{"file": "x.xml"},
		{"approve": true, "token": "123", "pin": "1"},
		{"approve": false}
	]`))
	if err != nil {
		t.Fatal(err)
	}
	p := NewScript(answers)
	if !Unattended(p) || Unattended(First(p)) || Unattended(NewTerminal(nil, nil, "ru")) {
		t.Error("who is unattended")
	}
	ask := func(r *Request) (Decision, error) { return p.Approve(context.Background(), r) }
	if d, err := ask(sampleRequest()); err != nil || d.KeyID != "a" {
		t.Errorf("approve: %+v, %v", d, err)
	}
	var trouble *UnlockError
	if _, err := ask(sampleRequest()); !errors.Is(err, ErrCancelled) || !errors.As(err, &trouble) || trouble.Code != UnlockWrongPassword {
		t.Errorf("wrong password: %v", err)
	}
	if d, err := ask(&Request{Purpose: PickFile}); err != nil || !filepath.IsAbs(d.Path) || filepath.Base(d.Path) != "x.xml" {
		t.Errorf("file: %+v, %v", d, err)
	}
	for range 3 { // a token, then the last entry again and again
		if _, err := ask(sampleRequest()); !errors.Is(err, ErrCancelled) {
			t.Errorf("err = %v", err)
		}
	}
}

func TestScriptOfUnfitKeys(t *testing.T) {
	unfit, ended := sampleKey(), sampleKey()
	unfit.ID, unfit.Fits = "unfit", false
	ended.ID, ended.NeedsConsent = "ended", true
	p := NewScript([]Answer{{Approve: true, Key: "a.p12", Password: "Qwerty12"}})
	r := sampleRequest()
	r.Unlock = unlocks(unfit)
	if _, err := p.Approve(context.Background(), r); !errors.Is(err, ErrCancelled) {
		t.Errorf("unfit: %v", err)
	}
	r.Unlock = unlocks(unfit, ended)
	if d, err := p.Approve(context.Background(), r); err != nil || d.KeyID != "ended" || !d.Confirmed {
		t.Errorf("ended: %+v, %v", d, err)
	}
}

func TestScriptOfTokens(t *testing.T) {
	r := sampleRequest()
	onlyTokens(r, sampleToken())
	for _, c := range []struct {
		answer Answer
		want   string
		says   string
	}{
		{Answer{Approve: true, Token: "3004A11F", PIN: "24681357"}, "a", ""},
		{Answer{Approve: true, Token: "KAZTOKEN", PIN: "24681357"}, "a", ""},
		{Answer{Approve: true, Token: "3004A11F", PIN: "1"}, "", UnlockWrongPIN},
		{Answer{Approve: true, Token: "other", PIN: "24681357"}, "", UnlockTokenGone},
		{Answer{Token: "3004A11F", PIN: "24681357"}, "", "cancelled"},
	} {
		d, err := NewScript([]Answer{c.answer}).Approve(context.Background(), r)
		if d.KeyID != c.want || c.want == "" && (!errors.Is(err, ErrCancelled) || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%+v: %+v, %v", c.answer, d, err)
		}
	}
}

func TestScriptTakesItsTime(t *testing.T) {
	p := NewScript([]Answer{{Approve: true, Key: "a", Password: "Qwerty12", AfterMs: 60_000}})
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if _, err := p.Approve(ctx, sampleRequest()); !errors.Is(err, ErrCancelled) {
		t.Error(err)
	}
}

func TestBadScripts(t *testing.T) {
	for script, want := range map[string]string{
		``: "EOF", `[]`: "no answers", `{"approve": true}`: "cannot unmarshal", `[{"aprove": true}]`: "unknown field",
	} {
		if _, err := ParseScript([]byte(script)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", script, err)
		}
	}
	if _, err := NewScript(nil).Approve(context.Background(), sampleRequest()); !errors.Is(err, ErrCancelled) {
		t.Error(err)
	}
}

// fixed answers always the same.
type fixed struct {
	err   error
	asked *int
}

func (f fixed) Approve(context.Context, *Request) (Decision, error) {
	*f.asked++
	return Decision{}, f.err
}

func TestFirst(t *testing.T) {
	for _, c := range []struct {
		errs  []error
		want  error
		asked int
	}{
		{nil, ErrUnavailable, 0},
		{[]error{ErrUnavailable, nil, nil}, nil, 2},
		{[]error{ErrUnavailable, ErrCancelled, nil}, ErrCancelled, 2}, // a no is an answer
		{[]error{ErrCancelled, nil}, ErrCancelled, 1},
		{[]error{ErrUnavailable, ErrUnavailable}, ErrUnavailable, 2},
	} {
		asked := 0
		var back []Prompter
		for _, err := range c.errs {
			back = append(back, fixed{err, &asked})
		}
		if _, err := First(back...).Approve(context.Background(), sampleRequest()); !errors.Is(err, c.want) || asked != c.asked {
			t.Errorf("%v: %v after %d", c.errs, err, asked)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	asked := 0
	if _, err := First(fixed{ErrUnavailable, &asked}, fixed{nil, &asked}).Approve(ctx, sampleRequest()); !errors.Is(err, ErrCancelled) || asked != 1 {
		t.Errorf("after the end: %v, %d", err, asked)
	}
}

func TestExpand(t *testing.T) {
	t.Setenv("HOME", "/home/test")
	for in, want := range map[string]string{
		"": "", " /a/b ": "/a/b", `"/a b/c.p12"`: "/a b/c.p12", "'/a'": "/a", "~": "/home/test", "~/k.p12": "/home/test/k.p12", "/a/../b": "/b", "~x": "~x", `"`: `"`,
	} {
		if got := expand(in); got != want {
			t.Errorf("expand(%q) = %q, want %q", in, got, want)
		}
	}
}
