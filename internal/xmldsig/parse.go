package xmldsig

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Parse reads a document. Whatever could make two readers see two documents is
// refused: document types and the entities they declare, style sheets, other
// encodings than UTF-8, XML 1.1. A byte order mark is skipped. The error is a
// *SyntaxError.
func Parse(document []byte) (*Document, error) {
	d := new(Document)
	if err := d.parse(document); err != nil {
		return nil, err
	}
	return d, nil
}

// reader is one run over a document.
type reader struct {
	*Document
	at      int
	open    []uint32
	marks   []int     // length of bound outside each open element
	bound   []binding // prefixes in scope
	sorting []uint16  // scratch
}

// parse fills an empty or used document.
func (d *Document) parse(src []byte) error {
	d.reset(src)
	w := d.borrow()
	r := reader{Document: d, open: w.open, marks: w.marks, bound: w.rendered, sorting: w.sorting}
	defer func() { w.open, w.marks, w.rendered, w.sorting = r.open, r.marks, r.bound, r.sorting }()
	err := r.octets()
	if err == nil {
		if n := 8 + bytes.Count(src, []byte{'<'})*3/2; cap(d.nodes) < n {
			d.nodes = slices.Grow(d.nodes, n)
		}
		err = r.document()
	}
	if err == nil {
		return nil
	}
	err.Offset = r.at
	err.Line = 1 + lines(src[:min(r.at, len(src))])
	return err
}

func (d *Document) reset(src []byte) {
	*d = Document{
		src: src, arena: d.arena[:0], nodes: d.nodes[:0], attrs: d.attrs[:0],
		uris: append(d.uris[:0], span{}, span{}), known: d.known, spare: d.spare, characters: d.characters,
	}
	clear(d.known)
}

func lines(text []byte) int {
	return bytes.Count(text, []byte("\n")) + bytes.Count(text, []byte("\r")) - bytes.Count(text, []byte("\r\n"))
}

func fail(err error, format string, args ...any) *SyntaxError {
	return &SyntaxError{Err: err, Reason: fmt.Sprintf(format, args...)}
}

// octets looks at the first octets (XML 1.0 appendix F) and checks the rest.
func (r *reader) octets() *SyntaxError {
	src := r.src
	if len(src) > maxDocument {
		return fail(ErrTooLarge, "%d octets, the limit is %d", len(src), maxDocument)
	}
	wide := func(marks ...string) bool {
		return slices.ContainsFunc(marks, func(m string) bool { return bytes.HasPrefix(src, []byte(m)) })
	}
	switch {
	case wide("\xFF\xFE\x00\x00", "\x00\x00\xFE\xFF", "\x00\x00\x00<", "<\x00\x00\x00"):
		return fail(ErrEncoding, "this is UTF-32")
	case wide("\xFF\xFE", "\xFE\xFF", "\x00<", "<\x00"):
		return fail(ErrEncoding, "this is UTF-16")
	case wide("\x4C\x6F\xA7\x94"):
		return fail(ErrEncoding, "this is EBCDIC")
	}
	if wide("\xEF\xBB\xBF") {
		r.at = 3
	}
	if utf8.Valid(src) {
		return nil
	}
	// The declaration says more about what went wrong than the octet does.
	if decl, _, ok := bytes.Cut(src, []byte("?>")); ok && utf8.Valid(decl) && bytes.HasPrefix(decl[r.at:], []byte("<?xml")) {
		if err := r.xmlDeclaration(); err != nil {
			return err
		}
	}
	for r.at < len(src) {
		c, size := utf8.DecodeRune(src[r.at:])
		if c == utf8.RuneError && size <= 1 {
			break
		}
		r.at += size
	}
	return fail(ErrUTF8, "octet 0x%02X", src[r.at])
}

func (r *reader) has(text string) bool {
	return len(r.src)-r.at >= len(text) && string(r.src[r.at:r.at+len(text)]) == text
}

func (r *reader) peek(n int) byte {
	if r.at+n < len(r.src) {
		return r.src[r.at+n]
	}
	return 0
}

func (r *reader) blanks() (any bool) {
	for r.at < len(r.src) && isBlank(r.src[r.at]) {
		r.at++
		any = true
	}
	return any
}

func (r *reader) add(n node) uint32 {
	i := uint32(len(r.nodes))
	n.end = i + 1
	if len(r.open) > 0 {
		n.parent = r.open[len(r.open)-1]
	}
	r.nodes = append(r.nodes, n)
	return i
}

func (r *reader) document() *SyntaxError {
	r.add(node{kind: documentNode})
	if r.has("<?xml") && (isBlank(r.peek(5)) || r.peek(5) == '?') {
		if err := r.xmlDeclaration(); err != nil {
			return err
		}
	}
	for {
		r.blanks()
		if r.at == len(r.src) {
			break
		}
		if r.src[r.at] != '<' {
			return fail(ErrSyntax, "text outside the root element")
		}
		if err := r.markup(); err != nil {
			return err
		}
		for len(r.open) > 0 {
			if err := r.content(); err != nil {
				return err
			}
		}
	}
	if r.root == 0 {
		return fail(ErrSyntax, "there is no root element")
	}
	r.nodes[0].end = uint32(len(r.nodes))
	return nil
}

// xmlDeclaration reads <?xml version="1.0" …?>, production [23].
func (r *reader) xmlDeclaration() *SyntaxError {
	start := r.at
	length := bytes.Index(r.src[start:], []byte("?>"))
	if length < 0 {
		return fail(ErrSyntax, "the XML declaration does not end")
	}
	r.at += len("<?xml")
	expected := []string{"version", "encoding", "standalone"}
	end := start + length
	for {
		blank := r.blanks()
		if r.at >= end {
			break
		}
		n := ncName(r.src[r.at:end])
		name := string(r.src[r.at : r.at+n])
		i := slices.Index(expected, name)
		if !blank || i < 0 || i > 0 && len(expected) == 3 {
			return fail(ErrSyntax, "XML declaration: version, encoding and standalone are expected in this order")
		}
		expected = expected[i+1:]
		r.at += n
		r.blanks()
		if r.peek(0) != '=' {
			return fail(ErrSyntax, "XML declaration: = is missing after %s", name)
		}
		r.at++
		r.blanks()
		quote := r.peek(0)
		closing := -1
		if quote == '"' || quote == '\'' {
			closing = bytes.IndexByte(r.src[r.at+1:end], quote)
		}
		if closing < 0 {
			return fail(ErrSyntax, "XML declaration: the value of %s is not quoted", name)
		}
		value := string(r.src[r.at+1 : r.at+1+closing])
		switch {
		case name == "version" && value != "1.0":
			return fail(ErrVersion, "the document says %q", value)
		case name == "encoding" && r.characters:
		case name == "encoding" && !slices.Contains([]string{"utf-8", "utf8", "us-ascii", "ascii"}, strings.ToLower(value)):
			return fail(ErrEncoding, "the document says %q", value)
		case name == "standalone" && value != "yes" && value != "no":
			return fail(ErrSyntax, "XML declaration: standalone is yes or no, not %q", value)
		}
		switch name {
		case "encoding":
			r.Document.encoding = span{uint32(r.at + 1), uint32(r.at + 1 + closing)}
		case "standalone":
			r.standalone = value == "yes"
		}
		r.at += closing + 2
	}
	if len(expected) == 3 {
		return fail(ErrSyntax, "XML declaration: version is missing")
	}
	r.at = end + len("?>")
	r.declaration = span{uint32(start), uint32(r.at)}
	return nil
}
