package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
)

func TestRequestsAndRepliesComeBack(t *testing.T) {
	request := &Request{
		ID: 1 << 31, Op: Generate, Slot: 240355295, Session: 1<<64 - 1, Object: 3, Mechanism: 0xD4321005, Flags: 7, Size: 128,
		Data: []byte("1234"), Types: []uint64{0, 0x250}, Public: []Attribute{{0x100, []byte{0, 0, 0, 0, 0, 0, 0, 1}}}, Private: []Attribute{{3, nil}, {0x102, []byte("id")}},
	}
	reply := &Reply{ID: 9, Code: 0xA0, Text: "why", Numbers: []uint64{1, 1 << 63}, Octets: [][]byte{[]byte("a"), nil}}
	pipe := bytes.NewReader(reply.Append(request.Append(nil)))
	body, err := ReadFrame(pipe)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := ParseRequest(body); err != nil || !reflect.DeepEqual(got, request) {
		t.Fatalf("%+v, %v; want %+v", got, err, request)
	}
	if body, err = ReadFrame(pipe); err != nil {
		t.Fatal(err)
	}
	if got, err := ParseReply(body); err != nil || !reflect.DeepEqual(got, reply) {
		t.Fatalf("%+v, %v; want %+v", got, err, reply)
	}
	if _, err := ReadFrame(pipe); err != io.EOF {
		t.Fatalf("at the end: %v", err)
	}
}

func TestReadFrameRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		octets []byte
		want   error
	}{
		"header cut short": {[]byte{0, 0}, io.ErrUnexpectedEOF},
		"no body":          {[]byte{0, 0, 0, 2}, io.ErrUnexpectedEOF},
		"body cut short":   {[]byte{0, 0, 0, 2, 1}, io.ErrUnexpectedEOF},
		"too long":         {binary.BigEndian.AppendUint32(nil, MaxFrame+1), ErrFrame},
	} {
		if _, err := ReadFrame(bytes.NewReader(c.octets)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	good := (&Request{ID: 1, Op: Slots}).Append(nil)[4:]
	for name, body := range map[string]string{
		"empty":             "",
		"trailing octet":    string(good) + "x",
		"cut short":         string(good[:len(good)-1]),
		"no such operation": "\x01\x00" + strings.Repeat("\x00", 10),
		"long list":         "\x01\x02\x00\x00\x00\x00\x00\x00\x00\xff\xff\xff\xff\x0f\x00\x00",
		"number in two":     "\x81\x00\x02" + strings.Repeat("\x00", 10),
		"number too long":   strings.Repeat("\xff", 11),
		"id of 33 bits":     "\x80\x80\x80\x80\x10\x02" + strings.Repeat("\x00", 10),
	} {
		if _, err := ParseRequest([]byte(body)); !errors.Is(err, ErrFrame) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := ParseReply([]byte("\x01\x00\x05abc")); !errors.Is(err, ErrFrame) {
		t.Errorf("reply: %v", err)
	}
}

// The octets either side reads come from a process that holds a vendor's code.
func FuzzParse(f *testing.F) {
	f.Add((&Request{ID: 1, Op: Sign, Data: make([]byte, 64), Types: []uint64{1}, Public: []Attribute{{1, []byte("v")}}}).Append(nil)[4:])
	f.Add((&Reply{ID: 1, Code: 0xA0, Text: "t", Numbers: []uint64{1, 2}, Octets: [][]byte{[]byte("o")}}).Append(nil)[4:])
	f.Fuzz(func(t *testing.T, body []byte) {
		if q, err := ParseRequest(body); err == nil && !bytes.Equal(q.Append(nil)[4:], body) {
			t.Errorf("request %x is written back as %x", body, q.Append(nil)[4:])
		}
		if r, err := ParseReply(body); err == nil && !bytes.Equal(r.Append(nil)[4:], body) {
			t.Errorf("reply %x is written back as %x", body, r.Append(nil)[4:])
		}
		if got, err := ReadFrame(bytes.NewReader(body)); err == nil && len(got) > len(body) {
			t.Error("a frame longer than what was read")
		}
	})
}
