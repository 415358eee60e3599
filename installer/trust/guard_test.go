package trust

import (
	"os"
	"slices"
	"testing"
	"time"

	"tanba/internal/localca"
)

// Three renewals later the databases are still given back octet for octet.
func TestThreeRenewalsAreExact(t *testing.T) {
	h := newHome(t)
	h.database(".pki", "nssdb")
	h.firefoxIn(".mozilla/firefox", true)
	before := h.content()
	for range 4 {
		h.install()
		results, err := RemoveOthers(t.Context(), h.o)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range results {
			if r.Err != nil {
				t.Fatal(r.Err)
			}
		}
		b, err := localca.Issue(nil, time.Now(), "test")
		if err != nil {
			t.Fatal(err)
		}
		h.o.Root = b.CA
	}
	results, err := Remove(t.Context(), h.o)
	if err != nil || len(results) != 2 || slices.ContainsFunc(results, func(r Result) bool { return !r.Exact || r.Err != nil }) {
		t.Errorf("%+v, %v", results, err)
	}
	if after := h.content(); !slices.Equal(before, after) {
		t.Errorf("after\n%q\nbefore\n%q", after, before)
	}
	if left, _ := os.ReadDir(string(h.o.State)); len(left) != 0 {
		t.Errorf("left in the state directory: %v", left)
	}
}

// What somebody else puts into the database while ours is in it stays, and so
// does what a browser that has it open may write.
func TestOthersChangesStay(t *testing.T) {
	for name, disturb := range map[string]func(t *testing.T, h *home, n *nss){
		"between": func(t *testing.T, h *home, n *nss) {
			other, err := localca.Issue(nil, time.Now(), "other")
			if err != nil {
				t.Fatal(err)
			}
			if err := n.put(t.Context(), other.CA, "somebody's root"); err != nil {
				t.Fatal(err)
			}
		},
		"open": func(t *testing.T, h *home, n *nss) {
			h.o.InUse = func([]string) bool { return true }
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHome(t)
			dir := h.database(".pki", "nssdb")
			h.install()
			n := &nss{&h.o, Chromium, dir}
			if err := h.o.complete(); err != nil {
				t.Fatal(err)
			}
			disturb(t, h, n)
			want, err := n.list(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			delete(want, nickname(h.bundle.CA))
			results, err := Remove(t.Context(), h.o)
			if err != nil || len(results) != 1 || results[0].Err != nil || results[0].Exact {
				t.Errorf("%+v, %v", results, err)
			}
			got, err := n.list(t.Context())
			if err != nil || len(got) != len(want) {
				t.Errorf("left %v, want %v (%v)", got, want, err)
			}
			if left, _ := os.ReadDir(string(h.o.State)); len(left) != 0 {
				t.Errorf("left in the state directory: %v", left)
			}
		})
	}
}

// Version 1 of the journal, a bare list, is taken over; a later version is not
// touched.
func TestJournalVersions(t *testing.T) {
	h := newHome(t)
	if err := h.o.State.Write([]byte(`[{"store":"chromium","path":"/gone","fingerprint":"00","nickname":"x","time":"2026-01-01T00:00:00Z"}]`), journalFile); err != nil {
		t.Fatal(err)
	}
	if j, err := readJournal(h.o.State); err != nil || len(j.Entries) != 1 || j.Entries[0].Path != "/gone" {
		t.Errorf("%+v, %v", j, err)
	}
	h.remove()
	if err := h.o.State.Write([]byte(`{"version":3}`), journalFile); err != nil {
		t.Fatal(err)
	}
	if _, err := Install(t.Context(), h.o); err == nil || err.Error() != "trust: the journal was written by a later version: 3, this one knows 2" {
		t.Errorf("a later version: %v", err)
	}
}
