package interop

import (
	"fmt"
	"net"
	"time"

	"holdfast/call"
	"holdfast/client"
	"holdfast/holdfasttest"
)

// This file holds what can become of a transfer, each for every kind.

const (
	ringLong  = 20 * time.Second
	ringShort = time.Second
)

func answered(s *stage) {
	s.toAnsweringBaresip()
	s.taken()
	s.goodbye()
}

func busy(s *stage) {
	s.toBaresip(ringLong)
	s.target.hangUp()
	s.target.awaits(Closed)
	s.failed(call.Busy)
	s.goodbye()
}

func notAnswered(s *stage) {
	s.toBaresip(ringShort)
	s.target.awaits(Closed)
	s.failed(call.NoAnswer)
	s.goodbye()
}

// refused is a SIPp that refuses with a status.
func refused(status string, why call.Reason) func(*stage) {
	return fails("refuses", status, ringLong, why)
}

// fails is a SIPp that does not get the customer.
func fails(scenario, with string, ringFor time.Duration, why call.Reason) func(*stage) {
	return func(s *stage) {
		s.toSIPp(scenario, with, ringFor)
		s.failed(why)
		s.goodbye()
	}
}

// pressesKey: until then the target hears only what is asked.
func pressesKey(s *stage) {
	s.confirm = true
	s.toAnsweringBaresip()
	s.hears("target", "prompt")
	s.onHold()
	s.target.press("1")
	s.taken()
	s.goodbye()
}

// pressesByInfo: a phone that says keys by INFO is let in as well.
func pressesByInfo(s *stage) {
	s.confirm = true
	s.toSIPp("presses", "", ringLong)
	s.hears("target", "prompt")
	s.onHold()
	s.sipp.nudge()
	s.sipp.saw(">INFO", 1)
	s.taken()
	s.goodbye()
}

// voicemail: it speaks to nobody.
func voicemail(s *stage) {
	s.confirm = true
	s.toSIPp("answers", "", ringLong)
	s.hears("target", "prompt")
	s.failed(call.NotAccepted)
	s.goodbye()
}

// earlyMedia: what the target sends before it answers is for the agent's ears.
func earlyMedia(s *stage) {
	s.toSIPp("early", "", ringLong)
	s.sipp.saw(">183", 1)
	s.sipp.speak()
	if s.with != nil {
		s.hears("agent", "target")
	}
	s.onHold()
	s.sipp.nudge()
	s.taken()
	s.goodbye()
}

// lostACK: there is one call still, and it goes on.
func lostACK(s *stage) {
	s.toSIPp("deaf", "", ringLong)
	s.rangBriefly()
	s.taken()
	s.sipp.saw("<ACK", 2)
	s.hears("target", "customer")
	s.goodbye()
}

// nobodyThere: nothing is bound to the port, and the network says so.
func nobodyThere(s *stage) {
	s.asks(client.TransferRequest{Target: fmt.Sprintf("sip:nobody@127.0.0.1:%d", ports(s.t)), RingFor: ringLong})
	s.failed(call.Unreachable)
	s.goodbye()
}

// saysNothing: what we send arrives, and no answer ever comes.
func saysNothing(s *stage) {
	deaf, err := net.ListenPacket("udp", fmt.Sprintf("127.0.0.1:%d", ports(s.t)))
	must(s.t, err)
	defer deaf.Close()
	s.asks(client.TransferRequest{Target: "sip:nobody@" + deaf.LocalAddr().String(), RingFor: ringLong})
	s.failed(call.Unreachable)
	s.goodbye()
}

// leavesAtOnce: whether the agent has been let go when the target leaves is a
// matter of a millisecond. The customer is theirs again in either case.
func leavesAtOnce(s *stage) {
	s.short = true
	s.toSIPp("leaves", "", ringLong)
	s.sipp.finishes()
	awaits(s.t, "the customer to be the agent's again", func() bool {
		c := s.state()
		return c.Stage == call.Returning || c.Stage == call.Talking && c.Past[0].Outcome == call.TransferFailed
	})
	if s.state().Stage == call.Returning {
		if s.with != nil {
			s.agentHasLeft()
		}
		s.rungBack()
	} else {
		s.failed(call.LeftEarly)
	}
	s.ended = "with the agent again"
	s.goodbye()
}

// leavesSoon: who leaves within ten seconds has not taken the customer.
func leavesSoon(s *stage) {
	s.toAnsweringBaresip()
	s.taken()
	s.passes(3 * time.Second)
	s.target.hangUp()
	s.target.awaits(Closed)
	s.rungBack()
	s.goodbye()
}

// leavesLater: that is a goodbye.
func leavesLater(s *stage) {
	s.toAnsweringBaresip()
	s.taken()
	s.passes(30 * time.Second)
	s.customer.undisturbed()
	s.neverSilent()
	s.target.hangUp()
	s.customer.awaits(Closed)
	s.target.awaits(Closed)
	s.isNow("said goodbye to by the target")
	s.nothingLeft()
}

func customerLeavesRinging(s *stage) {
	s.toSIPp("rings", "", ringLong)
	s.onHold()
	began := time.Now()
	s.goodbye()
	if took := time.Since(began); took > time.Second { // P6
		s.t.Errorf("the target still rang %v after the customer had left", took)
	}
	s.isNow("gone")
}

// customerLeavesConsulting: agent and target may finish.
func customerLeavesConsulting(s *stage) {
	s.toAnsweringBaresip()
	s.consulted()
	s.neverSilent()
	s.customer.hangUp()
	s.customer.awaits(Closed)
	s.isNow("gone")
	s.hears("agent", "target")
	s.hears("target", "agent")
	s.agentHangsUp()
	s.target.awaits(Closed)
	s.nothingLeft()
}

func customerLeavesJoined(s *stage) {
	s.short = true
	s.toAnsweringBaresip()
	if s.kind == call.Warm {
		s.consulted()
		s.completes()
	}
	if s.with != nil {
		s.agentHasLeft()
	}
	s.with = s.target
	s.goodbye()
	s.isNow("gone")
}

func agentLeavesAnswered(s *stage) {
	s.toBaresip(ringLong)
	s.onHold()
	s.agentHangsUp()
	s.onHold()
	s.pickUp()
	s.handedOver()
	s.goodbye()
}

func agentLeavesUnanswered(s *stage) {
	s.toSIPp("rings", "", 2*time.Second)
	s.onHold()
	s.agentHangsUp()
	s.failed(call.NoAnswer)
	s.goodbye()
}

// agentLeavesConsulting is how many complete a consultation.
func agentLeavesConsulting(s *stage) {
	s.toAnsweringBaresip()
	s.consulted()
	s.agentHangsUp()
	s.handedOver()
	s.goodbye()
}

// targetHolds: the customer hears hold audio, whether the target's hold sends
// something or not.
func targetHolds(direction string) func(*stage) {
	return func(s *stage) {
		s.toSIPp("holds", direction, ringLong)
		s.rangBriefly()
		s.taken()
		s.reinvited()
		s.hears("customer", "hold")
		s.passes(holdfasttest.Silence + time.Second/2)
		s.reinvited()
		s.hears("target", "customer")
		s.hears("customer", "target")
		s.goodbye()
	}
}

// reinvited: a target that holds or resumes when it is nudged has done so.
func (s *stage) reinvited() {
	s.t.Helper()
	before := s.sipp.times(">ACK")
	s.sipp.nudge()
	s.sipp.saw(">ACK", before+1)
}

func customerHolds(s *stage) {
	s.toAnsweringBaresip()
	s.taken()
	s.customerHolds()
	s.hears("target", "hold")
	s.customer.resume()
	s.hears("target", "customer")
	s.goodbye()
}

// customerHoldsRinging: the target answers a customer who is there again.
func customerHoldsRinging(s *stage) {
	s.toBaresip(ringLong)
	s.onHold()
	s.customerHoldsAndResumes()
	s.pickUp()
	s.taken()
	s.goodbye()
}

func customerHoldsConsulting(s *stage) {
	s.toAnsweringBaresip()
	s.consulted()
	s.customerHoldsAndResumes()
	s.completes()
	s.handedOver()
	s.goodbye()
}

// restarts: all phones take the new server for the old one.
func restarts(s *stage) {
	s.toBaresip(ringLong)
	s.onHold()
	s.Restart()
	s.onHold()
	s.pickUp()
	s.taken()
	s.goodbye()
}

// nextAnswers: the first of a list is busy.
func nextAnswers(s *stage) {
	s.other = startSIPp(s.t, "refuses", "486 Busy Here", otherTone)
	s.startTarget()
	s.asks(client.TransferRequest{Target: s.other.URI(), Others: []string{s.target.URI()}, RingFor: ringLong})
	s.target.awaits(Incoming)
	s.onHold()
	s.pickUp()
	s.taken()
	s.goodbye()
}

// oneOfAllAnswers: the other is told that it need not count that as missed.
func oneOfAllAnswers(s *stage) {
	s.other = startSIPp(s.t, "rings", "", otherTone)
	s.startTarget()
	s.asks(client.TransferRequest{Target: s.other.URI(), Others: []string{s.target.URI()}, Parallel: true, RingFor: ringLong})
	s.target.awaits(Incoming)
	s.onHold()
	s.pickUp()
	s.taken()
	s.goodbye()
	const elsewhere = `SIP;cause=200;text="Call completed elsewhere"`
	if got := s.other.Reason(); got != elsewhere {
		s.t.Errorf("the other target was told %q, want %q", got, elsewhere)
	}
}
