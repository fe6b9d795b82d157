package call

import (
	"slices"
	"strings"
	"time"
)

// add gives a party a place in the contact.
func (s *step) add(p Party, e Endpoint, ringFor Duration) ConnectionID {
	s.LastConnection++
	c := Connection{ID: s.LastConnection, Party: p, Endpoint: e, State: Connecting, Since: s.now}
	if ringFor > 0 {
		c.AnswerBy = s.after(ringFor)
	}
	s.Connections = append(s.Connections, c)
	return c.ID
}

// dial adds a party and rings them; zero rings for ever.
func (s *step) dial(p Party, to Endpoint, ringFor Duration) ConnectionID {
	id := s.add(p, to, ringFor)
	s.do(Dial{Connection: id, Party: p, To: to, From: s.callerFor(p), Customer: s.Customer})
	return id
}

// rang takes the progress of a line that has not been answered.
func (c *Connection) rang(ev Rang) {
	c.Ringing = c.Ringing || !ev.EarlyMedia
	c.EarlyMedia = c.EarlyMedia || ev.EarlyMedia
}

// callerFor is who a party sees calling: agents see the customer, others the
// number the rules name, if they do.
func (s *step) callerFor(p Party) Endpoint {
	switch {
	case p != Agent && s.Rules.CallerID != (Endpoint{}):
		return s.Rules.CallerID
	case p == Customer:
		return s.Agent
	}
	return s.Customer
}

// remove takes a party out of the contact, and leaves their line alone.
func (s *step) remove(id ConnectionID) {
	s.withdraw(id, Elsewhere)
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

// set changes the state of a party; to the same state it changes nothing.
func (s *step) set(c *Connection, to State) {
	if c.State != to {
		s.await(c, to, 0)
	}
}

// await puts a party into a state that ends by itself, unless limit is zero.
func (s *step) await(c *Connection, in State, limit Duration) {
	s.countHold(c)
	c.State, c.Since, c.AnswerBy, c.Ringing, c.EarlyMedia, c.Prompt = in, s.now, time.Time{}, false, false, ""
	if limit > 0 {
		c.AnswerBy = s.after(limit)
	}
}

// countHold adds a hold of the customer's that is ending.
func (s *step) countHold(c *Connection) {
	if c.Party == Customer && c.State == Held {
		s.OnHold += Duration(max(0, s.now.Sub(c.Since)))
	}
}

// isCalledAgent reports whether this is an agent called by another, who is the customer of
// that agent's contact. If they work in a browser, their line may return.
func (c *Connection) isCalledAgent() bool {
	return c.Party == Customer && c.Endpoint.Kind == AgentEndpoint
}

// expired is a party whose time in that state is over, or nil.
func (s *step) expired(in State) *Connection {
	for i := range s.Connections {
		c := &s.Connections[i]
		if c.State == in && !c.AnswerBy.IsZero() && !s.now.Before(c.AnswerBy) {
			return c
		}
	}
	return nil
}

// present reports whether a party is in the contact and can hear.
func (s *step) present(id ConnectionID) bool {
	c := s.connection(id)
	return c != nil && c.State == Connected
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

// last is the attempt that was accepted, or else the latest.
func (t *Transfer) last() *Attempt {
	for i := range t.Attempts {
		if !t.Attempts[i].Accepted.IsZero() {
			return &t.Attempts[i]
		}
	}
	return &t.Attempts[len(t.Attempts)-1]
}

// Transfers returns all transfers of the contact, oldest first.
func (c Contact) Transfers() []Transfer {
	all := slices.Clone(c.Past)
	if c.Transfer != nil {
		all = append(all, *c.Transfer)
	}
	return all
}

// Target is the target that has accepted, or that the transfer tried last.
func (t *Transfer) Target() Endpoint { return t.last().Target }

// Name is people's word for a party: the customer, or another party's name.
func (c Connection) Name() string {
	if c.Party == Customer {
		return "the customer"
	}
	return c.Endpoint.String()
}

// rungByUs: we have dialled them and they have not answered yet.
func (c *Connection) rungByUs() bool {
	return c.State == Connecting && !c.ringsAtUs()
}

// ringsAtUs: a caller whose call we have not answered yet: a customer who has called
// an agent, or an agent whose phone has dialled a customer.
func (c *Connection) ringsAtUs() bool {
	return c.State == Connecting && c.AnswerBy.IsZero() && c.Endpoint.Kind != QueueEndpoint
}

// same reports whether two endpoints are the same place, whatever they are called.
// Addresses have one spelling each; the transport after it does not matter.
func (e Endpoint) same(o Endpoint) bool { return e.Kind == o.Kind && e.party() == o.party() }

// reaches reports whether two endpoints are the same party: the same place, or a
// phone number and an address that has it as its user.
func (e Endpoint) reaches(o Endpoint) bool {
	if e.Kind == URI && o.Kind == PhoneNumber {
		e, o = o, e
	}
	return e.same(o) || e.Kind == PhoneNumber && o.Kind == URI && strings.HasPrefix(o.Address, "sip:"+e.Address+"@")
}

func (e Endpoint) party() string {
	if e.Kind != URI {
		return e.Address
	}
	address, _, _ := strings.Cut(e.Address, ";")
	return strings.ToLower(address)
}

// Says is the reason as the end of a sentence about the target: "is busy".
func (r Reason) Says() string {
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
	case NotAccepted:
		return "did not take the call"
	case TooLong:
		return "was consulted for too long"
	case CustomerLeft, CancelledByAgent, Elsewhere, Superseded, Goodbye, LineLost, Requested, Transferred, LineError:
	}
	return "could not be connected"
}
