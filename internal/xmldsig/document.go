package xmldsig

import "bytes"

// Limits of a document. They bound the time and memory that any input can
// take: a reader needs at most a few times the size of its input.
const (
	maxDocument   = 512 << 20 // octets
	maxDepth      = 256
	maxAttributes = 1000  // of one element, declarations of namespaces included
	maxBindings   = 256   // prefixes in scope at one place
	maxName       = 16384 // octets
)

const (
	nsXML   = "http://www.w3.org/XML/1998/namespace"
	nsXMLNS = "http://www.w3.org/2000/xmlns/"
)

type kind uint8

const (
	documentNode kind = iota
	elementNode
	textNode
	cdataNode
	commentNode
	instructionNode
)

// A span is a piece of text: of the input, or of the arena when the input had
// to be rewritten (line ends, references). It is an offset and not a slice so
// that a document of a million nodes has no pointer for the collector to follow.
type span struct{ start, end uint32 }

const inArena = 1 << 31

func (s span) length() int { return int(s.end - s.start) }

// A node stands in document order; its subtree is nodes[i:end].
type node struct {
	kind       kind
	colon      uint16 // length of the prefix of an element, 0 for none
	namespaces uint16 // declarations, attrs[first:]
	attributes uint16 // the rest, right behind them
	first      uint32
	text       span // name of an element; target of an instruction; else the text
	data       span // of an instruction
	parent     uint32
	end        uint32
	uri        uint32 // namespace of an element
}

// An attribute or declaration of a namespace. A declaration has the prefix as
// its name, "" for the default, and uri is what the prefix is bound to.
type attribute struct {
	name        span
	value       span
	uri         uint32
	colon       uint16
	declaration bool
}

// A binding is a prefix in scope.
type binding struct {
	prefix span
	uri    uint32
}

// noURI and xmlURI are the first two namespaces of every document.
const (
	noURI  = 0
	xmlURI = 1
)

// A Document is well-formed XML as a DOM parser sees it: line ends and
// attribute values normalised, references replaced. The attributes of each
// element stand in the order of their names, declarations of namespaces first,
// which is the order in which Xerces keeps them.
//
// It refers to the octets it was parsed from: they must not change.
type Document struct {
	src, arena  []byte
	nodes       []node // the first one is the document itself
	attrs       []attribute
	uris        []span
	known       map[string]uint32 // index of uris, once there are many
	declaration span              // <?xml … ?>
	encoding    span              // the name in it
	standalone  bool              // it says yes
	root        uint32
	characters  bool     // it came as characters: the declared encoding does not matter
	spare       *scratch // nil, or of the one who owns the document
}

func (d *Document) bytes(s span) []byte {
	if s.start&inArena != 0 {
		return d.arena[s.start&^inArena : s.end&^inArena]
	}
	return d.src[s.start:s.end]
}

// equal compares without looking twice at the same octets.
func (d *Document) equal(a, b span) bool {
	return a == b || a.length() == b.length() && bytes.Equal(d.bytes(a), d.bytes(b))
}

func (d *Document) declarations(n *node) []attribute {
	return d.attrs[n.first : n.first+uint32(n.namespaces)]
}

func (d *Document) attributes(n *node) []attribute {
	start := n.first + uint32(n.namespaces)
	return d.attrs[start : start+uint32(n.attributes)]
}

// local is the name of an element without its prefix.
func (d *Document) local(n *node) []byte { return d.bytes(n.text)[after(n.colon):] }

func (d *Document) attributeLocal(a *attribute) []byte { return d.bytes(a.name)[after(a.colon):] }

func after(colon uint16) int {
	if colon == 0 {
		return 0
	}
	return int(colon) + 1
}

func (d *Document) namespace(uri uint32) []byte {
	switch uri {
	case noURI:
		return nil
	case xmlURI:
		return []byte(nsXML)
	}
	return d.bytes(d.uris[uri])
}

// prefix is the part before the colon, as a span.
func prefix(name span, colon uint16) span {
	return span{name.start, name.start + uint32(colon)}
}

// intern gives equal namespaces equal numbers.
func (d *Document) intern(s span) uint32 {
	text := d.bytes(s)
	switch string(text) {
	case "":
		return noURI
	case nsXML:
		return xmlURI
	}
	const few = 16
	if len(d.uris) <= few {
		for i := xmlURI + 1; i < len(d.uris); i++ {
			if d.equal(d.uris[i], s) {
				return uint32(i)
			}
		}
	} else {
		if len(d.known) == 0 {
			if d.known == nil {
				d.known = map[string]uint32{}
			}
			for i := xmlURI + 1; i < len(d.uris); i++ {
				d.known[string(d.bytes(d.uris[i]))] = uint32(i)
			}
		}
		if i, ok := d.known[string(text)]; ok {
			return i
		}
		d.known[string(text)] = uint32(len(d.uris))
	}
	d.uris = append(d.uris, s)
	return uint32(len(d.uris) - 1)
}

// is reports whether a node is the element {uri}local.
func (d *Document) is(i uint32, uri, local string) bool {
	n := &d.nodes[i]
	return n.kind == elementNode && string(d.local(n)) == local && string(d.namespace(n.uri)) == uri
}

// attribute finds an attribute by its expanded name.
func (d *Document) attribute(i uint32, uri, local string) (value []byte, ok bool) {
	list := d.attributes(&d.nodes[i])
	for k := range list {
		a := &list[k]
		if string(d.attributeLocal(a)) == local && string(d.namespace(a.uri)) == uri {
			return d.bytes(a.value), true
		}
	}
	return nil, false
}

// children calls yield for each child of a node.
func (d *Document) children(i uint32) func(yield func(uint32) bool) {
	return func(yield func(uint32) bool) {
		for c := i + 1; c < d.nodes[i].end; c = d.nodes[c].end {
			if !yield(c) {
				return
			}
		}
	}
}

// inside reports whether a node is in the subtree of another, or is it.
func (d *Document) inside(i, of uint32) bool { return i >= of && i < d.nodes[of].end }

// inScope appends the namespaces that an element sees, sorted by prefix: its
// own declarations and what it inherits. The prefix xml is left out, and so is
// an undeclared default.
func (d *Document) inScope(list []binding, i uint32) []binding {
	start := len(list)
	for ; ; i = d.nodes[i].parent {
		n := &d.nodes[i]
		if n.kind == elementNode {
			own := d.declarations(n)
			for k := range own {
				if own[k].uri != xmlURI && !d.bound(list[start:], own[k].name) {
					list = append(list, binding{own[k].name, own[k].uri})
				}
			}
		}
		if i == 0 {
			break
		}
	}
	kept := list[:start]
	for _, b := range list[start:] {
		if b.uri != noURI {
			kept = append(kept, b)
		}
	}
	d.sortBindings(kept[start:])
	return kept
}

func (d *Document) bound(list []binding, prefix span) bool {
	for i := range list {
		if d.equal(list[i].prefix, prefix) {
			return true
		}
	}
	return false
}

func (d *Document) sortBindings(list []binding) {
	for i := 1; i < len(list); i++ {
		for k := i; k > 0 && bytes.Compare(d.bytes(list[k].prefix), d.bytes(list[k-1].prefix)) < 0; k-- {
			list[k], list[k-1] = list[k-1], list[k]
		}
	}
}
