package settings

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"tanba/internal/state"
)

func TestSaveAndLoad(t *testing.T) {
	dir := state.Dir(t.TempDir())
	want := Settings{Version: Version, Language: "kk", Port: 24000, TSA: []string{"http://127.0.0.1/"}, Modules: []Module{{Path: "/a.so", Storage: "AKKaztokenStore"}}}
	if err := Save(dir, want); err != nil {
		t.Fatal(err)
	}
	got, err := Load(dir)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("%+v, %v; want %+v", got, err, want)
	}
}

func TestNoFileIsTheDefault(t *testing.T) {
	got, err := Load(state.Dir(t.TempDir()))
	if err != nil || !reflect.DeepEqual(got, Settings{Version: Version}) {
		t.Fatalf("%+v, %v", got, err)
	}
}

func TestParseRefuses(t *testing.T) {
	for text, want := range map[string]string{
		`{"version":2}`:                   "later version",
		`{"version":1,"potr":13579}`:      "potr",
		`{"version":1,"port":70000}`:      "port 70000",
		`{"version":1,"language":"kz"}`:   `language "kz"`,
		`{"version":1,"revocation":"no"}`: `revocation "no"`,
		`{`:                               "unexpected end",
	} {
		if _, err := Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	if _, err := Parse([]byte(`{"version":9,"new":1}`)); !errors.Is(err, ErrNewer) {
		t.Errorf("a later version: %v", err)
	}
}
