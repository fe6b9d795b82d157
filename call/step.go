package call

import (
	"slices"
	"time"
)

// Step applies an event to contact c at the time now and returns the contact
// afterwards with the commands that make it so. c itself is unchanged.
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

// step is a contact while something is being taken into it.
type step struct {
	Contact
	now      time.Time
	commands []Command
}

// after returns the time that is d from now.
func (s *step) after(d Duration) time.Time { return s.now.Add(time.Duration(d)) }

func (s *step) do(c Command) { s.commands = append(s.commands, c) }

func (s *step) take(ev Event) error {
	switch ev := ev.(type) {
	case Fact:
		s.fact(ev)
	case Request:
		return s.request(ev)
	}
	return nil
}

// fact first handles the rules of every stage, and leaves the rest to the stage
// (stages.go).
func (s *step) fact(ev Fact) {
	if s.offered(ev) {
		return
	}
	id := ev.connection()
	who := s.connection(id)
	switch ev := ev.(type) {
	case HungUp, Lost:
		lost, isLost := ev.(Lost)
		switch {
		case who == nil:
			return
		case lost.MayReturn && who.State == Connected && (who.Party == Agent || who.isCalledAgent()):
			s.await(who, Away, s.Rules.Grace)
			return
		case who.Party == Customer && isLost:
			s.customerLeft(LineLost)
			return
		case who.Party == Customer:
			s.customerLeft(Goodbye)
			return
		case lost.MayReturn && who.State == Connected && s.taken(id):
			s.set(who, Away) // until JoinBy
			return
		case lost.MayReturn && who.State != Away:
			s.do(Drop{id, LineLost}) // a line that may return ends only when it is dropped
		}
	case Rang, Failed:
		if who == nil || !who.rungByUs() {
			return
		}
	case Answered:
		if who == nil { // they were dropped before they answered
			s.do(Drop{Connection: id})
			return
		}
		if !who.rungByUs() {
			return
		}
	case Pressed, Played:
		if who == nil || who.State != Screening {
			return
		}
	case Back:
		if who != nil && who.State == Away {
			s.set(who, Connected)
		}
		return
	case DeadlinePassed:
		if away := s.expired(Away); away != nil {
			s.do(Drop{away.ID, NoAnswer}) // should they be coming back just now
			if away.Party == Customer {
				s.customerLeft(LineLost)
				return
			}
			s.stage(Lost{Connection: away.ID, Detail: "did not come back"})
			return
		}
	case HoldBegan, HoldEnded:
		if who != nil {
			_, who.Holding = ev.(HoldBegan)
		}
		return
	case Replaced:
		if who != nil {
			s.replace(who, ev.Agent)
		}
		return
	case Recovered:
		s.hearOut()
		return
	case Arrived, Originated, Dialled, Joined, Offered, Withdrawn:
	}
	s.stage(ev)
}

// answersWithin is how long a restarted server waits for an answer that comes
// again. A phone that was picked up while no server ran repeats its 200 at least
// every 4 s (RFC 3261 §13.3.1.4).
const answersWithin = 5 * time.Second

// hearOut gives every ringing party at least answersWithin from now on, because
// they may have answered while no server ran.
func (s *step) hearOut() {
	soonest := s.now.Add(answersWithin)
	for i := range s.Connections {
		if c := &s.Connections[i]; !c.AnswerBy.IsZero() && c.AnswerBy.Before(soonest) {
			c.AnswerBy = soonest
		}
	}
}

// stage takes a fact as the stage of the contact wants it.
func (s *step) stage(ev Fact) {
	switch s.Stage {
	case "":
		s.beginning(ev)
	case Offering:
		s.offering(ev)
	case Dialling:
		s.dialling(ev)
	case Talking:
		s.talking(ev)
	case Reaching:
		s.reaching(ev)
	case Consulting:
		s.consulting(ev)
	case Joining:
		s.joining(ev)
	case Returning:
		s.returning(ev)
	case Parked, Over: // only the customer's leaving matters, and that is done
	case Finishing:
		s.finishing(ev)
	}
}

// Deadline is when DeadlinePassed must be fed into the contact: at that time or
// later, once. Zero means that nothing waits for a time.
func (c Contact) Deadline() time.Time {
	var first time.Time
	for i := range c.Connections {
		switch c.Connections[i].State {
		case Connecting, Screening, Away:
			first = Earlier(first, c.Connections[i].AnswerBy)
		case Connected, Held:
		}
	}
	if c.Transfer != nil {
		first = Earlier(first, c.Transfer.JoinBy)
	}
	return first
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
