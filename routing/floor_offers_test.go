package routing

import (
	"fmt"
	"slices"
)

// This file has the promises about who is offered to whom.

// offers are the offers that have been decided now, not those made once more.
func (m floorMove) offers() []Offer {
	var all []Offer
	for _, c := range m.commands {
		if o, ok := c.(Offer); ok && !(&decision{Floor: m.before.f}).Seat(o.Agent).ReservedFor(o.StayID) {
			all = append(all, o)
		}
	}
	return all
}

// nobodyIsOvertaken: who is offered has nobody before them in their queue who
// waits on, unless those have been rejected by that agent.
func nobodyIsOvertaken(m floorMove) string {
	for _, o := range m.offers() {
		i := slices.IndexFunc(m.after.f.Queues, func(q Queue) bool { return q.Name == o.Queue })
		for _, p := range m.after.f.Queues[i].Places {
			if p.StayID == o.StayID {
				break
			}
			if p.Offered == "" && !paused(p, o.Agent) {
				return fmt.Sprintf("%v is offered before %v", o.StayID, p.StayID)
			}
		}
	}
	return ""
}

// longestIdleFirst: nobody who could take the customer as well, and was not
// asked before, has been idle for longer.
func longestIdleFirst(m floorMove) string {
	for _, o := range m.offers() {
		i := slices.IndexFunc(m.after.f.Queues, func(q Queue) bool { return q.Name == o.Queue })
		q := m.after.f.Queues[i]
		p := q.place(o.StayID)
		who := *(&decision{Floor: m.after.f}).Seat(o.Agent)
		for _, s := range m.after.f.Seats {
			if !m.after.couldTake(s, q) || len(s.Stays) > 0 || p.rejection(s.Agent) >= 0 {
				continue
			}
			if len(who.Stays) > 0 || p.rejection(o.Agent) >= 0 || s.IdleSince.Before(who.IdleSince) {
				return fmt.Sprintf("%s is asked before %s", o.Agent, s.Agent)
			}
		}
	}
	return ""
}

// onlyTheWilling: an offer is made only to an agent of the queue who is
// available, there, and not on the way out.
func onlyTheWilling(m floorMove) string {
	for _, o := range m.offers() {
		w := m.after
		w.ringing = nil
		s := *(&decision{Floor: w.f}).Seat(o.Agent)
		i := slices.IndexFunc(w.f.Queues, func(q Queue) bool { return q.Name == o.Queue })
		if !w.couldTake(s, w.f.Queues[i]) {
			return fmt.Sprintf("%s is offered somebody, being %s", o.Agent, seatSays(s))
		}
	}
	return ""
}

// rejectionsCount: who has said no is not asked again before the pause is over,
// and not while somebody else could be asked who has not said no.
func rejectionsCount(m floorMove) string {
	for _, o := range m.offers() {
		at, no := m.after.rejected[said(o.Agent, o.StayID)]
		if no && m.before.now.Sub(at) < askAgain {
			return fmt.Sprintf("%s has just rejected %v", o.Agent, o.StayID)
		}
		i := slices.IndexFunc(m.after.f.Queues, func(q Queue) bool { return q.Name == o.Queue })
		for _, s := range m.after.f.Seats {
			_, too := m.after.rejected[said(s.Agent, o.StayID)]
			if no && !too && m.after.couldTake(s, m.after.f.Queues[i]) {
				return fmt.Sprintf("%s has rejected %v and is asked before %s", o.Agent, o.StayID, s.Agent)
			}
		}
	}
	return ""
}

// missedAreLeftInPeace: who did not answer is not available by themselves.
func missedAreLeftInPeace(m floorMove) string {
	for i, s := range m.after.f.Seats {
		was := m.before.f.Seats[i]
		missed := slices.ContainsFunc(m.commands, func(c Command) bool {
			w, ok := c.(Withdraw)
			_, deadline := m.ev.(DeadlinePassed)
			return ok && w.Agent == s.Agent && was.Reservation != nil && deadline
		})
		if ev, ok := m.ev.(Missed); ok && was.Agent == ev.Agent && was.ReservedFor(ev.StayID) {
			missed = true
		}
		if missed && s.Choice.State == Available {
			return s.Agent + " missed an offer and is available"
		}
	}
	return ""
}
