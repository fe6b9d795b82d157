package kill

import "holdfast/call"

// endingsOfTwo are those in which ana has another customer on hold meanwhile.
var endingsOfTwo = []ending{
	{name: "two customers, answered", begin: oneWaits, cardiology: picksUp, play: beside(handedOver), outcome: call.Completed},
	{name: "two customers, busy", begin: oneWaits, cardiology: isBusy, play: beside(backWithAna), outcome: call.TransferFailed, reason: call.Busy},
}

// oneWaits: ana puts a customer on hold, and takes the call of another one.
func oneWaits(c *cell) {
	first := c.spare[0]
	first.talk()
	first.insist(c.Client.Hold, func(x call.Contact) bool { return isThere(x, call.Customer, call.Held) })
	first.onHold()
	c.others = append(c.others, first)
	c.talk()
}

// beside plays while another customer waits, who is not forgotten by it: ana
// takes them off hold at the end.
func beside(play func(*cell)) func(*cell) {
	return func(c *cell) {
		play(c)
		first := c.others[0]
		first.onHold()
		first.withoutCardiology()
		first.resumed()
		first.leaves()
	}
}

// leaves: a customer who talks to ana hangs up, and that is the end of it.
func (c *cell) leaves() {
	c.t.Helper()
	c.goodbye()
	c.ends()
	c.Ended("ana")
	c.stage(call.Over)
}
