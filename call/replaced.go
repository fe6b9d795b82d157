package call

import (
	"cmp"
	"slices"
	"time"
)

// replaced has an agent go on with their call on another line, which calls us. The new
// line gets a connection that takes the place of the old one: in the contact, in routing
// and in the transfers that the agent has asked for or was the target of. Only the answered
// line of an agent is replaced, and not while they are the target of a transfer.
func (s *step) replaced(ev Replaced) {
	old := s.connection(ev.Connection)
	if old == nil || old.Party == Customer && old.Endpoint.Kind != AgentEndpoint || s.attempt(old.ID) != nil {
		return
	}
	switch old.State {
	case Connecting, Screening:
		return
	case Connected, Held, Away:
	}
	s.LastConnection++
	from, next := *old, *old
	next.ID, next.For, next.Holding = s.LastConnection, cmp.Or(old.For, old.ID), false
	if next.State == Away {
		next.State, next.Since, next.AnswerBy = Connected, s.now, time.Time{}
	}
	*old = next
	s.Past = slices.Clone(s.Past)
	for i := range s.Past {
		s.Past[i].Attempts = slices.Clone(s.Past[i].Attempts)
		s.Past[i].replace(from.ID, next.ID)
	}
	if s.Transfer != nil {
		s.Transfer.replace(from.ID, next.ID)
	}
	s.do(Join{next.ID})
	s.do(Drop{from.ID, Elsewhere})
}

// replace puts one connection in the place of another.
func (t *Transfer) replace(from, to ConnectionID) {
	if t.By == from {
		t.By = to
	}
	for i := range t.Attempts {
		if a := &t.Attempts[i]; a.Connection == from {
			a.Connection = to
		}
	}
}
