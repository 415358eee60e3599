package bridge

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"sync/atomic"
	"testing"
	"time"

	"tanba/bridge/consent"
	"tanba/bridge/prompt"
	"tanba/internal/testdata"
	"tanba/protocol"
)

// plugged are Devices with the given storages.
type plugged struct {
	storages []string
	err      error
	asked    atomic.Int32
}

func (p *plugged) Storages(context.Context) ([]string, error) {
	p.asked.Add(1)
	return p.storages, p.err
}

func (p *plugged) option(o *Options) { o.Devices = p }

const (
	tokensRequest = `{"module":"kz.gov.pki.knca.commonUtils","method":"getActiveTokens"}`
	noTokens      = `{"responseObject":[],"code":"200"}`
	noDevice      = `{"code":"500","message":"storage.empty"}`
)

func keyOnToken(storage string) string {
	return `{"module":"kz.gov.pki.knca.commonUtils","method":"getKeyInfo","args":["` + storage + `"]}`
}

func TestActiveTokens(t *testing.T) {
	for _, c := range []struct {
		name string
		p    *plugged
		want string
	}{
		{"none", &plugged{}, noTokens},
		{"one", &plugged{storages: []string{"AKKaztokenStore"}}, `{"responseObject":["AKKaztokenStore"],"code":"200"}`},
		// Each storage once, in the order of protocol.md 4.1.
		{"all, twice", &plugged{storages: []string{"AKEToken5110Store", "AKAKEYStore", "AKJaCartaStore", "AKEToken72KStore", "AKKZIDCardStore", "AKKaztokenStore", "AKKaztokenStore", "AKAKEYStore"}},
			`{"responseObject":["AKKaztokenStore","AKKZIDCardStore","AKEToken72KStore","AKJaCartaStore","AKAKEYStore","AKEToken5110Store"],"code":"200"}`},
		{"files are no devices", &plugged{storages: []string{"PKCS12", "JKS", "", "AKUnknownStore"}}, noTokens},
		{"readers cannot be asked", &plugged{err: errors.New("no service")}, noTokens},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := start(t, &desk{ask: cancelAlways, known: true}, c.p.option)
			r.open().ask(tokensRequest, c.want)
			// A program of this machine can ask the readers itself.
			r.openAs("").ask(tokensRequest, c.want)
		})
	}
	// A bridge without readers at all.
	start(t, &desk{ask: cancelAlways, known: true}).open().ask(tokensRequest, noTokens)
}

// A site that the person never permitted sees no difference between a machine
// with tokens and one without, and the readers are not asked while it waits.
func TestT4TokensBeforePermission(t *testing.T) {
	frames := []string{
		tokensRequest, keyOnToken("AKKaztokenStore"), keyOnToken("AKKZIDCardStore"), keyOnToken("ABSIMCardStore"),
		`{"module":"kz.gov.pki.knca.basics","method":"sign","args":{"allowedStorages":["AKKaztokenStore"],"format":"cms","data":"MTEK","signingParams":{},"signerParams":{"chain":[]}}}`,
	}
	var answers [2][]string
	var windows [2]int
	for i, p := range []*plugged{{}, {storages: []string{"AKKaztokenStore"}}} {
		d := &desk{ask: cancelAlways}
		page := start(t, d, p.option).open()
		for _, frame := range frames {
			page.say(frame)
			answers[i] = append(answers[i], page.hear())
		}
		windows[i] = len(d.asked())
		if n := p.asked.Load(); n != 0 {
			t.Errorf("readers asked %d times for a site without permission", n)
		}
	}
	if !reflect.DeepEqual(answers[0], answers[1]) || windows[0] != windows[1] {
		t.Errorf("without a token %q, %d windows\nwith one %q, %d windows", answers[0], windows[0], answers[1], windows[1])
	}
	if want := []string{noTokens, cancelled, cancelled, cancelled, `{"body":{},"status":true}`}; !reflect.DeepEqual(answers[0], want) {
		t.Errorf("%q\nwant %q", answers[0], want)
	}
}

// A site that falls back to files may get a token all the same: where one is in,
// its window offers it. Sites with permission get what they name.
func TestTokenInsteadOfFile(t *testing.T) {
	for _, c := range []struct {
		p     *plugged
		known bool
		want  []string
	}{
		{&plugged{}, false, []string{"PKCS12"}},
		{&plugged{storages: []string{"AKAKEYStore", "AKKaztokenStore"}}, false, []string{"PKCS12", "AKKaztokenStore", "AKAKEYStore"}},
		{&plugged{storages: []string{"AKAKEYStore"}}, true, []string{"PKCS12"}},
	} {
		d := &desk{ask: cancelAlways, known: c.known}
		start(t, d, c.p.option).open().ask(showKeyRequest, cancelled)
		if got := d.asked()[0].Select.Storages; !reflect.DeepEqual(got, c.want) {
			t.Errorf("%+v, known %v: the window offers %q, want %q", c.p.storages, c.known, got, c.want)
		}
	}
}

// curiousDesk permits once it was asked about tokens.
type curiousDesk struct {
	desk
	permitted atomic.Bool
}

func (d *curiousDesk) Known(consent.Asker) bool { return d.permitted.Load() }

// Whether a site may know of the tokens is asked where one is in, once, after
// the site has its answer; a yes counts from the next answer on.
func TestCuriousSite(t *testing.T) {
	p := &plugged{storages: []string{"AKKaztokenStore"}}
	answer := make(chan bool)
	d := &curiousDesk{}
	d.ask = func(ctx context.Context, q *consent.Question) (*consent.Grant, error) {
		if q.Purpose != prompt.ListTokens || q.Asker.Origin != portal {
			t.Errorf("question %+v", q)
		}
		if yes := <-answer; !yes {
			return nil, protocol.ErrCancelled
		}
		d.permitted.Store(true)
		return &consent.Grant{}, nil
	}
	now := newClock()
	r := start(t, d, p.option, func(o *Options) { o.Now = now.now })
	r.curious.delay = time.Millisecond
	page := r.open()
	for range 5 {
		page.ask(tokensRequest, noTokens)
	}
	answer <- false
	for range 5 {
		r.open().ask(tokensRequest, noTokens)
	}
	now.add(curiousRest)
	page.ask(tokensRequest, noTokens)
	answer <- true
	eventually(t, "permission", func() bool { return d.permitted.Load() })
	page.ask(tokensRequest, `{"responseObject":["AKKaztokenStore"],"code":"200"}`)
	if n := len(d.asked()); n != 2 {
		t.Errorf("%d questions, want 2", n)
	}
}

// Nothing is asked where no token is in, nor when the site wants a key at once.
func TestCuriousSiteLeftAlone(t *testing.T) {
	for name, c := range map[string]struct {
		p    *plugged
		then string
	}{
		"no token":       {&plugged{}, ""},
		"wants a key":    {&plugged{storages: []string{"AKKaztokenStore"}}, showKeyRequest},
		"wants that key": {&plugged{storages: []string{"AKKaztokenStore"}}, keyOnToken("AKKaztokenStore")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := &desk{ask: cancelAlways}
			r := start(t, d, c.p.option)
			r.curious.delay = 10 * time.Millisecond
			if c.then != "" {
				r.curious.delay = 3 * time.Second // long enough for what it wants at once
			}
			page := r.open()
			page.ask(tokensRequest, noTokens)
			if c.then != "" {
				page.ask(c.then, cancelled)
				time.Sleep(r.curious.delay + 200*time.Millisecond)
			} else {
				eventually(t, "another question may come when a token is put in", func() bool {
					r.curious.mu.Lock()
					defer r.curious.mu.Unlock()
					return r.curious.sites[portal] == nil
				})
			}
			for _, q := range d.asked() {
				if q.Purpose == prompt.ListTokens {
					t.Error("the person is asked")
				}
			}
		})
	}
}

// protocol.md §5.1 step 4 for those who may know: a storage without its token is
// answered at once, one with it opens the window; tokens of other storages do
// not help, and letter case does not matter.
func TestTokenStorages(t *testing.T) {
	p := &plugged{storages: []string{"AKEToken72KStore"}}
	d := &desk{ask: cancelAlways, known: true}
	page := start(t, d, p.option).open()
	for _, storage := range []string{"AKKaztokenStore", "AKEToken5110Store", "ABSIMCardStore", "ABCloudServiceStore"} {
		page.ask(keyOnToken(storage), noDevice)
	}
	if n := len(d.asked()); n != 0 {
		t.Fatalf("%d windows for tokens that are not there", n)
	}
	for _, storage := range []string{"AKEToken72KStore", "AKEtoken72KStore", "aketoken72kstore"} {
		page.ask(keyOnToken(storage), cancelled)
	}
	page.ask(keyOnToken("pkcs12"), `{"code":"500","message":"storage.unknown"}`)
	asked := d.asked()
	if len(asked) != 3 {
		t.Fatalf("%d windows, want 3", len(asked))
	}
	for _, q := range asked {
		if !reflect.DeepEqual(q.Select.Storages, []string{"AKEToken72KStore"}) {
			t.Errorf("the window is asked for %q", q.Select.Storages)
		}
	}
}

// The recordings made with a Kaztoken plugged in, as they are.
func TestRecordingsWithToken(t *testing.T) {
	data, err := os.ReadFile(testdata.Shared(t, "protocol", "sigex-recordings.json"))
	if err != nil {
		t.Fatal(err)
	}
	var entries []struct{ Task, Request, Response string }
	if err := json.Unmarshal(data, &entries); err != nil {
		t.Fatal(err)
	}
	p := &plugged{storages: []string{"AKKaztokenStore"}}
	_, stamper := stamping(t)
	for _, known := range []bool{true, false} {
		d := &desk{ask: cancelAlways, known: known}
		page := start(t, d, stamper, p.option).open()
		for i, windows := range map[int]int{2: 0, 6: 1, 7: 0, 12: 0, 16: 0, 21: 0, 22: 0, 26: 0, 36: 1, 42: 1, 43: 1, 44: 1, 45: 1, 47: 1} {
			if i == 2 && !known {
				continue // a site that may know
			}
			before := len(d.asked())
			page.say(entries[i].Request)
			if got := page.hear(); got != entries[i].Response {
				t.Errorf("entry %d, known %v: %s\n%s\nwant\n%s", i, known, entries[i].Request, got, entries[i].Response)
			}
			if n := len(d.asked()) - before; n != windows {
				t.Errorf("entry %d, known %v: %d windows, want %d", i, known, n, windows)
			}
		}
	}
}
