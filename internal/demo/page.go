package demo

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/gorilla/websocket"
)

// Page does by itself what the portal's page does in a browser: it calls the
// bridge over TLS, asks for one attached signature and returns it.
type Page struct {
	Bridge string // wss://127.0.0.1:PORT
	Origin string // of the portal
	CA     []byte // PEM of the bridge's local CA
	Step   func(step string, args ...any)
}

// Sign returns the DER of a signature over text.
func (p *Page) Sign(ctx context.Context, text string) ([]byte, error) {
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(p.CA) {
		return nil, errors.New("demo: no local CA")
	}
	dialer := websocket.Dialer{TLSClientConfig: &tls.Config{RootCAs: roots}, HandshakeTimeout: 10 * time.Second}
	conn, _, err := dialer.DialContext(ctx, p.Bridge, http.Header{"Origin": {p.Origin}})
	if err != nil {
		return nil, fmt.Errorf("demo: connect: %w", err)
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	_, greeting, err := conn.ReadMessage()
	if err != nil {
		return nil, fmt.Errorf("demo: greeting: %w", err)
	}
	p.Step("demo.step.greeting", string(greeting))

	request, err := json.Marshal(map[string]any{
		"module": "kz.gov.pki.knca.commonUtils", "method": "createCAdESFromBase64",
		"args": []any{"PKCS12", "SIGNATURE", base64.StdEncoding.EncodeToString([]byte(text)), true},
	})
	if err != nil {
		return nil, err
	}
	p.Step("demo.step.request", text)
	if err := conn.WriteMessage(websocket.TextMessage, request); err != nil {
		return nil, fmt.Errorf("demo: request: %w", err)
	}
	var answer struct{ Code, Message, ResponseObject string }
	if err := conn.ReadJSON(&answer); err != nil {
		return nil, fmt.Errorf("demo: answer: %w", err)
	}
	if answer.Code != "200" {
		return nil, fmt.Errorf("demo: the bridge answered %s %s", answer.Code, answer.Message)
	}
	signature, err := base64.StdEncoding.DecodeString(answer.ResponseObject)
	if err != nil {
		return nil, fmt.Errorf("demo: answer: %w", err)
	}
	p.Step("demo.step.signature", len(signature))
	return signature, nil
}
