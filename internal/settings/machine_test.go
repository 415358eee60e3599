package settings

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"tanba/internal/state"
)

func TestTheMachineWins(t *testing.T) {
	own := Settings{Version: 1, Language: "ru", Port: 24000, Kiosk: false, TSA: []string{"http://own/"}}
	above := Settings{Version: 1, Port: 25000, Kiosk: true, TokenStorages: map[string]string{"a": "b"}}
	want := Settings{Version: 1, Language: "ru", Port: 25000, Kiosk: true, TSA: []string{"http://own/"}, TokenStorages: map[string]string{"a": "b"}}
	if got := over(own, above); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestEffective(t *testing.T) {
	dir := state.Dir(t.TempDir())
	if err := Save(dir, Settings{Language: "kk"}); err != nil {
		t.Fatal(err)
	}
	if s, err := effective(dir, filepath.Join(string(dir), "none")); err != nil || s.Language != "kk" {
		t.Errorf("%+v, %v", s, err)
	}
	machine := filepath.Join(t.TempDir(), File) // below a folder everybody may write to
	if err := os.WriteFile(machine, []byte(`{"version":1,"language":"en"}`), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := effective(dir, machine); !errors.Is(err, ErrWritable) {
		t.Errorf("a machine's file in a temporary folder: %v", err)
	}
}

func TestWithTrust(t *testing.T) {
	none := filepath.Join(t.TempDir(), "none")
	text, err := WithTrust(nil, none)
	if s, perr := Parse(text); err != nil || perr != nil || s.Trust != TrustAlways {
		t.Errorf("%s, %v, %v", text, err, perr)
	}
	text, err = WithTrust([]byte(`{"version":1,"port":24000}`), none)
	if s, perr := Parse(text); err != nil || perr != nil || s.Trust != TrustAlways || s.Port != 24000 {
		t.Errorf("%s, %v, %v", text, err, perr)
	}
	same := []byte(`{"version":1, "trust":"always"}`)
	if text, err = WithTrust(same, none); err != nil || string(text) != string(same) {
		t.Errorf("%s, %v", text, err)
	}
}

func TestMigrate(t *testing.T) {
	if s, err := Parse([]byte(`{"port":24000}`)); err != nil || s.Port != 24000 || s.Version != Version {
		t.Errorf("a file without a version: %+v, %v", s, err)
	}
	renamed := map[int]migration{0: func(m map[string]json.RawMessage) error {
		m["port"] = m["oldPort"]
		delete(m, "oldPort")
		return nil
	}}
	got, err := migrate([]byte(`{"oldPort":24000}`), 0, renamed)
	if err != nil || string(got) != `{"port":24000,"version":1}` {
		t.Errorf("%s, %v", got, err)
	}
	if _, err := migrate([]byte(`{}`), -1, renamed); err == nil || !strings.Contains(err.Error(), "version -1 is unknown") {
		t.Errorf("an unknown version: %v", err)
	}
}
