package call

import (
	"cmp"
	"slices"
)

// This file is how a queue finds an agent. The queue's connection is a place,
// without a line; the agent the queue offers the customer to gets a connection of
// their own, and takes over the place when they answer. An offer that comes to
// nothing leaves the place as it was, except that it keeps why.

// An Offer is the latest offer of a queue: its agent and, once it has ended, why.
// It is kept until the next offer, so that a server that takes the contact over
// can report an end that routing has not stored.
type Offer struct {
	Number int      `json:"number"` // as Offered has it
	Agent  Endpoint `json:"agent"`
	Ended  Reason   `json:"ended,omitempty"` // empty while the agent is rung
}

// offered takes facts about the offers of a queue, in any stage, and reports
// whether nothing else is to be done.
func (s *step) offered(ev Fact) (done bool) {
	who := s.connection(ev.connection())
	switch ev := ev.(type) {
	case Offered:
		if who != nil && who.IsQueued() {
			s.offerTo(who.ID, ev)
		}
		return true
	case Withdrawn:
		if who != nil && who.Offer.Number == ev.Number {
			s.withdraw(who.ID, ev.Reason)
		}
		return true
	case Rang:
		if who != nil && who.isOffered() {
			s.stage(Rang{Connection: who.For})
			return true
		}
	case Failed:
		if who != nil && who.isOffered() {
			s.offerEnded(*who, ev.Reason)
			return true
		}
	case HungUp, Lost:
		if who != nil && who.isOffered() {
			s.offerEnded(*who, Unreachable)
			return true
		}
	case DeadlinePassed:
		if c := s.expired(Connecting); c != nil && c.isOffered() {
			s.withdraw(c.For, NoAnswer)
			return true
		}
	case Answered:
		switch {
		case who == nil:
		case who.isOffered():
			s.takeOver(who)
		case who.IsQueued():
			s.withdraw(who.ID, Elsewhere)
		}
	case Arrived, Originated, Dialled, Replaced, Pressed, Played, Back, HoldBegan, HoldEnded, Joined, Recovered:
	}
	return false
}

// offerTo rings the agent the queue offers the customer to, and stops ringing any
// other. The same offer again does nothing, whether it rings or has ended.
func (s *step) offerTo(place ConnectionID, ev Offered) {
	if s.connection(place).Offer.Number == ev.Number {
		return
	}
	s.withdraw(place, Elsewhere)
	queue := s.connection(place)
	queue.Offer = Offer{Number: ev.Number, Agent: ev.Agent}
	agent := s.add(queue.Party, ev.Agent, cmp.Or(ev.RingFor, s.Rules.OfferFor))
	s.connection(agent).For = place
	s.do(Dial{Connection: agent, Party: s.connection(agent).Party, To: ev.Agent, From: s.callerFor(Agent)})
}

// withdraw takes back the offer of a place's queue.
func (s *step) withdraw(place ConnectionID, why Reason) {
	if agent := s.offerOf(place); agent != nil {
		s.do(Drop{agent.ID, why})
		s.offerEnded(*agent, why)
	}
}

// offerEnded removes an agent who did not take the customer, and keeps why.
func (s *step) offerEnded(agent Connection, why Reason) {
	s.connection(agent.For).Offer.Ended = why
	s.remove(agent.ID)
}

// takeOver puts an agent who has answered into the place of their queue.
func (s *step) takeOver(agent *Connection) {
	place := agent.For
	if a := s.attempt(place); a != nil {
		a.Connection = agent.ID
	}
	s.Connections = slices.DeleteFunc(s.Connections, func(c Connection) bool { return c.ID == place })
}

// offerOf is the agent the queue of a place offers the customer to, or nil.
func (s *step) offerOf(place ConnectionID) *Connection {
	for i := range s.Connections {
		if s.Connections[i].isOffered() && s.Connections[i].For == place {
			return &s.Connections[i]
		}
	}
	return nil
}

// IsQueued reports whether a queue is looking for an agent, and none has answered
// yet. Such a connection has no line.
func (c *Connection) IsQueued() bool {
	return c.State == Connecting && c.Endpoint.Kind == QueueEndpoint
}

// isOffered: a queue offers them the customer, and they have not answered yet.
func (c *Connection) isOffered() bool { return c.For != 0 && c.State == Connecting }
