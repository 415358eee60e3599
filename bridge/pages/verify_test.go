package pages_test

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"tanba/bridge/pages"
	"tanba/internal/cms"
	"tanba/internal/pki"
	"tanba/internal/testpki"
	"tanba/internal/verification"
)

type file struct {
	name string
	data []byte
}

// drop is the body of a request with these files.
func drop(t testing.TB, online bool, files ...file) []byte {
	t.Helper()
	type entry struct {
		Name string `json:"name"`
		Size int    `json:"size"`
	}
	var list []entry
	var data []byte
	for _, f := range files {
		list, data = append(list, entry{f.name, len(f.data)}), append(data, f.data...)
	}
	header, err := json.Marshal(map[string]any{"online": online, "files": list})
	if err != nil {
		t.Fatal(err)
	}
	return append(append(binary.BigEndian.AppendUint32(nil, uint32(len(header))), header...), data...)
}

// signed makes a CA and a signature over content by a person of it.
func signed(t testing.TB, content []byte, detached bool) (der []byte, roots []*pki.Certificate) {
	t.Helper()
	now := time.Now()
	authority, err := testpki.New(rand.Reader, now)
	if err != nil {
		t.Fatal(err)
	}
	id, err := authority.Issue(testpki.Profile{
		Family: pki.GOST512, CommonName: "ТЕСТОВ ТЕСТ", Surname: "ТЕСТОВ", IIN: "123456789011",
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
	})
	if err != nil {
		t.Fatal(err)
	}
	signer, err := cms.NewSigner(id.Key, id.Certificate)
	if err != nil {
		t.Fatal(err)
	}
	if der, err = signer.Sign(content, cms.Options{Detached: detached, Time: now}); err != nil {
		t.Fatal(err)
	}
	return der, []*pki.Certificate{authority.Root(), authority.Issuing()}
}

func TestVerify(t *testing.T) {
	content := []byte("документ, который подписан")
	attached, roots := signed(t, content, false)
	detached, more := signed(t, content, true)
	roots = append(roots, more...)
	tampered := bytes.Replace(attached, []byte("который"), []byte("КОТОРЫЙ"), 1)
	if bytes.Equal(tampered, attached) {
		t.Fatal("nothing was changed")
	}
	var asked []bool
	v := pages.Verify{
		Online: func() bool { return true },
		Verifier: func(online bool) (*verification.Verifier, bool, error) {
			asked = append(asked, online)
			return verification.New(verification.Trust{Roots: roots}), false, nil
		},
	}
	h := pages.New(pages.Options{Calls: v.Calls(), Streams: v.Streams()})
	type answer struct {
		Documents []struct {
			File, Kind, Verdict string
			Signers             []struct{ Lines []struct{ Kind, Text string } }
		}
		Report string
		Asked  bool
	}
	for _, c := range []struct {
		name  string
		files []file
		want  []string // kind and name of each document
		text  string
	}{
		{"attached", []file{{"a.cms", attached}}, []string{"good a.cms"}, "IIN 123456789011"},
		{"tampered", []file{{"a.cms", tampered}}, []string{"bad a.cms"}, "changed after it was signed"},
		{"detached, by name", []file{{"x.txt", content}, {"x.txt.p7s", detached}, {"b.cms", attached}}, []string{"good x.txt.p7s", "good b.cms"}, ""},
		{"detached, two files", []file{{"contract", content}, {"signature", detached}}, []string{"good signature"}, ""},
		{"detached, another document", []file{{"x.txt", []byte("другой")}, {"x.txt.p7s", detached}}, []string{"bad x.txt.p7s"}, "changed after it was signed"},
		{"detached, alone", []file{{"x.txt.p7s", detached}}, []string{"bad x.txt.p7s"}, "without its document"},
		{"not signed", []file{{"x.txt", content}}, []string{"bad x.txt"}, "no signature in this file"},
		{"empty", []file{{"x.p7s", nil}}, []string{"bad x.p7s"}, "no signature in this file"},
		{"a name that lies", []file{{"\u202ecms.a", attached}}, []string{"good  cms.a"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			body := drop(t, false, c.files...)
			w := post(h, "verify", "", func(r *http.Request) { r.Body = io.NopCloser(bytes.NewReader(body)) })
			var got answer
			if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != http.StatusOK {
				t.Fatal(w.Code, err, w.Body)
			}
			var kinds []string
			for _, d := range got.Documents {
				kinds = append(kinds, d.Kind+" "+d.File)
			}
			if strings.Join(kinds, ", ") != strings.Join(c.want, ", ") {
				t.Errorf("%q, want %q", kinds, c.want)
			}
			if !strings.Contains(w.Body.String(), c.text) || !strings.Contains(got.Report, "<html") || got.Asked {
				t.Errorf("no %q in %s", c.text, w.Body)
			}
		})
	}
	for _, online := range asked {
		if online {
			t.Error("the services were asked although the person said no")
		}
	}
}

// The services are asked only if the person and the settings want it.
func TestVerifyAsksNobodyUnasked(t *testing.T) {
	der, roots := signed(t, []byte("x"), false)
	for _, c := range []struct{ settings, person, want bool }{{true, true, true}, {true, false, false}, {false, true, false}} {
		got := !c.want
		v := pages.Verify{Online: func() bool { return c.settings }, Verifier: func(online bool) (*verification.Verifier, bool, error) {
			got = online
			return verification.New(verification.Trust{Roots: roots}), false, nil
		}}
		body := drop(t, c.person, file{"a.cms", der})
		w := post(pages.New(pages.Options{Streams: v.Streams()}), "verify", "", func(r *http.Request) { r.Body = io.NopCloser(bytes.NewReader(body)) })
		if w.Code != http.StatusOK || got != c.want {
			t.Errorf("%+v: %t %s", c, got, w.Body)
		}
	}
}

func TestVerifyBounds(t *testing.T) {
	v := pages.Verify{Online: func() bool { return false }, Verifier: func(bool) (*verification.Verifier, bool, error) {
		return verification.New(verification.Trust{}), false, nil
	}}
	h := pages.New(pages.Options{Streams: v.Streams()})
	framed := func(header string) []byte {
		return append(binary.BigEndian.AppendUint32(nil, uint32(len(header))), header...)
	}
	many := `{"files":[` + strings.TrimSuffix(strings.Repeat(`{"name":"a","size":0},`, 101), ",") + `]}`
	for name, c := range map[string]struct {
		body []byte
		want string
	}{
		"nothing":          {nil, "did not work"},
		"a long header":    {[]byte{0x7f, 0xff, 0xff, 0xff}, "did not work"},
		"half a header":    {framed(`{"files":[]}`)[:9], "did not work"},
		"no files":         {framed(`{"files":[]}`), "did not work"},
		"less than said":   {framed(`{"files":[{"name":"a","size":9}]}`), "did not work"},
		"more than said":   {append(framed(`{"files":[{"name":"a","size":1}]}`), "ab"...), "did not work"},
		"negative":         {framed(`{"files":[{"name":"a","size":-1}]}`), "Too large"},
		"one too large":    {framed(`{"files":[{"name":"a","size":9000000000000000000}]}`), "Too large"},
		"two too large":    {framed(`{"files":[{"name":"a","size":60000000},{"name":"b","size":60000000}]}`), "Too large"},
		"too many at once": {framed(many), "100 files"},
	} {
		w := post(h, "verify", "", func(r *http.Request) { r.Body = io.NopCloser(bytes.NewReader(c.body)) })
		if w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), c.want) {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
}

// FuzzVerify: whatever is dropped, there is an answer.
func FuzzVerify(f *testing.F) {
	der, _ := signed(f, []byte("x"), false)
	f.Add(drop(f, false, file{"a.cms", der}))
	f.Add(drop(f, true, file{"a", []byte("<a/>")}, file{"a.p7s", der}))
	f.Add([]byte{0, 0, 0, 2, '{', '}'})
	v := pages.Verify{Online: func() bool { return false }, Verifier: func(bool) (*verification.Verifier, bool, error) {
		return verification.New(verification.Trust{}), false, nil
	}}
	h := pages.New(pages.Options{Streams: v.Streams()})
	f.Fuzz(func(t *testing.T, body []byte) {
		w := post(h, "verify", "", func(r *http.Request) { r.Body = io.NopCloser(bytes.NewReader(body)) })
		if w.Code != http.StatusOK && w.Code != http.StatusUnprocessableEntity || !json.Valid(w.Body.Bytes()) {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	})
}
