package consent

// Seeded is a site the administrator put on the list of this machine. It stands
// for no yes of the person: the site is new, asks for everything else, and may be
// blocked by the person.
type Seeded struct {
	Origin string // exact, as the browser sends it
	List   bool   // may learn which kinds of tokens are plugged in
}

func (d *Desk) seededAs(id string) (Seeded, bool) {
	s, ok := d.seeded[id]
	return s, ok
}

// MayList reports whether an asker may learn which tokens are plugged in without
// a question: the person allowed it something, or the administrator allowed
// exactly this.
func (d *Desk) MayList(a Asker) bool {
	if d.Known(a) {
		return true
	}
	if isProgram(a) || d.Blocked(a) {
		return false
	}
	s, ok := d.seededAs(identity(a))
	return ok && s.List
}

// pinnedOut reports whether this machine serves only pages of listed sites and
// the asker is another page. Programs, and pages they serve on this machine, are
// not meant: what runs here can do more than ask (security.md T7), and robots have
// a policy of their own.
func (d *Desk) pinnedOut(a Asker) bool {
	if !d.o.Kiosk || len(d.seeded) == 0 || isProgram(a) || describeSite(a).Loopback {
		return false
	}
	_, ok := d.seededAs(identity(a))
	return !ok
}

// withSeeded adds the administrator's sites to the list of permissions: to the
// entry of a site that is there, else behind all others.
func (d *Desk) withSeeded(out []Permission) []Permission {
	there := map[string]bool{}
	for i := range out {
		if s, ok := d.seededAs(out[i].ID); ok {
			out[i].Seeded, out[i].SeededList = true, s.List && out[i].Blocked.IsZero()
			there[out[i].ID] = true
		}
	}
	for _, s := range d.o.Seeded {
		if !there[s.Origin] {
			out = append(out, Permission{ID: s.Origin, Site: describeSite(Asker{Origin: s.Origin}), Seeded: true, SeededList: s.List})
		}
	}
	return out
}
