package consent

import (
	"testing"

	"tanba/bridge/prompt"
	"tanba/internal/state"
)

func TestSiteLoopback(t *testing.T) {
	for origin, want := range map[string]bool{
		"http://localhost:8080":      true,
		"http://127.0.0.1:8080":      true,
		"http://[::1]:8080":          true,
		"http://localhost.evil.test": false,
		"http://127.0.0.1.evil.test": false,
		"http://10.0.0.1":            false,
		"https://egov.kz":            false,
	} {
		if got := describeSite(Asker{Origin: origin}); got.Loopback != want {
			t.Errorf("%s: loopback %v, want %v", origin, got.Loopback, want)
		}
	}
}

func TestSuggestComesLast(t *testing.T) {
	d := New(Options{Prompter: prompt.NewScript([]prompt.Answer{{}}), State: state.Dir(t.TempDir())})
	d.Suggest("/keys/a.p12", "/keys/b.p12")
	d.Suggest("/keys/a.p12")
	files := d.recentFiles(nil)
	if len(files) != 2 || files[0].Name != "a.p12" || files[1].Name != "b.p12" {
		t.Fatalf("recent files = %+v", files)
	}
}
