// Package consent decides whether a page gets what it asks for, by asking the
// person.
//
// A Desk shows one question at a time, in the order they came, over all
// connections. It cleans up the name of who asks, describes the documents, opens
// the key file or token the person chose, judges which of its keys fit, and
// hands out a Grant with the one key the person agreed to. It keeps, in the
// state directory:
//
//	permissions.json  who was allowed or blocked what, when and how often
//	recent.json       the key files and tokens used last
//	journal.jsonl     what was asked for and how it ended, without content,
//	                  chained so that a missing or changed line shows
//
// What it does not do: it never signs, and each signature of a document has its
// own yes (security.md §7.2). Two things may be allowed for good, per exact
// origin and never for a program: to see a certificate, and to have a log-in
// confirmed; and even these need a password that is kept, which the person
// ticked, for fifteen minutes at most. PINs of tokens are never kept. Learning
// which tokens are plugged in is asked once per origin.
//
// Questions that are alike in everything the person sees and wait at the same
// time are one question (security.md T8).
//
// Too many questions are answered as cancelled (security.md T8): more than three
// of one site waiting, a site whose last two questions were dismissed or timed
// out within five minutes, more than thirty in an hour. The hourly limit spares
// a site the person has approved within that hour: somebody who signs forty
// documents one by one is at work, not under attack.
package consent

import (
	"cmp"
	"crypto/sha256"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"tanba/bridge/prompt"
	"tanba/internal/enrollment"
	"tanba/internal/i18n"
	"tanba/internal/pki"
	"tanba/internal/state"
	"tanba/keystore"
	"tanba/protocol"
)

// Timeout is how long a person has to answer once a question is visible.
const Timeout = 5 * time.Minute

// Minimum is how long a question must have been in front of the person before a
// yes counts (security.md T9).
const Minimum = 700 * time.Millisecond

// Options say how a Desk works. Prompter is required; every other zero value
// stands for something useful.
type Options struct {
	Prompter prompt.Prompter
	State    state.Dir        // "" = nothing is kept
	Now      func() time.Time // nil = time.Now
	// Tokens are the tokens of this machine; nil = there are none. Nothing is
	// asked of them for a question about a key file.
	Tokens     keystore.Tokens
	TokenWatch TokenWatch // nil = insertion and removal are not noticed
	// TokenStorages gives tokens that say nothing of themselves a storage name,
	// by label or by module (settings.Settings.TokenStorages).
	TokenStorages map[string]string
	Anchors       *pki.Pool     // the national CAs, for protocol.ChainNational; nil = no chain is found
	Language      string        // of the person: "kk", "ru", "en"; "" = the default
	Phrase        string        // the person's own sign that a window is genuine
	Timeout       time.Duration // 0 = Timeout
	PerHour       int           // prompts in an hour, 0 = 30
	// Remember is how long a password may be kept when the person ticks that,
	// at most RememberMax; 0 = never offered. Whoever sets it calls Desk.Forget
	// when the screen is locked.
	Remember time.Duration
	// Kiosk is for a machine of many people: no password and no key is
	// remembered, nothing is allowed for good.
	Kiosk bool
	// Seeded are the sites of the administrator's list. With Kiosk, pages of
	// other sites are refused.
	Seeded []Seeded
	// KeyFolder is the folder proposed for new key files.
	KeyFolder string
	Log       *slog.Logger // nil = none
}

// Desk asks the person, one question at a time. It is safe for use by several
// goroutines.
type Desk struct {
	o       Options
	queue   *queue
	journal journal

	mu          sync.Mutex // guards the files below
	permissions *permissions
	recent      *recent
	told        map[string]time.Time // refusals without a question in the journal

	registry *enrollment.Registry // keys that wait for their certificates

	seeded map[string]Seeded // by identity

	vault   *vault
	chosen  atomic.Pointer[Choices]
	amnesia atomic.Bool // no password is kept any more
	flights flights
}

// New returns a Desk. State files that cannot be read count as empty; a damaged
// one is kept beside the new one under the name FILE.damaged.
func New(o Options) *Desk {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Timeout == 0 {
		o.Timeout = Timeout
	}
	if o.PerHour == 0 {
		o.PerHour = 30
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.Language = cmp.Or(o.Language, i18n.Default)
	d := &Desk{o: o, journal: journal{dir: o.State}}
	d.chosen.Store(&Choices{Language: o.Language, Phrase: o.Phrase, Remember: o.Remember})
	d.seeded = make(map[string]Seeded, len(o.Seeded))
	for _, s := range o.Seeded {
		d.seeded[identity(Asker{Origin: s.Origin})] = s
	}
	d.vault = &vault{now: o.Now}
	d.registry = enrollment.NewRegistry(o.State)
	d.permissions = loadPermissions(o.State, o.Log)
	d.recent = loadRecent(o.State, o.Log)
	d.queue = &queue{now: o.Now, perHour: o.PerHour, unlimited: prompt.Unattended(o.Prompter)}
	return d
}

// Asker is who asks.
type Asker struct {
	Origin     string            // raw Origin header, "" for a program that sends none
	Local      bool              // a program on this machine, not a page
	Executable string            // its path
	SHA256     [sha256.Size]byte // of the executable that runs; zero = not known
	PID, UID   int
	Connection uint64
}

// Question is one thing a page wants. The documents are views (see Describe) of
// the octets that will be signed.
type Question struct {
	Asker     Asker
	Purpose   prompt.Purpose
	Operation string // for the journal, e.g. "signXml"; "" = the purpose
	Select    protocol.Selection
	Locale    string // of the page's window; "" = the person's own
	Logo      []byte // not shown: a picture chosen by the page proves nothing
	Documents []prompt.Document
	Total     int   // number of documents, 0 = len(Documents)
	Bytes     int64 // their size, 0 = the sum of Documents
	Detached  bool
	Digests   bool
	Unseen    bool // Total documents come one by one after the yes; none is known yet
	Own       bool // one of our own pages asks, Asker.Origin being ours
	Login     bool // the page says that it is about logging in
	Pick      *protocol.PickFile

	NewKey      *NewKey         // for MakeKey
	Certificate *NewCertificate // for InstallCertificate

	opened func([]*pki.Certificate) // see OnOpened
	read   [][32]byte               // of documents that were read after the yes
}

// Known reports whether the person approved this asker before.
func (d *Desk) Known(a Asker) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.permissions.approvedOf(a) != nil
}
