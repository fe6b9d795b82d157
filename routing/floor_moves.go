package routing

import (
	"cmp"
	"time"

	"holdfast/call"
)

// This file has what concerns a seat and a queue at once.

// enter gives a customer a place in a queue.
func (d *decision) enter(ev EnterRequested) error {
	for i := range d.Queues {
		q := &d.Queues[i]
		if q.Name != ev.Queue {
			continue
		}
		if in, _ := d.Place(ev.StayID); in != nil && in != q {
			return refuse("the customer waits in %s already", in.Name)
		} else if in == nil && d.Taken(ev.StayID) == nil {
			q.add(Place{StayID: ev.StayID, Priority: ev.Priority, Returned: ev.Returned, Callback: ev.Callback, Since: cmp.Or(ev.Since, d.now)})
		}
		return nil
	}
	return refuse("no queue is called %q", ev.Queue)
}

// reserve keeps an agent for somebody who wants this very agent.
func (d *decision) reserve(ev AgentRequested) error {
	s := d.Seat(ev.Agent)
	if s == nil {
		return refuse("no agent is called %q", ev.Agent)
	}
	if s.ReservedFor(ev.StayID) || s.Stay(ev.StayID) != nil {
		return nil // asked again
	}
	if q, _ := d.Place(ev.StayID); q != nil {
		return refuse("the customer waits in %s already", q.Name)
	}
	if other := d.Taken(ev.StayID); other != nil {
		return refuse("the customer is with %s already", other.Agent)
	}
	if s.ReservedFor(ev.Former) {
		s.Reservation = nil
	}
	s.wrapUp(ev.Former, d.now)
	if why := s.unable(ev.Own); why != "" {
		return refuse("%s %s", ev.Agent, why)
	}
	s.Reservation = &Reservation{StayID: ev.StayID, Until: d.now.Add(cmp.Or(ev.For, offerFor))}
	return nil
}

// offer reserves the agent of a pairing and has them rung.
func (d *decision) offer(m pairing) {
	q, p := d.Place(m.StayID)
	until := d.now.Add(cmp.Or(q.OfferFor, offerFor))
	p.Offered = m.agent
	s := d.Seat(m.agent)
	s.Reservation = &Reservation{StayID: p.StayID, Queue: q.Name, Until: until}
	d.ring(s, p)
}

func (d *decision) ring(s *Seat, p *Place) {
	r := s.Reservation
	d.do(Offer{Agent: s.Agent, StayID: r.StayID, Queue: r.Queue, Until: r.Until, Callback: p.Callback})
}

// answered: also after the time limit, if nobody has told us yet that it has
// passed. A person who has picked up is worth more than that.
func (d *decision) answered(agent string, id StayID) {
	s := d.Seat(agent)
	switch {
	case s == nil || s.Stay(id) != nil:
	case !s.ReservedFor(id): // it crossed our withdrawing
		d.do(Withdraw{agent, id, call.Elsewhere})
	default:
		s.begin(d.now)
		if q, _ := d.Place(id); q != nil {
			q.remove(id)
		}
	}
}

// talks: nobody else is wanted for that stay, and nobody waits for it.
func (d *decision) talks(agent string, id StayID) {
	s := d.Seat(agent)
	if s == nil {
		return
	}
	if s.ReservedFor(id) {
		s.begin(d.now)
	} else if s.Stay(id) == nil {
		s.Stays = append(s.Stays, Stay{StayID: id, State: Talking, Since: d.now})
	} else if stay := s.Stay(id); stay.State == AfterCallWork {
		stay.become(Talking, d.now)
		stay.ClearBy = time.Time{}
	}
	d.left(id)
}

func (d *decision) rejected(agent string, id StayID) {
	s := d.Seat(agent)
	if !s.ReservedFor(id) {
		return
	}
	s.Reservation = nil
	if q, p := d.Place(id); p != nil {
		p.reject(agent, d.now.Add(cmp.Or(q.AskAgain, askAgain)))
	}
}

// missed: the agent did not answer, or could not be rung.
func (d *decision) missed(s *Seat, why call.Reason) {
	d.release(s, why)
	s.miss()
}

// release takes an offer back; whoever it was waits on, in their old place.
func (d *decision) release(s *Seat, why call.Reason) {
	id := s.Reservation.StayID
	s.Reservation = nil
	if _, p := d.Place(id); p != nil && p.Offered == s.Agent {
		p.Offered = ""
	}
	d.do(Withdraw{s.Agent, id, why})
}

func (d *decision) lost(s *Seat) {
	if s == nil || !s.AwayUntil.IsZero() || s.State() == Offline {
		return
	}
	if s.Reservation != nil {
		d.release(s, call.Unreachable)
	}
	s.AwayUntil = d.now.Add(s.Grace)
}

// left: the customer has gone, or needs nobody any more.
func (d *decision) left(id StayID) {
	if q, _ := d.Place(id); q != nil {
		q.remove(id)
	}
	for i := range d.Seats {
		if s := &d.Seats[i]; s.ReservedFor(id) {
			d.release(s, call.CustomerLeft)
		}
	}
}

// expire ends everything whose time has come.
func (d *decision) expire() {
	for i := range d.Seats {
		s := &d.Seats[i]
		if s.Reservation != nil && call.Due(s.Reservation.Until, d.now) {
			d.missed(s, call.NoAnswer)
		}
		if call.Due(s.AwayUntil, d.now) {
			s.giveUp()
		}
		s.forget(func(x Stay) bool { return call.Due(x.ClearBy, d.now) })
	}
	for i := range d.Queues {
		d.Queues[i].expire(d.now)
	}
}

// recover has seats and queues agree: a seat was written before its queue, so
// the seat is right, unless two were reserved for one customer; then the queue
// says for whom.
func (d *decision) recover() {
	for i := range d.Seats {
		for _, stay := range d.Seats[i].Stays {
			if q, _ := d.Place(stay.StayID); q != nil {
				q.remove(stay.StayID)
			}
		}
	}
	for i := range d.Queues {
		for j := range d.Queues[i].Places {
			if p := &d.Queues[i].Places[j]; p.Offered != "" && !d.Seat(p.Offered).ReservedFor(p.StayID) {
				p.Offered = ""
			}
		}
	}
	for i := range d.Seats {
		if s := &d.Seats[i]; s.Reservation != nil && s.Reservation.Queue != "" {
			d.confirm(s)
		}
	}
}

// confirm makes a queue's offer once more, or takes it back. Whoever has not been
// rung yet has as long to answer as anybody: it is no fault of theirs that nobody
// ran meanwhile. For who rings already, the contact knows how long.
func (d *decision) confirm(s *Seat) {
	q, p := d.Place(s.Reservation.StayID)
	if p == nil || p.Offered != "" && p.Offered != s.Agent {
		d.release(s, call.Elsewhere)
		return
	}
	p.Offered = s.Agent
	s.Reservation.Until = d.now.Add(cmp.Or(q.OfferFor, offerFor))
	d.ring(s, p)
}
