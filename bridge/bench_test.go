//go:build unix

package bridge

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"runtime"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"golang.org/x/sys/unix"
)

// bulk is one request with n documents of so many octets each, as a page sends
// it. Documents are binary, or lines of text.
func bulk(n, size int, attached, text bool) []byte {
	document := make([]byte, size)
	if text {
		copy(document, bytes.Repeat([]byte("Шот-фактура 0123456789 invoice; "), size/32+1))
	} else {
		random := rand.NewChaCha8([32]byte{})
		random.Read(document)
	}
	var b bytes.Buffer
	b.Grow(n * (size*4/3 + 16))
	b.WriteString(`{"module":"kz.gov.pki.knca.basics","method":"sign","args":{"format":"cms","data":[`)
	encoded := make([]byte, base64.StdEncoding.EncodedLen(size))
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		if size >= 8 {
			copy(document[size-8:], fmt.Sprintf("%08d", i))
		}
		base64.StdEncoding.Encode(encoded, document)
		b.WriteByte('"')
		b.Write(encoded)
		b.WriteByte('"')
	}
	fmt.Fprintf(&b, `],"signingParams":{"decode":true,"encapsulate":%v},"signerParams":{"chain":[]}}}`, attached)
	return b.Bytes()
}

// perDocument measures f, which does n documents. The processor's time tells
// more than the clock's when others use the machine too.
func perDocument(b *testing.B, n int, f func()) {
	runtime.GC()
	before := processorTime(b)
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		f()
	}
	b.StopTimer()
	documents := float64(n) * float64(b.N)
	b.ReportMetric(documents/b.Elapsed().Seconds(), "docs/s")
	b.ReportMetric(documents/(processorTime(b)-before).Seconds(), "docs/cpu-s")
	b.ReportMetric(0, "ns/op")
}

// processorTime is what this process has taken, on all cores.
func processorTime(t testing.TB) time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkPath10K: request octets in, reply octets out, without the socket; n
// documents of 10 KB in one request. With -cpu 1 it is what one core does.
func BenchmarkPath10K(b *testing.B) {
	key := fileKey(b, profile)
	for _, c := range []struct {
		name           string
		n              int
		attached, text bool
	}{
		{"attached", 1000, true, false}, {"detached", 1000, false, false}, {"text", 1000, true, true}, {"one", 1, true, false},
	} {
		b.Run(c.name, func(b *testing.B) {
			s, err := New(Options{Addr: "127.0.0.1:0", Desk: granted{key}, TLS: noTLS{}})
			if err != nil {
				b.Fatal(err)
			}
			session := &session{s: s, ctx: context.Background()}
			request := bulk(c.n, 10_000, c.attached, c.text)
			frame := make([]byte, len(request))
			perDocument(b, c.n, func() {
				copy(frame, request)
				if n := session.through(b, frame); n < 600*c.n {
					b.Fatal(n)
				}
			})
		})
	}
}

// BenchmarkSocket10K: 10,000 documents of 10 KB in one request through TLS and
// WebSocket, the client in the same process and on the same cores.
func BenchmarkSocket10K(b *testing.B) {
	key := fileKey(b, profile)
	for _, c := range []struct {
		name     string
		attached bool
	}{{"attached", true}, {"detached", false}} {
		b.Run(c.name, func(b *testing.B) {
			r := start(b, granted{key})
			conn := r.wide(b)
			const n = 10_000
			request := bulk(n, 10_000, c.attached, false)
			perDocument(b, n, func() {
				if got := converse(b, conn, request); got < 600*n {
					b.Fatal(got)
				}
			})
		})
	}
}

// wide is a client with large buffers, so that little of the time is its own.
func (r *running) wide(t testing.TB) *websocket.Conn {
	t.Helper()
	d := websocket.Dialer{TLSClientConfig: r.tls(), HandshakeTimeout: 5 * time.Second, ReadBufferSize: 64 << 10, WriteBufferSize: 256 << 10}
	c, _, err := d.Dial("wss://"+r.addr+"/", http.Header{"Origin": {portal}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if _, _, err := c.ReadMessage(); err != nil { // the greeting
		t.Fatal(err)
	}
	return c
}

func say(t testing.TB, c *websocket.Conn, request []byte) {
	t.Helper()
	w, err := c.NextWriter(websocket.TextMessage)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(request); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

// converse sends a request and counts the octets of the reply.
func converse(t testing.TB, c *websocket.Conn, request []byte) int {
	t.Helper()
	say(t, c, request)
	_, r, err := c.NextReader()
	if err != nil {
		t.Fatal(err)
	}
	n, err := io.CopyBuffer(writeOnly{}, r, make([]byte, 64<<10))
	if err != nil {
		t.Fatal(err)
	}
	return int(n)
}

// through carries one request out and counts the octets of the reply.
func (c *session) through(t testing.TB, frame []byte) int {
	t.Helper()
	_, reply, outcome := c.answer(&message{data: frame})
	if outcome != outcomeDone {
		t.Fatal(outcome)
	}
	if reply.write == nil {
		return len(reply.frame)
	}
	n, err := reply.write(writeOnly{})
	if err != nil {
		t.Fatal(err)
	}
	return int(n)
}

// BenchmarkLastOctet: how long a page waits when it has sent all, until the
// reply begins and until it has ended.
func BenchmarkLastOctet(b *testing.B) {
	key := fileKey(b, profile)
	for _, c := range []struct {
		name     string
		n, size  int
		attached bool
	}{
		{"1x100MB/detached", 1, 100_000_000, false}, {"1x100MB/attached", 1, 100_000_000, true},
		{"10000x10KB/detached", 10_000, 10_000, false}, {"10000x10KB/attached", 10_000, 10_000, true},
	} {
		b.Run(c.name, func(b *testing.B) {
			conn := start(b, granted{key}).wide(b)
			request := bulk(c.n, c.size, c.attached, false)
			var begun, ended time.Duration
			b.ResetTimer()
			for range b.N {
				say(b, conn, request)
				sent := time.Now()
				_, r, err := conn.NextReader()
				if err != nil {
					b.Fatal(err)
				}
				begun += time.Since(sent)
				if _, err := io.CopyBuffer(writeOnly{}, r, make([]byte, 64<<10)); err != nil {
					b.Fatal(err)
				}
				ended += time.Since(sent)
			}
			ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 / float64(b.N) }
			b.ReportMetric(ms(begun), "ms-begins")
			b.ReportMetric(ms(ended), "ms-ended")
		})
	}
}
