package xmldsig

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// generator writes random documents that use every corner of XML that survives
// without a document type. All of them are well-formed.
type generator struct {
	*rand.Rand
	strings.Builder
	bound []string // prefixes, innermost last
	left  int      // elements that may still come
	id    bool     // Id="t" was given away
	plain bool     // only what libxml2 takes for a URI and writes right (it leaves & in one alone)
}

func generate(seed uint64, plainURIs bool) string {
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 7)), left: 25, plain: plainURIs}
	if g.one(3) {
		g.WriteString(`<?xml version="1.0"` + g.pick("", ` encoding="UTF-8"`, ` encoding='utf-8'`) + g.pick("", ` standalone="no"`, ` standalone='yes'`) + g.pick("", " ") + "?>")
	}
	g.misc()
	g.element(0, true)
	g.misc()
	return g.String()
}

func (g *generator) one(in int) bool            { return g.IntN(in) == 0 }
func (g *generator) pick(list ...string) string { return list[g.IntN(len(list))] }

func (g *generator) misc() {
	for range g.IntN(3) {
		switch g.IntN(4) {
		case 0:
			g.comment()
		case 1:
			g.instruction()
		default:
			g.WriteString(g.pick(" ", "\n", "\r\n", "\t", "\r"))
		}
	}
}

func (g *generator) comment() {
	g.WriteString("<!--" + g.pick("", " ", "c", " <a>&amp;]]> ", "строка\r\nвторая\r", "-x", "😀") + "-->")
}

func (g *generator) instruction() {
	g.WriteString("<?" + g.pick("p", "pi-x", "икс", "xml-x", "_") + g.pick("", " ", " data", "  a=\"1\" ?", "\n\r\nb\rc ", " <&]]>", "\tтекст😀") + "?>")
}

func (g *generator) name() string {
	return g.pick("a", "b", "c", "root", "Имя", "ұлт", "x-1", "y.z", "_", "A", "éà")
}

func (g *generator) space() string { return g.pick(" ", " ", " ", "\n", "\t ", "\r\n  ", "\r") }

func (g *generator) uri() string {
	if g.plain {
		return g.pick("urn:a", "urn:b", "urn:c", "http://x.kz/1", "http://x.kz/?a=b#c", "mailto:a@b.kz", "urn:a")
	}
	return g.pick("urn:a", "urn:b", "urn:c", "http://x.kz/1", "http://x.kz/ә", "urn:q&amp;r", "urn:&quot;&lt;", "urn:t&#9;", "urn:sp  ace ", "urn:a")
}

func (g *generator) element(depth int, root bool) {
	g.left--
	mark := len(g.bound)
	var parts []string
	seen := map[string]bool{}
	attr := func(name, value string) {
		if !seen[name] {
			seen[name] = true
			quote := g.pick(`"`, `"`, "'")
			if quote == "'" {
				value = strings.ReplaceAll(value, "'", "&apos;")
			} else {
				value = strings.ReplaceAll(value, `"`, "&quot;")
			}
			parts = append(parts, name+g.pick("", "", " ")+"="+g.pick("", "", "\n")+quote+value+quote)
		}
	}
	for range g.IntN(4) {
		switch p := g.pick("", "", "p", "q", "r", "ds", "P", "p1", "ж"); {
		case p != "":
			if !seen["xmlns:"+p] {
				g.bound = append(g.bound, p)
			}
			attr("xmlns:"+p, g.uri())
		case g.one(3):
			attr("xmlns", "")
		default:
			attr("xmlns", g.uri())
		}
	}
	if g.one(20) {
		attr("xmlns:xml", nsXML)
	}
	if root && g.one(2) || g.one(8) {
		attr(g.pick("xml:lang", "xml:space", "xml:base", "xml:id", "xml:other"), g.pick("ru", "preserve", "http://b.kz/", "", "../x"))
	}
	used := map[string]bool{}
	for range g.IntN(5) {
		n := g.name()
		if p := g.prefix(); p != "" {
			// One local name per element with a prefix: two prefixes may be
			// bound to one namespace.
			if used[n] {
				continue
			}
			used[n] = true
			n = p + ":" + n
		}
		attr(n, g.value())
	}
	if !g.id && (g.one(6) || g.left == 0) {
		g.id = true
		attr("Id", "t")
	}
	g.Shuffle(len(parts), func(i, k int) { parts[i], parts[k] = parts[k], parts[i] })
	name := g.name()
	if p := g.prefix(); p != "" {
		name = p + ":" + name
	}
	g.WriteString("<" + name)
	for _, p := range parts {
		g.WriteString(g.space() + p)
	}
	g.WriteString(g.pick("", "", " ", "\n"))
	if !root && g.one(4) {
		g.WriteString("/>")
	} else {
		g.WriteString(">")
		if root { // see TestCanonicalJDK: the JDK loses what follows an empty root
			g.WriteString("x")
		}
		for range g.IntN(6) {
			if g.left > 0 && depth < 9 && g.one(2) {
				g.element(depth+1, false)
			} else {
				g.text()
			}
		}
		g.WriteString("</" + name + g.pick("", "", " ", "\r\n") + ">")
	}
	g.bound = g.bound[:mark]
}

func (g *generator) prefix() string {
	if len(g.bound) == 0 || g.one(2) {
		return ""
	}
	return g.bound[g.IntN(len(g.bound))]
}

func (g *generator) value() string {
	var b strings.Builder
	for range g.IntN(4) {
		b.WriteString(g.pick("v", " ", "\t", "\n", "\r\n", "\r", "&#9;", "&#10;", "&#xD;", "&lt;", "&gt;", ">", "&amp;", "'", `"`, "текст", "😀", "&#x1F600;", "\u00a0", "\u0085", "&#x2028;", "\u007f"))
	}
	return b.String()
}

func (g *generator) text() {
	switch g.IntN(9) {
	case 0:
		g.comment()
	case 1:
		g.instruction()
	case 2:
		g.WriteString("<![CDATA[" + g.pick("", "x", "<&>", "]]", "a\r\nb\rc", "]] >", "сырой", "a😀", "&amp;") + "]]>")
	default:
		for range g.IntN(4) {
			g.WriteString(g.pick("t", " ", "\n", "\r\n", "\r", "\t", "&#13;", "&#xA;", "&#32;", "&lt;", "&gt;", ">", "&amp;", "]] ", "&quot;", `"'`, "қазақша", "Ғ", "😀", "&#128512;", "\u0085", "\u2028", "\u00ad", "\u007f", "&#xe000;", "\ufffd", fmt.Sprintf("&#%d;", 33+g.IntN(1000))))
		}
	}
}
