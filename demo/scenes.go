package demo

import (
	"holdfast/call"
	"holdfast/client"
)

// scenes are played in this order.
var scenes = []struct {
	name  string
	title string
	play  func(*act)
}{
	{"answered", "cold transfer, cardiology answers", answered},
	{"no-answer", "cold transfer, nobody answers", noAnswer},
	{"busy", "cold transfer, cardiology is busy", busy},
	{"customer-leaves", "the customer hangs up while cardiology rings", customerLeaves},
	{"in-turn", "two targets in turn: cardiology is busy, reception answers", inTurn},
	{"at-once", "two targets at once: reception is quicker", atOnce},
	{"voicemail", "cardiology's voicemail does not press 1, reception does", voicemail},
	{"warm", "warm transfer: consulted, introduced, handed over", warm},
	{"blind", "blind transfer, cardiology is busy: ana is recalled", blindComesBack},
	{"agent-gone", "ana has gone, and cardiology declines: parked, and picked up", agentGone},
	{"kill", "the server is killed while the customer is on hold", killedOnHold},
	{"kill-consulting", "the server is killed while ana consults cardiology", killedConsulting},
}

// begin: the customer calls ana, they talk, and ana asks for a transfer, whose
// first target is rung.
func (a *act) begin(ask client.TransferRequest) {
	a.t.Helper()
	a.talk()
	a.Transfer(ask)
	a.Rung(ask.Target)
}

// talk is that of the bed, but also prints who can hear each other.
func (a *act) talk() {
	a.t.Helper()
	a.Dial("customer", "help")
	a.Rung("ana")
	a.Find()
	a.hearEachOther("customer", "ana")
}

// handedOver: ana is released, and customer and target are alone with each
// other. Then they hang up.
func (a *act) handedOver(target string) {
	a.t.Helper()
	a.Ended("ana")
	a.hearEachOther("customer", target)
	a.expect(!ended(a.Call("customer")), "the customer's line stays up")
	a.HangUp("customer")
	a.Ended(target)
	a.outcome(call.Completed, "")
}

// backWithAna: the two hear each other again and hang up; the transfer has
// failed.
func (a *act) backWithAna(why call.Reason) {
	a.t.Helper()
	a.hearEachOther("customer", "ana")
	a.expect(!a.everHears("customer", "cardiology"), "the customer never hears cardiology")
	a.goodbye()
	a.outcome(call.TransferFailed, why)
}

// goodbye: the customer hangs up, and so ana's line ends.
func (a *act) goodbye() {
	a.t.Helper()
	a.HangUp("customer")
	a.Ended("ana")
}
