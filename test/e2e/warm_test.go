package e2e

import (
	"testing"

	"holdfast/call"
)

func TestWarmTransfer(t *testing.T) {
	t.Parallel()
	h := open(t, nil)
	h.consult()

	h.Do(h.Client.Swap)
	h.HearEachOther("ana", "customer")
	h.HearsOnly("cardiology", "hold audio")
	h.Do(h.Client.Swap)
	h.hearsConsultation()

	h.Do(h.Client.Conference)
	h.HearEachOther("ana", "customer", "cardiology")

	h.Do(h.Client.Complete)
	h.handedOver()
}

func TestWarmTransferIsCompletedWithoutAnIntroduction(t *testing.T) {
	for name, finish := range map[string]func(*house){
		"complete": func(h *house) { h.Do(h.Client.Complete) },
		"leave":    func(h *house) { h.Do(h.Client.Leave) },
		"hang up":  func(h *house) { h.HangUp("ana") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := open(t, nil)
			h.consult()
			finish(h)
			h.handedOver()
		})
	}
}

// backWithAna: the warm transfer has ended, and the customer waits for ana, who
// hears nobody.
func (h *house) backWithAna(o call.Outcome, why call.Reason) {
	h.t.Helper()
	h.Ended("cardiology")
	c := h.Settled()
	if last := c.Past[0]; last.Outcome != o || last.Reason != why || c.Stage != call.Talking {
		h.t.Errorf("the transfer is %s %s, the contact %s", last.Outcome, last.Reason, c.Stage)
	}
	h.HearsOnly("customer", "hold audio")
	h.HearsOnly("ana")
	h.Do(h.Client.Resume)
	h.HearEachOther("customer", "ana")
	h.Do(h.Client.End)
	h.Over()
}

func TestWarmTransferTakenBack(t *testing.T) {
	t.Parallel()
	h := open(t, nil)
	h.consult()
	h.granted(h.Client.Cancel(h.Soon(), h.Contact, "t1"))
	h.backWithAna(call.Cancelled, call.CancelledByAgent)
}

func TestWarmTransferTargetLeaves(t *testing.T) {
	t.Parallel()
	h := open(t, nil)
	h.consult()
	h.HangUp("cardiology")
	h.backWithAna(call.TransferFailed, call.LeftEarly)
}

// Ana and cardiology may go on when the customer has given up waiting.
func TestWarmTransferCustomerLeaves(t *testing.T) {
	t.Parallel()
	h := open(t, nil)
	h.consult()
	h.leaves()
	h.Ended("customer")
	c := h.Await(func(c call.Contact) bool { return c.Stage == call.Finishing })
	if last := c.Past[0]; last.Outcome != call.Abandoned {
		t.Errorf("the transfer is %s", last.Outcome)
	}
	h.HearEachOther("ana", "cardiology")
	h.HangUp("cardiology")
	h.Over()
}

func TestMute(t *testing.T) {
	t.Parallel()
	h := open(t, nil)
	h.Talk()
	for _, muted := range []bool{true, false} {
		h.granted(h.Client.Mute(h.Soon(), h.Contact, muted))
		heard := map[bool][]string{true: nil, false: {"ana"}}[muted]
		h.HearsOnly("customer", heard...)
		h.HearsOnly("ana", "customer")
	}
	h.goodbye()
}
