package demo

import (
	"time"

	"holdfast/call"
	"holdfast/client"
	"holdfast/softphone"
)

var toCardiology = client.TransferRequest{Target: "cardiology"}

// answered: cardiology picks up, the agent is released, the two talk.
func answered(a *act) {
	a.Phone("cardiology").Answering(softphone.Behaviour{After: 1500 * time.Millisecond})
	a.begin(toCardiology)
	a.hears("customer", "hold audio")
	a.handedOver("cardiology")
	pickedUp := a.Heard("cardiology").Began()
	a.measure("two-way audio within %d ms of cardiology's answer",
		a.firstHears("customer", "cardiology", pickedUp).Sub(pickedUp).Milliseconds())
}

// noAnswer: cardiology does not answer; after two seconds the customer is with
// ana again, on hold.
func noAnswer(a *act) {
	a.Phone("cardiology").Answering(softphone.Behaviour{Do: softphone.RingForever})
	a.begin(toCardiology)
	a.stopsRinging()
	a.onHoldWithAna(call.NoAnswer)
}

func (a *act) stopsRinging() {
	a.t.Helper()
	a.Ended("cardiology")
	a.expect(a.Call("cardiology").EndedBy() == softphone.Cancelled, "cardiology stops ringing")
}

// busy: the customer is with ana again at once, on hold.
func busy(a *act) {
	a.Phone("cardiology").Answering(softphone.Behaviour{Do: softphone.Busy})
	a.begin(toCardiology)
	a.onHoldWithAna(call.Busy)
}

// onHoldWithAna: the customer hears hold audio until ana, who has got the
// reason for the failure, takes them off hold.
func (a *act) onHoldWithAna(why call.Reason) {
	a.t.Helper()
	a.Settled()
	a.hears("customer", "hold audio")
	a.expect(!ended(a.Call("ana")) && !ended(a.Call("customer")), "the customer is on hold with ana")
	a.Do(a.Client.Resume)
	a.backWithAna(why)
}

// customerLeaves: cardiology stops ringing within a second, and ana's call
// ends.
func customerLeaves(a *act) {
	a.Phone("cardiology").Answering(softphone.Behaviour{Do: softphone.RingForever})
	a.begin(toCardiology)
	a.hears("customer", "hold audio")
	left := time.Now()
	a.HangUp("customer")
	a.stopsRinging()
	took := time.Since(left)
	a.measure("cardiology stopped ringing after %d ms", took.Milliseconds())
	a.expect(took < time.Second, "cardiology stops ringing within a second")
	a.Ended("ana")
	a.outcome(call.Abandoned, call.CustomerLeft)
}
