package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"tanba/internal/pki"
)

// many is as many documents as one request may have.
const many = 10_000

// batchOutcome is what a page tells of one request with many documents.
type batchOutcome struct {
	Error    string
	Canceled bool
	At       int64 // ms since 1970
	Requests int   // frames the client sent for it
	Frame    string
	Count    int
	Sample   map[string]string // by number
}

// TestTenThousandInChromium: a page in Chromium has ten thousand documents signed
// by the unmodified client. The person at the window types the password once and
// watches: the first time they press Stop in the middle, the second time they
// close the window in the middle, the third time they let it end. The key is an
// RSA one, slow enough that there is a middle.
func TestTenThousandInChromium(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a person's time")
	}
	if !asPerson(t, nodeDir(t)) {
		return
	}
	const window = "portal.test.* — Tanba"
	screen := startDisplay(t)
	k := throwawayKeyWith(t, pki.RSA, "canary-Qwerty12-password")
	b := newBridge(t, freePort(t))
	b.env = []string{"DISPLAY=" + screen.Name}
	b.run(t, release.binary(t))
	t.Cleanup(func() { b.stop(t) })
	b.hideKey(k)
	p := startPortal(t)
	trustInNSS(t, chromiumNSS(b.Home), p.CA, b.CA)
	chromium := startChromium(t, b.Home)

	outcome := b.beginMany(t, chromium, p)
	screen.await(window)
	screen.press("Return") // choose a file
	screen.press("ctrl+a")
	screen.enter(k.Path)
	screen.watchWork(k)
	pressed := time.Now()
	screen.key("Return") // Stop
	stopped := <-outcome
	t.Logf("the page had its answer %v after the key was pressed", time.UnixMilli(stopped.At).Sub(pressed))
	b.wantStopped(t, stopped)
	screen.key("Escape")
	screen.gone(window, 20*time.Second)

	outcome = b.beginMany(t, chromium, p)
	screen.await(window)
	screen.watchWork(k)
	pressed = time.Now()
	screen.key("alt+F4")
	stopped = <-outcome
	t.Logf("the page had its answer %v after the window was closed", time.UnixMilli(stopped.At).Sub(pressed))
	b.wantStopped(t, stopped)

	outcome = b.beginMany(t, chromium, p)
	screen.await(window)
	screen.watchWork(k)
	all := <-outcome
	if all.Error != "" || all.Count != many || all.Requests != 1 {
		t.Fatalf("%d of %d documents, %d requests, error %q", all.Count, many, all.Requests, all.Error)
	}
	j := judges{others: []otherJudge{opensslJudge}}
	for number, text := range all.Sample {
		i, err := strconv.Atoi(number)
		if err != nil {
			t.Fatal(err)
		}
		j.signature(t, k, text, invoice(i), false)
	}
	if len(all.Sample) < 10 {
		t.Errorf("only %d signatures looked at", len(all.Sample))
	}
	screen.gone(window, 20*time.Second)
	if left := browsersOf(b.State); len(left) > 0 {
		t.Errorf("browsers left running: %q", left)
	}
}

// invoice is the document with the number, as the page makes it.
func invoice(i int) []byte {
	return []byte(fmt.Sprintf("invoice %d %s", i, strings.Repeat("x", i%300)))
}

const manyScript = `(async () => {
	const client = new NCALayerClient(%q, false);
	await client.connect();
	let requests = 0, frame = '';
	client.onRequestReady = () => { requests += 1; };
	client.onResponseReady = (text) => { frame = text.slice(0, 100); };
	const documents = Array.from({ length: %d }, (_, i) => btoa('invoice ' + i + ' ' + 'x'.repeat(i %% 300)));
	const outcome = { Error: '', Sample: {} };
	try {
		const signatures = await client.basicsSignCMS(NCALayerClient.basicsStoragePKCS12, documents,
			{ decode: true, encapsulate: true, digested: false }, { extKeyUsageOids: [], chain: [] }, 'ru');
		outcome.Count = signatures.length;
		for (let i = 0; i < signatures.length; i += 499) outcome.Sample[i] = signatures[i];
		outcome.Sample[signatures.length - 1] = signatures.at(-1);
	} catch (err) {
		outcome.Error = String(err.message || err);
		outcome.Canceled = err.canceledByUser === true;
	}
	outcome.At = Date.now();
	// Whatever nobody asked for would arrive now.
	await new Promise((resolve) => { setTimeout(resolve, 500); });
	client.wsConnection.onclose = null;
	client.wsConnection.close();
	return JSON.stringify(Object.assign(outcome, { Requests: requests, Frame: frame }));
})()`

func (b *bridge) beginMany(t *testing.T, ctx context.Context, p *portal) <-chan batchOutcome {
	t.Helper()
	if err := chromedp.Do(ctx, chromedp.Navigate(p.Origin+"/")); err != nil {
		t.Fatal(err)
	}
	out := make(chan batchOutcome, 1)
	go func() {
		ctx, stop := context.WithTimeout(ctx, 100*time.Second)
		defer stop()
		o := batchOutcome{}
		text, err := chromedp.Run(ctx, chromedp.Evaluate[string](fmt.Sprintf(manyScript, b.URL, many), chromedp.EvalAwaitPromise))
		if err == nil {
			err = json.Unmarshal([]byte(text), &o)
		}
		if err != nil {
			o.Error = err.Error()
		}
		out <- o
	}()
	return out
}

// watchWork types the password, presses Sign and returns when the progress has
// been seen to move.
func (d *display) watchWork(k key) {
	d.t.Helper()
	d.enter(k.Password)
	d.look()
	d.key("Return")    // sign
	const cursor = 150 // points
	moved, last := 0, d.picture()
	for deadline := time.Now().Add(time.Minute); moved < 8; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			d.shot()
			d.t.Fatal("no progress is seen")
		}
		now := d.picture()
		if differing(now, last) > cursor {
			moved++
		}
		last = now
	}
	d.shot()
}

// key presses a key and waits for nothing.
func (d *display) key(key string) {
	d.t.Helper()
	if err := d.xdotool("key", key); err != nil {
		d.t.Fatalf("key %s: %v", key, err)
	}
}

// wantStopped: the page was told that the person cancelled, in one frame of the
// family, and the bridge has stopped working.
func (b *bridge) wantStopped(t *testing.T, o batchOutcome) {
	t.Helper()
	if !o.Canceled || o.Frame != basicsCancel || o.Requests != 1 || o.Count != 0 {
		t.Fatalf("not cancelled: %+v", o)
	}
	// Ten thousand signatures are many seconds of work. By now there is none left.
	before := b.processorTime(t)
	time.Sleep(time.Second)
	if worked := b.processorTime(t) - before; worked > 500*time.Millisecond {
		t.Errorf("the bridge worked on for %v in a second", worked)
	}
}

// processorTime is what the bridge has taken so far.
func (b *bridge) processorTime(t *testing.T) time.Duration {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", b.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest)
	var ticks int
	for _, f := range fields[11:13] { // utime and stime, in hundredths of a second
		n, err := strconv.Atoi(f)
		if err != nil {
			t.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}
