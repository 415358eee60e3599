package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"tanba/internal/pki"
)

const basicsCancel = `{"body":{},"status":true}`

// basicsRequest is what the client's basicsSignCMS sends.
func basicsRequest(t testing.TB, params, signer map[string]any) string {
	t.Helper()
	text, err := json.Marshal(map[string]any{
		"module": "kz.gov.pki.knca.basics",
		"method": "sign",
		"args": map[string]any{
			"allowedStorages": []string{"PKCS12"},
			"format":          "cms",
			"data":            base64Of(documents[0]),
			"signingParams":   params,
			"signerParams":    signer,
			"locale":          "ru",
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestKeysThatDoNotFit: the person says yes, but the key is not one the portal may
// have. Each time the portal learns no more than that nothing was signed.
func TestKeysThatDoNotFit(t *testing.T) {
	plain := map[string]any{"decode": true}
	anyKey := map[string]any{"extKeyUsageOids": []string{}, "chain": []string{}}
	good := throwawayKey(t, pki.GOST512)
	mistyped := good
	mistyped.Password += "!"
	gone := good
	gone.Path += ".gone"

	cases := []struct {
		name           string
		key            key
		params, signer map[string]any
	}{
		{"not of the national CA", good, plain, map[string]any{"extKeyUsageOids": []string{}}},
		{"of another person", good, plain, map[string]any{"extKeyUsageOids": []string{}, "chain": []string{}, "iin": "990101300123"}},
		{"for another role", good, plain, map[string]any{"extKeyUsageOids": []string{"1.2.398.3.3.4.1.2.1"}, "chain": []string{}}},
		{"wrong password", mistyped, plain, anyKey},
		{"no such file", gone, plain, anyKey},
		{"good", good, plain, anyKey},
	}
	var script []answer
	for _, c := range cases {
		script = append(script, approve(c.key))
	}
	b := startBridge(t, script...)
	hideDocuments(b)
	for i, c := range cases {
		conn := b.dial(t, fmt.Sprintf("https://portal%d.test", i))
		reply := ask(t, conn, basicsRequest(t, c.params, c.signer))
		if c.name == "good" {
			if !strings.HasPrefix(reply, `{"body":{"result":["-----BEGIN CMS-----\n`) {
				t.Errorf("%s: %.200s", c.name, reply)
			}
		} else if reply != basicsCancel {
			t.Errorf("%s: %.200s, want %s", c.name, reply, basicsCancel)
		}
	}
}

// TestExpiredKey: basics refuses an expired key unless the portal allows it;
// commonUtils leaves it to the person.
func TestExpiredKey(t *testing.T) {
	k := nationalKey(t, "gost2004/GOSTKNCA_455af122bf07fddcb6351c6842653b42f02b0a26.p12")
	anyKey := map[string]any{"extKeyUsageOids": []string{}, "chain": []string{}}
	b := startBridge(t, approve(k))
	conn := b.dial(t, "https://portal.test")
	if reply := ask(t, conn, basicsRequest(t, map[string]any{}, anyKey)); reply != basicsCancel {
		t.Errorf("basics: %.200s, want %s", reply, basicsCancel)
	}
	if reply := ask(t, conn, basicsRequest(t, map[string]any{"allowExpired": "true"}, anyKey)); !strings.Contains(reply, "BEGIN CMS") {
		t.Errorf("basics, expired allowed: %.200s", reply)
	}
	request := fmt.Sprintf(`{"module":"kz.gov.pki.knca.commonUtils","method":"createCAdESFromBase64","args":["PKCS12","123",%q,true]}`,
		base64Of(documents[0]))
	if reply := ask(t, conn, request); !strings.HasSuffix(reply, `"code":"200"}`) {
		t.Errorf("commonUtils: %.200s", reply)
	}
}

// TestKilledBridgeComesBack: after a crash the same local CA is served, so nobody
// has to trust a new one.
func TestKilledBridgeComesBack(t *testing.T) {
	b := newBridge(t, freePort(t))
	b.run(t, scripted.binary(t))
	before, err := os.ReadFile(b.CA)
	if err != nil {
		t.Fatal(err)
	}
	b.cmd.Process.Kill()
	<-b.ended
	b.run(t, scripted.binary(t)) // trusts the CA it read before
	defer b.stop(t)
	after, err := os.ReadFile(b.CA)
	if err != nil {
		t.Fatal(err)
	}
	if string(before) != string(after) {
		t.Error("another local CA after a crash")
	}
}
