package kill

import (
	"context"
	"slices"

	"holdfast/call"
)

var warmEndings = []ending{
	{name: "warm, completed", kind: call.Warm, cardiology: picksUp, play: consulted(completed), outcome: call.Completed},
	{name: "warm, introduced", kind: call.Warm, cardiology: picksUp, play: consulted(introduced), outcome: call.Completed},
	{name: "warm, target leaves", kind: call.Warm, cardiology: picksUp, play: consulted(targetLeaves), outcome: call.TransferFailed, reason: call.LeftEarly},
	{name: "warm, agent leaves", kind: call.Warm, cardiology: picksUp, play: consulted(agentLeaves), outcome: call.Completed},
	{name: "warm, customer leaves", kind: call.Warm, cardiology: picksUp, play: consulted(customerGivesUp), outcome: call.Abandoned, reason: call.CustomerLeft},
	{name: "warm, cancelled", kind: call.Warm, cardiology: picksUp, play: consulted(takenBack), outcome: call.Cancelled, reason: call.CancelledByAgent},
}

// consulted: ana talks to cardiology, the customer waits; and then the rest.
func consulted(rest func(*cell)) func(*cell) {
	return func(c *cell) {
		c.stage(call.Consulting)
		c.anaWithCardiology()
		c.waits()
		rest(c)
	}
}

func (c *cell) anaWithCardiology() {
	c.t.Helper()
	c.Hears("ana", "cardiology")
	c.Hears("cardiology", "ana")
}

// waits: the customer hears hold audio, and has not heard cardiology, which is
// looked into also if they do not.
func (c *cell) waits() {
	c.t.Helper()
	defer c.withoutCardiology()
	c.onHold()
}

// completed: cardiology gets the customer without an introduction.
func completed(c *cell) {
	c.insist(c.Client.Complete, func(x call.Contact) bool { return x.Stage != call.Consulting })
	handedOver(c)
}

// introduced: ana tells the customer, has the two meet, and leaves.
func introduced(c *cell) {
	c.insist(c.Client.Swap, are(call.Connected, call.Held))
	c.with("ana")
	c.withoutCardiology()
	c.Hears("cardiology", "hold audio")
	c.insist(c.Client.Conference, are(call.Connected, call.Connected))
	c.Hears(c.name, "ana", "cardiology")
	c.Hears("ana", c.name, "cardiology")
	c.Hears("cardiology", c.name, "ana")
	completed(c)
}

// are says how customer and target are wanted.
func are(customer, target call.State) func(call.Contact) bool {
	return func(x call.Contact) bool {
		return isThere(x, call.Customer, customer) && isThere(x, call.Target, target)
	}
}

func isThere(x call.Contact, p call.Party, s call.State) bool {
	return slices.ContainsFunc(x.Connections, func(c call.Connection) bool { return c.Party == p && c.State == s })
}

// targetLeaves: cardiology hangs up, and ana has the customer again.
func targetLeaves(c *cell) {
	c.HangUp("cardiology")
	backWithAna(c)
}

// customerGivesUp: the customer hangs up; ana and cardiology talk on.
func customerGivesUp(c *cell) {
	c.goodbye()
	c.stage(call.Finishing)
	c.anaWithCardiology()
	c.withoutCardiology()
	c.HangUp("ana")
}

// takenBack: ana cancels the transfer, and has the customer again.
func takenBack(c *cell) {
	cancel := func(ctx context.Context, id call.ContactID) (call.Contact, error) {
		if _, err := c.Client.Cancel(ctx, id, "t1"); err != nil {
			return call.Contact{}, err
		}
		return c.Client.Contact(ctx, id)
	}
	c.insist(cancel, func(x call.Contact) bool { return x.Transfer == nil })
	backWithAna(c)
}
