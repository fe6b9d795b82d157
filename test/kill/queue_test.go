package kill

import (
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
func othersQueue(c *cell) {
	c.talk()
	for _, other := range c.spare {
		other.calls()
		other.Find()
		other.inQueue()
		c.others = append(c.others, other)
	}
}

func (c *cell) inQueue() { c.t.Helper(); c.Hears(c.name, "queue audio") }

// served: cardiology gets the first customer, and so ana is free for the
// others, in the order in which they have come.
func served(c *cell) {
	handedOver(c)
	for _, other := range c.others {
		other.isServed()
	}
}

// isServed: ana is free for a customer who has waited.
func (c *cell) isServed() {
	c.t.Helper()
	c.Rung("ana")
	c.with("ana")
	c.withoutCardiology()
	c.leaves()
}

// benLetsItRing: while ana talks to somebody, ben is offered a customer and does
// not answer. Another one calls then; but ana, when she is free, gets the first.
func benLetsItRing(c *cell) {
	earlier, behind := c.spare[0], c.spare[1]
	earlier.called = "help"
	earlier.talk()
	c.isMissed(behind)
	c.others = []*cell{earlier, behind}
	earlier.leaves()
	c.Rung("ana")
	c.with("ana")
	behind.inQueue()
}

// isMissed: ben is rung for a customer and lets it ring, until both they and
// who has called behind them wait.
func (c *cell) isMissed(behind *cell) {
	c.t.Helper()
	c.Phone("ben").Answering(ringsOn)
	c.calls()
	c.Rung("ben")
	c.Find()
	behind.calls()
	behind.Find()
	c.Ended("ben")
	c.inQueue()
	behind.inQueue()
}

// nextServed: cardiology gets the customer, and ana who came behind them.
func nextServed(c *cell) {
	handedOver(c)
	c.others[1].isServed()
}

// benInstead: ana has left and does not answer when she is recalled. Ben, of
// the fallback queue, gets the customer.
func benInstead(c *cell) {
	c.rungInVain()
	c.Rung("ben")
	c.with("ben")
	c.Ended("ana")
	c.withoutCardiology()
	c.goodbye()
	c.Ended("ben")
}
