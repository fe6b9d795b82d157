package directory

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"holdfast/call"
)

// floorPromises are what a floor promises as properties of a move, each
// returning how it is broken, or "".
var floorPromises = []struct {
	name   string
	broken func(floorMove) string
}{
	{"values", valuesStay},
	{"refusals", refusedChangesNothing},
	{"one phone call", phonesAgree},
	{"one agent", oneAgentEach},
	{"two customers", twoCustomersAtMost},
	{"kept", customersAreKept},
	{"order", orderIsKept},
	{"no starving", nobodyStarves},
	{"whose turn", nobodyIsOvertaken},
	{"longest idle", longestIdleFirst},
	{"willing", onlyTheWilling},
	{"asked again", rejectionsCount},
	{"missed", missedAreLeftInPeace},
	{"as asked", choicesTakeEffect},
}

func (m floorMove) broken() string {
	for _, p := range floorPromises {
		if how := p.broken(m); how != "" {
			return p.name + ": " + how
		}
	}
	return ""
}

func valuesStay(m floorMove) string {
	if m.mutated {
		return "the floor that was handed in has changed"
	}
	return ""
}

func refusedChangesNothing(m floorMove) string {
	var refusal *call.Refusal
	if m.refused == nil {
		return ""
	}
	_, request := m.ev.(Request)
	switch {
	case !request || !errors.As(m.refused, &refusal) || refusal.Text == "":
		return fmt.Sprintf("%T gives %v", m.ev, m.refused)
	case len(m.seats)+len(m.queues) > 0 || m.commands != nil:
		return "refused, and yet something has changed"
	}
	return ""
}

// phonesAgree: an agent's phone rings for the customer they are reserved for,
// and for nobody else, whatever was said to phones before.
func phonesAgree(m floorMove) string {
	for _, s := range m.after.f.Seats {
		id, rings := m.after.ringing[s.Agent]
		switch {
		case s.Reservation == nil && rings:
			return fmt.Sprintf("%s rings for %v and is not reserved", s.Agent, id)
		case s.Reservation != nil && (!rings || s.Reservation.StayID != id):
			return fmt.Sprintf("%s is reserved for %v and rings for %v", s.Agent, s.Reservation.StayID, id)
		}
	}
	offered := map[string]bool{}
	for _, c := range m.commands {
		if o, ok := c.(Offer); ok {
			if offered[o.Agent] {
				return o.Agent + " is offered two customers at once"
			}
			offered[o.Agent] = true
		}
	}
	return ""
}

// oneAgentEach: no customer is offered to two, or offered to one and had by
// another, and the queue says to whom.
func oneAgentEach(m floorMove) string {
	has := map[StayID]string{}
	for _, s := range m.after.f.Seats {
		ids := []StayID{}
		for _, stay := range s.Stays {
			ids = append(ids, stay.StayID)
			if _, p := (&decision{Floor: m.after.f}).place(stay.StayID); p != nil {
				return fmt.Sprintf("%v waits and has an agent", stay.StayID)
			}
		}
		if r := s.Reservation; r != nil {
			ids = append(ids, r.StayID)
			_, p := (&decision{Floor: m.after.f}).place(r.StayID)
			if (p == nil) != (r.Queue == "") || p != nil && p.Offered != s.Agent {
				return fmt.Sprintf("%s is reserved for %v, and the queue does not say so", s.Agent, r.StayID)
			}
		}
		for _, id := range ids {
			if has[id] != "" {
				return fmt.Sprintf("%v is with %s and with %s", id, has[id], s.Agent)
			}
			has[id] = s.Agent
		}
	}
	for _, q := range m.after.f.Queues {
		for _, p := range q.Places {
			if p.Offered != has[p.StayID] {
				return fmt.Sprintf("%v is offered to %q and with %q", p.StayID, p.Offered, has[p.StayID])
			}
		}
	}
	return ""
}

func twoCustomersAtMost(m floorMove) string {
	for _, s := range m.after.f.Seats {
		unheld := 0
		for _, stay := range s.Stays {
			if stay.State == Talking {
				unheld++
			}
		}
		switch {
		case len(s.Stays) > 2:
			return s.Agent + " has more than two stays"
		case unheld > 1:
			return s.Agent + " talks to two customers"
		case s.Reservation != nil && (unheld > 0 || len(s.Stays) > 1):
			return s.Agent + " is offered one more than they can take"
		}
	}
	return ""
}

// customersAreKept: who waits, waits in exactly one place until they leave or
// an agent answers.
func customersAreKept(m floorMove) string {
	places := map[StayID]int{}
	for _, q := range m.after.f.Queues {
		for _, p := range q.Places {
			places[p.StayID]++
		}
	}
	for id := range m.after.wanting {
		if places[id] != 1 {
			return fmt.Sprintf("%v waits in %d places", id, places[id])
		}
	}
	if len(places) != len(m.after.wanting) {
		return "somebody who has left still has a place"
	}
	return ""
}

// orderIsKept: nobody who was before somebody is behind them afterwards, and
// who has come now is behind their equals and before the lesser.
func orderIsKept(m floorMove) string {
	for i, q := range m.after.f.Queues {
		var before, after []StayID
		for _, p := range m.before.f.Queues[i].Places {
			if q.place(p.StayID) != nil {
				before = append(before, p.StayID)
			}
		}
		for j, p := range q.Places {
			if m.before.f.Queues[i].place(p.StayID) != nil {
				after = append(after, p.StayID)
			}
			if j > 0 && rank(q.Places[j-1]) > rank(p) {
				return fmt.Sprintf("%v is behind somebody of less priority", p.StayID)
			}
		}
		if !slices.Equal(before, after) {
			return "places have changed their order"
		}
		if ev, ok := m.ev.(EnterRequested); ok && len(q.Places) > len(before) {
			j := slices.IndexFunc(q.Places, func(p Place) bool { return p.StayID == ev.StayID })
			if j+1 < len(q.Places) && rank(q.Places[j+1]) == rank(q.Places[j]) {
				return "who came last is before an equal"
			}
		}
	}
	return ""
}

// rank is less for who is served sooner, whenever they came.
func rank(p Place) int {
	if p.Returned {
		return -1000
	}
	return -p.Priority
}

// nobodyStarves: no customer waits while an agent could be offered to them who
// has not just rejected them.
func nobodyStarves(m floorMove) string {
	for _, q := range m.after.f.Queues {
		for _, p := range q.Places {
			for _, s := range m.after.f.Seats {
				if p.Offered == "" && m.after.couldTake(s, q) && !paused(p, s.Agent) {
					return fmt.Sprintf("%v waits and %s has nothing to do", p.StayID, s.Agent)
				}
			}
		}
	}
	return ""
}

// couldTake says, in other words than the code, that an agent is free for a
// customer of a queue.
func (w floorWorld) couldTake(s Seat, q Queue) bool {
	live := 0
	for _, stay := range s.Stays {
		if stay.State != Holding {
			return false
		}
		live++
	}
	_, rings := w.ringing[s.Agent]
	return slices.Contains(q.Agents, s.Agent) && !rings && s.AwayUntil.IsZero() &&
		s.Choice.State == Available && s.Next.State == "" && live < max(1, s.Handles)
}

func paused(p Place, agent string) bool {
	return slices.ContainsFunc(p.Rejected, func(r Rejection) bool { return r.Agent == agent && !r.Until.IsZero() })
}

// offers are the offers that have been decided now, not those made once more.
func (m floorMove) offers() []Offer {
	var all []Offer
	for _, c := range m.commands {
		if o, ok := c.(Offer); ok && !(&decision{Floor: m.before.f}).seat(o.Agent).reservedFor(o.StayID) {
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
		who := *(&decision{Floor: m.after.f}).seat(o.Agent)
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
		s := *(&decision{Floor: w.f}).seat(o.Agent)
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
		if ev, ok := m.ev.(Missed); ok && was.Agent == ev.Agent && was.reservedFor(ev.StayID) {
			missed = true
		}
		if missed && s.Choice.State == Available {
			return s.Agent + " missed an offer and is available"
		}
	}
	return ""
}

// choicesTakeEffect: at once without a customer, and otherwise afterwards.
func choicesTakeEffect(m floorMove) string {
	ev, ok := m.ev.(StateRequested)
	for i, s := range m.after.f.Seats {
		was := m.before.f.Seats[i]
		had := was.Reservation != nil || len(was.Stays) > 0
		has := s.Reservation != nil || len(s.Stays) > 0
		switch {
		case !has && s.Next != Choice{}:
			return s.Agent + " is without a customer and still not as they wanted to be"
		case ok && ev.Agent == s.Agent && !had && s.Choice != ev.Choice:
			return s.Agent + " is not as they asked to be"
		case ok && ev.Agent == s.Agent && had && (s.Choice != was.Choice || s.Next != ev.Choice && s.Choice != ev.Choice):
			return s.Agent + " has a customer, and what they asked for is not kept for later"
		}
	}
	return ""
}

// ends says how deadlines alone do not end every offer, or "". Without anybody
// doing anything, no agent is reserved, none away, and nothing waits for a time.
func (w floorWorld) ends(decide decider) string {
	for range 30 {
		at := w.f.Deadline()
		if at.IsZero() {
			break
		}
		if at.After(w.now) {
			w.now = at
		}
		m := w.take(decide, DeadlinePassed{})
		if how := m.broken(); how != "" {
			return how
		}
		w = m.after
	}
	for _, s := range w.f.Seats {
		if s.Reservation != nil || !s.AwayUntil.IsZero() {
			return fmt.Sprintf("liveness: %s is %s for ever", s.Agent, s.State())
		}
	}
	if d := w.f.Deadline(); !d.Equal(time.Time{}) {
		return fmt.Sprintf("liveness: a deadline at %s is never over", d)
	}
	return ""
}
