package e2e

import (
	"bytes"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"tanba/internal/cms"
	"tanba/internal/pki"
)

// TestMultisignGigabyte sends large documents through the streaming interface in
// each of its forms, and reads the largest resident set that the
// program had meanwhile. The aim of the specification is 40 MB, the limit 60.
//
// Neither side holds the document: it is made up as it is sent.
func TestMultisignGigabyte(t *testing.T) {
	if testing.Short() {
		t.Skip("moves gigabytes")
	}
	const limit = 60e6
	k := throwawayKey(t, pki.GOST512)
	b := startMultisign(t, approve(k))
	for _, form := range []struct {
		attached, encoded bool
		size              int64
	}{
		{false, false, 1 << 30},
		{true, false, 1 << 30},
		{false, true, 1 << 28}, // browsers have no texts longer than 512 MiB
		{true, true, 1 << 28},
	} {
		size := form.size
		name := fmt.Sprintf("%d MiB,attached=%v,base64=%v", size>>20, form.attached, form.encoded)
		t.Run(name, func(t *testing.T) {
			b.forgetPeak(t)
			page := b.multisignPage(t)
			path := page.start(fmt.Sprintf(`{"numberOfDocuments":1,"base64":%v,"encapsulateContent":%v}`, form.encoded, form.attached))
			var body io.Reader = &sample{left: size}
			length := size
			if form.encoded {
				body, length = encodedBody(body), int64(base64.StdEncoding.EncodedLen(int(size)))
			}
			started := time.Now()
			answer := page.post(path, body, length)
			defer answer.Close()
			var signature io.Reader = answer
			if form.encoded {
				signature = base64.NewDecoder(base64.StdEncoding, answer)
			}
			if form.attached {
				wantAttached(t, k, signature, size)
			} else {
				der, err := io.ReadAll(signature)
				if err != nil {
					t.Fatal(err)
				}
				wantOver(t, k, der, &sample{left: size})
			}
			peak := b.peak(t)
			t.Logf("%s: largest resident set %.1f MB, %.1f s", name, peak/1e6, time.Since(started).Seconds())
			if peak > limit {
				t.Errorf("largest resident set %.1f MB, limit %.0f MB", peak/1e6, limit/1e6)
			}
		})
	}
}

// sample is a document that is not the same everywhere.
type sample struct{ at, left int64 }

func (s *sample) Read(b []byte) (int, error) {
	if s.left == 0 {
		return 0, io.EOF
	}
	n := int(min(int64(len(b)), s.left))
	for i := range b[:n] {
		b[i] = byte((s.at + int64(i)) >> 12 * 31)
	}
	s.at, s.left = s.at+int64(n), s.left-int64(n)
	return n, nil
}

// comparison fails the test when what is written is not what the reader gives.
type comparison struct {
	t    *testing.T
	with io.Reader
	buf  []byte
}

func (c *comparison) Write(b []byte) (int, error) {
	c.buf = append(c.buf[:0], b...)
	if _, err := io.ReadFull(c.with, c.buf); err != nil || !bytes.Equal(c.buf, b) {
		c.t.Fatal("the signature holds another document")
	}
	return len(b), nil
}

func encodedBody(content io.Reader) io.Reader {
	r, w := io.Pipe()
	go func() {
		e := base64.NewEncoder(base64.StdEncoding, w)
		_, err := io.CopyBuffer(e, content, make([]byte, 96<<10))
		w.CloseWithError(errors.Join(err, e.Close()))
	}()
	return r
}

// wantOver checks a detached signature.
func wantOver(t *testing.T, k key, der []byte, content io.Reader) {
	t.Helper()
	signed, err := cms.Parse(der)
	if err != nil {
		t.Fatalf("%v in %.60x", err, der)
	}
	results, err := signed.VerifyReader(content)
	if err != nil || len(results) != 1 || results[0].Err != nil {
		t.Fatalf("verify: %v, %+v", err, results)
	}
	if results[0].Certificate.Fingerprint() != k.Certificate.Fingerprint() {
		t.Error("signed with another certificate than the chosen one")
	}
}

// wantAttached checks an attached signature too large for memory.
func wantAttached(t *testing.T, k key, signature io.Reader, size int64) {
	t.Helper()
	f, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	n, err := io.Copy(f, signature)
	if err != nil {
		t.Fatalf("after %d octets: %v", n, err)
	}
	der, content, err := cms.Detach(f, n)
	if err != nil {
		t.Fatal(err)
	}
	if content.Size() != size {
		t.Errorf("holds %d octets, want %d", content.Size(), size)
	}
	wantOver(t, k, der, io.TeeReader(content, &comparison{t: t, with: &sample{left: size}}))
}

// multisignPage is a page that uses the streaming interface.
type multisignPage struct {
	t      testing.TB
	client *http.Client
	cookie *http.Cookie
}

func (b *bridge) multisignPage(t testing.TB) *multisignPage {
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: b.pool}, WriteBufferSize: 64 << 10, ReadBufferSize: 64 << 10}
	t.Cleanup(transport.CloseIdleConnections)
	return &multisignPage{t: t, client: &http.Client{Transport: transport}}
}

func (p *multisignPage) start(body string) string {
	p.t.Helper()
	answer := p.post("/", strings.NewReader(body), int64(len(body)))
	defer answer.Close()
	id, err := io.ReadAll(answer)
	if err != nil {
		p.t.Fatal(err)
	}
	return "/" + string(id)
}

func (p *multisignPage) post(path string, body io.Reader, size int64) io.ReadCloser {
	p.t.Helper()
	r, err := http.NewRequest("POST", fmt.Sprintf("https://127.0.0.1:%d%s", multisignPort, path), body)
	if err != nil {
		p.t.Fatal(err)
	}
	r.ContentLength = size
	r.Header.Set("Origin", "https://portal.test")
	if p.cookie != nil {
		r.AddCookie(p.cookie)
	}
	resp, err := p.client.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(resp.Body)
		p.t.Fatalf("%s: %s %q", path, resp.Status, text)
	}
	for _, c := range resp.Cookies() {
		p.cookie = &http.Cookie{Name: c.Name, Value: c.Value}
	}
	return resp.Body
}

// forgetPeak makes Linux count the largest resident set anew.
func (b *bridge) forgetPeak(t testing.TB) {
	t.Helper()
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", b.cmd.Process.Pid), []byte("5"), 0); err != nil {
		t.Skip(err)
	}
}

// peak is the largest resident set of the program, in bytes.
func (b *bridge) peak(t testing.TB) float64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", b.cmd.Process.Pid))
	if err != nil {
		t.Skip(err)
	}
	_, rest, ok := strings.Cut(string(status), "VmHWM:")
	var kB float64
	if n, err := fmt.Sscan(rest, &kB); !ok || n != 1 {
		t.Fatal(err)
	}
	return kB * 1024
}
