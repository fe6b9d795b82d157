package routing

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	"holdfast/call"
)

// A decider is Decide, or Decide with a fault planted in it.
type decider func(Floor, time.Time, Event) (Floor, []Command, error)

// A floorWorld is a floor with what is around it, as somebody who sees only
// phones and customers would know it.
type floorWorld struct {
	f        Floor
	now      time.Time
	ringing  map[string]StayID    // whom each agent's phone rings for
	wanting  map[StayID]bool      // customers who wait for an agent
	rejected map[string]time.Time // agent and stay: said no, at
}

// A floorMove is one event taken in by a world, and what came of it.
type floorMove struct {
	before   floorWorld
	ev       Event
	after    floorWorld
	commands []Command
	refused  error
	mutated  bool    // the floor that was handed in is not as it was
	seats    []Seat  // what is to be written:
	queues   []Queue // seats first
}

func newFloorWorld(f Floor) floorWorld {
	return floorWorld{f: f, now: time.Unix(1e9, 0).UTC(), ringing: map[string]StayID{}, wanting: map[StayID]bool{}, rejected: map[string]time.Time{}}
}

func (w floorWorld) take(decide decider, ev Event) floorMove {
	m := floorMove{before: w, ev: ev, after: w}
	seen := w.f.Clone()
	m.after.f, m.commands, m.refused = decide(w.f, w.now, ev)
	m.mutated = !reflect.DeepEqual(w.f, seen)
	m.seats, m.queues = Changed(w.f, m.after.f)
	m.follow()
	return m
}

// follow keeps what is around the floor.
func (m *floorMove) follow() {
	a := &m.after
	a.ringing, a.wanting, a.rejected = maps.Clone(a.ringing), maps.Clone(a.wanting), maps.Clone(a.rejected)
	switch ev := m.ev.(type) {
	case EnterRequested:
		if m.refused == nil && !m.before.known(ev.StayID) {
			a.wanting[ev.StayID] = true
		}
	case AgentRequested: // whoever asks rings them
		if m.refused == nil && !m.before.known(ev.StayID) {
			a.ringing[ev.Agent] = ev.StayID
		}
	case Answered:
		if m.before.ringing[ev.Agent] == ev.StayID {
			delete(a.ringing, ev.Agent)
			a.forget(ev.StayID)
		}
	case Talks:
		if a.ringing[ev.Agent] == ev.StayID {
			delete(a.ringing, ev.Agent)
		}
		a.forget(ev.StayID)
	case Rejected:
		if m.before.ringing[ev.Agent] == ev.StayID {
			delete(a.ringing, ev.Agent)
			if a.wanting[ev.StayID] {
				a.rejected[said(ev.Agent, ev.StayID)] = m.before.now
			}
		}
	case Left:
		a.forget(ev.StayID)
	}
	for _, c := range m.commands {
		switch c := c.(type) {
		case Offer:
			a.ringing[c.Agent] = c.StayID
		case Withdraw:
			if a.ringing[c.Agent] == c.StayID {
				delete(a.ringing, c.Agent)
			}
		}
	}
}

// forget: that customer waits no more, and who waits under the same name later
// is somebody new.
func (w *floorWorld) forget(id StayID) {
	delete(w.wanting, id)
	for _, s := range w.f.Seats {
		delete(w.rejected, said(s.Agent, id))
	}
}

func said(agent string, id StayID) string { return fmt.Sprint(agent, " ", id) }

// known says that a stay is waited for, offered or had already.
func (w floorWorld) known(id StayID) bool {
	d := decision{Floor: w.f}
	_, p := d.Place(id)
	return p != nil || d.Taken(id) != nil
}

// torn is every way to find the floor if the machine dies while what a move has
// changed is written: after the first write, after the second, and so on.
func (m floorMove) torn() []floorWorld {
	var all []floorWorld
	f := m.before.f
	for n := 1; n < len(m.seats)+len(m.queues); n++ {
		f = f.Clone()
		if n <= len(m.seats) {
			s := m.seats[n-1]
			*(&decision{Floor: f}).Seat(s.Agent) = s
		} else {
			q := m.queues[n-1-len(m.seats)]
			i := slices.IndexFunc(f.Queues, func(x Queue) bool { return x.Name == q.Name })
			f.Queues[i] = q
		}
		all = append(all, m.before.found(f))
	}
	return all
}

// found is what somebody knows who knows only what was written: no phone rings
// any more for a queue.
func (w floorWorld) found(f Floor) floorWorld {
	torn := newFloorWorld(f)
	torn.now = w.now
	has := map[StayID]bool{}
	for _, s := range f.Seats {
		if s.Reservation != nil && s.Reservation.Queue == "" {
			torn.ringing[s.Agent] = s.Reservation.StayID
		}
		for _, stay := range s.Stays {
			has[stay.StayID] = true
		}
	}
	for _, q := range f.Queues {
		for _, p := range q.Places {
			if !has[p.StayID] {
				torn.wanting[p.StayID] = true
			}
			for _, r := range p.Rejected {
				torn.rejected[said(r.Agent, p.StayID)] = w.rejected[said(r.Agent, p.StayID)]
			}
		}
	}
	return torn
}

// customers are those who come to the floors of the tests. Each is one stay.
func customers(n int) []StayID {
	var all []StayID
	for i := range n {
		all = append(all, StayID{call.ContactID(string(rune('c' + i))), 2})
	}
	return all
}

// floorEvents is every event that may happen, except that time passes: each
// fact and request about each agent and customer, whether it makes sense or not.
func floorEvents(f Floor, stays []StayID) []Event {
	all := []Event{Recovered{}}
	for i, id := range stays {
		for j, q := range f.Queues {
			if j == 0 || i == 0 {
				all = append(all, EnterRequested{Queue: q.Name, StayID: id, Priority: i / 2})
			}
		}
		all = append(all, EnterRequested{Queue: f.Queues[0].Name, StayID: id, Returned: true})
		all = append(all, Left{id})
	}
	for _, s := range f.Seats {
		all = append(all, Lost{s.Agent}, Back{s.Agent},
			StateRequested{s.Agent, Choice{State: Available}},
			StateRequested{s.Agent, Choice{NotReady, "lunch"}},
			StateRequested{s.Agent, Choice{State: Offline}})
		for _, id := range stays {
			all = append(all, Answered{s.Agent, id}, Rejected{s.Agent, id}, Missed{s.Agent, id},
				Held{s.Agent, id}, Ended{s.Agent, id}, ResumeRequested{s.Agent, id}, ClearRequested{s.Agent, id},
				AgentRequested{Agent: s.Agent, StayID: id}, AgentRequested{Agent: s.Agent, StayID: id, Own: true})
			if mayTalk(f, s, id) {
				all = append(all, Talks{s.Agent, id})
			}
		}
	}
	return all
}

// mayTalk says that an agent who has nobody may have answered a customer of a
// queue when the offer had ended already.
func mayTalk(f Floor, s Seat, id StayID) bool {
	_, p := (&decision{Floor: f}).Place(id)
	idle := s.State() == Available || s.Choice == MissedOffer
	return p != nil && idle && len(s.Stays) == 0 && (s.Reservation == nil || s.ReservedFor(id))
}
