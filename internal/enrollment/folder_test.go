package enrollment

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// The file as xdg-user-dirs-update writes it in Kazakh.
const kazakhDirectories = `# This file is written by xdg-user-dirs-update
# If you want to change or add directories, just edit the line you're
# interested in. All local changes will be retained on the next run.
# Format is XDG_xxx_DIR="$HOME/yyy", where yyy is a shell-escaped
# homedir-relative path, or XDG_xxx_DIR="/yyy", where /yyy is an
# absolute path. No other format is supported.
#
XDG_DESKTOP_DIR="$HOME/Жұмыс үстелі"
XDG_DOWNLOAD_DIR="$HOME/Жүктемелер"
XDG_DOCUMENTS_DIR="$HOME/Құжаттар"
XDG_PICTURES_DIR="$HOME/Суреттер"
`

var userDirectories = []struct{ name, data, want string }{
	{"Kazakh", kazakhDirectories, "/home/a/Құжаттар"},
	{"Russian", `XDG_DOCUMENTS_DIR="$HOME/Документы"`, "/home/a/Документы"},
	{"another disk", `XDG_DOCUMENTS_DIR="/mnt/data/docs"`, "/mnt/data/docs"},
	{"blanks", "\t XDG_DOCUMENTS_DIR = \"$HOME/My documents\" \r\n", "/home/a/My documents"},
	{"escaped", `XDG_DOCUMENTS_DIR="$HOME/a\"b\\c\$d"`, `/home/a/a"b\c$d`},
	{"the last line counts", "XDG_DOCUMENTS_DIR=\"$HOME/a\"\nXDG_DOCUMENTS_DIR=\"$HOME/b\"\n", "/home/a/b"},
	{"a bad last line does not", "XDG_DOCUMENTS_DIR=\"$HOME/a\"\nXDG_DOCUMENTS_DIR=nothing\n", "/home/a/a"},
	{"what follows the quote", `XDG_DOCUMENTS_DIR="$HOME/a" # mine`, "/home/a/a"},
	{"up and down", `XDG_DOCUMENTS_DIR="$HOME/../b/./c/"`, "/home/b/c"},
	{"switched off", `XDG_DOCUMENTS_DIR="$HOME/"`, ""},
	{"switched off, too", `XDG_DOCUMENTS_DIR="$HOME"`, ""},
	{"commented", `#XDG_DOCUMENTS_DIR="$HOME/a"`, ""},
	{"no quotes", `XDG_DOCUMENTS_DIR=$HOME/a`, ""},
	{"no end", `XDG_DOCUMENTS_DIR="$HOME/a`, ""},
	{"relative", `XDG_DOCUMENTS_DIR="a/b"`, ""},
	{"another home", `XDG_DOCUMENTS_DIR="$HOMES/b"`, ""},
	{"another variable", `XDG_DOCUMENTS_DIR="$XDG_DATA_HOME/b"`, ""},
	{"a command is no command", `XDG_DOCUMENTS_DIR="$HOME/$(id)"`, "/home/a/$(id)"},
	{"another name", `MY_XDG_DOCUMENTS_DIR="$HOME/a"`, ""},
	{"a zero octet", "XDG_DOCUMENTS_DIR=\"$HOME/a\x00b\"", ""},
	{"nothing", "", ""},
}

func TestUserDirectory(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no desktop there has the file")
	}
	for _, c := range userDirectories {
		if got := userDirectory([]byte(c.data), "XDG_DOCUMENTS_DIR", "/home/a"); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func FuzzUserDirectory(f *testing.F) {
	for _, c := range userDirectories {
		f.Add([]byte(c.data))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got := userDirectory(data, "XDG_DOCUMENTS_DIR", "/home/a")
		if got != "" && (!filepath.IsAbs(got) || got != filepath.Clean(got) || strings.ContainsRune(got, 0) || got == "/home/a") {
			t.Errorf("%q", got)
		}
	})
}

// TestFolder: the folder is one of its own, where the documents are.
func TestFolder(t *testing.T) {
	home := t.TempDir()
	docs, cloud := filepath.Join(home, "Құжаттар"), filepath.Join(home, "OneDrive")
	inCloud := filepath.Join(cloud, "Документы")
	for _, dir := range []string{docs, inCloud} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(home, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, documents string
		copied          []string
		want            string
	}{
		{"documents", docs, nil, docs},
		{"not there", filepath.Join(home, "none"), nil, home},
		{"a file", file, nil, home},
		{"not named", "", nil, home},
		{"copied elsewhere", inCloud, []string{"", cloud}, home},
		{"copied itself", cloud, []string{cloud}, home},
		{"something else is copied", docs, []string{cloud, cloud + "2", filepath.Join(docs, "x"), ""}, docs},
		{"a neighbour's name", docs, []string{docs[:len(docs)-2]}, docs},
	} {
		if got, want := folderIn(home, c.documents, c.copied), filepath.Join(c.want, "Tanba keys"); got != want {
			t.Errorf("%s: %q, want %q", c.name, got, want)
		}
	}
}

// TestFolderOfThisSystem: what the system says is believed.
func TestFolderOfThisSystem(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("USERPROFILE", home)
	t.Setenv("XDG_CONFIG_HOME", "")
	if got := Folder(); !filepath.IsAbs(got) || filepath.Base(got) != "Tanba keys" {
		t.Errorf("%q", got)
	}
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		return
	}
	want := filepath.Join(home, "Құжаттар")
	for _, config := range []string{"", filepath.Join(home, "elsewhere")} {
		t.Setenv("XDG_CONFIG_HOME", config)
		if config == "" {
			config = filepath.Join(home, ".config")
		}
		for _, dir := range []string{want, config} {
			if err := os.MkdirAll(dir, 0o700); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(filepath.Join(config, "user-dirs.dirs"), []byte(kazakhDirectories), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := Folder(); got != filepath.Join(want, "Tanba keys") {
			t.Errorf("%q", got)
		}
		os.Remove(filepath.Join(config, "user-dirs.dirs"))
	}
	t.Setenv("HOME", "")
	if got := Folder(); got != "" {
		t.Errorf("without a home: %q", got)
	}
}
