package prompt

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"
)

// Answer is one entry of a script: what a person would have done.
//
//	{"approve": true, "key": "path.p12", "password": "…"}
//	{"approve": false}
//	{"approve": true, "token": "serial", "pin": "…"}
//	{"file": "path"}
//	{"approve": true, "file": "new.p12", "password": "…"}
//
// A token is named by its serial or its label; its last try is never made.
// AfterMs is how long the answer takes.
type Answer struct {
	Approve  bool   `json:"approve"`
	Key      string `json:"key"`
	Password string `json:"password"`
	Token    string `json:"token"`
	PIN      string `json:"pin"`
	File     string `json:"file"`
	AfterMs  int    `json:"afterMs"`
}

// ParseScript reads a JSON list of answers; it must not be empty and must not
// have members it does not know, for a typing mistake would look like a refusal.
func ParseScript(data []byte) ([]Answer, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	var answers []Answer
	if err := d.Decode(&answers); err != nil {
		return nil, fmt.Errorf("prompt: script: %w", err)
	}
	if len(answers) == 0 {
		return nil, fmt.Errorf("prompt: script: no answers")
	}
	return answers, nil
}

// NewScript answers requests from a list, in order, the last entry repeating. It
// stands in for a person in tests and robots of the developer: cmd/tanba links
// it only with the build tag "scripted".
func NewScript(answers []Answer) Prompter { return &script{answers: answers} }

type script struct {
	mu      sync.Mutex
	answers []Answer
	next    int
}

func (s *script) unattended() bool { return true }

func (s *script) Approve(ctx context.Context, r *Request) (Decision, error) {
	if r.Purpose == ListTokens {
		// It takes no answer from the list: which page asks for tokens first,
		// and how often, is not the business of a script of signatures.
		if a, ok := s.peek(); !ok || !a.Approve && a.File == "" {
			return Decision{}, ErrCancelled
		}
		return Decision{}, nil
	}
	a, ok := s.take()
	if !ok {
		return Decision{}, ErrCancelled
	}
	if a.AfterMs > 0 {
		select {
		case <-ctx.Done():
		case <-time.After(time.Duration(a.AfterMs) * time.Millisecond):
		}
	}
	if ctx.Err() != nil {
		return Decision{}, ErrCancelled
	}
	if r.Purpose == PickFile {
		if a.File == "" {
			return Decision{}, ErrCancelled
		}
		path, err := filepath.Abs(a.File)
		return Decision{Path: path}, err
	}
	if !a.Approve {
		return Decision{}, ErrCancelled
	}
	keys, err := a.open(ctx, r)
	if err != nil {
		// A person would read the message, give up and cancel.
		return Decision{}, fmt.Errorf("%w: %w", ErrCancelled, err)
	}
	for _, k := range keys {
		if k.Fits {
			return Decision{KeyID: k.ID, Confirmed: k.NeedsConsent}, nil
		}
	}
	return Decision{}, fmt.Errorf("%w: no key of %s fits", ErrCancelled, cmp.Or(a.Token, filepath.Base(a.Key)))
}

// open opens the file or the token of an answer, once.
func (a Answer) open(ctx context.Context, r *Request) ([]Key, error) {
	switch {
	case r.Purpose == MakeKey && a.Token == "" && a.File != "" && r.NewFile != nil:
		path, err := filepath.Abs(a.File)
		if err != nil {
			return nil, err
		}
		return r.NewFile(ctx, path, []byte(a.Password))
	case r.Purpose == InstallCertificate && a.Token == "" && a.Password != "" && r.Unlock != nil && len(r.Recent) > 0:
		return r.Unlock(ctx, r.Recent[0].Path, []byte(a.Password)) // there is one file it can be
	case a.Token != "" && r.Tokens != nil:
		tokens, err := r.Tokens(ctx)
		if err != nil {
			return nil, err
		}
		for _, t := range tokens {
			if t.Serial == a.Token || t.Label == a.Token {
				return r.UnlockToken(ctx, t.ID, []byte(a.PIN), false)
			}
		}
		return nil, &UnlockError{Code: UnlockTokenGone, Err: fmt.Errorf("no token %q among %d", a.Token, len(tokens))}
	case a.Token == "" && a.Key != "" && r.Unlock != nil:
		return r.Unlock(ctx, a.Key, []byte(a.Password))
	}
	return nil, errors.New("the request takes no such key")
}

func (s *script) peek() (Answer, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.answers) == 0 {
		return Answer{}, false
	}
	return s.answers[s.next], true
}

func (s *script) take() (Answer, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.answers) == 0 {
		return Answer{}, false
	}
	a := s.answers[s.next]
	if s.next < len(s.answers)-1 {
		s.next++
	}
	return a, true
}
