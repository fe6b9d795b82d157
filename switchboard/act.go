package switchboard

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"holdfast/call"
)

const (
	// appendWithin is how long an entry may take; after that the contact is
	// frozen, and an entry that landed anyway is settled by the next. Each of the next
	// may take twice as long, up to appendMost: a journal that is merely slow must get
	// done with one of them.
	appendWithin = time.Second
	appendMost   = 8 * time.Second
	// A failed entry is tried again after retryFirst, then twice as long
	// each time, and never after more than retryMost.
	retryFirst = 100 * time.Millisecond
	retryMost  = time.Second
	// abandonAfter is how long the entry of a contact that is over is tried for while
	// the journal takes those of others and nothing of this one.
	abandonAfter = 30 * time.Second
	// Archiving is in no hurry.
	archiveWithin    = 10 * time.Second
	archiveRetryMost = time.Minute
)

// written is the result of the entry in flight.
type written struct {
	seq uint64
	err error
}

// begin plans the waiting inputs. It carries out what needs no record at once;
// everything else goes to the journal, and is carried out when it has landed.
func (d *desk) begin() {
	d.urgent = false
	t := d.plan()
	for _, e := range t.atOnce {
		e.in.answered = d.sendExempt(e.out)
	}
	// A frozen contact always owes an entry: the one that failed may have
	// landed, and a successor must not find facts that we have taken back.
	if !d.frozen && d.owned && !t.changes() && !d.lastWords() {
		d.adopt(t)
		d.acknowledge(t)
		t.turnAwayLines()
		d.reply(t.replies)
		return
	}
	if d.frozen && t.customerGone() && len(t.hands) == 0 {
		d.releaseOthers(t)
	}
	d.flight = t
	if len(t.joined) > 0 { // messages on them wait from now on
		d.publish(d.view.Load().contact)
	}
	t.precede()
	d.queued = newTurn(d.urgencyOf(t))
	d.write(pending{
		entry: t.entry(), after: d.seq, turn: d.queued,
		within: d.appendIn, patience: d.patience(), reserves: t.reserves,
	})
}

// write writes an entry and reports the result to landed. The goroutine ends with the
// entry's turn and then with Append, which ends with its context.
func (d *desk) write(p pending) {
	ctx, cancel := context.WithCancel(context.Background())
	d.cancelAppend = cancel
	go func() {
		defer cancel()
		seq, err := d.board.append(ctx, p)
		d.written <- written{seq, err}
	}()
}

func (d *desk) landed(w written) {
	t := d.flight
	d.flight = nil
	switch {
	case errors.Is(w.err, ErrFenced):
		d.log.Warn("another owner has taken the contact over")
		t.discard()
		d.giveBack()
		d.end(ErrFenced)
	case errors.Is(w.err, ErrBusy):
		t.discard()
		d.turnAway()
	case w.err != nil && d.stopping && !d.owned:
		t.discard()
	case w.err != nil:
		t.discard()
		d.freeze(w.err)
	default:
		d.board.failed.Store(0)
		d.act(t, w.seq)
	}
}

// patience is how long the next entry may wait for its turn: limited for a contact that
// can be turned away and of which the journal cannot have anything. Zero: no matter.
func (d *desk) patience() time.Duration {
	if d.beginning == nil || d.seq > 0 || d.frozen {
		return 0
	}
	return turnAwayAfter
}

// turnAway ends a contact of which nothing is written down. Only the caller knows of
// it, and the router, if it has reserved an agent. The leg is closed last: until then
// it takes the caller's repetitions, which would otherwise begin a contact.
func (d *desk) turnAway() {
	d.board.options.Router.Changed(call.Contact{ID: d.id}, nil)
	d.beginning.TurnAway()
	d.giveBack()
	d.end(ErrNoContact)
}

// act carries out the transition that has been written down.
func (d *desk) act(t *transition, seq uint64) {
	if d.frozen {
		d.log.Info("the journal is back")
	}
	d.recorded(true)
	d.seq, d.step = seq, d.step+1
	d.frozen, d.retryIn, d.appendIn, d.urgent = false, 0, appendWithin, false
	d.trace = d.trace[t.traced:]
	d.rung = time.Time{} // if the deadline is still to come or to be dealt with, report it again
	d.outstanding = outstanding{}
	d.logLosses(t)
	d.adopt(t)
	d.publish(d.contact) // before the first answer to the messages we send now
	claimed := !d.owned
	d.owned = true
	for _, take := range t.takes { // before the agent's phone is answered, which may hang up then
		d.askFor(take)
	}
	for _, m := range t.out {
		d.send(m)
	}
	d.board.options.Router.Changed(t.contact, t.events) // whose line has been ended is free now
	d.handOver(t, claimed)
	if claimed {
		close(d.claimed) // Recover has reported all contacts to the router when it returns
	}
	d.listen()
	t.turnAwayLines()
	d.reply(t.replies)
}

// logLosses logs the lines that a transition has lost, and that the customer is parked:
// an administrator should look at both.
func (d *desk) logLosses(t *transition) {
	for _, e := range t.events {
		if lost, is := e.Event.(call.Lost); is && !lost.MayReturn && hasConnection(d.contact, lost.Connection) {
			d.log.Warn("a line is lost", "connection", lost.Connection, "detail", lost.Detail)
		}
	}
	if t.contact.Stage == call.Parked && d.contact.Stage != call.Parked {
		d.log.Warn("the customer is parked: the agent and the fallback queue did not answer")
	}
}

// freeze: nothing that needs a record is done until the journal takes one.
// The room is left alone, so the people talk on.
//
// A contact of which nothing is written is given up when the journal has taken others
// for a while, and its customer has gone: it may be that its entry can never be
// written. Until it is written it does not count for new ones, neither for how long
// they would wait nor, by its later tries, for whether the journal is down.
func (d *desk) freeze(err error) {
	d.recorded(false)
	now := d.board.options.Now()
	if !d.frozen || d.seq > 0 {
		d.board.failed.Store(now.UnixNano())
	}
	if !d.frozen {
		d.frozenAt = now
		d.log.Error("the contact is frozen: its journal entry was not written", "error", err)
	}
	d.frozen = true
	d.appendIn = min(2*d.appendIn, appendMost)
	d.retryIn = min(max(2*d.retryIn, retryFirst), retryMost)
	d.retryAt = d.now().Add(d.retryIn)
	if d.seq == 0 && d.over() && d.board.writes.took(d.frozenAt.Add(abandonAfter)) {
		d.log.Error("the contact is given up: it is over, and was never written down", "error", err)
		d.giveBack()
		d.board.options.Router.Changed(call.Contact{ID: d.id}, nil)
		d.end(ErrNoContact)
	}
}

// releaseOthers acts on the leaving of the customer without a record: the parties that
// were on the line only for them are dropped (P6). The record is owed.
func (d *desk) releaseOthers(t *transition) {
	endings := func(m message) bool { return m.Class() == Ending }
	for _, m := range t.out {
		if endings(m) {
			d.note(t.now, m.Trace())
			d.send(m)
		}
	}
	t.out = slices.DeleteFunc(t.out, endings)
	d.adopt(t)
	t.n, t.opened, t.joined = 0, nil, nil
	d.outstanding = t.outstanding.clone()
}

// adopt makes a transition the desk's own state.
func (d *desk) adopt(t *transition) {
	for _, in := range d.waiting[:t.n] {
		if in.line != nil {
			delete(d.coming, in.line.To.Connection)
		}
	}
	d.given = t.given
	d.waiting = slices.Delete(d.waiting, 0, t.n)
	d.contact, d.legs, d.memory = t.contact, maps.Clone(t.legs), t.memory
}

// publish shows a contact that has been written down, and its legs.
func (d *desk) publish(c call.Contact) {
	legs := slices.Collect(maps.Keys(d.legs))
	legs = slices.AppendSeq(legs, maps.Keys(d.coming))
	legs = slices.AppendSeq(legs, maps.Keys(d.given)) // no other desk gets the messages on them
	if d.flight != nil {
		legs = append(legs, d.flight.joined...)
	}
	slices.Sort(legs)
	d.view.Store(&view{contact: c, legs: legs})
}

// listen sets the contact's audio as it is now, and reports to the contact the parties
// in two-way audio if they have changed, or if it waits for that: a consulted target
// is in the audio already when the joining begins.
func (d *desk) listen() {
	joined := d.room.Set(call.Hears(d.contact))
	if d.contact.Stage == call.Over || d.contact.Stage != call.Joining && slices.Equal(joined, d.joined) {
		return
	}
	d.joined = slices.Clone(joined)
	d.waiting = append(d.waiting, &input{event: call.Joined{Connections: d.joined}})
}

func (d *desk) send(m message) {
	if err := m.Send(); err != nil {
		d.log.Warn("sending", "connection", m.from, "message", m.Trace(), "error", err)
	}
}

// sendExempt sends the exempt ones of out, and reports whether there were any.
func (d *desk) sendExempt(out []Outgoing) (sent bool) {
	for _, o := range out {
		if o.Class() == Exempt {
			d.note(d.now(), o.Trace())
			d.send(message{Outgoing: o})
			sent = true
		}
	}
	return sent
}

func (d *desk) reply(all replies) {
	for _, r := range all {
		r.waiter.answer <- answer{d.contact, r.err}
	}
}

// reap closes the legs that are gone. A party whose line has gone without a
// word is lost.
func (d *desk) reap() {
	if d.flight != nil || d.ended {
		return
	}
	before := len(d.legs)
	for _, id := range slices.Sorted(maps.Keys(d.legs)) {
		if !d.legs[id].Gone() {
			continue
		}
		d.legs[id].Close()
		delete(d.legs, id)
		delete(d.memory, id)
		if hasConnection(d.contact, id) && !isAway(d.contact, id) {
			d.lose(id, "its line has ended")
		}
	}
	if len(d.legs) != before {
		d.publish(d.view.Load().contact)
	}
}

func (d *desk) lose(id call.ConnectionID, detail string) {
	d.waiting = append(d.waiting, &input{event: call.Lost{Connection: id, Detail: detail}})
}

// giveBack closes everything of a contact that is not ours any more, and sends
// nothing.
func (d *desk) giveBack() {
	d.room.Close()
	for _, leg := range d.legs {
		leg.Close()
	}
	for _, leg := range d.coming {
		leg.Close()
	}
	d.giveBackUnread()
}

// end ends the desk; why is for those who come too late. The contact of a
// broken desk stays known, so that no request gets the answer that it does not exist.
func (d *desk) end(why error) {
	d.ended, d.why = true, why
	d.recorded(false)
	if !errors.Is(why, ErrBroken) {
		d.board.forget(d.id)
	}
	close(d.done)
}

// recorded reports, once, the result of the first entry of a contact that was opened.
func (d *desk) recorded(written bool) {
	if d.fresh {
		d.fresh = false
		d.board.writes.recorded(written)
	}
}

// archive moves a contact that is over out of the way of the living, however
// long that takes; it is given up when the switchboard closes, and then done by the
// server that recovers the contact.
func (d *desk) archive() {
	wait := retryFirst
	for {
		err := d.board.writes.do(d.board.stop, newTurn(archiving), func() error {
			ctx, cancel := context.WithTimeout(context.Background(), archiveWithin)
			defer cancel()
			return d.board.options.Journal.Archive(ctx, d.id)
		})
		if err == nil || d.board.closing() {
			return
		}
		if !errors.Is(err, ErrUnavailable) { // or the journal logs it
			d.log.Error("archiving", "error", err)
		}
		select {
		case <-d.board.stop:
			return
		case <-time.After(wait):
		}
		wait = min(2*wait, archiveRetryMost)
	}
}
