package call

import "slices"

// This file has the end of a transfer that succeeds: the target has accepted, and the agent
// is released when customer and target are in two-way audio (P3).

// join puts customer and target into two-way audio; the agent stays until Joined confirms
// it.
func (s *step) join() {
	s.set(s.connection(s.Transfer.last().Connection), Connected)
	s.set(s.customer(), Connected)
	s.Transfer.JoinBy = s.after(s.Rules.JoinWithin)
	s.Stage = Joining
}

// haveAudio reports whether customer and target are both among the joined.
func (s *step) haveAudio(joined []ConnectionID) bool {
	target := s.Transfer.last().Connection
	return slices.Contains(joined, s.customer().ID) && slices.Contains(joined, target) && s.present(target)
}

// complete releases the agent: the target has the customer. A target who is an agent may
// make an agent's requests from now on.
func (s *step) complete() {
	t := s.Transfer
	s.closeTransfer(Completed, "", "")
	if agent := s.connection(t.By); agent != nil {
		s.do(Notify{agent.ID, "", t.Target().String() + " has the customer"})
		s.do(Drop{agent.ID, Transferred})
		s.remove(agent.ID)
	}
	target := s.connection(t.last().Connection)
	if k := t.Target().Kind; k == AgentEndpoint || k == QueueEndpoint {
		target.Party = Agent
	}
	s.Stage = Talking
	s.do(Introduce{s.customer().ID, target.Endpoint})
	if caller := s.Rules.CallerID; t.Consulted != (Place{}) || caller != (Endpoint{}) && !caller.same(s.Customer) {
		s.do(Introduce{target.ID, s.Customer}) // until now they saw another party
	}
}

func (s *step) joinExpired() bool { return !s.now.Before(s.Transfer.JoinBy) }

// leftWhileJoining: as while consulting, but the joining goes on.
func (s *step) leftWhileJoining(id ConnectionID, detail string) {
	if s.attempt(id) != nil {
		s.remove(id)
		s.fallBack(s.Transfer.Target(), LeftEarly, detail)
		return
	}
	s.remove(id)
}
