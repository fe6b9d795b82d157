package call

import (
	"strconv"
	"strings"
	"time"
)

// This file has the effect of requests, verb by verb. A request for the present
// state is granted; one that would leave a customer alone is refused.

// request checks the requester, and leaves the rest to the verb.
func (s *step) request(ev Request) error {
	if again, err := s.askedAgain(ev); again {
		return err
	}
	if pick, ok := ev.(PickUpRequested); ok {
		return s.pickUp(pick)
	}
	who := s.connection(ev.connection())
	switch {
	case s.Stage == "":
		return refuse(NotBegun, "this contact has not begun")
	case ev.connection() == 0:
		return refuse(NoAgent, "no agent is in this contact; it is "+string(s.Stage))
	case who == nil:
		return refuse(NotInContact, "you are not in this contact any more")
	case who.Party != Agent && !ofOwnLine(who, ev):
		return refuse(NotAnAgent, "only an agent can do that")
	case who.State == Away:
		return refuse(ReconnectFirst, "your line was lost; reconnect first")
	}
	switch ev := ev.(type) {
	case AcceptRequested:
		if who.rungByUs() {
			s.do(Answer{who.ID})
		}
		return nil
	case RejectRequested:
		return s.reject(who)
	case DestroyRequested:
		return s.destroy(who, ev.Connection)
	case GiveRequested:
		return s.give(who, ev)
	case EndRequested:
		if who.ringsAtUs() {
			s.endByAgent()
			return nil
		}
	default:
	}
	switch {
	case who.ringsAtUs():
		return refuse(NotAnsweredYet, s.customer().Name()+" has not answered yet")
	case who.State == Connecting:
		return refuse(AnswerFirst, "answer first")
	}
	return s.verb(who, ev)
}

// ofOwnLine: a target who is an agent may do in their page the same as with a
// phone.
func ofOwnLine(who *Connection, ev Request) bool {
	if who.Endpoint.Kind != AgentEndpoint {
		return false
	}
	switch ev := ev.(type) {
	case AcceptRequested, RejectRequested, MuteRequested:
		return true
	case DestroyRequested:
		return ev.Connection == who.ID
	case HoldRequested, ResumeRequested, DigitsRequested, RecordRequested, TransferRequested, CancelRequested, SwapRequested,
		ConferenceRequested, CompleteRequested, LeaveRequested, EndRequested, GiveRequested, PickUpRequested:
	}
	return false
}

// verb carries out a request that only a party who has answered may make.
func (s *step) verb(who *Connection, ev Request) error {
	switch ev := ev.(type) {
	case HoldRequested:
		return s.hold(ev.Connection, Held)
	case ResumeRequested:
		return s.hold(ev.Connection, Connected)
	case MuteRequested:
		who.Muted = ev.Muted
	case DigitsRequested:
		return s.digits(ev)
	case RecordRequested:
		return s.record(ev.On)
	case TransferRequested:
		return s.transfer(who, ev)
	case CancelRequested:
		return s.cancel(ev)
	case SwapRequested:
		return s.swap()
	case ConferenceRequested:
		return s.conference()
	case CompleteRequested:
		return s.completeConsultation()
	case LeaveRequested:
		return s.leave(who)
	case EndRequested:
		s.endByAgent()
	case AcceptRequested, RejectRequested, DestroyRequested, GiveRequested, PickUpRequested: // seen to by request
	}
	return nil
}

// askedAgain: the same transfer request once more is the same transfer,
// whatever its outcome (P7).
func (s *step) askedAgain(ev Request) (again bool, err error) {
	ask, ok := ev.(TransferRequested)
	if !ok || ask.Key == "" {
		return false, nil
	}
	t := s.transferOf(ask.Key)
	switch {
	case t == nil:
		return false, nil
	case t.Kind != ask.Kind || !t.Attempts[0].Target.same(ask.Target):
		return true, refuse(KeyTaken, "the key "+strconv.Quote(ask.Key)+" belongs to the transfer to "+t.Attempts[0].Target.String())
	}
	return true, nil
}

// reject: the agent does not take the call that rings at them.
func (s *step) reject(who *Connection) error {
	switch {
	case who.State != Connecting:
		return refuse(AnsweredAlready, "you have answered already")
	case who.ringsAtUs():
		s.endByAgent() // they have dialled, and give up
		return nil
	}
	s.do(Drop{who.ID, Declined})
	s.fact(Failed{Connection: who.ID, Reason: Declined})
	return nil
}

// hold puts a party on hold, or takes them off it.
func (s *step) hold(id ConnectionID, to State) error {
	switch c := s.connection(id); {
	case s.Stage == Reaching:
		return refuse(TransferUnderWay, s.Transfer.Target().String()+" is being rung; cancel the transfer first")
	case s.Stage == Joining:
		return s.refuseJoining()
	case c == nil:
		return refuse(PartyHasLeft, "they are not in this contact any more")
	case c.Party == Agent:
		return refuse(AgentCannotBeHeld, "an agent cannot be held")
	case c.State != Connected && c.State != Held:
		return refuse(NotAnsweredYet, c.Name()+" has not answered yet")
	default:
		s.set(c, to)
	}
	return nil
}

// keysMost is how many keys a request may press. Each takes 160 ms, in which the
// party cannot be spoken to.
const keysMost = 64

func (s *step) digits(ev DigitsRequested) error {
	switch c := s.connection(ev.Connection); {
	case c == nil:
		return refuse(PartyHasLeft, "they are not in this contact any more")
	case c.State != Connected && c.State != Held:
		return refuse(NotAnsweredYet, c.Name()+" has not answered yet")
	case len(ev.Digits) > keysMost:
		return refuse(TooManyKeys, "no more than "+strconv.Itoa(keysMost)+" keys can be pressed at once")
	case ev.Digits == "" || strings.Trim(ev.Digits, "0123456789*#") != "":
		return refuse(NotKeys, strconv.Quote(ev.Digits)+" are not keys of a telephone")
	}
	s.do(Digits{ev.Connection, ev.Digits})
	return nil
}

// record starts or stops the recording of the customer. It is state and not a
// command, so that a process that takes the contact over goes on with it.
func (s *step) record(on bool) error {
	if s.customer() == nil {
		return refuse(NoCustomer, "there is no customer to record")
	}
	s.Recorded = on
	return nil
}

// swap: the agent talks to the other one; the first is put on hold.
func (s *step) swap() error {
	if s.Stage != Consulting {
		return refuse(NotConsulting, "nobody is being consulted")
	}
	customer, target := s.customer(), s.connection(s.Transfer.last().Connection)
	if customer.State == Held {
		s.set(customer, Connected)
		s.set(target, Held)
	} else {
		s.set(customer, Held)
		s.set(target, Connected)
	}
	return nil
}

// conference: agent, customer and target all hear each other.
func (s *step) conference() error {
	if s.Stage != Consulting {
		return refuse(NotConsulting, "nobody is being consulted")
	}
	s.set(s.customer(), Connected)
	s.set(s.connection(s.Transfer.last().Connection), Connected)
	return nil
}

func (s *step) completeConsultation() error {
	if s.Stage != Consulting {
		return refuse(NotConsulting, "nobody is being consulted")
	}
	s.join()
	return nil
}

// leave: the agent goes, and the contact goes on.
func (s *step) leave(who *Connection) error {
	switch s.Stage {
	case Consulting:
		s.join() // the agent is released when the others hear each other
	case Joining: // about to be released
	case Reaching:
		s.do(Drop{who.ID, Requested})
		s.remove(who.ID)
	case Finishing:
		s.endByAgent()
	case Talking, Offering, Dialling, Returning, Parked, Over:
		return refuse(AloneWithCustomer, "nobody else is with the customer; end the contact instead")
	}
	return nil
}

// endByAgent drops all parties.
func (s *step) endByAgent() {
	if s.Transfer != nil {
		s.closeTransfer(Cancelled, CancelledByAgent, "")
	}
	s.end(Agent, Requested)
}

// slip is how soon after a target's leaving a page that destroys its own
// connection meant to leave, and not to end.
const slip = 2 * time.Second

// destroy ends a connection the way a Streams page means it: one's own by
// rejecting, ending or leaving, the customer's by ending or dropping them, a
// target's by letting them go.
func (s *step) destroy(who *Connection, id ConnectionID) error {
	whose := s.connection(id)
	switch {
	case whose == nil:
		return refuse(PartyHasLeft, "they are not in this contact any more")
	case who.ringsAtUs():
		s.endByAgent()
	case whose.ID == who.ID && who.State == Connecting:
		return s.reject(who)
	case who.State == Connecting:
		return refuse(AnswerFirst, "answer first")
	case whose.ID == who.ID && who.Party == Target:
		s.do(Drop{id, Requested})
		s.stage(HungUp{id})
	case whose.ID == who.ID:
		return s.destroySelf(who)
	case whose.Party == Customer && len(s.Connections) == 2:
		s.endByAgent()
	case whose.Party == Customer:
		s.do(Drop{id, Requested})
		s.goOnWithout(id, Agent, Requested)
	case s.Stage == Reaching && s.attempt(id) != nil:
		s.do(Drop{id, CancelledByAgent})
		s.targetFailed(id, CancelledByAgent, "")
	case s.Stage == Consulting && s.attempt(id) != nil:
		s.letTargetGo(CancelledByAgent, "")
	default:
		return refuse(CannotBeDropped, whose.Name()+" cannot be dropped now")
	}
	return nil
}

func (s *step) destroySelf(who *Connection) error {
	if s.Stage != Talking {
		if s.Stage == Dialling {
			s.endByAgent()
			return nil
		}
		return s.leave(who)
	}
	if n := len(s.Past); n > 0 && s.Past[n-1].Outcome == TransferFailed && s.now.Sub(s.Past[n-1].Ended) < slip {
		return refuse(TargetJustLeft, s.Past[n-1].Target().String()+" has just gone; the customer would be alone")
	}
	if s.customer().State == Held {
		return refuse(CustomerOnHold, "the customer is on hold; take them off hold, or end the contact")
	}
	s.endByAgent()
	return nil
}

// pickUp puts a parked customer through to an agent.
func (s *step) pickUp(ev PickUpRequested) error {
	if s.Stage != Parked {
		return refuse(NotParked, "the customer is not parked")
	}
	s.Agent = ev.Agent
	s.ring(ev.Agent)
	return nil
}
