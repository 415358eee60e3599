//go:build linux

package bridge

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// megabyte is a million octets as a member of a request.
var megabyte = []byte(`"` + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("0123456789"), 100_000)) + `"`)

// sayBulk sends a request with n documents of a million octets each without
// holding it, and returns its length.
func sayBulk(t testing.TB, c *websocket.Conn, n int, attached bool) (length int64) {
	t.Helper()
	w, err := c.NextWriter(websocket.TextMessage)
	if err != nil {
		t.Fatal(err)
	}
	put := func(b []byte) {
		if _, err := w.Write(b); err != nil {
			t.Fatal(err)
		}
		length += int64(len(b))
	}
	put([]byte(`{"module":"kz.gov.pki.knca.basics","method":"sign","args":{"format":"cms","data":[`))
	for i := range n {
		if i > 0 {
			put([]byte(","))
		}
		put(megabyte)
	}
	put(fmt.Appendf(nil, `],"signingParams":{"decode":true,"encapsulate":%v},"signerParams":{"chain":[]}}}`, attached))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return length
}

// hearBulk takes a reply without holding it.
func hearBulk(t testing.TB, c *websocket.Conn, buffer []byte) (length int64) {
	t.Helper()
	_, r, err := c.NextReader()
	if err != nil {
		t.Fatal(err)
	}
	head := make([]byte, 64)
	n, err := io.ReadFull(r, head)
	if err != nil || !bytes.HasPrefix(head, []byte(`{"body":{"result":["-----BEGIN CMS-----`)) {
		t.Fatalf("%v: %s", err, head[:n])
	}
	rest, err := io.CopyBuffer(writeOnly{}, r, buffer)
	if err != nil {
		t.Fatal(err)
	}
	return int64(n) + rest
}

// peak watches the memory of this process until the function it returns is
// called, which gives what it grew by at most.
func peak(t testing.TB) func() int64 {
	debug.FreeOSMemory()
	before := residentSet(t)
	var most atomic.Int64
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		runtime.LockOSThread()
		for {
			most.Store(max(most.Load(), residentSet(t)))
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
			}
		}
	}()
	return func() int64 {
		close(stop)
		<-stopped
		return most.Load() - before
	}
}

// Memory while documents of 1 MB pass through the socket, against the largest
// message in flight: requests one after another, many documents in each, and
// one as long as a message may be. The client is in the same process and holds
// nothing but its buffers.
func TestMemoryOfLargeRequests(t *testing.T) {
	if testing.Short() {
		t.Skip("a gigabyte through the socket")
	}
	key := fileKey(t, profile)
	for _, c := range []struct {
		name        string
		requests, n int
		attached    bool
	}{
		{"1000 requests with 1 document", 1000, 1, true},
		{"10 requests with 100 documents", 10, 100, true},
		{"1 request with 384 documents, attached", 1, 384, true},
		{"1 request with 384 documents, detached", 1, 384, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := start(t, granted{key})
			d := websocket.Dialer{TLSClientConfig: r.tls(), ReadBufferSize: 32 << 10, WriteBufferSize: 32 << 10}
			conn, _, err := d.Dial("wss://"+r.addr+"/", http.Header{"Origin": {portal}})
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if _, _, err := conn.ReadMessage(); err != nil {
				t.Fatal(err)
			}
			buffer := make([]byte, 32<<10)
			sayBulk(t, conn, 1, true) // tables and buffers of the process
			hearBulk(t, conn, buffer)
			grown := peak(t)
			var frame, reply int64
			for range c.requests {
				frame = sayBulk(t, conn, c.n, c.attached)
				reply = hearBulk(t, conn, buffer)
			}
			most := grown()
			largest := max(frame, reply)
			t.Logf("request %.1f MiB, reply %.1f MiB, memory grew by %.1f MiB: %.2f × the largest, %.2f × the request",
				mib(frame), mib(reply), mib(most), float64(most)/float64(largest), float64(most)/float64(frame))
			const runtimeItself = 8 << 20 // stacks, timers, what the collector leaves lying
			if float64(most) > 2.5*float64(largest)+runtimeItself {
				t.Errorf("%d octets for messages of %d", most, largest)
			}
		})
	}
}

func mib(n int64) float64 { return float64(n) / (1 << 20) }
