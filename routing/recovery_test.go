package routing

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"holdfast/call"
)

// This file has what is left when the machine dies: what was written of routing, and
// the contacts, which keep who waits, who talks and what became of the latest offer;
// and how routing is put together again from that.

// A contact is what the contact of a segment keeps of it.
type contact struct {
	waits  *EnterRequested // in a queue; nil: not
	offer  offered         // the latest of that queue
	direct string          // the agent who is rung without a queue
	agent  string          // who talks to the customer
}

// offered is an offer as a contact keeps it.
type offered struct {
	number int
	agent  string
	ended  call.Reason // empty: the agent is rung
}

func (o offered) rings() bool { return o.number > 0 && o.ended == "" }

// contactFirst reports whether the contact is written before routing hears of an
// event. Otherwise routing is written first, and the contact may never be.
func contactFirst(ev Event) bool {
	switch ev.(type) {
	case AgentRequested, ResumeRequested, StateRequested, ClearRequested:
		return false
	}
	return true
}

// torn is every way to find everything if the machine dies while what a move has
// changed is written: with any of the agents, which are written at the same time, or with all
// of them and any of the queues, and with all before any command is carried out.
func (m move) torn() []world {
	var all []world
	agents, queues := 1<<len(m.agents), 1<<len(m.queues)
	for some := range agents {
		all = append(all, m.left(some, 0))
	}
	for some := range queues {
		if some > 0 {
			all = append(all, m.left(agents-1, some))
		}
	}
	return all
}

// left is what is left if of the agents and queues that a move has changed only some are
// written: those whose bits are set.
func (m move) left(agents, queues int) world {
	w := m.untold
	if !contactFirst(m.ev) {
		w = m.before
	}
	w.f = m.before.f.Clone()
	w.written = nil
	for i, s := range m.agents {
		if agents>>i&1 == 1 {
			*w.f.Agent(s.Name) = s
			w.written = append(w.written, s.Name)
		}
	}
	for i, q := range m.queues {
		if queues>>i&1 == 1 {
			w.f.Queues[slices.IndexFunc(w.f.Queues, func(x Queue) bool { return x.Name == q.Name })] = q
			w.written = append(w.written, q.Name)
		}
	}
	return w
}

// recovered is a torn world after the next start: each contact reports how it is, and
// then Recovered is taken in. Offers that are decided on the way are made only then.
// A contact that rings an agent without a queue stops by itself.
func (w world) recovered(decide decider) move {
	m := move{before: w, ev: Recovered{}, after: w}
	var told []Event
	for _, id := range slices.SortedFunc(maps.Keys(w.contacts), func(a, b SegmentID) int { return strings.Compare(string(a.Contact), string(b.Contact)) }) {
		told = append(told, w.contacts[id].tells(id)...)
	}
	for _, ev := range append(append(told, w.unwanted()...), Recovered{}) {
		if _, last := ev.(Recovered); last {
			m.commands = slices.DeleteFunc(m.commands, func(c Command) bool { _, is := c.(Offer); return is })
		}
		f, commands, _ := decide(m.after.f, w.now, ev)
		m.after.f, m.commands = f, append(m.commands, commands...)
	}
	m.agents, m.queues = Changed(m.before.f, m.after.f)
	m.after = m.after.copied()
	m.after.carryOut(m.commands)
	for id, c := range m.after.contacts {
		if c.direct != "" && !m.after.f.Agent(c.direct).ReservedFor(id) {
			m.after.contacts[id] = c.unanswered(call.NoAnswer)
		}
	}
	return m
}

// tells is what dispatch tells routing about a contact.
func (c contact) tells(id SegmentID) []Event {
	var all []Event
	if c.waits != nil {
		enter := *c.waits
		enter.Offers = c.offer.number
		all = append(all, enter)
	}
	switch {
	case c.offer.number == 0:
	case c.offer.rings():
		all = append(all, Rings{c.offer.agent, id, c.offer.number})
	case c.offer.ended == call.NoAnswer:
		all = append(all, Missed{c.offer.agent, id, c.offer.number})
	default:
		all = append(all, Rejected{c.offer.agent, id, c.offer.number})
	}
	if c.agent != "" {
		all = append(all, Talks{c.agent, id})
	}
	return all
}

// unwanted ends whatever no contact wants any more.
func (w world) unwanted() []Event {
	var all []Event
	for _, s := range w.f.Agents {
		if r := s.Reservation; r != nil && w.contacts[r.SegmentID].waits == nil && w.contacts[r.SegmentID].direct != s.Name {
			all = append(all, Left{r.SegmentID})
		}
		for _, segment := range s.Segments {
			if w.contacts[segment.SegmentID].agent != s.Name {
				all = append(all, Ended{s.Name, segment.SegmentID})
			}
		}
	}
	for _, q := range w.f.Queues {
		for _, p := range q.Entries {
			if w.contacts[p.SegmentID].waits == nil {
				all = append(all, Left{p.SegmentID})
			}
		}
	}
	return all
}

// ringing is the segments each agent's phone rings for; more than one is a mistake.
func (w world) ringing() map[string][]SegmentID {
	all := map[string][]SegmentID{}
	for id, c := range w.contacts {
		if c.offer.rings() {
			all[c.offer.agent] = append(all[c.offer.agent], id)
		}
		if c.direct != "" {
			all[c.direct] = append(all[c.direct], id)
		}
	}
	return all
}

func (w world) rings(agent string) bool {
	for _, c := range w.contacts {
		if c.rings(agent) {
			return true
		}
	}
	return false
}

// carryOut has contacts do what routing has decided, as package call does it.
func (w *world) carryOut(commands []Command) {
	for _, command := range commands {
		switch x := command.(type) {
		case Offer:
			if c := w.contacts[x.SegmentID]; c.waits != nil && c.offer.number != x.Number {
				c.offer = offered{number: x.Number, agent: x.Agent}
				w.contacts[x.SegmentID] = c
			}
		case Withdraw:
			c := w.contacts[x.SegmentID]
			if c.offer.number == x.Number && c.offer.rings() {
				c.offer.ended = x.Reason
			}
			if c.direct == x.Agent && x.Number == 0 {
				c.direct = ""
			}
			w.contacts[x.SegmentID] = c
		default:
			panic(fmt.Sprintf("%T is not carried out", command))
		}
	}
}
