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
type decider func(State, time.Time, Event) (State, []Command, error)

// A world is a routing state with what is around it, as somebody who sees only
// phones and customers would know it.
type world struct {
	f        State
	now      time.Time
	ringing  map[string]SegmentID // whom each agent's phone rings for
	wanting  map[SegmentID]bool   // customers who wait for an agent
	rejected map[string]time.Time // agent and segment: said no, at
}

// A move is one event taken in by a world, and what came of it.
type move struct {
	before   world
	ev       Event
	after    world
	commands []Command
	refused  error
	mutated  bool    // routing that was handed in is not as it was
	agents   []Agent // what is to be written:
	queues   []Queue // agents first
}

func newWorld(f State) world {
	return world{f: f, now: time.Unix(1e9, 0).UTC(), ringing: map[string]SegmentID{}, wanting: map[SegmentID]bool{}, rejected: map[string]time.Time{}}
}

func (w world) take(decide decider, ev Event) move {
	m := move{before: w, ev: ev, after: w}
	seen := w.f.Clone()
	m.after.f, m.commands, m.refused = decide(w.f, w.now, ev)
	m.mutated = !reflect.DeepEqual(w.f, seen)
	m.agents, m.queues = Changed(w.f, m.after.f)
	m.follow()
	return m
}

// follow keeps what is around routing.
func (m *move) follow() {
	a := &m.after
	a.ringing, a.wanting, a.rejected = maps.Clone(a.ringing), maps.Clone(a.wanting), maps.Clone(a.rejected)
	switch ev := m.ev.(type) {
	case EnterRequested:
		if m.refused == nil && !m.before.known(ev.SegmentID) {
			a.wanting[ev.SegmentID] = true
		}
	case AgentRequested: // whoever asks rings them
		if m.refused == nil && !m.before.known(ev.SegmentID) {
			a.ringing[ev.Agent] = ev.SegmentID
		}
	case Answered:
		if m.before.ringing[ev.Agent] == ev.SegmentID {
			delete(a.ringing, ev.Agent)
			a.forget(ev.SegmentID)
		}
	case Talks:
		if a.ringing[ev.Agent] == ev.SegmentID {
			delete(a.ringing, ev.Agent)
		}
		a.forget(ev.SegmentID)
	case Rejected:
		if m.before.ringing[ev.Agent] == ev.SegmentID {
			delete(a.ringing, ev.Agent)
			if a.wanting[ev.SegmentID] {
				a.rejected[said(ev.Agent, ev.SegmentID)] = m.before.now
			}
		}
	case Left:
		a.forget(ev.SegmentID)
	}
	for _, c := range m.commands {
		switch c := c.(type) {
		case Offer:
			a.ringing[c.Agent] = c.SegmentID
		case Withdraw:
			if a.ringing[c.Agent] == c.SegmentID {
				delete(a.ringing, c.Agent)
			}
		}
	}
}

// forget: that customer waits no more, and who waits under the same name later
// is somebody new.
func (w *world) forget(id SegmentID) {
	delete(w.wanting, id)
	for _, s := range w.f.Agents {
		delete(w.rejected, said(s.Name, id))
	}
}

func said(agent string, id SegmentID) string { return fmt.Sprint(agent, " ", id) }

// known says that a segment is waited for, offered or had already.
func (w world) known(id SegmentID) bool {
	d := step{State: w.f}
	_, p := d.Entry(id)
	return p != nil || d.Taken(id) != nil
}

// torn is every way to find routing if the machine dies while what a move has
// changed is written: after the first write, after the second, and so on.
func (m move) torn() []world {
	var all []world
	f := m.before.f
	for n := 1; n < len(m.agents)+len(m.queues); n++ {
		f = f.Clone()
		if n <= len(m.agents) {
			s := m.agents[n-1]
			*(&step{State: f}).Agent(s.Name) = s
		} else {
			q := m.queues[n-1-len(m.agents)]
			i := slices.IndexFunc(f.Queues, func(x Queue) bool { return x.Name == q.Name })
			f.Queues[i] = q
		}
		all = append(all, m.before.found(f))
	}
	return all
}

// found is what somebody knows who knows only what was written: no phone rings
// any more for a queue.
func (w world) found(f State) world {
	torn := newWorld(f)
	torn.now = w.now
	has := map[SegmentID]bool{}
	for _, s := range f.Agents {
		if s.Reservation != nil && s.Reservation.Queue == "" {
			torn.ringing[s.Name] = s.Reservation.SegmentID
		}
		for _, segment := range s.Segments {
			has[segment.SegmentID] = true
		}
	}
	for _, q := range f.Queues {
		for _, p := range q.Entries {
			if !has[p.SegmentID] {
				torn.wanting[p.SegmentID] = true
			}
			for _, r := range p.Rejected {
				torn.rejected[said(r.Agent, p.SegmentID)] = w.rejected[said(r.Agent, p.SegmentID)]
			}
		}
	}
	return torn
}

// customers are those who come to the routing states of the tests. Each is one segment.
func customers(n int) []SegmentID {
	var all []SegmentID
	for i := range n {
		all = append(all, SegmentID{call.ContactID(string(rune('c' + i))), 2})
	}
	return all
}

// events is every event that may happen, except that time passes: each
// fact and request about each agent and customer, whether it makes sense or not.
func events(f State, segments []SegmentID) []Event {
	all := []Event{Recovered{}}
	for i, id := range segments {
		for j, q := range f.Queues {
			if j == 0 || i == 0 {
				all = append(all, EnterRequested{Queue: q.Name, SegmentID: id, Priority: i / 2})
			}
		}
		all = append(all, EnterRequested{Queue: f.Queues[0].Name, SegmentID: id, Returned: true})
		all = append(all, Left{id})
	}
	for _, s := range f.Agents {
		all = append(all, Lost{s.Name}, Back{s.Name},
			StateRequested{s.Name, Status{State: Available}},
			StateRequested{s.Name, Status{NotReady, "lunch"}},
			StateRequested{s.Name, Status{State: Offline}})
		for _, id := range segments {
			all = append(all, Answered{s.Name, id}, Rejected{s.Name, id}, Missed{s.Name, id},
				Held{s.Name, id}, Ended{s.Name, id}, ResumeRequested{s.Name, id}, ClearRequested{s.Name, id},
				AgentRequested{Agent: s.Name, SegmentID: id}, AgentRequested{Agent: s.Name, SegmentID: id, Own: true})
			if mayTalk(f, s, id) {
				all = append(all, Talks{s.Name, id})
			}
		}
	}
	return all
}

// mayTalk says that an agent who has nobody may have answered a customer of a
// queue when the offer had ended already.
func mayTalk(f State, s Agent, id SegmentID) bool {
	_, p := (&step{State: f}).Entry(id)
	idle := s.state() == Available || s.Status == MissedOffer
	return p != nil && idle && len(s.Segments) == 0 && (s.Reservation == nil || s.ReservedFor(id))
}
