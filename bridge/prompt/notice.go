package prompt

// Notice shows a sentence that changes nothing, by its catalogue key, beside the
// work and its end. It is a part of a Progress that the bridge looks for
// (bridge/revocation.go). The window stays long enough to read it.
func (s *session) Notice(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.notice = key
	s.notify()
}

// reading is how many breaths a window stays that has something to be read.
const reading = 6

// breaths is how many breaths the window stays after the work.
func (s *session) breaths() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.notice != "" {
		return reading
	}
	return 1
}

// Notice is part of the Progress of a terminal.
func (l *lines) Notice(key string) { l.q.say("\n! %s", l.q.t(key)) }
