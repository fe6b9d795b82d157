package holdfasttest

import (
	"context"
	"sync"
	"time"
)

// A Pulse measures for how long this machine stood still. It runs in the process
// of the phones, so a pause there is not the fault of a server in another process.
type Pulse struct {
	mu     sync.Mutex // guards stalls
	stalls []stall
}

type stall struct {
	end  time.Time
	long time.Duration
}

// Beat measures until ctx ends.
func (p *Pulse) Beat(ctx context.Context) {
	const every, noticed = 20 * time.Millisecond, 200 * time.Millisecond
	tick := time.NewTicker(every)
	defer tick.Stop()
	for last := time.Now(); ; {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		now := time.Now()
		if long := now.Sub(last); long > noticed {
			p.mu.Lock()
			p.stalls = append(p.stalls, stall{now, long})
			p.mu.Unlock()
		}
		last = now
	}
}

// Stood returns for how long the machine stood still since then.
func (p *Pulse) Stood(since time.Time) (long time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.stalls {
		if s.end.After(since) {
			long += s.long
		}
	}
	return long
}
