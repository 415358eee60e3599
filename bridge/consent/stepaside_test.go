package consent

import (
	"context"
	"testing"

	"tanba/bridge/prompt"
	"tanba/internal/testpki"
)

// Work whose pace the page decides steps aside: the others are asked while it
// goes on, and the key serves until Close all the same.
func TestStepAside(t *testing.T) {
	d := newDesk(t)
	path := keyFile(t, testpki.Profile{})
	slow := d.ask(context.Background(), &Question{
		Asker: Asker{Origin: "https://slow.kz"}, Operation: "multisign", Total: 1000, Detached: true, Unseen: true,
	})
	s := d.person.next(t)
	if !s.Unseen || !s.Detached || s.Total != 1000 || len(s.Documents) != 0 || s.Login || s.Warning != "" {
		t.Errorf("shown: %+v", s.Request)
	}
	s.yes(t, path)
	g := wait(t, slow)
	if g.err != nil {
		t.Fatal(g.err)
	}
	other := d.ask(context.Background(), from("https://other.kz"))
	third := d.ask(context.Background(), from("https://third.kz"))
	d.person.nothing(t)
	g.g.StepAside()
	s = d.person.next(t)
	d.person.nothing(t) // still one at a time
	if _, err := g.g.Key.Sign(nil, make([]byte, 64), nil); err != nil {
		t.Errorf("after stepping aside the key does not sign: %v", err)
	}
	g.g.Close(prompt.FailedStopped) // gives nobody's turn away
	d.person.nothing(t)
	s.no()
	d.person.next(t).no() // either of the two may have come first
	wait(t, other)
	wait(t, third)
	j := d.journalOf()
	if len(j) != 3 || j[0].Operation != "multisign" || j[0].Documents != 1000 || j[0].Outcome != OutcomeFailed || j[0].Reason != prompt.FailedStopped {
		t.Errorf("journal: %+v", j)
	}
	(*Grant)(nil).StepAside()
	(&Grant{}).StepAside()
}
