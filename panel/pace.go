package panel

import (
	"sync"
	"time"
)

// How much the windows of one agent may send. People are far slower; a page that is
// broken or hostile must not take the time that calls need.
const (
	messageEvery = 20 * time.Millisecond
	messageBurst = 200
)

// How much the log has of what pages and strangers send.
const (
	oddEvery = time.Second
	oddBurst = 60
)

// A pace bounds how often something happens: burst times at once, then once every
// interval.
type pace struct {
	every time.Duration
	burst int

	mu   sync.Mutex
	last time.Time // the turn that was given last
}

// wait gives a turn, and returns how long it is until then.
func (p *pace) wait(now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last = p.next(now)
	return max(0, p.last.Sub(now))
}

// allows gives a turn now, or reports that there is none.
func (p *pace) allows(now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	next := p.next(now)
	if next.After(now) {
		return false
	}
	p.last = next
	return true
}

// next is the turn after the last.
func (p *pace) next(now time.Time) time.Time {
	if first := now.Add(-p.every * time.Duration(p.burst)); p.last.Before(first) {
		return first.Add(p.every)
	}
	return p.last.Add(p.every)
}

// slow waits until the agent's windows may send another message. It is false when
// the panel is closed.
func (s *station) slow() bool {
	wait := s.pace.wait(s.now())
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
