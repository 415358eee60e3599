package xmldsig

import (
	"bytes"
	"fmt"
	"strconv"
)

// The paths that callers of signXml write: steps along the child axis, by name,
// prefix or *, each with predicates.
//
//	/root/part            //part            //p:part
//	//*[@Id='part1']      //part[2]         /root/*[last()]
//	//*[local-name()='Body' and namespace-uri()='http://…']
//
// Prefixes mean what they mean at the root element of the document; a name
// without a prefix is in no namespace, as XPath 1.0 has it. Other axes,
// functions, unions, or and arithmetic are refused: none of them was met, and
// what is signed should be plain to read.
const (
	maxPath  = 4096 // octets
	maxSteps = 32
)

type step struct {
	anywhere   bool // behind //
	test       nameTest
	predicates []predicate
}

type nameTest struct {
	prefix, local string // "*" for any
}

// A predicate is a position or a list of conditions that must all hold.
type predicate struct {
	position int // from 1; -1 for last()
	all      []condition
}

type condition struct {
	what      string // "@", "local-name", "namespace-uri", "name"
	attribute nameTest
	value     string
	exists    bool // only that the attribute is there
}

type pathReader struct {
	path string
	at   int
}

func (p *pathReader) fail(format string, args ...any) error {
	return fmt.Errorf("%w: %.100q: %s", ErrXPath, p.path, fmt.Sprintf(format, args...))
}

func (p *pathReader) blanks() {
	for p.at < len(p.path) && isBlank(p.path[p.at]) {
		p.at++
	}
}

func (p *pathReader) take(text string) bool {
	p.blanks()
	if len(p.path)-p.at < len(text) || p.path[p.at:p.at+len(text)] != text {
		return false
	}
	p.at += len(text)
	return true
}

func parsePath(path string) ([]step, error) {
	p := &pathReader{path: path}
	if len(path) > maxPath {
		return nil, fmt.Errorf("%w: longer than %d octets", ErrXPath, maxPath)
	}
	var steps []step
	for {
		var s step
		switch {
		case p.take("//"):
			s.anywhere = true
		case p.take("/"), len(steps) == 0: // a relative path starts at the document
		default:
			return nil, p.fail("unexpected %.10q", p.path[p.at:])
		}
		if len(steps) == maxSteps {
			return nil, p.fail("more than %d steps", maxSteps)
		}
		var err error
		if s.test, err = p.test(); err != nil {
			return nil, err
		}
		for p.take("[") {
			pr, err := p.predicate()
			if err != nil {
				return nil, err
			}
			s.predicates = append(s.predicates, pr)
		}
		steps = append(steps, s)
		if p.blanks(); p.at == len(p.path) {
			return steps, nil
		}
	}
}

// test reads *, p:*, name or p:name.
func (p *pathReader) test() (t nameTest, err error) {
	if p.take("*") {
		return nameTest{"*", "*"}, nil
	}
	p.blanks()
	name := func() string {
		n := ncName([]byte(p.path[p.at:]))
		p.at += n
		return p.path[p.at-n : p.at]
	}
	if t.local = name(); t.local == "" {
		return t, p.fail("a name is expected before %.10q", p.path[p.at:])
	}
	rest := p.path[p.at:]
	switch {
	case len(rest) > 0 && rest[0] == '(', len(rest) > 1 && rest[:2] == "::":
		return t, p.fail("%s is not supported", t.local)
	case len(rest) > 0 && rest[0] == ':':
		p.at++
		t.prefix = t.local
		if t.local = "*"; p.take("*") {
			return t, nil
		}
		if t.local = name(); t.local == "" {
			return t, p.fail("a name is expected after %s:", t.prefix)
		}
	}
	return t, nil
}

func (p *pathReader) predicate() (predicate, error) {
	p.blanks()
	digits := p.at
	for p.at < len(p.path) && p.path[p.at] >= '0' && p.path[p.at] <= '9' {
		p.at++
	}
	if p.at > digits {
		n, err := strconv.Atoi(p.path[digits:p.at])
		if err != nil || n < 1 || !p.take("]") {
			return predicate{}, p.fail("a position from 1 is expected")
		}
		return predicate{position: n}, nil
	}
	if p.take("last()") {
		if !p.take("]") {
			return predicate{}, p.fail("] is expected after last()")
		}
		return predicate{position: -1}, nil
	}
	var pr predicate
	for {
		c, err := p.condition()
		if err != nil {
			return predicate{}, err
		}
		pr.all = append(pr.all, c)
		if p.take("]") {
			return pr, nil
		}
		if len(pr.all) == maxSteps || !p.take("and") {
			return predicate{}, p.fail("] or and is expected before %.10q", p.path[p.at:])
		}
	}
}

func (p *pathReader) condition() (c condition, err error) {
	switch {
	case p.take("@"):
		c.what = "@"
		if c.attribute, err = p.test(); err != nil {
			return c, err
		}
	case p.take("local-name()"):
		c.what = "local-name"
	case p.take("namespace-uri()"):
		c.what = "namespace-uri"
	case p.take("name()"):
		c.what = "name"
	default:
		return c, p.fail("unsupported condition %.20q", p.path[p.at:])
	}
	if !p.take("=") {
		c.exists = true
		if c.what != "@" {
			return c, p.fail("= is expected after %s()", c.what)
		}
		return c, nil
	}
	p.blanks()
	if p.at == len(p.path) || p.path[p.at] != '"' && p.path[p.at] != '\'' {
		return c, p.fail("a quoted text is expected after =")
	}
	end := bytes.IndexByte([]byte(p.path[p.at+1:]), p.path[p.at])
	if end < 0 {
		return c, p.fail("a quote is missing")
	}
	c.value = p.path[p.at+1 : p.at+1+end]
	p.at += end + 2
	return c, nil
}
