package bridge

import (
	"testing"

	"tanba/bridge/consent"
)

// A site on the administrator's list learns of tokens unasked; nothing else of a
// site the person permitted is given to it.
func TestSeededSiteLearnsOfTokens(t *testing.T) {
	p := &plugged{storages: []string{"AKKaztokenStore"}}
	for _, c := range []struct{ seeded, want string }{
		{portal, `{"responseObject":["AKKaztokenStore"],"code":"200"}`},
		{"https://other.kz", noTokens},
	} {
		d := consent.New(consent.Options{Prompter: newPrompter(), Seeded: []consent.Seeded{{Origin: c.seeded, List: true}}})
		start(t, d, p.option).open().ask(tokensRequest, c.want)
	}
}
