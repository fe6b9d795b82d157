package peers

import (
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"holdfast/call"
)

const (
	ringLong  = 20 * time.Second
	ringShort = time.Second
)

// TestColdTransfer plays everything that can become of a cold transfer between
// phones that others wrote. In each scene the customer ends where they belong,
// is never left in silence, and no line is left over.
func TestColdTransfer(t *testing.T) {
	scenes := []struct {
		name string
		play func(s *stage)
	}{
		{"answered by baresip", answeredByBaresip},
		{"answered by SIPp", answeredBySIPp},
		{"not answered by baresip", notAnsweredByBaresip},
		{"not answered by SIPp", notAnsweredBySIPp},
		{"busy baresip", busyBaresip},
		{"busy SIPp", refused("486 Busy Here", call.Busy)},
		{"declined", refused("603 Decline", call.Declined)},
		{"not found", refused("404 Not Found", call.NotFound)},
		{"out of service", refused("503 Service Unavailable", call.Unreachable)},
		{"nobody at the address", nobodyThere},
		{"a host that says nothing", saysNothing},
		{"a 200 that crosses our CANCEL", crossing},
		{"target leaves at once", leavesAtOnce},
		{"customer hangs up while it rings", customerHangsUp},
		{"agent hangs up while it rings, target answers", agentHangsUpAnswered},
		{"agent hangs up while it rings, nobody answers", agentHangsUpUnanswered},
		{"the server restarts while it rings", restarts},
	}
	var played []string
	for _, scene := range scenes {
		t.Run(scene.name, func(t *testing.T) {
			Need(t, "baresip", "sipp")
			s := setStage(t)
			scene.play(s)
			played = append(played, s.row(scene.name))
		})
	}
	if len(played) > 0 {
		table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintf(table, "foreign phones: scene\ttarget\tthe transfer\tcustomer's longest silence\n%s", strings.Join(played, ""))
		_ = table.Flush() // a terminal that is gone has nobody to tell
		fmt.Printf("foreign phones: %d scenes of %d\n", len(played), len(scenes))
	}
}

// TestHoldAtThePhone: an agent who presses hold on a desk phone is not heard
// until they resume. (baresip records nothing any more after a hold, so what
// the agent hears then is not known.)
func TestHoldAtThePhone(t *testing.T) {
	Need(t, "baresip")
	s := setStage(t)
	s.agent.hold()
	awaits(t, "the agent to fall silent", func() bool {
		heard := s.customer.heard
		return !heard.EverHears(agentTone, heard.Length()-300*time.Millisecond, heard.Length())
	})
	s.agent.resume()
	hears(t, "customer", s.customer.heard, agentTone)
	s.goodbye(s.agent)
}

func answeredByBaresip(s *stage) {
	s.toBaresip(ringLong)
	s.onHold()
	s.agent.undisturbed()
	s.target.answer()
	s.target.awaits(Established)
	s.withTarget(s.target.heard)
	s.outcome(call.Completed, "")
	s.goodbye(s.target)
	s.order("agent", "hold", "target")
}

func answeredBySIPp(s *stage) {
	s.toSIPp("answers", "", ringLong)
	s.withTarget(s.sipp.Heard())
	s.outcome(call.Completed, "")
	s.goodbye()
}

func notAnsweredByBaresip(s *stage) {
	s.toBaresip(ringShort)
	s.target.awaits(Closed)
	s.heldWithAgent(call.NoAnswer)
	s.goodbye(s.agent)
	s.order("agent", "hold", "agent")
}

func notAnsweredBySIPp(s *stage) {
	s.toSIPp("rings", "", ringShort)
	s.heldWithAgent(call.NoAnswer)
	s.goodbye(s.agent)
	s.order("agent", "hold", "agent")
}

func busyBaresip(s *stage) {
	s.toBaresip(ringLong)
	s.target.hangUp()
	s.target.awaits(Closed)
	s.heldWithAgent(call.Busy)
	s.goodbye(s.agent)
}

func refused(status string, why call.Reason) func(*stage) {
	return func(s *stage) {
		s.toSIPp("refuses", status, ringLong)
		s.heldWithAgent(why)
		s.goodbye(s.agent)
		s.order("agent", "hold", "agent")
	}
}

// nobodyThere: nothing is bound to the port, and the network says so.
func nobodyThere(s *stage) {
	s.transfer(fmt.Sprintf("sip:nobody@127.0.0.1:%d", ports(s.t)), ringLong)
	s.heldWithAgent(call.Unreachable)
	s.goodbye(s.agent)
}

// saysNothing: what we send arrives, and no answer ever comes.
func saysNothing(s *stage) {
	deaf, err := net.ListenPacket("udp", fmt.Sprintf("127.0.0.1:%d", ports(s.t)))
	if err != nil {
		s.t.Fatal(err)
	}
	defer deaf.Close()
	s.transfer("sip:nobody@"+deaf.LocalAddr().String(), ringLong)
	s.heldWithAgent(call.Unreachable)
	s.goodbye(s.agent)
}

// crossing: SIPp finishes only when its late answer was acknowledged and the
// call that nobody wanted ended.
func crossing(s *stage) {
	s.toSIPp("crosses", "", ringShort)
	s.heldWithAgent(call.NoAnswer)
	s.goodbye(s.agent)
	s.order("agent", "hold", "agent")
}

// leavesAtOnce: whether the agent has been let go when the target leaves is a
// matter of a millisecond. The customer is theirs again in either case.
func leavesAtOnce(s *stage) {
	s.toSIPp("leaves", "", ringLong)
	s.sipp.finishes()
	awaits(s.t, "the customer to be the agent's again", func() bool {
		c := s.state()
		return c.Stage == call.Returning || c.Stage == call.Talking && c.Past[0].Outcome == call.TransferFailed
	})
	if s.state().Stage == call.Returning {
		s.agent.awaits(Closed)
		s.rungBack()
	} else {
		s.heldWithAgent(call.LeftEarly)
	}
	s.goodbye(s.agent)
}

func customerHangsUp(s *stage) {
	s.toSIPp("rings", "", ringLong)
	s.onHold()
	began := time.Now()
	s.goodbye(s.agent)
	if took := time.Since(began); took > time.Second { // P6
		s.t.Errorf("the target still rang %v after the customer had left", took)
	}
	s.order("agent", "hold")
}

func agentHangsUpAnswered(s *stage) {
	s.toBaresip(ringLong)
	s.onHold()
	s.agent.hangUp()
	s.agent.awaits(Closed)
	s.onHold()
	s.target.answer()
	s.target.awaits(Established)
	hears(s.t, "customer", s.customer.heard, targetTone)
	hears(s.t, "target", s.target.heard, customerTone)
	s.goodbye(s.target)
	s.order("agent", "hold", "target")
}

func agentHangsUpUnanswered(s *stage) {
	s.toSIPp("rings", "", 2*time.Second)
	s.onHold()
	s.agent.hangUp()
	s.agent.awaits(Closed)
	s.onHold()
	s.rungBack()
	s.goodbye(s.agent)
	s.order("agent", "hold", "agent")
}

// restarts: all three phones take the new server for the old one.
func restarts(s *stage) {
	s.toBaresip(ringLong)
	s.onHold()
	s.stop()
	s.start()
	s.onHold()
	s.target.answer()
	s.target.awaits(Established)
	s.withTarget(s.target.heard)
	s.outcome(call.Completed, "")
	s.goodbye(s.target)
	s.order("agent", "hold", "target")
}
