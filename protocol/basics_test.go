package protocol

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

func basic(method, args string) string {
	return `{"module":"kz.gov.pki.knca.basics","method":"` + method + `","args":` + args + `}`
}

// sign makes a request of basics sign; each part may be replaced.
func sign(format, data, params, signer, rest string) string {
	return basic("sign", `{"format":"`+format+`","data":`+data+`,"signingParams":`+params+`,"signerParams":`+signer+rest+`}`)
}

func failureText(code, message, details string) string {
	return fmt.Sprintf(`{"code":%q,"details":%s,"message":%q,"status":false}`, code, appendString(nil, details), message)
}

func general(details string) string {
	return failureText("GENERAL_ERROR", "General error.", "java.lang.IllegalArgumentException: "+details)
}

func thrown(details string) string {
	return failureText("INVOCATION_ERROR", "An invoked method threw an exception.", "org.json.JSONException: "+details)
}

func badParams(details string) string {
	return failureText("INVALID_SIGNING_PARAMS", "Invalid signing params.", details)
}

func TestBasicsErrors(t *testing.T) {
	const module = `{"module":"kz.gov.pki.knca.basics"`
	for _, test := range []struct{ in, want string }{
		{module + `,"method":"sign"}`, general("sign demands arguments")},
		{basic("sign", `null`), general("sign demands arguments")},
		{basic("sign", `[]`), general("sign demands arguments")},
		{basic("sign", `"x"`), general("sign demands arguments")},
		{basic("generateCsr", `[]`), general("generateCsr demands arguments")},
		{basic("authenticate", `{}`), general("authenticate is not defined in Basics")},
		{module + `,"method":"Sign"}`, general("Sign is not defined in Basics")},
		{module + `,"method":"sign","apiVersion":1,"args":{}}`, general("Supported apiVersion is 2")},
		{module + `,"method":"sign","apiVersion":"3","args":{}}`, general("Supported apiVersion is 2")},
		{module + `,"method":"sign","class":"Other","args":{}}`, general("Other is not found")},
		{module + `}`, failureText("GENERAL_ERROR", "General error.", `org.json.JSONException: JSONObject["method"] not found.`)},
		{module + `,"method":2}`, failureText("GENERAL_ERROR", "General error.", `org.json.JSONException: JSONObject["method"] not a string.`)},
		{basic("sign", `{}`), thrown(`JSONObject["format"] not found.`)},
		{basic("sign", `{"format":1}`), thrown(`JSONObject["format"] not a string.`)},
		{basic("sign", `{"format":"cms"}`), thrown(`JSONObject["data"] not found.`)},
		{basic("sign", `{"format":"cms","data":"x"}`), thrown(`JSONObject["signingParams"] not found.`)},
		{sign("cms", `"x"`, `555`, `{}`, ""), thrown(`JSONObject["signingParams"] is not a JSONObject.`)},
		{sign("cms", `"x"`, `null`, `{}`, ""), thrown(`JSONObject["signingParams"] is not a JSONObject.`)},
		{basic("sign", `{"format":"cms","data":"x","signingParams":{}}`), thrown(`JSONObject["signerParams"] not found.`)},
		{sign("cms", `"x"`, `{}`, `[]`, ""), thrown(`JSONObject["signerParams"] is not a JSONObject.`)},
		{sign("cms", `"x"`, `{}`, `{"extKeyUsageOids":["1.2",3]}`, ""), thrown(`JSONArray[1] not a string.`)},
		{sign("cms", `"x"`, `{}`, `{"chain":[null]}`, ""), thrown(`JSONArray[0] not a string.`)},
		{sign("pdf", `"x"`, `{}`, `{}`, ""), badParams(`unknown format "pdf"`)},
		{sign("CMS", `"x"`, `{}`, `{}`, ""), badParams(`unknown format "CMS"`)},
		{sign("cms", `1`, `{}`, `{}`, ""), badParams(`data is neither a string nor an array of strings`)},
		{sign("cms", `null`, `{}`, `{}`, ""), badParams(`data is neither a string nor an array of strings`)},
		{sign("cms", `{"a":"b"}`, `{}`, `{}`, ""), badParams(`data is neither a string nor an array of strings`)},
		{sign("cms", `[]`, `{}`, `{}`, ""), badParams(`data is empty`)},
		{sign("cms", `["x",2]`, `{}`, `{}`, ""), badParams(`data[1] is not a string`)},
		{sign("cms", `"a-b="`, `{"decode":true}`, `{}`, ""), badParams(`java.lang.IllegalArgumentException: Illegal base64 character 2d`)},
		{sign("xml", `"<a"`, `{}`, `{}`, ""), failureText("SIGNING_FAILURE", "Signing failure.",
			"org.xml.sax.SAXParseException; lineNumber: 1; columnNumber: 3; "+xmlCutOff)},
		{sign("xml", `["<a/>","PGE+"]`, `{"decode":true}`, `{}`, ""), badParams(`java.lang.IllegalArgumentException: Illegal base64 character 3c`)},
		{sign("xml", `"//8="`, `{"decode":true}`, `{}`, ""), failureText("SIGNING_FAILURE", "Signing failure.", "Invalid byte of a UTF-8 sequence.")},
	} {
		if got := answer(t, test.in); got != test.want {
			t.Errorf("%s:\n got %s\nwant %s", test.in, got, test.want)
		}
	}
	for _, in := range []string{
		module + `,"method":"sign","apiVersion":2,"class":"","args":{"format":"cms","data":"x","signingParams":{},"signerParams":{}}}`,
		module + `,"method":"sign","apiVersion":"2","class":null,"args":{"format":"cms","data":"x","signingParams":{},"signerParams":{}}}`,
	} {
		operation(t, in)
	}
}

func TestBasicsSign(t *testing.T) {
	base := Selection{Chain: ChainNational, RefuseExpired: true, RefuseRevoked: true}
	sel := func(f func(*Selection)) Selection { s := base; f(&s); return s }
	kk := Presentation{Locale: "kk"}
	x := [][]byte{[]byte("MTEK")}
	for _, test := range []struct {
		in   string
		want Operation
	}{
		{sign("cms", `"MTEK"`, `{}`, `{}`, ""), SignCMS{Select: base, Documents: x, Presentation: kk}},
		{sign("cms", `["MTEK","MTEK"]`, `{"decode":false,"encapsulate":false,"tsaProfile":null}`, `{}`, ""),
			SignCMS{Select: base, Documents: [][]byte{x[0], x[0]}, Detached: true, Presentation: kk}},
		{sign("cms", `"Сәлем"`, `{"encapsulate":"no idea"}`, `{}`, ""), SignCMS{Select: base, Documents: [][]byte{[]byte("Сәлем")}, Presentation: kk}},
		{sign("cms", `"MTEK"`, `{"decode":"TRUE","tsaProfile":{}}`, `{}`, ""),
			SignCMS{Select: base, Documents: [][]byte{[]byte("11\n")}, Timestamp: true, Presentation: kk}},
		{sign("cms", `"MTEK"`, `{"decode":true,"digested":"true","tsaProfile":false}`, `{}`, ""),
			SignCMS{Select: base, Documents: [][]byte{[]byte("11\n")}, Digests: true, Detached: true, Presentation: kk}},
		{sign("cms", `"MTEK"`, `{"outputCert":true,"allowExpired":true,"allowRevoked":"true"}`, `{}`, ""),
			SignCMS{Select: sel(func(s *Selection) { s.RefuseExpired, s.RefuseRevoked = false, false }), Documents: x, Presentation: kk}},
		{sign("raw", `"MTEK"`, `{"outputCert":"true","encapsulate":false}`, `{}`, ""),
			SignRaw{Select: base, Documents: x, WithCertificate: true, Presentation: kk}},
		{sign("raw", `["MTEK"]`, `{"digested":true,"decode":true}`, `{}`, ""),
			SignRaw{Select: base, Documents: [][]byte{[]byte("11\n")}, Digests: true, Presentation: kk}},
		{sign("xml", `"<a/>"`, `{"tsaProfile":{}}`, `{}`, ""),
			SignXML{Select: base, Documents: []string{"<a/>"}, Compact: true, Timestamp: true, Presentation: kk}},
		{sign("xml", `["PGEvPg=="]`, `{"decode":true}`, `{}`, ""),
			SignXML{Select: base, Documents: []string{"<a/>"}, Compact: true, Presentation: kk}},
		{sign("cms", `"MTEK"`, `{}`, `{"extKeyUsageOids":["1.3.6.1.5.5.7.3.4"],"iin":123456789011,"bin":"","serialNumber":"0A","chain":null}`, ""),
			SignCMS{Select: sel(func(s *Selection) { s.EKU, s.IIN, s.Serial = []string{"1.3.6.1.5.5.7.3.4"}, "123456789011", "0A" }), Documents: x, Presentation: kk}},
		{sign("cms", `"MTEK"`, `{}`, `{"bin":"123","extKeyUsageOids":null,"chain":["PEM"]}`, ""),
			SignCMS{Select: sel(func(s *Selection) { s.BIN, s.Chain, s.Anchors = "123", ChainGiven, []string{"PEM"} }), Documents: x, Presentation: kk}},
		{sign("cms", `"MTEK"`, `{}`, `{"chain":[],"extKeyUsageOids":"1.2"}`, ""),
			SignCMS{Select: sel(func(s *Selection) { s.Chain = ChainAny }), Documents: x, Presentation: kk}},
		{sign("cms", `"MTEK"`, `{}`, `{"chain":"PEM"}`, ""), SignCMS{Select: base, Documents: x, Presentation: kk}},
		{sign("cms", `"MTEK"`, `{}`, `{}`, `,"allowedStorages":["JKS","unknown",null,"AKAKEYStore"]`),
			SignCMS{Select: sel(func(s *Selection) { s.Storages = []string{"JKS", "AKAKEYStore"} }), Documents: x, Presentation: kk}},
		{sign("cms", `"MTEK"`, `{}`, `{}`, `,"locale":"ru","logo":"MTEK"`),
			SignCMS{Select: base, Documents: x, Presentation: Presentation{Locale: "ru", Logo: []byte("11\n")}}},
		{sign("cms", `"MTEK"`, `{}`, `{}`, `,"locale":null,"logo":"data:image/png;base64,MTEK"`),
			SignCMS{Select: base, Documents: x, Presentation: Presentation{Locale: "kk", Logo: []byte("11\n")}}},
		{sign("cms", `"MTEK"`, `{}`, `{}`, `,"locale":"EN-us","logo":"???"`), SignCMS{Select: base, Documents: x, Presentation: Presentation{Locale: "en"}}},
		{sign("cms", `"MTEK"`, `{}`, `{}`, `,"locale":"kz","logo":5`), SignCMS{Select: base, Documents: x, Presentation: kk}},
		{sign("cms", `"MTEK"`, `{}`, `{}`, `,"locale":"fr"`), SignCMS{Select: base, Documents: x}},
	} {
		if got := operation(t, test.in).Op; !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s:\n got %+v\nwant %+v", test.in, got, test.want)
		}
	}
}

func TestBasicsReplies(t *testing.T) {
	sig := make([]byte, 50)
	const folded = `AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\nAAA=\n`
	const cms = `"-----BEGIN CMS-----\n` + folded + `-----END CMS-----\n"`
	csr := basic("generateCsr", `{"subject":"CN=x"}`)
	imp := basic("importCertificate", `{"certificates":["MTEK"],"keyId":"AB"}`)
	raw := sign("raw", `["x","y"]`, `{}`, `{}`, "")
	two := Signatures{Values: [][]byte{[]byte("11\n"), sig[:3]}, Certificate: sig}
	for _, test := range []struct {
		in   string
		res  Result
		err  error
		want string
	}{
		{sign("cms", `"x"`, `{}`, `{}`, ""), Signatures{Values: [][]byte{sig}}, nil, `{"body":{"result":[` + cms + `]},"status":true}`},
		{sign("cms", `["x","y"]`, `{}`, `{}`, ""), Signatures{Values: [][]byte{sig, sig}}, nil, `{"body":{"result":[` + cms + `,` + cms + `]},"status":true}`},
		{sign("cms", `"x"`, `{"outputCert":true}`, `{}`, ""), Signatures{Values: [][]byte{sig}, Certificate: sig}, nil, `{"body":{"result":[` + cms + `]},"status":true}`},
		{sign("xml", `"<a/>"`, `{"outputCert":true}`, `{}`, ""), XMLDocuments{"<a></a>"}, nil, `{"body":{"result":["<a><\/a>"]},"status":true}`},
		{raw, two, nil, `{"body":{"result":["MTEK","AAAA"]},"status":true}`},
		{sign("raw", `["x","y"]`, `{"outputCert":true}`, `{}`, ""), two, nil,
			`{"body":{"result":{"certificate":"-----BEGIN CERTIFICATE-----\n` + folded + `-----END CERTIFICATE-----\n","signatures":["MTEK","AAAA"]}},"status":true}`},
		{csr, CSR{DER: sig, KeyID: "ab"}, nil, `{"body":{"result":{"csr":"-----BEGIN CERTIFICATE REQUEST-----\n` + folded + `-----END CERTIFICATE REQUEST-----\n","keyId":"ab"}},"status":true}`},
		{imp, Imported{"ab", "cd", "1f", "PKCS12"}, nil, `{"body":{"result":{"imported":true,"keyId":"ab","alias":"cd","serialNumber":"1f","storage":"PKCS12"}},"status":true}`},
		{raw, nil, ErrCancelled, `{"body":{},"status":true}`},
		{csr, nil, fmt.Errorf("asking: %w", ErrCancelled), `{"body":{},"status":true}`},
		{raw, nil, ErrNoDevice, failureText("SIGNING_FAILURE", "Signing failure.", "storage.empty")},
		{raw, nil, ErrTimestamp, failureText("SIGNING_FAILURE", "Signing failure.", "TSP_UNREACHABLE")},
		{raw, nil, ErrNotSupported, failureText("SIGNING_FAILURE", "Signing failure.", "sign with format raw is not available in this version of Tanba")},
		{raw, nil, errors.New("/home/a/secret.p12"), failureText("SIGNING_FAILURE", "Signing failure.", "The operation could not be completed.")},
		{csr, nil, ErrNotSupported, failureText("CSR_GENERATING_FAILURE", "CSR generating failure.", "generateCsr is not available in this version of Tanba")},
		{imp, nil, ErrNotSupported, failureText("CERTIFICATE_IMPORTING_FAILURE", "Certificate importing failure.", "importCertificate is not available in this version of Tanba")},
		{imp, nil, ErrUnfitCertificate, failureText("INVALID_IMPORTING_CERTIFICATE", "Invalid importing certificate.", "no valid certificate for the key")},
		// Outcomes that do not fit.
		{raw, Signatures{Values: two.Values[:1]}, nil, failureText("SIGNING_FAILURE", "Signing failure.", "The operation could not be completed.")},
		{raw, nil, nil, failureText("SIGNING_FAILURE", "Signing failure.", "The operation could not be completed.")},
		{sign("raw", `["x","y"]`, `{"outputCert":true}`, `{}`, ""), Signatures{Values: two.Values}, nil, failureText("SIGNING_FAILURE", "Signing failure.", "The operation could not be completed.")},
		{csr, Tokens{}, nil, failureText("CSR_GENERATING_FAILURE", "CSR generating failure.", "The operation could not be completed.")},
	} {
		got := operation(t, test.in).Reply(test.res, test.err)
		if string(got) != test.want {
			t.Errorf("%s:\n got %s\nwant %s", test.in, got, test.want)
		}
		if !json.Valid(got) {
			t.Errorf("not JSON: %s", got)
		}
	}
}

func TestBasicsRenewal(t *testing.T) {
	kk := Presentation{Locale: "kk"}
	for _, test := range []struct {
		in   string
		want Operation
	}{
		{basic("generateCsr", `{"subject":"CN=А\\,Б,SERIALNUMBER=IIN1,c=KZ,S=Астана,G=Г,1.2.3=v,E=a@b"}`),
			MakeCSR{Algorithm: "GOST2015-512", Presentation: kk, Subject: []Attribute{{"2.5.4.3", "А,Б"}, {"2.5.4.5", "IIN1"}, {"2.5.4.6", "KZ"},
				{"2.5.4.8", "Астана"}, {"2.5.4.42", "Г"}, {"1.2.3", "v"}, {"1.2.840.113549.1.9.1", "a@b"}}}},
		{basic("generateCsr", `{"subject":[{"oid":"2.5.4.3","value":"x"}],"keyAlgorithm":"RSA-2048","storage":"PKCS12","format":"PEM","locale":"ru","template":1,
			"extKeyUsageOids":["1.2.3"],"extensions":[{"oid":"2.5.29.15","critical":"true","value":"MTEK"}]}`),
			MakeCSR{Algorithm: "RSA-2048", Storages: []string{"PKCS12"}, Subject: []Attribute{{"2.5.4.3", "x"}}, EKU: []string{"1.2.3"},
				Extensions: []Extension{{"2.5.29.15", true, []byte("11\n")}}, Unknown: []string{"template"}, Presentation: Presentation{Locale: "ru"}}},
		{basic("generateCsr", `{"subject":"CN=x","allowedStorages":["JKS","?"]}`),
			MakeCSR{Algorithm: "GOST2015-512", Storages: []string{"JKS"}, Subject: []Attribute{{"2.5.4.3", "x"}}, Presentation: kk}},
		{basic("importCertificate", `{"certificates":["-----BEGIN CERTIFICATE-----\nMTEK\n-----END CERTIFICATE-----\n","MTEK"],"keyId":"AbC","locale":"en"}`),
			ImportCertificate{Certificates: [][]byte{[]byte("11\n"), []byte("11\n")}, KeyID: "abc", Presentation: Presentation{Locale: "en"}}},
		{basic("importCertificate", `{"certificates":"MTEK","keyId":""}`), ImportCertificate{Certificates: [][]byte{[]byte("11\n")}, Presentation: kk}},
	} {
		if got := operation(t, test.in).Op; !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s:\n got %+v\nwant %+v", test.in, got, test.want)
		}
	}
	for in, want := range map[string]string{
		basic("generateCsr", `{}`):                                                                                             thrown(`JSONObject["subject"] not found.`),
		basic("generateCsr", `{"subject":""}`):                                                                                 "no '=' in attribute 1",
		basic("generateCsr", `{"subject":[]}`):                                                                                 "neither a name nor a list",
		basic("generateCsr", `{"subject":7}`):                                                                                  "neither a name nor a list",
		basic("generateCsr", `{"subject":"XX=1"}`):                                                                             `unknown keyword \"XX\"`,
		basic("generateCsr", `{"subject":"CN=a,b"}`):                                                                           "no '=' in attribute 2",
		basic("generateCsr", `{"subject":[{"oid":"2.5","value":1}]}`):                                                          "subject[0] needs",
		basic("generateCsr", `{"subject":[{"oid":"2.","value":""}]}`):                                                          "subject[0] needs",
		basic("generateCsr", `{"subject":"CN=x","keyAlgorithm":"DSA"}`):                                                        `unknown keyAlgorithm \"DSA\"`,
		basic("generateCsr", `{"subject":"CN=x","format":"DER"}`):                                                              `unknown format \"DER\"`,
		basic("generateCsr", `{"subject":"CN=x","storage":"?"}`):                                                               "unknown storage",
		basic("generateCsr", `{"subject":"CN=x","extKeyUsageOids":["1.40.1"]}`):                                                "malformed OID",
		basic("generateCsr", `{"subject":"CN=x","extKeyUsageOids":["1.2"],"extensions":[{"oid":"2.5.29.37","value":"MTEK"}]}`): "given twice",
		basic("generateCsr", `{"subject":"CN=x","extensions":{}}`):                                                             "extensions is not an array",
		basic("generateCsr", `{"subject":"CN=x","extensions":[{"oid":"1.2","value":"-==="}]}`):                                 "Illegal base64 character 2d",
		basic("importCertificate", `{}`):                                                                                       thrown(`JSONObject["certificates"] not found.`),
		basic("importCertificate", `{"certificates":[]}`):                                                                      thrown(`JSONObject["keyId"] not found.`),
		basic("importCertificate", `{"certificates":[],"keyId":1}`):                                                            thrown(`JSONObject["keyId"] not a string.`),
		basic("importCertificate", `{"certificates":[],"keyId":"x"}`):                                                          "INVALID_IMPORTING_CERTIFICATE",
		basic("importCertificate", `{"certificates":{},"keyId":"x"}`):                                                          "INVALID_IMPORTING_CERTIFICATE",
		basic("importCertificate", `{"certificates":["?"],"keyId":"x"}`):                                                       "certificates[0] is not a certificate",
		basic("importCertificate", `{"certificates":[1],"keyId":"x"}`):                                                         "certificates[0] is not a certificate",
	} {
		got := answer(t, in)
		if !strings.Contains(got, want) || !json.Valid([]byte(got)) {
			t.Errorf("%s:\n got %s\nwant %s", in, got, want)
		}
	}
}
