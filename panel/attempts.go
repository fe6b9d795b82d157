package panel

import (
	"math"
	"strings"
	"sync"
	"time"
)

// Limits on wrong passwords. The first few cost nothing, because people mistype.
const (
	freeAttempts   = 10
	longestDelay   = 5 * time.Minute
	forgetAttempts = 15 * time.Minute
	mostRecalled   = 4096 // sources, and names that no account has
	longestRecall  = 64   // bytes of such a name
)

// A login is a request to log in.
type login struct {
	name    string // of the agent, or as it was written
	account bool   // there is an account of that name
	source  string // where the request comes from
}

// guesses limit wrong passwords by source and by name. A name that no account has
// is delayed like any other, so that a response does not show which names exist.
//
// They never delay an agent who is logged in. Wrong passwords from elsewhere do not
// delay an agent where they have logged in before: otherwise a stranger could keep
// all agents from logging in.
type guesses struct {
	sources  *attempts
	accounts *attempts // by agent; by agent and source where they have logged in before
	others   *attempts // by name

	mu       sync.Mutex
	familiar map[[2]string]bool // agents and sources from which they have logged in
}

func newGuesses(now func() time.Time) *guesses {
	return &guesses{
		sources:  newAttempts(now, mostRecalled),
		accounts: newAttempts(now, math.MaxInt), // there are not many; strangers cannot have one forgotten
		others:   newAttempts(now, mostRecalled),
		familiar: map[[2]string]bool{},
	}
}

// delay is how long a login must still wait before its password is checked.
func (g *guesses) delay(l login) time.Duration {
	names, name := g.named(l)
	return max(g.sources.delay(l.source), names.delay(name))
}

// wrong counts a wrong password.
func (g *guesses) wrong(l login) {
	names, name := g.named(l)
	g.sources.wrong(l.source)
	names.wrong(name)
}

// right forgets the wrong passwords of an account. Those of a source are not
// forgotten: it may have an account of its own.
func (g *guesses) right(l login) {
	names, name := g.named(l)
	names.forget(name)
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.familiar) >= mostRecalled {
		clear(g.familiar)
	}
	g.familiar[[2]string{l.name, l.source}] = true
}

// named is where and by which key the wrong passwords of a name are counted.
func (g *guesses) named(l login) (*attempts, string) {
	if !l.account {
		return g.others, strings.ToLower(l.name[:min(len(l.name), longestRecall)])
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.familiar[[2]string{l.name, l.source}] {
		return g.accounts, l.name + " from " + l.source
	}
	return g.accounts, l.name
}

// attempts count wrong passwords by a key, and delay it.
type attempts struct {
	now  func() time.Time
	most int // keys that are remembered

	mu     sync.Mutex
	failed map[string]*failures
}

type failures struct {
	count int
	last  time.Time
	until time.Time // no password is checked before
}

func newAttempts(now func() time.Time, most int) *attempts {
	return &attempts{now: now, most: most, failed: map[string]*failures{}}
}

// delay is how long the key must still wait.
func (a *attempts) delay(key string) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	f := a.failed[key]
	if f == nil {
		return 0
	}
	return max(0, f.until.Sub(a.now()))
}

// wrong counts a wrong password.
func (a *attempts) wrong(key string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.now()
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

func (a *attempts) forget(key string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.failed, key)
}

// makeRoom forgets what is old and, if that is not enough, the oldest.
func (a *attempts) makeRoom(now time.Time) {
	if len(a.failed) < a.most {
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
	if len(a.failed) >= a.most {
		delete(a.failed, oldest)
	}
}
