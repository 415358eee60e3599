package filesign_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"tanba/internal/cms"
	"tanba/internal/filesign"
	"tanba/internal/testpki"
	"tanba/internal/timestamp"
)

// stamping is a job whose signatures get stamps from a service of its own.
func stamping(t testing.TB) (*filesign.Job, *testpki.TSA) {
	t.Helper()
	a, err := authority()
	if err != nil {
		t.Fatal(err)
	}
	tsa := a.NewTSA(func() time.Time { return now })
	server := httptest.NewServer(tsa)
	t.Cleanup(server.Close)
	client, err := timestamp.New(timestamp.Options{
		Addresses: []string{server.URL}, Trust: timestamp.Trust{Pool: a.Pool(), RequireChain: true}, Retries: -1,
		Now:  func() time.Time { return now },
		Wait: func(context.Context, time.Duration) error { return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	j := job(t)
	j.Stamp = func(signature []byte) ([]byte, error) {
		return timestamp.AddToNew(context.Background(), client, signature, nil)
	}
	return j, tsa
}

// stamped checks a signature with its stamp.
func stamped(t *testing.T, path string, content []byte, detached bool) {
	t.Helper()
	der, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	sd, err := cms.Parse(der)
	if err != nil {
		t.Fatal(err)
	}
	if sd.Detached != detached || !detached && !bytes.Equal(sd.Content, content) {
		t.Errorf("%s: detached %v, %d octets of content", path, sd.Detached, len(sd.Content))
	}
	if _, err := sd.Verify(content); err != nil || len(sd.Signers) != 1 {
		t.Errorf("%s: %v, %d signers", path, err, len(sd.Signers))
	}
	token, err := timestamp.ParseToken(sd.Signers[0].TimestampToken())
	if err != nil {
		t.Fatal(err)
	}
	if err := token.Covers(sd.Signers[0].Signature); err != nil {
		t.Error(err)
	}
}

func TestStamp(t *testing.T) {
	j, tsa := stamping(t)
	dir := t.TempDir()
	for _, n := range []int{0, 1, 200, 70000, 3 << 20} {
		for _, detached := range []bool{false, true} {
			j.Detached = detached
			content := bytes.Repeat([]byte{0x5a}, n)
			f := filesign.File{Path: file(t, string(content), dir, fmt.Sprint(n)), Name: fmt.Sprint(n)}
			r := j.Sign(f)
			if r.Err != nil || r.Already {
				t.Fatalf("%d: %+v", n, r)
			}
			stamped(t, r.Output, content, detached)
			tsa.SetFault(testpki.NoFault)
			if r := j.Sign(f); r.Err != nil || !r.Already || tsa.Requests() != 0 {
				t.Errorf("%d, again: %+v, %d requests", n, r, tsa.Requests())
			}
		}
	}
}

// A signature without a stamp is not what is asked for with one; one with a stamp
// serves who asks for none.
func TestStampAgain(t *testing.T) {
	j, _ := stamping(t)
	plain := &filesign.Job{Signer: j.Signer, Now: j.Now}
	dir := t.TempDir()
	one, two := filesign.File{Path: file(t, "акт", dir, "one")}, filesign.File{Path: file(t, "акт", dir, "two")}
	if r := plain.Sign(one); r.Err != nil {
		t.Fatal(r.Err)
	}
	if r := j.Sign(one); !errors.Is(r.Err, filesign.ErrExists) {
		t.Errorf("%+v", r)
	}
	if r := j.Sign(two); r.Err != nil {
		t.Fatal(r.Err)
	}
	if r := plain.Sign(two); r.Err != nil || !r.Already {
		t.Errorf("%+v", r)
	}
}

// A file that changes while the service is asked is not signed as something else.
func TestStampOfChangedFile(t *testing.T) {
	for name, change := range map[string]string{"other": "АКТ", "longer": "акт и ещё", "shorter": "а"} {
		t.Run(name, func(t *testing.T) {
			j, _ := stamping(t)
			path := file(t, "акт", t.TempDir(), "act")
			stamp := j.Stamp
			j.Stamp = func(signature []byte) ([]byte, error) {
				if err := os.WriteFile(path, []byte(change), 0o600); err != nil {
					t.Error(err)
				}
				return stamp(signature)
			}
			r := j.Sign(filesign.File{Path: path})
			if !errors.Is(r.Err, filesign.ErrChanged) {
				t.Errorf("%v", r.Err)
			}
			if _, err := os.Stat(r.Output); err == nil {
				t.Error("something was written")
			}
		})
	}
}

// A service that comes and goes under many files: each has its stamp or its
// error, the errors name the file and leave nothing, and the next runs finish the
// rest without signing anything twice.
func TestStampsUnderABadService(t *testing.T) {
	j, tsa := stamping(t)
	dir := t.TempDir()
	var files []filesign.File
	for i := range 300 {
		name := fmt.Sprintf("%03d", i)
		files = append(files, filesign.File{Path: file(t, "акт "+name, dir, name), Name: name})
	}
	signed := 0
	for run, fault := range []testpki.Fault{testpki.Flapping, testpki.Down, testpki.Flapping, testpki.NoFault} {
		tsa.SetFault(fault)
		before := signed
		b := &filesign.Batch{Job: j, Workers: 8}
		sum := b.Run(t.Context(), files, func(r filesign.Result) {
			_, err := os.Stat(r.Output)
			switch {
			case r.Err == nil && err == nil:
			case r.Err == nil:
				t.Errorf("%s: signed, and nothing there", r.File.Path)
			case err == nil:
				t.Errorf("%s: %v, and something there", r.File.Path, r.Err)
			case !errors.Is(r.Err, filesign.ErrStamp) || !errors.Is(r.Err, timestamp.ErrUnreachable) || !strings.Contains(r.Err.Error(), r.File.Path):
				t.Errorf("%s: %v", r.File.Path, r.Err)
			}
		})
		signed += sum.Signed
		if sum.Total() != len(files) || sum.Already != before || sum.Signed+sum.Failed != len(files)-before {
			t.Fatalf("run %d: %+v after %d", run, sum, before)
		}
		if fault == testpki.Down && sum.Signed != 0 {
			t.Errorf("%d signed without a service", sum.Signed)
		}
	}
	if signed != len(files) {
		t.Errorf("%d of %d", signed, len(files))
	}
	for _, f := range files {
		stamped(t, f.Path+".cms", []byte("акт "+f.Name), false)
	}
}
