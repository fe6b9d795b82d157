package demo

import (
	"holdfast/call"
	"holdfast/client"
	"holdfast/softphone"
)

// warm: ana talks to cardiology alone, to the customer alone, to both, and
// leaves the two with each other.
func warm(a *act) {
	a.consult()
	a.expect(!a.everHears("customer", "cardiology"), "the customer does not hear the consultation")
	a.Do(a.Client.Swap)
	a.hears("cardiology", "hold audio")
	a.hearEachOther("customer", "ana")
	a.Do(a.Client.Conference)
	a.hearEachOther("customer", "ana", "cardiology")
	a.Do(a.Client.Complete)
	a.handedOver("cardiology")
}

// consult: ana reaches cardiology, and the two talk while the customer waits.
func (a *act) consult() {
	a.t.Helper()
	a.Phone("cardiology").Answering(softphone.Behaviour{})
	a.begin(client.TransferRequest{Target: "cardiology", Kind: call.Warm})
	a.consultation()
}

func (a *act) consultation() {
	a.t.Helper()
	a.hearEachOther("ana", "cardiology")
	a.hears("customer", "hold audio")
}
