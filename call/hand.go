package call

// This file has how the line of a party goes from one contact to another: an agent has
// called a target from their desk phone, and transfers the customer of another call to
// them. The contact with the customer takes the target's line, that of the agent's call
// gives it.

// mayTake refuses a transfer to a party that the agent has already called if it asks for
// more than to connect them.
func (s *step) mayTake(ev TransferRequested) error {
	switch {
	case ev.Consulted == (Place{}):
	case ev.Consulted.Contact == s.ID:
		return refuse(TransferToCustomer, "that would be a transfer of the customer to themselves")
	case ev.Kind != Cold, len(ev.Others) > 0, ev.Whisper, ev.Confirm:
		return refuse(ConsultedAlready, "you have called "+ev.Target.String()+" already; they can only be given the customer at once")
	}
	return nil
}

// takeLine adds a target whose line comes from another contact. It may ring there still, so
// they have as long to answer as a dialled target.
func (s *step) takeLine(target Endpoint, ringFor Duration) ConnectionID {
	id := s.add(Target, target, ringFor)
	s.do(Take{id, target, s.Transfer.Consulted, s.Agent})
	return id
}

// Taking returns the Take of a target that is not known to have answered. The server that
// recovers the contact carries it out again, unless the line has come.
func (c Contact) Taking() (take Take, ok bool) {
	t := c.Transfer
	if t == nil || t.Consulted == (Place{}) {
		return Take{}, false
	}
	for i := range c.Connections {
		if x := &c.Connections[i]; x.ID == t.last().Connection && x.State == Connecting {
			return Take{x.ID, x.Endpoint, t.Consulted, c.Agent}, true
		}
	}
	return Take{}, false
}

// taken reports whether a target's line was brought from another contact. A browser makes
// its session anew for that, so its line is away for a moment.
func (s *step) taken(id ConnectionID) bool {
	return s.Stage == Joining && s.Transfer.Consulted != (Place{}) && s.attempt(id) != nil
}

// give sends the other party of an agent's call to the contact in which the agent wants
// them, and drops the agent here.
func (s *step) give(who *Connection, ev GiveRequested) error {
	other := s.customer()
	switch {
	case !who.Endpoint.same(ev.Agent):
		return refuse(NotYourCall, "that call is not yours")
	case s.Stage != Talking && s.Stage != Dialling, len(s.Connections) != 2:
		return refuse(NotTwoParties, "that call is not just between you and one other party")
	case other.IsQueued():
		return refuse(NotAnsweredYet, other.Endpoint.String()+" has not found anybody yet")
	}
	s.do(Give{other.ID, ev.To})
	s.remove(other.ID)
	s.end(Agent, Transferred)
	return nil
}
