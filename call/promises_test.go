package call_test

import (
	"fmt"
	"slices"
	"time"

	"holdfast/call"
)

// promises are the promises of package call as properties of a move, each
// returning how it is broken, or "".
var promises = []struct {
	name   string
	broken func(move) string
}{
	{"P1", customerKept},
	{"P2", customerLookedAfter},
	{"P3", agentReleasedOnlyAfterJoin},
	{"P4", backWithTheAgent},
	{"P5", neverAlone},
	{"P6", nothingWithoutTheCustomer},
	{"P7", oneTransfer},
	{"P9", noOrphans},
	{"refusals", refusedIsUnchanged},
}

// broken is the first promise that a move breaks, or "".
func (m move) broken() string {
	for _, p := range promises {
		if how := p.broken(m); how != "" {
			return p.name + ": " + how
		}
	}
	return ""
}

// answered says that we have picked up for the customer, who has not left.
func (w world) answered() bool { return !w.c.Answered.IsZero() && w.lines[customer] }

func (m move) drops(id call.ConnectionID) bool {
	return slices.ContainsFunc(m.commands, func(c call.Command) bool {
		d, ok := c.(call.Drop)
		return ok && d.Connection == id
	})
}

// leaves says that the event is that somebody's line ends.
func (m move) leaves(id call.ConnectionID) bool {
	switch ev := m.ev.(type) {
	case call.HungUp:
		return ev.Connection == id
	case call.Lost:
		return ev.Connection == id
	}
	return false
}

// customerKept (P1): an answered customer's line ends only by themselves or by
// the goodbye of the last other person.
func customerKept(m move) string {
	if !m.before.answered() || m.after.answered() || m.leaves(customer) {
		return ""
	}
	up, ok := m.ev.(call.HungUp)
	goodbye := ok && m.before.c.Stage == call.Talking && len(m.before.c.Connections) == 2 &&
		find(m.before.c, up.Connection) != nil && find(m.before.c, customer).State == call.Connected &&
		up.Connection != m.before.tookOver()
	if goodbye {
		return ""
	}
	return "the customer's line was ended"
}

// customerLookedAfter (P2): the customer hears something, and somebody is
// responsible.
func customerLookedAfter(m move) string {
	c := m.after.c
	if !m.after.answered() {
		return ""
	}
	hears := slices.ContainsFunc(call.Hears(c), func(h call.Hearing) bool {
		return h.Connection == customer && (len(h.From) > 0 || h.Audio != "")
	})
	if !hears {
		return "the customer hears nothing"
	}
	rung, there := 0, 0
	for _, x := range c.Connections[1:] {
		if x.State == call.Connecting {
			rung++
		} else {
			there++
		}
	}
	responsible := map[call.Stage]bool{
		call.Talking: there > 0, call.Joining: there > 0, call.Reaching: rung > 0 && c.Transfer != nil,
		call.Returning: rung > 0, call.Parked: there+rung == 0,
	}
	if !responsible[c.Stage] {
		return fmt.Sprintf("nobody is responsible while %s", c.Stage)
	}
	return ""
}

// agentReleasedOnlyAfterJoin (P3).
func agentReleasedOnlyAfterJoin(m move) string {
	t := m.before.c.Transfer
	if t == nil || find(m.before.c, t.By) == nil || !m.drops(t.By) || m.leaves(customer) {
		return ""
	}
	target := t.Attempts[len(t.Attempts)-1]
	joined, ok := m.ev.(call.Joined)
	if !ok || target.Answered.IsZero() || !slices.Contains(joined.Connections, customer) ||
		!slices.Contains(joined.Connections, target.Connection) {
		return "the agent was released before customer and target were in the same sound"
	}
	for _, id := range []call.ConnectionID{customer, target.Connection} {
		if x := find(m.after.c, id); x == nil || x.State != call.Connected {
			return "the agent was released, and customer and target do not hear each other"
		}
	}
	return ""
}

// backWithTheAgent (P4): the customer is on hold with the agent, who is told.
func backWithTheAgent(m move) string {
	t := m.before.c.Transfer
	if t == nil || m.after.c.Transfer != nil {
		return ""
	}
	ended := m.after.c.Past[len(m.after.c.Past)-1]
	agent := find(m.after.c, t.By)
	if ended.Outcome != call.TransferFailed || agent == nil {
		return ""
	}
	told := slices.ContainsFunc(m.commands, func(c call.Command) bool {
		tell, ok := c.(call.Tell)
		return ok && tell.Connection == t.By && tell.Reason == ended.Reason && tell.Text != ""
	})
	held := find(m.after.c, customer).State == call.Held
	if !told || !held || agent.State != call.Connected || ended.Reason == "" {
		return "after a failed transfer the customer is not on hold with an agent who knows why"
	}
	return ""
}

// neverAlone (P5): an answered customer with nobody is rung somebody, or parked.
func neverAlone(m move) string {
	if !m.after.answered() || len(m.after.c.Connections) > 1 || m.after.c.Stage == call.Parked {
		return ""
	}
	return fmt.Sprintf("the customer is alone while %s", m.after.c.Stage)
}

// nothingWithoutTheCustomer (P6).
func nothingWithoutTheCustomer(m move) string {
	if m.after.lines[customer] || m.after.c.Stage == "" {
		return ""
	}
	dials := slices.ContainsFunc(m.commands, func(c call.Command) bool { _, ok := c.(call.Dial); return ok })
	if m.after.c.Stage != call.Over || len(m.after.lines) > 0 || dials {
		return "the customer has gone, and somebody is still there for them"
	}
	return ""
}

// oneTransfer (P7): a transfer asked for while one runs changes nothing, and
// nobody is rung twice in an attempt.
func oneTransfer(m move) string {
	if _, asks := m.ev.(call.TransferRequested); asks && m.before.c.Transfer != nil && len(m.commands) > 0 {
		return "a second transfer has begun"
	}
	rung := map[call.ConnectionID]bool{}
	for _, c := range m.commands {
		if d, ok := c.(call.Dial); ok {
			if rung[d.Connection] || m.before.lines[d.Connection] {
				return "somebody is rung twice"
			}
			rung[d.Connection] = true
		}
	}
	return ""
}

// noOrphans (P9): there are lines for those in the contact, and no others.
func noOrphans(m move) string {
	for id := range m.after.lines {
		if find(m.after.c, id) == nil {
			return fmt.Sprintf("the line of connection %d outlives it", id)
		}
	}
	for _, x := range m.after.c.Connections {
		if !m.after.lines[x.ID] {
			return fmt.Sprintf("connection %d has no line", x.ID)
		}
	}
	return ""
}

func refusedIsUnchanged(m move) string {
	if m.refused != nil && len(m.commands) > 0 {
		return "a refused request has commands"
	}
	return ""
}

// live lets deadlines alone go on: they must end every transfer and every
// ringing. It returns how they do not, or "".
func (w world) live(step stepper) string {
	for range 10 {
		d := w.c.Deadline()
		if d.IsZero() {
			if w.c.Transfer != nil {
				return "no deadline will end the transfer"
			}
			return ""
		}
		w.now = later(w.now, d)
		w = w.take(step, call.DeadlinePassed{}).after
	}
	return "deadlines do not come to an end"
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
