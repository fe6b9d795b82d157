package panel

import "time"

// How much the windows of one agent may send. People are far slower; a page that is
// broken or hostile must not take the time that calls need.
const (
	messageEvery = 20 * time.Millisecond
	messageBurst = 200
)

// Limits on log lines about messages from pages and strangers.
const (
	oddEvery = time.Second
	oddBurst = 60
)

// slow waits until the agent's windows may send another message. It is false when
// the panel is closed.
func (s *station) slow() bool {
	wait := s.pace.ReserveN(s.now(), 1).DelayFrom(s.now())
	if wait == 0 {
		return true
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-s.panel.stop:
		return false
	}
}
