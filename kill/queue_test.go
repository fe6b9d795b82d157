package kill

import (
	"errors"
	"fmt"
	"time"

	"holdfast/call"
)

var queueEndings = []ending{
	{name: "queue", called: "sales", offerFor: time.Second, begin: othersQueue, cardiology: picksUp, play: served, outcome: call.Completed},
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
func served(c *cell) (err error) {
	if err := handedOver(c); err != nil {
		return err
	}
	for _, other := range c.others {
		if other.anaCall, err = c.ana.Incoming(c.ctx); err != nil {
			return fmt.Errorf("ana is rung for who has waited: %w", err)
		}
		if err := errors.Join(other.withAna(), other.withoutCardiology()); err != nil {
			return err
		}
		if err := other.leaves(); err != nil {
			return err
		}
	}
	return nil
}
