package consent

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"tanba/bridge/prompt"
	"tanba/internal/csr"
	"tanba/internal/enrollment"
	"tanba/internal/i18n"
	"tanba/internal/pki"
	"tanba/keystore"
)

// NewKey is what a question of purpose MakeKey is about. Where the key may live
// is in Question.Select.Storages.
type NewKey struct {
	Family   pki.Family
	Template csr.Template
}

// NewCertificate is what a question of purpose InstallCertificate is about;
// Desk.Waiting makes one.
type NewCertificate struct {
	pending      enrollment.Pending
	certificates [][]byte
	leaf         *pki.Certificate
}

// Waiting finds the key that waits for one of the certificates and checks the
// certificate: keyID is that of enrollment.Pending. The errors are those of
// package enrollment; nothing is shown.
func (d *Desk) Waiting(keyID string, certificates [][]byte) (*NewCertificate, error) {
	p, err := d.registry.Find(keyID)
	if err != nil {
		return nil, err
	}
	request, err := csr.Parse(p.Request)
	if err != nil {
		return nil, err
	}
	leaf, _, err := d.check().Choose(request.PublicKey, certificates)
	if err != nil {
		return nil, err
	}
	return &NewCertificate{pending: p, certificates: certificates, leaf: leaf}, nil
}

// Registry is the list of keys that wait for their certificates.
func (d *Desk) Registry() *enrollment.Registry { return d.registry }

func (d *Desk) check() enrollment.Check {
	pool := d.o.Anchors
	if pool == nil {
		pool = pki.NewPool(nil)
	}
	return enrollment.Check{Anchors: pool, Now: d.o.Now}
}

// enrolls: the question is about a new key or its certificate.
func (q *Question) enrolls() bool {
	return q.Purpose == prompt.MakeKey || q.Purpose == prompt.InstallCertificate
}

// offerNew puts the ways to a new key, or to the one that waits, into a request.
func (u *unlocker) offerNew(r *prompt.Request) {
	q, d := u.question, u.desk
	if c := q.Certificate; c != nil {
		r.Facts = certificateFacts(c.leaf)
		if c.pending.Token == "" {
			r.Unlock, r.Extensions = u.openPending, []string{"p12", "pfx"}
			r.Recent = []prompt.KeyFile{{Path: c.pending.Path, Name: baseName(c.pending.Path), Owner: owner(c.leaf)}}
			return
		}
		r.NoFiles = true
	} else {
		r.Facts = keyFacts(q.NewKey)
		r.NoFiles = !allowed(q.Select.Storages, keystore.PKCS12)
		if !r.NoFiles {
			r.NewFile, r.Folder, r.Start, r.Directory = u.newFile, d.o.KeyFolder, d.o.KeyFolder, true
		}
	}
	if d.o.Tokens == nil || !takesTokens(q.Select.Storages) {
		return
	}
	r.Tokens, r.UnlockToken = u.tokens, u.unlockToken
	r.TokensFirst = r.NoFiles
	if w := d.o.TokenWatch; w != nil {
		r.TokenChange = w.Changed
		r.TokensFirst = r.TokensFirst || w.Present()
	}
}

// newFile is prompt.Request.NewFile. Nothing is written yet.
func (u *unlocker) newFile(_ context.Context, place string, secret []byte) ([]prompt.Key, error) {
	defer func() { clear(secret); runtime.KeepAlive(secret) }()
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.gone {
		return nil, &prompt.UnlockError{Code: prompt.UnlockFailed, Err: errors.New("the question is over")}
	}
	u.release()
	if err := enrollment.CheckPassword(secret); err != nil {
		return nil, &prompt.UnlockError{Code: passwordCode(err), Err: err}
	}
	folder, code := newPlace(place)
	if code != "" {
		return nil, &prompt.UnlockError{Code: code, Err: errors.New("the place does not serve")}
	}
	u.newSecret, u.newPath, u.newFolder = slices.Clone(secret), place, folder
	return u.showNew(), nil
}

// openPending is prompt.Request.Unlock for the file of a key that waits: it shows
// that the password is right.
func (u *unlocker) openPending(ctx context.Context, path string, secret []byte) ([]prompt.Key, error) {
	defer func() { clear(secret); runtime.KeepAlive(secret) }()
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.gone {
		return nil, &prompt.UnlockError{Code: prompt.UnlockFailed, Err: errors.New("the question is over")}
	}
	u.release()
	kept := slices.Clone(secret)
	store, err := keystore.OpenFile(path)
	if err == nil {
		_, err = store.Unlock(ctx, secret)
		store.Close()
	}
	if err != nil {
		clear(kept)
		return nil, unlockError(err)
	}
	u.newSecret, u.newPath = kept, path
	return u.showNew(), nil
}

// showNew stands for the key that will be made, or for the certificate that will
// be installed. u.mu is held.
func (u *unlocker) showNew() []prompt.Key {
	p := prompt.Key{ID: newID(), Fits: true}
	if c := u.question.Certificate; c != nil {
		p = describeKey(waiting{c.leaf}, keystore.Verdict{Fits: true}, u.desk.o.Now(), prompt.ShowKey)
		p.Fingerprint = sha256.Sum256(c.leaf.Raw)
	} else {
		k := u.question.NewKey
		p.Owner, p.Algorithm = clean(k.Template.Subject.CommonName()), k.Family.String()
	}
	u.keys = map[string]candidate{p.ID: {verdict: keystore.Verdict{Fits: true}, shown: p}}
	return []prompt.Key{p}
}

// described is what describeKey looks at.
type described interface {
	Certificate() *pki.Certificate
	Alias() string
}

// waiting is a certificate whose key is not opened: it is only shown.
type waiting struct{ certificate *pki.Certificate }

func (w waiting) Certificate() *pki.Certificate { return w.certificate }
func (w waiting) Alias() string                 { return "" }

// forgetNew clears the password of the new key. u.mu is held.
func (u *unlocker) forgetNew() {
	clear(u.newSecret)
	runtime.KeepAlive(u.newSecret)
	u.newSecret, u.newPath, u.newFolder = nil, "", false
}

// newPlace tells whether a place is a folder, which may not exist yet, or the path
// of a file to be, and what is wrong with it, as a catalogue key.
func newPlace(place string) (folder bool, code string) {
	if !filepath.IsAbs(place) {
		return false, prompt.NewFolder
	}
	info, err := os.Stat(place)
	switch ext := strings.ToLower(filepath.Ext(place)); {
	case err == nil && !info.IsDir():
		return false, prompt.NewFileExists
	case err != nil && (ext == ".p12" || ext == ".pfx"):
		place = filepath.Dir(place)
	default:
		folder = true
	}
	// The folder, or the nearest one there is above it, must take files.
	for {
		info, err := os.Stat(place)
		switch {
		case err == nil && !info.IsDir():
			return folder, prompt.NewFolder
		case err == nil:
			f, err := os.CreateTemp(place, ".tanba-*.tmp")
			if err != nil {
				return folder, prompt.NewReadOnly
			}
			f.Close()
			os.Remove(f.Name())
			return folder, ""
		case !errors.Is(err, fs.ErrNotExist) || filepath.Dir(place) == place:
			return folder, prompt.NewFolder
		}
		place = filepath.Dir(place)
	}
}

func passwordCode(err error) string {
	for code, rule := range map[string]error{
		prompt.NewShort: enrollment.ErrPasswordShort, prompt.NewLong: enrollment.ErrPasswordLong, prompt.NewUpper: enrollment.ErrPasswordUpper,
		prompt.NewLower: enrollment.ErrPasswordLower, prompt.NewDigit: enrollment.ErrPasswordDigit,
	} {
		if errors.Is(err, rule) {
			return code
		}
	}
	return prompt.NewLatin
}

// usages with a name in the catalogue; the others are shown by their number.
func usageName(oid pki.OID) string {
	switch oid.String() {
	case pki.UsageClientAuth:
		return "use.auth"
	case pki.UsageEmailProtection:
		return "use.sign"
	}
	for _, role := range roles {
		if role.Usage() == oid.String() {
			return "role." + string(role)
		}
	}
	return "fact.usage"
}

func keyFacts(k *NewKey) []prompt.Field {
	facts := []prompt.Field{
		{Key: "fact.subject", Value: clean(k.Template.Subject.String())},
		{Key: "fact.algorithm", Value: k.Family.String()},
	}
	for _, oid := range k.Template.ExtKeyUsage {
		facts = append(facts, prompt.Field{Key: usageName(oid), Value: oid.String()})
	}
	for _, e := range k.Template.Extensions {
		key := "fact.extension"
		if e.Critical {
			key = "fact.extension_critical"
		}
		facts = append(facts, prompt.Field{Key: key, Value: fmt.Sprintf("%s (%d)", e.ID, len(e.Value))})
	}
	return facts
}

func certificateFacts(c *pki.Certificate) []prompt.Field {
	const form = "02.01.2006"
	return []prompt.Field{
		{Key: "fact.subject", Value: clean(c.Subject.String())},
		{Key: "fact.issuer", Value: clean(c.Issuer.CommonName())},
		{Key: "fact.validity", Value: i18n.Almaty(c.NotBefore).Format(form) + " – " + i18n.Almaty(c.NotAfter).Format(form)},
		{Key: "fact.number", Value: c.SerialHex()},
	}
}

func owner(c *pki.Certificate) string { return clean(c.Person().CommonName) }
