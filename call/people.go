package call

import (
	"slices"
	"time"
)

// add gives a party a place in the contact.
func (s *step) add(p Party, e Endpoint, ringFor time.Duration) ConnectionID {
	s.LastConnection++
	c := Connection{ID: s.LastConnection, Party: p, Endpoint: e, State: Connecting, Since: s.now}
	if ringFor > 0 {
		c.AnswerBy = s.now.Add(ringFor)
	}
	s.Connections = append(s.Connections, c)
	return c.ID
}

// dial adds a party and rings them; they see the customer calling.
func (s *step) dial(p Party, to Endpoint, ringFor time.Duration) ConnectionID {
	from := s.customer().Endpoint
	id := s.add(p, to, ringFor)
	s.do(Dial{Connection: id, Party: p, To: to, From: from})
	return id
}

// remove takes somebody out of the contact; their line is not our affair.
func (s *step) remove(id ConnectionID) {
	s.countHold(s.connection(id))
	s.Connections = slices.DeleteFunc(s.Connections, func(c Connection) bool { return c.ID == id })
}

func (s *step) connection(id ConnectionID) *Connection {
	for i := range s.Connections {
		if s.Connections[i].ID == id {
			return &s.Connections[i]
		}
	}
	return nil
}

// customer is never nil between Offering and Over.
func (s *step) customer() *Connection {
	for i := range s.Connections {
		if s.Connections[i].Party == Customer {
			return &s.Connections[i]
		}
	}
	return nil
}

// set changes how somebody is in the contact; what they already are, they stay.
func (s *step) set(c *Connection, to State) {
	if c.State == to {
		return
	}
	s.countHold(c)
	c.State, c.Since, c.AnswerBy, c.EarlyMedia = to, s.now, time.Time{}, false
}

// countHold adds a hold of the customer's that is ending.
func (s *step) countHold(c *Connection) {
	if c.Party == Customer && c.State == Held {
		s.OnHold += max(0, s.now.Sub(c.Since))
	}
}

// expired is somebody who has rung for long enough, or nil.
func (s *step) expired() *Connection {
	for i := range s.Connections {
		c := &s.Connections[i]
		if c.State == Connecting && !c.AnswerBy.IsZero() && !s.now.Before(c.AnswerBy) {
			return c
		}
	}
	return nil
}

// attempt is the live attempt at that connection, or nil.
func (s *step) attempt(id ConnectionID) *Attempt {
	if s.Transfer == nil {
		return nil
	}
	for i := range s.Transfer.Attempts {
		if a := &s.Transfer.Attempts[i]; a.Connection == id && a.Ended.IsZero() {
			return a
		}
	}
	return nil
}

// last is the attempt that is under way, or with which the transfer ended.
func (t *Transfer) last() *Attempt { return &t.Attempts[len(t.Attempts)-1] }

// Target is whom the transfer is trying to reach, or tried last.
func (t *Transfer) Target() Endpoint { return t.last().Target }

// Name is what people call a party: the customer, or somebody by name.
func (c Connection) Name() string {
	if c.Party == Customer {
		return "the customer"
	}
	return c.Endpoint.String()
}

// rungByUs: we have dialled them and they have not answered yet.
func (c Connection) rungByUs() bool { return c.Party != Customer && c.State == Connecting }

// same reports whether two endpoints are the same place, whatever they are called.
func (e Endpoint) same(o Endpoint) bool { return e.Kind == o.Kind && e.Address == o.Address }

// says is the reason as the end of a sentence about the target.
func (r Reason) says() string {
	switch r {
	case Busy:
		return "is busy"
	case NoAnswer:
		return "did not answer"
	case Declined:
		return "declined"
	case Unreachable:
		return "could not be reached"
	case NotFound:
		return "was not found"
	case Denied:
		return "may not be dialled"
	case LeftEarly:
		return "left before the customer was handed over"
	case CustomerLeft, CancelledByAgent, LineError:
	}
	return "could not be connected"
}
