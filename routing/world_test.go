package routing

import (
	"fmt"
	"maps"
	"reflect"
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
	contacts map[SegmentID]contact
	rejected map[string]time.Time // agent and segment: said no, at
	written  []string             // of a torn move
}

// A move is one event taken in by a world, and what came of it.
type move struct {
	before   world
	ev       Event
	untold   world // contacts know of the event, and of no command yet
	after    world
	commands []Command
	refused  error
	mutated  bool    // routing that was handed in is not as it was
	agents   []Agent // what is to be written:
	queues   []Queue // agents first
}

func newWorld(f State) world {
	return world{f: f, now: time.Unix(1e9, 0).UTC(), contacts: map[SegmentID]contact{}, rejected: map[string]time.Time{}}
}

func (w world) take(decide decider, ev Event) move {
	m := move{before: w, ev: ev, after: w.copied()}
	seen := w.f.Clone()
	m.after.f, m.commands, m.refused = decide(w.f, w.now, ev)
	m.mutated = !reflect.DeepEqual(w.f, seen)
	m.agents, m.queues = Changed(w.f, m.after.f)
	m.after.follow(m)
	m.untold, m.after = m.after, m.after.copied()
	m.after.carryOut(m.commands)
	return m
}

func (w world) copied() world {
	w.contacts, w.rejected = maps.Clone(w.contacts), maps.Clone(w.rejected)
	return w
}

// follow has a contact know what has happened in it.
func (w *world) follow(m move) {
	switch ev := m.ev.(type) {
	case EnterRequested:
		if m.refused == nil && !m.before.known(ev.SegmentID) {
			ev.Since = w.now
			w.contacts[ev.SegmentID] = contact{waits: &ev}
		}
	case AgentRequested: // whoever asks rings them
		if m.refused == nil && !m.before.known(ev.SegmentID) {
			w.contacts[ev.SegmentID] = contact{direct: ev.Agent}
		}
	case Answered:
		if c := w.contacts[ev.SegmentID]; c.rings(ev.Agent) {
			w.forget(ev.SegmentID)
			w.contacts[ev.SegmentID] = contact{agent: ev.Agent}
		}
	case Talks:
		w.forget(ev.SegmentID)
		w.contacts[ev.SegmentID] = contact{agent: ev.Agent}
	case Rejected:
		if c := w.contacts[ev.SegmentID]; c.rings(ev.Agent) && c.offer.number == ev.Number {
			if c.waits != nil {
				w.rejected[said(ev.Agent, ev.SegmentID)] = w.now
			}
			w.contacts[ev.SegmentID] = c.unanswered(call.Declined)
		}
	case Missed:
		if c := w.contacts[ev.SegmentID]; c.rings(ev.Agent) && c.offer.number == ev.Number {
			w.contacts[ev.SegmentID] = c.unanswered(call.NoAnswer)
		}
	case Ended:
		if w.contacts[ev.SegmentID].agent == ev.Agent {
			w.forget(ev.SegmentID)
		}
	case Left:
		if w.contacts[ev.SegmentID].agent == "" {
			w.forget(ev.SegmentID)
		}
	}
}

// rings says that a contact has an agent rung.
func (c contact) rings(agent string) bool {
	return agent != "" && (c.direct == agent || c.offer.rings() && c.offer.agent == agent)
}

// unanswered is a contact whose agent is rung no more.
func (c contact) unanswered(why call.Reason) contact {
	if c.direct = ""; c.offer.rings() {
		c.offer.ended = why
	}
	return c
}

// forget: that customer waits no more, and who waits under the same name later
// is somebody new.
func (w *world) forget(id SegmentID) {
	delete(w.contacts, id)
	for _, s := range w.f.Agents {
		delete(w.rejected, said(s.Name, id))
	}
}

func said(agent string, id SegmentID) string { return fmt.Sprint(agent, " ", id) }

// known says that a segment is waited for, offered or had already.
func (w world) known(id SegmentID) bool {
	_, p := w.f.Entry(id)
	return p != nil || w.f.Taken(id) != nil
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
		if r := s.Reservation; r != nil && r.Queue != "" {
			all = append(all, Rings{s.Name, r.SegmentID, r.Number})
		}
		for _, id := range segments {
			all = append(all, Answered{s.Name, id}, Rejected{s.Name, id, latest(f, id)}, Missed{s.Name, id, latest(f, id)}, Missed{s.Name, id, latest(f, id) - 1},
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
	_, p := f.Entry(id)
	idle := s.state() == Available || s.Status == MissedOffer
	return p != nil && idle && len(s.Segments) == 0 && (s.Reservation == nil || s.ReservedFor(id))
}

func latest(f State, id SegmentID) int {
	if _, p := f.Entry(id); p != nil {
		return p.Offers
	}
	return 0
}
