package bridge

import (
	"bytes"
	"context"
	"encoding/pem"
	"fmt"
	"testing"
	"time"

	"tanba/bridge/consent"
	"tanba/internal/pki"
	"tanba/internal/streebog"
	"tanba/internal/testpki"
)

// While the window is open the documents are hashed; whatever key is chosen, and
// however far that got, the signatures are good.
func TestHashedAhead(t *testing.T) {
	for _, family := range []pki.Family{pki.GOST512, pki.GOST256, pki.RSA} {
		for _, wait := range []time.Duration{0, time.Millisecond, 100 * time.Millisecond} {
			for _, sizes := range [][]int{{3 << 20}, {2 << 20, 5, 3<<20 + 1}, make([]int, 300)} {
				k := newKey(t, testpki.Profile{Family: family})
				p := start(t, &desk{ask: func(context.Context, *consent.Question) (*consent.Grant, error) {
					time.Sleep(wait)
					return &consent.Grant{Key: k}, nil
				}}).open()
				documents := make([]string, len(sizes))
				for i, n := range sizes {
					documents[i] = fmt.Sprint(i) + string(bytes.Repeat([]byte("x"), max(n, 5000)))
				}
				p.say(basicsRequest("cms", documents, `,"encapsulate":false`))
				m := jsonOf(t, p.hear())
				got, _ := m["body"].(map[string]any)["result"].([]any)
				if len(got) != len(documents) {
					t.Fatalf("%.200v", m)
				}
				for i := 0; i < len(got); i += max(1, len(got)/10) {
					block, _ := pem.Decode([]byte(got[i].(string)))
					verify(t, block.Bytes, []byte(documents[i]), 1)
				}
			}
		}
	}
}

func TestAheadWaitsAndLeaves(t *testing.T) {
	s, err := New(Options{Addr: "127.0.0.1:0", Desk: &desk{}, TLS: noTLS{}, Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	documents := [][]byte{make([]byte, 20<<20), []byte("b"), make([]byte, 1<<20)}
	m := &message{budget: newBudget(Limits{}.withDefaults())}
	c := &session{s: s, ctx: t.Context(), current: m}
	a := c.hashAhead(documents, 21<<20)
	digest := a.serve(pki.GOST512, documents)
	for i, d := range documents {
		if got, want := digest(i), streebog.Sum512(d); got != nil && !bytes.Equal(got, want[:]) {
			t.Errorf("document %d: %x", i, got)
		}
	}
	a.stop()
	if c.hashAhead(documents[1:2], 1).serve(pki.GOST512, documents) != nil {
		t.Error("a small document was hashed ahead")
	}
	b := c.hashAhead(documents, 21<<20)
	b.stop()
	if b.serve(pki.RSA, documents) != nil {
		t.Error("digests of another hash")
	}
	eventually(t, "the message is let go", func() bool { return m.more.Load() == 0 })
}
