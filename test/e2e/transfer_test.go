package e2e

import (
	"testing"
	"time"

	"holdfast/call"
	"holdfast/client"
	"holdfast/softphone"
)

func TestColdTransferAnswered(t *testing.T) {
	t.Parallel()
	h := open(t, nil)
	h.Phone("cardiology").Answering(softphone.Behaviour{After: 500 * time.Millisecond})
	h.Talk()
	h.transfer()
	h.Hears("customer", "hold audio")
	h.Hears("customer", "cardiology")
	h.Hears("cardiology", "customer")
	h.Ended("ana")
	h.leaves()
	h.completed()
}

func TestColdTransferFails(t *testing.T) {
	for _, f := range []struct {
		name string
		do   softphone.Action
		why  call.Reason
		ring time.Duration // 0: as configured
	}{
		{"busy", softphone.Busy, call.Busy, 0},
		{"declined", softphone.Decline, call.Declined, 0},
		{"not found", 404, call.NotFound, 0},
		{"unavailable", 503, call.Unreachable, 0},
		{"no answer", softphone.RingForever, call.NoAnswer, 2 * time.Second},
		{"late answer", softphone.AnswerLate, call.NoAnswer, 2 * time.Second},
	} {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			h := open(t, nil)
			h.Phone("cardiology").Answering(softphone.Behaviour{Do: f.do})
			h.Talk()
			h.Transfer(client.TransferRequest{Target: "cardiology", RingFor: f.ring})
			h.Rung("cardiology")
			c := h.Settled()
			if c.Past[0].Reason != f.why || c.Stage != call.Talking {
				t.Errorf("the transfer failed with %s, the contact is %s", c.Past[0].Reason, c.Stage)
			}
			h.Ended("cardiology")
			h.Hears("customer", "hold audio")
			h.Do(h.Client.Resume)
			h.Hears("customer", "ana")
			if h.Heard("customer").EverHears(h.Tone("cardiology"), 0, time.Hour) {
				t.Error("the customer heard cardiology")
			}
			h.goodbye()
		})
	}
}

func TestUnreachableHost(t *testing.T) {
	h := open(t, nil)
	h.Talk()
	h.Transfer(client.TransferRequest{Target: "nowhere"})
	c := h.Settled()
	if c.Past[0].Reason != call.Unreachable {
		t.Errorf("the transfer failed with %s", c.Past[0].Reason)
	}
	h.HangUp("ana") // the customer is held: a slip, ana is recalled
	h.Rung("ana")
	h.Hears("ana", "customer")
	h.goodbye()
}

func TestCustomerLeavesWhileItRings(t *testing.T) {
	h := open(t, nil)
	h.Phone("cardiology").Answering(softphone.Behaviour{Do: softphone.RingForever})
	h.Talk()
	h.transfer()
	left := time.Now()
	h.leaves()
	h.Ended("cardiology")
	if took := time.Since(left); took > time.Second {
		t.Errorf("cardiology rang on for %s", took)
	}
	c := h.Over()
	if last := c.Past[0]; last.Outcome != call.Abandoned {
		t.Errorf("the transfer is %s", last.Outcome)
	}
}

func TestAgentLeavesWhileItRings(t *testing.T) {
	t.Parallel()
	h := open(t, nil)
	h.Phone("cardiology").Answering(softphone.Behaviour{After: time.Second})
	h.Talk()
	h.transfer()
	h.HangUp("ana")
	h.Hears("customer", "cardiology")
	h.Hears("cardiology", "customer")
	h.goodbye()
}

// TestRestart: the server goes without a word and another one takes over on
// the same addresses, while the customer is on hold and while they talk.
func TestRestart(t *testing.T) {
	t.Parallel()
	h := open(t, nil)
	h.Talk()
	h.Do(h.Client.Hold)
	h.Hears("customer", "hold audio")
	h.Restart()
	h.Hears("customer", "hold audio")
	h.Do(h.Client.Resume)
	h.Hears("customer", "ana")
	h.Restart()
	h.Hears("ana", "customer")
	h.Hears("customer", "ana")
	h.HangUp("ana")
	h.Over()
}
