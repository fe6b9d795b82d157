package call

import (
	"fmt"
	"slices"
	"time"
)

// This file holds the moves that step.go decides on.

func (s *step) do(c Command) { s.commands = append(s.commands, c) }

// arrive begins the contact: the customer hears ringing, the agent is rung.
func (s *step) arrive(ev Arrived) {
	s.Stage, s.Arrived, s.Rules = Offering, s.now, ev.Rules
	s.Called, s.Agent = ev.Called, ev.Agent
	if s.Rules == (Rules{}) {
		s.Rules = DefaultRules()
	}
	customer := s.add(Customer, ev.Customer, 0)
	s.do(Ring{customer})
	s.dial(Agent, ev.Agent, s.Rules.OfferFor)
}

// answer: the agent has picked up, so we pick up for the customer.
func (s *step) answer(agent ConnectionID) {
	s.set(s.connection(agent), Connected)
	s.set(s.customer(), Connected)
	s.do(Answer{s.customer().ID})
	s.Stage, s.Answered = Talking, s.now
}

// refuseCustomer turns away a customer whom we have not answered.
func (s *step) refuseCustomer(why Reason) {
	s.do(Refuse{s.customer().ID, why})
	s.end(string(why))
}

// customerLeft: everything that existed for them ends (P6).
func (s *step) customerLeft() {
	customer := s.customer().ID
	s.remove(customer)
	for _, c := range s.Connections {
		if c.Party == Agent && c.State == Connected {
			s.do(Tell{c.ID, CustomerLeft, "the customer has left"})
		}
	}
	if s.Transfer != nil {
		s.closeAttempt(CustomerLeft, "")
		s.closeTransfer(Abandoned, CustomerLeft)
	}
	s.end(string(Customer))
}

// personLeft: somebody who was talking to the customer, or holding them, has
// gone. That ends the contact only if it was a normal goodbye (P1).
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
	if lost || early || s.customer().State == Held {
		s.ringBack()
		return
	}
	s.end(string(who.Party))
}

// end says goodbye to whoever is left, and the contact is over.
func (s *step) end(by string) {
	for _, c := range s.Connections {
		s.countHold(&c)
		if c.Party != Customer || !s.Answered.IsZero() {
			s.do(Drop{Connection: c.ID})
		}
	}
	s.Connections = nil
	s.Stage, s.Over, s.EndedBy = Over, s.now, by
}

// hold puts somebody on hold, or takes them off it, at an agent's request.
// Asking for what is already so is granted.
func (s *step) hold(id ConnectionID, to State) error {
	c := s.connection(id)
	switch {
	case c == nil:
		return refuse("they are not in this contact any more")
	case c.Party == Agent:
		return refuse("an agent cannot be held")
	}
	s.set(c, to)
	return nil
}

// transfer holds the customer and rings the target.
func (s *step) transfer(ev TransferRequested) error {
	by := s.connection(ev.By)
	switch {
	case ev.Kind != Cold:
		return refuse("a transfer of kind %q is not known; use %q", ev.Kind, Cold)
	case ev.Target.same(by.Endpoint):
		return refuse("that would be a transfer to yourself")
	case ev.Target.same(s.customer().Endpoint):
		return refuse("that would be a transfer of the customer to themselves")
	case ev.RingFor < 0:
		return refuse("a target cannot ring for %s", ev.RingFor)
	}
	t := &Transfer{
		ID:        fmt.Sprintf("t%d", len(s.Past)+1),
		Kind:      ev.Kind,
		Key:       ev.Key,
		By:        ev.By,
		RingFor:   ev.RingFor,
		Requested: s.now,
	}
	if t.RingFor == 0 {
		t.RingFor = s.Rules.RingFor
	}
	s.set(s.customer(), Held)
	id := s.dial(Target, ev.Target, t.RingFor)
	t.Attempts = []Attempt{{Connection: id, Target: ev.Target, Dialled: s.now}}
	s.Transfer, s.Stage = t, Reaching
	return nil
}

// transferOf is the transfer that was asked for with that key, or nil.
func (s *step) transferOf(key string) *Transfer {
	if s.Transfer != nil && s.Transfer.Key == key {
		return s.Transfer
	}
	for i := range s.Past {
		if s.Past[i].Key == key {
			return &s.Past[i]
		}
	}
	return nil
}

// sameTransfer: the same request once more is the same transfer, whatever has
// become of it (P7).
func sameTransfer(t *Transfer, ev TransferRequested) error {
	if t.Kind != ev.Kind || !t.Attempts[0].Target.same(ev.Target) {
		return refuse("the key %q belongs to the transfer to %s", ev.Key, t.Attempts[0].Target)
	}
	return nil
}

func (s *step) rang(ev Rang) {
	if a := s.attempt(ev.Connection); a != nil {
		if a.Rang.IsZero() {
			a.Rang = s.now
		}
		s.connection(ev.Connection).EarlyMedia = ev.EarlyMedia
	}
}

// join puts the target who has answered and the customer into the same sound.
func (s *step) join(a *Attempt) {
	a.Answered = s.now
	s.set(s.connection(a.Connection), Connected)
	s.set(s.customer(), Connected)
	s.Transfer.JoinBy = s.now.Add(s.Rules.JoinWithin)
	s.Stage = Joining
}

// sameSound reports whether customer and target are both among the joined.
func (s *step) sameSound(joined []ConnectionID) bool {
	return slices.Contains(joined, s.customer().ID) &&
		slices.Contains(joined, s.Transfer.last().Connection)
}

// complete releases the agent: the target has the customer.
func (s *step) complete() {
	if agent := s.connection(s.Transfer.By); agent != nil {
		s.do(Tell{agent.ID, "", fmt.Sprintf("%s has the customer", s.Transfer.Target())})
		s.do(Drop{Connection: agent.ID})
		s.remove(agent.ID)
	}
	s.closeTransfer(Completed, "")
	s.Stage = Talking
}

// leftWhileReaching: the agent may go, the transfer goes on (P5).
func (s *step) leftWhileReaching(id ConnectionID, detail string) {
	if s.attempt(id) != nil {
		s.targetFailed(id, Unreachable, detail)
		return
	}
	s.remove(id)
}

// leftWhileJoining: as while reaching, but a target has left after answering.
func (s *step) leftWhileJoining(id ConnectionID, detail string) {
	if s.attempt(id) != nil {
		s.targetFailed(id, LeftEarly, detail)
		return
	}
	s.remove(id)
}

// targetFailed: the customer is with the agent again, on hold (P4), or goes
// down the ladder when the agent has gone (P5).
func (s *step) targetFailed(id ConnectionID, why Reason, detail string) {
	if s.attempt(id) == nil {
		return
	}
	s.remove(id)
	s.set(s.customer(), Held)
	target, by := s.Transfer.Target(), s.Transfer.By
	s.closeAttempt(why, detail)
	s.closeTransfer(TransferFailed, why)
	s.Stage = Talking
	if s.connection(by) == nil {
		s.ringBack()
		return
	}
	s.do(Tell{by, why, fmt.Sprintf("%s %s; the customer is on hold", target, why.says())})
}

// cancelTransfer: the agent has taken the request back; the customer is still
// on hold with them.
func (s *step) cancelTransfer(ev CancelRequested) error {
	if ev.Transfer != "" && ev.Transfer != s.Transfer.ID {
		return refuse("that transfer has ended")
	}
	target := s.Transfer.last().Connection
	s.do(Drop{target, CancelledByAgent})
	s.remove(target)
	s.closeAttempt(CancelledByAgent, "")
	s.closeTransfer(Cancelled, CancelledByAgent)
	s.Stage = Talking
	return nil
}

// ringBack calls the agent responsible back to a customer who has nobody.
func (s *step) ringBack() {
	s.set(s.customer(), Held)
	s.dial(Agent, s.Agent, s.Rules.ReturnFor)
	s.Stage = Returning
}

// park keeps a customer whom nobody can be found for.
func (s *step) park(rung ConnectionID) {
	s.remove(rung)
	s.Stage = Parked
}

func (s *step) closeAttempt(why Reason, detail string) {
	a := s.Transfer.last()
	a.Ended, a.Reason, a.Detail = s.now, why, detail
}

func (s *step) closeTransfer(o Outcome, why Reason) {
	t := s.Transfer
	t.Ended, t.Outcome, t.Reason, t.JoinBy = s.now, o, why, time.Time{}
	s.Past = append(slices.Clip(s.Past), *t)
	s.Transfer = nil
}

// tookOverJustNow reports whether this was the target of a hand-over so recent
// that they cannot be said to have taken the customer.
func (s *step) tookOverJustNow(id ConnectionID) bool {
	if len(s.Past) == 0 {
		return false
	}
	t := s.Past[len(s.Past)-1]
	return t.Outcome == Completed && t.last().Connection == id &&
		s.now.Sub(t.Ended) < s.Rules.TakenAfter
}

func (s *step) markLeftEarly() {
	s.Past = slices.Clone(s.Past)
	t := &s.Past[len(s.Past)-1]
	t.Attempts = slices.Clone(t.Attempts)
	a := t.last()
	a.Ended, a.Reason = s.now, LeftEarly
}
