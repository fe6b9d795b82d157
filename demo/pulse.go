package demo

import (
	"context"
	"sync/atomic"
	"time"
)

// A pulse tells for how long the machine has stood still: it beats in the
// process of the phones, to which nothing is done. What stops there is no fault
// of the server.
type pulse struct{ stood atomic.Int64 }

// beat goes on until ctx ends.
func (p *pulse) beat(ctx context.Context) {
	const every, noticed = 20 * time.Millisecond, 200 * time.Millisecond
	tick := time.NewTicker(every)
	defer tick.Stop()
	for last := time.Now(); ; {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		if long := time.Since(last); long > noticed {
			p.stood.Add(int64(long))
		}
		last = time.Now()
	}
}

// stoodStill is for how long the machine has done so until now.
func (p *pulse) stoodStill() time.Duration { return time.Duration(p.stood.Load()) }
