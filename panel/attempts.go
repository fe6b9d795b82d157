package panel

import (
	"math"
	"strings"
	"sync"
	"time"
)

// Limits on wrong passwords. The first few cost nothing, because people mistype. Many
// more are free for a source with all names together, and for a name with all sources
// together: a stranger's attempts must not delay agents who share the stranger's address,
// nor an agent at another address.
const (
	freeAttempts   = 10          // of a name from a source
	freeTogether   = 100         // of a source, and of a name
	leakTogether   = time.Minute // in which one of those is forgotten; a source that is delayed has fewer
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

// guesses limit wrong passwords by name and source, by source and by name. A name that no
// account has is delayed like any other, so that a response does not show which names
// exist.
//
// They never delay a logged-in agent. Wrong passwords of others, from wherever, do not
// delay an agent where they have logged in before: otherwise a stranger could keep all
// agents from logging in.
type guesses struct {
	sources  *attempts // by source
	accounts *attempts // by agent
	others   *attempts // by a name that no account has
	pairs    *attempts // by name and source

	mu       sync.Mutex
	familiar map[[2]string]bool // agents and sources from which they have logged in
}

func newGuesses(now func() time.Time) *guesses {
	return &guesses{
		sources:  together(now, mostRecalled),
		accounts: together(now, math.MaxInt), // there are not many; strangers cannot have one forgotten
		others:   together(now, mostRecalled),
		pairs:    newAttempts(now, mostRecalled, freeAttempts),
		familiar: map[[2]string]bool{},
	}
}

// delay is how long a login must still wait before its password is checked.
func (g *guesses) delay(l login) (wait time.Duration) {
	for _, c := range g.counts(l) {
		wait = max(wait, c.by.delay(c.key))
	}
	return wait
}

// wrong counts a wrong password.
func (g *guesses) wrong(l login) {
	for _, c := range g.counts(l) {
		c.by.wrong(c.key)
	}
}

// right forgets the wrong passwords of a name from a source. The others are not
// forgotten: a guesser may have an account of their own.
func (g *guesses) right(l login) {
	g.pairs.forget(l.pair())
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.familiar) >= mostRecalled {
		clear(g.familiar)
	}
	g.familiar[[2]string{l.name, l.source}] = true
}

// A count is where wrong passwords are counted, and by which key.
type count struct {
	by  *attempts
	key string
}

// counts returns where the wrong passwords of a login are counted.
func (g *guesses) counts(l login) []count {
	pair := count{g.pairs, l.pair()}
	names := count{g.others, l.key()}
	if l.account {
		g.mu.Lock()
		defer g.mu.Unlock()
		if g.familiar[[2]string{l.name, l.source}] {
			return []count{pair}
		}
		names.by = g.accounts
	}
	return []count{pair, names, {g.sources, l.source}}
}

func (l login) key() string { return strings.ToLower(l.name[:min(len(l.name), longestRecall)]) }

func (l login) pair() string { return l.key() + " from " + l.source }

// attempts count wrong passwords by a key, and delay it.
type attempts struct {
	now  func() time.Time
	most int           // keys that are remembered
	free int           // attempts without a delay
	leak time.Duration // in which one is forgotten; 0: never

	mu     sync.Mutex
	failed map[string]*failures
}

type failures struct {
	count int
	last  time.Time
	until time.Time // no password is checked before
}

func newAttempts(now func() time.Time, most, free int) *attempts {
	return &attempts{now: now, most: most, free: free, failed: map[string]*failures{}}
}

func together(now func() time.Time, most int) *attempts {
	a := newAttempts(now, most, freeTogether)
	a.leak = leakTogether
	return a
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
	switch past := now.Sub(f.last); {
	case past > forgetAttempts:
		f.count = 0
	case a.leak > 0:
		f.count = max(0, f.count-int(past/a.leak))
	}
	f.count++
	f.last = now
	if over := f.count - a.free; over >= 0 {
		f.until = now.Add(min(time.Second<<min(over, 20), longestDelay))
	}
}

func (a *attempts) forget(key string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.failed, key)
}

// makeRoom forgets old attempts and, if that is not enough, the oldest ones.
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
