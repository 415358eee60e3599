package protocol

import (
	"encoding/json"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

// The quirk list of the specification: what portals and libraries depend on.
// Numbers missing here belong to the socket, the keys or the signatures.

// everyCall is one good request per method of commonUtils and basics.
var everyCall = []string{
	common("getActiveTokens", ``), common("getKeyInfo", `,"args":["PKCS12"]`),
	common("signXml", `,"args":["PKCS12","","<a/>","",""]`), common("signXmls", `,"args":["PKCS12","",["<a/>","<b/>"],"",""]`),
	common("createCAdESFromBase64", `,"args":["PKCS12","","MTEK",true]`), common("createCAdESFromFile", `,"args":["PKCS12","","/x",true]`),
	common("createCAdESFromBase64Hash", `,"args":["PKCS12","","MTEK"]`),
	common("createCMSSignatureFromBase64", `,"args":["PKCS12","","MTEK",true]`), common("createCMSSignatureFromFile", `,"args":["PKCS12","","/x",true]`),
	common("applyCAdEST", `,"args":["PKCS12","","MTEK"]`), common("showFileChooser", `,"args":["ALL",""]`), common("changeLocale", `,"args":["en"]`),
	sign("cms", `"x"`, `{}`, `{}`, ""), sign("xml", `"<a/>"`, `{}`, `{}`, ""), sign("raw", `"x"`, `{}`, `{}`, ""), sign("raw", `"x"`, `{"outputCert":true}`, `{}`, ""),
	basic("generateCsr", `{"subject":"CN=x"}`), basic("importCertificate", `{"certificates":"MTEK","keyId":"ab"}`),
}

func decodeReply(t *testing.T, reply []byte) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal(reply, &m); err != nil {
		t.Fatalf("%s: %v", reply, err)
	}
	return m
}

func TestQuirk01Greeting(t *testing.T) {
	if Greeting != `{"result":{"version":"1.4"}}` || !regexp.MustCompile(`^\{"result":\{"version":"[0-9.]*"\}\}$`).MatchString(Greeting) {
		t.Error(Greeting)
	}
}

func TestQuirk02Heartbeat(t *testing.T) {
	if got := answer(t, "--heartbeat--"); got != "--heartbeat--" {
		t.Error(got)
	}
	if got := answer(t, "{}"); got != "" {
		t.Error(got)
	}
}

func TestQuirk03OneFramePerRequest(t *testing.T) {
	for _, in := range everyCall {
		c := operation(t, in)
		if got := c.Reply(sampleResult(c.Op), nil); !json.Valid(got) {
			t.Errorf("%s: %s", in, got)
		}
	}
}

func TestQuirk04UnknownModuleAtOnce(t *testing.T) {
	if got := answer(t, `{"module":"kz.ecc.Nothing","method":"getVersion","uuid":"u"}`); got != `{"success":false,"errorCode":"MODULE_NOT_FOUND"}` {
		t.Error(got)
	}
}

func TestQuirk05to09Envelopes(t *testing.T) {
	for _, in := range everyCall {
		c := operation(t, in)
		isCommon := strings.Contains(in, "commonUtils")
		success := decodeReply(t, c.Reply(sampleResult(c.Op), nil))
		if _, has := success["message"]; has {
			t.Errorf("quirk 6, %s: a message on success: %v", in, success)
		}
		cancel := string(c.Reply(nil, ErrCancelled))
		if isCommon {
			if success["code"] != "200" {
				t.Errorf("quirk 5, %s: %v", in, success)
			}
			if cancel != `{"code":"500","message":"action.canceled"}` {
				t.Errorf("quirk 8, %s: %s", in, cancel)
			}
			if _, has := success["status"]; has {
				t.Errorf("quirk 9, %s: %v", in, success)
			}
			continue
		}
		if _, has := success["code"]; has || success["status"] != true || success["body"] == nil {
			t.Errorf("quirk 7, %s: %v", in, success)
		}
		if cancel != `{"body":{},"status":true}` {
			t.Errorf("quirks 7 and 8, %s: %s", in, cancel)
		}
	}
}

func TestQuirk10ArrayForOneDocument(t *testing.T) {
	for _, format := range []string{"cms", "xml", "raw"} {
		c := operation(t, sign(format, `"<a/>"`, `{}`, `{}`, ""))
		var reply struct{ Body struct{ Result []string } }
		if err := json.Unmarshal(c.Reply(sampleResult(c.Op), nil), &reply); err != nil || len(reply.Body.Result) != 1 {
			t.Errorf("%s: %v, %v", format, reply, err)
		}
	}
}

func TestQuirk11PEM(t *testing.T) {
	for n := 1; n < 300; n++ {
		c := operation(t, sign("cms", `"x"`, `{}`, `{}`, ""))
		var reply struct{ Body struct{ Result []string } }
		if err := json.Unmarshal(c.Reply(Signatures{Values: fakeSignatures(1, n)}, nil), &reply); err != nil {
			t.Fatal(err)
		}
		text := reply.Body.Result[0]
		if !strings.HasPrefix(text, "-----BEGIN CMS-----\n") || !strings.HasSuffix(text, "\n-----END CMS-----\n") {
			t.Fatalf("%q", text)
		}
		lines := strings.Split(text, "\n")
		for i, l := range lines[1 : len(lines)-2] {
			if len(l) > 64 || i < len(lines)-4 && len(l) != 64 || l == "" {
				t.Fatalf("%d octets: line %d has %d columns", n, i, len(l))
			}
		}
	}
}

func TestQuirk12CompactXML(t *testing.T) {
	if op := operation(t, sign("xml", `"<a/>"`, `{}`, `{}`, "")).Op.(SignXML); !op.Compact {
		t.Error("basics does not ask for the compact layout")
	}
	if op := operation(t, common("signXml", `,"args":["PKCS12","","<a/>","",""]`)).Op.(SignXML); op.Compact {
		t.Error("commonUtils asks for the compact layout")
	}
}

func TestQuirk13LenientJSON(t *testing.T) {
	if got := answer(t, `{ module: "kz.uchet.signUtil.commonUtils", method: "getVersion", args: [""] }`); got != moduleNotFound {
		t.Error(got)
	}
	if got := operation(t, `{module:'kz.gov.pki.knca.commonUtils';method:getActiveTokens,}`).Op; got != (ActiveTokens{}) {
		t.Errorf("%#v", got)
	}
	op := operation(t, sign("cms", `"MTEK"`, `{"decode":"true"}`, `{}`, "")).Op.(SignCMS)
	if string(op.Documents[0]) != "11\n" {
		t.Errorf("%q", op.Documents)
	}
}

func TestQuirk14AllowedStorages(t *testing.T) {
	for _, rest := range []string{``, `,"allowedStorages":null`, `,"allowedStorages":"PKCS12,AKKaztokenStore"`, `,"allowedStorages":[]`} {
		if op := operation(t, sign("cms", `"x"`, `{}`, `{}`, rest)).Op.(SignCMS); op.Select.Storages != nil {
			t.Errorf("%s: %v", rest, op.Select.Storages)
		}
	}
}

func TestQuirk15KeyType(t *testing.T) {
	for keyType, want := range map[string]KeyUse{
		"AUTHENTICATION": Authentication, "SIGNATURE": Signature,
		"AUTH": AnyKey, "SIGN": AnyKey, "123": AnyKey, "ANY": AnyKey, "": AnyKey, "signature": AnyKey,
	} {
		op := operation(t, common("createCAdESFromBase64Hash", `,"args":["PKCS12","`+keyType+`","MTEK"]`)).Op.(SignCMS)
		if op.Select.Use != want {
			t.Errorf("%q: %v, want %v", keyType, op.Select.Use, want)
		}
	}
}

func TestQuirk16CountAndTypes(t *testing.T) {
	for _, args := range []string{``, `,"args":[]`, `,"args":["PKCS12","NONE"]`} {
		if got := answer(t, common("getKeyInfo", args)); got != `{"code":"500","message":"NoSuchMethodException getKeyInfo"}` {
			t.Errorf("%s: %s", args, got)
		}
	}
}

func TestQuirk17HashLength(t *testing.T) {
	const long = "MjVkNGYyYTg2ZGViNWUyNTc0YmIzMjEwYjY3YmIyNGZjYzRhZmIxOWY5M2E3YjY1YTA1N2RhYTg3NGE5ZDE4ZSAgLQo="
	if op := operation(t, common("createCAdESFromBase64Hash", `,"args":["PKCS12","","`+long+`"]`)).Op.(SignCMS); len(op.Documents[0]) != 68 || !op.Digests {
		t.Errorf("%+v", op)
	}
	if op := operation(t, sign("cms", `"MTEK"`, `{"decode":true,"digested":true}`, `{}`, "")).Op.(SignCMS); len(op.Documents[0]) != 3 || !op.Digests {
		t.Errorf("%+v", op)
	}
}

func TestQuirk18ChangeLocale(t *testing.T) {
	for _, locale := range []string{"en", "kz", "ru", ""} {
		c := operation(t, common("changeLocale", `,"args":["`+locale+`"]`))
		if got := string(c.Reply(nil, nil)); got != `{"code":"200"}` {
			t.Errorf("%s: %s", locale, got)
		}
	}
}

func TestQuirk19NoTokens(t *testing.T) {
	if got := string(operation(t, common("getActiveTokens", "")).Reply(Tokens(nil), nil)); got != `{"responseObject":[],"code":"200"}` {
		t.Error(got)
	}
}

func TestQuirk20KeyInfo(t *testing.T) {
	reply := operation(t, common("getKeyInfo", `,"args":["PKCS12"]`)).Reply(KeyInfo{NotBefore: "1575361915000"}, nil)
	var got struct{ ResponseObject map[string]string }
	if err := json.Unmarshal(reply, &got); err != nil {
		t.Fatal(err)
	}
	if len(got.ResponseObject) != 12 || got.ResponseObject["certNotBefore"] != "1575361915000" {
		t.Errorf("all twelve fields, dates as strings: %s", reply)
	}
}

func TestQuirk22NoPasswords(t *testing.T) {
	const secret = "Qwerty12-secret"
	for _, in := range everyCall {
		with := strings.TrimSuffix(in, "}") + `,"password":"` + secret + `","pin":"` + secret + `"}`
		c, plain := operation(t, with), operation(t, in)
		if !reflect.DeepEqual(c.Op, plain.Op) {
			t.Errorf("%s: a password changes the operation", in)
		}
	}
}

func TestQuirk23ExtraFields(t *testing.T) {
	for _, in := range everyCall {
		with := strings.TrimSuffix(in, "}") + `,"origin":"https://evil.kz","lang":"ru","data":{"a":[1]}}`
		if c, plain := operation(t, with), operation(t, in); !reflect.DeepEqual(c.Op, plain.Op) || c.Module != plain.Module {
			t.Errorf("%s: extra fields change the operation", in)
		}
	}
}

func TestQuirk24NCA(t *testing.T) {
	if got := answer(t, `{"module":"nca","version":"2.3"}`); got != moduleNotFound || strings.HasPrefix(got, "--") {
		t.Error(got)
	}
}

func TestQuirk25NativePaths(t *testing.T) {
	if got := string(operation(t, common("showFileChooser", `,"args":["ALL",""]`)).Reply(Path("/home/a/x.txt"), nil)); got != `{"responseObject":"/home/a/x.txt","code":"200"}` {
		t.Error(got)
	}
}

func TestQuirk26EmptyRoot(t *testing.T) {
	op := operation(t, common("signXml", `,"args":["PKCS12","AUTH","<root></root>","",""]`)).Op
	want := SignXML{Select: Selection{Storages: []string{"PKCS12"}}, Documents: []string{"<root></root>"}}
	if !reflect.DeepEqual(op, want) {
		t.Errorf("%+v", op)
	}
}

func TestQuirk27Logo(t *testing.T) {
	for n, kept := range map[int]bool{4: true, maxLogo: true, maxLogo + 4: false} {
		op := operation(t, sign("cms", `"x"`, `{}`, `{}`, `,"logo":"`+strings.Repeat("AAAA", n/4)+`"`)).Op.(SignCMS)
		if (op.Logo != nil) != kept {
			t.Errorf("logo of %d characters: %d octets", n, len(op.Logo))
		}
	}
}

func TestQuirk29EscapedSlash(t *testing.T) {
	got := string(operation(t, everyCall[2]).Reply(XMLDocuments{"<a>/</a>"}, nil))
	if got != `{"responseObject":"<a>/<\/a>","code":"200"}` {
		t.Error(got)
	}
}

func TestQuirk30InputBeforeHardware(t *testing.T) {
	if got := answer(t, common("createCAdESFromBase64Hash", `,"args":["AKKaztokenStore","123",""]`)); got != `{"code":"500"}` {
		t.Error(got)
	}
	const sax = `{"code":"500","message":"org.xml.sax.SAXParseException; lineNumber: 1; columnNumber: 25; XML document structures must start and end within the same entity."}`
	if got := answer(t, common("signXml", `,"args":["AKKaztokenStore","123","<this>is not a valid XML","",""]`)); got != sax {
		t.Error(got)
	}
}
