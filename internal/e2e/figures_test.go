package e2e

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"tanba/internal/pki"
)

// BenchmarkStartToGreeting measures from exec to the greeting in the hands of a
// client, TLS handshake included. The first start of all makes the local CA.
func BenchmarkStartToGreeting(b *testing.B) {
	binary := release.binary(b)
	b.Run("first", func(b *testing.B) {
		for b.Loop() {
			newBridge(b, freePort(b)).startOnce(b, binary)
		}
	})
	b.Run("again", func(b *testing.B) {
		bridge := newBridge(b, freePort(b))
		bridge.startOnce(b, binary)
		for b.Loop() {
			bridge.startOnce(b, binary)
		}
	})
}

// startOnce times one start; only the start counts in a benchmark.
func (b *bridge) startOnce(t testing.TB, binary string) time.Duration {
	t.Helper()
	b.pool = nil
	started := time.Now()
	b.run(t, binary)
	took := time.Since(started)
	if bench, ok := t.(*testing.B); ok {
		bench.StopTimer()
		defer bench.StartTimer()
	}
	b.end(t)
	return took
}

// TestFigures prints, and never judges, what the README says about speed and
// memory: go test ./internal/e2e -run TestFigures -v
func TestFigures(t *testing.T) {
	if testing.Short() {
		t.Skip("figures are not wanted in short runs")
	}
	var table strings.Builder
	row := func(what, figure string) { fmt.Fprintf(&table, "| %s | %s |\n", what, figure) }
	row("figure", "measured")
	row("---", "---")

	binary := release.binary(t)
	info, err := os.Stat(binary)
	if err != nil {
		t.Fatal(err)
	}
	row("program, stripped", fmt.Sprintf("%.1f MB", float64(info.Size())/1e6))
	cold := newBridge(t, freePort(t))
	row("exec to greeting, first start", milliseconds(cold.startOnce(t, binary)))
	row("exec to greeting, median of 10", milliseconds(median(10, func() time.Duration { return cold.startOnce(t, binary) })))

	idle := newBridge(t, freePort(t))
	idle.run(t, binary)
	time.Sleep(300 * time.Millisecond)
	row("resident memory, idle", idle.memory(t))
	var open []*websocket.Conn
	for range 100 {
		open = append(open, idle.dial(t, "https://portal.test"))
	}
	time.Sleep(300 * time.Millisecond)
	row("resident memory, 100 open pages", idle.memory(t))
	for _, conn := range open {
		conn.Close()
	}
	idle.end(t)

	k := throwawayKey(t, pki.GOST512)
	b := startBridge(t, approve(k))
	conn := b.dial(t, "https://portal.test")
	row("heartbeat there and back, median of 200", milliseconds(median(200, func() time.Duration {
		started := time.Now()
		ask(t, conn, "--heartbeat--")
		return time.Since(started)
	})))
	request := fmt.Sprintf(`{"module":"kz.gov.pki.knca.commonUtils","method":"createCAdESFromBase64","args":["PKCS12","SIGNATURE",%q,false]}`,
		base64Of(documents[0]))
	row("one GOST-512 signature, key store opened each time, median of 15", milliseconds(median(15, func() time.Duration {
		started := time.Now()
		if reply := ask(t, conn, request); !strings.HasSuffix(reply, `"code":"200"}`) {
			t.Fatalf("sign: %.200s", reply)
		}
		return time.Since(started)
	})))
	row("resident memory after 15 signatures", b.memory(t))
	t.Logf("\n%s", table.String())
}

func median(n int, measure func() time.Duration) time.Duration {
	took := make([]time.Duration, n)
	for i := range took {
		took[i] = measure()
	}
	slices.Sort(took)
	return took[n/2]
}

func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.2f ms", float64(d.Microseconds())/1000)
}

var rss = regexp.MustCompile(`VmRSS:\s+(\d+) kB`)

// memory is the resident set of the program, as Linux counts it.
func (b *bridge) memory(t testing.TB) string {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", b.cmd.Process.Pid))
	if err != nil {
		return "unknown on this system"
	}
	m := rss.FindSubmatch(status)
	if m == nil {
		return "unknown"
	}
	var kB float64
	fmt.Sscanf(string(m[1]), "%f", &kB)
	return fmt.Sprintf("%.1f MB", kB*1024/1e6)
}
