package kill

import (
	"context"
	"errors"
	"slices"

	"holdfast/call"
	"holdfast/softphone"
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
func consulted(rest func(*cell) error) func(*cell) error {
	return func(c *cell) error {
		if _, err := c.await(func(x call.Contact) bool { return x.Stage == call.Consulting }); err != nil {
			return err
		}
		if err := errors.Join(c.anaWithCardiology(), c.onHold(), c.withoutCardiology()); err != nil {
			return err
		}
		return rest(c)
	}
}

func (c *cell) anaWithCardiology() error {
	return errors.Join(
		c.hears("ana", c.anaCall.Recording(), cardiologyTone),
		c.hears("cardiology", c.cardiologyCall.Recording(), anaTone),
	)
}

// completed: cardiology gets the customer without an introduction.
func completed(c *cell) error {
	if err := c.complete(); err != nil {
		return err
	}
	return handedOver(c)
}

func (c *cell) complete() error {
	return c.insist(c.client.Complete, func(x call.Contact) bool { return x.Stage != call.Consulting })
}

// introduced: ana tells the customer, has the two meet, and leaves.
func introduced(c *cell) error {
	if err := c.insist(c.client.Swap, are(call.Connected, call.Held)); err != nil {
		return err
	}
	if err := errors.Join(
		c.withAna(), c.withoutCardiology(),
		c.hears("cardiology", c.cardiologyCall.Recording(), softphone.HoldTone),
	); err != nil {
		return err
	}
	if err := c.insist(c.client.Conference, are(call.Connected, call.Connected)); err != nil {
		return err
	}
	if err := errors.Join(
		c.hears("the customer", c.customer.heard(), anaTone, cardiologyTone),
		c.hears("ana", c.anaCall.Recording(), c.tone, cardiologyTone),
		c.hears("cardiology", c.cardiologyCall.Recording(), c.tone, anaTone),
	); err != nil {
		return err
	}
	return completed(c)
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
func targetLeaves(c *cell) error {
	c.cardiologyCall.HangUp()
	return backWithAna(c)
}

// customerGivesUp: the customer hangs up; ana and cardiology talk on.
func customerGivesUp(c *cell) error {
	if err := c.goodbye(); err != nil {
		return err
	}
	if _, err := c.await(func(x call.Contact) bool { return x.Stage == call.Finishing }); err != nil {
		return err
	}
	if err := errors.Join(c.anaWithCardiology(), c.withoutCardiology()); err != nil {
		return err
	}
	c.anaCall.HangUp()
	return nil
}

// takenBack: ana cancels the transfer, and has the customer again.
func takenBack(c *cell) error {
	cancel := func(ctx context.Context, id call.ContactID) (call.Contact, error) {
		if _, err := c.client.Cancel(ctx, id, "t1"); err != nil {
			return call.Contact{}, err
		}
		return c.client.Contact(ctx, id)
	}
	if err := c.insist(cancel, func(x call.Contact) bool { return x.Transfer == nil }); err != nil {
		return err
	}
	return backWithAna(c)
}
