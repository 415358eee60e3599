package cms_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tanba/internal/cms"
	"tanba/internal/pki"
	"tanba/internal/testdata"
)

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// Everything the original programs made must be judged as the oracles judge it.
func TestPublishedSignatures(t *testing.T) {
	root := testdata.Shared(t)
	var list []struct {
		File       string
		Content    string
		Attached   *bool
		Expect     bool
		Algs       []string
		Signers    []string
		Attributes [][]string `json:"signedAttributes"`
		Timestamp  []*string
	}
	if err := json.Unmarshal(readFile(t, filepath.Join(root, "cms", "expect.json")), &list); err != nil {
		t.Fatal(err)
	}
	for _, want := range list {
		t.Run(strings.TrimPrefix(want.File, "cms/"), func(t *testing.T) {
			sd, err := cms.Parse(readFile(t, filepath.Join(root, want.File)))
			if want.Attached == nil { // not even a container
				if !errors.Is(err, cms.ErrNotSignedData) {
					t.Fatalf("parse: %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if sd.Detached == *want.Attached {
				t.Errorf("detached %v", sd.Detached)
			}
			var content []byte
			if want.Content != "" {
				content = readFile(t, filepath.Join(root, want.Content))
				if _, err := sd.Verify(nil); !errors.Is(err, cms.ErrContentMissing) {
					t.Errorf("without content: %v", err)
				}
			}
			verdicts, err := sd.Verify(content)
			if want.Expect != (err == nil) {
				t.Errorf("verdict %v, want good: %v", err, want.Expect)
			}
			if !want.Expect && !errors.Is(err, cms.ErrDigestMismatch) {
				t.Errorf("wrong content: %v", err)
			}
			if len(verdicts) != len(want.Signers) {
				t.Fatalf("%d signers, want %d", len(verdicts), len(want.Signers))
			}
			for i, v := range verdicts {
				// The oracle does not escape quotation marks.
				if got := strings.ReplaceAll(v.Certificate.Subject.String(), `\"`, `"`); got != want.Signers[i] {
					t.Errorf("signer %q\nwant   %q", got, want.Signers[i])
				}
				if got := v.Signer.SignatureAlgorithm.String(); got != want.Algs[i] {
					t.Errorf("algorithm %s, want %s", got, want.Algs[i])
				}
				if len(v.Signer.SignedAttributes) != len(want.Attributes[i]) {
					t.Errorf("%d signed attributes, want %v", len(v.Signer.SignedAttributes), want.Attributes[i])
				}
				if v.Time.IsZero() {
					t.Error("no signing time")
				}
				if (v.TimestampToken != nil) != (want.Timestamp[i] != nil) {
					t.Errorf("timestamp %v, want %v", v.TimestampToken != nil, want.Timestamp[i] != nil)
				}
				if v.TimestampToken == nil {
					continue
				}
				token, err := cms.Parse(v.TimestampToken)
				if err != nil {
					t.Fatalf("token: %v", err)
				}
				if _, err := token.Verify(nil); err != nil {
					t.Errorf("token: %v", err)
				}
			}
		})
	}
}

// What the vendor's provider made from known inputs, and what the oracle made
// at the higher levels (of which the signature is judged here, not the
// timestamps): every file, by its name.
func TestProviderAndLevels(t *testing.T) {
	root := testdata.Shared(t)
	var files []string
	for _, pattern := range []string{"kalkan/cms/*.cms", "ades/*.cms"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	if len(files) < 36 {
		t.Fatalf("only %d files", len(files))
	}
	for _, file := range files {
		name, _ := filepath.Rel(root, file)
		t.Run(name, func(t *testing.T) {
			content := readFile(t, providerContent(t, root, name))
			sd, err := cms.Parse(readFile(t, file))
			if err != nil {
				t.Fatal(err)
			}
			given := content
			if !sd.Detached {
				given = nil
				if string(sd.Content) != string(content) {
					t.Error("the content inside is another one")
				}
			}
			verdicts, err := sd.Verify(given)
			if err != nil {
				t.Fatal(err)
			}
			if want := 1 + strings.Count(name, "two_"); len(verdicts) != want {
				t.Errorf("%d signers, want %d", len(verdicts), want)
			}
			level := strings.TrimSuffix(name, ".cms")
			level = level[strings.LastIndexByte(level, '_')+1:]
			stamped := level == "t" || level == "lt" || level == "lta"
			if (verdicts[0].TimestampToken != nil) != stamped {
				t.Errorf("timestamp: %v", verdicts[0].TimestampToken != nil)
			}
			if long := level == "lt" || level == "lta"; (len(sd.CRLs) > 0) != long || (len(sd.OtherRevocation) > 0) != (long && strings.Contains(name, "g512")) {
				t.Errorf("revocation data: %d CRLs, %d others", len(sd.CRLs), len(sd.OtherRevocation))
			}

			// A wrong content, and none, must be told apart from a good one.
			if !sd.Detached {
				if _, err := sd.Verify(append(content, 0)); !errors.Is(err, cms.ErrDigestMismatch) {
					t.Errorf("another content: %v", err)
				}
				return
			}
			if _, err := sd.Verify(append(content, 0)); !errors.Is(err, cms.ErrDigestMismatch) {
				t.Errorf("another content: %v", err)
			}
			if _, err := sd.Verify(nil); !errors.Is(err, cms.ErrContentMissing) {
				t.Errorf("no content: %v", err)
			}
			if _, err := sd.VerifyReader(strings.NewReader(string(content))); err != nil {
				t.Errorf("from a reader: %v", err)
			}
			family := verdicts[0].Certificate.PublicKey.Family
			h := family.NewHash()
			h.Write(content)
			if _, err := sd.VerifyDigest(map[pki.Family][]byte{family: h.Sum(nil)}); err != nil {
				t.Errorf("by its digest: %v", err)
			}
			if _, err := sd.VerifyDigest(nil); !errors.Is(err, cms.ErrContentMissing) {
				t.Errorf("by no digest: %v", err)
			}
		})
	}
}

// providerContent is what a file of that name is a signature of.
func providerContent(t testing.TB, root, name string) string {
	t.Helper()
	switch base := filepath.Base(name); {
	case strings.HasPrefix(name, "ades"):
		return filepath.Join(root, "ades", "content.bin")
	case strings.Contains(base, "empty"):
		return filepath.Join(root, "kalkan", "empty.bin")
	case strings.Contains(base, "100k"):
		return filepath.Join(root, "kalkan", "data100k.bin")
	}
	return filepath.Join(root, "kalkan", "data.bin")
}
