package switchboard

import (
	"holdfast/call"
)

// A Newcomer is a line that calls us to take the place of another in a contact. Its
// methods are pure, but for the port that a leg opens.
type Newcomer interface {
	// Join returns the line's leg as a connection of the contact, and what the leg
	// receives first. A transition that is planned again calls it again, after the leg
	// of before was closed.
	Join(id call.ContactID, connection call.ConnectionID, epoch uint16) (Leg, Incoming, error)
	// TurnAway returns the refusal of the call. err is nil if the line that it was to
	// replace has ended.
	TurnAway(err error) Outgoing
	// Trace is the call as one line for the record.
	Trace() string
}

// Replace gives a contact a line that takes the place of the one at a connection. It does
// not wait, and is false if the contact has ended.
func (s *Switchboard) Replace(at call.Place, line Newcomer) bool {
	d := s.desk(at.Contact)
	if d == nil {
		return false
	}
	select {
	case d.inbox <- &input{connection: at.Connection, newcomer: line}:
		return true
	case <-d.done:
		return false
	default: // as if the network had lost the call, which its sender repeats
		return true
	}
}

// A joining line has a leg and waits for the contact to make it a connection.
type joining struct {
	leg   Leg
	first Incoming
}

// replaces has a newcomer take the place of a line. Its leg is there before the contact is
// asked: a call that cannot be taken must not cost the agent the one that they have. What
// the contact does about it is a Join, unless the line to be replaced has ended.
func (t *transition) replaces(in *input) {
	next := t.contact.LastConnection + 1
	leg, first, err := in.newcomer.Join(t.contact.ID, next, t.desk.epoch)
	if err == nil {
		t.joining = joining{leg, first}
		err = t.step(call.Replaced{Connection: in.connection})
		t.joining = joining{}
		if t.legs[next] != nil {
			return
		}
		leg.Close()
	}
	t.out = append(t.out, message{in.connection, in.newcomer.TurnAway(err)})
}

// join answers the line that is joining.
func (t *transition) join(c call.Join) {
	t.legs[c.Connection] = t.joining.leg
	t.opened = append(t.opened, c.Connection)
	t.follow(c.Connection, nil, t.joining.leg.Receive(t.now, t.joining.first))
	t.planCommand(c.Connection, c)
}
