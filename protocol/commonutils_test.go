package protocol

import (
	"errors"
	"fmt"
	"reflect"
	"testing"
)

const noSuchMethod = `{"code":"500","message":"NoSuchMethodException %s"}`
const typeMismatch = `{"code":"500","message":"java.lang.IllegalArgumentException: argument type mismatch. Method: %s"}`

// One row per method: good arguments, and for each argument values of the wrong
// JSON type.
func TestCommonArguments(t *testing.T) {
	key := []string{`"PKCS12"`, `"SIGNATURE"`}
	for method, good := range map[string][]string{
		"getActiveTokens":              {},
		"getKeyInfo":                   {`"PKCS12"`},
		"signXml":                      {key[0], key[1], `"<a/>"`, `""`, `""`},
		"signXmls":                     {key[0], key[1], `["<a/>"]`, `""`, `""`},
		"createCAdESFromBase64":        {key[0], key[1], `"MTEK"`, `true`},
		"createCAdESFromFile":          {key[0], key[1], `"/x"`, `false`},
		"createCAdESFromBase64Hash":    {key[0], key[1], `"MTEK"`},
		"createCMSSignatureFromBase64": {key[0], key[1], `"MTEK"`, `true`},
		"createCMSSignatureFromFile":   {key[0], key[1], `"/x"`, `true`},
		"applyCAdEST":                  {key[0], key[1], `"MTEK"`},
		"showFileChooser":              {`"ALL"`, `""`},
		"changeLocale":                 {`"kk"`},
	} {
		frame := func(args []string) string {
			list := ""
			for i, a := range args {
				if i > 0 {
					list += ","
				}
				list += a
			}
			return common(method, `,"args":[`+list+`]`)
		}
		operation(t, frame(good))
		more := append(append([]string{}, good...), `""`)
		if got := answer(t, frame(more)); got != fmt.Sprintf(noSuchMethod, method) {
			t.Errorf("%s with %d arguments: %s", method, len(more), got)
		}
		if len(good) == 0 {
			continue
		}
		if got := answer(t, frame(good[1:])); got != fmt.Sprintf(noSuchMethod, method) {
			t.Errorf("%s with %d arguments: %s", method, len(good)-1, got)
		}
		for i := range good {
			wrong := []string{`null`, `1`, `1.5`, `{}`}
			switch good[i] {
			case `true`, `false`:
				wrong = append(wrong, `"yes"`, `["x"]`)
			case `["<a/>"]`:
				wrong = append(wrong, `true`, `"<a/>"`)
			default:
				wrong = append(wrong, `true`, `["x"]`)
			}
			for _, w := range wrong {
				args := append([]string{}, good...)
				args[i] = w
				if got := answer(t, frame(args)); got != fmt.Sprintf(typeMismatch, method) {
					t.Errorf("%s, argument %d is %s: %s", method, i, w, got)
				}
			}
		}
	}
}

func TestCommonErrors(t *testing.T) {
	for _, test := range []struct{ in, want string }{
		{`{"module":"kz.gov.pki.knca.commonUtils"}`, `{"code":"500","message":"JSONObject[\"method\"] not found."}`},
		{`{"module":"kz.gov.pki.knca.commonUtils","method":1,"uuid":"u"}`, `{"code":"500","message":"JSONObject[\"method\"] not a string."}`},
		{`{"module":"kz.gov.pki.knca.commonUtils","method":null}`, `{"code":"500","message":"JSONObject[\"method\"] not a string."}`},
		{common("", ""), `{"code":"500","message":"NoSuchMethodException "}`},
		{common("getkeyinfo", `,"args":["PKCS12"]`), fmt.Sprintf(noSuchMethod, "getkeyinfo")},
		{common("toString", ``), fmt.Sprintf(noSuchMethod, "toString")},
		{common("getKeyInfo", `,"args":"PKCS12"`), fmt.Sprintf(noSuchMethod, "getKeyInfo")},
		{common("getKeyInfo", `,"args":{"0":"PKCS12"}`), fmt.Sprintf(noSuchMethod, "getKeyInfo")},
		{common("getKeyInfo", `,"args":[""]`), `{"code":"500","message":"storageName.param.empty"}`},
		{common("getKeyInfo", `,"args":["pkcs12"]`), `{"code":"500","message":"storage.unknown"}`},
		{common("getKeyInfo", `,"args":["KAZTOKEN"]`), `{"code":"500","message":"storage.unknown"}`},
		{common("signXmls", `,"args":["PKCS12","",["<a/>",1],"",""]`), `{"code":"500","message":"JSONArray[1] not a string."}`},
		{common("signXmls", `,"args":["PKCS12","",["<a/>","x"],"",""]`), `{"code":"500","message":"org.xml.sax.SAXParseException; lineNumber: 1; columnNumber: 1; Content is not allowed in prolog."}`},
		{common("signXmls", `,"args":["PKCS12","",[],"",""],"uuid":"u"`), `{"responseObject":[],"code":"200","uuid":"u"}`},
		// The input comes before the storage, the storage before the device.
		{common("signXml", `,"args":["","","<a","",""]`), `{"code":"500","message":"org.xml.sax.SAXParseException; lineNumber: 1; columnNumber: 3; XML document structures must start and end within the same entity."}`},
		{common("signXml", `,"args":["","","<a/>","",""]`), `{"code":"500","message":"storageName.param.empty"}`},
		{common("signXml", `,"args":["PKCS12","","<!DOCTYPE a [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><a>&e;</a>","",""]`),
			`{"code":"500","message":"org.xml.sax.SAXParseException; lineNumber: 1; columnNumber: 10; DOCTYPE is disallowed when the feature \"http://apache.org/xml/features/disallow-doctype-decl\" set to true."}`},
		{common("createCAdESFromBase64", `,"args":["x","","M-EK",true]`), `{"code":"500","message":"Illegal base64 character 2d"}`},
		{common("createCAdESFromBase64", `,"args":["x","","MTEK",true]`), `{"code":"500","message":"storage.unknown"}`},
		{common("createCMSSignatureFromBase64", `,"args":["PKCS12","","MTEKA",true]`), `{"code":"500","message":"Last unit does not have enough valid bits"}`},
		{common("createCAdESFromBase64Hash", `,"args":["","",""]`), `{"code":"500"}`},
		{common("createCAdESFromBase64Hash", `,"args":["","",""],"uuid":"u"`), `{"code":"500","uuid":"u"}`},
		{common("createCAdESFromFile", `,"args":["","","/x",true]`), `{"code":"500","message":"storageName.param.empty"}`},
		{common("applyCAdEST", `,"args":["PKCS12","","?"]`), `{"code":"500","message":"Input byte[] should at least have 2 bytes for base64 bytes"}`},
		{common("applyCAdEST", `,"args":["x","","MTEK"]`), `{"code":"500","message":"storage.unknown"}`},
		// The uuid belongs to methods that ran.
		{common("getKeyInfo", `,"args":[""],"uuid":"u"`), `{"code":"500","message":"storageName.param.empty","uuid":"u"}`},
		{common("getKeyInfo", `,"args":[1],"uuid":"u"`), fmt.Sprintf(typeMismatch, "getKeyInfo")},
		{common("nothing", `,"uuid":"u"`), fmt.Sprintf(noSuchMethod, "nothing")},
	} {
		if got := answer(t, test.in); got != test.want {
			t.Errorf("%s:\n got %s\nwant %s", test.in, got, test.want)
		}
	}
}

func TestCommonReplies(t *testing.T) {
	cms := Signatures{Values: [][]byte{[]byte("a signature of some length, on one line, so that it would be folded")}}
	const line = `"YSBzaWduYXR1cmUgb2Ygc29tZSBsZW5ndGgsIG9uIG9uZSBsaW5lLCBzbyB0aGF0IGl0IHdvdWxkIGJlIGZvbGRlZA=="`
	for _, test := range []struct {
		in   string
		res  Result
		err  error
		want string
	}{
		{common("getActiveTokens", ""), Tokens{}, nil, `{"responseObject":[],"code":"200"}`},
		{common("getActiveTokens", `,"args":null`), Tokens(nil), nil, `{"responseObject":[],"code":"200"}`},
		{common("getActiveTokens", `,"args":[],"uuid":"a\"b"`), Tokens{"AKKaztokenStore", "AKKZIDCardStore"}, nil,
			`{"responseObject":["AKKaztokenStore","AKKZIDCardStore"],"code":"200","uuid":"a\"b"}`},
		{common("getActiveTokens", `,"uuid":17`), Tokens{}, nil, `{"responseObject":[],"code":"200","uuid":"17"}`},
		{common("getActiveTokens", `,"uuid":""`), Tokens{}, nil, `{"responseObject":[],"code":"200"}`},
		{common("getActiveTokens", `,"uuid":null`), Tokens{}, nil, `{"responseObject":[],"code":"200"}`},
		{common("changeLocale", `,"args":[""],"uuid":"u"`), nil, nil, `{"code":"200","uuid":"u"}`},
		{common("createCAdESFromBase64", `,"args":["JKS","","MTEK",true]`), cms, nil, `{"responseObject":` + line + `,"code":"200"}`},
		{common("createCMSSignatureFromFile", `,"args":["JKS","","/x",true]`), cms, nil, `{"responseObject":` + line + `,"code":"200"}`},
		{common("applyCAdEST", `,"args":["JKS","","MTEK"]`), cms, nil, `{"responseObject":` + line + `,"code":"200"}`},
		{common("signXml", `,"args":["JKS","","<a/>","",""]`), XMLDocuments{"<a></a>"}, nil, `{"responseObject":"<a><\/a>","code":"200"}`},
		{common("signXmls", `,"args":["JKS","",["<a/>"],"",""]`), XMLDocuments{"<a></a>"}, nil, `{"responseObject":["<a><\/a>"],"code":"200"}`},
		{common("showFileChooser", `,"args":["ALL",""]`), Path(`C:\Users\Ә\x.txt`), nil, `{"responseObject":"C:\\Users\\Ә\\x.txt","code":"200"}`},
		{common("showFileChooser", `,"args":["ALL",""],"uuid":"u"`), nil, ErrCancelled, `{"code":"500","message":"action.canceled","uuid":"u"}`},
		{common("getKeyInfo", `,"args":["AKKaztokenStore"]`), nil, ErrNoDevice, `{"code":"500","message":"storage.empty"}`},
		{common("createCAdESFromFile", `,"args":["JKS","","/x",true]`), nil, fmt.Errorf("open /x: %w", ErrFileNotFound), `{"code":"500","message":"file.not_found"}`},
		{common("signXml", `,"args":["JKS","","<a/>","",""]`), nil, ErrNotSupported, `{"code":"500","message":"signXml is not available in this version of Tanba"}`},
		{common("applyCAdEST", `,"args":["JKS","","MTEK"]`), nil, ErrNotSupported, `{"code":"500","message":"applyCAdEST is not available in this version of Tanba"}`},
		{common("applyCAdEST", `,"args":["JKS","","MTEK"]`), nil, fmt.Errorf("%w: 10.0.0.1 refused", ErrTimestamp), `{"code":"500","message":"TSP_UNREACHABLE"}`},
		{common("createCMSSignatureFromFile", `,"args":["JKS","","/x",true],"uuid":"u"`), nil, ErrTimestamp, `{"code":"500","message":"TSP_UNREACHABLE","uuid":"u"}`},
		{common("getKeyInfo", `,"args":["JKS"]`), nil, errors.New("open /home/a/key.p12: permission denied"), `{"code":"500","message":"The operation could not be completed."}`},
		{common("getKeyInfo", `,"args":["JKS"]`), sampleKeyInfo, nil,
			`{"responseObject":{"certNotBefore":"1575361915000","issuerCn":"ҰЛТТЫҚ КУӘЛАНДЫРУШЫ ОРТАЛЫҚ","authorityKeyIdentifier":"5b6a7411",` +
				`"serialNumber":"49f5317f","certNotAfter":"1606984315000","issuerDn":"C=KZ,CN=ҰЛТТЫҚ КУӘЛАНДЫРУШЫ ОРТАЛЫҚ","keyId":"0bb673","alias":"0bb673",` +
				`"pem":"-----BEGIN CERTIFICATE-----\nMII=\n-----END CERTIFICATE-----\n","subjectCn":"ТЕСТОВ ТЕСТ","algorithm":"ECGOST3410-2015-512",` +
				`"subjectDn":"CN=ТЕСТОВ ТЕСТ,SURNAME=ТЕСТОВ,SERIALNUMBER=IIN123456789011,C=KZ,GIVENNAME=ТЕСТОВИЧ"},"code":"200"}`},
	} {
		if got := operation(t, test.in).Reply(test.res, test.err); string(got) != test.want {
			t.Errorf("%s:\n got %s\nwant %s", test.in, got, test.want)
		}
	}
}

// A result that does not fit is never passed off as one.
func TestCommonUnfitResults(t *testing.T) {
	c := operation(t, common("createCAdESFromBase64", `,"args":["JKS","","MTEK",true]`))
	for _, res := range []Result{nil, Tokens{}, Path("x"), Signatures{}, Signatures{Values: [][]byte{nil}}, Signatures{Values: fakeSignatures(2, 9)}} {
		if got := string(c.Reply(res, nil)); got != `{"code":"500","message":"The operation could not be completed."}` {
			t.Errorf("%#v: %s", res, got)
		}
	}
}

func TestCommonOperations(t *testing.T) {
	p12 := Selection{Storages: []string{"PKCS12"}}
	for _, test := range []struct {
		in   string
		want Operation
	}{
		{common("showFileChooser", `,"args":["",""]`), PickFile{Directory: true}},
		{common("showFileChooser", `,"args":["DIRECTORY","C:\\"]`), PickFile{Directory: true, Start: `C:\`}},
		{common("showFileChooser", `,"args":["ALL","/tmp"]`), PickFile{Start: "/tmp"}},
		{common("showFileChooser", `,"args":["P12",""]`), PickFile{Extensions: []string{"p12"}}},
		{common("showFileChooser", `,"args":["JKS",""]`), PickFile{Extensions: []string{"jks"}}},
		{common("showFileChooser", `,"args":["KEYSTORE",""]`), PickFile{Extensions: []string{"pfx", "p12", "bin", "jks"}}},
		{common("showFileChooser", `,"args":["CER",""]`), PickFile{Extensions: []string{"der", "cer"}}},
		{common("showFileChooser", `,"args":["CRL",""]`), PickFile{Extensions: []string{"crl"}}},
		{common("showFileChooser", `,"args":["XML, .pdf,*.Txt,a/b",""]`), PickFile{Extensions: []string{"xml", "pdf", "txt"}}},
		{common("showFileChooser", `,"args":["xml,*.*",""]`), PickFile{}},
		{common("changeLocale", `,"args":["kz"]`), SetLocale{Locale: "kz"}},
		{common("createCAdESFromBase64", `,"args":["PKCS12","SIGNATURE","MT\/\/","TRUE"]`),
			SignCMS{Select: Selection{Storages: p12.Storages, Use: Signature}, Documents: [][]byte{{0x31, 0x3f, 0xff}}, CoSign: true}},
		{common("createCAdESFromBase64", `,"args":["PKCS12","","",false]`),
			SignCMS{Select: p12, Documents: [][]byte{{}}, Detached: true, CoSign: true}},
		{common("createCAdESFromBase64", `,"args":["PKCS12","","-----BEGIN CMS-----\nMTEK\n-----END CMS-----\n",true]`),
			SignCMS{Select: p12, Documents: [][]byte{[]byte("11\n")}, CoSign: true}},
		{common("createCAdESFromFile", `,"args":["PKCS12","","C:\\x",false]`),
			SignFile{Select: p12, Path: `C:\x`, Detached: true, CoSign: true}},
		{common("createCMSSignatureFromFile", `,"args":["PKCS12","","",true]`),
			SignFile{Select: p12, Timestamp: true, CoSign: true}},
		{common("createCAdESFromBase64Hash", `,"args":["PKCS12","","MTEK"]`),
			SignCMS{Select: p12, Documents: [][]byte{[]byte("11\n")}, Digests: true, Detached: true}},
		{common("applyCAdEST", `,"args":["PKCS12","","MTEK"]`), ApplyTimestamp{CMS: []byte("11\n")}},
		{common("signXml", `,"args":["PKCS12","","<a Id='1'/>","//a","//b"]`),
			SignXML{Select: p12, Documents: []string{"<a Id='1'/>"}, TBS: "//a", Parent: "//b"}},
	} {
		if got := operation(t, test.in).Op; !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s:\n got %#v\nwant %#v", test.in, got, test.want)
		}
	}
	for _, name := range storages {
		c := operation(t, common("getKeyInfo", `,"args":["`+name+`"]`))
		if want := (ShowKey{Select: Selection{Storages: []string{name}}}); !reflect.DeepEqual(c.Op, want) {
			t.Errorf("%s: %#v", name, c.Op)
		}
	}
}
