package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"

	"tanba/internal/pki"
	"tanba/internal/testdata"
)

// multisignPort is written into the client.
const multisignPort = 24680

// startMultisign is startBridge with the streaming interface switched on.
func startMultisign(t testing.TB, script ...answer) *bridge {
	t.Helper()
	if !isFree(multisignPort) {
		testdata.Missing(t, "a free port 24680")
	}
	b := startBridgeWith(t, freePort(t), script, "--multisign")
	hideDocuments(b)
	return b
}

// multisignScript is what a page does with the unmodified client whose
// allowKmdHttpApi is true. It gives a list of outcomes as a JSON text.
const multisignScript = `(async (url, documents) => {
	const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
	const blob = (text, type) => new Blob([bytes(text)], { type });
	const outcomes = [];
	const step = async (method, call) => {
		const outcome = { method };
		try { outcome.value = await call(); } catch (err) {
			outcome.error = String(err.message || err);
			outcome.canceled = err.canceledByUser === true;
		}
		outcomes.push(outcome);
	};
	const C = NCALayerClient;
	const client = new C(url, true);
	const sent = [];
	client.onRequestReady = (text) => sent.push(text);
	await client.connect();
	for (let i = 0; i < 100 && !client.isKmdHttpApiAvailable; i += 1) await new Promise((r) => { setTimeout(r, 20); });
	await step('available', async () => client.isKmdHttpApiAvailable);
	const cms = (data, params) => client.basicsSignCMS(C.basicsStorageAll, data, params, C.basicsSignerAny);
	await step('basics one', () => cms(documents[0], C.basicsCMSParamsDetachedNoTSP));
	await step('basics many attached', () => cms(documents, { decode: true }));
	await step('basics blobs detached', () => cms(documents.map((d) => blob(d, 'application/pdf')), C.basicsCMSParamsDetachedNoTSP));
	await step('isKmd', async () => client.isKmd);

	const direct = new C(); // needs no connection
	await step('kmdMultisignAvailable', () => direct.kmdMultisignAvailable());
	await step('multisign raw', async () => {
		await direct.startKmdMultisign(documents.length, false, false);
		const signatures = [];
		for (const d of documents) signatures.push(await direct.kmdMultisignNext(blob(d, 'image/png')));
		return signatures;
	});
	await step('multisign base64 attached', async () => {
		await direct.startKmdMultisign(documents.length, true);
		const signatures = [];
		for (const d of documents) signatures.push(await direct.kmdMultisignNext(d));
		return signatures;
	});
	// The browser sends all of a document before it reads anything.
	await step('multisign large attached', async () => {
		await direct.startKmdMultisign(1, false, true);
		return direct.kmdMultisignNext(new Uint8Array(8 << 20).fill(77));
	});
	await step('multisign large detached', async () => {
		await direct.startKmdMultisign(1, false, false);
		return direct.kmdMultisignNext(new Blob(new Array(64).fill(new Uint8Array(1 << 20).fill(77))));
	});
	await step('after the last', async () => {
		await direct.startKmdMultisign(1, true, false);
		const id = direct.KmdHTTPAPIOperationId;
		await direct.kmdMultisignNext(documents[0]);
		direct.KmdHTTPAPIOperationId = id;
		// It is refused at its beginning; the browser has to see that all the same.
		return direct.kmdMultisignNext(new Blob(new Array(32).fill(new Uint8Array(1 << 20))));
	});
	await step('start refused', () => direct.startKmdMultisign(3, true, true));
	await step('basics refused', () => cms(documents[0], C.basicsCMSParams));
	await step('sent over the socket', async () => sent);
	client.wsConnection.onclose = null;
	client.wsConnection.close();
	return JSON.stringify(outcomes);
})`

func multisignCall(t testing.TB, b *bridge) string {
	t.Helper()
	var many []string
	for _, d := range documents {
		many = append(many, base64Of(d))
	}
	list, err := json.Marshal(many)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%s(%q, %s)", multisignScript, b.URL, list)
}

// multisignAnswers are those of the person: yes to everything but the last two.
func multisignAnswers(k key) []answer {
	script := make([]answer, 0, 10)
	for range 8 {
		script = append(script, approve(k))
	}
	return append(script, cancel())
}

// judgeMultisign checks what a page got.
func judgeMultisign(t *testing.T, k key, j judges, text string) {
	t.Helper()
	var list []outcome
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		t.Fatalf("%v in %.300s", err, text)
	}
	next := func(name string, check func(*testing.T, outcome)) {
		t.Helper()
		if len(list) == 0 || list[0].Method != name {
			t.Fatalf("%s did not come: %.300s", name, text)
		}
		o := list[0]
		list = list[1:]
		t.Run(name, func(t *testing.T) { check(t, o) })
	}
	is := func(want bool) func(*testing.T, outcome) {
		return func(t *testing.T, o outcome) {
			if got := value[bool](t, o); got != want {
				t.Errorf("%s: %v", o.Method, got)
			}
		}
	}
	one := func(j judges, document []byte, detached bool) func(*testing.T, outcome) {
		return func(t *testing.T, o outcome) { j.signature(t, k, value[string](t, o), document, detached) }
	}
	all := func(detached bool) func(*testing.T, outcome) {
		return func(t *testing.T, o outcome) {
			signatures := value[[]string](t, o)
			if len(signatures) != len(documents) {
				t.Fatalf("%d signatures for %d documents", len(signatures), len(documents))
			}
			for i, s := range signatures {
				if strings.ContainsAny(s, "\r\n-") {
					t.Errorf("not base64 on one line: %.80q", s)
				}
				judge := judges{}
				if i == 2 { // the others take a second each
					judge = j
				}
				judge.signature(t, k, s, documents[i], detached)
			}
		}
	}
	refused := func(text string, flag bool) func(*testing.T, outcome) {
		return func(t *testing.T, o outcome) {
			if !strings.Contains(o.Error, text) || o.Canceled != flag || o.Value != nil {
				t.Errorf("value %.80s, error %q, cancelled %v", o.Value, o.Error, o.Canceled)
			}
		}
	}
	const cancelled = "Операция отменена пользователем"
	next("available", is(true))
	next("basics one", one(j, documents[0], true))
	next("basics many attached", all(false))
	next("basics blobs detached", all(true))
	next("isKmd", is(false))
	next("kmdMultisignAvailable", is(true))
	next("multisign raw", all(true))
	next("multisign base64 attached", all(false))
	next("multisign large attached", one(judges{}, bytes.Repeat([]byte{77}, 8<<20), false))
	next("multisign large detached", one(judges{}, bytes.Repeat([]byte{77}, 64<<20), true))
	next("after the last", refused(cancelled, true)) // 401 is taken for it
	next("start refused", refused(cancelled, true))
	next("basics refused", refused(cancelled, false)) // the client loses the flag here
	next("sent over the socket", func(t *testing.T, o outcome) {
		for _, request := range value[[]string](t, o) {
			if !strings.Contains(request, "kz.digiflow.mobile.extensions") {
				t.Errorf("%.200s", request)
			}
		}
	})
}

// TestMultisignChromium: the unmodified client finds the streaming interface and
// signs there, past the socket.
func TestMultisignChromium(t *testing.T) {
	k := throwawayKey(t, pki.GOST512)
	b := startMultisign(t, multisignAnswers(k)...)
	p := startPortal(t)
	trustInNSS(t, chromiumNSS(b.Home), p.CA, b.CA)
	judgeMultisign(t, k, judges{}, chromiumMultisign(t, startChromium(t, b.Home), p, b))
}

// TestMultisignChromiumPublic: the same for a portal on a public address, with
// the leave for local network access that Chromium asks the person for, and with
// a key of the national CA, judged by everybody.
func TestMultisignChromiumPublic(t *testing.T) {
	k := nationalKey(t, "gost512/GOST512_ec425659bd2fc6dc587b871aede1857727cf8451.p12")
	b := startMultisign(t, multisignAnswers(k)...)
	p := startPortal(t)
	trustInNSS(t, chromiumNSS(b.Home), p.CA, b.CA)
	ctx := startChromium(t, b.Home, chromedp.Flag("ip-address-space-overrides", p.address()+"=public"))
	_, err := chromedp.CallBrowser(ctx, browser.SetPermission, browser.SetPermissionParams{
		Permission: &browser.PermissionDescriptor{Name: "loopback-network"},
		Setting:    browser.PermissionSettingGranted,
		Origin:     p.Origin,
	})
	if err != nil {
		t.Fatal(err)
	}
	judgeMultisign(t, k, everybody(), chromiumMultisign(t, ctx, p, b))
}

func chromiumMultisign(t testing.TB, ctx context.Context, p *portal, b *bridge) string {
	t.Helper()
	ctx, stop := context.WithTimeout(ctx, 90*time.Second)
	defer stop()
	if err := chromedp.Do(ctx, chromedp.Navigate(p.Origin+"/")); err != nil {
		t.Fatalf("chromium: %s: %v", p.Origin, err)
	}
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](multisignCall(t, b), chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatalf("chromium: %v", err)
	}
	return text
}

// TestMultisignFirefox: the same in Firefox ESR.
func TestMultisignFirefox(t *testing.T) {
	k := throwawayKey(t, pki.GOST512)
	b := startMultisign(t, multisignAnswers(k)...)
	p := startPortal(t)
	profile := filepath.Join(b.Home, "firefox-profile")
	trustInNSS(t, profile, p.CA, b.CA)
	driver := startFirefox(t, b.Home, profile)
	tab, err := driver.open(p.Origin + "/")
	if err != nil {
		t.Fatal(err)
	}
	text, err := driver.evaluate(tab, multisignCall(t, b))
	if err != nil {
		t.Fatal(err)
	}
	judgeMultisign(t, k, judges{}, text)
}

// TestMultisignOffByDefault: nobody listens on the port unless told to, and the
// client then signs over the socket.
func TestMultisignOffByDefault(t *testing.T) {
	if !isFree(multisignPort) {
		testdata.Missing(t, "a free port 24680")
	}
	startBridge(t)
	if !isFree(multisignPort) {
		t.Error("port 24680 is open")
	}
}

// TestMultisignPortHeld: when another program holds the port, KAZTOKEN desktop
// most likely, the person is told which, and the bridge works without it.
func TestMultisignPortHeld(t *testing.T) {
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", multisignPort))
	if err != nil {
		testdata.Missing(t, "a free port 24680")
	}
	defer l.Close()
	b := startBridgeWith(t, freePort(t), []answer{cancel()}, "--multisign", "--lang", "en")
	b.dial(t, "https://portal.test")
	for _, want := range []string{
		"signing of large documents is not on: port 127.0.0.1:24680 is taken",
		fmt.Sprintf("PID %d", os.Getpid()),
		"KAZTOKEN desktop",
	} {
		if !strings.Contains(b.log.String(), want) {
			t.Errorf("it does not say %q:\n%s", want, b.log.String())
		}
	}
}
