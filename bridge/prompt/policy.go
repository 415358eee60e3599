package prompt

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"tanba/internal/state"
)

// PolicyOptions say how NewPolicy works. File is required.
type PolicyOptions struct {
	File string // the administrator's file; see docs/robots.md
	// Keychain reads a secret of the account by its name; nil = there is none.
	Keychain func(ctx context.Context, name string) ([]byte, error)
	// State keeps how often each rule was used; "" = nothing is kept.
	State state.Dir
	Now   func() time.Time // nil = time.Now
	Log   *slog.Logger     // nil = none
	// Owner is the user that must own the file and its folders: 0, the
	// system's administrator, but for tests.
	Owner int
}

// NewPolicy answers for a robot what an administrator's file allows, and nothing
// else: any difference between a request and a rule, a file that somebody but
// the administrator can change, a secret that does not open the key, make it
// ErrUnavailable, so that the next prompter asks a person (security.md T30).
//
// The file is read anew for each request. Every yes names its rule in
// Decision.Policy, for the journal.
func NewPolicy(o PolicyOptions) Prompter {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &policy{o: o, dead: map[string]bool{}}
}

type policy struct {
	o PolicyOptions

	mu   sync.Mutex
	used *uses           // nil = not read yet
	dead map[string]bool // rules whose secret was wrong: never tried again
}

var errNoRule = fmt.Errorf("%w: no rule of the administrator", ErrUnavailable)

func (p *policy) Approve(ctx context.Context, r *Request) (Decision, error) {
	if r.Open != nil {
		return Decision{}, errNoRule // a person is at work there, with a key that is open
	}
	rules, err := readPolicy(p.o.File, p.o.Owner)
	if err != nil {
		if !errors.Is(err, errNoPolicy) {
			p.o.Log.Error("robots: the policy file is not used", "error", err)
		}
		return Decision{}, errNoRule
	}
	now := p.o.Now()
	for i := range rules {
		rule := &rules[i]
		if why := rule.differs(r, now); why != "" {
			p.o.Log.Debug("robots: a rule does not apply", "rule", rule.Name, "why", why)
			continue
		}
		if !p.take(rule, now) {
			p.o.Log.Warn("robots: a rule is used up or its secret was wrong", "rule", rule.Name)
			continue
		}
		key, err := p.open(ctx, rule, r)
		if err != nil {
			p.o.Log.Error("robots: the key of a rule does not serve", "rule", rule.Name, "error", err)
			continue
		}
		return Decision{KeyID: key, Policy: rule.Name}, nil
	}
	return Decision{}, errNoRule
}

// take counts a use of a rule, unless the hour has had as many as it allows, or it
// cannot be counted.
func (p *policy) take(rule *rule, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dead[rule.id()] {
		return false
	}
	if p.used == nil {
		var err error
		if p.used, err = loadUses(p.o.State, now); err != nil {
			p.o.Log.Error("robots: nobody knows how often rules were used; none is for an hour", "error", err)
		}
	}
	if !p.used.take(rule, now) {
		return false
	}
	if err := p.used.save(p.o.State); err != nil {
		p.o.Log.Error("robots: a use cannot be counted, so there is none", "error", err)
		return false
	}
	return true
}

// open opens the key of a rule, with one try of its secret. A wrong one is not
// tried again until the program is started anew: a token would be blocked.
func (p *policy) open(ctx context.Context, rule *rule, r *Request) (string, error) {
	secret, err := p.secret(ctx, rule)
	if err != nil {
		return "", err
	}
	defer func() { clear(secret); runtime.KeepAlive(secret) }()
	var keys []Key
	switch {
	case rule.Key.Token != "" && r.Tokens != nil:
		tokens, err := r.Tokens(ctx)
		if err != nil {
			return "", err
		}
		i := slices.IndexFunc(tokens, func(t Token) bool { return t.Serial == rule.Key.Token })
		if i < 0 {
			return "", errors.New("the token is not there")
		}
		if t := tokens[i]; t.Problem != "" || !t.PIN.usable() || t.PIN.Low || t.PIN.LastTry || t.PIN.Pad {
			return "", errors.New("the token is not in order; a robot tries no PIN then")
		}
		keys, err = r.UnlockToken(ctx, tokens[i].ID, slices.Clone(secret), false)
		if err != nil {
			return "", p.wrong(rule, err)
		}
	case rule.Key.Token == "" && r.Unlock != nil && !r.NoFiles:
		keys, err = r.Unlock(ctx, rule.Key.File, slices.Clone(secret))
		if err != nil {
			return "", p.wrong(rule, err)
		}
	default:
		return "", errors.New("the page takes no such key")
	}
	for _, k := range keys {
		if k.Fits && !k.Expired && k.Fingerprint != [32]byte{} && strings.EqualFold(fmt.Sprintf("%x", k.Fingerprint), rule.Key.SHA256) {
			return k.ID, nil
		}
	}
	return "", errors.New("no key with the fingerprint of the rule fits")
}

// wrong notes a secret that was tried and refused.
func (p *policy) wrong(rule *rule, err error) error {
	var trouble *UnlockError
	if errors.As(err, &trouble) && (trouble.Code == UnlockWrongPassword || trouble.Code == UnlockWrongPIN) {
		p.mu.Lock()
		p.dead[rule.id()] = true
		p.mu.Unlock()
	}
	return err
}

func (p *policy) secret(ctx context.Context, rule *rule) ([]byte, error) {
	if rule.Key.SecretFile != "" {
		return readSecret(rule.Key.SecretFile)
	}
	if p.o.Keychain == nil {
		return nil, errors.New("there is no keychain here")
	}
	secret, err := p.o.Keychain(ctx, rule.Key.Keychain)
	if err == nil && len(secret) == 0 {
		err = errors.New("the keychain gave nothing")
	}
	return secret, err
}
