package consent

import (
	"context"
	"errors"
	"testing"

	"tanba/bridge/prompt"
	"tanba/protocol"
)

func seed(kiosk bool, sites ...Seeded) func(*Options) {
	return func(o *Options) { o.Seeded, o.Kiosk = sites, kiosk }
}

// What the administrator allows ahead is exact, only "list", and never a yes of
// the person.
func TestSeededListsAndNothingElse(t *testing.T) {
	d := newDesk(t, seed(false, Seeded{"https://idp.egov.kz", true}, Seeded{"https://cabinet.kz", false}))
	for origin, want := range map[string]bool{
		"https://idp.egov.kz": true, "https://egov.kz": false, "https://a.idp.egov.kz": false, "http://idp.egov.kz": false,
		"https://idp.egov.kz:8443": false, "https://cabinet.kz": false, "": false,
	} {
		if got := d.MayList(Asker{Origin: origin}); got != want {
			t.Errorf("%q may list: %t", origin, got)
		}
	}
	if d.MayList(Asker{Origin: "https://idp.egov.kz", Local: true}) {
		t.Error("a program that claims the origin may list")
	}
	a := Asker{Origin: "https://idp.egov.kz"}
	if d.Known(a) {
		t.Error("the administrator's word counts as the person's")
	}
	asked := d.ask(context.Background(), from(a.Origin)) // signing is asked for
	s := d.person.next(t)
	if !s.Site.New || s.MayAlways {
		t.Errorf("shown: new %t, always %t", s.Site.New, s.MayAlways)
	}
	s.no()
	if r := wait(t, asked); !errors.Is(r.err, protocol.ErrCancelled) {
		t.Error(r.err)
	}
	show := from(a.Origin)
	show.Purpose, show.Documents = prompt.ShowKey, nil
	asked = d.ask(context.Background(), show) // so is a certificate
	d.person.next(t).no()
	wait(t, asked)

	d.Block(a.Origin) // the person's no is above the administrator's yes
	if d.MayList(a) {
		t.Error("a blocked site lists")
	}
	if d.Unblock(a.Origin); !d.MayList(a) {
		t.Error("not after the block either")
	}
}

func TestSeededIsVisible(t *testing.T) {
	d := newDesk(t, seed(false, Seeded{"https://idp.egov.kz", true}, Seeded{"https://cabinet.kz", false}))
	d.Block("https://cabinet.kz")
	ps := d.Permissions()
	if len(ps) != 2 || ps[0].ID != "https://cabinet.kz" || !ps[0].Seeded || ps[0].SeededList || ps[0].Blocked.IsZero() ||
		ps[1].ID != "https://idp.egov.kz" || !ps[1].Seeded || !ps[1].SeededList || ps[1].Count != 0 || ps[1].Site.Name != "egov.kz" {
		t.Errorf("%+v", ps)
	}
	if d.Revoke("https://idp.egov.kz") {
		t.Error("what the person never allowed was taken back")
	}
}

// A kiosk serves pages of the listed sites only; without a list it serves all.
func TestKioskPinsOrigins(t *testing.T) {
	d := newDesk(t, seed(true, Seeded{"https://idp.egov.kz", false}))
	for _, origin := range []string{"https://evil.kz", "https://egov.kz", "null"} {
		r := wait(t, d.ask(context.Background(), from(origin)))
		if !errors.Is(r.err, protocol.ErrCancelled) {
			t.Errorf("%s: %v", origin, r.err)
		}
		d.person.nothing(t)
	}
	if j := d.journalOf(); len(j) == 0 || j[0].Outcome != OutcomeBlocked {
		t.Errorf("journal %+v", j)
	}
	for _, q := range []*Question{from("https://idp.egov.kz"), from("https://127.0.0.1:13579"), {Asker: Asker{Local: true, Executable: "/usr/bin/x"}, Purpose: prompt.PickFile, Pick: &protocol.PickFile{}}} {
		asked := d.ask(context.Background(), q)
		d.person.next(t).no()
		wait(t, asked)
	}
	open := newDesk(t, seed(true))
	asked := open.ask(context.Background(), from("https://any.kz"))
	open.person.next(t).no()
	wait(t, asked)
}
