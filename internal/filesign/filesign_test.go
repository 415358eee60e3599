package filesign_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"tanba/internal/cms"
	"tanba/internal/filesign"
	"tanba/internal/pki"
	"tanba/internal/testpki"
)

var now = time.Date(2026, time.November, 23, 12, 0, 0, 0, time.UTC)

func job(t *testing.T) *filesign.Job {
	t.Helper()
	authority, err := testpki.New(nil, now)
	if err != nil {
		t.Fatal(err)
	}
	id, err := authority.Issue(testpki.Profile{
		Family: pki.GOST512, CommonName: "ТЕСТОВ ТЕСТ", Surname: "ТЕСТОВ", IIN: "123456789011",
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(1, 0, 0),
	})
	if err != nil {
		t.Fatal(err)
	}
	signer, err := cms.NewSigner(id.Key, id.Certificate)
	if err != nil {
		t.Fatal(err)
	}
	return &filesign.Job{Signer: signer, Now: func() time.Time { return now }}
}

func TestSignWritesBesideTheFile(t *testing.T) {
	for _, test := range []struct {
		name     string
		detached bool
		ext      string
	}{{"attached", false, ".cms"}, {"detached", true, ".p7s"}} {
		t.Run(test.name, func(t *testing.T) {
			input := filepath.Join(t.TempDir(), "act.txt")
			content := []byte("акт")
			if err := os.WriteFile(input, content, 0o600); err != nil {
				t.Fatal(err)
			}
			j := job(t)
			j.Detached = test.detached
			output, err := j.Sign(input)
			if err != nil || output != input+test.ext {
				t.Fatalf("Sign = %q, %v", output, err)
			}
			data, err := os.ReadFile(output)
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
				beside = content
			}
			verified, err := sd.Verify(beside)
			if err != nil || len(verified) != 1 || verified[0].Err != nil || !verified[0].Time.Equal(now) {
				t.Fatalf("Verify = %+v, %v", verified, err)
			}
			left, err := os.ReadDir(filepath.Dir(input))
			if err != nil || len(left) != 2 {
				t.Fatalf("the folder holds %v, %v; want the file and its signature", left, err)
			}
		})
	}
}

func TestSignNeverOverwrites(t *testing.T) {
	dir := t.TempDir()
	input := filepath.Join(dir, "act.txt")
	if err := os.WriteFile(input, []byte("акт"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(input+".cms", []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := job(t).Sign(input); !errors.Is(err, filesign.ErrExists) {
		t.Fatalf("err = %v, want ErrExists", err)
	}
	// A dangling link is a taken name too.
	if err := os.Remove(input + ".cms"); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(dir, "elsewhere"), input+".cms"); err != nil {
		t.Fatal(err)
	}
	if _, err := job(t).Sign(input); !errors.Is(err, filesign.ErrExists) {
		t.Fatalf("err = %v, want ErrExists", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "elsewhere")); !errors.Is(err, fs.ErrNotExist) {
		t.Fatal("wrote through a link")
	}
}

func TestSignRefuses(t *testing.T) {
	dir := t.TempDir()
	j := job(t)
	if _, err := j.Sign(filepath.Join(dir, "missing")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
	j.OutDir = dir
	if _, err := j.Sign(dir); !errors.Is(err, filesign.ErrNotRegular) {
		t.Errorf("folder: %v", err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}
