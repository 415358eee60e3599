package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"
)

const portalHost = "portal.test"

// portal is a site somewhere else: https under a name that is not localhost, with
// a certificate of its own CA. Browsers are told to find the name on this machine.
type portal struct {
	Origin string // https://portal.test:PORT
	CA     string // file with its CA
	Port   int
}

// address is where the portal really is.
func (p *portal) address() string { return fmt.Sprintf("127.0.0.1:%d", p.Port) }

// startPortal serves one page with the client and the session driver.
func startPortal(t testing.TB) *portal {
	t.Helper()
	dir := nodeDir(t)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, `<!doctype html><html lang="ru"><meta charset="utf-8"><title>portal</title>`+
			`<link rel="icon" href="data:,"><script src="/ncalayer-client.js"></script><script src="/session.js"></script>`)
	})
	for name, path := range map[string]string{
		"ncalayer-client.js": clientFile(t),
		"session.js":         filepath.Join(dir, "session.js"),
	} {
		mux.HandleFunc("GET /"+name, func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, path) })
	}
	ca, leaf := portalCertificates(t)
	server := httptest.NewUnstartedServer(mux)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{leaf}}
	server.StartTLS()
	t.Cleanup(server.Close)

	file := filepath.Join(t.TempDir(), "portal-ca.pem")
	if err := os.WriteFile(file, ca, 0o600); err != nil {
		t.Fatal(err)
	}
	port := server.Listener.Addr().(*net.TCPAddr).Port
	return &portal{Origin: fmt.Sprintf("https://%s:%d", portalHost, port), CA: file, Port: port}
}

// portalCertificates makes a CA (as PEM) and a leaf for portal.test.
func portalCertificates(t testing.TB) ([]byte, tls.Certificate) {
	t.Helper()
	now := time.Now()
	template := func(name string, serial int64) *x509.Certificate {
		return &x509.Certificate{
			SerialNumber: big.NewInt(serial),
			Subject:      pkix.Name{CommonName: name},
			NotBefore:    now.Add(-time.Hour),
			NotAfter:     now.Add(48 * time.Hour),
		}
	}
	newKey := func() *ecdsa.PrivateKey {
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	certify := func(c, parent *x509.Certificate, subject, issuer *ecdsa.PrivateKey) []byte {
		der, err := x509.CreateCertificate(rand.Reader, c, parent, &subject.PublicKey, issuer)
		if err != nil {
			t.Fatal(err)
		}
		return der
	}

	root, rootKey := template("portal.test CA", 1), newKey()
	root.IsCA, root.BasicConstraintsValid, root.KeyUsage = true, true, x509.KeyUsageCertSign
	rootDER := certify(root, root, rootKey, rootKey)

	leaf, leafKey := template(portalHost, 2), newKey()
	leaf.DNSNames = []string{portalHost}
	leaf.KeyUsage = x509.KeyUsageDigitalSignature
	leaf.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	leafDER := certify(leaf, root, leafKey, rootKey)

	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: rootDER}),
		tls.Certificate{Certificate: [][]byte{leafDER}, PrivateKey: leafKey}
}

// sessionScript is the JavaScript a page runs: one session, as a JSON text.
func sessionScript(t testing.TB, b *bridge, calls []call) string {
	t.Helper()
	list, err := json.Marshal(calls)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("runSession(NCALayerClient, %q, %s).then(JSON.stringify)", b.URL, list)
}
