package filesign_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"tanba/internal/cms"
	"tanba/internal/filesign"
	"tanba/internal/pki"
)

const childFolder = "TANBA_FILESIGN_CHILD"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childFolder); dir != "" {
		child(dir)
		return
	}
	os.Exit(m.Run())
}

// child signs a folder until it is killed. The key lies beside it.
func child(dir string) {
	must := func(err error) {
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	der, err := os.ReadFile(dir + ".key")
	must(err)
	key, err := pki.ParsePrivateKey(der)
	must(err)
	der, err = os.ReadFile(dir + ".crt")
	must(err)
	certificate, err := pki.ParseCertificate(der)
	must(err)
	signer, err := cms.NewSigner(key, certificate)
	must(err)
	j := &filesign.Job{Signer: signer, Now: time.Now}
	fmt.Println("begin")
	(&filesign.Batch{Job: j}).Run(context.Background(), filesign.Expand([]string{dir}), func(r filesign.Result) { fmt.Println("done") })
}

// TestKilledInTheMiddle kills a run without warning, at different moments. What
// has a name then is whole, and the next run does the rest.
func TestKilledInTheMiddle(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	dir := acts(t, filepath.Join(t.TempDir(), "acts"), 300, 10<<10)
	large := file(t, "", dir, "00", "a-large-one") // in work through all of it
	if err := os.Truncate(large, 64<<20); err != nil {
		t.Fatal(err)
	}
	id := identity(t)
	key, err := pki.MarshalPrivateKey(id.Key)
	if err != nil {
		t.Fatal(err)
	}
	file(t, string(key), dir+".key")
	file(t, string(id.Certificate.Raw), dir+".crt")
	signer, err := cms.NewSigner(id.Key, id.Certificate)
	if err != nil {
		t.Fatal(err)
	}

	killed := 0
	for _, delay := range []time.Duration{0, 5 * time.Millisecond, 40 * time.Millisecond, 120 * time.Millisecond} {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), childFolder+"="+dir)
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if !bufio.NewScanner(out).Scan() {
			t.Fatal("the child did not begin")
		}
		time.Sleep(delay)
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		if cmd.Wait() != nil {
			killed++
		}
	}
	if killed == 0 {
		t.Fatal("no child was killed in its work")
	}

	// Every signature that is there is whole: none of them is in the way.
	files := filesign.Expand([]string{dir})
	j := &filesign.Job{Signer: signer, Now: time.Now}
	there := 0
	for _, f := range files {
		if _, err := os.Lstat(j.Output(f)); err == nil {
			there++
			if r := j.Sign(f); r.Err != nil || !r.Already {
				t.Errorf("%s: half written: %+v", f.Path, r)
			}
		}
	}
	t.Logf("%d of %d were signed by %d killed runs", there, len(files), killed)
	if there == len(files) {
		t.Error("nothing was left to do")
	}
	sum, _ := run(&filesign.Batch{Job: j}, t.Context(), files)
	if sum != (filesign.Summary{Signed: 301 - there, Already: there}) {
		t.Errorf("the run after it: %+v", sum)
	}
	left := 0
	filepath.WalkDir(dir, func(string, os.DirEntry, error) error { left++; return nil })
	if want := 1 + 7 + 2*301; runtime.GOOS == "linux" && left != want {
		t.Errorf("%d names in the folder, want %d: something was left behind", left, want)
	}
}
