package kill

import (
	"context"

	"holdfast/call"
	"holdfast/softphone"
)

var blindEndings = []ending{
	{name: "blind, answered", kind: call.Blind, cardiology: picksUp, play: handedOver, outcome: call.Completed},
	{name: "blind, busy", kind: call.Blind, cardiology: isBusy, play: rungBack, outcome: call.TransferFailed, reason: call.Busy},
	{name: "blind, nobody", kind: call.Blind, ringFor: ringShort, cardiology: ringsOn, play: parked, outcome: call.TransferFailed, reason: call.NoAnswer},
}

// rungBack: ana, who has left, is rung and has the customer again.
func rungBack(c *cell) {
	c.released()
	c.isBack()
}

// isBack: ana, who is rung, and the customer hear each other again, and say
// goodbye.
func (c *cell) isBack() {
	c.t.Helper()
	c.Rung("ana")
	c.with("ana")
	c.withoutCardiology()
	c.goodbye()
}

// parked: ana does not answer either when she is recalled. The customer waits
// until she picks them up.
func parked(c *cell) {
	c.rungInVain()
	c.stage(call.Parked)
	c.Hears(c.name, "park audio")
	c.Ended("ana")
	c.Phone("ana").Answering(softphone.Behaviour{})
	pickUp := func(ctx context.Context, id call.ContactID) (call.Contact, error) {
		return c.Client.PickUp(ctx, id, "ana")
	}
	c.insist(pickUp, func(x call.Contact) bool { return x.Stage != call.Parked })
	c.isBack()
}

// rungInVain: ana, who has left, is rung and does not answer.
func (c *cell) rungInVain() {
	c.t.Helper()
	c.Phone("ana").Answering(ringsOn)
	c.released()
	c.onHold()
	c.Rung("ana")
}
