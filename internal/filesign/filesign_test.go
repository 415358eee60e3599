package filesign_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"tanba/internal/cms"
	"tanba/internal/filesign"
	"tanba/internal/pki"
	"tanba/internal/testpki"
)

var now = time.Date(2026, time.November, 23, 12, 0, 0, 0, time.UTC)

var authority = sync.OnceValues(func() (*testpki.Authority, error) { return testpki.New(nil, now) })

func identity(t testing.TB) *testpki.Identity {
	t.Helper()
	a, err := authority()
	if err != nil {
		t.Fatal(err)
	}
	id, err := a.Issue(testpki.Profile{
		Family: pki.GOST512, CommonName: "ТЕСТОВ ТЕСТ", Surname: "ТЕСТОВ", IIN: "123456789011",
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(1, 0, 0),
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func job(t testing.TB) *filesign.Job {
	t.Helper()
	id := identity(t)
	signer, err := cms.NewSigner(id.Key, id.Certificate)
	if err != nil {
		t.Fatal(err)
	}
	return &filesign.Job{Signer: signer, Now: func() time.Time { return now }}
}

// file makes a file with the folders it needs.
func file(t testing.TB, content string, elem ...string) string {
	t.Helper()
	path := filepath.Join(elem...)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// one signs a single file.
func one(j *filesign.Job, path string) filesign.Result {
	return j.Sign(filesign.Expand([]string{path})[0])
}

func TestSignWritesBesideTheFile(t *testing.T) {
	for _, test := range []struct {
		name     string
		detached bool
		ext      string
	}{{"attached", false, ".cms"}, {"detached", true, ".p7s"}} {
		t.Run(test.name, func(t *testing.T) {
			content := "акт"
			input := file(t, content, t.TempDir(), "act.txt")
			j := job(t)
			j.Detached = test.detached
			if r := one(j, input); r.Err != nil || r.Already || r.Output != input+test.ext {
				t.Fatalf("Sign = %+v", r)
			}
			data, err := os.ReadFile(input + test.ext)
			if err != nil {
				t.Fatal(err)
			}
			sd, err := cms.Parse(data)
			if err != nil {
				t.Fatal(err)
			}
			if sd.Detached != test.detached {
				t.Fatalf("detached = %v", sd.Detached)
			}
			var beside []byte
			if test.detached {
				beside = []byte(content)
			}
			verified, err := sd.Verify(beside)
			if err != nil || len(verified) != 1 || !verified[0].Time.Equal(now) {
				t.Fatalf("Verify = %+v, %v", verified, err)
			}
			left, err := os.ReadDir(filepath.Dir(input))
			if err != nil || len(left) != 2 {
				t.Fatalf("the folder holds %v, %v; want the file and its signature", left, err)
			}
			// An attached signature holds what the file says: no more people may read it.
			if fi, err := os.Stat(input + test.ext); err != nil || runtime.GOOS != "windows" && fi.Mode().Perm() != 0o600 {
				t.Errorf("mode %v, %v; want that of the file", fi.Mode(), err)
			}
		})
	}
}

func TestSignNeverOverwrites(t *testing.T) {
	dir := t.TempDir()
	input := file(t, "акт", dir, "act.txt")
	output := file(t, "precious", dir, "act.txt.cms")
	if r := one(job(t), input); !errors.Is(r.Err, filesign.ErrExists) {
		t.Fatalf("err = %v, want ErrExists", r.Err)
	}
	// A dangling link is a taken name too, and so is a folder.
	if err := os.Remove(output); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(dir, "elsewhere"), output); err != nil {
		t.Fatal(err)
	}
	if r := one(job(t), input); !errors.Is(r.Err, filesign.ErrExists) {
		t.Fatalf("err = %v, want ErrExists", r.Err)
	}
	if _, err := os.Stat(filepath.Join(dir, "elsewhere")); !errors.Is(err, fs.ErrNotExist) {
		t.Fatal("wrote through a link")
	}
	if err := errors.Join(os.Remove(output), os.Mkdir(output, 0o700)); err != nil {
		t.Fatal(err)
	}
	if r := one(job(t), input); !errors.Is(r.Err, filesign.ErrExists) {
		t.Fatalf("err = %v, want ErrExists", r.Err)
	}
}

func TestSignRefuses(t *testing.T) {
	dir := t.TempDir()
	j := job(t)
	if r := one(j, filepath.Join(dir, "missing")); !errors.Is(r.Err, fs.ErrNotExist) {
		t.Errorf("missing file: %v", r.Err)
	}
	j.OutDir = dir
	if r := j.Sign(filesign.File{Path: dir, Name: "x"}); !errors.Is(r.Err, filesign.ErrNotRegular) {
		t.Errorf("folder: %v", r.Err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

// A file that grows or is touched while it is read gets no signature.
func TestChangedFileIsNotSigned(t *testing.T) {
	for _, detached := range []bool{false, true} {
		dir := t.TempDir()
		input := file(t, "before", dir, "log")
		j := job(t)
		j.Detached = detached
		j.Now = func() time.Time { // asked after the file was opened
			if err := os.WriteFile(input, []byte("and after"), 0o600); err != nil {
				t.Error(err)
			}
			return now
		}
		if r := one(j, input); !errors.Is(r.Err, filesign.ErrChanged) {
			t.Errorf("detached %v: err = %v, want ErrChanged", detached, r.Err)
		}
		if left, _ := os.ReadDir(dir); len(left) != 1 {
			t.Errorf("left behind: %v", left)
		}
	}
}

// The name is taken after this run looked and before it is done.
func TestAnotherRunIsFaster(t *testing.T) {
	dir := t.TempDir()
	input := file(t, "акт", dir, "act.txt")
	j := job(t)
	other := &filesign.Job{Signer: j.Signer, Now: func() time.Time { return now }}
	j.Now = func() time.Time {
		if r := one(other, input); r.Err != nil {
			t.Error(r.Err)
		}
		return now
	}
	if r := one(j, input); r.Err != nil || !r.Already {
		t.Errorf("with the same signature: %+v", r)
	}

	input = file(t, "акт", dir, "second.txt")
	j.Now = func() time.Time { file(t, "precious", input+".cms"); return now }
	if r := one(j, input); !errors.Is(r.Err, filesign.ErrExists) {
		t.Errorf("with something else: %v", r.Err)
	}
	if data, err := os.ReadFile(input + ".cms"); err != nil || string(data) != "precious" {
		t.Errorf("it holds %q, %v", data, err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 4 {
		t.Errorf("left behind: %v", left)
	}
}

func TestSecondRunKnowsItsOwn(t *testing.T) {
	for _, size := range []int{0, 10, 3 << 20} {
		for _, detached := range []bool{false, true} {
			dir := t.TempDir()
			input := file(t, strings.Repeat("x", size), dir, "act.txt")
			j := job(t)
			j.Detached = detached
			first := one(j, input)
			before, err := os.ReadFile(first.Output)
			if first.Err != nil || err != nil {
				t.Fatal(first.Err, err)
			}
			if r := one(j, input); r.Err != nil || !r.Already || r.Output != first.Output {
				t.Errorf("%d octets, detached %v: second run: %+v", size, detached, r)
			}
			if after, err := os.ReadFile(first.Output); err != nil || string(after) != string(before) {
				t.Errorf("the signature was changed: %v", err)
			}

			refuse := func(what string, j *filesign.Job) {
				t.Helper()
				if r := one(j, input); !errors.Is(r.Err, filesign.ErrExists) {
					t.Errorf("%d octets, detached %v: %s: %+v", size, detached, what, r)
				}
			}
			another := job(t)
			another.Detached = detached
			refuse("another key", another)
			refuse("of the other kind", &filesign.Job{Signer: j.Signer, Detached: !detached, Out: first.Output, Now: j.Now})
			for what, content := range map[string]string{
				"another content":          strings.Repeat("x", max(0, size-1)) + "y",
				"content with one more":    strings.Repeat("x", size+1),
				"content with one missing": strings.Repeat("x", max(0, size-1)),
			} {
				if len(content) == size && size == 0 || size == 0 && content == "" {
					continue
				}
				file(t, content, input)
				refuse(what, j)
			}
			file(t, strings.Repeat("x", size), input)
			for what, data := range map[string]string{
				"cut":     string(before[:len(before)-1]),
				"longer":  string(before) + "x",
				"flipped": string(before[:len(before)-1]) + string(before[len(before)-1]^1),
				"empty":   "",
			} {
				file(t, data, first.Output)
				refuse(what, j)
			}
		}
	}
}

// What is taken into memory does not depend on the size of the file.
func TestMemoryIsFlat(t *testing.T) {
	if testing.Short() {
		t.Skip("hashes 192 MB")
	}
	const size, limit = 32 << 20, 8 << 20
	path := file(t, "", t.TempDir(), "large")
	if err := os.Truncate(path, size); err != nil {
		t.Fatal(err)
	}
	for _, detached := range []bool{true, false} {
		j := job(t)
		j.Detached = detached
		one(j, file(t, "warm", t.TempDir(), "up"))
		for _, already := range []bool{false, true} {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			r := one(j, path)
			runtime.ReadMemStats(&after)
			if r.Err != nil || r.Already != already {
				t.Fatalf("%+v", r)
			}
			if n := after.TotalAlloc - before.TotalAlloc; n > limit {
				t.Errorf("detached %v, there already %v: %d octets allocated, want at most %d", detached, already, n, limit)
			}
		}
	}
}
