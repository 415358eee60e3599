package e2e

import (
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestT3StepsOfARenewal: over a running bridge, installing a certificate, putting a
// warning off and the other steps that change something answer our own page only,
// and nothing is opened or written for anybody else.
func TestT3StepsOfARenewal(t *testing.T) {
	b := startBridge(t)
	client := &http.Client{Timeout: time.Minute, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: b.pool}}}
	own := fmt.Sprintf("https://127.0.0.1:%d", b.port)
	call := func(method, name, body string, edit func(http.Header)) (int, string, http.Header) {
		t.Helper()
		r, err := http.NewRequest(method, own+"/api/"+name, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		for key, value := range map[string]string{"Origin": own, "Sec-Fetch-Site": "same-origin", "Tanba-Page": "1", "Tanba-Language": "en"} {
			r.Header.Set(key, value)
		}
		if edit != nil {
			edit(r.Header)
		}
		answer, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return answer.StatusCode, string(text), answer.Header
	}
	steps := map[string]string{
		"renew/install":     `{"keyId":"00","certificates":["AAAA"]}`,
		"keys/later":        `{"warning":"00"}`,
		"renew/key":         `{}`,
		"renew/request":     `{}`,
		"renew/sign":        `{"keyId":"00"}`,
		"renew/application": `{"keyId":"00","number":"1"}`,
		"renew/forget":      `{"keyId":"00"}`,
		"renew/file":        `{"keyId":"00"}`,
	}
	strangers := map[string]func(http.Header){
		"another site":     func(h http.Header) { h.Set("Origin", "https://evil.example"); h.Set("Sec-Fetch-Site", "cross-site") },
		"its iframe of us": func(h http.Header) { h.Set("Sec-Fetch-Site", "cross-site"); h.Set("Sec-Fetch-Dest", "iframe") },
		"a sandboxed one":  func(h http.Header) { h.Set("Origin", "null") },
		"another port":     func(h http.Header) { h.Set("Origin", "https://127.0.0.1:1") },
		"plain http":       func(h http.Header) { h.Set("Origin", strings.Replace(own, "https", "http", 1)) },
		"no origin":        func(h http.Header) { h.Del("Origin") },
		"no token":         func(h http.Header) { h.Del("Tanba-Page") },
		"a wrong token":    func(h http.Header) { h.Set("Tanba-Page", "2") },
	}
	for name, body := range steps {
		for who, edit := range strangers {
			status, text, header := call("POST", name, body, edit)
			if status != http.StatusForbidden || header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("%s from %s: %d %s", name, who, status, text)
			}
		}
		for _, method := range []string{"GET", "PUT", "OPTIONS"} {
			if status, text, _ := call(method, name, body, nil); status != http.StatusForbidden {
				t.Errorf("%s %s: %d %s", method, name, status, text)
			}
		}
	}
	for _, file := range []string{"pending.json", "warnings.json", "window"} {
		if _, err := os.Stat(filepath.Join(b.State, file)); err == nil {
			t.Errorf("%s was made for a stranger", file)
		}
	}
	// The page cannot be framed, whoever asks.
	r, err := http.NewRequest("GET", own+"/renew", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Sec-Fetch-Dest", "iframe")
	answer, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusForbidden {
		t.Errorf("framed: %d", answer.StatusCode)
	}

	// Our own page is answered, and told what is wrong.
	status, text, _ := call("POST", "renew/install", steps["renew/install"], nil)
	if status != http.StatusOK {
		t.Fatalf("our own page: %d %s", status, text)
	}
	for deadline := time.Now().Add(time.Minute); !strings.Contains(text, `"fault":"renew.not_pending"`); {
		if time.Now().After(deadline) {
			t.Fatalf("the step ends with %s", text)
		}
		if status, text, _ = call("POST", "renew", "{}", nil); status != http.StatusOK {
			t.Fatalf("%d %s", status, text)
		}
	}
	if status, text, _ := call("POST", "keys/later", steps["keys/later"], nil); status != http.StatusOK {
		t.Errorf("keys/later: %d %s", status, text)
	}
	for name, body := range map[string]string{"keys/later": `{}`, "renew/application": steps["renew/application"], "renew/file": `[`} {
		if status, text, _ := call("POST", name, body, nil); status != http.StatusUnprocessableEntity {
			t.Errorf("%s %s: %d %s", name, body, status, text)
		}
	}
}

// TestReleaseTakesNoTrial: what is shipped trusts no authority of a test, and lets
// nobody into its window.
func TestReleaseTakesNoTrial(t *testing.T) {
	b := newBridge(t, freePort(t))
	for _, flag := range []string{"--trial-root", "--trial-window"} {
		if out, status := b.runToEnd(t, release.binary(t), "serve", "--state", b.State, flag, "x"); status != 2 {
			t.Errorf("%s: status %d, want 2 (usage)\n%s", flag, status, out)
		}
	}
}
