package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// bidi is a client of WebDriver BiDi (W3C), as far as opening a page and running
// JavaScript in it. One command is under way at a time; events are passed over.
type bidi struct {
	conn *websocket.Conn
	last int
}

var bidiAddress = regexp.MustCompile(`WebDriver BiDi listening on (ws://\S+)`)

// bidiListening reads what Firefox prints until it names its address, then keeps
// emptying the pipe.
func bidiListening(stderr io.Reader) (string, error) {
	lines := bufio.NewScanner(stderr)
	for lines.Scan() {
		if m := bidiAddress.FindStringSubmatch(lines.Text()); m != nil {
			go io.Copy(io.Discard, stderr)
			return m[1] + "/session", nil
		}
	}
	return "", fmt.Errorf("bidi: no address was printed: %v", lines.Err())
}

func dialBidi(url string) (*bidi, error) {
	conn, _, err := websocket.DefaultDialer.Dial(url, http.Header{})
	if err != nil {
		return nil, fmt.Errorf("bidi: %w", err)
	}
	b := &bidi{conn: conn}
	capabilities := map[string]any{"capabilities": map[string]any{}}
	if err := b.command("session.new", capabilities, nil); err != nil {
		conn.Close()
		return nil, err
	}
	return b, nil
}

// command sends a command and decodes its result into result, unless that is nil.
func (b *bidi) command(method string, params, result any) error {
	b.last++
	request := map[string]any{"id": b.last, "method": method, "params": params}
	if err := b.conn.WriteJSON(request); err != nil {
		return fmt.Errorf("bidi: %s: %w", method, err)
	}
	b.conn.SetReadDeadline(time.Now().Add(60 * time.Second))
	for {
		var reply struct {
			ID      int             `json:"id"`
			Type    string          `json:"type"`
			Error   string          `json:"error"`
			Message string          `json:"message"`
			Result  json.RawMessage `json:"result"`
		}
		if err := b.conn.ReadJSON(&reply); err != nil {
			return fmt.Errorf("bidi: %s: %w", method, err)
		}
		switch {
		case reply.ID != b.last:
		case reply.Type == "error":
			return fmt.Errorf("bidi: %s: %s: %s", method, reply.Error, reply.Message)
		case result == nil:
			return nil
		default:
			return json.Unmarshal(reply.Result, result)
		}
	}
}

// open loads a page in the first tab and returns the tab.
func (b *bidi) open(url string) (string, error) {
	var tree struct {
		Contexts []struct{ Context string }
	}
	if err := b.command("browsingContext.getTree", map[string]any{}, &tree); err != nil {
		return "", err
	}
	if len(tree.Contexts) == 0 {
		return "", fmt.Errorf("bidi: no tab is open")
	}
	tab := tree.Contexts[0].Context
	err := b.command("browsingContext.navigate", map[string]any{"context": tab, "url": url, "wait": "complete"}, nil)
	return tab, err
}

// evaluate runs an expression whose promise holds a text.
func (b *bidi) evaluate(tab, expression string) (string, error) {
	var reply struct {
		Type   string
		Result struct {
			Type  string
			Value json.RawMessage
		}
		ExceptionDetails struct{ Text string }
	}
	err := b.command("script.evaluate", map[string]any{
		"expression":   expression,
		"target":       map[string]any{"context": tab},
		"awaitPromise": true,
	}, &reply)
	if err != nil {
		return "", err
	}
	if reply.Type != "success" || reply.Result.Type != "string" {
		return "", fmt.Errorf("bidi: script: %s %s %s", reply.Type, reply.Result.Type, reply.ExceptionDetails.Text)
	}
	var text string
	err = json.Unmarshal(reply.Result.Value, &text)
	return text, err
}

// permit sets what a site may do about programs of this machine.
func (b *bidi) permit(t testing.TB, origin, state string) {
	t.Helper()
	err := b.command("permissions.setPermission", map[string]any{
		"descriptor": map[string]any{"name": "loopback-network"}, "state": state, "origin": origin,
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
}

func (b *bidi) close() {
	b.command("browser.close", map[string]any{}, nil)
	b.conn.Close()
}
