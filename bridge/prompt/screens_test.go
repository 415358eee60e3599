package prompt

import (
	"bytes"
	"context"
	"crypto/sha256"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"tanba/internal/testscreen"
)

var (
	screens = flag.String("screens", "", "write a picture of every state of the window to this folder")
	scene   = flag.String("scene", "", "only the scenes whose name contains this")
	scale   = flag.Float64("scale", 1, "of the pictures")
)

// now is the day of all pictures.
var now = time.Date(2026, 11, 23, 5, 0, 0, 0, time.UTC)

const sampleXML = `<?xml version="1.0" encoding="UTF-8"?>
<request>
  <service>P30.11</service>
  <applicant>
    <iin>123456789011</iin>
    <name>ТЕСТОВ ТЕСТ</name>
  </applicant>
  <period from="2026-01-01" to="2026-12-31"/>
  <purpose>Адрес бойынша анықтама</purpose>
</request>`

func sampleDocument() Document {
	return Document{Size: 4200, SHA256: sha256.Sum256([]byte(sampleXML)), Kind: "xml", Text: sampleXML, Source: strings.ReplaceAll(sampleXML, "\n", ""),
		Fields: []Field{{Name: "service", Value: "P30.11"}, {Name: "iin", Value: "123456789011"}, {Name: "name", Value: "ТЕСТОВ ТЕСТ"}, {Name: "purpose", Value: "Адрес бойынша анықтама"}}, More: true}
}

const sampleLogin = "<login>\n  <url>https://idp.egov.kz/idp/sign-in</url>\n  <sessionid>7f2ab1c09de34412</sessionid>\n  <timeTicket>1764000000123</timeTicket>\n</login>"

func sampleKey() Key {
	return Key{
		ID: "a", Owner: "ТЕСТОВ ТЕСТ", IIN: "123456789011", Use: "use.both", Algorithm: "ГОСТ 34.10-2015 (512)",
		Issuer: "ҰЛТТЫҚ КУӘЛАНДЫРУШЫ ОРТАЛЫҚ (GOST) 2022", NotBefore: now.AddDate(-1, 0, 0), NotAfter: now.AddDate(0, 7, 3), Fits: true,
	}
}

func sampleOrganisation() Key {
	k := sampleKey()
	k.ID, k.Organisation, k.BIN, k.Role = "b", "ТОО «ТЕСТ СЕРВИС»", "123456789021", "role.head"
	return k
}

func sampleRequest() *Request {
	return &Request{
		Site:      Site{Origin: "https://idp.egov.kz", Name: "egov.kz", Detail: "https://idp.egov.kz", Secure: true},
		Documents: []Document{sampleDocument()}, Total: 1, Bytes: 4200,
		Phrase: "көк түйе",
		Recent: []KeyFile{
			{Path: "/home/test/ЭЦП/GOST512_aa61d3c7.p12", Name: "GOST512_aa61d3c7.p12", Owner: "ТЕСТОВ ТЕСТ", Until: now.AddDate(0, 7, 3)},
			{Path: "/media/stick/GOST512_11b3e0f2.p12", Name: "GOST512_11b3e0f2.p12", Owner: "ТЕСТОВА ТЕСТ", Until: now.AddDate(0, 0, 12)},
		},
		Extensions: []string{"p12", "pfx"},
		Unlock:     unlocks(sampleKey()),
	}
}

func unlocks(keys ...Key) func(context.Context, string, []byte) ([]Key, error) {
	return func(_ context.Context, _ string, secret []byte) ([]Key, error) {
		defer clear(secret)
		if string(secret) != "Qwerty12" {
			return nil, &UnlockError{Code: UnlockWrongPassword}
		}
		return keys, nil
	}
}

func sampleToken() Token {
	return Token{
		ID: "t1", Label: "KAZTOKEN", Serial: "3004A11F", Factory: "pin.factory_kaztoken",
		Owners: []Owner{{"ТЕСТОВ ТЕСТ", now.AddDate(0, 7, 3)}},
		PIN:    PIN{Min: 6, Max: 32, Left: -1},
	}
}

// offer puts tokens beside the files of a request, onlyTokens in their place.
func offer(r *Request, tokens ...Token) {
	r.TokensFirst = true
	r.Tokens = func(context.Context) ([]Token, error) { return tokens, nil }
	r.UnlockToken = unlocksToken("24681357", sampleKey())
}

func onlyTokens(r *Request, tokens ...Token) {
	offer(r, tokens...)
	r.NoFiles, r.Recent, r.Extensions = true, nil, nil
}

func unlocksToken(pin string, keys ...Key) func(context.Context, string, []byte, bool) ([]Key, error) {
	return func(_ context.Context, _ string, secret []byte, _ bool) ([]Key, error) {
		defer clear(secret)
		if string(secret) != pin {
			return nil, &UnlockError{Code: UnlockWrongPIN}
		}
		return keys, nil
	}
}

var tryPIN = []chromedp.Action[chromedp.Void]{
	chromedp.WaitVisible(`#password`), chromedp.SendKeys(`#password`, "1234"), chromedp.Click(`button.primary`), chromedp.WaitVisible(`.trouble`),
}

// Steps of scenes.
var (
	ready  = chromedp.WaitVisible(`footer button`)
	unlock = chromedp.Steps(chromedp.SendKeys(`#password`, "Qwerty12"), chromedp.Click(`button.primary`), chromedp.WaitNotPresent(`#password`), armed)
	sign   = chromedp.Steps(chromedp.Click(`button.primary`), chromedp.WaitVisible(`.state`))
	armed  = chromedp.WaitVisible(`button.primary[aria-disabled=false]`)
)

// batch is a hundred documents, one of which has a long name.
func batch(r *Request) {
	r.Documents, r.Total, r.Bytes = nil, 100, 100*4100
	for i := range 100 {
		r.Documents = append(r.Documents, Document{Size: 4100, Kind: "xml", SHA256: sha256.Sum256([]byte{byte(i)}), Text: sampleXML})
	}
	r.Documents[36].Name = "Жер учаскесін жалға беру шарты № 0037-2026 (түзетілген, соңғы нұсқасы).xml"
}

// scenes are the states of the window. finish, when set, ends the work of an
// approved request.
var scenes = []struct {
	name    string
	request func(r *Request)
	steps   []chromedp.Action[chromedp.Void]
	work    func(p Progress)
}{
	{name: "01-choose", request: func(*Request) {}},
	{name: "02-first-visit", request: func(r *Request) {
		r.Site = Site{Origin: "https://cabinet.example-portal.kz:8443", Name: "example-portal.kz", Detail: "https://cabinet.example-portal.kz:8443", Secure: true, New: true}
		r.Recent = nil
	}},
	{name: "03-suspicious", request: func(r *Request) {
		r.Site = Site{Origin: "https://xn--gov-tdd.kz", Name: "xn--gov-tdd.kz", Detail: "https://xn--gov-tdd.kz", Secure: true, New: true, Suspicious: true}
	}},
	{name: "04-program", request: func(r *Request) {
		r.Site = Site{Name: "superkassa", Detail: "/opt/superkassa/bin/superkassa", Local: true, New: true, SHA256: fmt.Sprintf("%x", sha256.Sum256(nil))}
	}},
	{name: "75-program-changed", request: func(r *Request) {
		r.Site = Site{Name: "superkassa", Detail: "/opt/superkassa/bin/superkassa", Local: true, New: true, Changed: true, SHA256: fmt.Sprintf("%x", sha256.Sum256(nil))}
	}},
	{name: "05-caps-cyrillic", request: func(*Request) {}, steps: []chromedp.Action[chromedp.Void]{chromedp.SendKeys(`#password`, "Йцуке"), chromedp.Click(`.password .icon`)}},
	{name: "06-wrong-password", request: func(*Request) {}, steps: []chromedp.Action[chromedp.Void]{
		chromedp.SendKeys(`#password`, "wrong"), chromedp.Click(`button.primary`), chromedp.WaitVisible(`.trouble`),
	}},
	{name: "07-key", request: func(r *Request) {
		unfit := sampleKey()
		unfit.ID, unfit.Fits, unfit.Reason, unfit.Use = "c", false, "reason.for_auth", "use.auth"
		r.Unlock = unlocks(sampleKey(), unfit)
	}, steps: []chromedp.Action[chromedp.Void]{unlock}},
	{name: "08-organisation", request: func(r *Request) {
		r.Unlock = unlocks(sampleOrganisation(), sampleKey())
	}, steps: []chromedp.Action[chromedp.Void]{unlock}},
	{name: "09-none-fits", request: func(r *Request) {
		r.Wanted = Wanted{Use: "use.sign", BIN: "123456789021", Roles: []string{"role.head"}}
		auth, other := sampleKey(), sampleKey()
		auth.ID, auth.Fits, auth.Reason, auth.Use = "c", false, "reason.for_auth", "use.auth"
		other.ID, other.Fits, other.Reason = "d", false, "reason.other_organisation"
		r.Unlock = unlocks(auth, other)
	}, steps: []chromedp.Action[chromedp.Void]{chromedp.SendKeys(`#password`, "Qwerty12"), chromedp.Click(`button.primary`), chromedp.WaitNotPresent(`#password`)}},
	{name: "10-ends-soon", request: func(r *Request) {
		k := sampleKey()
		k.NotAfter, k.ExpiresSoon, k.Reason = now.AddDate(0, 0, 12), true, "warning.expires_soon"
		r.Unlock = unlocks(k)
	}, steps: []chromedp.Action[chromedp.Void]{unlock}},
	{name: "11-ended", request: func(r *Request) {
		k := sampleKey()
		k.NotAfter, k.Expired, k.NeedsConsent, k.Reason = now.AddDate(0, -2, -3), true, true, "warning.expired"
		r.Unlock = unlocks(k)
	}, steps: []chromedp.Action[chromedp.Void]{chromedp.SendKeys(`#password`, "Qwerty12"), chromedp.Click(`button.primary`), chromedp.WaitNotPresent(`#password`)}},
	{name: "12-digest", request: func(r *Request) {
		r.Digests, r.Documents = true, []Document{{Size: 64, Kind: "digest", SHA256: sha256.Sum256(nil)}}
	}},
	{name: "13-pdf", request: func(r *Request) {
		r.Documents = []Document{{Name: "Шарт № 12-2026.pdf", Size: 1_640_000, Kind: "pdf", SHA256: sha256.Sum256(nil)}}
		r.Bytes = 1_640_000
	}},
	{name: "14-many", request: func(r *Request) {
		r.Documents, r.Bytes = nil, 0
		for i := range 214 {
			kind := []string{"xml", "pdf", "text"}[i%3]
			d := Document{Size: int64(90_000 + i*577), Kind: kind, SHA256: sha256.Sum256([]byte{byte(i)})}
			if kind != "pdf" {
				d.Text = sampleXML
			}
			r.Documents, r.Bytes = append(r.Documents, d), r.Bytes+d.Size
		}
		r.Total = 214
		r.Waiting = func() int { return 2 }
	}},
	{name: "15-many-search", request: func(r *Request) {
		r.Documents = nil
		for i := range 40 {
			r.Documents = append(r.Documents, Document{Size: 4100, Kind: "xml", SHA256: sha256.Sum256([]byte{byte(i)}), Text: sampleXML})
		}
		r.Total, r.Bytes = 40, 40*4100
	}, steps: []chromedp.Action[chromedp.Void]{chromedp.SendKeys(`input[type=search]`, "12"), toTop, chromedp.Click(`.documents summary`), chromedp.WaitVisible(`.documents .text`)}},
	{name: "16-login", request: func(r *Request) { r.Login = true }, steps: []chromedp.Action[chromedp.Void]{unlock}},
	{name: "17-login-warning", request: func(r *Request) { r.Login, r.Warning = true, "warn.login_is_document" }},
	{name: "18-show", request: func(r *Request) { r.Purpose, r.Documents, r.Total = ShowKey, nil, 0 }, steps: []chromedp.Action[chromedp.Void]{unlock}},
	{name: "19-browse", request: func(r *Request) { r.Recent = nil }, steps: []chromedp.Action[chromedp.Void]{
		chromedp.Click(`[data-focus=browse]`), chromedp.WaitVisible(`.items`),
	}},
	{name: "20-pick", request: func(r *Request) {
		r.Purpose, r.Documents, r.Recent, r.Extensions = PickFile, nil, nil, nil
	}, steps: []chromedp.Action[chromedp.Void]{chromedp.WaitVisible(`.items .file`), chromedp.Click(`.items .file`)}},
	{name: "21-working", request: func(r *Request) { r.Total, r.Bytes = 214, 31<<20 }, steps: []chromedp.Action[chromedp.Void]{unlock, sign},
		work: func(p Progress) { p.Step(87) }},
	{name: "22-done", request: func(r *Request) { r.Total, r.Bytes = 214, 31<<20 }, steps: []chromedp.Action[chromedp.Void]{unlock, sign},
		work: func(p Progress) { p.Step(214); p.Finish("") }},
	{name: "23-failed", request: func(*Request) {}, steps: []chromedp.Action[chromedp.Void]{unlock, sign},
		work: func(p Progress) { p.Finish(FailedTimestamp) }},
	{name: "24-partly", request: func(r *Request) { r.Total, r.Bytes = 214, 31<<20 }, steps: []chromedp.Action[chromedp.Void]{unlock, sign},
		work: func(p Progress) { p.Step(87); p.Finish(FailedTimestamp) }},
	{name: "66-partly-unseen", request: func(r *Request) { r.Unseen, r.Documents, r.Total, r.Bytes = true, nil, 214, 0 }, steps: []chromedp.Action[chromedp.Void]{unlock, sign},
		work: func(p Progress) { p.Step(87); p.Finish(FailedTimestamp) }},
	{name: "25-gone", request: func(*Request) {}, steps: []chromedp.Action[chromedp.Void]{chromedp.Click(`[data-focus=cancel]`), chromedp.WaitVisible(`.state`)}},
	{name: "26-file-gone", request: func(r *Request) {
		r.Unlock = func(context.Context, string, []byte) ([]Key, error) { return nil, &UnlockError{Code: UnlockNotFound} }
	}, steps: []chromedp.Action[chromedp.Void]{chromedp.SendKeys(`#password`, "x"), chromedp.Click(`button.primary`), chromedp.WaitVisible(`.trouble`)}},
	{name: "27-long-names", request: func(r *Request) {
		r.Site = Site{Origin: "https://x", Name: strings.Repeat("very-long-name-of-a-site-", 3) + ".kz", Detail: "https://" + strings.Repeat("sub.", 20) + "example.kz", Secure: true, New: true}
		k := sampleOrganisation()
		k.Owner = "ТЕСТОВБЕКҰЛЫ-ҰЗАҚЕСІМДІ ТЕСТБОЛАТМҰХАММЕД"
		k.Organisation = "«ҚАЗАҚСТАН РЕСПУБЛИКАСЫНЫҢ СЫНАҚ ЖӘНЕ ТЕКСЕРУ ОРТАЛЫҒЫ» ШАРУАШЫЛЫҚ ЖҮРГІЗУ ҚҰҚЫҒЫНДАҒЫ РЕСПУБЛИКАЛЫҚ МЕМЛЕКЕТТІК КӘСІПОРНЫ"
		r.Unlock = unlocks(k)
	}, steps: []chromedp.Action[chromedp.Void]{unlock}},
	{name: "28-unseen", request: func(r *Request) {
		r.Unseen, r.Detached, r.Documents, r.Bytes, r.Total = true, true, nil, 0, 214
	}},
	{name: "29-xml-login", request: func(r *Request) {
		r.Login, r.Bytes = true, int64(len(sampleLogin))
		r.Documents = []Document{{Kind: "xml", Size: r.Bytes, SHA256: sha256.Sum256([]byte(sampleLogin)), Text: sampleLogin, Form: "login", Fields: []Field{
			{Key: "document.field_site", Value: "https://idp.egov.kz/idp/sign-in"}, {Key: "document.field_session", Value: "7f2ab1c09de34412"}, {Key: "document.field_time", Value: "1764000000123"},
		}}}
	}},
	{name: "30-xml-part", request: func(r *Request) {
		d := &r.Documents[0]
		d.Part, d.Fields, d.More = "/request/applicant[@Id='signed']", nil, false
	}},
	{name: "31-xml-text", request: func(*Request) {}, steps: []chromedp.Action[chromedp.Void]{toTop, chromedp.Click(`[data-focus^=text-button]`), chromedp.WaitVisible(`.text.whole`)}},
	{name: "32-xml-source", request: func(*Request) {}, steps: []chromedp.Action[chromedp.Void]{toTop, chromedp.Click(`[data-focus^=text-button]`), chromedp.WaitVisible(`.text.whole`), chromedp.Click(`[data-focus^=source-button]`)}},
	{name: "33-xml-form", request: func(r *Request) {
		r.Documents[0].Form, r.Documents[0].Fields = "fno", []Field{
			{Key: "document.field_form", Value: "910.00"}, {Key: "document.field_version", Value: "27"}, {Key: "key.iin", Value: "123456789011"},
			{Key: "document.field_payer", Value: "ТЕСТОВ ТЕСТ"}, {Key: "document.field_year", Value: "2026"}, {Key: "document.field_half", Value: "1"},
		}
	}},
	{name: "40-token", request: func(r *Request) { offer(r, sampleToken()) }, steps: []chromedp.Action[chromedp.Void]{chromedp.WaitVisible(`[data-focus=token-0]`)}},
	{name: "41-token-only", request: func(r *Request) { onlyTokens(r, sampleToken()) }, steps: []chromedp.Action[chromedp.Void]{chromedp.WaitVisible(`#password`)}},
	{name: "42-token-missing", request: func(r *Request) { onlyTokens(r) }, steps: []chromedp.Action[chromedp.Void]{chromedp.WaitVisible(`main .notice`)}},
	{name: "43-token-missing-watched", request: func(r *Request) {
		onlyTokens(r)
		r.TokenChange = func() <-chan struct{} { return nil }
	}, steps: []chromedp.Action[chromedp.Void]{chromedp.WaitVisible(`main .notice`)}},
	{name: "44-token-wrong-pin", request: func(r *Request) {
		t := sampleToken()
		onlyTokens(r, t)
		r.UnlockToken = func(context.Context, string, []byte, bool) ([]Key, error) {
			pin := t.PIN
			pin.Low, pin.Left = true, 3
			return nil, &UnlockError{Code: UnlockWrongPIN, PIN: &pin}
		}
	}, steps: tryPIN},
	{name: "45-token-low", request: func(r *Request) {
		t := sampleToken()
		t.PIN.Low = true
		onlyTokens(r, t)
	}, steps: []chromedp.Action[chromedp.Void]{chromedp.WaitVisible(`#password`)}},
	{name: "46-token-last-try", request: func(r *Request) {
		t := sampleToken()
		t.PIN.Low, t.PIN.LastTry = true, true
		onlyTokens(r, t)
	}, steps: []chromedp.Action[chromedp.Void]{chromedp.WaitVisible(`[data-focus=last]`)}},
	{name: "47-token-locked", request: func(r *Request) {
		t := sampleToken()
		t.PIN.Locked = true
		onlyTokens(r, t, sampleToken())
	}, steps: []chromedp.Action[chromedp.Void]{chromedp.WaitVisible(`[data-focus=token-0]`), chromedp.Click(`[data-focus=token-0]`), chromedp.WaitVisible(`.trouble`)}},
	{name: "48-token-pad", request: func(r *Request) {
		t := sampleToken()
		t.PIN.Pad = true
		onlyTokens(r, t)
	}, steps: []chromedp.Action[chromedp.Void]{chromedp.WaitVisible(`.pin`)}},
	{name: "49-token-unset", request: func(r *Request) {
		t := sampleToken()
		t.PIN.Unset = true
		onlyTokens(r, t)
	}, steps: []chromedp.Action[chromedp.Void]{chromedp.WaitVisible(`[data-focus=token-0]`), chromedp.Click(`[data-focus=token-0]`), chromedp.WaitVisible(`.trouble`)}},
	{name: "50-token-driver", request: func(r *Request) {
		onlyTokens(r)
		r.Tokens = func(context.Context) ([]Token, error) { return nil, &UnlockError{Code: UnlockTokenFailed} }
	}, steps: []chromedp.Action[chromedp.Void]{chromedp.WaitVisible(`main .notice`)}},
	{name: "51-token-key", request: func(r *Request) { onlyTokens(r, sampleToken()) }, steps: []chromedp.Action[chromedp.Void]{
		chromedp.WaitVisible(`#password`), chromedp.SendKeys(`#password`, "24681357"), chromedp.Click(`button.primary`), chromedp.WaitNotPresent(`#password`), armed,
	}},
	{name: "52-token-find", request: func(r *Request) {
		offer(r, sampleToken())
		r.TokensFirst = false
	}},
	{name: "53-token-unsupported", request: func(r *Request) { r.NoFiles, r.Recent = true, nil }},
	{name: "60-tokens-permission", request: func(r *Request) {
		r.Purpose, r.Documents, r.Total, r.MayBlock = ListTokens, nil, 0, true
		r.Site.New = true
	}},
	{name: "61-remember", request: func(r *Request) { r.RememberFor, r.MayBlock = 15*time.Minute, true }},
	{name: "62-always", request: func(r *Request) {
		r.RememberFor, r.MayAlways, r.MayBlock, r.Login = 5*time.Minute, true, true, true
	}, steps: []chromedp.Action[chromedp.Void]{chromedp.Click(`[data-focus=remember]`), unlock, chromedp.Click(`[data-focus=always]`)}},
	{name: "63-remembered", request: func(r *Request) {
		r.RememberFor, r.MayBlock = 5*time.Minute, true
		r.Open, r.OpenUntil = []Key{sampleKey()}, now.Add(4*time.Minute)
	}, steps: []chromedp.Action[chromedp.Void]{chromedp.WaitVisible(`[data-focus=forget]`)}},
	{name: "64-block", request: func(r *Request) { r.MayBlock = true }, steps: []chromedp.Action[chromedp.Void]{chromedp.Click(`[data-focus=block]`), chromedp.WaitVisible(`[data-focus=sure]`)}},
	{name: "66-new-key", request: func(r *Request) {
		r.Purpose, r.Unlock, r.Recent, r.Documents, r.Total = MakeKey, nil, nil, nil, 0
		r.NewFile, r.Folder, r.Directory = func(context.Context, string, []byte) ([]Key, error) { return nil, nil }, "/home/test/Documents/Tanba keys", true
		r.Facts = []Field{{Key: "fact.subject", Value: "CN=ТЕСТОВ ТЕСТ"}, {Key: "fact.algorithm", Value: "ГОСТ 34.10-2015 (512)"}}
	}},
	{name: "67-notice", request: func(*Request) {}, steps: []chromedp.Action[chromedp.Void]{unlock, sign},
		work: func(p Progress) {
			p.(*session).Notice("notice.revocation_unknown")
			p.Finish("")
		}},
	{name: "65-retry", request: func(r *Request) { r.Total, r.Bytes = 214, 31<<20 }, steps: []chromedp.Action[chromedp.Void]{unlock, sign},
		work: func(p Progress) {
			p.Step(87)
			go p.(*session).Retry(context.Background(), Shortfall{Failed: []Failure{{30, FailedTimestamp}, {31, FailedTimestamp}, {87, FailedTimestamp}}, Signed: 87, Total: 214})
		}},
	{name: "68-retry-one", request: func(*Request) {}, steps: []chromedp.Action[chromedp.Void]{unlock, sign},
		work: func(p Progress) { go p.(*session).Retry(context.Background(), shortOf(FailedTimestamp)) }},
	{name: "69-retry-token", request: batch, steps: []chromedp.Action[chromedp.Void]{unlock, sign, chromedp.WaitVisible(`#password`)},
		work: func(p Progress) {
			short, _ := tokenShort("24681357")
			go p.(*session).Retry(context.Background(), short)
		}},
	{name: "70-retry-wrong-pin", request: batch, steps: []chromedp.Action[chromedp.Void]{unlock, sign, chromedp.WaitVisible(`#password`), chromedp.SendKeys(`#password`, "1111"), chromedp.Click(`button.primary`), chromedp.WaitVisible(`.trouble`)},
		work: func(p Progress) {
			short, _ := tokenShort("24681357")
			go p.(*session).Retry(context.Background(), short)
		}},
	{name: "71-retry-last-try", request: batch, steps: []chromedp.Action[chromedp.Void]{unlock, sign, chromedp.WaitVisible(`[data-focus=last]`)},
		work: func(p Progress) {
			short, _ := tokenShort("24681357")
			short.PIN = PIN{Min: 4, Left: 1, Low: true, LastTry: true}
			go p.(*session).Retry(context.Background(), short)
		}},
	{name: "72-retry-several", request: batch, steps: []chromedp.Action[chromedp.Void]{unlock, sign, chromedp.WaitVisible(`.failures`)},
		work: func(p Progress) {
			short := Shortfall{Signed: 40, Total: 100, More: 12}
			for i := range 20 {
				short.Failed = append(short.Failed, Failure{36 + i, []string{FailedTimestamp, FailedTimestampAnswer}[i%2]})
			}
			go p.(*session).Retry(context.Background(), short)
		}},
	{name: "73-documents-at-fault", request: batch, steps: []chromedp.Action[chromedp.Void]{unlock, sign, chromedp.WaitVisible(`.failures`)},
		work: func(p Progress) {
			p.(*session).Partly(Shortfall{Failed: []Failure{{36, FailedXML}, {51, FailedPart}}, Signed: 52, Total: 100})
			p.Finish(FailedXML)
		}},
	{name: "74-document-at-fault", request: batch, steps: []chromedp.Action[chromedp.Void]{unlock, sign, chromedp.WaitVisible(`.failures`)},
		work: func(p Progress) {
			p.(*session).Partly(Shortfall{Failed: []Failure{{36, FailedPart}}, Signed: 36, Total: 100})
			p.Finish(FailedPart)
		}},
	{name: "34-xml-hostile", request: func(r *Request) {
		r.Documents[0].Fields = []Field{
			{Name: strings.Repeat("n", 40) + "…", Value: strings.Repeat("я", 80)}, {Name: "egov.kz", Value: "⟦U+202E⟧<b>egov.kz</b>"}, {Name: "a", Value: "1"},
		}
	}},
}

// TestScreens draws every state in every language, light and dark, at 100 % and
// in the narrow view that 200 % zoom makes, and checks that nothing sticks out
// of the window. With -screens it keeps the pictures.
func TestScreens(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	home := t.TempDir()
	t.Setenv("HOME", home)
	for _, name := range []string{"Desktop", "Documents", "Downloads", "Кілттер", "ЭЦП 2025"} {
		os.Mkdir(filepath.Join(home, name), 0o700)
	}
	for _, name := range []string{"GOST512_aa61d3c7f0b9.p12", "AUTH_RSA256_5f20.p12", "отчёт.xml"} {
		os.WriteFile(filepath.Join(home, name), bytes.Repeat([]byte{1}, 4300), 0o600)
		os.Chtimes(filepath.Join(home, name), now, now)
	}
	for scheme, flags := range map[string]chromedp.ExecAllocatorOption{
		"light": chromedp.Flag("blink-settings", "preferredColorScheme=1"),
		"dark":  chromedp.Flag("blink-settings", "preferredColorScheme=0"),
	} {
		if *screens == "" && scheme == "dark" {
			continue // the same boxes in other colours
		}
		ctx := tab(t, flags)
		for _, s := range scenes {
			if !strings.Contains(s.name, *scene) {
				continue
			}
			t.Run(s.name+"/"+scheme, func(t *testing.T) {
				r := sampleRequest()
				r.Locale = "ru"
				s.request(r)
				w := NewWeb(WebOptions{Open: in(ctx), Now: func() time.Time { return now }, Gone: time.Minute, Breath: time.Minute})
				asked, cancel := context.WithCancel(context.Background())
				defer cancel()
				go func() {
					d, err := w.Approve(asked, r)
					if err == nil && s.work != nil {
						s.work(d.Progress)
						<-asked.Done()
						d.Progress.Finish(FailedStopped)
					}
				}()
				do(t, ctx, ready)
				do(t, ctx, s.steps...)
				if s.work != nil {
					do(t, ctx, chromedp.Sleep(300*time.Millisecond))
				}
				for i, lang := range []string{"ru", "kk", "en"} {
					do(t, ctx, chromedp.EmulateViewport(440, 680, chromedp.EmulateScale(*scale)))
					if i > 0 { // the first one is seen as it comes, scrolled as it is
						do(t, ctx, chromedp.Click(`[data-focus=language-`+lang+`]`))
					}
					if *screens != "" {
						do(t, ctx, chromedp.Sleep(150*time.Millisecond)) // the button's colour has faded
					}
					if lang == "ru" || scheme == "light" { // dark is the same boxes in other colours
						shoot(t, ctx, fmt.Sprintf("%s-%s-%s", s.name, lang, scheme))
					}
					fits(t, ctx, lang)
					// 200 %: half as many pixels of the page.
					do(t, ctx, chromedp.EmulateViewport(220, 340, chromedp.EmulateScale(2)))
					fits(t, ctx, lang+" at 200 %")
				}
				do(t, ctx, chromedp.EmulateViewport(440, 680))
			})
		}
	}
}

func shoot(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	if *screens == "" {
		return
	}
	// A person's folder in place of the test's.
	hide := fmt.Sprintf(`for (const e of document.querySelectorAll('input[type=text]')) if (e.value.startsWith(%q)) e.value = '/home/test' + e.value.slice(%d)`, os.Getenv("HOME"), len(os.Getenv("HOME")))
	if _, err := chromedp.Run(ctx, chromedp.Evaluate[any](hide)); err != nil {
		t.Fatal(err)
	}
	png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		t.Fatal(err)
	}
	if err := testscreen.Write(filepath.Join(*screens, name+".png"), png); err != nil {
		t.Fatal(err)
	}
}

// fits: nothing is wider than the window, no text is cut inside its box, no key
// of the catalogue stands for its text, and the buttons are on the screen.
func fits(t *testing.T, ctx context.Context, where string) {
	t.Helper()
	out, err := chromedp.Run(ctx, chromedp.Evaluate[[]string](`(() => {
		const out = [];
		const wide = document.documentElement.clientWidth;
		for (const e of document.querySelectorAll('body *')) {
			if (e.closest('.unseen, svg, [hidden]') || !e.getClientRects().length) continue;
			const r = e.getBoundingClientRect();
			if (r.right > wide + 1 || r.left < -1) out.push(e.tagName + '.' + e.className + ' sticks out: ' + e.textContent.slice(0, 40));
			if (e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0 && e.tagName !== 'INPUT' && getComputedStyle(e).display !== 'inline') out.push(e.tagName + '.' + e.className + ' is cut: ' + e.textContent.slice(0, 40));
		}
		const texts = document.createTreeWalker(document.getElementById('window'), NodeFilter.SHOW_TEXT);
		while (texts.nextNode()) if (/^(site|ask|what|whose|document|kind|digest|warn|key|use|role|reason|warning|none|password|button|browse|place|work|done|failed|gone|wait|unlock|pin|token|memory|always|block|retry)\.[a-z_.]+$/.test(texts.currentNode.data.trim())) out.push('a key instead of its text: ' + texts.currentNode.data);
		if (document.documentElement.lang === 'en' && document.body.innerText.includes('ГОСТ')) out.push('Cyrillic in English');
		for (const b of document.querySelectorAll('footer button')) {
			const r = b.getBoundingClientRect();
			if (r.bottom > innerHeight + 1 || r.top < 0) out.push('button out of sight: ' + b.textContent);
		}
		return out;
	})()`))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range out {
		t.Errorf("%s: %s", where, line)
	}
}
