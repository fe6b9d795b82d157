package kill

import (
	"errors"
	"fmt"
	"time"

	"holdfast/call"
)

var queueEndings = []ending{
	{name: "queue", called: "sales", offerFor: time.Second, begin: othersQueue, cardiology: picksUp, play: served, outcome: call.Completed},
	{name: "queue, offer not answered", called: "shop", offerFor: time.Second, begin: benLetsItRing, cardiology: picksUp, play: nextServed, outcome: call.Completed},
	{name: "queue as target", target: "heart", cardiology: picksUp, play: handedOver, outcome: call.Completed},
	{name: "fallback queue", kind: call.Blind, fallback: "shop", cardiology: isBusy, play: benInstead, outcome: call.TransferFailed, reason: call.Busy},
}

// othersQueue: ana is found for a customer, and two others wait for her.
func othersQueue(c *cell) error {
	if err := c.talk(); err != nil {
		return err
	}
	if err := c.again(c.find); err != nil {
		return err
	}
	for _, other := range c.spare {
		other.others = append([]*cell{c}, c.others...)
		if err := other.calls(); err != nil {
			return err
		}
		if err := other.again(other.find); err != nil {
			return err
		}
		if err := other.inQueue(); err != nil {
			return err
		}
		c.others = append(c.others, other)
	}
	return nil
}

// served: cardiology gets the first customer, and so ana is free for the
// others, in the order in which they have come.
func served(c *cell) error {
	if err := handedOver(c); err != nil {
		return err
	}
	for _, other := range c.others {
		if err := other.isServed(); err != nil {
			return err
		}
	}
	return nil
}

// isServed: ana is free for a customer who has waited.
func (c *cell) isServed() (err error) {
	if c.anaCall, err = c.ana.Incoming(c.ctx); err != nil {
		return fmt.Errorf("ana is rung for who has waited: %w", err)
	}
	if err := errors.Join(c.withAna(), c.withoutCardiology()); err != nil {
		return err
	}
	return c.leaves()
}

// benLetsItRing: while ana talks to somebody, ben is offered a customer and does
// not answer. Another one calls meanwhile; but ana, when she is free, gets the
// first.
func benLetsItRing(c *cell) error {
	earlier, behind := c.spare[0], c.spare[1]
	earlier.called = "help"
	if err := earlier.talk(); err != nil {
		return err
	}
	if err := earlier.again(earlier.find); err != nil {
		return err
	}
	c.others = []*cell{earlier}
	if err := c.isMissed(behind); err != nil {
		return err
	}
	c.others = append(c.others, behind)
	if err := earlier.leaves(); err != nil {
		return err
	}
	var err error
	if c.anaCall, err = c.ana.Incoming(c.ctx); err != nil {
		return fmt.Errorf("ana is rung for who has waited: %w", err)
	}
	return errors.Join(c.withAna(), behind.inQueue())
}

// isMissed: ben is rung for a customer and lets it ring, until both they and
// who has called behind them wait.
func (c *cell) isMissed(behind *cell) error {
	c.ben.Answering(ringsOn)
	if err := c.calls(); err != nil {
		return err
	}
	missed, err := c.ben.Incoming(c.ctx)
	if err != nil {
		return fmt.Errorf("ben is rung: %w", err)
	}
	if err := c.again(c.find); err != nil {
		return err
	}
	behind.others = append([]*cell{c}, c.others...)
	if err := behind.calls(); err != nil {
		return err
	}
	if err := behind.again(behind.find); err != nil {
		return err
	}
	return errors.Join(c.ended("ben, who has not answered,", missed.Ended()), c.inQueue(), behind.inQueue())
}

// nextServed: cardiology gets the customer, and ana who came behind them.
func nextServed(c *cell) error {
	if err := handedOver(c); err != nil {
		return err
	}
	return c.others[1].isServed()
}

// benInstead: ana has left and does not answer when she is recalled. Ben, of
// the fallback queue, gets the customer.
func benInstead(c *cell) error {
	unanswered, err := c.rungInVain()
	if err != nil {
		return err
	}
	bens, err := c.ben.Incoming(c.ctx)
	if err != nil {
		return fmt.Errorf("ben is rung instead: %w", err)
	}
	if err := errors.Join(
		c.hears("the customer", c.customer.heard(), benTone),
		c.hears("ben", bens.Recording(), c.tone),
		c.ended("ana, recalled,", unanswered.Ended()),
		c.withoutCardiology(),
	); err != nil {
		return err
	}
	if err := c.goodbye(); err != nil {
		return err
	}
	return c.ended("ben", bens.Ended())
}
