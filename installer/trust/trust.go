// Package trust puts the local authority's certificate where browsers look for
// roots, takes exactly that away again, and tells what is there.
//
// On Linux browsers do not read the system store: Chromium and its relatives
// read the NSS database ~/.pki/nssdb, or ~/.local/share/pki/nssdb when the
// former does not exist, and every Firefox profile has a database of its own
// (platform.md §4.2). Snap and Flatpak packages keep theirs in their own home.
// All of them are reached through certutil of the NSS tools. The system store
// (update-ca-certificates and its like) serves curl and Go programs only; it is
// used when asked for and only root may write it. So is Java's. On Windows there
// is the person's own ROOT store, on macOS the login keychain.
//
// Each addition is written to a journal in the state directory before it is
// made, so that Remove is exact after a crash as well: it deletes certificates
// by fingerprint, never by name alone, and the databases that exist only because
// of us. A database nobody else has changed is put back octet for octet; see
// guard.go. A certificate the journal names but no store holds is not an error.
//
// Watch tells when a browser's store has come into being, so that a profile of
// Firefox made after the installation has the root as well.
//
// Not run by anybody yet: macOS; Windows outside Wine; Snap and Flatpak places,
// which are looked for but were not met.
package trust

import (
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"tanba/internal/state"
)

// Kind of store, also the catalogue key of its name: "trust.kind.chromium".
type Kind string

const (
	Chromium Kind = "chromium"
	Firefox  Kind = "firefox"
	System   Kind = "system"
	Java     Kind = "java"
	Windows  Kind = "windows"  // CurrentUser ROOT
	Keychain Kind = "keychain" // macOS, of the login
)

// Options say where and what. Root and State are required.
type Options struct {
	Root  *x509.Certificate // the authority; see localca
	State state.Dir         // holds the journal
	Home  string            // "" = the user's

	System bool // also the system store
	Java   bool // also the store of the Java that is found
	// IfAgreed makes Install do nothing, with ErrNotAgreed, unless a root of
	// ours is in some store already: asked once the stores are locked, so that
	// a removal under way is not undone.
	IfAgreed bool

	Now func() time.Time // nil = time.Now
	// Run runs a program; nil = exec. Tests use it to fail at will.
	Run func(ctx context.Context, name string, args ...string) ([]byte, error)
	// SystemDir is where update-ca-certificates looks; "" = this system's place.
	SystemDir string
	// InUse tells whether a program has one of the files open; nil = ask the
	// system.
	InUse func(paths []string) bool
	// At is called before each change on disk; tests end the process there.
	At func(point string)
}

var (
	// ErrNoCertutil: the NSS tools are not installed. Hint tells what to
	// install.
	ErrNoCertutil = errors.New("trust: certutil is not installed")
	// ErrNotPermitted: the store may be changed by an administrator only.
	ErrNotPermitted = errors.New("trust: not permitted")
	// ErrNotAgreed: the person has not agreed, or not any more.
	ErrNotAgreed = errors.New("trust: nobody has agreed")
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
	Exact   bool   // by this removal, octet for octet as before us
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
	add(ctx context.Context, j *journal, c *x509.Certificate, nickname string) error
	// remove deletes the entry's certificate; absent is no error. With last
	// nothing of ours is in the store any more, and exact tells whether it is
	// octet for octet as it was.
	remove(ctx context.Context, j *journal, e Entry, last bool) (exact bool, err error)
	// destroy deletes a store we made, if it holds nothing else, and the
	// folders made for it.
	destroy(ctx context.Context, folders []string) error
}

func (o *Options) at(point string) {
	if o.At != nil {
		o.At(point)
	}
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
	if o.InUse == nil {
		o.InUse = inUse
	}
	return nil
}

// certutilWithin bounds what takes a fraction of a second: on a database that is
// being made at the same time certutil says "Invalid password" without end.
const certutilWithin = 20 * time.Second

func run(ctx context.Context, name string, args ...string) ([]byte, error) {
	if name == "certutil" {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, certutilWithin)
		defer cancel()
	}
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
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
	unlock, err := lock(o.State)
	if err != nil {
		return nil, err
	}
	defer unlock()
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
	if o.IfAgreed && len(j.Entries) == 0 {
		return nil, ErrNotAgreed
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
				Kind: s.kind(), Path: s.path(), Fingerprint: fingerprint(o.Root.Raw), SHA1: thumbprint(o.Root.Raw),
				Nickname: nickname(o.Root), Time: o.Now().UTC(),
			}
			entry.CreatedDatabase, entry.CreatedFolders = j.made(s.path())
			if r.Created && !entry.CreatedDatabase {
				entry.CreatedDatabase, entry.CreatedFolders = true, missing(s.path())
			}
			o.at("journal " + s.path())
			if err := j.add(entry); err != nil {
				return results, err
			}
			o.at("add " + s.path())
			if r.Err = s.add(ctx, j, o.Root, entry.Nickname); r.Err == nil {
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
	unlock, err := lock(o.State)
	if err != nil {
		return nil, err
	}
	defer unlock()
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
		o.at("remove " + e.Path)
		if s.exists() {
			r.Exact, r.Err = s.remove(ctx, j, e, j.last(e))
			r.Changed = r.Err == nil
			r.Present = r.Err != nil
		} else if j.last(e) {
			r.Err = j.forgetStore(e.Path)
		}
		if r.Err == nil && e.CreatedDatabase && j.last(e) {
			r.Err = s.destroy(ctx, e.CreatedFolders)
		}
		if r.Err == nil {
			o.at("drop " + e.Path)
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

// missing lists the folders of path, itself included, that do not exist, from
// the top down.
func missing(path string) []string {
	var list []string
	for dir := path; ; dir = filepath.Dir(dir) {
		if _, err := os.Lstat(dir); err == nil || dir == filepath.Dir(dir) {
			slices.Reverse(list)
			return list
		}
		list = append(list, dir)
	}
}

// thumbprint is what macOS and Windows call a certificate by.
func thumbprint(der []byte) string {
	sum := sha1.Sum(der)
	return strings.ToUpper(hex.EncodeToString(sum[:]))
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
