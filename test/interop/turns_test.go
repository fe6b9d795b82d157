package interop

import (
	"slices"
	"time"

	"holdfast/call"
)

// This file holds the turns that a transfer takes. Each waits until everybody
// concerned hears whom they should.

// onHold: the customer hears hold audio, and nobody else has lost their call.
func (s *stage) onHold() {
	s.t.Helper()
	s.hears("customer", "hold")
	if s.with != nil {
		s.with.undisturbed()
	}
}

// rangBriefly: a target that plays a scenario lets the customer wait for half a
// second, which nobody here can be sure to see.
func (s *stage) rangBriefly() { s.ears["customer"].expect("hold") }

// taken: the target has answered and gets the customer, in a warm transfer
// after a talk with the agent.
func (s *stage) taken() {
	s.t.Helper()
	if s.kind == call.Warm {
		s.consulted()
		s.completes()
	}
	s.handedOver()
}

// consulted: agent and target talk, the customer waits.
func (s *stage) consulted() {
	s.t.Helper()
	s.hears("agent", "target")
	s.hears("target", "agent")
	s.onHold()
}

func (s *stage) completes() {
	s.t.Helper()
	s.Do(s.Client.Complete)
}

// handedOver: the agent has been let go, customer and target hear each other.
func (s *stage) handedOver() {
	s.t.Helper()
	if s.with != nil {
		s.agentHasLeft()
	}
	s.withTarget()
}

// withTarget: customer and target hear each other, the transfer is completed.
func (s *stage) withTarget() {
	s.t.Helper()
	s.with = nil
	if s.target != nil { // SIPp plays its scenario to the end by itself
		s.with = s.target
	}
	s.hearEachOther("customer", "target")
	s.isNow("with the target")
	s.outcome(call.Completed, "")
}

// customerHolds: from now on only the target can tell whether they are heard.
func (s *stage) customerHolds() {
	s.t.Helper()
	s.until = time.Since(s.customer.heard.Began())
	s.customer.hold()
}

// customerHoldsAndResumes: nobody hears the customer meanwhile, but the server
// has taken both.
func (s *stage) customerHoldsAndResumes() {
	s.t.Helper()
	s.customerHolds()
	s.customerHasAsked(2)
	s.customer.resume()
	s.customerHasAsked(3)
}

// customerHasAsked waits until so many INVITEs of the customer's phone have been
// written down, the one that began the call included.
func (s *stage) customerHasAsked(times int) {
	s.t.Helper()
	var asked int
	for e, err := range s.Client.EventsOf(soon(s.t), s.Contact, 0) {
		must(s.t, err)
		for _, line := range e.Trace {
			if m := lineOf.FindStringSubmatch(line); m != nil && m[1] == "<-" && m[2] == "INVITE" {
				asked++
			}
		}
		if asked >= times {
			return
		}
	}
}

func (s *stage) agentHasLeft() {
	s.t.Helper()
	s.agent.awaits(Closed)
	s.with = nil
}

func (s *stage) agentHangsUp() {
	s.t.Helper()
	s.agent.hangUp()
	s.agentHasLeft()
}

// failed: no target has the customer, who is with the agent again: on hold
// until the agent resumes (P4) or, if the agent had left, recalled (P5).
func (s *stage) failed(why call.Reason) {
	s.t.Helper()
	s.outcome(call.TransferFailed, why)
	if s.with == nil {
		s.rungBack()
		return
	}
	s.onHold()
	s.isNow("on hold with the agent")
	s.Do(s.Client.Resume)
	s.withAgent()
}

// rungBack: the agent had gone, is rung and has the customer again.
func (s *stage) rungBack() {
	s.t.Helper()
	s.agent.awaits(Incoming)
	s.hears("customer", "hold")
	s.agent.answer()
	s.agent.awaits(Established)
	s.withAgent()
	s.isNow("with the agent, recalled")
}

func (s *stage) withAgent() {
	s.t.Helper()
	s.with = s.agent
	s.hearEachOther("customer", "agent")
}

func (s *stage) hearEachOther(one, other string) {
	s.t.Helper()
	s.hears(one, other)
	s.hears(other, one)
}

// passes lets a time pass in which the customer hears something.
func (s *stage) passes(d time.Duration) {
	s.t.Helper()
	heard := s.customer.heard
	must(s.t, heard.AwaitLength(within(s.t, d+patience), heard.Length()+d))
}

// outcome waits for the end of the transfer and says what must have come of it.
func (s *stage) outcome(want call.Outcome, why call.Reason) {
	s.t.Helper()
	past := s.Settled().Past
	if got := past[len(past)-1]; got.Outcome != want || got.Reason != why {
		s.t.Errorf("the transfer ended %s (%s), want %s (%s): %+v", got.Outcome, got.Reason, want, why, got.Attempts)
	}
}

// isNow waits until the customer is where they should be.
func (s *stage) isNow(where string) {
	s.t.Helper()
	if err := await(soon(s.t), where, func() bool { return whereabouts(s.state()) == where }); err != nil {
		s.t.Fatalf("the customer is %s: %v", whereabouts(s.state()), err)
	}
	s.ended = where
}

// whereabouts tells where a customer is.
func whereabouts(c call.Contact) string {
	switch {
	case c.Stage == call.Finishing, c.EndedBy == call.Customer:
		return "gone"
	case c.Stage == call.Over:
		return "said goodbye to by the " + string(c.EndedBy)
	case c.Stage != call.Talking || len(c.Connections) != 2:
		return string(c.Stage)
	}
	customer, who := c.Connections[0], c.Connections[1]
	const firstAgent = 2 // their connection, when the customer has called
	where := "with the agent"
	if who.ID != firstAgent {
		where = "with the agent, recalled"
	}
	for _, past := range c.Past {
		if slices.ContainsFunc(past.Attempts, func(a call.Attempt) bool { return a.Connection == who.ID }) {
			where = "with the target"
		}
	}
	if customer.State == call.Held {
		return "on hold " + where
	}
	return where
}
