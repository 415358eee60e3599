package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"tanba/internal/pki"
)

// TestFileChosenAndSigned: a page lets the person choose a file, gets its path and
// has the file signed by that path, as portals do that never see the content.
func TestFileChosenAndSigned(t *testing.T) {
	k := throwawayKey(t, pki.GOST512)
	file := filepath.Join(t.TempDir(), "договор № 1.txt")
	if err := os.WriteFile(file, documents[1], 0o600); err != nil {
		t.Fatal(err)
	}
	b := startBridge(t, pick(file), approve(k), approve(k), approve(k))
	hideDocuments(b)
	conn := b.dial(t, "https://portal.test")
	common := func(method string, args ...any) (string, map[string]string) {
		t.Helper()
		request, err := json.Marshal(map[string]any{"module": "kz.gov.pki.knca.commonUtils", "method": method, "args": args})
		if err != nil {
			t.Fatal(err)
		}
		text := ask(t, conn, string(request))
		var reply map[string]string
		if err := json.Unmarshal([]byte(text), &reply); err != nil {
			t.Fatalf("%s: %v in %.200s", method, err, text)
		}
		return text, reply
	}

	if text, reply := common("showFileChooser", "ALL", ""); reply["responseObject"] != file {
		t.Fatalf("showFileChooser: %s, want %s", text, file)
	}
	for _, attached := range []bool{false, true} {
		text, reply := common("createCAdESFromFile", "PKCS12", "SIGNATURE", file, attached)
		if reply["code"] != "200" {
			t.Fatalf("createCAdESFromFile: %.200s", text)
		}
		judges{}.signature(t, k, reply["responseObject"], documents[1], !attached)
	}
	if text, reply := common("createCAdESFromFile", "PKCS12", "SIGNATURE", file+".gone", true); reply["message"] != "file.not_found" {
		t.Errorf("a missing file: %s, want file.not_found", text)
	}
}
