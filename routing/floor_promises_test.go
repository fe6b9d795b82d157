package routing

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
	{"over", overIsOver},
	{"away", nobodyRingsTheAway},
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
			if _, p := (&decision{Floor: m.after.f}).Place(stay.StayID); p != nil {
				return fmt.Sprintf("%v waits and has an agent", stay.StayID)
			}
		}
		if r := s.Reservation; r != nil {
			ids = append(ids, r.StayID)
			_, p := (&decision{Floor: m.after.f}).Place(r.StayID)
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

// overIsOver: after-call work is the last of a stay.
func overIsOver(m floorMove) string {
	for i, s := range m.after.f.Seats {
		for _, stay := range s.Stays {
			was := m.before.f.Seats[i].Stay(stay.StayID)
			if was != nil && was.State == AfterCallWork && stay.State != AfterCallWork {
				return fmt.Sprintf("%s has %v again", s.Agent, stay.StayID)
			}
		}
	}
	return ""
}

// nobodyRingsTheAway: who is lost is not kept waiting for, and given up in time.
func nobodyRingsTheAway(m floorMove) string {
	for i, s := range m.after.f.Seats {
		was := m.before.f.Seats[i].AwayUntil
		switch {
		case !s.AwayUntil.IsZero() && s.Reservation != nil:
			return s.Agent + " is away and reserved"
		case !was.IsZero() && !s.AwayUntil.IsZero() && !was.Equal(s.AwayUntil):
			return s.Agent + " is given more time than there was"
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
