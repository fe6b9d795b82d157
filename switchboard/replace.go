package switchboard

import (
	"holdfast/call"
)

// A Replacement is a line on which an agent calls us to go on there with a call that they
// have on another (RFC 3891).
type Replacement struct {
	Connection call.ConnectionID // of the line that they have
	Agent      call.Endpoint     // the caller
	First      Incoming          // the call, for the record
	// Open makes the leg of the new line for its connection, and the first message that it
	// receives. Like Legs.Dial it may open sockets, but sends nothing. If the entry cannot
	// be written, the leg is closed, and Open is called again.
	Open func(id call.ContactID, connection call.ConnectionID, epoch uint16) (Leg, Incoming, error)
	// Refuse answers the call if the line cannot take the place of the other: the error is a
	// *call.Refusal, ErrUnavailable or what Open has returned. It is called at most once, and must not
	// wait.
	Refuse func(error)
}

// CannotReplace is the code of a call that cannot be moved to another line. The comment
// beside it is a row of docs/REFUSALS.md.
const CannotReplace call.Code = "cannot-replace" // the agent has not answered the line that is to be replaced, or it has ended

// Replace makes a line take the place of another in a contact. It does not wait: the new
// line is answered once that is written down, or Refuse is called. Repetitions of First
// that come before Open was called are the caller's to drop. The error is ErrNoContact.
func (s *Switchboard) Replace(id call.ContactID, r Replacement) error {
	d := s.desk(id)
	if d == nil {
		return ErrNoContact
	}
	s.put(d, &input{connection: r.Connection, replaces: &r})
	return nil
}

// A notReplaced line gets its refusal once the transition is done.
type notReplaced struct {
	line *Replacement
	err  error
}

// replace opens the leg of a new line and makes it take the place of another.
func (t *transition) replace(in *input) {
	r, id := in.replaces, t.contact.LastConnection+1 // the next that the core hands out
	ev := call.Replaced{Connection: r.Connection, Agent: r.Agent}
	c, _, err := call.Step(t.contact, t.now, ev)
	switch {
	case err == nil && !hasConnection(c, id):
		err = t.whyNotReplaced(r)
	case t.now.Sub(in.at) > askedWithin: // the phone that calls has given up
		err = ErrUnavailable
	}
	var leg Leg
	var first Incoming
	if err == nil {
		leg, first, err = r.Open(t.contact.ID, id, t.desk.epoch)
	}
	if err != nil {
		t.turned = append(t.turned, notReplaced{r, err})
		return
	}
	t.joined = append(t.joined, id)
	t.follow(id, nil, leg.Receive(t.now, first))
	if err := t.step(ev); err != nil {
		t.desk.log.Error("the core has refused a fact", "event", "Replaced", "error", err)
	}
}

// whyNotReplaced is why a line does not take the place of another.
func (t *transition) whyNotReplaced(r *Replacement) error {
	for _, x := range t.contact.Connections {
		if x.ID == r.Connection && (x.Endpoint.Kind != r.Agent.Kind || x.Endpoint.Address != r.Agent.Address) {
			return refuse(call.NotYourCall, "that call is not yours")
		}
	}
	return refuse(CannotReplace, "you cannot go on with that call on another phone")
}

// turnAwayLines answers the lines that have not taken the place of others.
func (t *transition) turnAwayLines() {
	for _, n := range t.turned {
		n.line.Refuse(n.err)
	}
}
