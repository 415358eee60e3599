package bridge

import (
	"context"
	"slices"

	"tanba/bridge/consent"
	"tanba/keystore"
	"tanba/protocol"
)

// What a site learns of the tokens of this machine.
//
// Which tokens somebody has tells who they are, so that a site learns nothing of
// them before the person has permitted it once (security.md T1, T4). To such a
// site every machine looks like one without tokens:
//
//   - getActiveTokens answers [] at once, without looking. Where a token is in,
//     the person is asked, in a window that the answer does not wait for,
//     whether the site may know: curious.go.
//   - A request for a key on a token opens the window whether the token is there
//     or not. The window says which one to put in; the site gets a signature or
//     a cancellation, when the person decides, and no storage.empty that would
//     tell it the rest.
//   - A request for a key in a file, which is what sites fall back to, may be
//     answered with a token that is in, if the person chooses so.
//
// Sites that were permitted, and programs of this machine, which can ask the
// readers themselves, get the answers of the original (protocol.md 4.1, 5.1).

// Devices tells which token storages have a device now. It is asked for each
// request that depends on it, so it must be quick.
type Devices interface {
	Storages(ctx context.Context) ([]string, error)
}

func (c *session) activeTokens() protocol.Tokens {
	if !c.knowsTokens() {
		c.s.curious.ask(c)
		return protocol.Tokens{}
	}
	return c.devices(c.ctx)
}

// knowsTokens reports whether the asker may learn which tokens are there.
func (c *session) knowsTokens() bool {
	if l, ok := c.s.o.Desk.(lister); ok && !c.who().Local {
		return l.MayList(c.who())
	}
	return c.who().Local || c.known()
}

// lister is what a Desk may be besides: it knows of sites that an administrator
// allows to learn of tokens, and nothing else.
type lister interface{ MayList(consent.Asker) bool }

// devices returns each token storage that has a device, in the order of
// protocol.md 4.1, which is also that of its §15 row 19. Readers that cannot be
// asked are readers without tokens: the original has no error here.
func (c *session) devices(ctx context.Context) protocol.Tokens {
	present := protocol.Tokens{}
	if c.s.o.Devices == nil {
		return present
	}
	found, err := c.s.o.Devices.Storages(ctx)
	if err != nil {
		c.s.o.Log.Info("readers cannot be asked", "error", err)
	}
	for _, storage := range keystore.Storages() {
		if keystore.IsToken(storage) && slices.Contains(found, storage) {
			present = append(present, storage)
		}
	}
	return present
}

// absent reports whether a request names tokens only, none of which is there,
// and may be told so.
func (c *session) absent(storages []string) bool {
	if len(storages) == 0 || !c.knowsTokens() || slices.ContainsFunc(storages, func(s string) bool { return !keystore.IsToken(s) }) {
		return false
	}
	present := c.devices(c.ctx)
	return !slices.ContainsFunc(storages, func(s string) bool { return slices.Contains(present, s) })
}

// admitted returns the storages a window may offer for those a site named.
func (c *session) admitted(storages []string) []string {
	storages = spelled(storages)
	if len(storages) > 0 && !slices.ContainsFunc(storages, keystore.IsToken) && !c.knowsTokens() {
		storages = append(storages, c.devices(c.ctx)...)
	}
	return storages
}

// spelled returns storages in the spelling of the table.
func spelled(storages []string) []string {
	out := slices.Clone(storages)
	for i, s := range out {
		if known, ok := keystore.StorageNamed(s); ok {
			out[i] = known
		}
	}
	return out
}

// Cards are Devices told by the answers to reset of the cards in the readers.
type Cards func(ctx context.Context) (atrs [][]byte, err error)

func (cards Cards) Storages(ctx context.Context) ([]string, error) {
	atrs, err := cards(ctx)
	var storages []string
	for _, atr := range atrs {
		if s, ok := keystore.StorageOfATR(atr); ok {
			storages = append(storages, s)
		}
	}
	return storages, err
}
