package keystore

import (
	"encoding/hex"
	"strings"
)

// atrs says which storage the card with an answer to reset belongs to
// (tokens.md 2.1: the table of the original, exact matches only). A card that is
// not in it is none of these six, whatever its historical octets say: the
// original would not see it either.
var atrs = map[string]string{
	"3B88014B415A544F4B454E82": Kaztoken, // "KAZTOKEN", USB
	"3B9896004B415A544F4B454E": Kaztoken, // the card

	"3B771800004B4153414B4944":                   IDCard, // "KASAKID"
	"3B391900534F4D414453333031":                 IDCard, // "SOMADS301"
	"3B391900534F4D414453333033":                 IDCard, // "SOMADS303"
	"3B3E9500534F4D412D633030372D44533161":       IDCard, // "SOMA-c007-DS1a"
	"3B3E9500534F4D412D633030372D44533162":       IDCard, // "SOMA-c007-DS1b"
	"3BFA130000900131FE450031807394410000900075": IDCard, // of 2020
	"3BFA1800FF8031FE450031807394410000900090":   IDCard, // of 2022

	"3BD518008131FE7D8073C82110F4": EToken72K,

	"3BD5180081313A7D8073C8211030":             EToken5110,
	"3B7F96000080318065B0844150F6120FFE829000": EToken5110,

	"3BDC18FF8191FE1FC38073C821136601061159000128": JaCarta,

	"3BFC180000813180459067464A00643170C172FEE0E2": AKey,
	"3BFC180000813180459067464A01037206000000001C": AKey,
	"3BFC180000813180459067464A010359040000000035": AKey,
	"3B9095801F0399": AKey,
}

// StorageOfATR returns the storage name of the token that answers a reset so.
func StorageOfATR(atr []byte) (storage string, ok bool) {
	storage, ok = atrs[strings.ToUpper(hex.EncodeToString(atr))]
	return storage, ok
}

// StorageNamed returns a storage in the spelling of the table for the one a site
// wrote. Letter case does not matter in the names of tokens, since the original
// itself writes AKEToken72KStore and AKEtoken72KStore (tokens.md 2.1); the names
// of files are exact.
func StorageNamed(name string) (storage string, ok bool) {
	for _, s := range storages {
		if s == name || IsToken(s) && len(name) == len(s) && strings.EqualFold(s, name) {
			return s, true
		}
	}
	return "", false
}
