package demo

import (
	"time"

	"holdfast/call"
	"holdfast/client"
	"holdfast/softphone"
)

// blindComesBack: ana is released while cardiology rings, cardiology is busy, and
// ana is recalled.
func blindComesBack(a *act) {
	a.Phone("cardiology").Answering(softphone.Behaviour{Do: softphone.Busy, After: time.Second})
	a.begin(client.TransferRequest{Target: "cardiology", Kind: call.Blind})
	a.Ended("ana")
	a.expect(!ended(a.Call("cardiology")), "ana is released while cardiology rings")
	a.hears("customer", "hold audio")
	a.Ended("cardiology")
	failed := time.Now()
	a.Rung("ana")
	a.backWithAna(call.Busy)
	a.measure("with ana again within %d ms", a.firstHears("customer", "ana", failed).Sub(failed).Milliseconds())
}

// agentGone: ana hangs up while cardiology rings, cardiology declines, and ana
// does not answer when recalled. The customer is parked, and picked up.
func agentGone(a *act) {
	a.Phone("cardiology").Answering(softphone.Behaviour{Do: softphone.Decline, After: time.Second})
	a.begin(toCardiology)
	ana := a.Phone("ana")
	defer ana.Answering(softphone.Behaviour{})
	ana.Answering(softphone.Behaviour{Do: softphone.RingForever})
	a.HangUp("ana")
	a.hears("customer", "hold audio")
	a.Ended("cardiology")
	a.Rung("ana")
	a.Ended("ana")
	a.pickedUp()
}

// pickedUp: the customer waits alone, with park audio, until ana has time.
func (a *act) pickedUp() {
	a.t.Helper()
	a.Await(func(c call.Contact) bool { return c.Stage == call.Parked })
	a.hears("customer", "park audio")
	a.Phone("ana").Answering(softphone.Behaviour{})
	_, err := a.Client.PickUp(a.Soon(), a.Contact, "ana")
	must(a.t, err)
	a.Rung("ana")
	a.backWithAna(call.Declined)
}
