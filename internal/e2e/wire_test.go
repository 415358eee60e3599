package e2e

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// open connects as a page of the given origin ("" = a program) and takes the
// greeting.
func (b *bridge) open(origin string) (*websocket.Conn, error) {
	dialer := websocket.Dialer{
		TLSClientConfig:  &tls.Config{RootCAs: b.pool},
		HandshakeTimeout: time.Minute,
	}
	header := http.Header{}
	if origin != "" {
		header.Set("Origin", origin)
	}
	conn, _, err := dialer.Dial(b.URL+"/", header)
	if err != nil {
		return nil, err
	}
	conn.SetReadDeadline(time.Now().Add(time.Minute))
	if _, first, err := conn.ReadMessage(); err != nil || string(first) != greeting {
		conn.Close()
		return nil, fmt.Errorf("greeting %q, error %v", first, err)
	}
	return conn, nil
}

// dial is open for a test that goes on.
func (b *bridge) dial(t testing.TB, origin string) *websocket.Conn {
	t.Helper()
	conn, err := b.open(origin)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// ask sends one frame and returns the next one.
func ask(t testing.TB, conn *websocket.Conn, request string) string {
	t.Helper()
	if err := conn.WriteMessage(websocket.TextMessage, []byte(request)); err != nil {
		t.Fatal(err)
	}
	conn.SetReadDeadline(time.Now().Add(time.Minute))
	kind, reply, err := conn.ReadMessage()
	if err != nil {
		t.Fatalf("no answer to %.200s: %v", request, err)
	}
	if kind != websocket.TextMessage {
		t.Fatalf("answer to %.200s is not text", request)
	}
	return string(reply)
}
