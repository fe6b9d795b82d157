package switchboard

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"holdfast/call"
)

const (
	// flyingMost is how many writes the journal has at the same time. It syncs one
	// after the other: more of them would not be written sooner, and those who talk
	// could not overtake them.
	flyingMost = 8
	// slowPart is the part of appendWithin in which the journal must be able to write all
	// that it has: a quarter.
	slowPart = 4
	// claimEvery is which turn a claim gets while others but those who talk wait.
	claimEvery = 4
	// archivingMost is how many of them may archive, each with many writes.
	archivingMost = 2
	// admitWithin is how long the first entry of a new contact may have to wait. If it
	// would take longer, it is turned away at once.
	admitWithin = 200 * time.Millisecond
	// workWithin is the same for a request, which waits twice: an entry of its contact
	// may be on its way.
	workWithin = admitWithin / 2
	// turnAwayAfter is how long a new contact has waited for its turn, once its agent is
	// reserved, when it is turned away after all: those who came before had more to write than was foreseen.
	turnAwayAfter = 250 * time.Millisecond
)

// An urgency is the rank in which waiting writes are handed to the journal.
type urgency int

const (
	talking   urgency = iota // the customer talks to another party, or is about to
	begun                    // the contact has been written down
	archiving                // the contact is over
	fresh                    // the contact is new
	claiming                 // the contact is taken over, and nothing happens in it
	urgencies
)

// urgencyOf returns the urgency of a transition's entry.
func (d *desk) urgencyOf(t *transition) urgency {
	switch {
	case talks(d.contact) || talks(t.contact):
		return talking
	case !d.owned && !awaited(t.contact) && !t.happened():
		return claiming
	case d.seq > 0:
		return begun
	}
	return fresh
}

// awaited reports whether a party rings, or has a place kept: their time goes by while the
// contact waits to be claimed.
func awaited(c call.Contact) bool {
	return slices.ContainsFunc(c.Connections, func(x call.Connection) bool {
		rings := x.State == call.Connecting && x.Party != call.Customer
		return (rings || !x.AnswerBy.IsZero()) && !x.IsQueued()
	})
}

// happened reports whether a transition is more than taking a contact over.
func (t *transition) happened() bool {
	return len(t.replies) > 0 || slices.ContainsFunc(t.events, func(e call.Timed) bool {
		_, recovered := e.Event.(call.Recovered)
		return !recovered
	})
}

// talks reports whether the customer has been answered and is with an agent or a
// target.
func talks(c call.Contact) bool {
	if c.Answered.IsZero() {
		return false
	}
	for _, x := range c.Connections {
		if x.Party != call.Customer && (x.State == call.Connected || x.State == call.Held) {
			return true
		}
	}
	return false
}

// Writes are the entries that wait for the journal, ordered by urgency. Only flyingMost are
// in the journal's hands at a time, and fewer while it is slow, so that an urgent one never
// waits for more than these. Waiting entries do not mean that the journal fails: the time
// that an entry may take begins when the journal gets it.
type writes struct {
	now func() time.Time
	log *slog.Logger

	mu        sync.Mutex
	flying    backlog            // entries in the journal's hands
	archiving int                // in the journal's hands, too
	turns     int                // the number of turns given so far
	waiting   [urgencies][]*turn // oldest first
	urgent    backlog            // entries of contacts that have begun
	first     backlog            // contacts whose first entry is not written
	landed    time.Time          // the last time that the journal took something
	asked     time.Time          // the last time that it got something after it had nothing to do
	away      int                // how many were turned away and not yet logged
	logged    time.Time
}

// A turn is a write that waits; ready gets nil when the journal may have it. Its urgency
// is guarded by the mutex of writes.
type turn struct {
	ready   chan error
	urgency urgency
	waits   bool // it is among those waiting
	past    bool // it has been, and is not any more
}

func newTurn(u urgency) *turn { return &turn{ready: make(chan error, 1), urgency: u} }

func newWrites(now func() time.Time, log *slog.Logger) *writes {
	first := backlog{each: eachFirst}
	return &writes{now: now, log: log, flying: first, urgent: first, first: first}
}

// do calls write as soon as it is its turn, and returns its error. If gone is closed
// before, or the journal takes nothing any more, do returns ErrUnavailable.
func (w *writes) do(gone <-chan struct{}, t *turn, write func() error) error {
	if err := w.wait(gone, t); err != nil {
		w.gaveUp(t)
		return err
	}
	err := write()
	w.done(t, err)
	return err
}

func (w *writes) wait(gone <-chan struct{}, t *turn) error {
	w.mu.Lock()
	w.enqueue(t)
	w.next()
	w.mu.Unlock()
	select {
	case err := <-t.ready:
		return err
	case <-gone:
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.dequeue(t) {
		return ErrUnavailable
	}
	if err := <-t.ready; err != nil {
		return err
	}
	w.leave(t, false) // it was its turn just now
	w.next()
	return ErrUnavailable
}

// enqueue puts a turn behind those of its urgency. The mutex is held.
func (w *writes) enqueue(t *turn) {
	if t.urgency <= begun {
		w.urgent.begin(w.now())
	}
	if w.flying.n+w.archiving == 0 { // then nothing waits, either
		w.asked = w.now()
	}
	t.waits = true
	w.waiting[t.urgency] = append(w.waiting[t.urgency], t)
}

// dequeue reports whether a turn was waiting, and takes it out. The mutex is held.
func (w *writes) dequeue(t *turn) bool {
	if !t.waits {
		return false
	}
	t.waits, t.past = false, true
	w.waiting[t.urgency] = slices.DeleteFunc(w.waiting[t.urgency], func(other *turn) bool { return other == t })
	return true
}

// hurry moves a claim that was not handed over to the entries of contacts that have begun.
func (w *writes) hurry(t *turn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if t.urgency != claiming || t.past {
		return
	}
	waited := w.dequeue(t)
	t.urgency, t.past = begun, false
	if waited {
		w.enqueue(t)
	}
}

// next hands the journal as many entries as it can take. The mutex is held.
func (w *writes) next() {
	for w.flying.n < w.room() && w.flying.n+w.archiving < flyingMost {
		u, some := w.choose()
		if !some {
			return
		}
		t := w.waiting[u][0]
		w.waiting[u][0] = nil
		w.waiting[u] = w.waiting[u][1:]
		t.waits, t.past = false, true
		w.turns++
		if u == archiving {
			w.archiving++
		} else {
			w.flying.begin(w.now())
		}
		t.ready <- nil
	}
}

// choose returns whose turn it is. Claims come last, but not never.
func (w *writes) choose() (u urgency, some bool) {
	if w.turns%claimEvery == 0 && len(w.waiting[talking]) == 0 && len(w.waiting[claiming]) > 0 {
		return claiming, true
	}
	for u := range urgencies {
		if len(w.waiting[u]) > 0 && (u != archiving || w.archiving < archivingMost) {
			return u, true
		}
	}
	return 0, false
}

// room returns how many entries the journal may have: the last of them is written
// within a part of appendWithin, if each takes as long as it did lately.
func (w *writes) room() int {
	each := w.flying.each
	if w.flying.n > 0 {
		each = max(each, w.now().Sub(w.flying.since))
	}
	return min(flyingMost, max(1, int(appendWithin/slowPart/each)))
}

// leave takes out an entry that is not in the journal's hands any more. One slow entry is
// enough to count the journal as slow; it takes a few to count it as fast again.
func (w *writes) leave(t *turn, written bool) {
	if t.urgency == archiving {
		w.archiving--
		return
	}
	now := w.now()
	took := now.Sub(w.flying.since)
	w.flying.end(now, written)
	if written {
		w.flying.each = max(w.flying.each, took, 1)
	}
}

func (w *writes) gaveUp(t *turn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if t.urgency <= begun {
		w.urgent.end(w.now(), false)
	}
}

// done makes room for the next. If the journal has taken nothing for as long as one
// entry may take, all waiting entries fail now, and not one after the other. One failure
// alone does not mean that, and our giving up the wait means nothing.
func (w *writes) done(t *turn, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.now()
	w.leave(t, err == nil)
	if t.urgency <= begun {
		w.urgent.end(now, err == nil)
	}
	switch {
	case err == nil, errors.Is(err, ErrFenced):
		w.landed = now
	case errors.Is(err, context.Canceled):
	case now.Sub(w.landed) >= appendWithin && now.Sub(w.asked) >= appendWithin:
		for u := range urgencies {
			for _, t := range w.waiting[u] {
				t.waits, t.past = false, true
				t.ready <- ErrUnavailable
			}
			w.waiting[u] = nil
		}
	}
	w.next()
}

// took reports whether the journal has taken something after a time.
func (w *writes) took(after time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.landed.After(after)
}

// admits returns ErrBusy if a request would wait too long for others. A slow journal alone
// is not enough: the requester has patience.
func (w *writes) admits() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.urgent.n < roomFor {
		return nil
	}
	return w.unlessBehind(w.urgent.wait(w.now()), workWithin)
}

// admitsNew returns ErrBusy if the first entry of a new contact would wait too long.
func (w *writes) admitsNew() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.now()
	return w.unlessBehind(max(w.first.wait(now), w.urgent.wait(now)), admitWithin)
}

// late turns a new contact away that has waited too long, and returns ErrBusy.
func (w *writes) late() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.unlessBehind(turnAwayAfter, admitWithin)
}

// unlessBehind logs at most once a second that a caller or a request is turned away. The
// mutex is held.
func (w *writes) unlessBehind(wait, within time.Duration) error {
	if wait <= within {
		return nil
	}
	w.away++
	if now := w.now(); now.Sub(w.logged) >= time.Second {
		w.log.Warn("the journal is behind: new contacts and requests are turned away",
			"unmentioned", w.away, "entries", w.urgent.n, "contacts", w.first.n, "wait", wait.Round(time.Millisecond))
		w.away, w.logged = 0, now
	}
	return ErrBusy
}

// opened counts a contact until its first entry is written, or it has none.
func (w *writes) opened() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.first.begin(w.now())
}

// recorded: the first entry of a contact that was opened is written, or will not be.
func (w *writes) recorded(written bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.first.end(w.now(), written)
}

// IsWork reports whether a request may be turned away while the journal is behind.
// A request that answers a party, takes them off hold or ends something never is.
func IsWork(ev call.Event) bool {
	switch ev.(type) {
	case call.TransferRequested, call.HoldRequested, call.MuteRequested, call.DigitsRequested,
		call.RecordRequested, call.SwapRequested, call.ConferenceRequested:
		return true
	}
	return false
}
