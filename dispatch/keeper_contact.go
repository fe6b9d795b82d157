package dispatch

import (
	"fmt"
	"time"

	"holdfast/call"
	"holdfast/routing"
	"holdfast/switchboard"
)

// This file has what a contact means to the floor. A connection of a contact is
// an agent's stay when it is rung or talks, and a place when it is a queue's;
// whom a queue has found has the stay of their place.

// stayOf is the stay, or place, that a connection stands for.
func stayOf(id call.ContactID, x call.Connection) routing.StayID {
	if x.For != 0 {
		return routing.StayID{Contact: id, Connection: x.For}
	}
	return routing.StayID{Contact: id, Connection: x.ID}
}

// reservedBeyond is how much longer than they ring somebody is kept who was not
// found by a queue. Their contact watches the time, also after a restart, and lets
// them go; this is for reservations that nobody knows of any more.
const reservedBeyond = 24 * time.Hour

// Reserve implements switchboard.Floor.
func (k *Keeper) Reserve(c call.Contact, id call.ConnectionID) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, x := range c.Connections {
		if x.ID != id || x.Endpoint.Kind != call.AgentEndpoint {
			continue
		}
		s := k.floor.Seat(x.Endpoint.Address)
		switch {
		case s == nil:
			return undialable(call.NotFound, "no [[agent]] is called %q", x.Endpoint.Address)
		case x.For != 0 && !s.ReservedFor(stayOf(c.ID, x)):
			return undialable(call.Busy, "the queue has taken its offer to %s back", s.Agent)
		case x.For == 0:
			return k.reserve(c, x)
		}
	}
	return nil
}

// reserve reserves this very agent. If they have left the contact they have
// their stay no more, even if that is not written down yet: it is they who are
// rung back. Whom a plan that was dropped had wanted instead is free.
func (k *Keeper) reserve(c call.Contact, x call.Connection) error {
	id, agent := stayOf(c.ID, x), x.Endpoint.Address
	if other := k.floor.Reserved(id); other != "" && other != agent {
		k.happened(routing.Left{StayID: id})
	}
	ask := routing.AgentRequested{Agent: agent, StayID: id, Own: ofTheirOwn(c, x), For: time.Hour, Former: k.former(c, agent)}
	if !x.AnswerBy.IsZero() {
		ask.For = x.AnswerBy.Sub(x.Since) + reservedBeyond
	}
	if err := k.decide(ask); err != nil {
		return &switchboard.DialError{Reason: call.Busy, Detail: err.Error()}
	}
	k.clear(agent, ask.Former)
	return nil
}

// former is the part that an agent has had in a contact and has no more; zero:
// none.
func (k *Keeper) former(c call.Contact, agent string) routing.StayID {
	s := k.floor.Seat(agent)
	switch {
	case s == nil:
		return routing.StayID{}
	case s.Reservation != nil && s.Reservation.Contact == c.ID && !wants(c, s.Reservation.StayID, agent):
		return s.Reservation.StayID
	}
	for _, stay := range s.Stays {
		if stay.Contact == c.ID && stay.State != routing.AfterCallWork && !wants(c, stay.StayID, agent) {
			return stay.StayID
		}
	}
	return routing.StayID{}
}

// wants says that a contact has an agent for a stay, or may have them of a queue.
func wants(c call.Contact, id routing.StayID, agent string) bool {
	for _, x := range c.Connections {
		if stayOf(c.ID, x) == id && (x.IsPlace() || x.Endpoint.Kind == call.AgentEndpoint && x.Endpoint.Address == agent) {
			return true
		}
	}
	return false
}

// ofTheirOwn: the agent calls somebody, or a customer of theirs comes back.
func ofTheirOwn(c call.Contact, x call.Connection) bool {
	return x.Party == call.Agent && (c.Stage == call.Dialling || c.Stage == call.Returning)
}

// Resume implements switchboard.Floor.
func (k *Keeper) Resume(c call.Contact, by call.ConnectionID) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, x := range c.Connections {
		if x.ID != by || x.Endpoint.Kind != call.AgentEndpoint {
			continue
		}
		agent, id := x.Endpoint.Address, stayOf(c.ID, x)
		if k.floor.Seat(agent).Stay(id) == nil {
			continue // the floor knows nothing of them
		}
		if err := k.decide(routing.ResumeRequested{Agent: agent, StayID: id}); err != nil {
			return err
		}
	}
	return nil
}

// Changed implements switchboard.Floor.
func (k *Keeper) Changed(c call.Contact, events []call.Record) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.offersEnded(c, events)
	held := isHeld(c)
	for _, x := range c.Connections {
		switch {
		case x.IsPlace():
			k.queue(c, x)
		case x.Endpoint.Kind != call.AgentEndpoint:
		case x.State == call.Connecting && x.For != 0:
			k.ringing[stayOf(c.ID, x)] = ringing{x.Endpoint.Address, x.ID}
		case x.State != call.Connecting:
			k.talks(c, x, held)
		}
	}
	k.release(c)
}

// queue gives a customer their place. Whose queue there is no more is told so.
func (k *Keeper) queue(c call.Contact, x call.Connection) {
	err := k.decide(routing.EnterRequested{
		Queue: x.Endpoint.Address, StayID: stayOf(c.ID, x),
		Returned: c.Stage == call.Returning && x.Since.After(c.Answered), Since: x.Since,
	})
	if err != nil {
		k.log.Warn("a customer cannot wait in a queue", "contact", c.ID, "err", err)
		fact := call.Failed{Connection: x.ID, Reason: call.NotFound, Detail: err.Error()}
		k.running.Go(func() { k.Tell(c.ID, fact) }) // ends when the desk has it
	}
}

// talks: an agent has picked up, and talks to the customer or holds them.
func (k *Keeper) talks(c call.Contact, x call.Connection, held bool) {
	id, agent := stayOf(c.ID, x), x.Endpoint.Address
	delete(k.ringing, id)
	s := k.floor.Seat(agent)
	switch {
	case s == nil:
		return
	case s.Stay(id) == nil || s.Stay(id).State == routing.AfterCallWork:
		k.happened(routing.Talks{Agent: agent, StayID: id})
	}
	if held {
		k.happened(routing.Held{Agent: agent, StayID: id})
		return
	}
	if err := k.decide(routing.ResumeRequested{Agent: agent, StayID: id}); err != nil {
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

// offersEnded takes in that somebody was rung for a place and is not any more,
// while the customer waits on.
func (k *Keeper) offersEnded(c call.Contact, events []call.Record) {
	why := call.NoAnswer
	rung := map[call.ConnectionID]ringing{}
	for _, r := range events {
		switch ev := r.Event.(type) {
		case call.Offered:
			rung[ev.Connection] = ringing{agent: ev.Agent.Address}
		case call.Failed:
			why = ev.Reason
		case call.RejectRequested:
			why = call.Declined
		default:
		}
	}
	for _, x := range c.Connections {
		if !x.IsPlace() {
			continue
		}
		id := stayOf(c.ID, x)
		if r, known := k.ringing[id]; known {
			rung[x.ID] = r
		}
		r, was := rung[x.ID]
		if !was || isRung(c, x.ID) {
			continue
		}
		delete(k.ringing, id)
		k.offerEnded(r.agent, id, why)
	}
}

// offerEnded: who lets it ring has missed the offer. It is no fault of theirs if
// they are busy, or their phone cannot be reached; they are asked again later.
func (k *Keeper) offerEnded(agent string, id routing.StayID, why call.Reason) {
	if why == call.NoAnswer {
		k.happened(routing.Missed{Agent: agent, StayID: id})
		return
	}
	k.happened(routing.Rejected{Agent: agent, StayID: id})
}

// isRung says that somebody is rung for a place.
func isRung(c call.Contact, place call.ConnectionID) bool {
	for _, x := range c.Connections {
		if x.For == place && x.State == call.Connecting {
			return true
		}
	}
	return false
}

// release frees what a contact does not need any more.
func (k *Keeper) release(c call.Contact) {
	for id, r := range k.ringing {
		if id.Contact == c.ID && !wants(c, id, r.agent) {
			delete(k.ringing, id)
		}
	}
	f := k.floor // decisions leave it as it is, and make another
	for _, s := range f.Seats {
		if r := s.Reservation; r != nil && r.Contact == c.ID && !wants(c, r.StayID, s.Agent) {
			k.happened(routing.Left{StayID: r.StayID})
		}
		for _, stay := range s.Stays {
			if stay.Contact == c.ID && !wants(c, stay.StayID, s.Agent) && stay.State != routing.AfterCallWork {
				k.wrapUp(s.Agent, stay.StayID)
			}
		}
	}
	for _, q := range f.Queues {
		for _, p := range q.Places {
			if p.Contact == c.ID && !wants(c, p.StayID, "") {
				k.happened(routing.Left{StayID: p.StayID})
			}
		}
	}
}

// wrapUp ends a stay.
func (k *Keeper) wrapUp(agent string, id routing.StayID) {
	k.happened(routing.Ended{Agent: agent, StayID: id})
	k.clear(agent, id)
}

// clear ends the after-call work of a stay where there is none.
func (k *Keeper) clear(agent string, id routing.StayID) {
	if a, ok := k.conf.Agent(agent); ok && a.NoAfterCall {
		if err := k.decide(routing.ClearRequested{Agent: agent, StayID: id}); err != nil {
			k.log.Error("a stay that has ended cannot be cleared", "agent", agent, "err", err)
		}
	}
}

// contacts are those that the floor knows of.
func (k *Keeper) contacts() []call.ContactID {
	var all []call.ContactID
	for _, s := range k.floor.Seats {
		if s.Reservation != nil {
			all = append(all, s.Reservation.Contact)
		}
		for _, stay := range s.Stays {
			all = append(all, stay.Contact)
		}
	}
	for _, q := range k.floor.Queues {
		for _, p := range q.Places {
			all = append(all, p.Contact)
		}
	}
	return all
}

func undialable(why call.Reason, format string, args ...any) error {
	return &switchboard.DialError{Reason: why, Detail: fmt.Sprintf(format, args...)}
}
