package e2e

import (
	"context"
	"testing"
	"time"

	"holdfast/call"
	"holdfast/client"
	"holdfast/softphone"
)

func TestColdTransferAnswered(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	h.cardiology.Answering(softphone.Behaviour{After: 500 * time.Millisecond})
	h.talk(t)
	h.transfer(t)
	hears(t, "customer", h.customerCall, softphone.HoldTone)
	hears(t, "customer", h.customerCall, cardiologyTone)
	hears(t, "cardiology", h.cardiologyCall, customerTone)
	ended(t, h.anaCall)
	h.customerCall.HangUp()
	c := h.over(t)
	if last := c.Past[0]; last.Outcome != call.Completed {
		t.Errorf("the transfer is %s %s", last.Outcome, last.Reason)
	}
}

func TestColdTransferFails(t *testing.T) {
	for _, f := range []struct {
		name string
		do   softphone.Action
		why  call.Reason
	}{
		{"busy", softphone.Busy, call.Busy},
		{"declined", softphone.Decline, call.Declined},
		{"not found", 404, call.NotFound},
		{"unavailable", 503, call.Unreachable},
		{"no answer", softphone.RingForever, call.NoAnswer},
		{"late answer", softphone.AnswerLate, call.NoAnswer},
	} {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			h := openHouse(t, nil)
			if f.why == call.NoAnswer {
				h.ringFor = 2 * time.Second
			}
			h.cardiology.Answering(softphone.Behaviour{Do: f.do})
			h.talk(t)
			h.transfer(t)
			c := h.await(t, func(c call.Contact) bool { return c.Transfer == nil && len(c.Past) == 1 })
			if c.Past[0].Reason != f.why || c.Stage != call.Talking {
				t.Errorf("the transfer failed with %s, the contact is %s", c.Past[0].Reason, c.Stage)
			}
			ended(t, h.cardiologyCall)
			hears(t, "customer", h.customerCall, softphone.HoldTone)
			if _, err := h.client.Resume(soon(t), h.contact); err != nil {
				t.Fatal(err)
			}
			hears(t, "customer", h.customerCall, anaTone)
			if h.customerCall.Recording().EverHears(cardiologyTone, 0, time.Hour) {
				t.Error("the customer heard cardiology")
			}
			h.customerCall.HangUp()
			h.over(t)
		})
	}
}

func TestUnreachableHost(t *testing.T) {
	h := openHouse(t, nil)
	h.talk(t)
	if _, err := h.client.Transfer(soon(t), h.contact, client.TransferRequest{Target: "nowhere"}); err != nil {
		t.Fatal(err)
	}
	c := h.await(t, func(c call.Contact) bool { return c.Transfer == nil && len(c.Past) == 1 })
	if c.Past[0].Reason != call.Unreachable {
		t.Errorf("the transfer failed with %s", c.Past[0].Reason)
	}
	h.anaCall.HangUp() // the customer is held: a slip, ana is recalled
	back, err := h.ana.Incoming(soon(t))
	if err != nil {
		t.Fatal(err)
	}
	hears(t, "ana", back, customerTone)
	h.customerCall.HangUp()
	ended(t, back)
	h.over(t)
}

func TestCustomerLeavesWhileItRings(t *testing.T) {
	h := openHouse(t, nil)
	h.cardiology.Answering(softphone.Behaviour{Do: softphone.RingForever})
	h.talk(t)
	h.transfer(t)
	left := time.Now()
	h.customerCall.HangUp()
	ended(t, h.cardiologyCall)
	if took := time.Since(left); took > time.Second {
		t.Errorf("cardiology rang on for %s", took)
	}
	c := h.over(t)
	if last := c.Past[0]; last.Outcome != call.Abandoned {
		t.Errorf("the transfer is %s", last.Outcome)
	}
}

func TestAgentLeavesWhileItRings(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	h.cardiology.Answering(softphone.Behaviour{After: time.Second})
	h.talk(t)
	h.transfer(t)
	h.anaCall.HangUp()
	hears(t, "customer", h.customerCall, cardiologyTone)
	hears(t, "cardiology", h.cardiologyCall, customerTone)
	h.customerCall.HangUp()
	h.over(t)
}

// TestRestart: the server goes without a word and another one takes over on
// the same addresses, while the customer is on hold and while they talk.
func TestRestart(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	h.talk(t)
	if _, err := h.client.Hold(soon(t), h.contact); err != nil {
		t.Fatal(err)
	}
	hears(t, "customer", h.customerCall, softphone.HoldTone)
	h.restart(t)
	hears(t, "customer", h.customerCall, softphone.HoldTone)
	if _, err := h.client.Resume(soon(t), h.contact); err != nil {
		t.Fatal(err)
	}
	hears(t, "customer", h.customerCall, anaTone)
	h.restart(t)
	hears(t, "ana", h.anaCall, customerTone)
	hears(t, "customer", h.customerCall, anaTone)
	h.anaCall.HangUp()
	h.over(t)
}

func (h *house) restart(t *testing.T) {
	t.Helper()
	if err := h.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	h.open(t)
}
