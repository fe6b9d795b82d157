package call

import (
	"fmt"
	"slices"
	"time"
)

// Step takes what has happened into contact c at the time now and returns the
// contact afterwards with the commands that make it so. c itself is unchanged.
//
// A fact never gives an error: one that comes too late changes nothing. A
// request may give a *Refusal; then nothing has changed and there is nothing
// to do. Where two events race, such as an answer and the end of the ringing,
// whichever is taken in first decides.
func Step(c Contact, now time.Time, ev Event) (Contact, []Command, error) {
	s := step{Contact: c.clone(), now: now}
	if err := s.take(ev); err != nil {
		return c, nil, err
	}
	return s.Contact, s.commands, nil
}

// A Refusal is why a request was not carried out: a sentence for the eyes of
// whoever asked.
type Refusal struct{ Text string }

func (r *Refusal) Error() string { return r.Text }

func refuse(format string, args ...any) error {
	return &Refusal{fmt.Sprintf(format, args...)}
}

// step is a contact while something is being taken into it.
type step struct {
	Contact
	now      time.Time
	commands []Command
}

func (s *step) take(ev Event) error {
	if ev, ok := ev.(TransferRequested); ok && ev.Key != "" {
		if t := s.transferOf(ev.Key); t != nil {
			return sameTransfer(t, ev)
		}
	}
	if id, nature := about(ev); nature != ofContact {
		who := s.connection(id)
		switch {
		case who == nil:
			return s.stranger(ev)
		case nature == ofLeaving && who.Party == Customer:
			s.customerLeft()
			return nil
		case nature == ofRinging && !who.rungByUs():
			return nil
		case nature == ofAsking && who.Party != Agent:
			return refuse("only an agent can do that")
		}
	}
	switch s.Stage {
	case "":
		return s.beginning(ev)
	case Offering:
		return s.offering(ev)
	case Talking:
		return s.talking(ev)
	case Reaching:
		return s.reaching(ev)
	case Joining:
		return s.joining(ev)
	case Returning:
		return s.returning(ev)
	case Parked:
		return s.parked(ev)
	case Over:
		return s.over(ev)
	}
	return nil
}

// stranger: the event is about somebody who is not in the contact any more.
func (s *step) stranger(ev Event) error {
	switch ev := ev.(type) {
	case Answered: // it crossed our hanging up
		s.do(Drop{Connection: ev.Connection})
	case HoldRequested, ResumeRequested, TransferRequested, CancelRequested:
		return refuse("you are not in this contact any more")
	case Arrived, Rang, Failed, HungUp, Lost, Joined, DeadlinePassed, Recovered, PickUpRequested:
	}
	return nil
}

// beginning: nothing has happened yet.
func (s *step) beginning(ev Event) error {
	switch ev := ev.(type) {
	case Arrived:
		s.arrive(ev)
	case HoldRequested, ResumeRequested, TransferRequested, CancelRequested, PickUpRequested:
		return refuse("this contact has not begun")
	case Rang, Answered, Failed, HungUp, Lost, Joined, DeadlinePassed, Recovered:
	}
	return nil
}

// offering: the customer rings at us and an agent is rung.
func (s *step) offering(ev Event) error {
	switch ev := ev.(type) {
	case Answered:
		s.answer(ev.Connection)
	case Failed:
		s.remove(ev.Connection)
		s.refuseCustomer(ev.Reason)
	case HungUp:
		s.remove(ev.Connection)
		s.refuseCustomer(Unreachable)
	case Lost:
		s.remove(ev.Connection)
		s.refuseCustomer(Unreachable)
	case DeadlinePassed:
		if s.expired() != nil {
			s.refuseCustomer(NoAnswer)
		}
	case HoldRequested, ResumeRequested, TransferRequested, CancelRequested, PickUpRequested:
		return refuse("the customer has not been answered yet")
	case Arrived, Rang, Joined, Recovered:
	}
	return nil
}

// talking: the customer is with somebody, or held by somebody who is there.
func (s *step) talking(ev Event) error {
	switch ev := ev.(type) {
	case HungUp:
		s.personLeft(ev.Connection, false)
	case Lost:
		s.personLeft(ev.Connection, true)
	case HoldRequested:
		return s.hold(ev.Connection, Held)
	case ResumeRequested:
		return s.hold(ev.Connection, Connected)
	case TransferRequested:
		return s.transfer(ev)
	case CancelRequested:
		return refuse("there is no transfer to cancel")
	case PickUpRequested:
		return refuse("the customer is not parked")
	case Arrived, Rang, Answered, Failed, Joined, DeadlinePassed, Recovered:
	}
	return nil
}

// reaching: the target rings, the customer is held, the agent waits.
func (s *step) reaching(ev Event) error {
	switch ev := ev.(type) {
	case Rang:
		s.rang(ev)
	case Answered:
		// Also after AnswerBy, if nobody has told us yet that it has passed: a
		// person who has picked up is worth more than a time limit.
		if a := s.attempt(ev.Connection); a != nil {
			s.join(a) // the customer is resumed; the agent stays until Joined
		}
	case Failed:
		s.targetFailed(ev.Connection, ev.Reason, ev.Detail)
	case HungUp:
		s.leftWhileReaching(ev.Connection, "")
	case Lost:
		s.leftWhileReaching(ev.Connection, ev.Detail)
	case DeadlinePassed:
		if c := s.expired(); c != nil {
			s.do(Drop{c.ID, NoAnswer})
			s.targetFailed(c.ID, NoAnswer, "")
		}
	case CancelRequested:
		return s.cancelTransfer(ev)
	case TransferRequested:
		return refuse("a transfer to %s is under way", s.Transfer.Target())
	case HoldRequested, ResumeRequested:
		return refuse("%s is being rung; cancel the transfer first", s.Transfer.Target())
	case PickUpRequested:
		return refuse("the customer is not parked")
	case Arrived, Joined, Recovered:
	}
	return nil
}

// joining: the target has answered; both must be in the same sound before
// anyone is let go (P3).
func (s *step) joining(ev Event) error {
	switch ev := ev.(type) {
	case Joined:
		if s.sameSound(ev.Connections) {
			s.complete()
		}
	case HungUp:
		s.leftWhileJoining(ev.Connection, "")
	case Lost:
		s.leftWhileJoining(ev.Connection, ev.Detail)
	case DeadlinePassed:
		if !s.now.Before(s.Transfer.JoinBy) {
			a := s.Transfer.last()
			s.do(Drop{a.Connection, LineError})
			s.targetFailed(a.Connection, LineError, "no sound in both directions")
		}
	case TransferRequested:
		return refuse("a transfer to %s is under way", s.Transfer.Target())
	case HoldRequested, ResumeRequested, CancelRequested:
		return refuse("%s has just answered", s.Transfer.Target())
	case PickUpRequested:
		return refuse("the customer is not parked")
	case Arrived, Rang, Answered, Failed, Recovered:
	}
	return nil
}

// returning: nobody is with the customer; the agent is rung back (P5).
func (s *step) returning(ev Event) error {
	switch ev := ev.(type) {
	case Answered:
		s.set(s.connection(ev.Connection), Connected)
		s.set(s.customer(), Connected)
		s.Stage = Talking
	case Failed:
		s.park(ev.Connection)
	case HungUp:
		s.park(ev.Connection)
	case Lost:
		s.park(ev.Connection)
	case DeadlinePassed:
		if c := s.expired(); c != nil {
			s.do(Drop{c.ID, NoAnswer})
			s.park(c.ID)
		}
	case HoldRequested, ResumeRequested, TransferRequested, CancelRequested, PickUpRequested:
		return refuse("%s is being rung back", s.Agent)
	case Arrived, Rang, Joined, Recovered:
	}
	return nil
}

// parked: nobody could be reached; the customer waits to be picked up.
func (s *step) parked(ev Event) error {
	switch ev := ev.(type) {
	case PickUpRequested:
		s.Agent = ev.Agent
		s.ringBack()
	case HoldRequested, ResumeRequested, TransferRequested, CancelRequested:
		return refuse("the customer is parked")
	case Arrived, Rang, Answered, Failed, HungUp, Lost, Joined, DeadlinePassed, Recovered:
	}
	return nil
}

// over: nobody is left.
func (s *step) over(ev Event) error {
	switch ev.(type) {
	case HoldRequested, ResumeRequested, TransferRequested, CancelRequested, PickUpRequested:
		return refuse("this contact is over")
	case Arrived, Rang, Answered, Failed, HungUp, Lost, Joined, DeadlinePassed, Recovered:
	}
	return nil
}

// Deadline is when DeadlinePassed shall be fed into the contact: at that time
// or later, once. Zero means that nothing waits for a time.
func (c Contact) Deadline() time.Time {
	var first time.Time
	for i := range c.Connections {
		if c.Connections[i].State == Connecting {
			first = earlier(first, c.Connections[i].AnswerBy)
		}
	}
	if c.Stage == Joining {
		first = earlier(first, c.Transfer.JoinBy)
	}
	return first
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// A nature says what kind of event somebody's event is.
type nature int

const (
	ofContact nature = iota // about nobody in particular
	ofRinging               // a fact that only a party whom we ring can give
	ofLeaving               // their line has ended
	ofAsking                // a request
)

// about is the connection an event is about, or that makes the request.
func about(ev Event) (ConnectionID, nature) {
	switch ev := ev.(type) {
	case Rang:
		return ev.Connection, ofRinging
	case Answered:
		return ev.Connection, ofRinging
	case Failed:
		return ev.Connection, ofRinging
	case HungUp:
		return ev.Connection, ofLeaving
	case Lost:
		return ev.Connection, ofLeaving
	case HoldRequested:
		return ev.By, ofAsking
	case ResumeRequested:
		return ev.By, ofAsking
	case TransferRequested:
		return ev.By, ofAsking
	case CancelRequested:
		return ev.By, ofAsking
	case Arrived, Joined, DeadlinePassed, Recovered, PickUpRequested:
	}
	return 0, ofContact
}

func (c Contact) clone() Contact {
	c.Connections = slices.Clone(c.Connections)
	if c.Transfer != nil {
		t := *c.Transfer
		t.Attempts = slices.Clone(t.Attempts)
		c.Transfer = &t
	}
	return c
}
