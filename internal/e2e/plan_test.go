package e2e

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The documents that are signed. Nothing of them may stay on the machine.
var documents = [][]byte{
	[]byte("Канарейка № 1: договор 7f3a19c4, сумма 1 250 000 тенге.\n"),
	[]byte("Канарейка № 2: приложение 5be0cd19\r\nс двумя строками"),
	[]byte("Канарейка № 3: \x00\x01\xff двоичный документ 1f83d9ab"),
}

func base64Of(data []byte) string { return base64.StdEncoding.EncodeToString(data) }

// signingParams are those of the client's constants, with leave to use an expired
// key where the test key is one.
func signingParams(k key, encapsulate, digested bool) map[string]any {
	p := map[string]any{"decode": true, "encapsulate": encapsulate, "digested": digested}
	if k.Expired {
		p["allowExpired"] = true
	}
	return p
}

// signingPlan is what a portal does with one key: it asks what there is, looks at
// the certificate and has documents signed in every way of the two families.
func signingPlan(k key, j judges) []step {
	ours := judges{}
	storage, storages := k.storage(), k.storages()
	document := documents[0]
	hash := k.family().NewHash()
	hash.Write(document)
	digest := base64Of(hash.Sum(nil))
	many := make([]string, len(documents))
	for i, d := range documents {
		many[i] = base64Of(d)
	}

	oneLine := func(detached bool) func(*testing.T, outcome) {
		return func(t *testing.T, o outcome) {
			text := value[string](t, o)
			if strings.ContainsAny(text, "\r\n-") {
				t.Errorf("commonUtils gives base64 on one line, got %.80q", text)
			}
			j.signature(t, k, text, document, detached)
		}
	}
	framed := func(j judges, detached bool) func(*testing.T, outcome) {
		return func(t *testing.T, o outcome) {
			text := value[string](t, o)
			wantFrame(t, text)
			j.signature(t, k, text, document, detached)
		}
	}
	plan := []step{
		{"active tokens", call{"getActiveTokens", nil}, wantStrings(k.activeTokens()...)},
		{"locale", call{"changeLocale", []any{"kk"}}, wantNothing},
		{"key info", call{"getKeyInfo", []any{storage}}, func(t *testing.T, o outcome) { wantKeyInfo(t, k, o) }},
		{"commonUtils detached", call{"createCAdESFromBase64", []any{storage, base64Of(document), "SIGNATURE", false}}, oneLine(true)},
		{"commonUtils attached", call{"createCAdESFromBase64", []any{storage, base64Of(document), "SIGNATURE", true}}, oneLine(false)},
		{"commonUtils hash", call{"createCAdESFromBase64Hash", []any{storage, digest, "SIGNATURE"}}, oneLine(true)},
		{"basics detached", call{"basicsSignCMS", []any{storages, many[0], signingParams(k, false, false), "!!basicsSignerTestAny"}}, framed(ours, true)},
		{"basics attached", call{"basicsSignCMS", []any{storages, many[0], signingParams(k, true, false), "!!basicsSignerTestAny"}}, framed(j, false)},
		{"basics hash", call{"basicsSignCMS", []any{"!!basicsStorageAll", digest, signingParams(k, false, true), "!!basicsSignerTestAny", "kk"}}, framed(ours, true)},
		{"basics many", call{"basicsSignCMS", []any{storages, many, signingParams(k, true, false), "!!basicsSignerTestAny"}}, func(t *testing.T, o outcome) {
			texts := value[[]string](t, o)
			if len(texts) != len(documents) {
				t.Fatalf("%d signatures for %d documents", len(texts), len(documents))
			}
			for i, text := range texts {
				wantFrame(t, text)
				ours.signature(t, k, text, documents[i], false)
			}
			// The others take a second each: they see each form once.
			for _, other := range j.others {
				other(t, k, derOf(t, texts[1]), nil)
			}
		}},
	}
	return append(plan, xmlPlan(k, j)...)
}

// cancelPlan: the person refuses each time.
func cancelPlan() []step {
	document := base64Of(documents[0])
	return []step{
		{"key info", call{"getKeyInfo", []any{"PKCS12"}}, wantCommonCancel},
		{"commonUtils", call{"createCAdESFromBase64", []any{"PKCS12", document}}, wantCommonCancel},
		{"basics", call{"basicsSignCMS", []any{"!!basicsStorageAll", document, "!!basicsCMSParamsDetachedNoTSP", "!!basicsSignerAny"}}, wantBasicsCancel},
	}
}

// hideDocuments makes the test fail if a document stays behind in some form.
func hideDocuments(b *bridge) {
	for _, d := range documents {
		b.hide("a document", d, []byte(base64Of(d)))
	}
}

var cmsFrame = regexp.MustCompile(`^-----BEGIN CMS-----\n([A-Za-z0-9+/]{64}\n)*[A-Za-z0-9+/=]{1,64}\n-----END CMS-----\n$`)

func wantFrame(t *testing.T, text string) {
	t.Helper()
	if !cmsFrame.MatchString(text) {
		t.Errorf("basics gives PEM of 64 columns labelled CMS, got %.100q", text)
	}
}

// wantKeyInfo reads the answer as portals do.
func wantKeyInfo(t *testing.T, k key, o outcome) {
	t.Helper()
	info := value[map[string]any](t, o)
	want := []string{
		"alias", "algorithm", "authorityKeyIdentifier", "certNotAfter", "certNotBefore", "issuerCn",
		"issuerDn", "keyId", "pem", "serialNumber", "subjectCn", "subjectDn",
	}
	slices.Sort(want)
	if got := slices.Sorted(maps.Keys(info)); !slices.Equal(got, want) {
		t.Errorf("fields %q, want %q", got, want)
	}
	text := func(field string) string {
		s, ok := info[field].(string)
		if !ok {
			t.Errorf("%s is not a string: %v", field, info[field])
		}
		return s
	}
	if got, want := text("serialNumber"), k.Certificate.SerialHex(); got != want {
		t.Errorf("serialNumber %s, want %s", got, want)
	}
	if got, want := text("subjectDn"), k.Certificate.Subject.String(); got != want {
		t.Errorf("subjectDn %s, want %s", got, want)
	}
	if m := regexp.MustCompile(`SERIALNUMBER=IIN(\d{12})`).FindStringSubmatch(text("subjectDn")); m == nil {
		t.Error("portals find no IIN in subjectDn")
	}
	if got, want := text("algorithm"), k.family().KalkanName(); got != want {
		t.Errorf("algorithm %s, want %s", got, want)
	}
	for field, at := range map[string]int64{
		"certNotBefore": k.Certificate.NotBefore.UnixMilli(),
		"certNotAfter":  k.Certificate.NotAfter.UnixMilli(),
	} {
		var ms int64
		if err := json.Unmarshal([]byte(text(field)), &ms); err != nil || ms != at {
			t.Errorf("%s %v, want %d", field, info[field], at)
		}
	}
}
