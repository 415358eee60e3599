//go:build linux

package bridge

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"testing"
	"time"

	"tanba/bridge/consent"
	"tanba/internal/pcsc"
	"tanba/internal/testdata"
	"tanba/internal/testpcsc"
	"tanba/keystore"
)

// virtual starts pcscd with two virtual readers, and a bridge that asks it.
func virtual(t *testing.T, d Desk) (*testpcsc.Readers, *running) {
	t.Helper()
	readers := testpcsc.Start(t)
	t.Setenv(pcsc.SocketVariable, readers.Socket)
	monitor := &pcsc.Monitor{Failed: func(err error) { t.Logf("readers: %v", err) }}
	t.Cleanup(monitor.Close)
	return readers, start(t, d, func(o *Options) { o.Devices = Cards(monitor.ATRs) })
}

// becomes waits until getActiveTokens answers so: the daemon looks into simple
// readers every now and then only.
func (p *page) becomes(want ...string) {
	p.t.Helper()
	text := noTokens
	if len(want) > 0 {
		b, err := json.Marshal(want)
		if err != nil {
			p.t.Fatal(err)
		}
		text = `{"responseObject":` + string(b) + `,"code":"200"}`
	}
	got := ""
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		p.say(tokensRequest)
		if got = p.hear(); got == text {
			return
		}
	}
	p.t.Fatalf("getActiveTokens\n%s\nnever became\n%s", got, text)
}

// Each answer to reset of tokens.md 2.1 in a real reader becomes the name that
// sites know (tokens.md 8.8, test 1).
func TestVirtualActiveTokens(t *testing.T) {
	readers, r := virtual(t, &knownDesk{desk: desk{ask: cancelAlways}})
	p := r.open()
	p.ask(tokensRequest, noTokens)
	for _, c := range []struct{ first, storage, second, other string }{
		{"3B88014B415A544F4B454E82", "AKKaztokenStore", "3B771800004B4153414B4944", "AKKZIDCardStore"},
		{"3B9896004B415A544F4B454E", "AKKaztokenStore", "3B391900534F4D414453333031", "AKKZIDCardStore"},
		{"3B391900534F4D414453333033", "AKKZIDCardStore", "3BD518008131FE7D8073C82110F4", "AKEToken72KStore"},
		{"3B3E9500534F4D412D633030372D44533161", "AKKZIDCardStore", "3BD5180081313A7D8073C8211030", "AKEToken5110Store"},
		{"3B3E9500534F4D412D633030372D44533162", "AKKZIDCardStore", "3B7F96000080318065B0844150F6120FFE829000", "AKEToken5110Store"},
		{"3BFA130000900131FE450031807394410000900075", "AKKZIDCardStore", "3BDC18FF8191FE1FC38073C821136601061159000128", "AKJaCartaStore"},
		{"3BFA1800FF8031FE450031807394410000900090", "AKKZIDCardStore", "3BFC180000813180459067464A00643170C172FEE0E2", "AKAKEYStore"},
		{"3BFC180000813180459067464A01037206000000001C", "AKAKEYStore", "", ""},
		{"3BFC180000813180459067464A010359040000000035", "AKAKEYStore", "", ""},
		{"3B9095801F0399", "AKAKEYStore", "", ""},
		// In two readers, each storage once; and a card of another kind.
		{"3B88014B415A544F4B454E82", "AKKaztokenStore", "3B9896004B415A544F4B454E", ""},
		{"3B8C800150F56FF82BE1F35E113381C73C", "", "3B88014B415A544F4B454E82", "AKKaztokenStore"},
	} {
		want := []string{c.storage, c.other}
		want = slices.DeleteFunc(want, func(s string) bool { return s == "" })
		readers.Insert(0, c.first)
		if c.second != "" {
			readers.Insert(1, c.second)
		}
		p.becomes(want...)
		readers.Remove(0)
		readers.Remove(1)
		p.becomes()
	}
	// A site without permission learns nothing of a token that is there, a
	// program of this machine does.
	readers.Insert(1, "3B88014B415A544F4B454E82")
	p.becomes("AKKaztokenStore")
	r.openAs("").ask(tokensRequest, `{"responseObject":["AKKaztokenStore"],"code":"200"}`)
	r.openAs("https://new.test").ask(tokensRequest, noTokens)
	// The service goes: no tokens, no error on the wire.
	readers.Stop()
	p.ask(tokensRequest, noTokens)
	p.ask(keyOnToken("AKKaztokenStore"), noDevice)
}

// readerTokens are tokens as their readers show them, without a driver.
type readerTokens struct {
	keystore.Tokens
	monitor *pcsc.Monitor
}

func (r readerTokens) List(ctx context.Context) ([]keystore.Token, error) {
	atrs, err := r.monitor.ATRs(ctx)
	var list []keystore.Token
	for _, atr := range atrs {
		if storage, ok := keystore.StorageOfATR(atr); ok {
			list = append(list, keystore.Token{Info: keystore.Info{Storage: storage, Label: storage}, ID: storage})
		}
	}
	if errors.Is(err, pcsc.ErrNoService) {
		err = nil // no reader, no token
	}
	return list, err
}

// A token that is put in and taken out while the window is open is seen to come
// and go, and nothing is asked meanwhile.
func TestVirtualRemovalWhileWindowIsOpen(t *testing.T) {
	shown := newPrompter()
	monitor := &pcsc.Monitor{}
	t.Cleanup(monitor.Close)
	d := consent.New(consent.Options{Prompter: shown, Tokens: readerTokens{monitor: monitor}, TokenWatch: monitor})
	readers, r := virtual(t, d)
	readers.Insert(0, "3B88014B415A544F4B454E82")
	p := r.openAs("")
	p.becomes("AKKaztokenStore")
	p.say(keyOnToken("AKKaztokenStore"))
	w := shown.window(t)
	offered := func(want int) {
		t.Helper()
		tokens, err := w.request.Tokens(t.Context())
		if err != nil || len(tokens) != want {
			t.Fatalf("the window offers %+v, %v, want %d", tokens, err, want)
		}
	}
	changed := func(happens func(), want int) {
		t.Helper()
		c := w.request.TokenChange()
		select {
		case <-c:
			t.Fatal("something changed before it happened")
		default:
		}
		happens()
		select {
		case <-c:
		case <-time.After(30 * time.Second):
			t.Fatal("the window was not told")
		}
		offered(want)
	}
	offered(1)
	changed(func() { readers.Remove(0) }, 0)
	changed(func() { readers.Insert(1, "3B9896004B415A544F4B454E") }, 1)
	changed(func() { readers.Remove(1) }, 0)
	changed(readers.Stop, 0)
	w.cancel()
	p.expect(cancelled)
}

// Entry 2 of the recordings: a Kaztoken is plugged in.
func TestVirtualRecording(t *testing.T) {
	data, err := os.ReadFile(testdata.Shared(t, "protocol", "sigex-recordings.json"))
	if err != nil {
		t.Fatal(err)
	}
	var entries []struct{ Request, Response string }
	if err := json.Unmarshal(data, &entries); err != nil {
		t.Fatal(err)
	}
	readers, r := virtual(t, &desk{ask: cancelAlways, known: true})
	readers.Insert(0, "3B88014B415A544F4B454E82")
	p := r.open()
	p.becomes("AKKaztokenStore")
	p.ask(entries[2].Request, entries[2].Response)
	readers.Remove(0)
	p.becomes()
	p.ask(entries[1].Request, entries[1].Response)
}
