package protocol

import (
	"io"
	"slices"
	"unicode/utf8"
)

// Texts of the socket layer.
const (
	// Greeting is the first frame after the upgrade, before any request.
	Greeting = `{"result":{"version":"1.4"}}`
	// Heartbeat is answered with itself. It is not JSON.
	Heartbeat = `--heartbeat--`

	moduleNotFound = `{"success":false,"errorCode":"MODULE_NOT_FOUND"}`
	brokenObject   = `{"success":false,"code":"COMMON_JSON_WRAPPING_EXCEPTION"}`
)

// Call is one request of a page. Either it carries its answer already
// (Immediate), or Op says what to do and Reply puts the outcome into the words
// of the family that asked.
//
// A Call does not change after Decode; its methods may be used by several
// goroutines. The documents in Op are views of the frame given to Decode.
type Call struct {
	Module string
	Method string
	Op     Operation

	family family
	uuid   string
	format string // of basics sign
	answer []byte // an answer that needs nobody
	silent bool   // nothing is sent
}

// Decode reads one text frame. It never fails: what cannot be understood is a
// Call with an immediate answer.
//
// The frame belongs to the Call from here on: strings and base64 are decoded
// where they stand, so that a document of hundreds of MiB is held once. The
// caller must neither change nor reuse it while the Call or its Op is in use.
func Decode(frame []byte) *Call {
	if string(frame) == Heartbeat {
		return &Call{answer: []byte(Heartbeat)}
	}
	return decode(&parser{in: frame}, utf8.Valid(frame))
}

// An Arrival is a frame of which the end is still to come.
type Arrival interface {
	// More waits for more and returns all there is so far, from the beginning,
	// always in the same memory; false when there is no more.
	More() ([]byte, bool)
}

// DecodeArriving is Decode for a frame that is being received, and is no
// heartbeat: it is read as it comes. Its text must be UTF-8; who finds that it is
// not, or who cannot receive all of it, forgets the Call. follower may be nil.
func DecodeArriving(a Arrival, follower Follower) *Call {
	return decode(&parser{more: a.More, packing: packing{follower: follower}}, true)
}

func decode(p *parser, isText bool) *Call {
	c := &Call{}
	if p.next() != '{' {
		c.silent = true
		return c
	}
	p.at--
	request, err := value{}, errJSON
	if isText {
		request, err = p.request()
	}
	switch {
	case err != nil:
		c.answer = []byte(brokenObject)
	case len(request.keys) == 0: // keep-alive of some pages
		c.silent = true
	default:
		c.dispatch(&request)
	}
	return c
}

// dispatch finds the family of a request and lets it decode.
func (c *Call) dispatch(request *value) {
	c.Module, c.Method = applet{}.module(), optString(request.get("method"))
	if module := request.get("module"); module.kind != absent && module.kind != null {
		c.Module = optString(module)
	}
	for _, f := range families {
		if f.module() == c.Module {
			c.family = f
			f.decode(c, request)
			return
		}
	}
	c.answer = []byte(moduleNotFound)
}

// Unknown reports whether the request named a module that is not here. Its name
// is what the page sent: of any length, and a view of the frame.
func (c *Call) Unknown() bool { return c.family == nil && c.Module != "" }

// Immediate returns the answer of a call that needs nobody: an error of the
// request, an unknown module, a list of modules, a heartbeat. ok is false when
// Op has to be carried out first. When silent is true nothing is sent.
func (c *Call) Immediate() (reply []byte, silent, ok bool) {
	return c.answer, c.silent, c.Op == nil
}

// Reply returns the reply frame for the outcome of Op, or nil when the family
// sends nothing. See AppendReply.
func (c *Call) Reply(res Result, err error) []byte {
	return c.AppendReply(nil, res, err)
}

// AppendReply appends the reply frame to dst and returns the longer slice; dst
// comes back as it was when the family sends nothing.
//
// A result that does not fit the operation — none, one of another kind, a
// wrong number of signatures — is told to the page as a failure. The text
// of err is never sent: pages learn which of the errors of this package it is,
// and no more.
func (c *Call) AppendReply(dst []byte, res Result, err error) []byte {
	o := output{b: dst}
	if s, ok := res.(Signatures); ok && err == nil {
		o.b = slices.Grow(o.b, replySize(&s))
	}
	c.write(&o, res, err)
	return o.b
}

// WriteReply writes what AppendReply appends, in pieces of a few tens of KiB, and
// returns its length. A reply with documents inside need not be held: together
// with Signatures.Batch it takes no more memory than a short one. buffer is
// memory to be used, nil for some of its own.
func (c *Call) WriteReply(w io.Writer, buffer []byte, res Result, err error) (int64, error) {
	if cap(buffer) < Window {
		buffer = make([]byte, 0, Window)
	}
	o := output{b: buffer[:0], w: w}
	c.write(&o, res, err)
	o.spill()
	return o.n, o.err
}

// ReplySize is about as long as the reply will be, and not shorter when it
// carries signatures.
func ReplySize(res Result) int {
	if s, ok := res.(Signatures); ok {
		return replySize(&s)
	}
	return 0
}

func (c *Call) write(o *output, res Result, err error) {
	switch {
	case c.silent:
		return
	case c.Op == nil:
		o.b = append(o.b, c.answer...)
		return
	}
	if err == nil && !fits(c.Op, res) {
		err = ErrSigning
	}
	c.family.appendReply(c, o, res, err)
}

// replySize is room for signatures in the longest form, PEM, so that a large
// reply is written into one piece of memory.
func replySize(s *Signatures) int {
	const frame = len(`"-----BEGIN CMS-----\n-----END CMS-----\n",`)
	pem := func(octets int) int { return (octets + 47) / 48 * (64 + len(`\n`)) }
	size := 256 + pem(len(s.Certificate))
	for i := range s.len() {
		size += frame + pem(s.size(i))
	}
	return size
}
