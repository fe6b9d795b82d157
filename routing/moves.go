package routing

import (
	"cmp"
	"time"

	"holdfast/call"
)

// This file has what concerns a agent and a queue at once.

// enter gives a customer an entry in a queue. If the server was killed between
// writing an agent and writing the queue, that agent is reserved for the customer
// already, and the entry says so.
func (d *step) enter(ev EnterRequested) error {
	for i := range d.Queues {
		q := &d.Queues[i]
		if q.Name != ev.Queue {
			continue
		}
		p := Entry{
			SegmentID: ev.SegmentID, Priority: ev.Priority, Returned: ev.Returned, Callback: ev.Callback,
			Since: cmp.Or(ev.Since, d.now), Offers: ev.Offers,
		}
		in, _ := d.Entry(ev.SegmentID)
		taken := d.Taken(ev.SegmentID)
		switch {
		case in != nil && in != q:
			return refuse(WaitsAlready, "the customer waits in %s already", in.Name)
		case in != nil:
		case taken == nil:
			q.add(p)
		case taken.ReservedFor(ev.SegmentID) && taken.Reservation.Queue == q.Name:
			p.OfferedTo, p.Offers = taken.Name, taken.Reservation.Number
			q.add(p)
		}
		return nil
	}
	return refuse(UnknownQueue, "no queue is called %q", ev.Queue)
}

// reserve keeps an agent for somebody who wants this very agent.
func (d *step) reserve(ev AgentRequested) error {
	s := d.Agent(ev.Agent)
	if s == nil {
		return refuse(UnknownAgent, "no agent is called %q", ev.Agent)
	}
	if s.ReservedFor(ev.SegmentID) || s.Segment(ev.SegmentID) != nil {
		return nil // asked again
	}
	if q, _ := d.Entry(ev.SegmentID); q != nil {
		return refuse(WaitsAlready, "the customer waits in %s already", q.Name)
	}
	if other := d.Taken(ev.SegmentID); other != nil {
		return refuse(WithAgentAlready, "the customer is with %s already", other.Name)
	}
	if s.ReservedFor(ev.Former) {
		s.Reservation = nil
	}
	s.wrapUp(ev.Former, d.now)
	if why := s.unable(ev.Own); why != "" {
		return refuse(AgentUnavailable, "%s %s", ev.Agent, why)
	}
	s.Reservation = &Reservation{SegmentID: ev.SegmentID, Until: d.after(cmp.Or(ev.For, offerFor))}
	return nil
}

// offer reserves the agent of a pairing and has them rung.
func (d *step) offer(m pairing) {
	q, p := d.Entry(m.SegmentID)
	until := d.after(cmp.Or(q.OfferFor, offerFor))
	p.OfferedTo = m.agent
	p.Offers++
	s := d.Agent(m.agent)
	s.Reservation = &Reservation{SegmentID: p.SegmentID, Queue: q.Name, Number: p.Offers, Until: until}
	d.ring(s, p)
}

func (d *step) ring(s *Agent, p *Entry) {
	r := s.Reservation
	d.do(Offer{Agent: s.Name, SegmentID: r.SegmentID, Number: r.Number, Queue: r.Queue, Until: r.Until, Callback: p.Callback})
}

// answered: also after the time limit, if nobody has told us yet that it has
// passed. A person who has picked up is worth more than that.
func (d *step) answered(agent string, id SegmentID) {
	s := d.Agent(agent)
	switch {
	case s == nil || s.Segment(id) != nil:
	case !s.ReservedFor(id): // it crossed our withdrawing
		d.do(Withdraw{Agent: agent, SegmentID: id, Reason: call.Elsewhere})
	default:
		s.begin(d.now)
		if q, _ := d.Entry(id); q != nil {
			q.remove(id)
		}
	}
}

// talks: nobody else is wanted for that segment, and nobody waits for it.
func (d *step) talks(agent string, id SegmentID) {
	s := d.Agent(agent)
	if s == nil {
		return
	}
	if s.ReservedFor(id) {
		s.begin(d.now)
	} else if s.Segment(id) == nil {
		s.Segments = append(s.Segments, Segment{SegmentID: id, State: Talking, Since: d.now})
	} else if segment := s.Segment(id); segment.State == AfterCallWork {
		segment.become(Talking, d.now)
		segment.ClearBy = time.Time{}
	}
	d.left(id)
}

// rejected notes a rejection in the customer's entry, also if the server was killed
// between writing the agent, whose reservation is gone, and writing the queue.
func (d *step) rejected(ev Rejected) {
	s := d.Agent(ev.Agent)
	q, p := d.Entry(ev.SegmentID)
	offered := s.isOffered(ev.SegmentID, ev.Number)
	if offered {
		s.Reservation = nil
	}
	if p != nil && (offered || p.OfferedTo == ev.Agent && p.Offers == ev.Number) {
		p.reject(ev.Agent, d.after(cmp.Or(q.AskAgain, askAgain)))
	}
}

// missed: the agent did not answer, or could not be rung.
func (d *step) missed(s *Agent, why call.Reason) {
	d.release(s, why)
	s.miss()
}

// release takes an offer back; whoever it was waits on, in their old entry.
func (d *step) release(s *Agent, why call.Reason) {
	r := s.Reservation
	s.Reservation = nil
	if _, p := d.Entry(r.SegmentID); p != nil && p.OfferedTo == s.Name {
		p.OfferedTo = ""
	}
	d.do(Withdraw{Agent: s.Name, SegmentID: r.SegmentID, Number: r.Number, Reason: why})
}

func (d *step) lost(s *Agent) {
	if s == nil || !s.AwayUntil.IsZero() || s.state() == Offline {
		return
	}
	if s.Reservation != nil {
		d.release(s, call.Unreachable)
	}
	s.AwayUntil = d.after(s.Grace)
}

// left: the customer has gone, or needs nobody any more.
func (d *step) left(id SegmentID) {
	if q, _ := d.Entry(id); q != nil {
		q.remove(id)
	}
	for i := range d.Agents {
		if s := &d.Agents[i]; s.ReservedFor(id) {
			d.release(s, call.CustomerLeft)
		}
	}
}

// expire ends everything whose time has come.
func (d *step) expire() {
	for i := range d.Agents {
		s := &d.Agents[i]
		if s.Reservation != nil && call.Due(s.Reservation.Until, d.now) {
			d.missed(s, call.NoAnswer)
		}
		if call.Due(s.AwayUntil, d.now) {
			s.expire()
		}
		s.forget(func(x Segment) bool { return call.Due(x.ClearBy, d.now) })
	}
	for i := range d.Queues {
		d.Queues[i].expire(d.now)
	}
}

// recover has agents and queues agree: a agent was written before its queue, so
// the agent is right, unless two were reserved for one customer; then the queue
// says for whom.
func (d *step) recover() {
	for i := range d.Agents {
		for _, segment := range d.Agents[i].Segments {
			if q, _ := d.Entry(segment.SegmentID); q != nil {
				q.remove(segment.SegmentID)
			}
		}
	}
	for i := range d.Queues {
		for j := range d.Queues[i].Entries {
			if p := &d.Queues[i].Entries[j]; p.OfferedTo != "" && !d.Agent(p.OfferedTo).ReservedFor(p.SegmentID) {
				p.OfferedTo = ""
			}
		}
	}
	for i := range d.Agents {
		if s := &d.Agents[i]; s.Reservation != nil && s.Reservation.Queue != "" {
			d.confirm(s)
		}
	}
}

// confirm makes a queue's offer once more, or takes it back. Whoever has not been
// rung yet has as long to answer as anybody: it is no fault of theirs that nobody
// ran meanwhile. For who rings already, the contact knows how long.
func (d *step) confirm(s *Agent) {
	q, p := d.Entry(s.Reservation.SegmentID)
	if p == nil || p.OfferedTo != "" && p.OfferedTo != s.Name {
		d.release(s, call.Elsewhere)
		return
	}
	p.OfferedTo, p.Offers = s.Name, s.Reservation.Number
	s.Reservation.Until = d.after(cmp.Or(q.OfferFor, offerFor))
	d.ring(s, p)
}
