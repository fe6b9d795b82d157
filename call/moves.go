package call

import "slices"

// This file begins and ends a contact, and takes care of a customer who is left alone.

// arrive begins the contact: the customer hears ringing, the agent is rung.
func (s *step) arrive(ev Arrived) {
	s.Stage, s.Arrived, s.Rules = Offering, s.now, ev.Rules.filled()
	s.Called, s.Customer, s.Agent = ev.Called, ev.Customer, ev.Agent
	customer := s.add(Customer, ev.Customer, 0)
	s.do(Ring{customer})
	s.dial(Agent, ev.Agent, s.Rules.OfferFor)
}

// originate begins a contact from the other end: the agent's own line first.
func (s *step) originate(ev Originated) {
	s.Stage, s.Arrived, s.Rules = Dialling, s.now, ev.Rules.filled()
	s.Customer, s.Agent = ev.Customer, ev.Agent
	s.dial(Agent, ev.Agent, s.Rules.OfferFor)
}

// dialled begins a contact from an agent's phone. We answer it when the customer
// has answered, and until then it hears that they ring.
func (s *step) dialled(ev Dialled) {
	s.Stage, s.Arrived, s.Rules = Dialling, s.now, ev.Rules.filled()
	s.Called, s.Customer, s.Agent = ev.Called, ev.Customer, ev.Agent
	s.add(Agent, ev.Agent, 0)
	s.dial(Customer, ev.Customer, s.Rules.RingFor)
}

// answer: the agent has picked up, so we pick up for the customer.
func (s *step) answer(agent ConnectionID) {
	s.set(s.connection(agent), Connected)
	s.set(s.customer(), Connected)
	s.do(Answer{s.customer().ID})
	s.Stage, s.Answered = Talking, s.now
}

// notOffered: the agent did not take the customer, whose call we have not answered.
func (s *step) notOffered(agent ConnectionID, why Reason) {
	s.remove(agent)
	s.end(Agent, why)
}

// offerExpired: an agent has rung for long enough. A queue looks on, and the
// customer hears that they are in one.
func (s *step) offerExpired() {
	agent := s.expired(Connecting)
	switch {
	case agent == nil:
	case agent.Endpoint.Kind == QueueEndpoint:
		s.await(agent, Connecting, 0)
		s.set(s.customer(), Held)
		s.do(Answer{s.customer().ID})
		s.Stage, s.Answered = Returning, s.now
	default:
		s.do(Drop{agent.ID, NoAnswer})
		s.notOffered(agent.ID, NoAnswer)
	}
}

// callRang: in an agent's own call, a line rings or sends audio. An agent whose phone
// has dialled hears that the customer rings.
func (s *step) callRang(ev Rang) {
	who := s.connection(ev.Connection)
	first := !who.Ringing && !who.EarlyMedia
	who.rang(ev)
	if dialler := s.dialler(); first && dialler != nil {
		s.do(Ring{dialler.ID})
	}
}

// callAnswered: of an agent's own call, first the agent picks up, and then the
// customer. An agent whose phone has dialled is answered by us.
func (s *step) callAnswered(who *Connection) {
	s.set(who, Connected)
	if who.Party != Customer {
		s.dial(Customer, s.Customer, s.Rules.RingFor)
		return
	}
	if dialler := s.dialler(); dialler != nil {
		s.set(dialler, Connected)
		s.do(Answer{dialler.ID})
	}
	s.Stage, s.Answered = Talking, s.now
}

// dialler is the agent whose phone has dialled the customer and whose call we have not
// answered, or nil.
func (s *step) dialler() *Connection {
	for i := range s.Connections {
		if c := &s.Connections[i]; c.Party == Agent && c.ringsAtUs() {
			return c
		}
	}
	return nil
}

// callFailed ends a contact whose customer was never reached.
func (s *step) callFailed(id ConnectionID, why Reason) {
	who := *s.connection(id)
	s.remove(id)
	if who.Party == Customer && s.dialler() == nil {
		for _, c := range s.Connections {
			s.do(Notify{c.ID, why, who.Endpoint.String() + " " + why.Says()})
		}
	}
	s.end(who.Party, why)
}

// customerLeft: everything that existed for them ends (P6).
func (s *step) customerLeft(why Reason) {
	customer := s.customer().ID
	for _, c := range s.Connections {
		if c.Party == Agent && c.State == Connected {
			s.do(Notify{c.ID, CustomerLeft, "the customer has left"})
		}
	}
	s.goOnWithout(customer, Customer, why)
}

// goOnWithout takes the customer out of the contact. Agent and target who are talking
// already may finish; all others are dropped. by is who ended the customer's part: the
// customer, or an agent.
func (s *step) goOnWithout(customer ConnectionID, by Party, why Reason) {
	s.remove(customer)
	consulting := s.Stage == Consulting && s.present(s.Transfer.By)
	if consulting {
		s.set(s.connection(s.Transfer.last().Connection), Connected)
	}
	switch {
	case s.Transfer == nil:
	case by == Customer:
		s.closeTransfer(Abandoned, CustomerLeft, "")
	default:
		s.closeTransfer(Cancelled, CancelledByAgent, "")
	}
	if consulting {
		s.Stage, s.EndedBy, s.EndReason = Finishing, by, why
		return
	}
	s.end(by, why)
}

// personLeft: a person who was talking to the customer, or holding them, has left. That
// ends the contact only if it was a normal goodbye (P1).
func (s *step) personLeft(id ConnectionID, lost bool) {
	who := *s.connection(id)
	s.remove(id)
	if len(s.Connections) > 1 {
		return
	}
	early := s.tookOverJustNow(id)
	if early {
		s.markLeftEarly()
	}
	responsible := s.Agent
	if who.Party == Agent && !early {
		responsible = who.Endpoint
	}
	if lost || early || who.State == Away || who.Holding || s.customer().State == Held {
		s.recall(responsible)
		return
	}
	s.end(who.Party, Goodbye)
}

// recall calls the agent responsible back to a customer who is alone.
func (s *step) recall(agent Endpoint) {
	s.set(s.customer(), Held)
	s.Agent = agent
	s.ring(agent)
}

// ring rings an agent, or asks a queue for one, for a waiting customer.
func (s *step) ring(who Endpoint) {
	ringFor := s.Rules.RecallFor
	if who.Kind == QueueEndpoint {
		ringFor = 0 // a queue looks for as long as it takes
	}
	s.dial(Agent, who, ringFor)
	s.Stage = Returning
}

// nextRung: the agent or queue rung for the customer has not answered. After the agent
// the fallback queue is asked, and then the customer is parked, never dropped.
func (s *step) nextRung(rung ConnectionID) {
	tried := s.connection(rung).Endpoint
	s.remove(rung)
	if fallback := s.Rules.Fallback; fallback != (Endpoint{}) && !tried.same(fallback) {
		s.ring(fallback)
		return
	}
	s.Stage = Parked
}

// end drops the parties that are left, refuses a caller whose call we have not answered,
// and the contact is over.
func (s *step) end(by Party, why Reason) {
	for _, c := range s.Connections {
		s.countHold(&c)
		if c.ringsAtUs() {
			s.do(Refuse{c.ID, why})
		} else {
			s.do(Drop{c.ID, farewell(by, why)})
		}
	}
	s.Connections = nil
	s.Stage, s.Over, s.EndedBy, s.EndReason = Over, s.now, by, why
}

// farewell is why the remaining lines end when the contact is over.
func farewell(by Party, why Reason) Reason {
	if by == Customer && why == Goodbye {
		return CustomerLeft
	}
	return why
}

// tookOverJustNow reports whether this was the target of a hand-over so recent that they
// do not count as having taken the customer.
func (s *step) tookOverJustNow(id ConnectionID) bool {
	return s.tookOver(id) && Duration(s.now.Sub(s.Past[s.handOver()].Ended)) < s.Rules.TakenAfter
}

// tookOver reports whether this was the target of the last hand-over.
func (s *step) tookOver(id ConnectionID) bool {
	i := s.handOver()
	return i >= 0 && s.Past[i].last().Connection == id
}

// handOver is the place in Past of the last transfer that completed; -1: none.
func (s *step) handOver() int {
	for i := len(s.Past) - 1; i >= 0; i-- {
		if s.Past[i].Outcome == Completed {
			return i
		}
	}
	return -1
}

func (s *step) markLeftEarly() {
	s.Past = slices.Clone(s.Past)
	t := &s.Past[s.handOver()]
	t.Attempts = slices.Clone(t.Attempts)
	a := t.last()
	a.Ended, a.Reason = s.now, LeftEarly
}
