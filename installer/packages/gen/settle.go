package main

import (
	"bytes"
	"compress/zlib"
	"crypto/sha1" // what the format prescribes
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"time"
)

// settle takes out of a package what its maker wrote of the moment and of chance,
// so that two builds are equal: the time in the list of contents of a xar archive;
// the time and the package code in the summary of an MSI, which becomes code.
func settle(path, code string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	switch {
	case bytes.HasPrefix(data, []byte("xar!")):
		data, err = settleXAR(data)
	case code != "":
		err = settleMSI(data, code)
	default:
		err = fmt.Errorf("neither a xar archive nor, with a package code, an MSI")
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return os.WriteFile(path, data, 0o644)
}

var (
	created = regexp.MustCompile(`<creation-time>[^<]*</creation-time>`)
	stored  = regexp.MustCompile(`<length>(\d+)</length>\s*<offset>(\d+)</offset>`)
)

// settleXAR: a header, a deflated list of contents, and the heap, which begins
// with the list's SHA-1.
func settleXAR(data []byte) ([]byte, error) {
	if len(data) < 28 {
		return nil, io.ErrUnexpectedEOF
	}
	header := int(binary.BigEndian.Uint16(data[4:]))
	size := binary.BigEndian.Uint64(data[8:])
	if header < 28 || header > len(data) || size > uint64(len(data)-header) || len(data)-header-int(size) < sha1.Size {
		return nil, io.ErrUnexpectedEOF
	}
	z, err := zlib.NewReader(bytes.NewReader(data[header:][:size]))
	if err != nil {
		return nil, err
	}
	list, err := io.ReadAll(z)
	if err != nil {
		return nil, err
	}
	if !created.Match(list) {
		return nil, fmt.Errorf("no creation time")
	}
	list = created.ReplaceAll(list, []byte(date().Format("<creation-time>2006-01-02T15:04:05</creation-time>")))
	var out bytes.Buffer
	out.Write(data[:header])
	w := zlib.NewWriter(&out)
	w.Write(list)
	if err := w.Close(); err != nil {
		return nil, err
	}
	sum := sha1.Sum(out.Bytes()[header:])
	binary.BigEndian.PutUint64(out.Bytes()[8:], uint64(out.Len()-header))
	binary.BigEndian.PutUint64(out.Bytes()[16:], uint64(len(list)))
	out.Write(sum[:])
	// What follows the last file is what lay in the maker's memory.
	end := sha1.Size
	for _, m := range stored.FindAllSubmatch(list, -1) {
		length, err1 := strconv.Atoi(string(m[1]))
		offset, err2 := strconv.Atoi(string(m[2]))
		if err := errors.Join(err1, err2); err != nil {
			return nil, err
		}
		end = max(end, offset+length)
	}
	heap := data[header+int(size):]
	if end > len(heap) {
		return nil, io.ErrUnexpectedEOF
	}
	out.Write(heap[sha1.Size:end])
	return out.Bytes(), nil
}

var guid = regexp.MustCompile(`\{[0-9A-Fa-f-]{36}\}`)

// settleMSI finds the summary by its format identifier; it is one short stream.
func settleMSI(data []byte, code string) error {
	const format = "e0859ff2f94f6810ab9108002b27b3d9"
	id, err := hex.DecodeString(format)
	if err != nil {
		return err
	}
	at := bytes.Index(data, id)
	if at < 0 {
		return fmt.Errorf("no summary")
	}
	summary := data[at:min(at+2048, len(data))]
	place := guid.FindIndex(summary)
	if place == nil || !guid.MatchString(code) || len(code) != 38 {
		return fmt.Errorf("no package code")
	}
	copy(summary[place[0]:], code)
	moment := binary.LittleEndian.AppendUint64(nil, fileTime(date()))
	found := false
	for i := 0; i+12 <= len(summary); i += 4 { // values are aligned
		at := summary[i:]
		if binary.LittleEndian.Uint32(at) != 0x40 { // VT_FILETIME
			continue
		}
		year := time.Unix(int64(binary.LittleEndian.Uint64(at[4:])/1e7)-secondsTo1970, 0).Year()
		if year >= 2020 && year < 2120 {
			copy(at[4:], moment)
			found = true
		}
	}
	if !found {
		return fmt.Errorf("no time in the summary")
	}
	return nil
}

// secondsTo1970 are those from 1601, when Windows begins to count.
const secondsTo1970 = 11644473600

func fileTime(t time.Time) uint64 { return uint64(t.Unix()+secondsTo1970) * 1e7 }
