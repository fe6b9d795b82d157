package panel

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"holdfast/call"
	"holdfast/routing"
)

// A segment is an agent's live part in a contact: they are rung, talk, or are
// away and expected back.
type segment struct {
	routing.SegmentID
	contact call.Contact
	own     call.Connection // the agent's
	queue   string          // the queue that found the agent; empty: none did
}

// segmentsOf returns the live segments of an agent, those longest in their state
// first.
func segmentsOf(agent routing.Agent, contacts []call.Contact) []segment {
	var all []segment
	for _, c := range contacts {
		take, taking := c.Taking()
		for _, x := range c.Connections {
			if x.Endpoint.Kind != call.AgentEndpoint || !strings.EqualFold(x.Endpoint.Address, agent.Name) {
				continue
			}
			if taking && take.Connection == x.ID && !x.Ringing && !x.EarlyMedia {
				continue // their line is still in the contact that gives it
			}
			id := segmentOf(c.ID, x)
			all = append(all, segment{SegmentID: id, contact: c, own: x, queue: queueOf(agent, id)})
		}
	}
	slices.SortStableFunc(all, func(a, b segment) int { return a.own.Since.Compare(b.own.Since) })
	return all
}

// segmentOf returns the segment of an agent's connection. An agent offered by a
// queue has the segment of the queue's connection.
func segmentOf(id call.ContactID, x call.Connection) routing.SegmentID {
	return routing.SegmentID{Contact: id, Connection: cmp.Or(x.For, x.ID)}
}

func queueOf(agent routing.Agent, id routing.SegmentID) string {
	if agent.ReservedFor(id) {
		return agent.Reservation.Queue
	}
	if s := agent.Segment(id); s != nil {
		return s.Queue
	}
	return ""
}

// ID is the segment's contactId for a Streams page.
func (s segment) ID() string { return segmentName(s.SegmentID) }

func segmentName(id routing.SegmentID) string { return connectionName(id.Contact, id.Connection) }

func connectionName(id call.ContactID, connection call.ConnectionID) string {
	return string(id) + "_" + strconv.Itoa(int(connection))
}

// parseSegment reads a segment's ID.
func parseSegment(name string) (routing.SegmentID, bool) {
	i := strings.LastIndexByte(name, '_')
	if i < 0 {
		return routing.SegmentID{}, false
	}
	n, err := strconv.Atoi(name[i+1:])
	id := routing.SegmentID{Contact: call.ContactID(name[:i]), Connection: call.ConnectionID(n)}
	return id, err == nil && n > 0 && segmentName(id) == name // one name, and not "c1_02" for "c1_2"
}

// called reports that another agent has called this one. To that agent's contact they
// are the customer, and to them the other agent is.
func (s segment) called() bool { return s.own.Party == call.Customer }

// customer is the customer's connection, or nil.
func (s segment) customer() *call.Connection {
	party := call.Customer
	if s.called() {
		party = call.Agent
	}
	for i := range s.contact.Connections {
		if s.contact.Connections[i].Party == party {
			return &s.contact.Connections[i]
		}
	}
	return nil
}

// outbound reports that the agent called the customer.
func (s segment) outbound() bool {
	c := s.customer()
	return !s.called() && (s.contact.Stage == call.Dialling || c != nil && c.ID > 1)
}

// dials reports that the agent's line is up, or has dialled by itself, and the customer
// is being rung.
func (s segment) dials() bool {
	return s.contact.Stage == call.Dialling && s.own.Party == call.Agent && s.customer() != nil
}

// An other is a party besides the agent and the customer: another agent, or the
// targets of a transfer. All targets of a transfer are one other, because a page
// that added one party must see one, even if the server tries a list.
type other struct {
	call.Connection
	name string // its connectionId, which stays the same as targets and agents of queues take turns
	many bool   // several ring at the same time
}

// others returns the parties besides the agent and the customer, in order of
// joining.
func (s segment) others() []other {
	var all []other
	customer := s.customer()
	for _, x := range s.contact.Connections {
		if customer != nil && x.ID == customer.ID || x.ID == s.own.ID || x.ID == s.own.For || x.For != 0 && x.State == call.Connecting {
			continue // the last: the queue's connection stands for the agent it offers
		}
		name := connectionName(s.contact.ID, cmp.Or(x.For, x.ID))
		if t := transferWith(s.contact, x.ID); t != nil {
			name = string(s.contact.ID) + "_" + t.ID
		}
		same := slices.IndexFunc(all, func(o other) bool { return o.name == name })
		switch {
		case same < 0:
			all = append(all, other{x, name, false})
		case x.State == call.Connecting: // they ring at the same time; the first stands for all
			all[same].many = true
		default:
			all[same] = other{x, name, true}
		}
	}
	return all
}

// transferWith returns the transfer that has an attempt with that connection, or
// nil.
func transferWith(c call.Contact, id call.ConnectionID) *call.Transfer {
	has := func(t *call.Transfer) bool {
		return slices.ContainsFunc(t.Attempts, func(a call.Attempt) bool { return a.Connection == id })
	}
	if c.Transfer != nil && has(c.Transfer) {
		return c.Transfer
	}
	for i := range c.Past {
		if has(&c.Past[i]) {
			return &c.Past[i]
		}
	}
	return nil
}

// latest returns the last of some times.
func latest(times ...time.Time) time.Time {
	var last time.Time
	for _, t := range times {
		if t.After(last) {
			last = t
		}
	}
	return last
}
