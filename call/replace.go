package call

import (
	"cmp"
	"slices"
)

// replace puts an agent's new line into the place of the one they have, whatever their role
// in the contact. If the old line rings, the new one counts as its answer.
func (s *step) replace(who *Connection, agent Endpoint) {
	if !who.Endpoint.same(agent) || who.ringsAtUs() || who.IsQueued() {
		return
	}
	s.LastConnection++
	old, id, rang := who.ID, s.LastConnection, who.State == Connecting
	who.ID, who.Holding = id, false
	if who.State == Away {
		s.set(who, Connected)
	}
	s.follow(old, id)
	s.do(Join{id})
	s.do(Drop{old, Elsewhere})
	if rang {
		s.fact(Answered{Connection: id})
	}
	if who = s.connection(id); who != nil {
		who.For = cmp.Or(who.For, old)
	}
}

// follow gives transfers the new connection of a party.
func (s *step) follow(old, id ConnectionID) {
	if t := s.Transfer; t != nil {
		if t.By == old {
			t.By = id
		}
		if a := s.attempt(old); a != nil {
			a.Connection = id
		}
	}
	if s.tookOver(old) {
		s.Past = slices.Clone(s.Past)
		t := &s.Past[s.handOver()]
		t.Attempts = slices.Clone(t.Attempts)
		t.last().Connection = id
	}
}
