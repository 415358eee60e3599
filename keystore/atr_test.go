package keystore_test

import (
	"encoding/hex"
	"maps"
	"strings"
	"testing"

	"tanba/keystore"
)

// specified is the table of tokens.md 2.1, typed in once more.
var specified = map[string][]string{
	"AKKaztokenStore": {"3B88014B415A544F4B454E82", "3B9896004B415A544F4B454E"},
	"AKKZIDCardStore": {
		"3B771800004B4153414B4944", "3B391900534F4D414453333031", "3B391900534F4D414453333033",
		"3B3E9500534F4D412D633030372D44533161", "3B3E9500534F4D412D633030372D44533162",
		"3BFA130000900131FE450031807394410000900075", "3BFA1800FF8031FE450031807394410000900090",
	},
	"AKEToken72KStore":  {"3BD518008131FE7D8073C82110F4"},
	"AKEToken5110Store": {"3BD5180081313A7D8073C8211030", "3B7F96000080318065B0844150F6120FFE829000"},
	"AKJaCartaStore":    {"3BDC18FF8191FE1FC38073C821136601061159000128"},
	"AKAKEYStore": {
		"3BFC180000813180459067464A00643170C172FEE0E2", "3BFC180000813180459067464A01037206000000001C",
		"3BFC180000813180459067464A010359040000000035", "3B9095801F0399",
	},
}

func TestStorageOfATR(t *testing.T) {
	families := maps.Clone(specified)
	n := 0
	for storage, atrs := range families {
		for _, text := range atrs {
			n++
			atr, err := hex.DecodeString(text)
			if err != nil {
				t.Fatal(err)
			}
			if got, ok := keystore.StorageOfATR(atr); got != storage || !ok {
				t.Errorf("%s: %q, %v, want %s", text, got, ok, storage)
			}
			for _, other := range [][]byte{atr[:len(atr)-1], append(atr[:len(atr):len(atr)], 0), append([]byte{atr[0] ^ 4}, atr[1:]...)} {
				if got, ok := keystore.StorageOfATR(other); ok {
					t.Errorf("%X is like %s only: %q", other, text, got)
				}
			}
		}
	}
	if n != 17 {
		t.Errorf("%d ATRs, the table has 17", n)
	}
	for name, text := range map[string]string{
		"none": "",
		// Listed by pcsc-tools as an identity card without contacts; the
		// original does not know it.
		"contactless ID card": "3B8C800150F56FF82BE1F35E113381C73C",
		"Rutoken ECP":         "3B8B015275746F6B656E20445320C1",
	} {
		atr, _ := hex.DecodeString(text)
		if got, ok := keystore.StorageOfATR(atr); ok {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestStorageNamed(t *testing.T) {
	for _, s := range keystore.Storages() {
		if got, ok := keystore.StorageNamed(s); got != s || !ok {
			t.Errorf("%s: %q, %v", s, got, ok)
		}
		for _, other := range []string{strings.ToLower(s), strings.ToUpper(s)} {
			got, ok := keystore.StorageNamed(other)
			if want := keystore.IsToken(s); other != s && (ok != want || ok && got != s) {
				t.Errorf("%s: %q, %v", other, got, ok)
			}
		}
	}
	if got, ok := keystore.StorageNamed("AKEtoken5110Store"); got != "AKEToken5110Store" || !ok {
		t.Errorf("the dispatcher's spelling: %q, %v", got, ok)
	}
	for _, name := range []string{"", "KAZTOKEN", "AKKaztokenStore ", "A\u212aKaztokenStore"} {
		if got, ok := keystore.StorageNamed(name); ok {
			t.Errorf("%q: %q", name, got)
		}
	}
}
