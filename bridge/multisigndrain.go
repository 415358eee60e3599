package bridge

// rest turns new operations away and returns how many questions are before the
// person and how many operations are at work. One whose page has fallen silent is
// not waited for; it may still go on until the end.
func (m *multisign) rest() (busy int) {
	m.mu.Lock()
	m.resting = true
	busy = m.asking
	all := make([]*operation, 0, len(m.operations))
	for _, o := range m.operations {
		all = append(all, o)
	}
	m.mu.Unlock()
	for _, o := range all {
		if o.atWork() {
			busy++
		}
	}
	return busy
}

// atWork: a document is being signed, or the last one was done not long ago and
// its page is about to send the next.
func (o *operation) atWork() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return !o.over && (o.requests > 0 || o.m.s.since(o.last) < o.m.s.o.Limits.Pause)
}

// admit lets a page ask for an operation, unless the bridge is coming to rest.
// answered must follow, after the operation was opened.
func (m *multisign) admit() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.resting {
		return false
	}
	m.asking++
	return true
}

func (m *multisign) answered() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asking--
}
