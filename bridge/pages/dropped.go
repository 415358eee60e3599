package pages

import (
	"encoding/binary"
	"encoding/json"
	"io"
)

// Bounds of what is dropped at once. Everything is in memory while it is judged.
const (
	maxDropped      = 100 << 20
	maxDroppedFiles = 100
)

// dropped are the files of one request: the length of a JSON header as 32 bits,
// big endian, the header, and the octets of the files one after the other.
type dropped struct {
	Online bool          `json:"online"`
	Files  []droppedFile `json:"files"`
}

type droppedFile struct {
	Name string `json:"name"`
	Size int64  `json:"size"`
	data []byte
}

// readDropped reads them. What is announced is checked before it is believed.
func readDropped(r io.Reader) (*dropped, error) {
	bad := &Fault{Key: "pages.failed"}
	var length uint32
	if err := binary.Read(r, binary.BigEndian, &length); err != nil || length > maxBody {
		return nil, bad
	}
	header := make([]byte, length)
	if _, err := io.ReadFull(r, header); err != nil {
		return nil, bad
	}
	var d dropped
	if err := json.Unmarshal(header, &d); err != nil || len(d.Files) == 0 {
		return nil, bad
	}
	if len(d.Files) > maxDroppedFiles {
		return nil, &Fault{Key: "pages.verify.too_many", Args: []any{maxDroppedFiles}}
	}
	var total int64
	for _, f := range d.Files {
		if f.Size < 0 || f.Size > maxDropped {
			return nil, &Fault{Key: "pages.verify.too_large"}
		}
		if total += f.Size; total > maxDropped {
			return nil, &Fault{Key: "pages.verify.too_large"}
		}
	}
	for i := range d.Files {
		f := &d.Files[i]
		var err error
		if f.data, err = io.ReadAll(io.LimitReader(r, f.Size)); err != nil || int64(len(f.data)) != f.Size {
			return nil, bad
		}
	}
	if n, _ := r.Read(make([]byte, 1)); n != 0 {
		return nil, bad
	}
	return &d, nil
}
