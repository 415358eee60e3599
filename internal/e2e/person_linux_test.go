package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"tanba/internal/pki"
)

// TestPersonSigns plays a whole signing on the release build: a page asks, the
// window opens, a person finds the key file, types the password, looks and presses
// Sign, with the keyboard alone; the second time the key is known; the third time
// they refuse. Afterwards neither window nor browser is left, and nothing of the
// document or the password is found in what stays on disk, the window's browser
// profile included.
func TestPersonSigns(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a person's time")
	}
	if !asPerson(t) {
		return
	}
	const window = "portal.test — Tanba"
	screen := startDisplay(t)
	k := throwawayKeyWith(t, pki.GOST512, "canary-Qwerty12-password")
	b := newBridge(t, freePort(t))
	b.env = []string{"DISPLAY=" + screen.Name}
	b.run(t, release.binary(t))
	t.Cleanup(func() { b.stop(t) })
	b.hideKey(k)
	hideDocuments(b)
	conn := b.dial(t, "https://portal.test")

	reply := b.begin(t, conn)
	screen.await(window)
	screen.press("Return") // choose a file
	screen.press("ctrl+a")
	screen.enter(k.Path)
	screen.enter(k.Password)
	screen.look()
	screen.press("Return") // sign
	wantSigned(t, k, <-reply)
	if !screen.gone(window, time.Minute) {
		t.Error("the window stays after signing")
	}

	reply = b.begin(t, conn)
	screen.await(window)
	screen.enter(k.Password)
	screen.look()
	screen.press("Return")
	wantSigned(t, k, <-reply)
	screen.gone(window, time.Minute)

	reply = b.begin(t, conn)
	screen.await(window)
	screen.press("Escape")
	if got := <-reply; got != `{"code":"500","message":"action.canceled"}` {
		t.Errorf("refused: %.200s", got)
	}
	screen.gone(window, time.Minute)
	if left := browsersOf(b.State); len(left) > 0 {
		t.Errorf("browsers left running: %q", left)
	}
}

// begin sends a request to sign and returns where its answer will be.
func (b *bridge) begin(t *testing.T, conn *websocket.Conn) <-chan string {
	t.Helper()
	request := fmt.Sprintf(`{"module":"kz.gov.pki.knca.commonUtils","method":"createCAdESFromBase64","args":["PKCS12","SIGNATURE",%q,true]}`,
		base64Of(documents[0]))
	if err := conn.WriteMessage(websocket.TextMessage, []byte(request)); err != nil {
		t.Fatal(err)
	}
	reply := make(chan string, 1)
	go func() {
		conn.SetReadDeadline(time.Now().Add(2 * time.Minute))
		_, frame, err := conn.ReadMessage()
		if err != nil {
			frame = []byte(err.Error())
		}
		reply <- string(frame)
	}()
	return reply
}

func wantSigned(t *testing.T, k key, reply string) {
	t.Helper()
	var r struct {
		ResponseObject string
		Code           string
	}
	if err := json.Unmarshal([]byte(reply), &r); err != nil || r.Code != "200" {
		t.Fatalf("not signed: %.200s", reply)
	}
	judges{}.signature(t, k, r.ResponseObject, documents[0], false)
}

// browsersOf lists processes that use a profile below the state directory.
func browsersOf(state string) []string {
	var found []string
	lines, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, file := range lines {
		text, err := os.ReadFile(file)
		if err == nil && strings.Contains(string(text), "--user-data-dir="+state) {
			found = append(found, strings.ReplaceAll(string(text), "\x00", " "))
		}
	}
	return found
}
