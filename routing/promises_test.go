package routing

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"holdfast/call"
)

// promises are what a routing state promises as properties of a move, each
// returning how it is broken, or "".
var promises = []struct {
	name   string
	broken func(move) string
}{
	{"values", valuesStay},
	{"refusals", refusedChangesNothing},
	{"one agent", oneAgentEach},
	{"one phone call", phonesAgree},
	{"two customers", twoCustomersAtMost},
	{"kept", customersAreKept},
	{"order", orderIsKept},
	{"no starving", nobodyStarves},
	{"whose turn", nobodyIsOvertaken},
	{"longest idle", longestIdleFirst},
	{"willing", onlyTheWilling},
	{"asked again", rejectionsCount},
	{"missed", missedAreLeftInPeace},
	{"late", lateIsNothing},
	{"as asked", choicesTakeEffect},
	{"over", overIsOver},
	{"away", nobodyRingsTheAway},
}

func (m move) broken() string {
	for _, p := range promises {
		if how := p.broken(m); how != "" {
			return p.name + ": " + how
		}
	}
	return ""
}

func valuesStay(m move) string {
	if m.mutated {
		return "the state that was handed in has changed"
	}
	return ""
}

func refusedChangesNothing(m move) string {
	var refusal *call.Refusal
	if m.refused == nil {
		return ""
	}
	_, request := m.ev.(Request)
	switch {
	case !request || !errors.As(m.refused, &refusal) || refusal.Text == "" || refusal.Code == "":
		return fmt.Sprintf("%T gives %v", m.ev, m.refused)
	case len(m.agents)+len(m.queues) > 0 || m.commands != nil:
		return "refused, and yet something has changed"
	}
	return ""
}

// phonesAgree: an agent's phone rings for the customer they are reserved for,
// and for nobody else, whatever was said to phones before.
func phonesAgree(m move) string {
	ringing := m.after.ringing()
	for _, s := range m.after.f.Agents {
		ids := ringing[s.Name]
		switch {
		case s.Reservation == nil && len(ids) > 0:
			return fmt.Sprintf("%s rings for %v and is not reserved", s.Name, ids)
		case s.Reservation != nil && (len(ids) != 1 || s.Reservation.SegmentID != ids[0]):
			return fmt.Sprintf("%s is reserved for %v and rings for %v", s.Name, s.Reservation.SegmentID, ids)
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
func oneAgentEach(m move) string {
	has := map[SegmentID]string{}
	for _, s := range m.after.f.Agents {
		ids := []SegmentID{}
		for _, segment := range s.Segments {
			ids = append(ids, segment.SegmentID)
			if _, p := m.after.f.Entry(segment.SegmentID); p != nil {
				return fmt.Sprintf("%v waits and has an agent", segment.SegmentID)
			}
		}
		if r := s.Reservation; r != nil {
			ids = append(ids, r.SegmentID)
			_, p := m.after.f.Entry(r.SegmentID)
			if (p == nil) != (r.Queue == "") || p != nil && p.OfferedTo != s.Name {
				return fmt.Sprintf("%s is reserved for %v, and the queue does not say so", s.Name, r.SegmentID)
			}
		}
		for _, id := range ids {
			if has[id] != "" {
				return fmt.Sprintf("%v is with %s and with %s", id, has[id], s.Name)
			}
			has[id] = s.Name
		}
	}
	for _, q := range m.after.f.Queues {
		for _, p := range q.Entries {
			if p.OfferedTo != has[p.SegmentID] {
				return fmt.Sprintf("%v is offered to %q and with %q", p.SegmentID, p.OfferedTo, has[p.SegmentID])
			}
		}
	}
	return ""
}

func twoCustomersAtMost(m move) string {
	for _, s := range m.after.f.Agents {
		unheld := 0
		for _, segment := range s.Segments {
			if segment.State == Talking {
				unheld++
			}
		}
		switch {
		case len(s.Segments) > 2:
			return s.Name + " has more than two segments"
		case unheld > 1:
			return s.Name + " talks to two customers"
		case s.Reservation != nil && (unheld > 0 || len(s.Segments) > 1):
			return s.Name + " is offered one more than they can take"
		}
	}
	return ""
}

// customersAreKept: who waits, waits in exactly one entry until they leave or
// an agent answers.
func customersAreKept(m move) string {
	entries := map[SegmentID]int{}
	for _, q := range m.after.f.Queues {
		for _, p := range q.Entries {
			entries[p.SegmentID]++
		}
	}
	waiting := 0
	for id, c := range m.after.contacts {
		if c.waits == nil {
			continue
		}
		if waiting++; entries[id] != 1 {
			return fmt.Sprintf("%v waits in %d entries", id, entries[id])
		}
	}
	if len(entries) != waiting {
		return "somebody who has left still has an entry"
	}
	return ""
}

// orderIsKept: nobody who was before somebody is behind them afterwards, and
// who has come now is behind their equals and before the lesser.
func orderIsKept(m move) string {
	for i, q := range m.after.f.Queues {
		var before, after []SegmentID
		for _, p := range m.before.f.Queues[i].Entries {
			if q.entry(p.SegmentID) != nil {
				before = append(before, p.SegmentID)
			}
		}
		for j, p := range q.Entries {
			if m.before.f.Queues[i].entry(p.SegmentID) != nil {
				after = append(after, p.SegmentID)
			}
			if j > 0 && served(q.Entries[j-1]) > served(p) {
				return fmt.Sprintf("%v is behind somebody of less priority", p.SegmentID)
			}
		}
		if !slices.Equal(before, after) {
			return "entries have changed their order"
		}
		if ev, ok := m.ev.(EnterRequested); ok && len(q.Entries) > len(before) {
			j := slices.IndexFunc(q.Entries, func(p *Entry) bool { return p.SegmentID == ev.SegmentID })
			if j+1 < len(q.Entries) && served(q.Entries[j+1]) == served(q.Entries[j]) {
				return "who came last is before an equal"
			}
		}
	}
	return ""
}

// served is less for who is served sooner, whenever they came.
func served(p *Entry) int {
	if p.Returned {
		return -1000
	}
	return -p.Priority
}

// nobodyStarves: no customer waits while an agent could be offered to them who
// has not just rejected them.
func nobodyStarves(m move) string {
	for _, q := range m.after.f.Queues {
		for _, p := range q.Entries {
			for _, s := range m.after.f.Agents {
				if p.OfferedTo == "" && m.after.couldTake(s, q) && !paused(p, s.Name) {
					return fmt.Sprintf("%v waits and %s has nothing to do", p.SegmentID, s.Name)
				}
			}
		}
	}
	return ""
}

// couldTake says, in other words than the code, that an agent is free for a
// customer of a queue.
func (w world) couldTake(s Agent, q Queue) bool {
	live := 0
	for _, segment := range s.Segments {
		if segment.State != Holding {
			return false
		}
		live++
	}
	return slices.Contains(q.Agents, s.Name) && !w.rings(s.Name) && s.AwayUntil.IsZero() &&
		s.Status.State == Available && s.Next.State == "" && live < max(1, s.Capacity)
}

func paused(p *Entry, agent string) bool {
	return slices.ContainsFunc(p.Rejected, func(r Rejection) bool { return r.Agent == agent && !r.Until.IsZero() })
}

// choicesTakeEffect: at once without a customer, and otherwise afterwards.
func choicesTakeEffect(m move) string {
	ev, ok := m.ev.(StateRequested)
	for i, s := range m.after.f.Agents {
		was := m.before.f.Agents[i]
		had := was.Reservation != nil || len(was.Segments) > 0
		has := s.Reservation != nil || len(s.Segments) > 0
		switch {
		case !has && s.Next != Status{}:
			return s.Name + " is without a customer and still not as they wanted to be"
		case ok && ev.Agent == s.Name && !had && s.Status != ev.Status:
			return s.Name + " is not as they asked to be"
		case ok && ev.Agent == s.Name && had && (s.Status != was.Status || s.Next != ev.Status && s.Status != ev.Status):
			return s.Name + " has a customer, and what they asked for is not kept for later"
		}
	}
	return ""
}

// overIsOver: after-call work is the last of a segment.
func overIsOver(m move) string {
	for i, s := range m.after.f.Agents {
		for _, segment := range s.Segments {
			was := m.before.f.Agents[i].Segment(segment.SegmentID)
			if was != nil && was.State == AfterCallWork && segment.State != AfterCallWork {
				return fmt.Sprintf("%s has %v again", s.Name, segment.SegmentID)
			}
		}
	}
	return ""
}

// nobodyRingsTheAway: who is lost is not kept waiting for, and given up in time.
func nobodyRingsTheAway(m move) string {
	for i, s := range m.after.f.Agents {
		was := m.before.f.Agents[i].AwayUntil
		switch {
		case !s.AwayUntil.IsZero() && s.Reservation != nil:
			return s.Name + " is away and reserved"
		case !was.IsZero() && !s.AwayUntil.IsZero() && !was.Equal(s.AwayUntil):
			return s.Name + " is given more time than there was"
		}
	}
	return ""
}

// ends says how deadlines alone do not end every offer, or "". Without anybody
// doing anything, no agent is reserved, none away, and nothing waits for a time.
func (w world) ends(decide decider) string {
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
	for _, s := range w.f.Agents {
		if s.Reservation != nil || !s.AwayUntil.IsZero() {
			return fmt.Sprintf("liveness: %s is %s for ever", s.Name, s.state())
		}
	}
	if d := w.f.Deadline(); !d.Equal(time.Time{}) {
		return fmt.Sprintf("liveness: a deadline at %s is never over", d)
	}
	return ""
}
