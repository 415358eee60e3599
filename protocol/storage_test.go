package protocol

import (
	"strings"
	"testing"
)

func TestStorageSpelling(t *testing.T) {
	for i, s := range storages {
		if !knownStorage(s) {
			t.Errorf("%s is unknown", s)
		}
		for _, other := range []string{strings.ToLower(s), strings.ToUpper(s)} {
			if other != s && knownStorage(other) != (i >= fileStorages) {
				t.Errorf("%s: known %v", other, knownStorage(other))
			}
		}
	}
	for name, want := range map[string]bool{
		"AKEtoken72KStore": true, "AKEtoken5110Store": true,
		"": false, "KAZTOKEN": false, "AKKaztokenStore ": false, "A\u212aKaztokenStore": false,
	} {
		if knownStorage(name) != want {
			t.Errorf("%q: known %v", name, knownStorage(name))
		}
	}
	call := operation(t, common("getKeyInfo", `,"args":["aketoken72kstore"]`))
	if op, ok := call.Op.(ShowKey); !ok || op.Select.Storages[0] != "aketoken72kstore" {
		t.Errorf("%+v", call.Op)
	}
}
