package pkcs11

import "tanba/keystore"

// Report is what `tanba tokens` tells: everything that can be known without a
// PIN.
type Report struct {
	Modules []ModuleReport
}

// Trouble is something wrong, in words: a key of the catalogue of texts with
// its arguments.
type Trouble struct {
	Key  string
	Args []string
}

// ModuleReport is one module, loaded or not.
type ModuleReport struct {
	Name         string // base name of the file
	Path         string
	Source       string // settings, vendor, p11-kit
	Description  string
	Manufacturer string
	Version      string // of the library
	Cryptoki     string // version of the interface
	Slots        []SlotReport
	Troubles     []Trouble
}

// SlotReport is one slot; Token is nil when nothing is in it.
type SlotReport struct {
	Description string
	Token       *TokenReport
	Troubles    []Trouble
}

// TokenReport is one token.
type TokenReport struct {
	keystore.Token
	Firmware   string
	Mechanisms []Mechanism
	Keys       []KeyReport
	Troubles   []Trouble
}

// Mechanism is what a token can do; Name is "" for one not known by name.
type Mechanism struct {
	Type uint64
	Name string
}

// KeyReport is a key or a certificate of a token, or both.
type KeyReport struct {
	ID          []byte
	Label       string
	Algorithm   string
	Certificate bool
	Owner       string
	Serial      string
	Private     bool // a private key is visible; most tokens show it after login only
	Public      bool
	Troubles    []Trouble
}
