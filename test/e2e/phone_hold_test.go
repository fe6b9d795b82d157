package e2e

import (
	"testing"

	"holdfast/call"
	"holdfast/client"
)

// holds has a phone's hold key pressed, and waits until the contact shows it.
func (h *house) holds(who string, as call.ConnectionID) {
	h.t.Helper()
	if err := h.Call(who).Hold(h.Soon()); err != nil {
		h.t.Fatal(err)
	}
	h.shown(as, call.Held)
}

func (h *house) resumes(who string, as call.ConnectionID) {
	h.t.Helper()
	if err := h.Call(who).Resume(h.Soon()); err != nil {
		h.t.Fatal(err)
	}
	h.shown(as, call.Connected)
}

func (h *house) shown(as call.ConnectionID, state call.State) {
	h.t.Helper()
	h.Await(func(c call.Contact) bool {
		for _, x := range c.Connections {
			if x.ID == as {
				return x.Shown() == state
			}
		}
		return false
	})
}

// TestPhonesHold: the hold key of each party's phone has the other hear hold audio,
// in talk, in a consultation, when a transfer is asked for, and across a restart.
func TestPhonesHold(t *testing.T) {
	t.Parallel()
	h := open(t, nil)
	h.Talk()
	h.holds("customer", 1)
	h.HearsOnly("ana", "hold audio")
	h.resumes("customer", 1)
	h.HearEachOther("customer", "ana")
	h.holds("ana", 2)
	h.HearsOnly("customer", "hold audio")
	h.Restart()
	h.shown(2, call.Held)
	h.HearsOnly("customer", "hold audio")

	h.Transfer(client.TransferRequest{Target: "cardiology", Kind: call.Warm}) // ana's phone still holds
	h.Rung("cardiology")
	h.HearsOnly("cardiology", "hold audio")
	h.HearsOnly("customer", "hold audio")
	h.resumes("ana", 2)
	h.hearsConsultation()
	h.holds("cardiology", 3)
	h.HearsOnly("ana", "hold audio")
	h.resumes("cardiology", 3)
	h.holds("ana", 2)
	h.Do(h.Client.Complete)
	h.Ended("ana")
	h.HearEachOther("customer", "cardiology")
	h.holds("cardiology", 3)
	h.HearsOnly("customer", "hold audio")
	h.resumes("cardiology", 3)
	h.HearEachOther("customer", "cardiology")
	h.leaves()
	h.completed()
}

// TestHangingUpWhileAPhoneHolds: an agent who hangs up while their phone holds has
// not said goodbye; they are recalled.
func TestHangingUpWhileAPhoneHolds(t *testing.T) {
	t.Parallel()
	h := open(t, nil)
	h.Talk()
	h.holds("ana", 2)
	h.HangUp("ana")
	h.Rung("ana")
	h.HearEachOther("customer", "ana")
	h.goodbye()
}
