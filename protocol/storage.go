package protocol

import (
	"slices"
	"strings"
)

// storages are the names of key stores that pages use. Files come first.
var storages = []string{
	"PKCS12",
	"JKS",
	"AKKaztokenStore",
	"AKKZIDCardStore",
	"AKEToken72KStore",
	"AKJaCartaStore",
	"AKAKEYStore",
	"AKEToken5110Store",
	"ABSIMCardStore",
	"ABCloudServiceStore",
}

const fileStorages = 2 // the first so many

// knownStorage reports whether a page may name this storage. Letter case does
// not matter in the names of tokens, since the original itself has two
// spellings of the eTokens (tokens.md 2.1); operations hold the page's.
func knownStorage(name string) bool {
	return slices.Contains(storages[:fileStorages], name) || slices.ContainsFunc(storages[fileStorages:], func(s string) bool {
		return len(s) == len(name) && strings.EqualFold(s, name)
	})
}

// keyUse reads the key type of commonUtils. Every word but the two names of the
// enumeration means all keys, also "AUTH", which the portal of state purchases
// sends when people log in.
func keyUse(name string) KeyUse {
	switch name {
	case "AUTHENTICATION":
		return Authentication
	case "SIGNATURE":
		return Signature
	}
	return AnyKey
}
