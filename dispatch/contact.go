package dispatch

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"holdfast/call"
	"holdfast/routing"
	"holdfast/switchboard"
)

// This file has what a contact means to routing. A connection of a contact is
// an agent's segment when it is rung or talks, and an entry when it is a queue's;
// whom a queue has found has the segment of their entry.

// segmentOf is the segment, or entry, that a connection stands for.
func segmentOf(id call.ContactID, x call.Connection) routing.SegmentID {
	if x.For != 0 {
		return routing.SegmentID{Contact: id, Connection: x.For}
	}
	return routing.SegmentID{Contact: id, Connection: x.ID}
}

// reservedBeyond is how much longer than they ring somebody is kept who was not
// found by a queue. Their contact watches the time, also after a restart, and lets
// them go; this is for reservations that nobody knows of any more.
const reservedBeyond = 24 * time.Hour

// Reserve implements switchboard.Router.
func (k *Dispatcher) Reserve(c call.Contact, id call.ConnectionID) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, x := range c.Connections {
		if x.ID != id || x.Endpoint.Kind != call.AgentEndpoint {
			continue
		}
		s := k.state.Agent(x.Endpoint.Address)
		switch {
		case s == nil:
			return undialable(call.NotFound, "no [[agent]] is called %q", x.Endpoint.Address)
		case x.For != 0 && !s.ReservedFor(segmentOf(c.ID, x)):
			return undialable(call.Busy, "the queue has taken its offer to %s back", s.Name)
		case x.For == 0:
			return k.reserve(c, x)
		}
	}
	return nil
}

// reserve reserves this very agent. If they have left the contact they have
// their segment no more, even if that is not written down yet: it is they who are
// recalled. Whom a plan that was dropped had wanted instead is free.
func (k *Dispatcher) reserve(c call.Contact, x call.Connection) error {
	id, agent := segmentOf(c.ID, x), x.Endpoint.Address
	if other := k.state.Reserved(id); other != "" && other != agent {
		k.happened(routing.Left{SegmentID: id})
	}
	ask := routing.AgentRequested{Agent: agent, SegmentID: id, Own: ofTheirOwn(c, x), For: call.Duration(time.Hour), Former: k.former(c, agent)}
	if !x.AnswerBy.IsZero() {
		ask.For = call.Duration(x.AnswerBy.Sub(x.Since) + reservedBeyond)
	}
	if err := k.decide(ask); err != nil {
		return &switchboard.DialError{Reason: call.Busy, Detail: err.Error()}
	}
	k.clear(agent, ask.Former)
	return nil
}

// former is the part that an agent has had in a contact and has no more; zero:
// none.
func (k *Dispatcher) former(c call.Contact, agent string) routing.SegmentID {
	s := k.state.Agent(agent)
	switch {
	case s == nil:
		return routing.SegmentID{}
	case s.Reservation != nil && s.Reservation.Contact == c.ID && !wants(c, s.Reservation.SegmentID, agent):
		return s.Reservation.SegmentID
	}
	for _, segment := range s.Segments {
		if segment.Contact == c.ID && segment.State != routing.AfterCallWork && !wants(c, segment.SegmentID, agent) {
			return segment.SegmentID
		}
	}
	return routing.SegmentID{}
}

// wants says that a contact has an agent for a segment, or may have them of a queue.
func wants(c call.Contact, id routing.SegmentID, agent string) bool {
	for _, x := range c.Connections {
		if segmentOf(c.ID, x) == id && (x.IsQueued() || x.Endpoint.Kind == call.AgentEndpoint && x.Endpoint.Address == agent) {
			return true
		}
	}
	return false
}

// ofTheirOwn: the agent calls somebody, or a customer of theirs comes back.
func ofTheirOwn(c call.Contact, x call.Connection) bool {
	return x.Party == call.Agent && (c.Stage == call.Dialling || c.Stage == call.Returning)
}

// Resume implements switchboard.Router.
func (k *Dispatcher) Resume(c call.Contact, by call.ConnectionID) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, x := range c.Connections {
		if x.ID != by || x.Endpoint.Kind != call.AgentEndpoint {
			continue
		}
		agent, id := x.Endpoint.Address, segmentOf(c.ID, x)
		if k.state.Agent(agent).Segment(id) == nil {
			continue // routing knows nothing of them
		}
		if err := k.decide(routing.ResumeRequested{Agent: agent, SegmentID: id}); err != nil {
			return err
		}
	}
	return nil
}

// Changed implements switchboard.Router.
func (k *Dispatcher) Changed(c call.Contact, events []call.Timed) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.offersEnded(c, events)
	held := isHeld(c)
	for _, x := range c.Connections {
		switch {
		case x.IsQueued():
			k.queue(c, x)
		case x.Endpoint.Kind != call.AgentEndpoint:
		case x.State == call.Connecting && x.For != 0:
			k.ringing[segmentOf(c.ID, x)] = ringing{x.Endpoint.Address, x.ID}
		case x.State != call.Connecting:
			k.talks(c, x, held)
		}
	}
	k.release(c)
}

// queue gives a customer their entry. Whose queue there is no more is told so. Whom
// a plan that was dropped had wanted under the same number is free.
func (k *Dispatcher) queue(c call.Contact, x call.Connection) {
	id := segmentOf(c.ID, x)
	if a := k.state.Agent(k.state.Reserved(id)); a != nil && a.Reservation.Queue == "" {
		k.happened(routing.Left{SegmentID: id})
	}
	err := k.decide(routing.EnterRequested{
		Queue: x.Endpoint.Address, SegmentID: id,
		Returned: c.Stage == call.Returning && x.Since.After(c.Answered), Since: x.Since,
	})
	if err != nil {
		k.log.Warn("a customer cannot wait in a queue", "contact", c.ID, "error", err)
		fact := call.Failed{Connection: x.ID, Reason: call.NotFound, Detail: err.Error()}
		k.running.Go(func() { k.Notify(c.ID, fact) }) // ends when the desk has it
	}
}

// talks: an agent has picked up, and talks to the customer or holds them.
func (k *Dispatcher) talks(c call.Contact, x call.Connection, held bool) {
	id, agent := segmentOf(c.ID, x), x.Endpoint.Address
	delete(k.ringing, id)
	s := k.state.Agent(agent)
	switch {
	case s == nil:
		return
	case s.Segment(id) == nil || s.Segment(id).State == routing.AfterCallWork:
		k.happened(routing.Talks{Agent: agent, SegmentID: id})
	}
	if held {
		k.happened(routing.Held{Agent: agent, SegmentID: id})
		return
	}
	if err := k.decide(routing.ResumeRequested{Agent: agent, SegmentID: id}); err != nil {
		k.log.Info("an agent talks to two at once", "agent", agent, "contact", c.ID)
	}
}

// isHeld says that an agent has put the customer on hold, and talks to nobody
// else about them.
func isHeld(c call.Contact) bool {
	if c.Stage != call.Talking {
		return false
	}
	for _, x := range c.Connections {
		if x.Party == call.Customer {
			return x.State == call.Held
		}
	}
	return false
}

// offersEnded reports the offers that have ended while the customer still waits.
func (k *Dispatcher) offersEnded(c call.Contact, events []call.Timed) {
	begun, reasons := offers(c, events)
	for _, x := range c.Connections {
		if !x.IsQueued() || isRung(c, x.ID) {
			continue
		}
		id := segmentOf(c.ID, x)
		r, was := k.ringing[id]
		if !was {
			r, was = begun[x.ID]
		}
		if !was {
			continue
		}
		delete(k.ringing, id)
		k.offerEnded(r.agent, id, cmp.Or(reasons[r.connection], call.NoAnswer))
	}
}

// offers returns the offers that begin in a transition, by the queue's connection,
// and why agents could not be reached, by theirs. The connection of an agent whose
// offer begins and fails in one transition is seen only as it fails; it is not a
// target's.
func offers(c call.Contact, events []call.Timed) (begun map[call.ConnectionID]ringing, reasons map[call.ConnectionID]call.Reason) {
	begun, reasons = map[call.ConnectionID]ringing{}, map[call.ConnectionID]call.Reason{}
	var latest call.ConnectionID // the queue whose offer may fail next
	for _, r := range events {
		switch ev := r.Event.(type) {
		case call.Offered:
			latest = ev.Connection
			begun[latest] = ringing{agent: ev.Agent.Address}
		case call.Failed:
			reasons[ev.Connection] = ev.Reason
			if o := begun[latest]; latest != 0 && o.connection == 0 && !isTarget(c, ev.Connection) {
				o.connection = ev.Connection
				begun[latest] = o
			}
		case call.RejectRequested:
			reasons[ev.By] = call.Declined
		default:
		}
	}
	return begun, reasons
}

// isTarget reports whether a connection is, or was, that of a transfer's target.
func isTarget(c call.Contact, id call.ConnectionID) bool {
	tried := func(t call.Transfer) bool {
		return slices.ContainsFunc(t.Attempts, func(a call.Attempt) bool { return a.Connection == id })
	}
	return c.Transfer != nil && tried(*c.Transfer) || slices.ContainsFunc(c.Past, tried)
}

// offerEnded: who lets it ring has missed the offer. It is no fault of theirs if
// they are busy, or their phone cannot be reached; they are asked again later.
func (k *Dispatcher) offerEnded(agent string, id routing.SegmentID, why call.Reason) {
	if why == call.NoAnswer {
		k.happened(routing.Missed{Agent: agent, SegmentID: id})
		return
	}
	k.happened(routing.Rejected{Agent: agent, SegmentID: id})
}

// isRung says that somebody is rung for an entry.
func isRung(c call.Contact, entry call.ConnectionID) bool {
	for _, x := range c.Connections {
		if x.For == entry && x.State == call.Connecting {
			return true
		}
	}
	return false
}

// release frees what a contact does not need any more.
func (k *Dispatcher) release(c call.Contact) {
	for id, r := range k.ringing {
		if id.Contact == c.ID && !wants(c, id, r.agent) {
			delete(k.ringing, id)
		}
	}
	f := k.state // decisions leave it as it is, and make another
	for _, s := range f.Agents {
		if r := s.Reservation; r != nil && r.Contact == c.ID && !wants(c, r.SegmentID, s.Name) {
			k.happened(routing.Left{SegmentID: r.SegmentID})
		}
		for _, segment := range s.Segments {
			if segment.Contact == c.ID && !wants(c, segment.SegmentID, s.Name) && segment.State != routing.AfterCallWork {
				k.wrapUp(s.Name, segment.SegmentID)
			}
		}
	}
	for _, q := range f.Queues {
		for _, p := range q.Entries {
			if p.Contact == c.ID && !wants(c, p.SegmentID, "") {
				k.happened(routing.Left{SegmentID: p.SegmentID})
			}
		}
	}
}

// wrapUp ends a segment.
func (k *Dispatcher) wrapUp(agent string, id routing.SegmentID) {
	k.happened(routing.Ended{Agent: agent, SegmentID: id})
	k.clear(agent, id)
}

// clear ends the after-call work of a segment where there is none.
func (k *Dispatcher) clear(agent string, id routing.SegmentID) {
	if a, ok := k.conf.Agent(agent); ok && a.NoAfterCall {
		if err := k.decide(routing.ClearRequested{Agent: agent, SegmentID: id}); err != nil {
			k.log.Error("a segment that has ended cannot be cleared", "agent", agent, "error", err)
		}
	}
}

// contacts are those that routing knows of.
func (k *Dispatcher) contacts() []call.ContactID {
	var all []call.ContactID
	for _, s := range k.state.Agents {
		if s.Reservation != nil {
			all = append(all, s.Reservation.Contact)
		}
		for _, segment := range s.Segments {
			all = append(all, segment.Contact)
		}
	}
	for _, q := range k.state.Queues {
		for _, p := range q.Entries {
			all = append(all, p.Contact)
		}
	}
	return all
}

func undialable(why call.Reason, format string, args ...any) error {
	return &switchboard.DialError{Reason: why, Detail: fmt.Sprintf(format, args...)}
}
