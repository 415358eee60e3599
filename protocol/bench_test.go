package protocol

import (
	"bytes"
	"encoding/base64"
	"testing"
)

// bulk makes a request with n documents of size octets each.
func bulk(n, size int) []byte {
	var b bytes.Buffer
	b.WriteString(`{"module":"kz.gov.pki.knca.basics","method":"sign","args":{"format":"cms","data":[`)
	document := base64.StdEncoding.EncodeToString(fakeSignatures(1, size)[0])
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(`"` + document + `"`)
	}
	b.WriteString(`],"signingParams":{"decode":true},"signerParams":{"extKeyUsageOids":[]}}}`)
	return b.Bytes()
}

// Memory beyond the frame: the list of values and the list of documents, not
// the documents.
func TestBulkAllocations(t *testing.T) {
	frame := bulk(maxItems, 300)
	work := make([]byte, len(frame))
	var c *Call
	if n := testing.AllocsPerRun(1, func() { copy(work, frame); c = Decode(work) }); n > 200 {
		t.Errorf("Decode of %d documents: %v allocations", maxItems, n)
	}
	op, ok := c.Op.(SignCMS)
	if !ok || len(op.Documents) != maxItems || len(op.Documents[maxItems-1]) != 300 {
		t.Fatalf("%T", c.Op)
	}
	res := Signatures{Values: fakeSignatures(maxItems, 300)}
	var reply []byte
	if n := testing.AllocsPerRun(1, func() { reply = c.AppendReply(nil, res, nil) }); n > 4 {
		t.Errorf("AppendReply without room: %v allocations", n)
	}
	if n := testing.AllocsPerRun(1, func() { reply = c.AppendReply(reply[:0], res, nil) }); n > 2 {
		t.Errorf("AppendReply with room: %v allocations", n)
	}
	if got := answer(t, string(bulk(maxItems+1, 1))); got != brokenObject {
		t.Errorf("%.100s", got)
	}
}

func BenchmarkDecode1000x10KB(b *testing.B) {
	frame := bulk(1000, 10_000)
	work := make([]byte, len(frame))
	b.SetBytes(int64(len(frame)))
	b.ReportAllocs()
	for b.Loop() {
		copy(work, frame)
		if Decode(work).Op == nil {
			b.Fatal("no operation")
		}
	}
}

func BenchmarkDecode64MB(b *testing.B) {
	frame := bulk(1, 48<<20)
	work := make([]byte, len(frame))
	b.SetBytes(int64(len(frame)))
	b.ReportAllocs()
	for b.Loop() {
		copy(work, frame)
		if Decode(work).Op == nil {
			b.Fatal("no operation")
		}
	}
}

func BenchmarkAppendReply10000(b *testing.B) {
	c := Decode(bulk(maxItems, 10))
	res := Signatures{Values: fakeSignatures(maxItems, 1500)}
	var reply []byte
	b.ReportAllocs()
	for b.Loop() {
		reply = c.AppendReply(reply[:0], res, nil)
	}
	b.SetBytes(int64(len(reply)))
}

func BenchmarkCheckXML(b *testing.B) {
	document := "<root>" + string(bytes.Repeat([]byte(`<row id="1" p="x&amp;y">Текст и text<b/></row>`), 20_000)) + "</root>"
	b.SetBytes(int64(len(document)))
	b.ReportAllocs()
	for b.Loop() {
		if err := checkXML(document); err != nil {
			b.Fatal(err)
		}
	}
}
