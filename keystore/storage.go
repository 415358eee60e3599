package keystore

import "slices"

// Storages as sites name them (protocol.md 4.1).
const (
	PKCS12     = "PKCS12"
	JKS        = "JKS"
	Kaztoken   = "AKKaztokenStore"
	IDCard     = "AKKZIDCardStore"
	EToken72K  = "AKEToken72KStore"
	JaCarta    = "AKJaCartaStore"
	AKey       = "AKAKEYStore"
	EToken5110 = "AKEToken5110Store"
	SIMCard    = "ABSIMCardStore"
	Cloud      = "ABCloudServiceStore"
)

var storages = []string{PKCS12, JKS, Kaztoken, IDCard, EToken72K, JaCarta, AKey, EToken5110, SIMCard, Cloud}

// Storages lists the known storages in the order of the table.
func Storages() []string { return slices.Clone(storages) }

// Known reports whether a site may name this storage. Case matters.
func Known(storage string) bool { return slices.Contains(storages, storage) }

// IsToken reports whether the storage is a device or service, not a file.
func IsToken(storage string) bool {
	return Known(storage) && storage != PKCS12 && storage != JKS
}
