package filesign_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"tanba/internal/filesign"
)

// tree is what the tests look for files in.
func tree(t *testing.T) {
	t.Helper()
	t.Chdir(t.TempDir())
	for _, path := range []string{
		"a.txt", "b.pdf", "a.txt.cms", "b.pdf.p7s", ".secret", "key.p12", "key", "docs/a.PFX", "we[i]rd.txt",
		"docs/1.pdf", "docs/2.PDF", "docs/2.P7S", "docs/deep/er/3.pdf", "docs/.git/config", "docs/deep/.x",
		"other/1.pdf", "empty/.keep",
	} {
		file(t, path, filepath.FromSlash(path))
	}
	if runtime.GOOS == "windows" {
		return
	}
	for to, from := range map[string]string{
		"docs/loop":  "..",       // a folder that holds itself
		"linked":     "docs",     // a folder
		"docs/l.pdf": "../b.pdf", // a file
		"docs/gone":  "nowhere",
	} {
		if err := os.Symlink(from, to); err != nil {
			t.Fatal(err)
		}
	}
}

func TestExpand(t *testing.T) {
	tree(t)
	key, err := os.Stat("key")
	if err != nil {
		t.Fatal(err)
	}
	docs := "docs/1.pdf=1.pdf docs/2.PDF=2.PDF docs/deep/er/3.pdf=deep/er/3.pdf docs/gone=gone! docs/l.pdf=l.pdf"
	for _, tt := range []struct{ name, args, want string }{
		{"files as they are named", "b.pdf a.txt docs/1.pdf", "b.pdf=b.pdf a.txt=a.txt docs/1.pdf=1.pdf"},
		{"a named signature, hidden file and key", "a.txt.cms .secret key.p12 key", "a.txt.cms=a.txt.cms .secret=.secret key.p12=key.p12 key=key"},
		{"once each", "a.txt ./a.txt docs/../a.txt", "a.txt=a.txt"},
		{"missing", "none a.txt", "none=none! a.txt=a.txt"},
		{"folder", "docs", docs},
		{"folder, once each", "docs/1.pdf docs", docs},
		{"this folder", ".", "a.txt=a.txt b.pdf=b.pdf " + strings.ReplaceAll(docs, "=", "=docs/") + " other/1.pdf=other/1.pdf we[i]rd.txt=we[i]rd.txt"},
		{"a named link to a folder", "linked", strings.ReplaceAll(docs, "docs/", "linked/")},
		{"nothing in it", "empty", ""},
		{"pattern", "*.txt", "a.txt=a.txt we[i]rd.txt=we[i]rd.txt"},
		{"name that looks like a pattern", "we[i]rd.txt", "we[i]rd.txt=we[i]rd.txt"},
		{"pattern leaves signatures, hidden files and the key", "?????*", "a.txt=a.txt b.pdf=b.pdf other/1.pdf=other/1.pdf we[i]rd.txt=we[i]rd.txt"},
		{"pattern asks for signatures", "*.cms", "a.txt.cms=a.txt.cms"},
		{"pattern asks for keys", "*.p12", "key.p12=key.p12"},
		{"pattern asks for hidden files", ".s*", ".secret=.secret"},
		{"pattern with folders", "docs/*.pdf", "docs/1.pdf=1.pdf docs/l.pdf=l.pdf"},
		{"folders that match", "doc?", strings.ReplaceAll(docs, "=", "=docs/")},
		{"pattern in the middle", "*/1.pdf", "docs/1.pdf=1.pdf other/1.pdf=1.pdf"},
		{"any folders", "**/*.pdf", "b.pdf=b.pdf docs/1.pdf=docs/1.pdf docs/l.pdf=docs/l.pdf docs/deep/er/3.pdf=docs/deep/er/3.pdf other/1.pdf=other/1.pdf"},
		{"any folders below", "docs/**", "docs/1.pdf=1.pdf docs/2.PDF=2.PDF docs/deep/er/3.pdf=deep/er/3.pdf docs/gone=gone! docs/l.pdf=l.pdf"},
		{"nothing matches", "*.doc", "*.doc=_!"},
		{"no pattern", "a[", "a[=_!"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if runtime.GOOS != "linux" {
				t.Skip("the table is for a file system that tells A from a and has links")
			}
			var got []string
			for _, f := range filesign.Expand(strings.Fields(tt.args), key) {
				s := f.Path + "=" + f.Name
				if f.Err != nil {
					s += "!"
				} else if f.Size == 0 {
					t.Errorf("%s: no size", f.Path)
				}
				got = append(got, s)
			}
			want := strings.Fields(tt.want)
			if !slices.Equal(got, want) {
				t.Errorf("got  %v\nwant %v", got, want)
			}
		})
	}
}

func TestExpandSaysWhy(t *testing.T) {
	tree(t)
	for arg, want := range map[string]error{
		"none": fs.ErrNotExist, "*.doc": filesign.ErrNoMatch, "docs/*/*/*/*/x*": filesign.ErrNoMatch, "a[": filesign.ErrNoMatch,
	} {
		if files := filesign.Expand([]string{arg}); len(files) != 1 || !errors.Is(files[0].Err, want) {
			t.Errorf("%s: %+v, want %v", arg, files, want)
		}
	}
	if os.Getuid() > 0 {
		if err := os.Chmod("docs/deep", 0); err != nil {
			t.Fatal(err)
		}
		defer os.Chmod("docs/deep", 0o700)
		files := filesign.Expand([]string{"docs"})
		if !slices.ContainsFunc(files, func(f filesign.File) bool { return errors.Is(f.Err, fs.ErrPermission) }) {
			t.Errorf("a folder that cannot be read is not named: %+v", files)
		}
	}
}

func TestCollisions(t *testing.T) {
	f := func(path, name string) filesign.File { return filesign.File{Path: path, Name: name} }
	for _, tt := range []struct {
		name  string
		job   *filesign.Job
		files []filesign.File
		want  []string
	}{
		{"beside the files", &filesign.Job{}, []filesign.File{f("a/1", "1"), f("b/1", "1")}, nil},
		{"in one folder", &filesign.Job{OutDir: "out"}, []filesign.File{f("a/1", "1"), f("b/2", "2"), f("b/1", "1"), f("c/1", "1")}, []string{
			"filesign: a/1 and b/1 would both be written to out/1.cms", "filesign: a/1 and c/1 would both be written to out/1.cms"}},
		{"one output for all", &filesign.Job{Out: "x"}, []filesign.File{f("1", "1"), f("2", "2")}, []string{"filesign: 1 and 2 would both be written to x"}},
		{"where a folder must be", &filesign.Job{OutDir: "out"}, []filesign.File{f("d/x.cms/1", "x.cms/1"), f("d/x", "x")}, []string{
			"filesign: d/x.cms/1 and d/x would both be written to out/x.cms"}},
		{"what is none does not count", &filesign.Job{OutDir: "out"}, []filesign.File{f("a/1", "1"), {Path: "b/1", Name: "1", Err: fs.ErrNotExist}}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, c := range tt.job.Collisions(tt.files) {
				got = append(got, filepath.ToSlash(c.Error()))
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
