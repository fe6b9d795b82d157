package demo

import (
	"strings"
	"time"

	"holdfast/client"
	"holdfast/softphone"
)

// inTurn: cardiology is busy, and so reception is rung, and answers.
func inTurn(a *act) {
	a.Phone("cardiology").Answering(softphone.Behaviour{Do: softphone.Busy})
	a.Phone("reception").Answering(softphone.Behaviour{After: 1200 * time.Millisecond})
	a.begin(client.TransferRequest{Target: "cardiology", Others: []string{"reception"}})
	a.receptionRings()
	a.receptionTakes()
}

// atOnce: cardiology and reception ring; reception answers, and the CANCEL to
// cardiology's phone carries that reason, so that it does not show a missed
// call.
func atOnce(a *act) {
	a.Phone("cardiology").Answering(softphone.Behaviour{Do: softphone.RingForever})
	a.Phone("reception").Answering(softphone.Behaviour{After: 1200 * time.Millisecond})
	a.begin(client.TransferRequest{Target: "cardiology", Others: []string{"reception"}, Parallel: true})
	a.receptionRings()
	a.receptionTakes()
	a.stopsRinging()
	told := a.Call("cardiology").Reason()
	a.expect(strings.Contains(told, "completed elsewhere"), "cardiology's phone gets the reason that the call was completed elsewhere, not %q", told)
}

// voicemail: a target who answers must press 1. At cardiology a machine has
// answered, which never does; at reception it is a person.
func voicemail(a *act) {
	a.Phone("cardiology").Answering(softphone.Behaviour{})
	a.Phone("reception").Answering(softphone.Behaviour{})
	a.begin(client.TransferRequest{Target: "cardiology", Others: []string{"reception"}, Confirm: true})
	a.Ended("cardiology")
	told := a.Call("cardiology").Reason()
	a.expect(strings.Contains(told, "not accepted"), "the machine gets the reason that it has not accepted, not %q", told)
	a.receptionRings()
	must(a.t, a.Call("reception").SendDigits("1"))
	a.receptionTakes()
	a.expect(!a.everHears("cardiology", "customer"), "the machine never hears the customer")
}

// receptionRings, and the customer hears hold audio.
func (a *act) receptionRings() {
	a.t.Helper()
	a.Rung("reception")
	a.hears("customer", "hold audio")
}

// receptionTakes: the customer is handed over, and has heard no other target.
func (a *act) receptionTakes() {
	a.t.Helper()
	a.handedOver("reception")
	a.expect(!a.everHears("customer", "cardiology"), "the customer never hears cardiology")
}
