// Package trust puts the local authority's certificate where browsers look for
// roots, takes exactly that away again, and tells what is there.
//
// On Linux browsers do not read the system store: Chromium and its relatives
// read the NSS database ~/.pki/nssdb, or ~/.local/share/pki/nssdb when the
// former does not exist, and every Firefox profile has a database of its own
// (platform.md §4.2). Snap and Flatpak packages keep theirs in their own home.
// All of them are reached through certutil of the NSS tools. The system store
// (update-ca-certificates) serves curl and Go programs only; it is used when
// asked for and only root may write it.
//
// Each addition is written to a journal in the state directory before it is
// made, so that Remove is exact after a crash as well: it deletes certificates
// by fingerprint, never by name alone, and the databases that exist only because
// of us. A certificate the journal names but no store holds is not an error.
//
// Not run by anybody yet: the stores of Windows and macOS, for which List finds
// nothing; Snap and Flatpak places, which are looked for but were not met.
package trust

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"

	"tanba/internal/state"
)

// Kind of store, also the catalogue key of its name: "trust.kind.chromium".
type Kind string

const (
	Chromium Kind = "chromium"
	Firefox  Kind = "firefox"
	System   Kind = "system"
)

// Options say where and what. Root and State are required.
type Options struct {
	Root  *x509.Certificate // the authority; see localca
	State state.Dir         // holds the journal
	Home  string            // "" = the user's

	System bool // also the system store

	Now func() time.Time // nil = time.Now
	// Run runs a program; nil = exec. Tests use it to fail at will.
	Run func(ctx context.Context, name string, args ...string) ([]byte, error)
	// SystemDir is where update-ca-certificates looks; "" = Debian's place.
	SystemDir string
}

var (
	// ErrNoCertutil: the NSS tools are not installed. Hint tells what to
	// install.
	ErrNoCertutil = errors.New("trust: certutil is not installed")
	// ErrNotPermitted: the store may be changed by an administrator only.
	ErrNotPermitted = errors.New("trust: not permitted")
	// ErrNoStores: nothing on this machine could be found to trust the root.
	ErrNoStores = errors.New("trust: no browser store found")
)

// Result is what happened to one store, or what is in it.
type Result struct {
	Kind    Kind
	Path    string // of the database or file
	Present bool   // our root is in there
	Trusted bool   // and trusted for TLS servers
	Changed bool   // by this call
	Created bool   // the database did not exist before
	Err     error
}

// store is one place that holds roots.
type store interface {
	kind() Kind
	path() string
	exists() bool
	// status reports whether the certificate is there and trusted.
	status(ctx context.Context, c *x509.Certificate) (present, trusted bool, err error)
	// add must leave the store as it was when it fails.
	add(ctx context.Context, c *x509.Certificate, nickname string) error
	// remove deletes the certificate with this SHA-256; absent is no error.
	remove(ctx context.Context, fingerprint, nickname string) error
	// destroy deletes a store we made, if it holds nothing else.
	destroy(ctx context.Context) error
}

func (o *Options) complete() error {
	if o.Root == nil && o.State == "" {
		return errors.New("trust: no root and no state directory")
	}
	if o.Home == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return fmt.Errorf("trust: %w", err)
		}
		o.Home = home
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Run == nil {
		o.Run = run
	}
	if o.SystemDir == "" {
		o.SystemDir = "/usr/local/share/ca-certificates"
	}
	return nil
}

func run(ctx context.Context, name string, args ...string) ([]byte, error) {
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	if errors.Is(err, exec.ErrNotFound) && name == "certutil" {
		return nil, ErrNoCertutil
	}
	if err != nil {
		return out, fmt.Errorf("%s: %w: %s", name, err, firstLine(out))
	}
	return out, nil
}

// Install adds the root to every store that lacks it. One store that fails does
// not keep the others from being done: its Result says why. The error is
// ErrNoCertutil, ErrNoStores or one of the journal, and then nothing was
// changed.
func Install(ctx context.Context, o Options) ([]Result, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	stores, err := o.stores()
	if err != nil {
		return nil, err
	}
	if len(stores) == 0 {
		return nil, ErrNoStores
	}
	j, err := readJournal(o.State)
	if err != nil {
		return nil, err
	}
	var results []Result
	for _, s := range stores {
		r := Result{Kind: s.kind(), Path: s.path()}
		if s.exists() {
			r.Present, r.Trusted, r.Err = s.status(ctx, o.Root)
		}
		if r.Err == nil && !r.Trusted {
			r.Created = !s.exists()
			entry := Entry{
				Kind: s.kind(), Path: s.path(), Fingerprint: fingerprint(o.Root.Raw), Nickname: nickname(o.Root),
				Time: o.Now().UTC(), CreatedDatabase: r.Created || j.created(s.path()),
			}
			if err := j.add(entry); err != nil {
				return results, err
			}
			if r.Err = s.add(ctx, o.Root, entry.Nickname); r.Err == nil {
				r.Changed = true
				r.Present, r.Trusted, r.Err = s.status(ctx, o.Root)
			}
		}
		results = append(results, r)
	}
	return results, nil
}

// Remove takes away everything the journal names: certificates by fingerprint,
// then databases that were made for them. What could not be removed stays in the
// journal for the next try.
func Remove(ctx context.Context, o Options) ([]Result, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	return o.remove(ctx, func(Entry) bool { return true })
}

// RemoveRoot is Remove for one root: the old one, after its successor is
// trusted.
func RemoveRoot(ctx context.Context, o Options, root *x509.Certificate) ([]Result, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	want := fingerprint(root.Raw)
	return o.remove(ctx, func(e Entry) bool { return e.Fingerprint == want })
}

func (o *Options) remove(ctx context.Context, which func(Entry) bool) ([]Result, error) {
	j, err := readJournal(o.State)
	if err != nil {
		return nil, err
	}
	var results []Result
	for _, e := range j.entries() {
		if !which(e) {
			continue
		}
		r := Result{Kind: e.Kind, Path: e.Path}
		s := o.storeAt(e.Kind, e.Path)
		if s.exists() {
			r.Err = s.remove(ctx, e.Fingerprint, e.Nickname)
			r.Changed = r.Err == nil
			r.Present = r.Err != nil
		}
		if r.Err == nil && e.CreatedDatabase && j.last(e) {
			r.Err = s.destroy(ctx)
		}
		if r.Err == nil {
			if err := j.drop(e); err != nil {
				return results, err
			}
		}
		results = append(results, r)
	}
	return results, nil
}

// Status looks into every store without changing anything.
func Status(ctx context.Context, o Options) ([]Result, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	stores, err := o.stores()
	if err != nil {
		return nil, err
	}
	var results []Result
	for _, s := range stores {
		r := Result{Kind: s.kind(), Path: s.path()}
		if s.exists() {
			r.Present, r.Trusted, r.Err = s.status(ctx, o.Root)
		}
		results = append(results, r)
	}
	return results, nil
}

// Export returns the root as PEM, for programs with stores of their own.
func Export(root *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root.Raw})
}

func fingerprint(der []byte) string {
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:])
}

// nickname is how people see the root in a browser's list, and unlike any other
// root's.
func nickname(c *x509.Certificate) string {
	return c.Subject.CommonName + " " + fingerprint(c.Raw)[:8]
}
