package switchboard

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"holdfast/call"
)

// This file moves the line of a party from the desk of one contact, the giver, to that of
// another, the taker:
//
//  1. The taker asks for the line (call.GiveRequested), and goes on with other things.
//  2. The giver writes down that the line has gone (Given), and sends the memory of its leg
//     to the taker.
//  3. The taker closes the giver's leg, restores it as its own and writes it down.
//  4. The taker confirms that, and the giver forgets the line.
//
// So at every moment an entry of one of them has the line. A process that recovers both
// contacts repeats the step that comes next.

// A handed line is on its way from one contact to another.
type handed struct {
	From call.Place
	Given
	memory LegMemory
	leg    Leg      // the leg of the line in this process; nil after a restart
	late   []*input // messages on it that came while it was given
}

// A missed line does not come, and why.
type missed struct {
	connection call.ConnectionID
	err        error
}

// The codes of requests that concern two contacts. Each comment is a row of
// docs/REFUSALS.md.
const (
	CallHasEnded  call.Code = "call-has-ended"  // the agent's call to the target has ended
	CallsYou      call.Code = "calls-you"       // the party that is to get the customer has called the agent, and not the agent them
	FromOtherCall call.Code = "from-other-call" // the agent asks in the younger of two calls to connect the other parties of both
)

// consulted returns a request that names the party the agent has called in another
// contact, if it is a transfer to them. The contact that has lived longer goes on. A customer
// who has called us keeps their contact: the line of a target ends when the customer leaves.
func (t *transition) consulted(ev call.Event) (call.Event, error) {
	ask, ok := ev.(call.TransferRequested)
	if !ok || ask.Consulted == (call.Place{}) {
		return ev, nil
	}
	other, ok := t.desk.board.Contact(ask.Consulted.Contact)
	i := slices.IndexFunc(other.Connections, func(x call.Connection) bool { return x.ID != ask.Consulted.Connection })
	switch {
	case !ok || i < 0:
		return ev, refuse(CallHasEnded, "your call to them has ended")
	case other.Connections[i].ID == 1: // a caller, who as a target would lose the protection of P1
		return ev, refuse(CallsYou, "they have called you; transfer to a party that you have called")
	case other.Arrived.Before(t.contact.Arrived):
		return ev, refuse(FromOtherCall, "transfer from your other call, which began first")
	}
	ask.Target = other.Connections[i].Endpoint
	return ask, nil
}

// hasGiven reports whether a request asks for a line that was given already: a taker asks
// again after a restart.
func (t *transition) hasGiven(ev call.Event) bool {
	ask, ok := ev.(call.GiveRequested)
	if !ok {
		return false
	}
	for _, m := range t.given {
		if m.Given.To == ask.To {
			return true
		}
	}
	return false
}

// give takes a line out of the contact. before is the contact with the line.
func (t *transition) give(before call.Contact, c call.Give) {
	d, leg := t.desk, t.legs[c.Connection]
	if leg == nil || leg.Gone() {
		t.hands = append(t.hands, handed{From: call.Place{Contact: d.id, Connection: c.Connection}, Given: Given{To: c.To}})
		return
	}
	given := Given{To: c.To}
	for _, x := range before.Connections {
		if x.ID == c.Connection {
			given.Answered = x.State != call.Connecting
			given.Rang, given.Holding = x.Ringing || x.EarlyMedia, x.Holding
		}
	}
	m := LegMemory{Kind: leg.Kind(), Memory: leg.Memory(), Given: &given}
	delete(t.legs, c.Connection)
	t.given[c.Connection] = m
	t.hands = append(t.hands, handed{From: call.Place{Contact: d.id, Connection: c.Connection}, Given: given, memory: m, leg: leg})
}

// handOver acts on the lines of a transition that is written down: it sends those that the
// contact gives, and confirms those that have come. A contact that was just claimed repeats
// the steps that its former owner may not have made.
func (d *desk) handOver(t *transition, claimed bool) {
	hands := t.hands
	if take, taking := d.contact.Taking(); claimed && taking && d.legs[take.Connection] == nil && d.coming[take.Connection] == nil {
		d.askFor(take)
	}
	if claimed {
		for id, m := range d.given {
			hands = append(hands, handed{From: call.Place{Contact: d.id, Connection: id}, Given: *m.Given, memory: m})
		}
	}
	for _, h := range hands {
		h.late = d.lateOn(h.From.Connection, t)
		d.board.whenRestored(func() { d.board.hand(h) })
	}
	d.acknowledge(t)
	for id, gone := range d.asked {
		if gone != nil && !hasConnection(d.contact, id) {
			close(gone)
			d.asked[id] = nil
		}
	}
}

// lateOn takes out the messages on a line that came while it was given. They follow the
// line: those that were answered at once do not come again.
func (d *desk) lateOn(id call.ConnectionID, t *transition) (late []*input) {
	for _, in := range slices.Concat(t.late, d.waiting) {
		if in.message != nil && in.connection == id {
			late = append(late, in)
		}
	}
	d.waiting = slices.DeleteFunc(d.waiting, func(in *input) bool { return slices.Contains(late, in) })
	return late
}

// acknowledge confirms to other contacts that lines from them are written down here.
func (d *desk) acknowledge(t *transition) {
	for _, h := range t.came {
		if giver := d.board.desk(h.From.Contact); giver != nil && giver != d {
			d.board.put(giver, &input{kept: h.From.Connection})
		}
	}
}

// hand sends a line to the desk of the taker. If that has ended, the line goes back to the
// giver, which drops it.
func (s *Switchboard) hand(h handed) {
	to, from := s.desk(h.To.Contact), s.desk(h.From.Contact)
	switch {
	case to != nil && h.memory.Memory == nil:
		s.put(to, &input{missed: &missed{h.To.Connection, errors.New("their line has ended")}})
	case to != nil:
		s.put(to, &input{line: &h})
	case h.memory.Memory == nil:
	case from != nil:
		h.To = h.From
		s.put(from, &input{line: &h})
	case h.leg != nil: // the switchboard closes; who recovers the contacts goes on
		h.leg.Close()
	}
}

// giveBackUnread deals with the lines that the desk, which has stopped, does not take any
// more: it closes the legs of those that have come, and refuses those that call.
func (d *desk) giveBackUnread() {
	refuse := func(in *input) {
		if in.replaces != nil {
			in.replaces.Refuse(ErrUnavailable)
		}
	}
	for _, in := range d.waiting {
		refuse(in)
	}
	d.waiting = nil
	for {
		select {
		case in := <-d.inbox:
			refuse(in)
			if in.line != nil && in.line.leg != nil {
				in.line.leg.Close()
			}
		default:
			return
		}
	}
}

// askFor asks the desk of another contact for a line, without waiting for the result.
func (d *desk) askFor(take call.Take) {
	ev := call.GiveRequested{
		By: take.From.Connection, Agent: take.Agent, To: call.Place{Contact: d.id, Connection: take.Connection},
	}
	gone := make(chan struct{})
	d.asked[take.Connection] = gone
	d.board.whenRestored(func() {
		other, w := d.board.desk(take.From.Contact), &waiter{gone: gone, answer: make(chan answer, 1)}
		if other == nil {
			d.board.put(d, &input{missed: &missed{take.Connection, ErrNoContact}})
			return
		}
		d.board.put(other, &input{event: ev, waiter: w})
		d.board.running.Go(func() { // ends when the other desk has answered, or has ended
			if err := w.outcome(other); err != nil && !errors.Is(err, ErrClosed) {
				d.board.put(d, &input{missed: &missed{take.Connection, err}})
			}
		})
	})
}

// outcome waits for the answer of a desk.
func (w *waiter) outcome(d *desk) error {
	select {
	case a := <-w.answer:
		return a.err
	case <-d.done:
		return w.last(d)
	case <-w.gone:
		d.wake()
	}
	select {
	case a := <-w.answer:
		return a.err
	case <-d.done:
		return w.last(d)
	}
}

// last is the answer of a desk that has ended.
func (w *waiter) last(d *desk) error {
	select {
	case a := <-w.answer:
		return a.err
	default:
		return d.why
	}
}

// put gives a desk an input, and does not wait for it.
func (s *Switchboard) put(d *desk, in *input) {
	select {
	case d.inbox <- in:
	default:
		s.running.Go(func() { // ends when the desk has it, or has ended
			select {
			case d.inbox <- in:
			case <-d.done:
			}
		})
	}
}

// meet restores the leg of a line that comes as soon as it is read from the inbox: from then
// on messages on the line find the leg here, even if the desk waits for the journal.
func (d *desk) meet(in *input) {
	switch {
	case in.missed != nil:
		delete(d.asked, in.missed.connection)
	case in.line != nil:
		d.restoreLine(in)
	}
}

func (d *desk) restoreLine(in *input) {
	id := in.line.To.Connection
	if in.line.leg != nil {
		in.line.leg.Close()
	}
	delete(d.asked, id)
	if d.legs[id] != nil || d.coming[id] != nil { // a giver has repeated it after a restart
		return
	}
	in.leg, in.err = d.board.Legs.Restore(d.id, id, d.epoch, in.line.memory)
	if in.err == nil {
		d.coming[id] = in.leg
		d.publish(d.view.Load().contact)
	}
}

// comes takes a line in that another contact has given. A line that is not wanted any more
// is ended.
func (t *transition) comes(in *input) {
	id := in.line.To.Connection
	if in.line.From.Contact == t.desk.id {
		delete(t.given, id) // it has come back
	}
	t.came = append(t.came, *in.line)
	switch {
	case in.err != nil:
		t.desk.log.Error("a line cannot be taken", "connection", id, "error", in.err)
		t.emit(nil, call.Failed{Connection: id, Reason: call.LineError, Detail: fmt.Sprintf("taking the line: %v", in.err)})
		return
	case in.leg == nil:
		return
	}
	t.legs[id] = in.leg
	if !hasConnection(t.contact, id) {
		t.follow(id, in, in.leg.Receive(t.now, Resumed{}))
		t.planCommand(id, call.Drop{Connection: id, Reason: call.Elsewhere})
		return
	}
	t.reserveTaken(in.line, id)
	if in.line.Rang {
		t.emit(nil, call.Rang{Connection: id})
	}
	if in.line.Answered {
		t.emit(nil, call.Answered{Connection: id})
	}
	if in.line.Holding {
		t.emit(nil, call.HoldBegan{Connection: id})
	}
	t.follow(id, in, in.leg.Receive(t.now, Resumed{})) // a browser's line is away until its page is here
}

// reserveTaken reserves a target that is an agent and has not answered yet: they were
// reserved for the contact that their line comes from. They ring in any case.
func (t *transition) reserveTaken(line *handed, id call.ConnectionID) {
	if line.Answered {
		return
	}
	t.reserves = true
	if err := t.desk.board.options.Router.Reserve(t.contact, id); err != nil {
		t.desk.log.Debug("an agent rings who cannot be reserved", "error", err)
	}
}

// misses: a line does not come.
func (t *transition) misses(m missed) {
	if t.legs[m.connection] == nil {
		t.emit(nil, call.Failed{Connection: m.connection, Reason: call.Unreachable, Detail: m.err.Error()})
	}
}

// beginRestoring makes whenRestored wait until done is called. done may be called twice.
func (s *Switchboard) beginRestoring() (done func()) {
	restored := make(chan struct{})
	s.restored.Store(&restored)
	return sync.OnceFunc(func() { close(restored) })
}

// whenRestored calls do, at once unless desks are being restored.
func (s *Switchboard) whenRestored(do func()) {
	restored := s.restored.Load()
	if restored == nil {
		do()
		return
	}
	select {
	case <-*restored:
		do()
	default:
		s.running.Go(func() { // ends when all desks are there, or the switchboard closes
			select {
			case <-*restored:
				do()
			case <-s.stop:
			}
		})
	}
}

// settleGiven removes from the entries of givers the lines that takers have written down:
// the process ended before the givers had the confirmation.
func settleGiven(entries []Entry) {
	taken := func(to call.Place) bool {
		return slices.ContainsFunc(entries, func(e Entry) bool {
			return e.Contact.ID == to.Contact && hasTaken(e, to.Connection)
		})
	}
	for _, e := range entries {
		for id, m := range e.Legs {
			if m.Given != nil && taken(m.Given.To) {
				delete(e.Legs, id)
			}
		}
	}
}

// hasTaken reports whether a contact has, or had, a line as that connection.
func hasTaken(e Entry, id call.ConnectionID) bool {
	if _, has := e.Legs[id]; has {
		return true
	}
	for _, t := range e.Contact.Transfers() {
		for _, a := range t.Attempts {
			if a.Connection == id && !(a.Rang.IsZero() && a.Answered.IsZero()) {
				return true
			}
		}
	}
	return false
}
