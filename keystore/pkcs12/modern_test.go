package pkcs12_test

import (
	"os/exec"
	"testing"

	library "software.sslmate.com/src/go-pkcs12"

	"tanba/internal/testdata"
	"tanba/internal/testoracle"
	"tanba/keystore/pkcs12"
)

func TestEncodeModern(t *testing.T) {
	for _, name := range []string{"rsa", "gost512"} {
		from := openStore(t, read(t, name), password)
		data, err := pkcs12.EncodeModern(nil, from.All(), []byte("Құпия-Сөз 1"))
		if err != nil {
			t.Fatal(err)
		}
		info, err := pkcs12.Inspect(data)
		if err != nil || !info.Modern() {
			t.Fatalf("%s: %+v, %v", name, info, err)
		}
		if legacy, _ := pkcs12.Inspect(read(t, name)); legacy.Modern() {
			t.Errorf("%s: the authority's layout counts as modern", name)
		}
		to := openStore(t, data, "Құпия-Сөз 1")
		if len(to.Entries) != 1 || !to.Entries[0].Certificate.Equal(from.Entries[0].Certificate) || to.Entries[0].Alias != from.Entries[0].Alias {
			t.Errorf("%s: %+v", name, to.Entries)
		}
	}
}

// Other programs read the modern form: a Go library, OpenSSL and Java.
func TestEncodeModernForOthers(t *testing.T) {
	data, err := pkcs12.EncodeModern(nil, openStore(t, read(t, "rsa"), password).All(), []byte(password))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := library.DecodeChain(data, password); err != nil {
		t.Errorf("go-pkcs12: %v", err)
	}
	file := testoracle.File(t, "modern.p12", data)
	if r := testoracle.Tool(t, "openssl", "pkcs12", "-in", file, "-passin", "pass:"+password, "-nodes"); !r.Valid {
		t.Errorf("openssl: %s", r.Output)
	}
	keytool, err := exec.LookPath("keytool")
	if err != nil {
		testdata.Missing(t, "keytool, of the JDK")
	}
	if out, err := exec.Command(keytool, "-list", "-keystore", file, "-storepass", password).CombinedOutput(); err != nil {
		t.Errorf("keytool: %v: %s", err, out)
	}
}
