package dispatch

import (
	"fmt"
	"time"

	"holdfast/call"
	"holdfast/routing"
	"holdfast/switchboard"
)

// This file translates contacts for routing. A connection of an agent who rings or
// talks is that agent's segment, and a queue's connection is an entry; an agent found
// by a queue has the segment of that entry.

// segmentOf is the segment, or entry, that a connection stands for.
func segmentOf(id call.ContactID, x call.Connection) routing.SegmentID {
	if x.For != 0 {
		return routing.SegmentID{Contact: id, Connection: x.For}
	}
	return routing.SegmentID{Contact: id, Connection: x.ID}
}

// reservedBeyond is how long after their ringing time an agent stays reserved who was
// not found by a queue. Their contact watches the time, also after a restart, and
// releases them; this limit is for reservations whose contact is lost.
const reservedBeyond = 24 * time.Hour

// Reserve implements switchboard.Router.
func (k *Dispatcher) Reserve(c call.Contact, id call.ConnectionID) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, x := range c.Connections {
		if x.ID != id || x.Endpoint.Kind != call.AgentEndpoint {
			continue
		}
		s := k.table.Agent(x.Endpoint.Address)
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

// reserve reserves the agent of a connection. It ends the agent's earlier segment in
// the same contact first, so that an agent who has left can be recalled. It frees
// any other agent that was reserved for the connection.
func (k *Dispatcher) reserve(c call.Contact, x call.Connection) error {
	id, agent := segmentOf(c.ID, x), x.Endpoint.Address
	if other := k.table.Reserved(id); other != nil && other.Name != agent {
		k.happened(routing.Left{SegmentID: id})
	}
	ask := routing.AgentRequested{Agent: agent, SegmentID: id, Own: ofTheirOwn(c, x), For: call.Duration(time.Hour), Former: k.former(c, agent)}
	if !x.AnswerBy.IsZero() {
		ask.For = call.Duration(x.AnswerBy.Sub(x.Since) + reservedBeyond)
	}
	if _, err := k.decide(ask); err != nil {
		return &switchboard.DialError{Reason: k.whyNot(agent), Detail: err.Error()}
	}
	k.clear(agent, ask.Former)
	return nil
}

// whyNot is the reason with which an agent who cannot be reserved fails: an agent who
// is away or offline is not busy.
func (k *Dispatcher) whyNot(agent string) call.Reason {
	s := k.table.Agent(agent)
	switch {
	case s == nil:
		return call.NotFound
	case s.State == routing.Away, s.State == routing.Offline:
		return call.Unreachable
	}
	return call.Busy
}

// former is the part that an agent has had in a contact and has no more; zero:
// none.
func (k *Dispatcher) former(c call.Contact, agent string) routing.SegmentID {
	s := k.table.Agent(agent)
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

// wants reports whether a contact has an agent for a segment, or may still get them
// from a queue.
func wants(c call.Contact, id routing.SegmentID, agent string) bool {
	for _, x := range c.Connections {
		if segmentOf(c.ID, x) == id && (x.IsQueued() || x.Endpoint.Kind == call.AgentEndpoint && x.Endpoint.Address == agent) {
			return true
		}
	}
	return false
}

// ofTheirOwn reports whether the agent is making a call, or their own customer comes
// back.
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
		if k.table.Agent(agent).Segment(id) == nil {
			continue // routing knows nothing of them
		}
		if _, err := k.decide(routing.ResumeRequested{Agent: agent, SegmentID: id}); err != nil {
			return err
		}
	}
	return nil
}

// Changed implements switchboard.Router. It needs no events: the contact keeps the
// result of a queue's latest offer. A server that was killed before it called Changed
// leaves a contact from which its successor learns the same.
func (k *Dispatcher) Changed(c call.Contact, _ []call.Timed) {
	k.mu.Lock()
	defer k.mu.Unlock()
	held := isHeld(c)
	for _, x := range c.Connections {
		switch {
		case x.IsQueued():
			k.queue(c, x)
			k.offered(x.Offer, segmentOf(c.ID, x))
		case x.Endpoint.Kind == call.AgentEndpoint && x.State != call.Connecting:
			k.talks(c, x, held || x.Holding)
		}
	}
	k.release(c)
}

// queue enqueues the customer. If the queue no longer exists, the contact gets a
// Failed fact. It frees any agent that was reserved for the connection.
func (k *Dispatcher) queue(c call.Contact, x call.Connection) {
	id := segmentOf(c.ID, x)
	if a := k.table.Reserved(id); a != nil && a.Reservation.Queue == "" {
		k.happened(routing.Left{SegmentID: id})
	}
	_, err := k.decide(routing.EnterRequested{
		Queue: x.Endpoint.Address, SegmentID: id,
		Returned: c.Stage == call.Returning && x.Since.After(c.Answered), Since: x.Since, Offers: x.Offer.Number,
	})
	if err != nil {
		k.log.Warn("a customer cannot wait in a queue", "contact", c.ID, "error", err)
		fact := call.Failed{Connection: x.ID, Reason: call.NotFound, Detail: err.Error()}
		k.running.Go(func() { k.Notify(c.ID, fact) }) // ends when the desk has it
	}
}

// talks: an agent has picked up, and talks to the customer or holds them, in their page
// or with their phone.
func (k *Dispatcher) talks(c call.Contact, x call.Connection, held bool) {
	id, agent := segmentOf(c.ID, x), x.Endpoint.Address
	s := k.table.Agent(agent)
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
	if _, err := k.decide(routing.ResumeRequested{Agent: agent, SegmentID: id}); err != nil {
		k.log.Info("an agent talks to two at once", "agent", agent, "contact", c.ID)
	}
}

// isHeld reports whether an agent has put the customer on hold and is not consulting
// a target.
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

// offered reports the result of the latest offer of a queue. An agent who does not
// answer has missed it; an agent who is busy, or whose phone cannot be reached, has not
// missed it, and gets the offer again later.
func (k *Dispatcher) offered(o call.Offer, id routing.SegmentID) {
	agent := o.Agent.Address
	switch {
	case o.Number == 0: // no offer yet
	case o.Ended == "":
		k.happened(routing.Rings{Agent: agent, SegmentID: id, Number: o.Number})
	case o.Ended == call.NoAnswer:
		k.happened(routing.Missed{Agent: agent, SegmentID: id, Number: o.Number})
	default:
		k.happened(routing.Rejected{Agent: agent, SegmentID: id, Number: o.Number})
	}
}

// release frees the agents and entries that a contact does not need any more.
func (k *Dispatcher) release(c call.Contact) {
	entries := k.table.EntriesOf(c.ID)
	for _, s := range k.table.AgentsOf(c.ID) { // decisions leave these as they are, and make others
		if r := s.Reservation; r != nil && r.Contact == c.ID && !wants(c, r.SegmentID, s.Name) {
			k.happened(routing.Left{SegmentID: r.SegmentID})
		}
		for _, segment := range s.Segments {
			if segment.Contact == c.ID && !wants(c, segment.SegmentID, s.Name) && segment.State != routing.AfterCallWork {
				k.wrapUp(s.Name, segment.SegmentID)
			}
		}
	}
	for _, p := range entries {
		if !wants(c, p.SegmentID, "") {
			k.happened(routing.Left{SegmentID: p.SegmentID})
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
	if s := k.table.Agent(agent); s != nil && k.noAfterCall[s.Name] {
		if _, err := k.decide(routing.ClearRequested{Agent: agent, SegmentID: id}); err != nil {
			k.log.Error("a segment that has ended cannot be cleared", "agent", agent, "error", err)
		}
	}
}

func undialable(why call.Reason, format string, args ...any) error {
	return &switchboard.DialError{Reason: why, Detail: fmt.Sprintf(format, args...)}
}
