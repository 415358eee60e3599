package demo_test

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tanba/internal/cms"
	"tanba/internal/demo"
	"tanba/keystore"
)

func TestMakeWritesKeysThatOpen(t *testing.T) {
	now := time.Now()
	dir := t.TempDir()
	m, err := demo.Make(dir, rand.Reader, now)
	if err != nil {
		t.Fatal(err)
	}
	if len(m.KeyFiles) != 2 {
		t.Fatalf("%d key files", len(m.KeyFiles))
	}
	for _, file := range m.KeyFiles {
		if fi, err := os.Stat(file); err != nil || fi.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", file, fi, err)
		}
		if !strings.HasPrefix(filepath.Base(file), "GOST512_") {
			t.Errorf("%s is not named as the national CA names key files", file)
		}
	}
}

func TestPortalVerifies(t *testing.T) {
	now := time.Now()
	m, err := demo.Make(t.TempDir(), rand.Reader, now)
	if err != nil {
		t.Fatal(err)
	}
	store, err := keystore.OpenFile(m.KeyFiles[0])
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	keys, err := store.Unlock(t.Context(), []byte(demo.Password))
	if err != nil {
		t.Fatal(err)
	}
	signer, err := cms.NewSigner(keys[0], keys[0].Certificate())
	if err != nil {
		t.Fatal(err)
	}
	signature, err := signer.Sign([]byte("заявление"), cms.Options{Time: now})
	if err != nil {
		t.Fatal(err)
	}
	other, err := demo.Make(t.TempDir(), rand.Reader, now)
	if err != nil {
		t.Fatal(err)
	}
	tampered := bytes.Clone(signature)
	tampered[len(tampered)-1] ^= 1

	server := httptest.NewServer((&demo.Portal{Roots: m.Roots, Bridge: "wss://127.0.0.1:1", Now: time.Now}).Handler())
	defer server.Close()
	verify := func(body string) (int, demo.Verdict) {
		t.Helper()
		answer, err := http.Post(server.URL+"/verify", "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		data, _ := io.ReadAll(answer.Body)
		var v demo.Verdict
		json.Unmarshal(data, &v)
		return answer.StatusCode, v
	}
	in := func(der []byte) string { return `{"signature":"` + base64.StdEncoding.EncodeToString(der) + `"}` }
	if status, v := verify(in(signature)); status != 200 || !v.Verified || v.Signer != "ТЕСТОВ ТЕСТ ТЕСТОВИЧ" || v.IIN != "123456789011" || v.Content != "заявление" {
		t.Errorf("good signature: %d %+v", status, v)
	}
	for name, body := range map[string]string{"tampered": in(tampered), "empty": in(nil), "not base64": `{"signature":"%"}`} {
		if status, v := verify(body); status != 200 || v.Verified || v.Error == "" {
			t.Errorf("%s: %d %+v", name, status, v)
		}
	}
	if status, _ := verify("{"); status != http.StatusBadRequest {
		t.Errorf("broken request: %d", status)
	}
	if v := (&demo.Portal{Roots: other.Roots, Now: time.Now}).Verify(signature); v.Verified {
		t.Error("a portal that trusts another authority accepted the signature")
	}
}

func TestPortalPages(t *testing.T) {
	server := httptest.NewServer((&demo.Portal{Bridge: "wss://127.0.0.1:1", Now: time.Now}).Handler())
	defer server.Close()
	for path, want := range map[string]string{
		"/": "portal.js", "/portal.js": "createCAdESFromBase64", "/portal.css": "--accent",
		"/texts?lang=kk": "Қол қою", "/texts?lang=ru": "Подписать", "/texts?lang=en": "Sign three documents",
	} {
		answer, err := http.Get(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(answer.Body)
		answer.Body.Close()
		if answer.StatusCode != 200 || !strings.Contains(string(body), want) {
			t.Errorf("%s: %d, %q not in it", path, answer.StatusCode, want)
		}
		if csp := answer.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") {
			t.Errorf("%s: policy %q", path, csp)
		}
	}
}
