package dispatch

import (
	"fmt"
	"time"

	"holdfast/call"
	"holdfast/routing"
)

// This file has the promises of a shift.

// ended is how offers ended, as contacts have written it down.
type ended struct {
	missed  map[string]bool       // agents who did not answer, and have not asked to be available since
	refused map[refusal]time.Time // when agents were busy
}

// A refusal names an agent who was busy and the segment they were offered.
type refusal struct {
	agent   string
	segment routing.SegmentID
}

// note keeps how an offer ended. An agent who was never rung, because routing had
// withdrawn the offer, was not busy.
func (s *shift) note(before, after call.Contact, ev call.Event) {
	for _, x := range after.Connections {
		for _, was := range before.Connections {
			if !x.IsQueued() || was.ID != x.ID || was.Offer == x.Offer {
				continue
			}
			_, failed := ev.(call.Failed)
			switch {
			case x.Offer.Ended == call.NoAnswer:
				s.missed[x.Offer.Agent.Address] = true
			case x.Offer.Ended == call.Busy && failed:
				s.refused[refusal{x.Offer.Agent.Address, segmentOf(after.ID, x)}] = time.Now()
			}
		}
	}
}

// forgotten drops the misses that a killed process leaves no trace of: routing had not
// stored them, and their customers have left.
func (s *shift) forgotten() {
	for agent := range s.missed {
		known := s.store.agent(s.t, agent).Status == routing.MissedOffer
		for _, c := range s.contacts {
			for _, x := range c.Connections {
				known = known || x.IsQueued() && x.Offer.Ended == call.NoAnswer && x.Offer.Agent.Address == agent
			}
		}
		if !known {
			delete(s.missed, agent)
		}
	}
}

// onlyTheMissed: after a restart, only agents who were rung and did not answer have
// missed an offer.
func (s *shift) onlyTheMissed(read routing.State) {
	for _, now := range s.State().Agents {
		if was := read.Agent(now.Name); now.Status == routing.MissedOffer && was.Status != now.Status && !s.missed[now.Name] {
			s.broken = now.Name + " has missed an offer that never rang"
		}
	}
}

// mayRing: an agent is rung only while reserved in the store, by a queue only if they
// have not missed an offer, and for the same customer only 15 s after they were busy.
func (s *shift) mayRing(c call.Contact, d call.Dial) {
	for _, x := range c.Connections {
		if x.ID != d.Connection {
			continue
		}
		id := segmentOf(c.ID, x)
		at, refused := s.refused[refusal{d.To.Address, id}]
		switch agent := s.store.agent(s.t, d.To.Address); {
		case !agent.ReservedFor(id):
			s.broken = fmt.Sprintf("%s is rung for %s, and not reserved", d.To, c.ID)
		case x.For != 0 && s.missed[d.To.Address]:
			s.broken = fmt.Sprintf("%s is rung for %s, and has missed an offer", d.To, c.ID)
		case refused && time.Since(at) < 15*time.Second:
			s.broken = fmt.Sprintf("%s is rung for %s again, and was busy just now", d.To, c.ID)
		}
	}
}

// takes reports whether an agent, and nobody before them, is reserved for a segment or
// has it.
func takes(f routing.State, agent string, id routing.SegmentID) bool {
	for _, s := range f.Agents {
		if s.ReservedFor(id) || s.Segment(id) != nil {
			return s.Name == agent
		}
	}
	return f.Agent(agent) == nil
}

// isRung reports whether an agent is rung for an entry.
func isRung(c call.Contact, entry call.ConnectionID) bool { return rungFor(c, entry) != "" }

// rungFor is the agent who is rung for an entry, or "".
func rungFor(c call.Contact, entry call.ConnectionID) string {
	for _, x := range c.Connections {
		if x.For == entry && x.State == call.Connecting {
			return x.Endpoint.Address
		}
	}
	return ""
}

// onHold: the customer is, and the agent talks to nobody about them either.
func onHold(c call.Contact) bool {
	return isHeld(c) || c.Stage == call.Reaching
}

// promises is the first one that does not hold while nothing is under way, or "".
func (s *shift) promises() string {
	f, taken := s.State(), map[string]int{}
	for _, id := range s.all() {
		c := s.contacts[id]
		for _, x := range c.Connections {
			_, entry := f.Entry(segmentOf(id, x))
			switch {
			case x.IsQueued() && entry == nil && !isRung(c, x.ID):
				return fmt.Sprintf("%s waits without an entry", id)
			case x.Endpoint.Kind == call.AgentEndpoint && x.State != call.Connecting && !takes(f, x.Endpoint.Address, segmentOf(id, x)):
				return fmt.Sprintf("%s talks in %s, and nobody knows", x.Endpoint, id)
			case x.Endpoint.Kind == call.AgentEndpoint && !onHold(c):
				taken[x.Endpoint.Address]++
			}
		}
	}
	for _, agent := range f.Agents {
		if taken[agent.Name] > 1 {
			return agent.Name + " is taken twice"
		}
		if r := agent.Reservation; r != nil && !wants(s.contacts[r.Contact], r.SegmentID, agent.Name) {
			return fmt.Sprintf("%s is reserved for %v, who want nobody", agent.Name, r.SegmentID)
		}
		if r := agent.Reservation; r != nil && r.Queue != "" && rungFor(s.contacts[r.Contact], r.Connection) != agent.Name {
			return fmt.Sprintf("%s is reserved for %v, and nobody rings them", agent.Name, r.SegmentID)
		}
		for _, x := range agent.Segments {
			if x.State != routing.AfterCallWork && !wants(s.contacts[x.Contact], x.SegmentID, agent.Name) {
				return fmt.Sprintf("%s segments in %v, which is over", agent.Name, x.SegmentID)
			}
		}
	}
	for _, p := range f.Queues[0].Entries {
		if !wants(s.contacts[p.Contact], p.SegmentID, "") {
			return fmt.Sprintf("the entry of %v is left behind", p.SegmentID)
		}
	}
	return ""
}
