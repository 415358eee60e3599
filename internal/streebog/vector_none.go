//go:build !amd64 || purego

package streebog

// hasVector is for the tests: there is no vector code here.
const hasVector = false

// blocks takes whole blocks (§10, stage 2); each adds step to n.
func (s *state) blocks(p []byte, step uint64) { s.blocksGeneric(p, step) }

// blocksPair is s.blocks(p, stepS) and t.blocks(q, stepT).
func blocksPair(s, t *state, p, q []byte, stepS, stepT uint64) {
	s.blocksGeneric(p, stepS)
	t.blocksGeneric(q, stepT)
}
