package switchboard

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"maps"
	"runtime/debug"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"holdfast/call"
)

const (
	// inboxSize is how many inputs may lie unread; a desk never waits for
	// anything but its inbox, so they do not lie there for long. All legs that a
	// contact can have may send two inputs at once.
	inboxSize = 512
	// waitingMost is how many messages on one line may wait for the journal.
	// Those beyond it are dropped: lines repeat unanswered messages. Those on other
	// lines are kept.
	waitingMost = 256
	// soonest keeps a leg that does not move its deadline from spinning.
	soonest = time.Millisecond
)

// A view is the part of a desk that other goroutines may see.
type view struct {
	contact call.Contact // as written down; without a stage before that
	legs    []call.ConnectionID
}

// A desk runs one contact. Its goroutine alone decides, plans, has recorded
// and acts; it never waits for the journal.
//
// It is idle, or an entry is in flight, or it is frozen: the journal has
// failed, only messages that need no record are sent, and the entry is planned anew
// and tried again until it is written. An input that arrives while it is not idle
// waits its turn.
//
// A panic at the desk is our bug. It stops the desk but not the process: all other
// contacts go on, and the people in this one talk on, but the desk handles no
// further inputs.
type desk struct {
	board *Switchboard
	id    call.ContactID
	epoch uint16
	log   *slog.Logger
	room  Room

	// The contact's time was began when it was start by the clock.
	began, start time.Time

	inbox    chan *input
	withdrew chan struct{} // a waiter has gone
	written  chan written  // the result of the entry in flight
	timer    *time.Timer
	done     chan struct{} // closed when the desk has ended
	why      error         // the error for requests that come too late, once done
	claimed  chan struct{} // closed when a recovered contact is ours
	view     atomic.Pointer[view]
	overflow atomic.Bool

	// The contact and its legs as they have been written down and acted on.
	contact call.Contact
	legs    map[call.ConnectionID]Leg
	memory  map[call.ConnectionID][]byte    // of each leg
	given   map[call.ConnectionID]LegMemory // lines that go to other contacts, until those have written them down
	joined  []call.ConnectionID             // the last ones reported to the contact
	rung    time.Time                       // the contact's deadline, once it was reported

	coming map[call.ConnectionID]Leg           // lines from other contacts, not yet planned for
	asked  map[call.ConnectionID]chan struct{} // lines that other contacts were asked for; closed, then nil: not wanted any more

	fresh       bool        // opened, and no entry is written
	beginning   Beginning   // of a contact that was opened; nil if it cannot be turned away
	owned       bool        // the journal knows that the contact is ours, or it is new
	seq         uint64      // of the last entry
	step        uint64      // of the last entry
	waiting     []*input    // in order; the first of them may be in flight
	flight      *transition // being written
	trace       []string    // since the last entry
	outstanding outstanding // acted on but not written yet

	frozen       bool
	frozenAt     time.Time // by the clock
	urgent       bool      // an input may end the contact: try again at once
	retryAt      time.Time
	retryIn      time.Duration
	appendIn     time.Duration      // how long the next entry may take
	queued       *turn              // of the entry in flight
	cancelAppend context.CancelFunc // ends the wait for the entry in flight
	requests     *rate.Limiter      // see paced
	stopping     bool
	ended        bool
}

func newDesk(s *Switchboard, c call.Contact, epoch uint16) *desk {
	now := s.options.Now()
	d := &desk{
		board: s, id: c.ID, epoch: epoch, contact: c,
		began: now.UTC(), start: now, // only start keeps its monotonic reading
		appendIn: appendWithin, requests: rate.NewLimiter(rate.Every(requestEvery), requestBurst),
		log:      s.options.Log.With("contact", c.ID),
		inbox:    make(chan *input, inboxSize),
		withdrew: make(chan struct{}, 1),
		written:  make(chan written, 1),
		done:     make(chan struct{}),
		claimed:  make(chan struct{}),
		legs:     map[call.ConnectionID]Leg{},
		memory:   map[call.ConnectionID][]byte{},
		given:    map[call.ConnectionID]LegMemory{},
		coming:   map[call.ConnectionID]Leg{},
		asked:    map[call.ConnectionID]chan struct{}{},
	}
	d.view.Store(&view{})
	return d
}

func (d *desk) run(begin func()) {
	d.timer = time.NewTimer(0)
	d.room = d.board.options.Rooms.Room(d.id)
	if begin != nil {
		d.safely(begin)
	}
	stop := d.board.stop
	for !d.ended {
		select {
		case in := <-d.inbox:
			d.safely(func() { d.arrive(in) })
		case <-d.withdrew: // settle sees who
		case w := <-d.written:
			d.safely(func() { d.landed(w) })
		case <-d.timer.C:
			d.safely(d.alarm)
		case <-stop:
			d.stopping, stop = true, nil
			if !d.owned && d.flight != nil {
				d.cancelAppend() // the server that recovers the contact claims it
			}
		}
		d.safely(d.settle)
	}
	d.timer.Stop()
	if !errors.Is(d.why, ErrClosed) { // those are the successor's
		d.giveBackUnread()
	}
	if errors.Is(d.why, ErrNoContact) && d.seq > 0 {
		d.archive()
	}
}

// safely stops the desk if f panics.
func (d *desk) safely(f func()) {
	defer func() {
		if p := recover(); p != nil {
			d.log.Error("the desk is stuck; the audio of its contact goes on", "panic", p, "stack", string(debug.Stack()))
			d.end(ErrBroken)
		}
	}()
	if !d.ended {
		f()
	}
}

// arrive takes an input in. While an earlier one is not settled it waits, but a
// message that may be answered without a record is answered.
func (d *desk) arrive(in *input) {
	in.at = d.now()
	switch {
	case in.message != nil:
		d.note(in.at, in.message.Trace())
	case in.replaces != nil:
		d.note(in.at, in.replaces.First.Trace())
	}
	d.meet(in)
	if !d.owned && d.flight != nil && d.concerns(in) {
		d.board.writes.hurry(d.queued)
	}
	if d.flight != nil || d.frozen {
		if in.message != nil && d.early(in) {
			return
		}
		if (in.message != nil || in.replaces != nil) && d.waitingOn(in.connection) >= waitingMost {
			d.flooded(in.connection)
			return
		}
	}
	d.waiting = append(d.waiting, in)
	if in.line != nil {
		for _, m := range in.line.late {
			d.waiting = append(d.waiting, &input{connection: in.line.To.Connection, message: m.message, answered: m.answered, at: in.at})
		}
	}
}

// concerns reports whether an input is more than a message that only its line needs.
func (d *desk) concerns(in *input) bool {
	if in.message == nil {
		return true
	}
	leg := d.legs[in.connection]
	return leg != nil && len(leg.Receive(d.now(), in.message).Facts) > 0
}

// early sends the exempt answers to a message whose turn has not come, as the
// leg gives them that has been recorded, and reports whether that was all.
//
// A message that means nothing to that leg may mean much to the one that is being
// recorded, such as a CANCEL to a leg whose INVITE is not recorded yet. So while a
// leg is moving, early only sends answers to messages that have an effect.
func (d *desk) early(in *input) (settled bool) {
	leg := d.legs[in.connection]
	if leg == nil || !d.owned {
		return false
	}
	p := leg.Receive(d.now(), in.message)
	settled = len(p.Facts) == 0 && exemptOnly(p.Out) && bytes.Equal(p.Leg.Memory(), d.memory[in.connection])
	if settled && d.moving(in.connection) {
		return false
	}
	in.answered = d.sendExempt(p.Out)
	if settled {
		d.legs[in.connection] = p.Leg
		if d.flight != nil {
			d.flight.legs[in.connection] = p.Leg
		}
	}
	if len(p.Facts) > 0 {
		d.urgent = true
		if d.frozen && d.flight != nil {
			d.cancelAppend()
		}
	}
	return settled
}

// flooded notes, once, that messages on a line are dropped.
func (d *desk) flooded(on call.ConnectionID) {
	if d.overflow.CompareAndSwap(false, true) {
		d.log.Warn("flooded: messages are dropped", "connection", on)
	}
}

// waitingOn is how many messages on a line wait.
func (d *desk) waitingOn(id call.ConnectionID) (n int) {
	for _, in := range d.waiting {
		if (in.message != nil || in.replaces != nil) && in.connection == id {
			n++
		}
	}
	return n
}

// moving reports whether something that concerns the leg waits or is in flight.
func (d *desk) moving(id call.ConnectionID) bool {
	for _, in := range d.waiting {
		if in.message != nil && in.connection == id {
			return true
		}
	}
	return d.flight != nil && !bytes.Equal(d.flight.memory[id], d.memory[id])
}

// alarm wakes the legs and the contact whose deadline has come. A contact that is
// not claimed yet has more time: its claim moves the deadline, see call.Recovered.
func (d *desk) alarm() {
	now := d.now()
	for _, id := range slices.Sorted(maps.Keys(d.legs)) {
		if call.Due(d.legs[id].Deadline(), now) && !d.moving(id) {
			d.arrive(&input{connection: id, message: Tick{}})
		}
	}
	if at := d.contact.Deadline(); d.owned && call.Due(at, now) && !at.Equal(d.rung) {
		d.rung = at
		d.arrive(&input{event: call.DeadlinePassed{}})
	}
}

// settle does whatever can be done now, and sets the timer for the rest.
func (d *desk) settle() {
	d.withdraw()
	d.reap()
	for d.ready() {
		d.begin()
		d.reap()
	}
	switch {
	case d.ended:
		return
	case d.flight != nil:
	case d.stopping:
		d.board.leave(d)
		d.end(ErrClosed)
		return
	case d.finished():
		d.room.Close()
		d.end(ErrNoContact)
		return
	}
	d.setTimer()
}

func (d *desk) ready() bool {
	switch {
	case d.ended || d.stopping || d.flight != nil:
		return false
	case d.frozen:
		return d.urgent || call.Due(d.retryAt, d.now())
	}
	return len(d.waiting) > 0 || !d.owned || d.lastWords()
}

// finished: nothing is left that could happen.
func (d *desk) finished() bool {
	return d.over() && !d.frozen && len(d.waiting) == 0
}

// lastWords reports that of a contact that is over only lines are left to be
// written down.
func (d *desk) lastWords() bool {
	return d.over() && d.seq > 0 && len(d.trace) > 0
}

// over: the contact has ended, or never began, and so have its legs. No line is on its
// way to another contact or from one.
func (d *desk) over() bool {
	return (d.contact.Stage == call.Over || d.contact.Stage == "") &&
		len(d.legs) == 0 && len(d.given) == 0 && len(d.asked) == 0 && len(d.coming) == 0
}

// setTimer makes alarm run at the first deadline. A moving leg's has to wait.
func (d *desk) setTimer() {
	var next time.Time
	consider := func(at time.Time) {
		if !at.IsZero() && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	if d.frozen && d.flight == nil {
		consider(d.retryAt)
	}
	if at := d.contact.Deadline(); d.owned && !at.Equal(d.rung) {
		consider(at)
	}
	for id, leg := range d.legs {
		if !d.moving(id) {
			consider(leg.Deadline())
		}
	}
	if next.IsZero() {
		d.timer.Stop()
		return
	}
	d.timer.Reset(max(next.Sub(d.now()), soonest))
}

// withdraw takes back the requests whose waiters have gone, unless they are
// in flight.
func (d *desk) withdraw() {
	flying := 0
	if d.flight != nil {
		flying = d.flight.n
	}
	kept := slices.DeleteFunc(d.waiting[flying:], func(in *input) bool {
		if in.waiter == nil {
			return false
		}
		select {
		case <-in.waiter.gone:
			in.waiter.answer <- answer{err: ErrUnavailable}
			return true
		default:
			return false
		}
	})
	d.waiting = d.waiting[:flying+len(kept)]
}

// wake reports to the desk that a waiter has gone.
func (d *desk) wake() {
	select {
	case d.withdrew <- struct{}{}:
	default: // it will look anyway
	}
}

// now is the contact's time. It goes on by the time that has really passed, even if
// the clock is set.
func (d *desk) now() time.Time { return d.began.Add(d.board.options.Now().Sub(d.start)) }
