package main

import (
	"bytes"
	"compress/zlib"
	"crypto/sha1"
	"encoding/binary"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

func file(t *testing.T, name string) string {
	t.Helper()
	var out bytes.Buffer
	if err := run([]string{name}, &out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// Every verb of the program is in the manual and in each completion.
func TestEveryVerb(t *testing.T) {
	source, err := os.ReadFile(filepath.Join("..", "..", "..", "cmd", "tanba", "main.go"))
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`\{"([a-z]+)", [a-zA-Z]+\},`).FindAllStringSubmatch(string(source), -1)
	if len(found) < 10 {
		t.Fatalf("%d verbs found in the program", len(found))
	}
	for _, name := range []string{"man", "bash", "zsh", "fish"} {
		text := file(t, name)
		for _, m := range found {
			if !strings.Contains(text, m[1]) {
				t.Errorf("%s does not know %s", name, m[1])
			}
		}
	}
}

func TestUnitAndDesktop(t *testing.T) {
	if text := file(t, "unit"); !strings.Contains(text, "ExecStart=/usr/bin/tanba") || !strings.Contains(text, "WantedBy=graphical-session.target") {
		t.Error(text)
	}
	if text := file(t, "desktop"); !strings.Contains(text, "X-systemd-skip=true") {
		t.Error(text)
	}
}

// The shells themselves judge the completions, and man the manual.
func TestShells(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "tanba")
	if err := os.WriteFile(path, []byte(file(t, "bash")), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("bash", "-c", "source "+path+` && COMP_WORDS=(tanba si) COMP_CWORD=1 && _tanba && echo "${COMPREPLY[@]}" && COMP_WORDS=(tanba sign --deta) COMP_CWORD=2 && _tanba && echo "${COMPREPLY[@]}"`).CombinedOutput()
	if err != nil || string(out) != "sign\n--detached\n" {
		t.Errorf("%v: %s", err, out)
	}
}

func TestSBOM(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := run([]string{"sbom", self}, &out); err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Components []struct{ Name, Version string }
	}
	if err := json.Unmarshal(out.Bytes(), &doc); err != nil || len(doc.Components) == 0 {
		t.Errorf("%v: %s", err, out.String())
	}
}

// Two archives made at two times are one afterwards, and still an archive.
func TestSettle(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "1700000000")
	archive := func(moment string) []byte {
		list := "<xar><toc><creation-time>" + moment + "</creation-time><length>8</length><offset>20</offset></toc></xar>"
		var b bytes.Buffer
		z := zlib.NewWriter(&b)
		z.Write([]byte(list))
		z.Close()
		header := append([]byte("xar!"), 0, 28, 0, 1)
		header = binary.BigEndian.AppendUint64(header, uint64(b.Len()))
		header = binary.BigEndian.AppendUint64(header, uint64(len(list)))
		header = binary.BigEndian.AppendUint32(header, 1)
		sum := sha1.Sum(b.Bytes())
		return append(append(append(header, b.Bytes()...), sum[:]...), "contents"+moment...)
	}
	one, err := settleXAR(archive("2026-11-23T20:00:00"))
	if err != nil {
		t.Fatal(err)
	}
	two, err := settleXAR(archive("2027-01-02T03:04:05"))
	if err != nil || !bytes.Equal(one, two) || !bytes.HasSuffix(one, []byte("contents")) {
		t.Errorf("%v: %q, %q", err, one, two)
	}
	if _, err := settleXAR(one[:40]); err == nil {
		t.Error("half an archive was settled")
	}
	code := "{00000000-1111-5222-A333-444444444444}"
	summary := func(code string, seconds int64) []byte {
		b := append([]byte("........"), 0xe0, 0x85, 0x9f, 0xf2, 0xf9, 0x4f, 0x68, 0x10, 0xab, 0x91, 0x08, 0, 0x2b, 0x27, 0xb3, 0xd9)
		b = append(b, code...)
		b = append(b, 0, 0) // aligned
		b = binary.LittleEndian.AppendUint32(b, 0x40)
		return binary.LittleEndian.AppendUint64(b, fileTime(time.Unix(seconds, 0)))
	}
	got := summary("{FEDCBA98-1111-2222-3333-444444444444}", 1790000000)
	if err := settleMSI(got, code); err != nil || !bytes.Equal(got, summary(code, 1700000000)) {
		t.Errorf("%v: %q", err, got)
	}
	if err := settleMSI([]byte("nothing"), code); err == nil || err.Error() != "no summary" {
		t.Error(err)
	}
}
