package consent

import (
	"context"
	"testing"

	"tanba/internal/pki"
	"tanba/internal/testpki"
	"tanba/protocol"
)

// The certificates of an opened file or token are told while the person reads;
// those of keys that do not fit are not.
func TestOpenedIsToldBeforeTheYes(t *testing.T) {
	told := func(q *Question) *[]string {
		var iins []string
		q.OnOpened(func(cs []*pki.Certificate) {
			for _, c := range cs {
				iins = append(iins, c.Person().IIN)
			}
		})
		return &iins
	}
	t.Run("file", func(t *testing.T) {
		d := newDesk(t)
		q := from("https://egov.kz")
		iins := told(q)
		asked := d.ask(context.Background(), q)
		s := d.person.next(t)
		path := keyFile(t, testpki.Profile{})
		if _, err := s.Unlock(s.ctx, path, []byte("wrong")); err == nil || len(*iins) != 0 {
			t.Errorf("a wrong password: %v, told %v", err, *iins)
		}
		if _, err := s.Unlock(s.ctx, path, []byte("Qwerty12")); err != nil || len(*iins) != 1 || (*iins)[0] != "123456789011" {
			t.Errorf("%v, told %v", err, *iins)
		}
		s.no()
		wait(t, asked)
	})
	t.Run("token", func(t *testing.T) {
		d := newDesk(t, with(newDrawer(newToken(t, testpki.Profile{}))))
		q := from("https://egov.kz")
		iins := told(q)
		s, _, asked := d.take(q)
		if _, err := s.UnlockToken(s.ctx, "kaz", []byte("24681357"), false); err != nil || len(*iins) != 1 {
			t.Errorf("%v, told %v", err, *iins)
		}
		s.no()
		wait(t, asked)
	})
	t.Run("no key fits", func(t *testing.T) {
		d := newDesk(t)
		q := from("https://egov.kz")
		q.Select = protocol.Selection{IIN: "000000000000"}
		iins := told(q)
		asked := d.ask(context.Background(), q)
		s := d.person.next(t)
		if _, err := s.Unlock(s.ctx, keyFile(t, testpki.Profile{}), []byte("Qwerty12")); err != nil || len(*iins) != 0 {
			t.Errorf("%v, told %v", err, *iins)
		}
		s.no()
		wait(t, asked)
	})
}
