package operator

import "holdfast/call"

// turnsMost ends a turn that does not end by itself, which would be a fault.
const turnsMost = 1000

// turn brings package call up to date with the desk, and then asks the desk for
// the next command.
func (c *contact) turn() {
	for range turnsMost {
		if !c.settle() && !c.fact() {
			break
		}
	}
	if c.command == nil {
		c.act()
	}
	c.report()
}

// feed gives package call a fact, which is never refused.
func (c *contact) feed(ev call.Fact) { _ = c.step(ev) }

// step gives package call an event, and returns why it is refused, or nil.
func (c *contact) step(ev call.Event) *call.Refusal {
	after, _, err := call.Step(c.call, c.now, ev)
	if err != nil {
		refusal, _ := err.(*call.Refusal) //nolint:errorlint // Step wraps nothing, and errors.As takes 7 kB of WebAssembly
		return refusal
	}
	ended := c.call.Transfer != nil && after.Transfer == nil
	c.events = append(c.events, call.Timed{At: c.now, Event: ev})
	c.call = after
	if ended {
		outcome := c.last().Outcome
		c.restore = outcome == call.TransferFailed || outcome == call.Cancelled
		if outcome == call.Completed {
			c.forgive("drop", c.agent.id)
		}
	}
	return nil
}

// fact gives package call one fact that the desk shows, and reports whether there
// was one.
func (c *contact) fact() bool {
	ev := c.newFact()
	if ev == nil {
		return false
	}
	c.feed(ev)
	return true
}

func (c *contact) newFact() call.Fact {
	if c.call.Stage == "" {
		return nil
	}
	if c.hasLeft() {
		return call.HungUp{Connection: 1}
	}
	if c.vanished() || c.hasEnded(c.agent) {
		return c.withoutAgent()
	}
	if c.call.Stage == call.Returning { // the agent has never left the desk
		c.by = c.call.LastConnection
		return call.Answered{Connection: c.by}
	}
	for i := range c.legs {
		if ev := c.ofTarget(&c.legs[i]); ev != nil {
			return ev
		}
	}
	if c.call.Stage == call.Joining && c.conferenced && c.command == nil && c.bothConnected() {
		return call.Joined{Connections: []call.ConnectionID{1, c.attempt().Connection}}
	}
	if why := c.blocked(); why != "" {
		return call.Failed{Connection: c.attempt().Connection, Reason: call.LineError, Detail: why}
	}
	if call.Due(c.call.Deadline(), c.now) {
		return call.DeadlinePassed{}
	}
	return nil
}

// hasLeft reports whether the customer has left. If the whole contact has ended,
// that is known only while no target has answered: afterwards the customer may be
// with the target.
func (c *contact) hasLeft() bool {
	switch {
	case c.in(1) == nil:
		return false
	case !c.vanished():
		return c.hasEnded(c.customer) && !c.hasEnded(c.agent)
	}
	return c.call.Stage == call.Reaching && !c.released && c.shown(c.customer.id) == disconnected
}

// withoutAgent returns the fact that follows when the agent's contact has ended: a
// blind transfer counts as completed, and any other that was not decided has
// failed.
func (c *contact) withoutAgent() call.Fact {
	a := c.attempt()
	switch {
	case a == nil && c.call.Stage == call.Returning:
		return call.Failed{Connection: c.call.LastConnection, Reason: call.Unreachable}
	case a == nil:
		return nil
	case c.call.Stage == call.Joining && c.together:
		return call.Joined{Connections: []call.ConnectionID{1, a.Connection}}
	case c.call.Transfer.Kind == call.Blind && c.legOf(a.Connection) != nil:
		c.unproven = true
		if c.call.Stage == call.Reaching {
			return call.Answered{Connection: a.Connection}
		}
		return call.Joined{Connections: []call.ConnectionID{1, a.Connection}}
	}
	c.lost = true
	if c.in(c.by) != nil {
		return call.Lost{Connection: c.by, Detail: "the agent's contact has ended"}
	}
	if c.call.Stage == call.Reaching {
		return call.Failed{Connection: a.Connection, Reason: call.LineError, Detail: "the agent's contact has ended"}
	}
	return call.Lost{Connection: a.Connection, Detail: "the agent's contact has ended"}
}

// ofTarget returns a fact that a target's line shows and package call does not
// know yet.
func (c *contact) ofTarget(l *leg) call.Fact {
	party := c.in(l.connection)
	if party == nil || c.legOf(l.connection) != l {
		return nil
	}
	state := c.shown(l.id)
	switch {
	case c.hasEnded(l.line) && party.State == call.Connecting:
		return call.Failed{Connection: l.connection, Reason: c.reason(l), Detail: "the line ended before it answered"}
	case c.hasEnded(l.line):
		return call.HungUp{Connection: l.connection}
	case party.State != call.Connecting:
		return nil
	case (state == connected || state == onHold) && c.counts(party):
		if !isLine(party.Endpoint) && c.confirmed != l.connection {
			c.unproven = true
		}
		return call.Answered{Connection: l.connection}
	case state != "" && !party.Ringing:
		return call.Rang{Connection: l.connection}
	}
	return nil
}

func (c *contact) reason(l *leg) call.Reason {
	if s := c.find(l.id); s != nil && s.reason != "" {
		return s.reason
	}
	return call.Unreachable
}

// counts reports whether a connected target is a person. Amazon Connect shows an
// agent or a queue as connected when the call is routed to them.
func (c *contact) counts(party *call.Connection) bool {
	return isLine(party.Endpoint) || c.assume || c.confirmed == party.ID
}

// isLine reports whether an endpoint is connected only when a person or a machine
// has picked up.
func isLine(e call.Endpoint) bool { return e.Kind == call.PhoneNumber || e.Kind == call.URI }

// blocked returns why the attempt under way cannot be dialled, or an empty string.
func (c *contact) blocked() string {
	a := c.attempt()
	if c.command != nil || c.call.Stage != call.Reaching || c.added >= a.Connection {
		return ""
	}
	if t := c.try("hold", c.customer.id); t.isOver() && c.shown(c.customer.id) == connected {
		return "the customer could not be put on hold: " + t.text
	}
	if c.foreign() != nil {
		return "another party is in the call"
	}
	for _, l := range c.legs {
		if t := c.try("drop", l.id); t.isOver() && c.live(l.id) {
			return "an earlier line could not be ended: " + t.text
		}
	}
	return ""
}
