package routing

import (
	"fmt"
	"slices"

	"holdfast/call"
)

// This file has the promises about who is offered to whom.

// offers are the offers that have been decided now, not those made once more.
func (m move) offers() []Offer {
	var all []Offer
	for _, c := range m.commands {
		if o, ok := c.(Offer); ok && !m.before.f.Agent(o.Agent).isOffered(o.SegmentID, o.Number) {
			all = append(all, o)
		}
	}
	return all
}

// nobodyIsOvertaken: who is offered has nobody before them in their queue who
// waits on, unless those have been rejected by that agent.
func nobodyIsOvertaken(m move) string {
	for _, o := range m.offers() {
		i := slices.IndexFunc(m.after.f.Queues, func(q Queue) bool { return q.Name == o.Queue })
		for _, p := range m.after.f.Queues[i].Entries {
			if p.SegmentID == o.SegmentID {
				break
			}
			if p.OfferedTo == "" && !paused(p, o.Agent) {
				return fmt.Sprintf("%v is offered before %v", o.SegmentID, p.SegmentID)
			}
		}
	}
	return ""
}

// longestIdleFirst: nobody who could take the customer as well, and was not
// asked before, has been idle for longer.
func longestIdleFirst(m move) string {
	for _, o := range m.offers() {
		i := slices.IndexFunc(m.after.f.Queues, func(q Queue) bool { return q.Name == o.Queue })
		q := m.after.f.Queues[i]
		p := q.entry(o.SegmentID)
		who := *m.after.f.Agent(o.Agent)
		for _, s := range m.after.f.Agents {
			if !m.after.couldTake(s, q) || len(s.Segments) > 0 || p.rejection(s.Name) >= 0 {
				continue
			}
			if len(who.Segments) > 0 || p.rejection(o.Agent) >= 0 || s.IdleSince.Before(who.IdleSince) {
				return fmt.Sprintf("%s is asked before %s", o.Agent, s.Name)
			}
		}
	}
	return ""
}

// onlyTheWilling: an offer is made only to an agent of the queue who is
// available, there, and not on the way out.
func onlyTheWilling(m move) string {
	for _, o := range m.offers() {
		w := m.after
		w.contacts = nil
		s := *w.f.Agent(o.Agent)
		i := slices.IndexFunc(w.f.Queues, func(q Queue) bool { return q.Name == o.Queue })
		if !w.couldTake(s, w.f.Queues[i]) {
			return fmt.Sprintf("%s is offered somebody, being %s", o.Agent, seatSays(s))
		}
	}
	return ""
}

// rejectionsCount: who has said no is not asked again before the pause is over,
// and not while somebody else could be asked who has not said no.
func rejectionsCount(m move) string {
	for _, o := range m.offers() {
		at, no := m.after.rejected[said(o.Agent, o.SegmentID)]
		if no && call.Duration(m.before.now.Sub(at)) < askAgain {
			return fmt.Sprintf("%s has just rejected %v", o.Agent, o.SegmentID)
		}
		i := slices.IndexFunc(m.after.f.Queues, func(q Queue) bool { return q.Name == o.Queue })
		for _, s := range m.after.f.Agents {
			_, too := m.after.rejected[said(s.Name, o.SegmentID)]
			if no && !too && m.after.couldTake(s, m.after.f.Queues[i]) {
				return fmt.Sprintf("%s has rejected %v and is asked before %s", o.Agent, o.SegmentID, s.Name)
			}
		}
	}
	return ""
}

// missedAreLeftInPeace: who did not answer is not available by themselves.
func missedAreLeftInPeace(m move) string {
	for i, s := range m.after.f.Agents {
		was := m.before.f.Agents[i]
		missed := slices.ContainsFunc(m.commands, func(c Command) bool {
			w, ok := c.(Withdraw)
			_, deadline := m.ev.(DeadlinePassed)
			return ok && w.Agent == s.Name && was.Reservation != nil && deadline
		})
		if ev, ok := m.ev.(Missed); ok && was.Name == ev.Agent && was.isOffered(ev.SegmentID, ev.Number) {
			missed = true
		}
		if missed && s.Status.State == Available {
			return s.Name + " missed an offer and is available"
		}
	}
	return ""
}

// lateIsNothing: the end of an offer changes something only while that very offer
// rings.
func lateIsNothing(m move) string {
	var agent string
	var id SegmentID
	var number int
	switch ev := m.ev.(type) {
	case Missed:
		agent, id, number = ev.Agent, ev.SegmentID, ev.Number
	case Rejected:
		agent, id, number = ev.Agent, ev.SegmentID, ev.Number
	default:
		return ""
	}
	c := m.before.contacts[id]
	if len(m.agents)+len(m.queues) > 0 && !(c.rings(agent) && c.offer.number == number) {
		return fmt.Sprintf("offer %d of %v is not what rings at %s, and yet something has changed", number, id, agent)
	}
	return ""
}
