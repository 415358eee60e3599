package prompt

import "time"

// reminders is how often a person is told of one window.
const reminders = 3

// remind tells the person of a window that is behind others until they look at it
// or it is over.
func (s *session) remind() {
	if s.o.Remind == nil {
		return
	}
	var withdraw func()
	defer func() {
		if withdraw != nil {
			withdraw()
		}
	}()
	wait := time.NewTimer(s.o.Patience)
	defer wait.Stop()
	for told := 0; told < reminders; {
		s.mu.Lock()
		change, looked := s.change, !s.focused.IsZero()
		s.mu.Unlock()
		if looked && withdraw != nil {
			withdraw()
			withdraw = nil
		}
		select {
		case <-s.decided:
			return
		case <-change: // perhaps the person looks at it now
		case <-wait.C:
			wait.Reset(s.o.Again)
			if looked {
				continue
			}
			if withdraw != nil {
				withdraw()
			}
			withdraw = s.o.Remind(s.r)
			told++
		}
	}
	<-s.decided
}
