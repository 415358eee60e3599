//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"tanba/internal/settings"
	"tanba/internal/state"
	"tanba/internal/testdata"
	"tanba/internal/testtoken"
	"tanba/keystore"
)

// tokensRun is a session of `tanba tokens` with these modules in the settings.
// What the machine has beside them stays out of it: a reader without a card.
func tokensRun(t *testing.T, modules []settings.Module, args ...string) (out string, code int) {
	t.Helper()
	dir := state.Dir(t.TempDir())
	if err := settings.Save(dir, settings.Settings{Version: settings.Version, Modules: modules, TokenStorages: map[string]string{"Жұмыс": keystore.Kaztoken}}); err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	code = run(append([]string{"tokens", "--state", string(dir)}, args...), os.Stdin, &stdout, io.MultiWriter(&stderr, t.Output()))
	return stdout.String(), code
}

// helperBesideUs puts tanba-token where an installed program finds it.
func helperBesideUs(t *testing.T) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	beside := filepath.Join(filepath.Dir(self), "tanba-token")
	data, err := os.ReadFile(testtoken.Helper(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(beside, data, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Remove(beside) })
}

func softHSM(t *testing.T) string {
	t.Helper()
	const path = "/usr/lib/softhsm/libsofthsm2.so"
	if _, err := os.Stat(path); err != nil {
		testdata.Missing(t, "softhsm2")
	}
	dir := t.TempDir()
	conf := filepath.Join(dir, "conf")
	if err := os.WriteFile(conf, []byte("directories.tokendir = "+dir+"\nlog.level = ERROR\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SOFTHSM2_CONF", conf)
	if out, err := exec.Command("softhsm2-util", "--init-token", "--free", "--label", "Жұмыс", "--so-pin", "87654321", "--pin", "1234").CombinedOutput(); err != nil {
		t.Fatalf("softhsm2-util: %v\n%s", err, out)
	}
	return path
}

func TestTokensVerb(t *testing.T) {
	helperBesideUs(t)
	module := settings.Module{Path: softHSM(t)}
	// One that would be found by itself is named, so that only it is loaded.
	for lang, want := range map[string]string{"kk": "Токен: «Жұмыс»", "ru": "Имя для сайтов: AKKaztokenStore", "en": "Signs with: RSA"} {
		out, _ := tokensRun(t, []settings.Module{module}, "--lang", lang)
		if !strings.Contains(out, want) || !strings.Contains(out, module.Path) {
			t.Errorf("%s: %s\nwant %q", lang, out, want)
		}
	}
	out, code := tokensRun(t, []settings.Module{module, {Path: "/none.so"}, {Path: "relative.so"}, {Path: "pkcs11:token=x?module-path=/none.so&pin-value=1234"}}, "--lang", "en")
	if code != exitError {
		t.Errorf("exit status %d with modules that are not there", code)
	}
	for _, want := range []string{"/none.so (from the settings)\n  Trouble: There is no such file", "relative.so (from the settings)\n  Trouble: The path of the module is not absolute"} {
		if !strings.Contains(out, want) {
			t.Errorf("%s\nlacks %q", out, want)
		}
	}
	if strings.Contains(out, "1234") {
		t.Error("the PIN of a URI is shown")
	}

	out, _ = tokensRun(t, []settings.Module{module}, "--json")
	found := false
	for line := range strings.Lines(out) {
		var m struct {
			Path  string
			Slots []struct {
				Token *struct {
					Label, Storage, Serial string
					Signs, Mechanisms      []string
					PIN                    struct{ Min, Max int }
				}
			}
		}
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		for _, s := range m.Slots {
			if s.Token != nil && s.Token.Label == "Жұмыс" {
				found = m.Path == module.Path && s.Token.Storage == keystore.Kaztoken && s.Token.Serial != "" && len(s.Token.Mechanisms) > 10 && s.Token.PIN.Min == 4
			}
		}
	}
	if !found {
		t.Errorf("%s\nlacks the token", out)
	}
}

// Without tanba-token the verb says what is missing.
func TestTokensVerbWithoutHelper(t *testing.T) {
	out, code := tokensRun(t, []settings.Module{{Path: softHSM(t)}}, "--lang", "en")
	if code != exitError || !strings.Contains(out, "Trouble: The program tanba-token was not found") {
		t.Errorf("exit status %d: %s", code, out)
	}
	if _, code := tokensRun(t, nil, "unexpected"); code != exitUsage {
		t.Errorf("exit status %d for a file", code)
	}
}
