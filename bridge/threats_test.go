package bridge

import (
	"context"
	"encoding/base64"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tanba/bridge/consent"
	"tanba/bridge/prompt"
	"tanba/internal/state"
)

// TestT25NothingOfARequestIsOnDisk: after signatures, failures, refusals and a
// crash inside, there are the files of the state and no others, and none of them,
// nor a temporary one, holds a document, a reply or a password.
func TestT25NothingOfARequestIsOnDisk(t *testing.T) {
	dir, tmp := t.TempDir(), t.TempDir()
	t.Setenv("TMPDIR", tmp)
	const canary = "canary-3f9a-document"
	path := writeKeyFile(t)
	w := newPrompter()
	p := start(t, consent.New(consent.Options{Prompter: w, State: state.Dir(dir)}), func(o *Options) { o.State = state.Dir(dir) }).open()
	yes := func(m prompt.Progress) {
		t.Helper()
		window := w.window(t)
		keys, err := window.request.Unlock(window.ctx, path, []byte("Qwerty12"))
		if err != nil {
			t.Fatal(err)
		}
		window.answer <- answerYes(keys[0].ID, m)
	}
	var replies []string
	hear := func() { replies = append(replies, p.hear()) }

	p.say(cadesRequest(canary, true))
	yes(nil)
	hear()
	p.say(basicsRequest("xml", []string{"<r>" + canary + "</r>"}, ""))
	yes(nil)
	hear()
	p.say(basicsRequest("cms", []string{canary, canary + "2"}, ""))
	yes(&crashing{progress: newProgress()})
	hear()
	p.say(`{"module":"kz.gov.pki.knca.commonUtils","method":"signXml","args":["PKCS12","SIGNATURE","<r>` + canary + `</r>","/r/missing","/r"]}`)
	yes(nil)
	hear()
	p.say(cadesRequest(canary, true))
	w.window(t).cancel()
	hear()
	p.say(`{"module":"kz.gov.pki.knca.commonUtils","method":"signXml","args":["` + canary)
	hear()

	hidden := []string{canary, base64.StdEncoding.EncodeToString([]byte(canary))[:20], "Qwerty12"}
	for _, r := range replies[:2] {
		if len(r) < 1000 {
			t.Fatalf("no signature: %s", r)
		}
		hidden = append(hidden, r[len(r)/2:len(r)/2+60])
	}
	known := []string{"permissions.json", "recent.json", "journal.jsonl", "journal.head.json"}
	for _, root := range []string{dir, tmp} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			if root == tmp || !slices.Contains(known, d.Name()) {
				t.Errorf("a file of its own: %s", path)
			}
			data, err := os.ReadFile(path)
			for _, text := range hidden {
				if strings.Contains(string(data), text) {
					t.Errorf("%s holds %q", path, text)
				}
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
}

// crashing is a window that fails in the middle of the work.
type crashing struct{ *progress }

func (*crashing) Step(int) { panic("canary-3f9a-document") }

// TestT26NoModuleIsInstalled: a page that asks for it is told no at once; nobody is
// asked, and the word it sends for a module reaches nothing.
func TestT26NoModuleIsInstalled(t *testing.T) {
	dir, work := t.TempDir(), t.TempDir()
	t.Chdir(work)
	d := &desk{ask: func(context.Context, *consent.Question) (*consent.Grant, error) {
		t.Error("somebody was asked")
		return nil, prompt.ErrCancelled
	}}
	p := start(t, d, func(o *Options) { o.State = state.Dir(dir) }).open()
	for _, name := range []string{"kz.ecc.NurSignBundle", "../../x", "https://evil.example/x.jar", "$(touch x)", "`touch x`"} {
		p.ask(`{"module":"kz.gov.pki.ncalayerservices.accessory","method":"installBundle","symname":"`+name+`"}`,
			`{"success":false,"errorCode":"MODULE_INSTALL_NOT_SUPPORTED"}`)
		p.ask(`{"module":"`+name+`","method":"x"}`, `{"success":false,"errorCode":"MODULE_NOT_FOUND"}`)
	}
	for _, root := range []string{dir, work} {
		if entries, err := os.ReadDir(root); err != nil || len(entries) > 0 {
			t.Errorf("%s holds %v, %v", root, entries, err)
		}
	}
}

func writeKeyFile(t testing.TB) string {
	t.Helper()
	a, err := authority()
	if err != nil {
		t.Fatal(err)
	}
	data, name, err := a.PKCS12(newKey(t, profile).Identity, []byte("Qwerty12"))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
