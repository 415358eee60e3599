package xmldsig

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tanba/internal/testdata"
)

var methods = map[string]Method{
	"c14n":          {},
	"c14n-comments": {Comments: true},
	"exc":           {Exclusive: true},
	"exc-comments":  {Exclusive: true, Comments: true},
}

// The JDK and libxml2 agree on every file of this corpus.
func TestCanonicalCorpus(t *testing.T) {
	outputs, err := filepath.Glob(filepath.Join(testdata.Shared(t, "vectors", "c14n"), "*.out"))
	if err != nil || len(outputs) == 0 {
		t.Fatal("no corpus", err)
	}
	for _, path := range outputs {
		name := strings.TrimSuffix(filepath.Base(path), ".out")
		t.Run(name, func(t *testing.T) {
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			base, rest, _ := strings.Cut(name, ".")
			method, _, sub := strings.Cut(rest, ".")
			src, err := os.ReadFile(filepath.Join(filepath.Dir(path), base+".xml"))
			if err != nil {
				t.Fatal(err)
			}
			d, err := Parse(src)
			if err != nil {
				t.Fatal(err)
			}
			var got bytes.Buffer
			if sub {
				err = d.CanonicalizeElement(&got, "t", methods[method])
			} else {
				err = d.Canonicalize(&got, methods[method])
			}
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got.Bytes(), want) {
				t.Errorf("got  %q\nwant %q", got.Bytes(), want)
			}
		})
	}
}
