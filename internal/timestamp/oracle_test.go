package timestamp

import (
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tanba/internal/cms"
	"tanba/internal/pki"
	"tanba/internal/testdata"
	"tanba/internal/testoracle"
	"tanba/internal/testpki"
)

// signed is a signature of ours with a throw-away key of the family.
func signed(t testing.TB, f pki.Family, content []byte, o cms.Options) []byte {
	t.Helper()
	id, err := authority(t).Issue(testpki.Profile{Family: f})
	if err != nil {
		t.Fatal(err)
	}
	s, err := cms.NewSigner(id.Key, id.Certificate)
	if err != nil {
		t.Fatal(err)
	}
	o.Time = now
	der, err := s.Sign(content, o)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// OpenSSL reads our requests as RFC 3161 has them.
func TestOpenSSLReadsRequests(t *testing.T) {
	for _, f := range families {
		r, err := NewRequest(strings.NewReader("\x9aabcdefg"), f, signature)
		if err != nil {
			t.Fatal(err)
		}
		der, err := r.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		out := testoracle.Tool(t, "openssl", "ts", "-query", "-in", testoracle.File(t, "q.tsq", der), "-text").Output
		for _, want := range []string{"Version: 1", "Policy OID: " + Policy(f).String(), "Nonce: 0x-659E9D9C9B9A9999", "Certificate required: yes"} {
			if !strings.Contains(out, want) {
				t.Errorf("%v: no %q in\n%s", f, want, out)
			}
		}
	}
}

// The oracle's stand-in for the national services answers us, our CAdES-T out of
// it is level T for both oracles, and the chain is that of its test PKI.
func TestOracleStamps(t *testing.T) {
	base := testoracle.Serve(t, testdata.Shared(t, "oracle-pki"))
	c := client(t, func(o *Options) {
		o.Addresses = []string{base + "/tsp/"}
		o.Trust.Pool = oraclePool(t)
		o.Now = time.Now
	})
	content := []byte("Договор № 43")
	contentFile := testoracle.File(t, "content", content)
	for _, f := range []pki.Family{pki.GOST512, pki.GOST2004, pki.RSA, pki.GOST256} {
		t.Run(f.String(), func(t *testing.T) {
			detached := f == pki.GOST2004
			der, err := Add(t.Context(), c, signed(t, f, content, cms.Options{Detached: detached}))
			if err != nil {
				t.Fatal(err)
			}
			checkOracles(t, der, contentFile, detached)
		})
	}
	if _, err := client(t, func(o *Options) {
		o.Addresses = []string{base + "/tsp/"}
		o.Now = time.Now
	}).Stamp(t.Context(), pki.GOST512, signature); !errors.Is(err, ErrChain) {
		t.Errorf("another PKI: %v", err)
	}
}

func checkOracles(t *testing.T, der []byte, contentFile string, detached bool) {
	t.Helper()
	file := testoracle.File(t, "t.cms", der)
	args := []string{"cms-verify", file}
	if detached {
		args = append(args, "--content", contentFile)
	}
	r := testoracle.Java(t, args...)
	if !r.Valid || !strings.Contains(r.Output, `"level": "T"`) && !strings.Contains(r.Output, `"level":"T"`) {
		t.Errorf("java: %s", r.Output)
	}
	if r.Fields["encoding"] != "DER" {
		t.Errorf("encoding %v", r.Fields["encoding"])
	}
	if r := testoracle.OpenSSL(t, args...); !r.Valid {
		t.Errorf("openssl: %s", r.Output)
	}
}

// Tokens of our own responder, which the other tests rest on, are good for the
// oracle, too.
func TestOracleAcceptsOurResponder(t *testing.T) {
	tsa, c := service(t)
	data := testoracle.File(t, "data", signature)
	for i, f := range families {
		tsa.V2 = i%2 == 1
		token, err := c.Stamp(t.Context(), f, signature)
		if err != nil {
			t.Fatal(err)
		}
		if r := testoracle.Java(t, "tsp-verify", testoracle.File(t, "token", token), "--data", data); !r.Valid {
			t.Errorf("%v, version 2 %v: %s", f, tsa.V2, r.Output)
		}
	}
}

// today is an authority for those who look at the real clock.
func today(t testing.TB) *testpki.Authority {
	t.Helper()
	a, err := testpki.New(nil, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := a.RSA(); err != nil {
		t.Fatal(err)
	}
	return a
}

// OpenSSL as an authority with an RSA key: it answers our requests, we believe
// its tokens, and it verifies the signature we put them into.
func TestOpenSSLStamps(t *testing.T) {
	a := today(t)
	dir := t.TempDir()
	id, err := a.Issue(testpki.Profile{Family: pki.RSA, Service: testpki.TimeStamping})
	if err != nil {
		t.Fatal(err)
	}
	root, issuing, err := a.RSA()
	if err != nil {
		t.Fatal(err)
	}
	key, err := pki.MarshalPrivateKey(id.Key)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("serial", []byte("1000\n"))
	chain := write("chain.pem", append(root.PEM(), issuing.PEM()...))
	config := write("ts.cnf", []byte("[tsa]\nserial = "+filepath.Join(dir, "serial")+
		"\nsigner_cert = "+write("tsa.pem", id.Certificate.PEM())+
		"\nsigner_key = "+write("tsa.key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}))+
		"\nsigner_digest = sha256\ndigests = sha256\ndefault_policy = 1.2.398.3.3.2.6.2\n"+
		"ordering = yes\ntsa_name = yes\naccuracy = secs:1, millisecs:500\ness_cert_id_chain = no\ness_cert_id_alg = sha256\n"))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		reply := filepath.Join(dir, "reply.tsr")
		if r := testoracle.Tool(t, "openssl", "ts", "-reply", "-config", config, "-section", "tsa",
			"-queryfile", write("query.tsq", query), "-out", reply); !r.Valid {
			t.Errorf("openssl ts -reply: %s", r.Output)
		}
		answer, err := os.ReadFile(reply)
		if err != nil {
			t.Error(err)
		}
		w.Write(answer)
	}))
	defer server.Close()
	c := client(t, func(o *Options) {
		o.Addresses, o.Now, o.Trust.Pool = []string{server.URL}, time.Now, a.Pool()
	})
	content := []byte("by OpenSSL")
	der, err := Add(t.Context(), c, signed(t, pki.RSA, content, cms.Options{}))
	if err != nil {
		t.Fatal(err)
	}
	checkOracles(t, der, "", false)
	sd, err := cms.Parse(der)
	if err != nil {
		t.Fatal(err)
	}
	si := sd.Signers[0]
	token, err := ParseToken(si.TimestampToken())
	if err != nil {
		t.Fatal(err)
	}
	if token.Accuracy != 1500*time.Millisecond {
		t.Errorf("accuracy %v", token.Accuracy)
	}
	verify := func(data []byte) testoracle.Result {
		return testoracle.Tool(t, "openssl", "ts", "-verify", "-token_in", "-in", testoracle.File(t, "token", si.TimestampToken()),
			"-data", testoracle.File(t, "data", data), "-CAfile", chain)
	}
	if r := verify(si.Signature); !r.Valid {
		t.Errorf("openssl ts -verify: %s", r.Output)
	}
	if r := verify(content); r.Valid {
		t.Error("openssl ts -verify takes any data")
	}
	// It refuses other policies; that is an answer, not a failure of the way.
	if _, err := c.Stamp(t.Context(), pki.GOST512, signature); !errors.Is(err, ErrRefused) {
		t.Errorf("GOST from OpenSSL: %v", err)
	}
}

// openssl ts -verify accepts what our responder makes, and the request it
// answered.
func TestOpenSSLVerifies(t *testing.T) {
	a := today(t)
	tsa := a.NewTSA(time.Now)
	root, issuing, err := a.RSA()
	if err != nil {
		t.Fatal(err)
	}
	r, err := NewRequest(strings.NewReader("\x9aabcdefg"), pki.RSA, signature)
	if err != nil {
		t.Fatal(err)
	}
	query, err := r.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	answer, err := tsa.Respond(query)
	if err != nil {
		t.Fatal(err)
	}
	if r := testoracle.Tool(t, "openssl", "ts", "-verify", "-in", testoracle.File(t, "r.tsr", answer),
		"-queryfile", testoracle.File(t, "q.tsq", query),
		"-CAfile", testoracle.File(t, "chain.pem", append(root.PEM(), issuing.PEM()...))); !r.Valid {
		t.Errorf("openssl ts -verify: %s", r.Output)
	}
}
