package streebog

// One hash cannot use the whole of a processor: each step waits for the one
// before. Two hashes side by side fill the gaps. Where there is no vector code
// the functions of this file work one after the other, with the same result.

// Sum512Pair returns the 512-bit hashes of a and b, which may differ in
// length.
func Sum512Pair(a, b []byte) (x, y [Size512]byte) {
	l, m := newLane(), newLane()
	runPair(&l, &m, a, b)
	l.run(a)
	m.run(b)
	l.result(&x)
	m.result(&y)
	return x, y
}

// Sum512Each puts the 512-bit hash of messages[i] into out[i], two messages
// at a time: when one ends, the next takes its place, so different lengths
// leave no gap. out is at least as long as messages.
func Sum512Each(out [][Size512]byte, messages [][]byte) {
	if len(messages) == 0 {
		return
	}
	lanes := [2]lane{newLane()}
	l, m := &lanes[0], &lanes[1]
	i := 0 // the message in l
	for j := 1; j < len(messages); j++ {
		*m = newLane()
		runPair(l, m, messages[i], messages[j])
		if len(l.todo(messages[i])) > 0 {
			m.result(&out[j])
			continue
		}
		l.result(&out[i])
		l, m, i = m, l, j
	}
	l.run(messages[i])
	l.result(&out[i])
}

// WritePair is d.Write(p) followed by e.Write(q). The whole blocks that both
// have are taken side by side. So a batch that reads documents as they come
// gives it a piece of two documents each time, and Write what is left of the
// longer one.
func WritePair(d, e *Digest, p, q []byte) {
	if d != e {
		p, q = d.fillBlock(p), e.fillBlock(q)
		if whole := min(len(p), len(q)) &^ (BlockSize - 1); whole > 0 {
			blocksPair(&d.state, &e.state, p[:whole], q[:whole], 8*BlockSize, 8*BlockSize)
			p, q = p[whole:], q[whole:]
		}
	}
	d.Write(p)
	e.Write(q)
}

// fillBlock writes what completes the block begun, and returns the rest.
func (d *Digest) fillBlock(p []byte) []byte {
	if d.fill == 0 {
		return p
	}
	n := min(BlockSize-d.fill, len(p))
	d.Write(p[:n])
	return p[n:]
}

// A lane is the 512-bit hash of a message as runs of blocks: the whole blocks
// of the message, the padded block, and the length with the sum. It does not
// keep the message, so that message and lane stay on the stack.
type lane struct {
	state
	stage int
	at    int                 // octets taken in this stage
	step  uint64              // what a block adds to n in this stage
	last  [2 * BlockSize]byte // the blocks of the stages after the first
}

func newLane() lane { return lane{step: 8 * BlockSize} }

// todo is what may be taken in one run; nothing at the end.
func (l *lane) todo(message []byte) []byte {
	if l.stage == 0 {
		whole := len(message) &^ (BlockSize - 1)
		if l.at < whole {
			return message[l.at:whole]
		}
		n := copy(l.last[:], message[whole:])
		l.last[n] = 1
		l.stage, l.at, l.step = 1, 0, 8*uint64(n)
	}
	if l.stage == 1 {
		if l.at < BlockSize {
			return l.last[l.at:BlockSize]
		}
		l.lengthAndSum(&l.last)
		l.stage, l.at, l.step = 2, 0, 0
	}
	return l.last[l.at:]
}

// run takes all that is left.
func (l *lane) run(message []byte) {
	for p := l.todo(message); len(p) > 0; p = l.todo(message) {
		l.blocks(p, l.step)
		l.at += len(p)
	}
}

// runPair runs both until one ends.
func runPair(l, m *lane, a, b []byte) {
	for {
		p, q := l.todo(a), m.todo(b)
		n := min(len(p), len(q))
		if n == 0 {
			return
		}
		blocksPair(&l.state, &m.state, p[:n], q[:n], l.step, m.step)
		l.at += n
		m.at += n
	}
}

func (l *lane) result(out *[Size512]byte) { store(out[:], &l.h) }
