package e2e

import (
	"strings"
	"testing"

	"holdfast/call"
	"holdfast/client"
	"holdfast/softphone"
)

// withReception: customer and reception are alone with each other.
func (h *house) withReception(t *testing.T) call.Contact {
	t.Helper()
	ended(t, h.anaCall)
	hearsOnly(t, "the customer", h.customerCall, receptionTone)
	hearsOnly(t, "reception", h.receptionCall, customerTone)
	if h.customerCall.Recording().EverHears(cardiologyTone, 0, h.customerCall.Recording().Length()) {
		t.Error("the customer heard cardiology")
	}
	h.customerCall.HangUp()
	return h.over(t)
}

// ringsNoMore: the call to cardiology was taken back before anybody answered,
// and its phone was told why.
func (h *house) ringsNoMore(t *testing.T, why string) {
	t.Helper()
	ended(t, h.cardiologyCall)
	if by := h.cardiologyCall.EndedBy(); by != softphone.Cancelled {
		t.Errorf("the call to cardiology was ended by %s, want %s", by, softphone.Cancelled)
	}
	if said := h.cardiologyCall.Reason(); !strings.Contains(said, why) {
		t.Errorf("cardiology's phone was told %q, want %q", said, why)
	}
}

func wantAttempts(t *testing.T, tr call.Transfer, o call.Outcome, reasons ...call.Reason) {
	t.Helper()
	if tr.Outcome != o || len(tr.Attempts) != len(reasons) {
		t.Fatalf("the transfer is %s with attempts %+v, want %s and %d", tr.Outcome, tr.Attempts, o, len(reasons))
	}
	for i, a := range tr.Attempts {
		if a.Reason != reasons[i] {
			t.Errorf("the attempt at %s ended with %q, want %q", a.Target, a.Reason, reasons[i])
		}
	}
}

func TestTransferToManyInTurn(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	h.cardiology.Answering(softphone.Behaviour{Do: softphone.Busy})
	h.reception.Answering(softphone.Behaviour{Do: softphone.RingForever})
	h.talk(t)
	h.asks(t, client.TransferRequest{Target: "cardiology", Others: []string{"reception"}})
	h.receptionCall = rung(t, h.reception)
	hearsOnly(t, "the customer", h.customerCall, softphone.HoldTone)
	h.receptionCall.Answer()
	wantAttempts(t, h.withReception(t).Past[0], call.Completed, call.Busy, "")
}

// None of them takes the customer, who is with ana again, as was asked for.
func TestTransferToManyWhoAllFail(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	h.cardiology.Answering(softphone.Behaviour{Do: softphone.Busy})
	h.reception.Answering(softphone.Behaviour{Do: softphone.Decline})
	h.talk(t)
	h.asks(t, client.TransferRequest{Target: "cardiology", Others: []string{"reception", "nowhere"}, Resume: true})
	c := h.await(t, func(c call.Contact) bool { return c.Transfer == nil && len(c.Past) == 1 })
	wantAttempts(t, c.Past[0], call.TransferFailed, call.Busy, call.Declined, call.Unreachable)
	hearsOnly(t, "the customer", h.customerCall, anaTone)
	hearsOnly(t, "ana", h.anaCall, customerTone)
	h.customerCall.HangUp()
	h.over(t)
}

func TestTransferToManyAtOnce(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	h.cardiology.Answering(softphone.Behaviour{Do: softphone.RingForever})
	h.reception.Answering(softphone.Behaviour{Do: softphone.RingForever})
	h.talk(t)
	h.asks(t, client.TransferRequest{Target: "cardiology", Others: []string{"reception"}, Parallel: true})
	h.cardiologyCall, h.receptionCall = rung(t, h.cardiology), rung(t, h.reception)
	hearsOnly(t, "the customer", h.customerCall, softphone.HoldTone)
	h.receptionCall.Answer()
	h.ringsNoMore(t, "completed elsewhere")
	wantAttempts(t, h.withReception(t).Past[0], call.Completed, call.Elsewhere, "")
}

func TestTransferSuperseded(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	h.cardiology.Answering(softphone.Behaviour{Do: softphone.RingForever})
	h.reception.Answering(softphone.Behaviour{Do: softphone.RingForever})
	h.talk(t)
	h.transfer(t)
	h.asks(t, client.TransferRequest{Target: "reception", Supersede: true})
	h.ringsNoMore(t, "Another transfer")
	h.receptionCall = rung(t, h.reception)
	hearsOnly(t, "the customer", h.customerCall, softphone.HoldTone)
	h.receptionCall.Answer()
	c := h.withReception(t)
	wantAttempts(t, c.Past[0], call.Cancelled, call.Superseded)
	wantAttempts(t, c.Past[1], call.Completed, "")
}

func TestBlindTransferAnswered(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	h.reception.Answering(softphone.Behaviour{Do: softphone.RingForever})
	h.talk(t)
	h.asks(t, client.TransferRequest{Target: "reception", Kind: call.Blind})
	h.receptionCall = rung(t, h.reception)
	ended(t, h.anaCall) // while it rings
	hearsOnly(t, "the customer", h.customerCall, softphone.HoldTone)
	h.receptionCall.Answer()
	wantAttempts(t, h.withReception(t).Past[0], call.Completed, "")
}

func TestBlindTransferBusy(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	h.cardiology.Answering(softphone.Behaviour{Do: softphone.Busy})
	h.talk(t)
	h.asks(t, client.TransferRequest{Target: "cardiology", Kind: call.Blind})
	ended(t, h.anaCall)
	h.anaCall = rung(t, h.ana)
	hearsOnly(t, "ana", h.anaCall, customerTone)
	hearsOnly(t, "the customer", h.customerCall, anaTone)
	h.customerCall.HangUp()
	wantAttempts(t, h.over(t).Past[0], call.TransferFailed, call.Busy)
}
