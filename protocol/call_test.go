package protocol

import (
	"encoding/json"
	"strings"
	"testing"
)

// answer decodes a frame that must need nobody and returns the reply, "" for
// silence.
func answer(t *testing.T, frame string) string {
	t.Helper()
	c := Decode([]byte(frame))
	reply, silent, ok := c.Immediate()
	if !ok {
		t.Errorf("%.200s: wants the operation %#v", frame, c.Op)
		return ""
	}
	if silent != (reply == nil) {
		t.Errorf("%.200s: silent %v with the reply %q", frame, silent, reply)
	}
	if again := c.Reply(nil, nil); string(again) != string(reply) {
		t.Errorf("%.200s: Reply gives %q", frame, again)
	}
	return string(reply)
}

// operation decodes a frame that must want an operation.
func operation(t *testing.T, frame string) *Call {
	t.Helper()
	c := Decode([]byte(frame))
	if c.Op == nil {
		reply, silent, _ := c.Immediate()
		t.Fatalf("%.200s: no operation; silent %v, reply %s", frame, silent, reply)
	}
	return c
}

func common(method, rest string) string {
	return `{"module":"kz.gov.pki.knca.commonUtils","method":"` + method + `"` + rest + `}`
}

func TestSocketLayer(t *testing.T) {
	const off = `{"errorCode":"Method not implemented. Method:`
	for _, test := range []struct{ name, in, want string }{
		{"heartbeat", `--heartbeat--`, `--heartbeat--`},
		{"nearly a heartbeat", `--heartbeat--x`, ``},
		{"empty object", `{}`, ``},
		{"empty object with space", " { \n} ", ``},
		{"nothing", ``, ``},
		{"blank", " \r\n", ``},
		{"array", `[{}]`, ``},
		{"string", `"{}"`, ``},
		{"words", `hello`, ``},
		{"greeting", `hello {}`, ``},
		{"byte order mark", "\uFEFF{}", ``},
		{"NUL", "\x00{}", ``},
		{"NUL after brace", "{\x00}", brokenObject},
		{"broken object", `{"module":`, brokenObject},
		{"invalid UTF-8", "{\"module\":\"\xff\"}", brokenObject},
		{"duplicate member", `{"module":"a","module":"b"}`, brokenObject},
		{"unknown module", `{"module":"x","method":"getVersion","uuid":"1"}`, moduleNotFound},
		{"module of another program", `{"module":"kz.digiflow.mobile.extensions","method":"getVersion"}`, moduleNotFound},
		{"module in other case", `{"module":"kz.gov.pki.knca.commonutils","method":"getActiveTokens"}`, moduleNotFound},
		{"module not a string", `{"module":5}`, moduleNotFound},
		{"empty module", `{"module":""}`, moduleNotFound},
		{"Module in other case", `{"Module":"x","method":"m"}`, off + `m"}`},
		{"no module", `{"method":"getKeys","args":[]}`, off + `getKeys"}`},
		{"null module", `{"module":null,"method":"getKeys"}`, off + `getKeys"}`},
		{"applet by name", `{"module":"kz.gov.pki.knca.applet.Applet","method":"setLocale","args":["ru"]}`, off + `setLocale"}`},
		{"applet without method", `{"args":[]}`, `{"errorCode":"COMMON"}`},
		{"applet, odd method", `{"method":"</x>\n"}`, off + `<\/x>\n"}`},
		{"third-party modules", `{"module":"NURSign","type":"version"}`, moduleNotFound},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := answer(t, test.in); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestAccessory(t *testing.T) {
	frame := func(method string) string {
		return `{"module":"kz.gov.pki.ncalayerservices.accessory","method":"` + method + `","symname":"kz.ecc.NurSignBundle"}`
	}
	if got := answer(t, frame("installBundle")); got != `{"success":false,"errorCode":"MODULE_INSTALL_NOT_SUPPORTED"}` {
		t.Error(got)
	}
	if got := answer(t, frame("other")); got != `{"success":false,"errorCode":"METHOD_NOT_FOUND"}` {
		t.Error(got)
	}
	var bundles map[string]string
	if err := json.Unmarshal([]byte(answer(t, frame("getBundles"))), &bundles); err != nil {
		t.Fatal(err)
	}
	if bundles["kz.gov.pki.osgi.layer.websocket"] != "0.4.1" || len(bundles) != 7 {
		t.Errorf("bundles %v", bundles)
	}
	var services struct{ Services []string }
	if err := json.Unmarshal([]byte(answer(t, frame("getServices"))), &services); err != nil {
		t.Fatal(err)
	}
	for _, module := range services.Services {
		if got := Decode([]byte(`{"module":"` + module + `","method":"x"}`)); got.family == nil {
			t.Errorf("%s is listed and not there", module)
		}
	}
	for method, want := range map[string]string{"showSettings": "settings", "showBundleManager": "modules"} {
		c := operation(t, frame(method))
		if c.Op != (OpenWindow{Window: want}) {
			t.Errorf("%s: %#v", method, c.Op)
		}
		for _, err := range []error{nil, ErrCancelled, ErrNotSupported} {
			if got := c.Reply(nil, err); got != nil {
				t.Errorf("%s: answered %s", method, got)
			}
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{
		Heartbeat, `{}`, `x`, `{"module":"x"}`, `{"method":"m"}`,
		common("getActiveTokens", ""), common("getKeyInfo", `,"args":["PKCS12"],"uuid":7`),
		common("signXml", `,"args":["PKCS12","","<a/>","",""]`), common("signXmls", `,args:[PKCS12,'',['<a/>'],'','']`),
		common("createCAdESFromBase64", `,"args":["PKCS12","SIGNATURE","MTEK",true]`),
		common("createCAdESFromBase64Hash", `,"args":["PKCS12","SIGNATURE","MTE"]`),
		common("applyCAdEST", `,"args":["PKCS12","","-----BEGIN CMS-----MTEK-----END CMS-----"]`),
		common("showFileChooser", `,"args":["xml,.pdf",""]`), common("changeLocale", `,"args":["kz"]`),
		`{"module":"kz.gov.pki.knca.basics","method":"sign","args":{"format":"cms","data":["MTEK"],"signingParams":{"decode":"true","tsaProfile":{}},"signerParams":{"chain":[]}}}`,
		`{"module":"kz.gov.pki.knca.basics","method":"sign","args":{"format":"raw","data":"x","signingParams":{"outputCert":true},"signerParams":{"iin":123}}}`,
		`{"module":"kz.gov.pki.knca.basics","method":"generateCsr","args":{"subject":"CN=a\\,b,C=KZ","extensions":[{"oid":"2.5.29.15","value":"AwIHgA=="}]}}`,
		`{"module":"kz.gov.pki.knca.basics","method":"importCertificate","args":{"certificates":"MTEK","keyId":"AB"}}`,
		`{"module":"kz.gov.pki.ncalayerservices.accessory","method":"getBundles"}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		c := Decode(in)
		reply, silent, ok := c.Immediate()
		if silent && reply != nil || ok != (c.Op == nil) {
			t.Fatalf("silent %v, ok %v, reply %q", silent, ok, reply)
		}
		if ok {
			if !silent && string(reply) != Heartbeat && !json.Valid(reply) {
				t.Fatalf("not JSON: %q", reply)
			}
			return
		}
		for _, err := range []error{nil, ErrCancelled, ErrNoDevice, ErrNotSupported, ErrSigning} {
			for _, res := range []Result{nil, sampleResult(c.Op), Tokens{}} {
				got := c.AppendReply([]byte("x"), res, err)
				if got[0] != 'x' {
					t.Fatalf("lost what was there: %q", got)
				}
				if _, window := c.Op.(OpenWindow); len(got) == 1 != window || !window && !json.Valid(got[1:]) {
					t.Fatalf("%#v: not JSON: %q", c.Op, got)
				}
				if strings.Contains(string(got), "protocol:") {
					t.Fatalf("an internal error went out: %q", got)
				}
			}
		}
	})
}

// sampleResult makes a result that fits an operation.
func sampleResult(op Operation) Result {
	switch op := op.(type) {
	case ActiveTokens:
		return Tokens{"AKKaztokenStore", "AKKZIDCardStore"}
	case ShowKey:
		return sampleKeyInfo
	case SignCMS:
		return Signatures{Values: fakeSignatures(len(op.Documents), 100)}
	case SignRaw:
		return Signatures{Values: fakeSignatures(len(op.Documents), 128), Certificate: []byte("certificate")}
	case SignFile, ApplyTimestamp:
		return Signatures{Values: fakeSignatures(1, 100)}
	case SignXML:
		return XMLDocuments(op.Documents)
	case PickFile:
		return Path("/home/тест/x.txt")
	case MakeCSR:
		return CSR{DER: []byte("request"), KeyID: "ab"}
	case ImportCertificate:
		return Imported{KeyID: op.KeyID, Alias: "cd", SerialNumber: "1f", Storage: "PKCS12"}
	}
	return nil
}
