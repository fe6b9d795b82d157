package routing

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"holdfast/call"
)

// This file has the decisions that concern an agent and a queue at once.

// enter gives a customer an entry in a queue. If the server was killed between
// writing an agent and writing the queue, that agent is already reserved for the customer,
// and the entry gets their name.
func (d *step) enter(ev EnterRequested) error {
	q := d.byQueue[ev.Queue]
	if q == nil {
		return refuse(UnknownQueue, "no queue is called %q", ev.Queue)
	}
	p := &Entry{
		SegmentID: ev.SegmentID, Priority: ev.Priority, Returned: ev.Returned, Callback: ev.Callback,
		Since: cmp.Or(ev.Since, d.now), Offers: ev.Offers,
	}
	in, _ := d.entry(ev.SegmentID)
	taken := d.taken(ev.SegmentID)
	switch {
	case in != nil && in != q:
		return refuse(WaitsAlready, "the customer waits in %s already", in.Name)
	case in != nil:
	case taken == nil:
		d.add(q, p)
	case taken.ReservedFor(ev.SegmentID) && taken.Reservation.Queue == q.Name:
		p.OfferedTo, p.Offers = taken.Name, taken.Reservation.Number
		d.add(q, p)
	}
	return nil
}

// reserve keeps an agent for a contact that wants this very agent.
func (d *step) reserve(ev AgentRequested) error {
	row := d.row(ev.Agent)
	if row == nil {
		return refuse(UnknownAgent, "no agent is called %q", ev.Agent)
	}
	if row.ReservedFor(ev.SegmentID) || row.Segment(ev.SegmentID) != nil {
		return nil // asked again
	}
	if q, _ := d.entry(ev.SegmentID); q != nil {
		return refuse(WaitsAlready, "the customer waits in %s already", q.Name)
	}
	if other := d.taken(ev.SegmentID); other != nil {
		return refuse(WithAgentAlready, "the customer is with %s already", other.Name)
	}
	return d.at(ev.Agent, func(s *Agent) error {
		if s.ReservedFor(ev.Former) {
			s.Reservation = nil
		}
		s.wrapUp(ev.Former, d.now)
		if why := s.unable(ev.Own); why != "" {
			return refuse(AgentUnavailable, "%s %s", ev.Agent, why)
		}
		s.Reservation = &Reservation{SegmentID: ev.SegmentID, Until: d.after(cmp.Or(ev.For, offerFor))}
		return nil
	})
}

// offer reserves an agent for a customer of a queue and makes the contact ring them.
func (d *step) offer(q *queueRow, p *Entry, row *agentRow) {
	p = d.changeEntry(q, p, func(p *Entry) {
		p.OfferedTo = row.Name
		p.Offers++
	})
	until := d.after(cmp.Or(q.OfferFor, offerFor))
	d.change(row, func(s *Agent) {
		s.Reservation = &Reservation{SegmentID: p.SegmentID, Queue: q.Name, Number: p.Offers, Until: until}
	})
	d.ring(row, p)
}

func (d *step) ring(row *agentRow, p *Entry) {
	r := row.Reservation
	d.do(Offer{Agent: row.Name, SegmentID: r.SegmentID, Number: r.Number, Queue: r.Queue, Until: r.Until, Callback: p.Callback})
}

// answered: an answer counts even after the time limit, if no DeadlinePassed has come yet,
// because a person has picked up.
func (d *step) answered(agent string, id SegmentID) {
	row := d.row(agent)
	switch {
	case row == nil || row.Segment(id) != nil:
	case !row.ReservedFor(id): // it crossed our withdrawing
		d.do(Withdraw{Agent: agent, SegmentID: id, Reason: call.Elsewhere})
	default:
		d.change(row, func(s *Agent) { s.begin(d.now) })
		if q, p := d.entry(id); q != nil {
			d.remove(q, p)
		}
	}
}

// talks: no other agent is wanted for that segment, and its customer waits no longer.
func (d *step) talks(agent string, id SegmentID) {
	row := d.row(agent)
	if row == nil {
		return
	}
	d.change(row, func(s *Agent) {
		if s.ReservedFor(id) {
			s.begin(d.now)
		} else if s.Segment(id) == nil {
			s.Segments = append(s.Segments, Segment{SegmentID: id, State: Talking, Since: d.now})
		} else if segment := s.Segment(id); segment.State == AfterCallWork {
			segment.become(Talking, d.now)
			segment.ClearBy = time.Time{}
		}
	})
	d.left(id)
}

func (d *step) held(ev Held) {
	row := d.row(ev.Agent)
	if row == nil {
		return
	}
	if segment := row.Segment(ev.SegmentID); segment != nil && segment.State == Talking {
		d.change(row, func(s *Agent) { s.Segment(ev.SegmentID).become(Holding, d.now) })
	}
}

// rejected notes a rejection in the customer's entry, also if the server was killed
// between writing the agent, whose reservation is gone, and writing the queue.
func (d *step) rejected(ev Rejected) {
	row := d.row(ev.Agent)
	q, p := d.entry(ev.SegmentID)
	offered := row != nil && row.isOffered(ev.SegmentID, ev.Number)
	if offered {
		d.change(row, func(s *Agent) { s.Reservation = nil })
	}
	if p != nil && (offered || p.OfferedTo == ev.Agent && p.Offers == ev.Number) {
		until := d.after(cmp.Or(q.AskAgain, askAgain))
		d.changeEntry(q, p, func(p *Entry) { p.reject(ev.Agent, until) })
	}
}

// missed: the agent did not answer, or could not be rung.
func (d *step) missed(row *agentRow, why call.Reason) {
	d.release(row, why)
	d.change(row, (*Agent).miss)
}

// release takes an offer back; the customer waits on, in their old entry.
func (d *step) release(row *agentRow, why call.Reason) {
	r := row.Reservation
	d.change(row, func(s *Agent) { s.Reservation = nil })
	if q, p := d.entry(r.SegmentID); p != nil && p.OfferedTo == row.Name {
		d.changeEntry(q, p, func(p *Entry) { p.OfferedTo = "" })
	}
	d.do(Withdraw{Agent: row.Name, SegmentID: r.SegmentID, Number: r.Number, Reason: why})
}

func (d *step) lost(row *agentRow) {
	if row == nil || !row.AwayUntil.IsZero() || row.state() == Offline {
		return
	}
	if row.Reservation != nil {
		d.release(row, call.Unreachable)
	}
	d.change(row, func(s *Agent) { s.AwayUntil = d.after(s.Grace) })
}

// left: the customer has gone, or needs no agent any more.
func (d *step) left(id SegmentID) {
	if q, p := d.entry(id); q != nil {
		d.remove(q, p)
	}
	for _, row := range slices.Clone(d.contacts[id.Contact].agents) {
		if row.ReservedFor(id) {
			d.release(row, call.CustomerLeft)
		}
	}
}

// expire ends everything whose time has come.
func (d *step) expire() {
	agents, queues := d.expired()
	for _, row := range agents {
		if row.Reservation != nil && call.Due(row.Reservation.Until, d.now) {
			d.missed(row, call.NoAnswer)
		}
		d.change(row, func(s *Agent) {
			if call.Due(s.AwayUntil, d.now) {
				s.expire()
			}
			s.forget(func(x Segment) bool { return call.Due(x.ClearBy, d.now) })
		})
	}
	for _, q := range queues {
		for _, p := range slices.Collect(maps.Keys(q.paused)) {
			if call.Due(p.deadline(), d.now) {
				d.changeEntry(q, p, func(p *Entry) { p.expire(d.now) })
			}
		}
	}
}

// expired returns the agents and queues whose deadline has passed, in the order of the
// configuration, and removes them from the deadlines. Each gets its next deadline when it is
// changed.
func (d *step) expired() (agents []*agentRow, queues []*queueRow) {
	for first := d.due.first(); first != nil && call.Due(first.at, d.now); first = d.due.first() {
		if row := first.agent; row != nil {
			agents = append(agents, row)
			d.due.remove(&row.due)
		} else {
			q := first.queue
			queues = append(queues, q)
			d.due.remove(&q.due)
		}
	}
	slices.SortFunc(agents, func(a, b *agentRow) int { return cmp.Compare(a.n, b.n) })
	slices.SortFunc(queues, func(a, b *queueRow) int { return cmp.Compare(a.n, b.n) })
	return agents, queues
}

// recover makes agents and queues agree: an agent was written before its queue, so the
// agent is right, unless two were reserved for one customer; then the queue's entry
// decides.
func (d *step) recover() {
	for _, row := range d.agents {
		for _, segment := range row.Segments {
			if q, p := d.entry(segment.SegmentID); q != nil {
				d.remove(q, p)
			}
		}
	}
	for _, q := range d.queues {
		for _, p := range slices.Clone(q.Entries) {
			if p.OfferedTo != "" && !d.Agent(p.OfferedTo).ReservedFor(p.SegmentID) {
				d.changeEntry(q, p, func(p *Entry) { p.OfferedTo = "" })
			}
		}
	}
	for _, row := range d.agents {
		if row.Reservation != nil && row.Reservation.Queue != "" {
			d.confirm(row)
		}
	}
}

// confirm makes a queue's offer once more, or takes it back. An agent who has not been rung
// yet gets the full time to answer, because the server was down in between. For an agent
// who rings already, the contact has the deadline.
func (d *step) confirm(row *agentRow) {
	r := row.Reservation
	q, p := d.entry(r.SegmentID)
	if p == nil || p.OfferedTo != "" && p.OfferedTo != row.Name {
		d.release(row, call.Elsewhere)
		return
	}
	if p.OfferedTo != row.Name || p.Offers != r.Number {
		p = d.changeEntry(q, p, func(p *Entry) { p.OfferedTo, p.Offers = row.Name, r.Number })
	}
	d.change(row, func(s *Agent) { s.Reservation.Until = d.after(cmp.Or(q.OfferFor, offerFor)) })
	d.ring(row, p)
}
