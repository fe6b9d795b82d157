package e2e

import (
	"testing"

	"holdfast/call"
	"holdfast/client"
	"holdfast/softphone"
)

// consult has ana talk to cardiology while the customer waits.
func (h *house) consult(t *testing.T) {
	t.Helper()
	h.talk(t)
	h.asks(t, client.TransferRequest{Target: "cardiology", Kind: call.Warm})
	h.cardiologyCall = rung(t, h.cardiology)
	h.await(t, func(c call.Contact) bool { return c.Stage == call.Consulting })
	h.hearsConsultation(t)
}

func (h *house) hearsConsultation(t *testing.T) {
	t.Helper()
	hearsOnly(t, "ana", h.anaCall, cardiologyTone)
	hearsOnly(t, "cardiology", h.cardiologyCall, anaTone)
	hearsOnly(t, "the customer", h.customerCall, softphone.HoldTone)
}

// handedOver: customer and cardiology are alone with each other.
func (h *house) handedOver(t *testing.T) {
	t.Helper()
	ended(t, h.anaCall)
	hearsOnly(t, "the customer", h.customerCall, cardiologyTone)
	hearsOnly(t, "cardiology", h.cardiologyCall, customerTone)
	h.customerCall.HangUp()
	if last := h.over(t).Past[0]; last.Outcome != call.Completed {
		t.Errorf("the transfer is %s %s", last.Outcome, last.Reason)
	}
}

func TestWarmTransfer(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	h.consult(t)

	h.does(t, h.client.Swap)
	hearsOnly(t, "ana", h.anaCall, customerTone)
	hearsOnly(t, "the customer", h.customerCall, anaTone)
	hearsOnly(t, "cardiology", h.cardiologyCall, softphone.HoldTone)
	h.does(t, h.client.Swap)
	h.hearsConsultation(t)

	h.does(t, h.client.Conference)
	hearsOnly(t, "ana", h.anaCall, customerTone, cardiologyTone)
	hearsOnly(t, "the customer", h.customerCall, anaTone, cardiologyTone)
	hearsOnly(t, "cardiology", h.cardiologyCall, customerTone, anaTone)

	h.does(t, h.client.Complete)
	h.handedOver(t)
}

func TestWarmTransferIsCompletedWithoutAnIntroduction(t *testing.T) {
	for name, finish := range map[string]func(*testing.T, *house){
		"complete": func(t *testing.T, h *house) { h.does(t, h.client.Complete) },
		"leave":    func(t *testing.T, h *house) { h.does(t, h.client.Leave) },
		"hang up":  func(_ *testing.T, h *house) { h.anaCall.HangUp() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := openHouse(t, nil)
			h.consult(t)
			finish(t, h)
			h.handedOver(t)
		})
	}
}

// backWithAna: the warm transfer has ended, and the customer waits for ana, who
// hears nobody.
func (h *house) backWithAna(t *testing.T, o call.Outcome, why call.Reason) {
	t.Helper()
	ended(t, h.cardiologyCall)
	c := h.await(t, func(c call.Contact) bool { return c.Transfer == nil })
	if last := c.Past[0]; last.Outcome != o || last.Reason != why || c.Stage != call.Talking {
		t.Errorf("the transfer is %s %s, the contact %s", last.Outcome, last.Reason, c.Stage)
	}
	hearsOnly(t, "the customer", h.customerCall, softphone.HoldTone)
	hearsOnly(t, "ana", h.anaCall)
	h.does(t, h.client.Resume)
	hearsOnly(t, "the customer", h.customerCall, anaTone)
	hearsOnly(t, "ana", h.anaCall, customerTone)
	h.does(t, h.client.End)
	h.over(t)
}

func TestWarmTransferTakenBack(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	h.consult(t)
	if _, err := h.client.Cancel(soon(t), h.contact, "t1"); err != nil {
		t.Fatal(err)
	}
	h.backWithAna(t, call.Cancelled, call.CancelledByAgent)
}

func TestWarmTransferTargetLeaves(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	h.consult(t)
	h.cardiologyCall.HangUp()
	h.backWithAna(t, call.TransferFailed, call.LeftEarly)
}

// Ana and cardiology may go on when the customer has given up waiting.
func TestWarmTransferCustomerLeaves(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	h.consult(t)
	h.customerCall.HangUp()
	ended(t, h.customerCall)
	c := h.await(t, func(c call.Contact) bool { return c.Stage == call.Finishing })
	if last := c.Past[0]; last.Outcome != call.Abandoned {
		t.Errorf("the transfer is %s", last.Outcome)
	}
	hearsOnly(t, "ana", h.anaCall, cardiologyTone)
	hearsOnly(t, "cardiology", h.cardiologyCall, anaTone)
	h.cardiologyCall.HangUp()
	h.over(t)
}

func TestMute(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	h.talk(t)
	for _, muted := range []bool{true, false} {
		if _, err := h.client.Mute(soon(t), h.contact, muted); err != nil {
			t.Fatal(err)
		}
		heard := map[bool][]float64{true: nil, false: {anaTone}}[muted]
		hearsOnly(t, "the customer", h.customerCall, heard...)
		hearsOnly(t, "ana", h.anaCall, customerTone)
	}
	h.customerCall.HangUp()
	h.over(t)
}
