package protocol

import "slices"

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

func knownStorage(name string) bool { return slices.Contains(storages, name) }

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
