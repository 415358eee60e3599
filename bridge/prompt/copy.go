package prompt

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
)

// A document that the window cannot show may be opened in the person's own viewer:
// as a copy of the very octets that are signed, in a folder of the person's, that
// nobody can change and that goes away with the window. Its name is ours, never
// the site's: what a system does with a file, it decides by the name.

// extension is the ending of a copy, by what the octets are; "" = such a document
// is not handed to other programs.
func extension(d Document) string {
	head := d.Data[:min(len(d.Data), 4096)]
	switch d.Kind {
	case "pdf":
		return ".pdf"
	case "image":
		for magic, ext := range map[string]string{"\x89PNG": ".png", "\xff\xd8\xff": ".jpg", "GIF8": ".gif", "II*\x00": ".tif", "MM\x00*": ".tif"} {
			if bytes.HasPrefix(head, []byte(magic)) {
				return ext
			}
		}
	case "office":
		for mark, ext := range map[string]string{
			"word/": ".docx", "xl/": ".xlsx", "ppt/": ".pptx", "opendocument.text": ".odt", "opendocument.spreadsheet": ".ods", "opendocument.presentation": ".odp",
		} {
			if bytes.Contains(head, []byte(mark)) {
				return ext
			}
		}
	}
	return ""
}

// copyable reports whether a copy of a document can be opened.
func (s *session) copyable(d Document) bool {
	return s.o.OpenFile != nil && len(d.Data) > 0 && extension(d) != ""
}

func (s *session) serveCopy(w http.ResponseWriter, r *http.Request) {
	var in struct{ Document int }
	if !read(w, r, &in) {
		return
	}
	if in.Document < 0 || in.Document >= len(s.r.Documents) || !s.copyable(s.r.Documents[in.Document]) {
		refused(w, http.StatusNotFound, "document")
		return
	}
	if err := s.openCopy(in.Document); err != nil {
		s.o.Log.Warn("prompt: a copy of a document was not opened", "error", err)
		refused(w, http.StatusConflict, "copy")
		return
	}
	reply(w, struct{}{})
}

func (s *session) openCopy(i int) error {
	s.mu.Lock()
	if s.over {
		s.mu.Unlock()
		return errors.New("the octets are gone")
	}
	s.copies.Add(1) // Approve does not return before it is done
	dir, err := s.folder, error(nil)
	if dir == "" {
		if dir, err = copyFolder(s.o.Copies); err == nil {
			s.folder = dir
		}
	}
	s.mu.Unlock()
	defer s.copies.Done()
	if err != nil {
		return err
	}
	d := s.r.Documents[i]
	path := filepath.Join(dir, "document-"+strconv.Itoa(i+1)+extension(d))
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o400)
	if errors.Is(err, os.ErrExist) {
		return s.o.OpenFile(path)
	}
	if err != nil {
		return fmt.Errorf("prompt: %w", err)
	}
	if _, err := f.Write(d.Data); err != nil {
		f.Close()
		return fmt.Errorf("prompt: %w", err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("prompt: %w", err)
	}
	return s.o.OpenFile(path)
}

func copyFolder(parent string) (string, error) {
	if parent != "" {
		if err := os.MkdirAll(parent, 0o700); err != nil {
			return "", fmt.Errorf("prompt: %w", err)
		}
	}
	dir, err := os.MkdirTemp(parent, "tanba-copy-")
	if err != nil {
		return "", fmt.Errorf("prompt: %w", err)
	}
	return dir, nil
}

// removeCopies takes the copies away. A system that does not delete open files
// keeps one until the next start.
func (s *session) removeCopies() {
	s.mu.Lock()
	dir := s.folder
	s.folder = ""
	s.mu.Unlock()
	if dir == "" {
		return
	}
	if err := os.RemoveAll(dir); err != nil {
		s.o.Log.Warn("prompt: copies of documents were left behind", "error", err)
	}
}
