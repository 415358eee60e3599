package timestamp

import (
	"encoding/hex"
	"errors"
	"strings"
	"testing"
)

func unhex(t testing.TB, text string) []byte {
	t.Helper()
	data, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestParseResponse(t *testing.T) {
	for _, tt := range []struct {
		name, der string
		err       error
		text      string
	}{
		{"granted", "3007 3003020100 3000", nil, ""},
		{"with modifications", "3007 3003020101 3000", nil, ""},
		{"rejection", "3005 3003020102", ErrRefused, "refused by the authority: rejection"},
		{"policy", "300a 3008020102 03030 10001", ErrRefused, "unacceptedPolicy: policy not supported"},
		{"time", "300a 3008020102 030301 0002", ErrRefused, "timeNotAvailable"},
		{"unknown bit and text", "3010 300e020102 3005 0c03 7a7a07 0302 0640", ErrRefused, `rejection, failure 1: "zz "`},
		{"unknown status", "3005 3003020109", ErrRefused, "status 9"},
		{"negative status", "3005 30030201ff", ErrRefused, "status -1"},
		{"waiting, with a token", "3007 3003020103 3000", ErrRefused, "waiting"},
		{"nothing", "", ErrMalformed, ""},
		{"page", "3c68746d6c3e", ErrMalformed, ""},
		{"no status", "3002 3000", ErrMalformed, ""},
		{"no token", "3005 3003020100", ErrMalformed, "no token"},
		{"more behind", "3007 3003020100 3000 00", ErrMalformed, ""},
		{"more inside", "3009 3003020100 3000 0500", ErrMalformed, "no token"},
		{"text of another type", "300a 3008020102 3003 130178", ErrMalformed, "PKIFreeText"},
		{"text that is no UTF-8", "300a 3008020102 3003 0c01ff", ErrMalformed, "PKIFreeText"},
		{"bits", "3009 3007020102 0302 0900", ErrMalformed, "PKIFailureInfo"},
		{"no bits", "3008 3006020102 030103", ErrMalformed, "PKIFailureInfo"},
		{"more in the status", "3007 3005020102 0500", ErrMalformed, "PKIStatusInfo"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			token, err := ParseResponse(unhex(t, tt.der))
			if !errors.Is(err, tt.err) || err != nil && !strings.Contains(err.Error(), tt.text) {
				t.Errorf("%v, want %v with %q", err, tt.err, tt.text)
			}
			if (token != nil) != (tt.err == nil) {
				t.Errorf("token %x", token)
			}
		})
	}
}

func TestInfo(t *testing.T) {
	// Version, policy, imprint (SHA-256, short), serial number.
	const front = "020101 06032a0304 3014 300d 06096086480165030402010500 0403010203 0201ff"
	const when = "180f 32303236303732303039303830375a"
	for _, tt := range []struct {
		name, der, err string
	}{
		{"plain", front + when, ""},
		{"all members", front + when + "300a 020101 800201f4 8101 07 0101ff 02020102 a0020500 a100", ""},
		{"fraction", front + "1811 32303236303732303039303830372e355a", ""},
		{"fraction that ends in 0", front + "1812 32303236303732303039303830372e35305a", "genTime"},
		{"fraction of nothing", front + "1810 32303236303732303039303830372e5a", "genTime"},
		{"comma", front + "1811 32303236303732303039303830372c355a", "genTime"},
		{"local time", front + "180e 3230323630373230303930383037", "genTime"},
		{"zone", front + "1813 32303236303732303039303830372b30353030", "genTime"},
		{"no seconds", front + "180d 3230323630373230303930385a", "genTime"},
		{"month 13", front + "180f 32303236313332303039303830375a", "genTime"},
		{"UTCTime", front + "170d 3236303732303039303830375a", "genTime"},
		{"accuracy with a negative part", front + when + "3003 0201ff", "accuracy"},
		{"accuracy of 1000 ms", front + when + "3004 800203e8", "accuracy"},
		{"accuracy in another order", front + when + "3006 810101 020101", "accuracy"},
		{"nonce in a long form", front + when + "02020001", "nonce"},
		{"nonce of nothing", front + when + "0200", "nonce"},
		{"ordering 1", front + when + "010101", "ordering"},
		{"extension", front + when + "a107 3005 06012a 0400", ""},
		{"critical extension", front + when + "a10a 3008 06012a 0101ff 0400", "critical extension 1.2"},
		{"broken extension", front + when + "a102 0500", "extensions"},
		{"something behind", front + when + "0500", "tsa"},
		{"version 2", "020102 06032a0304", "version"},
		{"hash with parameters", "020101 06032a0304 3015 300e 0609608648016503040201 020100 0403010203 020101" + when, "parameters"},
		{"no imprint", "020101 06032a0304 3000 020101" + when, "messageImprint"},
		{"long serial number", strings.TrimSuffix(front, "0201ff") + "02020001" + when, "serialNumber"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			content := unhex(t, tt.der)
			der := append([]byte{0x30, byte(len(content))}, content...)
			var token Token
			err := token.readInfo(der)
			if tt.err == "" && err != nil || tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)) {
				t.Errorf("%v, want %q", err, tt.err)
			}
			if tt.name == "all members" && (token.Accuracy.String() != "1.500007s" || len(token.Nonce) != 2) {
				t.Errorf("%+v", token)
			}
		})
	}
}

func TestParseTokenRefuses(t *testing.T) {
	_, c := service(t)
	good, err := c.Stamp(t.Context(), families[0], signature)
	if err != nil {
		t.Fatal(err)
	}
	for name, der := range map[string][]byte{
		"nothing":         nil,
		"truncated":       good[:len(good)-1],
		"octet behind":    append(append([]byte(nil), good...), 0),
		"a bare TSTInfo":  unhex(t, "3003020101"),
		"other signature": fixture(t, "cms", "skarm", "individual_attached.cms"),
	} {
		if _, err := ParseToken(der); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := ParseToken(make([]byte, maxToken+1)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("too long: %v", err)
	}
}
