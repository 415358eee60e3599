package consent

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"tanba/bridge/prompt"
	"tanba/internal/pki"
	"tanba/keystore"
	"tanba/protocol"
)

// expirySoon is when the end of a certificate is shown in red.
const expirySoon = 30 * 24 * time.Hour

// unlocker opens key files and tokens for one question and keeps the keys of the
// last one until the person has chosen.
type unlocker struct {
	desk     *Desk
	question *Question
	filter   keystore.Filter

	mu    sync.Mutex
	store keystore.Store
	path  string         // of the open file
	token keystore.Token // the open token
	keys  map[string]candidate
	gone  bool

	seen      map[string]keystore.Token // the tokens the window showed, by ID
	preferred keyPlace                  // the key this asker used last
	secret    []byte                    // password of the open file, if it may be kept

	newSecret []byte         // password of the file of a new key
	newPath   string         // where it is to be, or lies
	newFolder bool           // newPath is a folder
	onToken   []keystore.Key // of the open token, for the certificate of one
	users     int            // grants that share the store
}

type candidate struct {
	key     keystore.Key
	verdict keystore.Verdict
	shown   prompt.Key
}

// prepare turns the selection of the page into a filter; an error means that no
// key can ever fit.
func (u *unlocker) prepare() error {
	s := u.question.Select
	u.filter = keystore.Filter{EKU: s.EKU, IIN: s.IIN, BIN: s.BIN, Serial: s.Serial, RefuseExpired: s.RefuseExpired}
	switch s.Use {
	case protocol.Authentication:
		u.filter.Use = keystore.Authentication
	case protocol.Signature:
		u.filter.Use = keystore.Signature
	}
	pool := u.desk.o.Anchors
	switch s.Chain {
	case protocol.ChainAny:
		return nil
	case protocol.ChainNational:
		if pool == nil {
			pool = pki.NewPool(nil)
		}
	case protocol.ChainGiven:
		pool = pki.NewPool(nil)
		for _, text := range s.Anchors {
			c, err := pki.ParseCertificatePEM([]byte(text))
			if err != nil {
				continue // an anchor nobody can read anchors nothing
			}
			pool.AddRoot(c)
		}
	}
	now := u.desk.o.Now
	u.filter.Chain = func(leaf *pki.Certificate, extra []*pki.Certificate) error {
		// Whether the key itself is in time is judged apart from its chain.
		at := now()
		if at.After(leaf.NotAfter) {
			at = leaf.NotAfter
		} else if at.Before(leaf.NotBefore) {
			at = leaf.NotBefore
		}
		_, err := pool.Build(leaf, at, extra...)
		return err
	}
	return nil
}

// unlock is prompt.Request.Unlock. It tries the file once; the keys of an
// earlier file are destroyed.
func (u *unlocker) unlock(ctx context.Context, path string, secret []byte) ([]prompt.Key, error) {
	defer func() { clear(secret); runtime.KeepAlive(secret) }()
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.gone {
		return nil, &prompt.UnlockError{Code: prompt.UnlockFailed, Err: errors.New("the question is over")}
	}
	u.release()
	store, err := keystore.OpenFile(path)
	if err != nil {
		return nil, unlockError(err)
	}
	if !allowed(u.question.Select.Storages, store.Info().Storage) {
		store.Close()
		return nil, &prompt.UnlockError{Code: prompt.UnlockUnsupported, Err: fmt.Errorf("the page does not take %s", store.Info().Storage)}
	}
	keys, err := store.Unlock(ctx, secret)
	if err == nil && len(keys) == 0 {
		err = &prompt.UnlockError{Code: prompt.UnlockNoKey}
	}
	if err != nil {
		store.Close()
		return nil, unlockError(err)
	}
	u.store, u.path = store, path
	u.note(secret)
	return u.show(keys), nil
}

// show judges the keys of the store that has just been opened. u.mu is held.
func (u *unlocker) show(keys []keystore.Key) []prompt.Key {
	u.keys = make(map[string]candidate, len(keys))
	shown := make([]prompt.Key, 0, len(keys))
	verdicts := u.filter.JudgeAll(keys, u.desk.o.Now())
	u.tellOpened(keys, verdicts)
	for i, k := range keys {
		v := verdicts[i]
		p := describeKey(k, v, u.desk.o.Now(), u.question.Purpose)
		u.keys[p.ID] = candidate{k, v, p}
		shown = append(shown, p)
	}
	slices.SortStableFunc(shown, compareKeys)
	// The key used last here comes first, among those that are as good.
	for i, k := range shown {
		if k.Fits && !k.Expired && u.prefers(u.keys[k.ID].key.Certificate()) {
			copy(shown[1:i+1], shown[:i])
			shown[0] = k
			break
		}
	}
	return shown
}

// roles a page may ask for by their extended key usage.
var roles = []pki.Role{
	pki.RoleHead, pki.RoleSign, pki.RoleFinance, pki.RoleHR, pki.RoleEmployee, pki.RoleSystem,
	pki.RoleIndividualSystem, pki.RoleTreasury, pki.RoleNotary, pki.RoleNCAAdmin, pki.RoleNCAManager, pki.RoleNCAOperator,
}

// wanted puts the selection into words, for the case that no key fits.
func wanted(s protocol.Selection) prompt.Wanted {
	w := prompt.Wanted{IIN: clean(s.IIN), BIN: clean(s.BIN), Serial: clean(s.Serial)}
	auth, sign := s.Use == protocol.Authentication, s.Use == protocol.Signature
	for _, oid := range s.EKU {
		switch oid {
		case pki.UsageClientAuth:
			auth = true
		case pki.UsageEmailProtection:
			sign = true
		default:
			for _, role := range roles {
				if role.Usage() == oid {
					w.Roles = append(w.Roles, "role."+string(role))
				}
			}
		}
	}
	switch {
	case auth && sign:
		w.Use = "use.both"
	case auth:
		w.Use = "use.auth"
	case sign:
		w.Use = "use.sign"
	}
	return w
}

// take returns the key the person chose. That it fits is checked here, whatever
// the window said.
func (u *unlocker) take(d prompt.Decision) (keystore.Key, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	c, ok := u.keys[d.KeyID]
	switch {
	case !ok:
		return nil, errors.New("not a key of the open file or token")
	case !c.verdict.Fits:
		return nil, fmt.Errorf("the key does not fit: %s", c.verdict.Reason)
	case c.shown.NeedsConsent && !d.Confirmed:
		return nil, errors.New("the certificate has expired and that was not confirmed")
	}
	return c.key, nil
}

// destroy forgets all keys when the last grant is done; nothing can be opened
// afterwards.
func (u *unlocker) destroy() {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.users--; u.users > 0 {
		return
	}
	u.gone = true
	u.release()
}

// release closes the open store, which destroys its keys.
func (u *unlocker) release() {
	u.wipe()
	if u.store != nil {
		if err := u.store.Close(); err != nil {
			u.desk.o.Log.Warn("consent: a key store did not close", "error", err)
		}
	}
	u.forgetNew()
	u.keys, u.store, u.path, u.token, u.onToken = nil, nil, "", keystore.Token{}, nil
}

func unlockError(err error) error {
	var known *prompt.UnlockError
	if errors.As(err, &known) {
		return known
	}
	code := prompt.UnlockFailed
	switch {
	case errors.Is(err, keystore.ErrWrongPassword):
		code = prompt.UnlockWrongPassword
	case errors.Is(err, keystore.ErrNotFound), errors.Is(err, fs.ErrNotExist):
		code = prompt.UnlockNotFound
	case errors.Is(err, keystore.ErrUnreadable), errors.Is(err, fs.ErrPermission):
		code = prompt.UnlockNoPermission
	case errors.Is(err, keystore.ErrNoKey):
		code = prompt.UnlockNoKey
	case errors.Is(err, keystore.ErrUnsupported):
		code = prompt.UnlockUnsupported
	case errors.Is(err, keystore.ErrDamaged):
		code = prompt.UnlockDamaged
	case errors.Is(err, keystore.ErrNotKeyFile):
		code = prompt.UnlockNotKeyFile
	}
	return &prompt.UnlockError{Code: code, Err: err}
}

// allowed: a page that names storages takes keys of those only.
func allowed(storages []string, storage string) bool {
	return len(storages) == 0 || slices.Contains(storages, storage)
}

// extensions are those of the key files a page takes.
func extensions(storages []string) []string {
	var out []string
	if allowed(storages, keystore.PKCS12) {
		out = append(out, "p12", "pfx")
	}
	if allowed(storages, keystore.JKS) {
		out = append(out, "jks")
	}
	return out
}

// describeKey is what the window shows of a key.
func describeKey(k described, v keystore.Verdict, now time.Time, purpose prompt.Purpose) prompt.Key {
	p := prompt.Key{ID: newID(), Fits: v.Fits, Reason: v.Reason}
	if v.Fits {
		p.Reason = v.Warning
	}
	c := k.Certificate()
	if c == nil {
		p.Owner = clean(k.Alias())
		return p
	}
	p.Fingerprint = sha256.Sum256(c.Raw)
	who := c.Person()
	p.Owner = clean(strings.TrimSpace(who.CommonName))
	p.IIN, p.BIN = clean(who.IIN), clean(who.BIN)
	p.Organisation = clean(who.Organisation)
	if who.Role != "" {
		p.Role = "role." + string(who.Role)
	}
	switch auth, sign := c.CanAuthenticate(), c.CanSign(); {
	case auth && sign:
		p.Use = "use.both"
	case sign:
		p.Use = "use.sign"
	case auth:
		p.Use = "use.auth"
	}
	if c.PublicKey != nil {
		p.Algorithm = c.PublicKey.Family.String()
	}
	p.Issuer = clean(c.Issuer.CommonName())
	p.NotBefore, p.NotAfter = c.NotBefore, c.NotAfter
	p.Expired = now.After(c.NotAfter)
	p.ExpiresSoon = !p.Expired && c.NotAfter.Sub(now) <= expirySoon
	p.NeedsConsent = p.Fits && p.Expired && purpose == prompt.Sign
	return p
}

// compareKeys puts keys that fit first, among them those without a warning, then
// those that last longest.
func compareKeys(a, b prompt.Key) int {
	rank := func(k prompt.Key) int {
		switch {
		case k.Fits && k.Reason == "":
			return 0
		case k.Fits && !k.Expired:
			return 1
		case k.Fits:
			return 2
		}
		return 3
	}
	if d := rank(a) - rank(b); d != 0 {
		return d
	}
	return b.NotAfter.Compare(a.NotAfter)
}

func newID() string {
	var b [16]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

func baseName(path string) string { return clean(filepath.Base(path)) }
