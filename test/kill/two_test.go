package kill

import (
	"errors"

	"holdfast/call"
)

// endingsOfTwo are those in which ana has another customer on hold meanwhile.
var endingsOfTwo = []ending{
	{name: "two customers, answered", begin: oneWaits, cardiology: picksUp, play: beside(handedOver), outcome: call.Completed},
	{name: "two customers, busy", begin: oneWaits, cardiology: isBusy, play: beside(backWithAna), outcome: call.TransferFailed, reason: call.Busy},
}

// oneWaits: ana puts a customer on hold, and takes the call of another one.
func oneWaits(c *cell) error {
	first := c.spare[0]
	if err := first.talk(); err != nil {
		return err
	}
	if err := first.again(first.find); err != nil {
		return err
	}
	held := func(x call.Contact) bool { return isThere(x, call.Customer, call.Held) }
	if err := first.insist(c.client.Hold, held); err != nil {
		return err
	}
	if err := first.onHold(); err != nil {
		return err
	}
	c.others = append(c.others, first)
	return c.talk()
}

// beside plays while another customer waits, who is not forgotten by it: ana
// takes them off hold at the end.
func beside(play func(*cell) error) func(*cell) error {
	return func(c *cell) error {
		if err := play(c); err != nil {
			return err
		}
		first := c.others[0]
		if err := errors.Join(first.onHold(), first.withoutCardiology(), first.resumed()); err != nil {
			return err
		}
		return first.leaves()
	}
}

// leaves: a customer who talks to ana hangs up, and that is the end of it.
func (c *cell) leaves() error {
	if err := c.goodbye(); err != nil {
		return err
	}
	if err := errors.Join(c.ended("another customer", c.customer.ended()), c.ended("ana", c.anaCall.Ended())); err != nil {
		return err
	}
	_, err := c.await(func(x call.Contact) bool { return x.Stage == call.Over })
	return err
}
