package kill

import (
	"sync"
	"time"
)

// A pulse tells when the machine has stood still: it beats in the test's own
// process, to which nothing is done. What stops there is no fault of a server.
type pulse struct {
	mu     sync.Mutex // guards stalls
	stalls []stall
}

type stall struct {
	end  time.Time
	long time.Duration
}

var machine pulse

// beat goes on until the end of the process.
func (p *pulse) beat() {
	const every, noticed = 20 * time.Millisecond, 200 * time.Millisecond
	last := time.Now()
	for range time.Tick(every) {
		now := time.Now()
		if long := now.Sub(last); long > noticed {
			p.mu.Lock()
			p.stalls = append(p.stalls, stall{now, long})
			p.mu.Unlock()
		}
		last = now
	}
}

// stood is how long the machine has stood still since some time.
func (p *pulse) stood(since time.Time) (long time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.stalls {
		if s.end.After(since) {
			long += s.long
		}
	}
	return long
}
