package panel

import (
	"sync"
	"time"
)

// Limits on wrong passwords. The first few cost nothing, because people mistype.
const (
	freeAttempts   = 10
	longestDelay   = 5 * time.Minute
	forgetAttempts = 15 * time.Minute
	mostSources    = 4096 // remembered at once
)

// attempts counts wrong passwords by account and by source, and delays both. It
// never delays an agent who is logged in.
type attempts struct {
	now func() time.Time

	mu     sync.Mutex
	failed map[string]*failures
}

type failures struct {
	count int
	last  time.Time
	until time.Time // no password is checked before
}

func newAttempts(now func() time.Time) *attempts {
	return &attempts{now: now, failed: map[string]*failures{}}
}

// delay is how long the keys, each an account or a source, must still wait.
func (a *attempts) delay(keys ...string) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	var wait time.Duration
	for _, key := range keys {
		if f := a.failed[key]; f != nil {
			wait = max(wait, f.until.Sub(a.now()))
		}
	}
	return wait
}

// wrong counts a wrong password.
func (a *attempts) wrong(keys ...string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.now()
	for _, key := range keys {
		f := a.failed[key]
		if f == nil {
			a.makeRoom(now)
			f = &failures{}
			a.failed[key] = f
		}
		if now.Sub(f.last) > forgetAttempts {
			f.count = 0
		}
		f.count++
		f.last = now
		if over := f.count - freeAttempts; over >= 0 {
			f.until = now.Add(min(time.Second<<min(over, 20), longestDelay))
		}
	}
}

// right forgets the wrong passwords of an account. Those of a source are not
// forgotten: it may have an account of its own.
func (a *attempts) right(account string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.failed, account)
}

// makeRoom forgets what is old and, if that is not enough, the oldest.
func (a *attempts) makeRoom(now time.Time) {
	if len(a.failed) < mostSources {
		return
	}
	oldest := ""
	for key, f := range a.failed {
		if now.Sub(f.last) > forgetAttempts {
			delete(a.failed, key)
		} else if oldest == "" || f.last.Before(a.failed[oldest].last) {
			oldest = key
		}
	}
	if len(a.failed) >= mostSources {
		delete(a.failed, oldest)
	}
}
