package kill

import (
	"context"
	"errors"
	"fmt"

	"holdfast/call"
	"holdfast/softphone"
)

var blindEndings = []ending{
	{name: "blind, answered", kind: call.Blind, cardiology: picksUp, play: handedOver, outcome: call.Completed},
	{name: "blind, busy", kind: call.Blind, cardiology: isBusy, play: rungBack, outcome: call.TransferFailed, reason: call.Busy},
	{name: "blind, nobody", kind: call.Blind, ringFor: ringShort, cardiology: ringsOn, play: parked, outcome: call.TransferFailed, reason: call.NoAnswer},
}

// rungBack: ana, who has left, is rung and has the customer again.
func rungBack(c *cell) (err error) {
	if err := c.released(); err != nil {
		return err
	}
	if c.anaCall, err = c.ana.Incoming(c.ctx); err != nil {
		return fmt.Errorf("ana is recalled: %w", err)
	}
	if err := errors.Join(c.withAna(), c.withoutCardiology()); err != nil {
		return err
	}
	return c.goodbye()
}

// parked: ana does not answer either when she is recalled. The customer waits
// until she picks them up.
func parked(c *cell) error {
	unanswered, err := c.rungInVain()
	if err != nil {
		return err
	}
	isParked := func(x call.Contact) bool { return x.Stage == call.Parked }
	if _, err := c.await(isParked); err != nil {
		return err
	}
	if err := errors.Join(c.isParked(), c.ended("ana, recalled,", unanswered.Ended())); err != nil {
		return err
	}
	c.ana.Answering(softphone.Behaviour{})
	pickUp := func(ctx context.Context, id call.ContactID) (call.Contact, error) {
		return c.client.PickUp(ctx, id, "ana")
	}
	if err := c.insist(pickUp, func(x call.Contact) bool { return !isParked(x) }); err != nil {
		return err
	}
	if c.anaCall, err = c.ana.Incoming(c.ctx); err != nil {
		return fmt.Errorf("ana picks the customer up: %w", err)
	}
	if err := errors.Join(c.withAna(), c.withoutCardiology()); err != nil {
		return err
	}
	return c.goodbye()
}

// rungInVain: ana, who has left, is rung and does not answer.
func (c *cell) rungInVain() (unanswered *softphone.Call, err error) {
	c.ana.Answering(ringsOn)
	if err := errors.Join(c.released(), c.onHold()); err != nil {
		return nil, err
	}
	if unanswered, err = c.ana.Incoming(c.ctx); err != nil {
		return nil, fmt.Errorf("ana is recalled: %w", err)
	}
	return unanswered, nil
}
