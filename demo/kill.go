package demo

import (
	"time"
)

// killedOnHold: the server dies while the customer is on hold. Started again,
// it still has them on hold.
func killedOnHold(a *act) {
	a.talk()
	a.Do(a.Client.Hold)
	a.hears("customer", "hold audio")
	a.crash(func() { a.hears("customer", "hold audio") })
	a.Do(a.Client.Resume)
	a.hearEachOther("customer", "ana")
	a.goodbye()
}

// killedConsulting: the server dies while ana talks to cardiology. Started
// again, they go on talking, and ana hands the customer over.
func killedConsulting(a *act) {
	a.consult()
	a.crash(a.consultation)
	a.Do(a.Client.Complete)
	a.handedOver("cardiology")
}

// crash: the server dies without a word and is started again. All parties hear
// the same as before; that the silence was short is expected of every scene.
func (a *act) crash(asBefore func()) {
	a.t.Helper()
	heard, at := a.Heard("customer"), time.Now()
	a.say("kill -9")
	must(a.t, a.kill())
	must(a.t, a.start(a.t.Context()))
	a.say("the server is back after %d ms", time.Since(at).Milliseconds())
	asBefore()
	gap := heard.LongestGapWithin(heard.At(at), heard.Length())
	a.measure("audio back after %d ms", gap.Milliseconds())
}
