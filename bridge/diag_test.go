package bridge

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/gorilla/websocket"
)

// Only a socket of the bridge's own page is remembered, and not for ever.
func TestSawDiagnosis(t *testing.T) {
	r := start(t, &desk{})
	own := "https://" + r.addr
	open := func(origin, query string) {
		t.Helper()
		d := websocket.Dialer{TLSClientConfig: r.tls()}
		conn, _, err := d.Dial("wss://"+r.addr+"/?"+query, http.Header{"Origin": {origin}})
		if err != nil {
			t.Fatal(err)
		}
		conn.Close()
	}
	nonce := func(i int) string { return fmt.Sprintf("%032x", i) }
	for i, c := range []struct {
		name, origin, query, nonce string
		want                       bool
	}{
		{"own page", own, "diag=" + nonce(1), nonce(1), true},
		{"another page", portal, "diag=" + nonce(2), nonce(2), false},
		{"never opened", own, "", nonce(3), false},
		{"short", own, "diag=12", "12", false},
		{"nothing", own, "diag=", "", false},
	} {
		open(c.origin, c.query)
		if got := r.Saw(c.nonce); got != c.want {
			t.Errorf("%d %s: %v", i, c.name, got)
		}
	}
	for i := range diagnosesKept {
		open(own, "diag="+nonce(100+i))
	}
	if r.Saw(nonce(1)) || !r.Saw(nonce(100)) {
		t.Error("the oldest is to be forgotten, and no other")
	}
}
