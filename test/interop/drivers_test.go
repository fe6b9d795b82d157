package interop

import (
	"strings"
	"testing"
	"time"
)

// The phones must work with each other before they tell anything about us.

func TestBaresipCallsBaresip(t *testing.T) {
	Need(t, "baresip")
	customer := startBaresip(t, "customer", customerTone)
	agent := startBaresip(t, "agent", agentTone)

	customer.dial(agent.URI())
	agent.awaits(Incoming)
	customer.awaits(Ringing)
	agent.answer()
	customer.awaits(Established)
	agent.awaits(Established)
	hears(t, "customer", customer.heard, agentTone)
	hears(t, "agent", agent.heard, customerTone)
	customer.undisturbed()

	customer.hangUp()
	customer.awaits(Closed)
	agent.awaits(Closed)
	if gap := customer.heard.LongestGap(); gap > 200*time.Millisecond {
		t.Errorf("the customer heard nothing for %v: %s", gap, customer.heard.Summary(voices))
	}
}

func TestBaresipRefusesBaresip(t *testing.T) {
	Need(t, "baresip")
	customer := startBaresip(t, "customer", customerTone)
	agent := startBaresip(t, "agent", agentTone)

	customer.dial(agent.URI())
	agent.awaits(Incoming)
	agent.hangUp()
	if e := customer.awaits(Closed); e.Param != "486 Rejected" {
		t.Errorf("the customer's call ended with %q, want 486 Rejected", e.Param)
	}
}

// TestTransferKeys: a phone whose transfer key is pressed has the other one call the
// target, and is told what came of it.
func TestTransferKeys(t *testing.T) {
	t.Run("SIPp", func(t *testing.T) {
		Need(t, "baresip", "sipp")
		target := startBaresip(t, "target", targetTone)
		agent := startSIPp(t, "refers", target.URI(), agentTone)
		customer := startBaresip(t, "customer", customerTone)
		customer.dial(agent.URI())
		customer.awaits(Established)
		agent.nudge()
		isSentOn(t, customer, target)
		awaits(t, "the last NOTIFY", func() bool { return agent.Referral().Ended })
		agent.nudge()
		agent.finishes()
		if got, want := agent.Referral().String(), "202, 100 200."; got != want {
			t.Errorf("SIPp's REFER: %s, want %s", got, want)
		}
	})
	t.Run("baresip", func(t *testing.T) {
		Need(t, "baresip")
		target := startBaresip(t, "target", targetTone)
		agent := startBaresip(t, "agent", agentTone)
		customer := startBaresip(t, "customer", customerTone)
		customer.dial(agent.URI())
		agent.awaits(Incoming)
		agent.answer()
		agent.awaits(Established)
		must(t, agent.Transfer(target.URI()))
		isSentOn(t, customer, target)
		if e := agent.awaits(Closed); !strings.HasPrefix(e.Param, "Call transfer") {
			t.Errorf("the agent's call ended with %q", e.Param)
		}
		if got, want := agent.Referral().String(), "202, 100 200."; got != want {
			t.Errorf("baresip's REFER: %s, want %s", got, want)
		}
	})
}

// isSentOn: a customer's phone calls the target when it is asked to.
func isSentOn(t *testing.T, customer, target *baresip) {
	t.Helper()
	target.awaits(Incoming)
	target.answer()
	hears(t, "target", target.heard, customerTone)
	hears(t, "customer", customer.heard, targetTone)
}

func TestBaresipCallsSIPp(t *testing.T) {
	tests := []struct {
		scenario, with string
		call           func(t *testing.T, b *baresip, s *sipp)
		messages       string
	}{
		{"answers", "", talk, "<INVITE >180 >200 <ACK <BYE >200"},
		{"early", "", talkAfterEarlyMedia, "<INVITE >183 >200 <ACK <BYE >200"},
		{"deaf", "", talkAfterSecondACK, "<INVITE >180 >200 <ACK >200 <ACK <BYE >200"},
		{"holds", "sendonly", talkAfterHold, "<INVITE >180 >200 <ACK >INVITE <200 >ACK >INVITE <200 >ACK <BYE >200"},
		{"presses", "", talkAfterKey, "<INVITE >180 >200 <ACK >INFO <200 <BYE >200"},
		{"leaves", "", endsWith("Connection reset by peer"), "<INVITE >180 >200 <ACK >BYE <200"},
		{"refuses", "486 Busy Here", endsWith("486 Busy Here"), "<INVITE >486 <ACK"},
		{"refuses", "603 Decline", endsWith("603 Decline"), "<INVITE >603 <ACK"},
		{"refuses", "404 Not Found", endsWith("404 Not Found"), "<INVITE >404 <ACK"},
		{"refuses", "503 Service Unavailable", endsWith("503 Service Unavailable"), "<INVITE >503 <ACK"},
		{"crosses", "", giveUp, "<INVITE >180 <CANCEL >200 <ACK <BYE >200 >200"},
		{"rings", "", giveUp, "<INVITE >180 <CANCEL >200 >487 <ACK"},
	}
	for _, test := range tests {
		t.Run(test.scenario+test.with, func(t *testing.T) {
			Need(t, "baresip", "sipp")
			target := startSIPp(t, test.scenario, test.with, targetTone)
			customer := startBaresip(t, "customer", customerTone)
			customer.dial(target.URI())
			test.call(t, customer, target)
			target.finishes()
			if got := target.Messages(); got != test.messages {
				t.Errorf("messages: %s\nwant:     %s", got, test.messages)
			}
		})
	}
}

// talk is a call in which both hear each other, ended by baresip.
func talk(t *testing.T, b *baresip, s *sipp) {
	b.awaits(Established)
	hears(t, "target", s.Heard(), customerTone)
	hears(t, "customer", b.heard, targetTone)
	b.hangUp()
	b.awaits(Closed)
}

// talkAfterEarlyMedia is a call in which the target is heard before it answers.
func talkAfterEarlyMedia(t *testing.T, b *baresip, s *sipp) {
	b.awaits("CALL_PROGRESS")
	s.speak()
	hears(t, "customer", b.heard, targetTone)
	s.nudge()
	talk(t, b, s)
}

// talkAfterSecondACK is a call whose first ACK the target has missed.
func talkAfterSecondACK(t *testing.T, b *baresip, s *sipp) {
	s.saw("<ACK", 2)
	b.hangUp()
	b.awaits(Closed)
}

// talkAfterHold is a call in which the target holds and resumes.
func talkAfterHold(_ *testing.T, b *baresip, s *sipp) {
	b.awaits(Established)
	s.nudge()
	s.saw(">ACK", 1)
	s.nudge()
	s.saw(">ACK", 2)
	b.hangUp()
	b.awaits(Closed)
}

// talkAfterKey is a call in which the target says a key.
func talkAfterKey(_ *testing.T, b *baresip, s *sipp) {
	b.awaits(Established)
	s.nudge()
	s.saw("<200", 1)
	b.hangUp()
	b.awaits(Closed)
}

// giveUp is a call that baresip cancels while it rings.
func giveUp(_ *testing.T, b *baresip, _ *sipp) {
	b.awaits(Ringing)
	b.hangUp()
	b.awaits(Closed)
}

func endsWith(reason string) func(*testing.T, *baresip, *sipp) {
	return func(t *testing.T, b *baresip, _ *sipp) {
		if e := b.awaits(Closed); e.Param != reason {
			t.Errorf("the call ended with %q, want %q", e.Param, reason)
		}
	}
}
