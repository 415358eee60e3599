package protocol

import (
	"encoding/json"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"tanba/internal/testdata"
)

// recording is one exchange with the original, recorded by the authors of
// ncalayer-js-client.
type recording struct{ Task, Request, Response string }

func recordings(t *testing.T) []recording {
	t.Helper()
	data, err := os.ReadFile(testdata.Shared(t, "protocol", "sigex-recordings.json"))
	if err != nil {
		t.Fatal(err)
	}
	var list []recording
	if err := json.Unmarshal(data, &list); err != nil {
		t.Fatal(err)
	}
	if len(list) != 50 {
		t.Fatalf("%d recordings, want 50", len(list))
	}
	return list
}

// Thirteen need nobody and no hardware: byte for byte.
func TestRecordingsWithoutDialog(t *testing.T) {
	list := recordings(t)
	for _, i := range []int{1, 3, 4, 7, 12, 16, 21, 22, 26, 30, 31, 32, 33} {
		c := Decode([]byte(list[i].Request))
		got, silent, ok := c.Immediate()
		switch c.Op.(type) {
		case ActiveTokens: // nothing plugged in
			got, ok = c.Reply(Tokens{}, nil), true
		case SetLocale:
			got, ok = c.Reply(nil, nil), true
		}
		if silent || !ok {
			t.Errorf("entry %d: no immediate answer, operation %#v", i, c.Op)
		} else if string(got) != list[i].Response {
			t.Errorf("entry %d:\n got %s\nwant %s", i, got, list[i].Response)
		}
	}
}

func TestRecordingsCancelled(t *testing.T) {
	list := recordings(t)
	for _, i := range []int{6, 34, 36, 37, 42, 43, 44, 45, 46, 47} {
		c := Decode([]byte(list[i].Request))
		if c.Op == nil {
			t.Errorf("entry %d: no operation", i)
		} else if got := c.Reply(nil, ErrCancelled); string(got) != list[i].Response {
			t.Errorf("entry %d:\n got %s\nwant %s", i, got, list[i].Response)
		}
	}
}

func TestRecordingOfToken(t *testing.T) {
	list := recordings(t)
	if got := Decode([]byte(list[2].Request)).Reply(Tokens{"AKKaztokenStore"}, nil); string(got) != list[2].Response {
		t.Errorf("got %s, want %s", got, list[2].Response)
	}
	// Entry 0 was answered by another program.
	if got, _, _ := Decode([]byte(list[0].Request)).Immediate(); string(got) != moduleNotFound {
		t.Errorf("entry 0: %s", got)
	}
}

// Twenty-five need a key. What the authors removed from the recordings is
// removed from our replies too, then they must be equal byte for byte.
func TestRecordingsWithKey(t *testing.T) {
	list := recordings(t)
	bare := regexp.MustCompile(`"responseObject":"[A-Za-z0-9+/]+=*"`)
	body := regexp.MustCompile(`(-----BEGIN CMS-----\\n)(?:[A-Za-z0-9+/=]{1,64}\\n)+(-----END CMS-----\\n)`)
	for _, i := range []int{5, 8, 9, 10, 11, 13, 14, 15, 17, 18, 19, 20, 23, 24, 25, 27, 28, 29, 35, 38, 39, 40, 41, 48, 49} {
		var recorded struct {
			ResponseObject any
			Body           struct{ Result any }
		}
		if err := json.Unmarshal([]byte(list[i].Response), &recorded); err != nil {
			t.Fatal(err)
		}
		c := Decode([]byte(list[i].Request))
		want := list[i].Response
		var got string
		switch op := c.Op.(type) {
		case ShowKey:
			got = string(c.Reply(sampleKeyInfo, nil))
			if !strings.HasPrefix(got, `{"responseObject":{"certNotBefore":"`) || !strings.HasSuffix(got, `},"code":"200"}`) {
				t.Errorf("entry %d: %s", i, got)
			}
			continue
		case SignCMS:
			got = string(c.Reply(Signatures{Values: fakeSignatures(len(op.Documents), 200)}, nil))
			got = bare.ReplaceAllString(got, `"responseObject":"Actual signature stripped to protect private data"`)
			got = body.ReplaceAllString(got, "$1$2")
			if _, one := recorded.Body.Result.(string); one { // before October 2024
				want = strings.NewReplacer(`"result":"`, `"result":["`, `"},"status"`, `"]},"status"`).Replace(want)
			}
		case SignXML:
			var documents XMLDocuments
			for _, r := range append(stringsOf(recorded.ResponseObject), stringsOf(recorded.Body.Result)...) {
				documents = append(documents, r)
			}
			got = string(c.Reply(documents, nil))
		default:
			t.Errorf("entry %d: operation %#v", i, c.Op)
			continue
		}
		if got != want {
			t.Errorf("entry %d:\n got %.300s\nwant %.300s", i, got, want)
		}
	}
}

// What the recorded requests ask for.
func TestRecordedOperations(t *testing.T) {
	list := recordings(t)
	token := Selection{Storages: []string{"AKKaztokenStore"}}
	with := func(s Selection, use KeyUse) Selection { s.Use = use; return s }
	asked := Selection{Chain: ChainNational, RefuseExpired: true, RefuseRevoked: true}
	hardware := asked
	hardware.Storages = []string{"AKKaztokenStore"}
	filtered := hardware
	filtered.EKU = []string{"1.3.6.1.5.5.7.3.4", "1.2.398.3.3.4.1.2.1"}
	any := hardware
	any.Chain = ChainAny
	ru := Presentation{Locale: "ru"}
	mtek := [][]byte{[]byte("MTEK")}
	eleven := [][]byte{[]byte("11\n")}
	for i, want := range map[int]Operation{
		5:  ShowKey{Select: token},
		8:  SignCMS{Select: token, Documents: eleven, Detached: true, CoSign: true},
		9:  SignCMS{Select: with(token, Authentication), Documents: eleven, Detached: true, CoSign: true},
		11: SignCMS{Select: with(token, Signature), Documents: eleven, CoSign: true},
		19: SignCMS{Select: with(token, Signature), Documents: eleven, Detached: true, CoSign: true, Timestamp: true},
		23: SignXML{Select: token, Documents: []string{"<tag>data</tag>"}},
		34: SignCMS{Select: asked, Documents: mtek, Presentation: ru},
		39: SignCMS{Select: hardware, Documents: eleven, Digests: true, Detached: true, Timestamp: true, Presentation: ru},
		44: SignCMS{Select: filtered, Documents: eleven, Timestamp: true, Presentation: ru},
		47: SignCMS{Select: any, Documents: eleven, Timestamp: true, Presentation: ru},
		48: SignXML{Select: hardware, Documents: []string{"<tag>data</tag>"}, Compact: true, Presentation: ru},
		49: SignCMS{Select: asked, Documents: [][]byte{mtek[0], mtek[0], mtek[0]}, Presentation: ru},
	} {
		if got := Decode([]byte(list[i].Request)).Op; !reflect.DeepEqual(got, want) {
			t.Errorf("entry %d:\n got %+v\nwant %+v", i, got, want)
		}
	}
}

func stringsOf(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		var list []string
		for _, s := range v {
			list = append(list, s.(string))
		}
		return list
	}
	return nil
}

func fakeSignatures(n, size int) [][]byte {
	list := make([][]byte, n)
	for i := range list {
		list[i] = make([]byte, size)
		for j := range list[i] {
			list[i][j] = byte(i + j*7)
		}
	}
	return list
}

var sampleKeyInfo = KeyInfo{
	Alias: "0bb673", KeyID: "0bb673", Algorithm: "ECGOST3410-2015-512",
	SubjectCN: "ТЕСТОВ ТЕСТ", SubjectDN: "CN=ТЕСТОВ ТЕСТ,SURNAME=ТЕСТОВ,SERIALNUMBER=IIN123456789011,C=KZ,GIVENNAME=ТЕСТОВИЧ",
	IssuerCN: "ҰЛТТЫҚ КУӘЛАНДЫРУШЫ ОРТАЛЫҚ", IssuerDN: "C=KZ,CN=ҰЛТТЫҚ КУӘЛАНДЫРУШЫ ОРТАЛЫҚ",
	SerialNumber: "49f5317f", NotBefore: "1575361915000", NotAfter: "1606984315000",
	AuthorityKeyIdentifier: "5b6a7411", PEM: "-----BEGIN CERTIFICATE-----\nMII=\n-----END CERTIFICATE-----\n",
}
