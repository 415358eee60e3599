package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"tanba/internal/testdata"
)

// Entries of the recordings of ncalayer-js-client, counted from 0: those whose
// answer needs neither key nor person, and those where the person cancelled.
var (
	recordedAnswers = []int{1, 3, 4, 7, 12, 16, 21, 22, 26, 30, 31, 32, 33}
	recordedCancels = []int{6, 34, 36, 37, 42, 43, 44, 45, 46, 47}
)

type recording struct{ Request, Response string }

func recordings(t testing.TB) []recording {
	t.Helper()
	text, err := os.ReadFile(testdata.Shared(t, "protocol", "sigex-recordings.json"))
	if err != nil {
		t.Fatal(err)
	}
	var list []recording
	if err := json.Unmarshal(text, &list); err != nil {
		t.Fatal(err)
	}
	return list
}

// TestRecordedAnswers replays what the original was sent, on one connection as
// its client did, and compares what it answered octet for octet.
func TestRecordedAnswers(t *testing.T) {
	list := recordings(t)
	b := startBridge(t, cancel())
	conn := b.dial(t, "https://portal.test")
	for _, i := range recordedAnswers {
		if got := ask(t, conn, list[i].Request); got != list[i].Response {
			t.Errorf("entry %d: %s\n got %s\nwant %s", i, list[i].Request, got, list[i].Response)
		}
	}
	wantSilence(t, conn)
}

// TestRecordedCancels lets a person refuse, each time on a page of another site,
// for a site that was refused twice is not shown again for some minutes. The
// person takes a moment, which shows that the answer is theirs.
func TestRecordedCancels(t *testing.T) {
	const moment = 60 * time.Millisecond
	list := recordings(t)
	b := startBridge(t, cancel().after(moment))
	for _, i := range recordedCancels {
		// No device is plugged in here: the files stand in for it.
		request := strings.ReplaceAll(list[i].Request, "AKKaztokenStore", "PKCS12")
		conn := b.dial(t, fmt.Sprintf("https://portal%d.test", i))
		started := time.Now()
		if got := ask(t, conn, request); got != list[i].Response {
			t.Errorf("entry %d: %s\n got %s\nwant %s", i, request, got, list[i].Response)
		}
		if took := time.Since(started); took < moment {
			t.Errorf("entry %d: answered in %v, nobody was asked", i, took)
		}
	}
}

// TestUnknownModuleDoesNotWait: a dialog of one page holds up no other page. The
// client's connect hangs on this answer.
func TestUnknownModuleDoesNotWait(t *testing.T) {
	b := startBridge(t, cancel().after(3*time.Second))
	waiting, other := b.dial(t, "https://one.test"), b.dial(t, "https://two.test")
	err := waiting.WriteMessage(websocket.TextMessage,
		[]byte(`{"module":"kz.gov.pki.knca.commonUtils","method":"getKeyInfo","args":["PKCS12"]}`))
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(50 * time.Millisecond)
	answered := make(chan error, 1)
	go func() {
		waiting.SetReadDeadline(time.Now().Add(time.Minute))
		_, got, err := waiting.ReadMessage()
		if err == nil && string(got) != `{"code":"500","message":"action.canceled"}` {
			err = fmt.Errorf("dialog: %s", got)
		}
		answered <- err
	}()
	got := ask(t, other, `{"module":"kz.digiflow.mobile.extensions","method":"getVersion"}`)
	if want := `{"success":false,"errorCode":"MODULE_NOT_FOUND"}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := ask(t, other, "--heartbeat--"); got != "--heartbeat--" {
		t.Errorf("heartbeat answered with %q", got)
	}
	select {
	case err := <-answered:
		t.Errorf("the dialog was answered before: %v", err)
	default:
	}
	if err := <-answered; err != nil {
		t.Error(err)
	}
}

// wantSilence: an empty object is a keep-alive, and nothing comes unasked.
func wantSilence(t *testing.T, conn *websocket.Conn) {
	t.Helper()
	if err := conn.WriteMessage(websocket.TextMessage, []byte("{}")); err != nil {
		t.Fatal(err)
	}
	conn.SetReadDeadline(time.Now().Add(150 * time.Millisecond))
	if _, frame, err := conn.ReadMessage(); err == nil {
		t.Errorf("a frame that nobody asked for: %s", frame)
	}
}
