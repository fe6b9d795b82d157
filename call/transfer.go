package call

import (
	"slices"
	"strconv"
	"time"
)

// transfer holds the customer and rings the first target, or all at once.
func (s *step) transfer(who *Connection, ev TransferRequested) error {
	if err := s.mayTransfer(who, ev); err != nil {
		return err
	}
	s.Agent = who.Endpoint // the agent who transfers is recalled when it fails
	if s.Transfer != nil {
		s.dropTargets(Superseded)
		s.closeTransfer(Cancelled, Superseded, "")
	}
	t := &Transfer{
		ID:        "t" + strconv.Itoa(len(s.Past)+1),
		Kind:      ev.Kind,
		Key:       ev.Key,
		By:        ev.By,
		RingFor:   ev.RingFor,
		Manner:    ev.Manner,
		Consulted: ev.Consulted,
		Remaining: append([]Endpoint{ev.Target}, ev.Others...),
		Requested: s.now,
	}
	if t.RingFor == 0 {
		t.RingFor = s.Rules.RingFor
	}
	if ev.Reported {
		t.Reported = ev.By
	}
	s.set(s.customer(), Held)
	s.Transfer, s.Stage = t, Reaching
	s.ringNext()
	for ev.Parallel && len(t.Remaining) > 0 {
		s.ringNext()
	}
	if ev.Kind == Blind {
		s.do(Drop{ev.By, Transferred})
		s.remove(ev.By)
	}
	return nil
}

// mayTransfer refuses a transfer that is impossible, or would only lead in a circle.
func (s *step) mayTransfer(who *Connection, ev TransferRequested) error {
	switch {
	case s.Stage == Joining:
		return s.refuseJoining()
	case s.Stage == Consulting:
		return refuse(ConsultationUnderWay, "you are talking to "+s.Transfer.Target().String()+"; complete or cancel that first")
	case s.Stage == Reaching && !ev.Supersede:
		return refuse(TransferUnderWay, "a transfer to "+s.Transfer.Target().String()+" is under way")
	case s.Stage != Talking && s.Stage != Reaching, s.customer().State == Away:
		return refuse(NoCustomer, "there is no customer to transfer")
	case !slices.Contains([]Kind{Cold, Warm, Blind}, ev.Kind):
		return refuse(UnknownKind, "a transfer of kind "+strconv.Quote(string(ev.Kind))+` is not known; use "cold", "warm" or "blind"`)
	case ev.RingFor < 0:
		return refuse(BadRingTime, "a target cannot ring for "+ev.RingFor.String())
	case s.handOvers() >= s.Rules.HandOvers:
		return refuse(TooManyHandOvers, "the customer has been handed over "+strconv.Itoa(s.Rules.HandOvers)+" times")
	}
	if err := s.mayTake(ev); err != nil {
		return err
	}
	targets := append([]Endpoint{ev.Target}, ev.Others...)
	if err := s.mayTry(len(targets)); err != nil {
		return err
	}
	for i, target := range targets {
		switch {
		case slices.ContainsFunc(targets[:i], target.same):
			return refuse(TargetNamedTwice, target.String()+" is named twice")
		case target.same(who.Endpoint):
			return refuse(TransferToSelf, "that would be a transfer to yourself")
		case target.reaches(s.customer().Endpoint):
			return refuse(TransferToCustomer, "that would be a transfer of the customer to themselves")
		}
	}
	return nil
}

// refuseJoining refuses a request that is impossible while customer and target are joined.
func (s *step) refuseJoining() error {
	return refuse(TargetHasAnswered, s.Transfer.Target().String()+" has just answered")
}

func (s *step) handOvers() int {
	n := 0
	for i := range s.Past {
		if s.Past[i].Outcome == Completed {
			n++
		}
	}
	return n
}

// transferOf is the transfer that was asked for with that key, or nil.
func (s *step) transferOf(key string) *Transfer {
	if s.Transfer != nil && s.Transfer.Key == key {
		return s.Transfer
	}
	for i := range s.Past {
		if s.Past[i].Key == key {
			return &s.Past[i]
		}
	}
	return nil
}

// ringNext rings the next target of the transfer.
func (s *step) ringNext() {
	t := s.Transfer
	target := t.Remaining[0]
	t.Remaining = t.Remaining[1:]
	var id ConnectionID
	if t.Consulted == (Place{}) {
		id = s.dial(Target, target, t.RingFor)
	} else {
		id = s.takeLine(target, t.RingFor)
	}
	t.Attempts = append(t.Attempts, Attempt{Connection: id, Target: target, Dialled: s.now})
}

func (s *step) rang(ev Rang) {
	a := s.attempt(ev.Connection)
	if a == nil {
		return
	}
	if !slices.ContainsFunc(s.Transfer.Attempts, func(a Attempt) bool { return !a.Rang.IsZero() }) {
		s.report(TargetRings, "")
	}
	if a.Rang.IsZero() {
		a.Rang = s.now
	}
	s.connection(ev.Connection).rang(ev)
}

// report sends the progress of the transfer to the line that asked for it.
func (s *step) report(p Progress, why Reason) {
	if to := s.Transfer.Reported; to != 0 {
		s.do(Report{to, s.Transfer.ID, p, why})
	}
}

// targetAnswered plays the whisper and asks the target to confirm, where the request wants that.
func (s *step) targetAnswered(id ConnectionID) {
	a := s.attempt(id)
	if a == nil {
		return
	}
	a.Answered = s.now
	switch {
	case s.Transfer.Whisper:
		s.screen(id, WhisperPrompt)
	case s.Transfer.Confirm:
		s.screen(id, ConfirmPrompt)
	default:
		s.accept(id)
	}
}

func (s *step) screen(id ConnectionID, prompt Audio) {
	c := s.connection(id)
	s.await(c, Screening, s.Rules.AcceptWithin)
	c.Prompt = prompt
}

// prompted: the target's prompt has been played, or its time is over. The confirm prompt is
// followed by silence in which they may press 1.
func (s *step) prompted(c *Connection) {
	switch {
	case c.Prompt != WhisperPrompt:
	case s.Transfer.Confirm:
		s.screen(c.ID, ConfirmPrompt)
	default:
		s.accept(c.ID)
	}
}

// accept: this target has the customer; the others stop ringing.
func (s *step) accept(id ConnectionID) {
	a := s.attempt(id)
	a.Accepted = s.now
	for i := range s.Transfer.Attempts {
		if other := &s.Transfer.Attempts[i]; other.Connection != id && other.Ended.IsZero() {
			s.do(Drop{other.Connection, Elsewhere})
			s.remove(other.Connection)
			other.Ended, other.Reason = s.now, Elsewhere
		}
	}
	s.Transfer.Remaining = nil
	s.set(s.connection(id), Connected)
	if s.Transfer.Kind == Warm && s.present(s.Transfer.By) {
		s.Transfer.JoinBy = s.after(s.Rules.ConsultFor)
		s.Stage = Consulting
		return
	}
	s.join()
}

// reachingExpired: a target has rung, or thought, for long enough.
func (s *step) reachingExpired() {
	if c := s.expired(Connecting); c != nil {
		why := NoAnswer
		if s.Transfer.Consulted != (Place{}) && !c.Ringing && !c.EarlyMedia {
			why = Unreachable // their line has not come
		}
		s.do(Drop{c.ID, why})
		s.targetFailed(c.ID, why, "")
		return
	}
	c := s.expired(Screening)
	switch {
	case c == nil:
	case c.Prompt == WhisperPrompt: // a brief that did not end in time; it asks for nothing
		s.prompted(c)
	default:
		s.do(Drop{c.ID, NotAccepted})
		s.targetFailed(c.ID, NotAccepted, "")
	}
}

// leftWhileReaching: the agent may go, the transfer goes on (P5). A target who
// hangs up instead of accepting has not accepted.
func (s *step) leftWhileReaching(id ConnectionID, detail string) {
	switch c := s.connection(id); {
	case s.attempt(id) == nil:
		s.remove(id)
	case c.State == Screening:
		s.targetFailed(id, NotAccepted, detail)
	default:
		s.targetFailed(id, Unreachable, detail)
	}
}

// leftWhileConsulting: a target who has talked gives the customer back; an
// agent who goes leaves them to the target.
func (s *step) leftWhileConsulting(id ConnectionID, detail string) {
	if s.attempt(id) != nil {
		s.remove(id)
		s.fallBack(s.Transfer.Target(), LeftEarly, detail)
		return
	}
	s.remove(id)
	s.join()
}

// targetFailed: the next one is tried; when none is left, the transfer has
// failed.
func (s *step) targetFailed(id ConnectionID, why Reason, detail string) {
	a := s.attempt(id)
	s.remove(id)
	a.Ended, a.Reason, a.Detail = s.now, why, short(detail)
	for i := range s.Transfer.Attempts {
		if s.Transfer.Attempts[i].Ended.IsZero() {
			return // others still ring
		}
	}
	if len(s.Transfer.Remaining) > 0 && why != CancelledByAgent {
		s.notifyAgent(why, a.Target.String()+" "+why.Says())
		s.ringNext()
		return
	}
	s.fallBack(a.Target, why, detail)
}

// letTargetGo: the target who has accepted does not get the customer.
func (s *step) letTargetGo(why Reason, detail string) {
	a := s.Transfer.last()
	s.do(Drop{a.Connection, why})
	s.remove(a.Connection)
	s.fallBack(a.Target, why, detail)
}

// fallBack ends a transfer that has failed, at last with target: the customer is with the agent
// again (P4), or goes down the ladder when the agent has gone (P5).
func (s *step) fallBack(target Endpoint, why Reason, detail string) {
	t := s.Transfer
	outcome := TransferFailed
	if why == CancelledByAgent {
		outcome = Cancelled
	}
	// A customer who takes part in a consultation is not put on hold for its end.
	takesPart := s.Stage == Consulting && s.customer().State == Connected
	s.closeTransfer(outcome, why, detail)
	s.Stage = Talking
	switch {
	case s.connection(t.By) == nil:
		s.recall(s.Agent)
		return
	case t.Resume || takesPart:
		s.set(s.customer(), Connected)
	default:
		s.set(s.customer(), Held)
	}
	if why != CancelledByAgent {
		where := "the customer is on hold"
		if s.customer().State == Connected {
			where = "you are with the customer"
		}
		s.do(Notify{t.By, why, target.String() + " " + why.Says() + "; " + where})
	}
}

// notifyAgent sends the agent of the transfer a sentence, if they are there.
func (s *step) notifyAgent(why Reason, text string) {
	if s.connection(s.Transfer.By) != nil {
		s.do(Notify{s.Transfer.By, why, text})
	}
}

// cancel: the agent takes the transfer back.
func (s *step) cancel(ev CancelRequested) error {
	switch {
	case s.Transfer == nil:
		return refuse(NoTransfer, "there is no transfer to cancel")
	case ev.Transfer != "" && ev.Transfer != s.Transfer.ID:
		return refuse(TransferEnded, "that transfer has ended")
	case s.Stage == Joining:
		return s.refuseJoining()
	}
	s.dropTargets(CancelledByAgent)
	s.fallBack(s.Transfer.Target(), CancelledByAgent, "")
	return nil
}

// dropTargets drops every target that the transfer has rung.
func (s *step) dropTargets(why Reason) {
	for i := range s.Transfer.Attempts {
		if a := &s.Transfer.Attempts[i]; a.Ended.IsZero() {
			s.do(Drop{a.Connection, why})
			s.remove(a.Connection)
			a.Ended, a.Reason = s.now, why
		}
	}
}

// closeTransfer writes down how the transfer ended, and reports it. Attempts that still
// live end with it, except the one that has the customer.
func (s *step) closeTransfer(o Outcome, why Reason, detail string) {
	t := s.Transfer
	if o == Completed {
		s.report(TransferComplete, "")
	} else {
		s.report(TransferIsOver, why)
	}
	for i := range t.Attempts {
		if a := &t.Attempts[i]; a.Ended.IsZero() && o != Completed {
			a.Ended, a.Reason, a.Detail = s.now, why, short(detail)
		}
	}
	t.Ended, t.Outcome, t.Reason, t.JoinBy, t.Remaining = s.now, o, why, time.Time{}, nil
	s.Past = append(slices.Clip(s.Past), *t)
	s.Transfer = nil
}
