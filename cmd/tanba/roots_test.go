package main

import (
	"testing"
	"time"

	"tanba/internal/pki"
	"tanba/internal/state"
	"tanba/internal/testpki"
)

// A certificate belongs to a pin when name and key agree, whoever brings it.
func TestPinDecides(t *testing.T) {
	first, err := testpki.New(nil, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	second, err := testpki.New(nil, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	c := first.Root()
	pin := pki.Anchor{Name: "pin", Subject: c.Subject, KeyID: c.PublicKey.KeyID()}
	if !fits(pin, c) {
		t.Error("the pinned certificate does not fit")
	}
	if fits(pin, second.Root()) {
		t.Error("another key of the same name fits")
	}
	if fits(pki.Anchor{Name: "known", Subject: c.Subject, PublicKey: c.PublicKey}, c) {
		t.Error("an anchor with a key needs no certificate")
	}
	// What lies in the folder counts only as far as it fits a built-in pin.
	dir := state.Dir(t.TempDir())
	for name, data := range map[string][]byte{"a.cer": c.Raw, "b.cer": []byte("x"), "c.txt": nil} {
		if err := dir.Write(data, rootsFolder, name); err != nil {
			t.Fatal(err)
		}
	}
	if found := storedRoots(dir, nil); len(found) != 0 {
		t.Errorf("%d certificates count that fit no pin", len(found))
	}
}
