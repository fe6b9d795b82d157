package call

// This file has the effect of facts, stage by stage. step.go handles before
// that, for every stage alike: the customer's leaving, an agent who is away,
// and facts about a party who is not there.

// beginning: nothing has happened yet.
func (s *step) beginning(ev Fact) {
	switch ev := ev.(type) {
	case Arrived:
		s.arrive(ev)
	case Originated:
		s.originate(ev)
	case Dialled:
		s.dialled(ev)
	case Replaced, Rang, Answered, Failed, Offered, Withdrawn, Pressed, Played, HungUp, Lost, Back, HoldBegan, HoldEnded, Joined, DeadlinePassed, Recovered:
	}
}

// offering: the customer rings at us and an agent is rung.
func (s *step) offering(ev Fact) {
	switch ev := ev.(type) {
	case Answered:
		s.answer(ev.Connection)
	case Failed:
		s.notOffered(ev.Connection, ev.Reason)
	case HungUp, Lost:
		s.notOffered(ev.connection(), Unreachable)
	case DeadlinePassed:
		s.offerExpired()
	case Arrived, Originated, Dialled, Replaced, Rang, Offered, Withdrawn, Pressed, Played, Back, HoldBegan, HoldEnded, Joined, Recovered:
	}
}

// dialling: an agent calls a customer; first the agent's line is rung, then
// the customer's. An agent whose phone has dialled rings at us.
func (s *step) dialling(ev Fact) {
	switch ev := ev.(type) {
	case Rang:
		s.callRang(ev)
	case Answered:
		s.callAnswered(s.connection(ev.Connection))
	case Failed:
		s.callFailed(ev.Connection, ev.Reason)
	case HungUp, Lost:
		why := Unreachable
		if s.connection(ev.connection()).ringsAtUs() {
			why = CancelledByAgent
		}
		s.callFailed(ev.connection(), why)
	case DeadlinePassed:
		if c := s.expired(Connecting); c != nil {
			s.do(Drop{c.ID, NoAnswer})
			s.callFailed(c.ID, NoAnswer)
		}
	case Arrived, Originated, Dialled, Replaced, Offered, Withdrawn, Pressed, Played, Back, HoldBegan, HoldEnded, Joined, Recovered:
	}
}

// talking: the customer is with another party, connected or on hold.
func (s *step) talking(ev Fact) {
	switch ev := ev.(type) {
	case HungUp:
		s.personLeft(ev.Connection, false)
	case Lost:
		s.personLeft(ev.Connection, true)
	case Arrived, Originated, Dialled, Replaced, Rang, Answered, Failed, Offered, Withdrawn, Pressed, Played, Back, HoldBegan, HoldEnded, Joined, DeadlinePassed, Recovered:
	}
}

// reaching: the targets ring, or listen to a prompt before they accept; the
// customer is held, the agent waits.
func (s *step) reaching(ev Fact) {
	switch ev := ev.(type) {
	case Rang:
		s.rang(ev)
	case Answered:
		// Also after AnswerBy, if no DeadlinePassed has come yet: an answer by
		// a person counts for more than a time limit.
		s.targetAnswered(ev.Connection)
	case Pressed:
		if ev.Key == "1" && s.Transfer.Confirm { // also during the whisper: they need not hear it out
			s.accept(ev.Connection)
		}
	case Played:
		s.prompted(s.connection(ev.Connection))
	case Failed:
		s.targetFailed(ev.Connection, ev.Reason, ev.Detail)
	case HungUp:
		s.leftWhileReaching(ev.Connection, "")
	case Lost:
		s.leftWhileReaching(ev.Connection, ev.Detail)
	case DeadlinePassed:
		s.reachingExpired()
	case Arrived, Originated, Dialled, Replaced, Offered, Withdrawn, Back, HoldBegan, HoldEnded, Joined, Recovered:
	}
}

// consulting: agent and target talk, and the customer waits or takes part.
func (s *step) consulting(ev Fact) {
	switch ev := ev.(type) {
	case HungUp:
		s.leftWhileConsulting(ev.Connection, "")
	case Lost:
		s.leftWhileConsulting(ev.Connection, ev.Detail)
	case DeadlinePassed:
		if s.joinExpired() {
			s.letTargetGo(TooLong, "")
		}
	case Arrived, Originated, Dialled, Replaced, Rang, Answered, Failed, Offered, Withdrawn, Pressed, Played, Back, HoldBegan, HoldEnded, Joined, Recovered:
	}
}

// joining: the target has accepted; both must be in two-way audio before anyone
// is released (P3).
func (s *step) joining(ev Fact) {
	switch ev := ev.(type) {
	case Joined:
		if s.haveAudio(ev.Connections) {
			s.complete()
		}
	case HungUp:
		s.leftWhileJoining(ev.Connection, "")
	case Lost:
		s.leftWhileJoining(ev.Connection, ev.Detail)
	case DeadlinePassed:
		if s.joinExpired() {
			s.letTargetGo(LineError, "no audio in both directions")
		}
	case Arrived, Originated, Dialled, Replaced, Rang, Answered, Failed, Offered, Withdrawn, Pressed, Played, Back, HoldBegan, HoldEnded, Recovered:
	}
}

// returning: the customer is alone; the agent is recalled, or a queue looks for
// an agent (P5).
func (s *step) returning(ev Fact) {
	switch ev := ev.(type) {
	case Answered:
		agent := s.connection(ev.Connection)
		s.set(agent, Connected)
		s.set(s.customer(), Connected)
		s.Stage = Talking
		s.do(Introduce{s.customer().ID, agent.Endpoint})
	case Failed, HungUp, Lost:
		s.nextRung(ev.connection())
	case DeadlinePassed:
		if c := s.expired(Connecting); c != nil {
			s.do(Drop{c.ID, NoAnswer})
			s.nextRung(c.ID)
		}
	case Arrived, Originated, Dialled, Replaced, Rang, Offered, Withdrawn, Pressed, Played, Back, HoldBegan, HoldEnded, Joined, Recovered:
	}
}

// finishing: the customer has left; agent and target may finish their talk.
func (s *step) finishing(ev Fact) {
	switch ev := ev.(type) {
	case HungUp, Lost:
		s.remove(ev.connection())
		s.end(s.EndedBy, s.EndReason)
	case Arrived, Originated, Dialled, Replaced, Rang, Answered, Failed, Offered, Withdrawn, Pressed, Played, Back, HoldBegan, HoldEnded, Joined, DeadlinePassed, Recovered:
	}
}
