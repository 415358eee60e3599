package bridge

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"

	"tanba/internal/state"
)

// spool holds one document until all of it is there: up to spoolMemory in
// memory, the rest in a file that has no name. The file is encrypted with a key
// that lives as long as the document, in memory: of a document that only passed
// through, nothing readable stays on the disk.
type spool struct {
	dir   state.Dir // "" = the system's place for temporary files
	limit int64

	head   []byte // the beginning
	piece  []byte // of the rest, on its way
	file   *os.File
	stream cipher.Block
	iv     [aes.BlockSize]byte
	rest   int64 // octets in file
}

const (
	spoolMemory = 1 << 20
	spoolPiece  = 64 << 10
)

var (
	errSpool      = errors.New("bridge: the document cannot be put aside")
	errSpoolLimit = errors.New("bridge: the document is over the limit")
)

// fill takes all that r gives. Errors of r are returned as they are.
func (s *spool) fill(r io.Reader) error {
	for {
		if len(s.head) == cap(s.head) {
			if cap(s.head) >= spoolMemory {
				break
			}
			grown := make([]byte, len(s.head), max(16<<10, 4*cap(s.head)))
			copy(grown, s.head)
			clear(s.head)
			s.head = grown
		}
		n, err := r.Read(s.head[len(s.head):cap(s.head)])
		s.head = s.head[:len(s.head)+n]
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return s.fillFile(r)
}

func (s *spool) fillFile(r io.Reader) error {
	if s.piece == nil {
		s.piece = make([]byte, spoolPiece)
	}
	var encrypt cipher.Stream
	for {
		n, err := r.Read(s.piece)
		if n > 0 {
			if s.size()+int64(n) > s.limit {
				return fmt.Errorf("%w of %d bytes", errSpoolLimit, s.limit)
			}
			if s.file == nil {
				var failed error
				if encrypt, failed = s.open(); failed != nil {
					return fmt.Errorf("%w: %w", errSpool, failed)
				}
			}
			encrypt.XORKeyStream(s.piece[:n], s.piece[:n])
			if _, err := s.file.Write(s.piece[:n]); err != nil {
				return fmt.Errorf("%w: %w", errSpool, err)
			}
			s.rest += int64(n)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (s *spool) open() (cipher.Stream, error) {
	dir := string(s.dir)
	if dir == "" {
		dir = os.TempDir()
	}
	file, err := unnamedFile(dir)
	if err != nil {
		return nil, err
	}
	s.file = file
	var key [32]byte
	defer clear(key[:])
	rand.Read(key[:])
	rand.Read(s.iv[:])
	if s.stream, err = aes.NewCipher(key[:]); err != nil {
		return nil, err
	}
	return cipher.NewCTR(s.stream, s.iv[:]), nil
}

func (s *spool) size() int64 { return int64(len(s.head)) + s.rest }

// whole returns the document if it is in memory; it is valid until clear.
func (s *spool) whole() ([]byte, bool) { return s.head, s.file == nil }

// reader gives the document from its beginning.
func (s *spool) reader() (io.Reader, error) {
	if s.file == nil {
		return bytes.NewReader(s.head), nil
	}
	if _, err := s.file.Seek(0, io.SeekStart); err != nil {
		return nil, fmt.Errorf("%w: %w", errSpool, err)
	}
	rest := cipher.StreamReader{S: cipher.NewCTR(s.stream, s.iv[:]), R: s.file}
	return io.MultiReader(bytes.NewReader(s.head), rest), nil
}

// clear forgets the document; the spool can be filled again.
func (s *spool) clear() {
	clear(s.head)
	clear(s.piece)
	s.head = s.head[:0]
	if s.file != nil {
		s.file.Close()
	}
	s.file, s.stream, s.rest = nil, nil, 0
}
