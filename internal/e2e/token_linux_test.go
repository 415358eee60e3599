package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tanba/internal/pki"
	"tanba/internal/settings"
	"tanba/internal/state"
	"tanba/internal/testpki"
	"tanba/internal/testtoken"
)

// tokenKey is a key on a token of the tests: made on the token's side, with a
// certificate that was issued for its public half and imported.
func tokenKey(t testing.TB, family pki.Family, quirks ...string) (key, *testtoken.Token) {
	t.Helper()
	now := time.Now()
	authority, err := testpki.New(nil, now)
	if err != nil {
		t.Fatal(err)
	}
	id, err := authority.Issue(testpki.Profile{
		Family: family, CommonName: "ТЕСТОВ ТОКЕН", Surname: "ТЕСТОВ", GivenName: "ТОКЕНОВИЧ", IIN: "123456789011",
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(100 * 24 * time.Hour),
	})
	if err != nil {
		t.Fatal(err)
	}
	token := testtoken.New(t, append([]string{"serial=7a6b5c4d"}, quirks...)...)
	token.Add(t, 0, id)
	return key{Password: testtoken.PIN, Certificate: id.Certificate, Serial: "7a6b5c4d", Storage: "AKKaztokenStore"}, token
}

// startTokenBridge is startBridge of a person who named the token's module in
// the settings. The program and its helper lie side by side, as they are
// installed.
func startTokenBridge(t testing.TB, token *testtoken.Token, script ...answer) *bridge {
	t.Helper()
	b := newBridge(t, freePort(t))
	if err := state.Dir(b.State).Create(); err != nil {
		t.Fatal(err)
	}
	err := settings.Save(state.Dir(b.State), settings.Settings{Modules: []settings.Module{{Path: token.Path, Storage: "AKKaztokenStore"}}})
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	for name, from := range map[string]string{"tanba": scripted.binary(t), "tanba-token": testtoken.Helper(t)} {
		program, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, name), program, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	text, err := json.Marshal(script)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "script.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	b.hide("the PIN", []byte(testtoken.PIN))
	b.run(t, filepath.Join(folder, "tanba"), "--script", file)
	t.Cleanup(func() { b.stop(t) })
	return b
}

// TestNodeTokens: everything a portal does, with keys of all families on a token
// that shares no arithmetic with us; each module's signature judged by everybody.
func TestNodeTokens(t *testing.T) {
	for _, family := range []pki.Family{pki.GOST512, pki.GOST256, pki.GOST2004, pki.RSA} {
		t.Run(family.KalkanName(), func(t *testing.T) {
			k, token := tokenKey(t, family)
			plan, judged := signingPlan(k, judges{}), signingPlan(k, everybody())
			for i, s := range plan {
				if s.name == "commonUtils attached" || s.name == "basics attached" || s.name == "signXml" {
					plan[i] = judged[i]
				}
			}
			b := startTokenBridge(t, token, approve(k))
			hideDocuments(b)
			judge(t, runNode(t, b, calls(plan)), plan)
			if token.Left(t) != testtoken.Tries {
				t.Errorf("%d tries of the PIN are left", token.Left(t))
			}
		})
	}
}

// TestChromiumToken: a portal's page in Chromium and a token with the order of
// octets of the national cards.
func TestChromiumToken(t *testing.T) {
	k, token := tokenKey(t, pki.GOST512, "order=rs-le")
	// A site that was never permitted anything is not told what is plugged in
	// (T4); after it has signed, it is.
	plan := signingPlan(k, judges{})
	asked := plan[0]
	plan[0].check = wantStrings()
	asked.name = "active tokens of a known site"
	plan = append(plan, asked)
	b := startTokenBridge(t, token, approve(k))
	hideDocuments(b)
	p := startPortal(t)
	trustInNSS(t, chromiumNSS(b.Home), p.CA, b.CA)
	judge(t, chromiumSession(t, startChromium(t, b.Home), p, b, calls(plan)), plan)
}

// TestTokenThatFails: what a module does wrong costs this request and nothing
// else: the bridge lives, nothing wrong is sent, and the next request is
// answered with a signature.
func TestTokenThatFails(t *testing.T) {
	k, token := tokenKey(t, pki.GOST512)
	b := startTokenBridge(t, token, approve(k))
	hideDocuments(b)
	var good step
	for _, s := range signingPlan(k, judges{}) {
		if s.name == "commonUtils attached" {
			good = s
		}
	}
	signs := func() {
		t.Helper()
		plan := []step{good}
		s := runNode(t, b, calls(plan))
		// What a module showed a moment ago is not asked anew where no reader
		// tells that a card came.
		for deadline := time.Now().Add(time.Minute); s.Calls[0].Error == "500: storage.empty" && time.Now().Before(deadline); {
			s = runNode(t, b, calls(plan))
		}
		judge(t, s, plan)
	}
	for _, quirk := range []string{
		"crash=C_Initialize", "crash=C_Login", "crash=C_Sign", "wrong=bit", "wrong=stranger", "fault=C_Sign:0x30:0", "fault=C_SignInit:0x70:0", "present=0",
	} {
		t.Run(quirk, func(t *testing.T) {
			token.Set(t, quirk)
			s := runNode(t, b, calls([]step{good}))
			if len(s.Calls) != 1 || s.Calls[0].Error == "" {
				t.Errorf("the page was told %+v", s.Calls)
			} else {
				t.Logf("the page is told %q", s.Calls[0].Error)
			}
			name, _, _ := strings.Cut(quirk, "=")
			token.Set(t, name)
			signs()
		})
	}
	if token.Left(t) != testtoken.Tries {
		t.Errorf("%d tries of the PIN are left", token.Left(t))
	}
}

// TestT23WrongPINOverTheBridge: one request, fifty documents, one try; the last
// one is not made unless the person confirms it, and a script never does.
func TestT23WrongPINOverTheBridge(t *testing.T) {
	k, token := tokenKey(t, pki.GOST512)
	wrong := k
	wrong.Password = "not the PIN"
	b := startTokenBridge(t, token, approve(wrong))
	many := make([]string, 50)
	for i := range many {
		many[i] = base64Of(documents[i%len(documents)])
	}
	plan := []step{{"many", call{"basicsSignCMS", []any{k.storages(), many, signingParams(k, true, false), "!!basicsSignerTestAny"}}, wantBasicsCancel}}
	for left := testtoken.Tries - 1; left >= 1; left-- {
		judge(t, runNode(t, b, calls(plan)), plan)
		if token.Left(t) != left {
			t.Fatalf("%d tries of the PIN are left, want %d", token.Left(t), left)
		}
	}
	judge(t, runNode(t, b, calls(plan)), plan)
	if token.Left(t) != 1 {
		t.Errorf("%d tries of the PIN are left: the last one was made", token.Left(t))
	}
}
