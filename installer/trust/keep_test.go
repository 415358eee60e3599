//go:build !windows

package trust

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"tanba/internal/localca"
	"tanba/internal/state"
)

// turned is a clock that a test turns while others read it.
type turned struct{ now atomic.Pointer[time.Time] }

func turn(t time.Time) *turned {
	c := new(turned)
	c.turn(t)
	return c
}

func (c *turned) turn(t time.Time) { c.now.Store(&t) }
func (c *turned) time() time.Time  { return *c.now.Load() }

// keeper serves a home's certificate and lets a clock run that tests turn.
func keeper(t testing.TB, o Options, now *turned) (*Keeper, chan net.Conn) {
	t.Helper()
	b, _, err := localca.LoadOrIssue(o.State, now.time())
	if err != nil {
		t.Fatal(err)
	}
	source, err := localca.NewSource(b)
	if err != nil {
		t.Fatal(err)
	}
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{GetCertificate: source.GetCertificate})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	open := make(chan net.Conn, 64)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				if c.(*tls.Conn).Handshake() == nil {
					open <- c
				}
			}()
		}
	}()
	o.Now = now.time
	return &Keeper{Options: o, Source: source, Addr: l.Addr().String(), Log: slog.New(slog.DiscardHandler)}, open
}

// With the clock turned on a year at a time the certificate is renewed three
// times before it ends; each time the new one is trusted, the old one goes, an
// open connection stays, and in the end the stores are what they were.
func TestThreeRenewalsByTheClock(t *testing.T) {
	h := newHome(t)
	h.database(".pki", "nssdb")
	h.firefoxIn(".mozilla/firefox", true)
	before := h.content()
	now := turn(time.Now())
	k, accepted := keeper(t, h.o, now)
	h.o.Root = k.Source.Bundle().CA
	h.install()

	roots := x509.NewCertPool()
	roots.AddCert(k.Source.Bundle().CA)
	client, err := tls.Dial("tcp", k.Addr, &tls.Config{RootCAs: roots, ServerName: "127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	server := <-accepted

	ctx, cancel := context.WithCancel(t.Context())
	tick, renewed := make(chan time.Time), make(chan *localca.Bundle, 1)
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		k.Source.Watch(ctx, tick, now.time, func(ctx context.Context) (*localca.Bundle, error) {
			b, err := k.Renew(ctx)
			if err != nil {
				t.Error(err)
			}
			renewed <- b
			return b, err
		})
	}()
	for i := range 3 {
		old := k.Source.Bundle()
		now.turn(old.Leaf.NotAfter.Add(-localca.Lifetime * 22 / 100))
		tick <- now.time()
		tick <- now.time() // the first tick is through
		if k.Source.Bundle() != old {
			t.Fatal("renewed with more than a fifth left")
		}
		now.turn(old.Leaf.NotAfter.Add(-localca.Lifetime * 19 / 100))
		tick <- now.time()
		next := <-renewed
		for _, root := range []struct {
			c    *x509.Certificate
			want bool
		}{{old.CA, false}, {next.CA, true}} {
			o := h.o
			o.Root = root.c
			results, err := Status(t.Context(), o)
			if err != nil || len(results) != 2 || slices.ContainsFunc(results, func(r Result) bool { return r.Trusted != root.want }) {
				t.Errorf("renewal %d: %+v, %v, want trusted %v", i+1, results, err, root.want)
			}
		}
		if stored, err := localca.Load(h.o.State); err != nil || !stored.CA.Equal(next.CA) {
			t.Errorf("renewal %d: the stored certificate is another one (%v)", i+1, err)
		}
	}
	cancel()
	<-watched
	if _, err := fmt.Fprint(client, "still here"); err != nil {
		t.Error(err)
	}
	got := make([]byte, 10)
	if _, err := io.ReadFull(server, got); err != nil || string(got) != "still here" {
		t.Errorf("the connection from before the renewals: %q, %v", got, err)
	}
	h.remove()
	if after := h.content(); !slices.Equal(before, after) {
		t.Errorf("after\n%q\nbefore\n%q", after, before)
	}
}

// A store that cannot take the new root puts the renewal off and keeps the old.
func TestFailedRenewalChangesNothing(t *testing.T) {
	h := newHome(t)
	h.database(".pki", "nssdb")
	now := turn(time.Now())
	k, _ := keeper(t, h.o, now)
	h.o.Root = k.Source.Bundle().CA
	h.install()
	installed := h.content()
	old := k.Source.Bundle()
	k.Run = func(ctx context.Context, name string, args ...string) ([]byte, error) {
		if slices.Contains(args, "-A") {
			return nil, errors.New("disk full")
		}
		return run(ctx, name, args...)
	}
	if _, err := k.Renew(t.Context()); err == nil || !strings.Contains(err.Error(), "put off: disk full") {
		t.Errorf("err = %v", err)
	}
	if k.Source.Bundle() != old {
		t.Error("another certificate is served")
	}
	if after := h.content(); !slices.Equal(installed, after) {
		t.Errorf("stores\n%q\nbefore\n%q", after, installed)
	}
}

// Killed at any step of a renewal: the next start finishes it with one root of
// ours, trusted and served; and removal leaves nothing.
func TestKilledRenewal(t *testing.T) {
	if os.Getenv("TANBA_TRUST_HOME") != "" {
		killedRenewal(t)
		return
	}
	h := newHome(t)
	h.database(".pki", "nssdb")
	h.firefoxIn(".mozilla/firefox", true)
	before := h.content()
	step := 2
	if testing.Short() {
		step = 9
	}
	for n := 1; ; n += step {
		now := turn(time.Now())
		k, _ := keeper(t, h.o, now)
		h.o.Root = k.Source.Bundle().CA
		h.install()
		cmd := exec.Command(os.Args[0], "-test.run", "^TestKilledRenewal$")
		cmd.Env = append(os.Environ(), "TANBA_TRUST_HOME="+h.dir, "TANBA_TRUST_STATE="+string(h.o.State), "TANBA_TRUST_KILL="+strconv.Itoa(n))
		out, _ := cmd.CombinedOutput()
		status, _ := cmd.ProcessState.Sys().(syscall.WaitStatus)
		if !status.Signaled() && cmd.ProcessState.ExitCode() != 0 {
			t.Fatalf("%s", out)
		}
		k, _ = keeper(t, h.o, now)
		k.repair(t.Context())
		results, err := CheckStores(t.Context(), k.options(), k.Addr)
		if err != nil || firstError(results) != nil || slices.ContainsFunc(results, func(r Result) bool { return !r.Trusted }) {
			t.Fatalf("killed at point %d: %+v, %v", n, results, err)
		}
		j, err := readJournal(h.o.State)
		if err != nil || len(j.Entries) != len(results) {
			t.Fatalf("killed at point %d: journal %+v, %v", n, j.Entries, err)
		}
		h.remove()
		if after := h.content(); !slices.Equal(before, after) {
			t.Fatalf("killed at point %d: left\n%q\nbefore\n%q", n, after, before)
		}
		if !status.Signaled() {
			if n < 10 {
				t.Errorf("the renewal ended before point %d", n)
			}
			return
		}
	}
}

func killedRenewal(t *testing.T) {
	killAt, _ := strconv.Atoi(os.Getenv("TANBA_TRUST_KILL"))
	count, now := 0, turn(time.Now())
	o := Options{
		Home: os.Getenv("TANBA_TRUST_HOME"), State: state.Dir(os.Getenv("TANBA_TRUST_STATE")),
		At: func(string) {
			if count++; count == killAt {
				syscall.Kill(os.Getpid(), syscall.SIGKILL)
			}
		},
	}
	k, _ := keeper(t, o, now)
	if _, err := k.Renew(t.Context()); err != nil {
		t.Error(err)
	}
}

// Without the person's agreement nothing is ever added by itself.
func TestNothingWithoutAgreement(t *testing.T) {
	h := newHome(t)
	h.database(".pki", "nssdb")
	before := h.content()
	now := turn(time.Now())
	k, _ := keeper(t, h.o, now)
	k.repair(t.Context())
	if _, err := k.Renew(t.Context()); err != nil {
		t.Error(err)
	}
	if after := h.content(); !slices.Equal(before, after) {
		t.Errorf("changed without agreement:\n%q\nbefore\n%q", after, before)
	}
	// Somebody takes the root out between the question and the change.
	o := k.options()
	if _, err := Install(t.Context(), o); !errors.Is(err, ErrNotAgreed) {
		t.Errorf("Install: %v", err)
	}
	k.Always = true
	k.repair(t.Context())
	if results, err := Status(t.Context(), k.options()); err != nil || !results[0].Trusted {
		t.Errorf("an administrator has agreed: %+v, %v", results, err)
	}
}
