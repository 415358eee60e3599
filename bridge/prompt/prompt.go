// Package prompt asks the person at the screen.
//
// A Prompter shows one Request at a time: who asks, what for, what will be
// signed, with whose key. It knows neither sockets nor key stores: choosing a
// file and trying a password happen through the functions a Request carries, so
// a wrong password stays inside the window and secrets go one way only.
package prompt

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"
)

// Prompter asks the human. Approve blocks until the person decides, ctx ends or
// the window is gone; the last two return ErrCancelled (wrapped or not).
// Implementations are safe for use by several goroutines, but the caller shows
// one Request at a time. Once Approve has returned a Decision, the end of ctx no
// longer matters: the window lives until Progress.Finish.
type Prompter interface {
	Approve(ctx context.Context, r *Request) (Decision, error)
}

var (
	// ErrCancelled: the person refused, closed the window or did not answer.
	ErrCancelled = errors.New("prompt: cancelled")
	// ErrUnavailable: this back-end cannot show anything here (no browser, no
	// display, no terminal); another one may.
	ErrUnavailable = errors.New("prompt: no way to ask the person here")
	// ErrBlocked: the person refused and wants no more questions of this asker;
	// it is an ErrCancelled too.
	ErrBlocked = fmt.Errorf("%w: the person blocked the asker", ErrCancelled)
)

// Purpose is what the key is wanted for, in our own words.
type Purpose int

const (
	Sign               Purpose = iota // make signatures over Documents
	ShowKey                           // show the page a certificate
	PickFile                          // choose a path
	ListTokens                        // tell the page which kinds of tokens are plugged in
	MakeKey                           // make a new key and a request for its certificate
	InstallCertificate                // put the certificate beside the key that waits for it
)

// Site is who asks.
type Site struct {
	Origin     string // as the browser sent it, "" for a program without one
	Name       string // registrable domain or program name, cleaned, shown large
	Detail     string // full origin or executable path, cleaned
	Secure     bool   // https
	Loopback   bool   // a page served by this machine: never leaves it, secure or not
	Local      bool   // a program on this machine, not a page
	Suspicious bool   // mixed scripts, punycode, or another look-alike
	New        bool   // never approved before
	SHA256     string // of the executable of a program, hexadecimal; "" = not known
	Changed    bool   // another executable was approved at its path
}

// Document is one thing to be signed, as shown. It is a view of the very octets
// that are signed.
type Document struct {
	Name   string
	Size   int64
	SHA256 [sha256.Size]byte // of the octets shown; zero for a file not read yet
	Kind   string            // "text", "xml", "pdf", "zip", "office", "image", "cms", "binary", "digest", "file"
	Text   string            // readable beginning for text and xml, else ""; xml is indented
	Source string            // Text as it came, when it was indented, else ""
	Cut    bool              // Text is not the whole document
	Form   string            // "login", "fno", or "": the kind of xml that was recognised
	Fields []Field           // what an xml document says, at most eight
	More   bool              // the document says more than Fields
	Part   string            // the path of the only part that is signed, "" = all of it

	// Data are the octets themselves, for a copy the person may open; nil =
	// none can be. They are valid until Approve returns.
	Data []byte
}

// Field is one thing an XML document says: under a name of the catalogue if the
// form is known, or under the element's own. The two never mix, so an element
// cannot pass for one of ours.
type Field struct {
	Key   string // catalogue key, or ""
	Name  string // the element's own name, cleaned, when there is no Key
	Value string // cleaned, one line
}

// KeyFile is a key store the person used before.
type KeyFile struct {
	Path  string
	Name  string // base name, for people
	Owner string // last seen owner, may be ""
	Until time.Time
}

// Key is one key of an opened store, as shown.
type Key struct {
	ID           string // opaque, valid for this request
	Owner        string // "ТЕСТОВ ТЕСТ ТЕСТОВИЧ"
	IIN, BIN     string // as in the certificate; the window masks the IIN
	Organisation string
	Role         string            // catalogue key of the role, "" when a natural person
	Use          string            // catalogue key: "use.both", "use.sign", "use.auth"
	Algorithm    string            // "GOST 34.10-2015 (512)", "RSA 2048", …
	Fingerprint  [sha256.Size]byte // of the certificate; zero without one
	Issuer       string
	NotBefore    time.Time
	NotAfter     time.Time
	Fits         bool
	Reason       string // catalogue key: why it does not fit, or a warning when it does; "" = neither
	Expired      bool
	ExpiresSoon  bool // 30 days or less
	NeedsConsent bool // expired but allowed: a second, explicit confirmation is required
}

// UnlockError is trouble that stays inside the window.
type UnlockError struct {
	Code string // catalogue key, e.g. "unlock.wrong_password"
	Err  error
	PIN  *PIN // of a token, as it is after the try; nil when it cannot be told
}

func (e *UnlockError) Error() string { return "prompt: " + e.Code }
func (e *UnlockError) Unwrap() error { return e.Err }

// Wanted narrows the keys a page takes; the zero value takes any.
type Wanted struct {
	Use    string   `json:"use"` // catalogue key: "use.sign", "use.auth", or ""
	IIN    string   `json:"iin"` // the window masks it
	BIN    string   `json:"bin"`
	Serial string   `json:"serial"`
	Roles  []string `json:"roles"` // catalogue keys
}

// Request is one question. It does not change once it has been given away.
type Request struct {
	ID      string
	Site    Site
	Program string // executable of a local program
	// ProgramSHA256 is that of the executable, hexadecimal; "" = not known.
	ProgramSHA256 string
	Operation     string // as the page called it, e.g. "signXml"
	Purpose       Purpose
	Locale        string // "kk", "ru", "en"
	Logo          []byte // png, jpeg or gif, checked; nil = none
	Documents     []Document
	Total         int // number of documents; Documents may hold fewer views
	Bytes         int64
	Detached      bool
	Digests       bool   // only digests came, nothing can be shown
	Unseen        bool   // the page sends Total documents after the yes, nothing can be shown yet
	Login         bool   // the key is asked for logging in
	Warning       string // catalogue key of a notice about the documents, "" = none
	Phrase        string // chosen by the person at install, shown only in a genuine window

	// Waiting tells how many more requests wait behind this one; nil = none.
	Waiting func() int

	Recent     []KeyFile // most recent first
	NoFiles    bool      // the page takes keys on tokens only
	Extensions []string  // of key files, or of the file to pick: lower case, no dot; nil = all
	Directory  bool      // PickFile wants a folder
	Start      string    // folder where choosing begins

	// Facts are what is said of a new key or of the certificate for one.
	Facts []Field
	// NewFile begins a key file: it checks the place, a folder or the path of
	// a file, and the new password, and writes nothing before the yes. The Key
	// it returns stands for the key that will be made. nil = a new key goes
	// onto a token only, or none is to be made. Folder is what is proposed.
	NewFile func(ctx context.Context, place string, secret []byte) ([]Key, error)
	Folder  string

	// Wanted is what the page said about the key, to explain why none fits.
	Wanted Wanted

	// Unlock tries a key store once. The secret is cleared by Unlock before
	// it returns. It returns every key of the store, or an *UnlockError. The
	// Keys stay valid until the next call or the end of the request.
	Unlock func(ctx context.Context, path string, secret []byte) ([]Key, error)

	// Tokens lists the tokens the page takes, as they are now; nil = it takes
	// none. It loads drivers and may take seconds, so it is called when a
	// token is looked for and not before: a person with a key file needs none.
	Tokens func(ctx context.Context) ([]Token, error)
	// TokensFirst: a token is looked for at once.
	TokensFirst bool
	// TokenChange returns a channel that is closed when a token is put in or
	// taken out next; nil = nobody can tell.
	TokenChange func() <-chan struct{}
	// UnlockToken is Unlock for a token: exactly one try of the PIN, or none
	// when the error says so. last is the person's own confirmation that the
	// try may be the last one. The secret is nil for a PIN pad.
	UnlockToken func(ctx context.Context, id string, secret []byte, last bool) ([]Key, error)

	// Open are the keys of Recent[0], open already because its password is kept
	// until OpenUntil; Forget forgets it. nil = none is kept.
	Open      []Key
	OpenUntil time.Time
	Forget    func()

	RememberFor time.Duration // a password may be kept that long; 0 = not at all
	MayAlways   bool          // the person may allow this for good
	MayBlock    bool          // the person may block the asker

	// Minimum is how long the person must have been looking before an
	// approval counts (security.md T9). Zero switches the delay off.
	Minimum time.Duration
}

// Decision is the person's yes.
type Decision struct {
	KeyID string // of a Key that Unlock returned last
	Path  string // for PickFile

	// Confirmed is the second, explicit yes that a Key with NeedsConsent
	// requires.
	Confirmed bool

	Remember bool // keep the password of the file for Request.RememberFor
	Always   bool // allow this for good, where Request.MayAlways says so

	// Policy names the administrator's rule that said yes instead of a person.
	Policy string

	// Progress may be nil. The caller ends it exactly once.
	Progress Progress
}

// What Progress.Finish can say. Any other catalogue key serves as well.
const (
	FailedSigning         = "failed.signing"          // the key or the container failed
	FailedTimestamp       = "failed.timestamp"        // the time stamp service is out of reach
	FailedTimestampAnswer = "failed.timestamp_answer" // what it answered is wrong
	FailedFile            = "failed.file"             // the file to be signed cannot be read
	FailedStopped         = "failed.stopped"          // the person pressed Stop
	FailedConnection      = "failed.connection"       // the page went away meanwhile
	FailedToken           = "failed.token"            // the token or its driver did not sign
	FailedTokenGone       = "failed.token_gone"       // the token was taken out meanwhile
	FailedDocument        = "failed.document"         // this document cannot be signed
	FailedXML             = "failed.document_xml"     // its XML is not well-formed, or of a kind that is refused
	FailedPart            = "failed.document_part"    // the part that is to be signed is not in it
	FailedDigest          = "failed.document_digest"  // a digest of a length the key does not sign
	FailedExists          = "failed.exists"           // a file of that name is there
	FailedReadOnly        = "failed.read_only"        // the folder takes no files
	FailedDiskFull        = "failed.disk_full"
	FailedWriting         = "failed.writing"      // a key file was not written; what was there is whole
	FailedTokenWrites     = "failed.token_writes" // the token takes no new keys
)

// What Unlock can say, as UnlockError.Code. The texts tell what to check.
const (
	UnlockWrongPassword = "unlock.wrong_password"
	UnlockNotKeyFile    = "unlock.not_key_file"
	UnlockDamaged       = "unlock.damaged"
	UnlockUnsupported   = "unlock.unsupported"
	UnlockNotFound      = "unlock.not_found"
	UnlockNoPermission  = "unlock.no_permission"
	UnlockNoKey         = "unlock.no_key" // the store holds no key with a certificate
	UnlockFailed        = "unlock.failed" // anything else

	UnlockWrongPIN     = "unlock.wrong_pin"
	UnlockPINLocked    = "unlock.pin_locked" // no try was made
	UnlockLastTry      = "unlock.last_try"   // no try was made: it would be the last one
	UnlockPINFormat    = "unlock.pin_format" // no try was made
	UnlockPINUnset     = "unlock.pin_unset"  // it must be set or changed first
	UnlockTokenGone    = "unlock.token_gone"
	UnlockTokenBusy    = "unlock.token_busy"
	UnlockTokenFailed  = "unlock.token_failed"
	UnlockTokenNoKey   = "unlock.token_no_key"
	UnlockTokenStorage = "unlock.token_storage" // not one of the storages the page takes

	NewShort      = "new.short" // what a new password lacks
	NewLong       = "new.long"
	NewUpper      = "new.upper"
	NewLower      = "new.lower"
	NewDigit      = "new.digit"
	NewLatin      = "new.latin"
	NewFolder     = "new.folder"      // no folder of that name can be used
	NewReadOnly   = "new.read_only"   // it takes no files
	NewFileExists = "new.file_exists" // nothing is ever overwritten
)

// Progress keeps the window informed while the work is done.
type Progress interface {
	Step(done int)
	// Finish tells how it ended: "" = well, else a catalogue key, one of the
	// Failed constants.
	Finish(failed string)
	// Stopped is closed when the person pressed Stop.
	Stopped() <-chan struct{}
}
