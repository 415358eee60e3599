package verification_test

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tanba/internal/cms"
	"tanba/internal/pki"
	"tanba/internal/testdata"
	"tanba/internal/testpki"
	"tanba/internal/verification"
)

var rateFiles = flag.Int("rate", 32, "how many files TestRateBesideBouncyCastle verifies")

// TestRateBesideBouncyCastle verifies the same files with this package and with
// Bouncy Castle, in turn, and logs both rates. It fails when they disagree about
// a file, not for a rate: see docs/verification.md for how to measure.
//
// Each file is one attached GOST 34.10-2015 (512) signature over a kilobyte, by
// one of sixteen keys. This side reads the file, judges the signature, the signed
// attributes, the certificate of the signer and its chain; Bouncy Castle reads
// it and judges the digest and the signature, nothing else.
func TestRateBesideBouncyCastle(t *testing.T) {
	n := *rateFiles
	a, err := testpki.New(nil, now)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	var signers []*cms.Signer
	for range 16 {
		id, err := a.Issue(testpki.Profile{NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(1, 0, 0)})
		if err != nil {
			t.Fatal(err)
		}
		s, err := cms.NewSigner(id.Key, id.Certificate)
		if err != nil {
			t.Fatal(err)
		}
		signers = append(signers, s)
	}
	files := make([]string, n)
	for i := range files {
		der, err := signers[i%len(signers)].Sign([]byte(strings.Repeat(fmt.Sprintf("Договор № %d. ", i), 50)[:1000]), cms.Options{Time: now})
		if err != nil {
			t.Fatal(err)
		}
		files[i] = filepath.Join(dir, fmt.Sprintf("%06d.cms", i))
		if err := os.WriteFile(files[i], der, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	java := compileJava(t)
	var ours, theirs time.Duration
	for range 2 { // in turn, so that both meet the same machine
		ours += rate(t, a, files)
		theirs += java(dir, n)
	}
	per := func(d time.Duration) float64 { return 2 * float64(n) / d.Seconds() }
	t.Logf("%d files, one thread: %.0f files/s, Bouncy Castle %.0f files/s, ratio %.1f", n, per(ours), per(theirs), per(ours)/per(theirs))
}

// rate verifies all files and returns how long that took.
func rate(t *testing.T, a *testpki.Authority, files []string) time.Duration {
	t.Helper()
	v := verification.New(verification.Trust{Roots: []*pki.Certificate{a.Root(), a.Issuing()}, Now: func() time.Time { return now }})
	good := 0
	started := time.Now()
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if r, err := v.CMS(t.Context(), data, verification.Options{}); err == nil && r.Good() && r.Trusted() {
			good++
		}
	}
	took := time.Since(started)
	if good != len(files) {
		t.Errorf("%d of %d are good", good, len(files))
	}
	return took
}

// compileJava returns what runs the peer over a folder.
func compileJava(t *testing.T) func(dir string, n int) time.Duration {
	t.Helper()
	const jars = "/usr/share/java/bcprov.jar:/usr/share/java/bcpkix.jar:/usr/share/java/bcutil.jar"
	for _, jar := range strings.Split(jars, ":") {
		if _, err := os.Stat(jar); err != nil {
			testdata.Missing(t, jar)
		}
	}
	if _, err := exec.LookPath("javac"); err != nil {
		testdata.Missing(t, "javac")
	}
	classes := t.TempDir()
	if out, err := exec.CommandContext(t.Context(), "javac", "-cp", jars, "-d", classes, filepath.Join("testdata", "VerifyRate.java")).CombinedOutput(); err != nil {
		t.Fatalf("javac: %v\n%s", err, out)
	}
	return func(dir string, n int) time.Duration {
		out, err := exec.CommandContext(t.Context(), "java", "-cp", jars+":"+classes, "VerifyRate", dir, "1").CombinedOutput()
		if err != nil {
			t.Fatalf("java: %v\n%s", err, out)
		}
		var good int
		var took int64
		if _, err := fmt.Sscan(string(out), &good, &took); err != nil {
			t.Fatalf("java: %v\n%s", err, out)
		}
		if good != n {
			t.Errorf("Bouncy Castle finds %d of %d good", good, n)
		}
		return time.Duration(took)
	}
}
