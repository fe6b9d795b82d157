package e2e

import (
	"strings"
	"testing"
	"time"

	"holdfast/call"
	"holdfast/client"
	"holdfast/softphone"
)

// withReception: customer and reception are alone with each other.
func (h *house) withReception() call.Contact {
	h.t.Helper()
	h.Ended("ana")
	h.HearEachOther("customer", "reception")
	if h.Heard("customer").EverHears(h.Tone("cardiology"), 0, time.Hour) {
		h.t.Error("the customer heard cardiology")
	}
	return h.goodbye()
}

// ringsNoMore: the call to cardiology was taken back before anybody answered,
// and its phone was told why.
func (h *house) ringsNoMore(why string) {
	h.t.Helper()
	h.Ended("cardiology")
	if by := h.Call("cardiology").EndedBy(); by != softphone.Cancelled {
		h.t.Errorf("the call to cardiology was ended by %s, want %s", by, softphone.Cancelled)
	}
	if said := h.Call("cardiology").Reason(); !strings.Contains(said, why) {
		h.t.Errorf("cardiology's phone was told %q, want %q", said, why)
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
	h := open(t, nil)
	h.Phone("cardiology").Answering(softphone.Behaviour{Do: softphone.Busy})
	h.Phone("reception").Answering(softphone.Behaviour{Do: softphone.RingForever})
	h.Talk()
	h.Transfer(client.TransferRequest{Target: "cardiology", Others: []string{"reception"}})
	h.Rung("reception")
	h.HearsOnly("customer", "hold audio")
	h.Call("reception").Answer()
	wantAttempts(t, h.withReception().Past[0], call.Completed, call.Busy, "")
}

// None of them takes the customer, who is with ana again, as was asked for.
func TestTransferToManyWhoAllFail(t *testing.T) {
	t.Parallel()
	h := open(t, nil)
	h.Phone("cardiology").Answering(softphone.Behaviour{Do: softphone.Busy})
	h.Phone("reception").Answering(softphone.Behaviour{Do: softphone.Decline})
	h.Talk()
	h.Transfer(client.TransferRequest{Target: "cardiology", Others: []string{"reception", "nowhere"}, Resume: true})
	c := h.Settled()
	wantAttempts(t, c.Past[0], call.TransferFailed, call.Busy, call.Declined, call.Unreachable)
	h.HearEachOther("customer", "ana")
	h.goodbye()
}

func TestTransferToManyAtOnce(t *testing.T) {
	t.Parallel()
	h := open(t, nil)
	h.Phone("cardiology").Answering(softphone.Behaviour{Do: softphone.RingForever})
	h.Phone("reception").Answering(softphone.Behaviour{Do: softphone.RingForever})
	h.Talk()
	h.Transfer(client.TransferRequest{Target: "cardiology", Others: []string{"reception"}, Parallel: true})
	h.Rung("cardiology")
	h.Rung("reception")
	h.HearsOnly("customer", "hold audio")
	h.Call("reception").Answer()
	h.ringsNoMore("completed elsewhere")
	wantAttempts(t, h.withReception().Past[0], call.Completed, call.Elsewhere, "")
}

func TestTransferSuperseded(t *testing.T) {
	t.Parallel()
	h := open(t, nil)
	h.Phone("cardiology").Answering(softphone.Behaviour{Do: softphone.RingForever})
	h.Phone("reception").Answering(softphone.Behaviour{Do: softphone.RingForever})
	h.Talk()
	h.transfer()
	h.Transfer(client.TransferRequest{Target: "reception", Supersede: true})
	h.ringsNoMore("Another transfer")
	h.Rung("reception")
	h.HearsOnly("customer", "hold audio")
	h.Call("reception").Answer()
	c := h.withReception()
	wantAttempts(t, c.Past[0], call.Cancelled, call.Superseded)
	wantAttempts(t, c.Past[1], call.Completed, "")
}

func TestBlindTransferAnswered(t *testing.T) {
	t.Parallel()
	h := open(t, nil)
	h.Phone("reception").Answering(softphone.Behaviour{Do: softphone.RingForever})
	h.Talk()
	h.Transfer(client.TransferRequest{Target: "reception", Kind: call.Blind})
	h.Rung("reception")
	h.Ended("ana") // while it rings
	h.HearsOnly("customer", "hold audio")
	h.Call("reception").Answer()
	wantAttempts(t, h.withReception().Past[0], call.Completed, "")
}

func TestBlindTransferBusy(t *testing.T) {
	t.Parallel()
	h := open(t, nil)
	h.Phone("cardiology").Answering(softphone.Behaviour{Do: softphone.Busy})
	h.Talk()
	h.Transfer(client.TransferRequest{Target: "cardiology", Kind: call.Blind})
	h.Ended("ana")
	h.Rung("ana")
	h.HearEachOther("ana", "customer")
	wantAttempts(t, h.goodbye().Past[0], call.TransferFailed, call.Busy)
}
