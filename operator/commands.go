package operator

import (
	"strings"
	"time"

	"holdfast/call"
)

// A command is something the page was asked to do.
type command struct {
	n          int
	verb       string
	line       string            // whose line, empty for add and conference
	connection call.ConnectionID // of add: the connection of the target dialled
	target     call.Endpoint     // of add
	deadline   time.Time
	sent       bool      // the page has it
	seen       bool      // a snapshot has come since
	answered   time.Time // when the library has answered
	refused    bool
	text       string // with which words
}

// A try counts how often a command had no effect.
type try struct {
	verb, line string
	count      int
	text       string // the library's answer to the last one
}

// isOver reports whether a command is not tried again. A hold matters less than the
// commands that bring the customer back.
func (t try) isOver() bool {
	if t.verb == "hold" {
		return t.count >= 4
	}
	return t.count >= 5
}

func (c *contact) try(verb, id string) try {
	for _, t := range c.tries {
		if t.verb == verb && t.line == id {
			return t
		}
	}
	return try{verb: verb, line: id}
}

func (c *contact) may(verb, id string) bool { return !c.try(verb, id).isOver() }

// forgive forgets the tries of a command.
func (c *contact) forgive(verb, id string) {
	for i, t := range c.tries {
		if t.verb == verb && t.line == id {
			c.tries = append(c.tries[:i:i], c.tries[i+1:]...)
			return
		}
	}
}

// answer takes the library's answer to a command.
func (c *contact) answer(n int, text string, refused bool) {
	if k := c.command; k != nil && k.n == n && k.answered.IsZero() {
		k.answered, k.refused, k.text = c.now, refused, text
	}
}

// settle ends the outstanding command if its effect is shown, or if it had none in
// time, and reports whether it has ended.
func (c *contact) settle() bool {
	k := c.command
	if k == nil {
		return false
	}
	timedOut := !c.now.Before(k.deadline)
	if k.answered.IsZero() && !timedOut {
		return false
	}
	quiet := timedOut || !c.now.Before(k.answered.Add(settleWithin))
	switch {
	case c.hasEffect(k) && (k.seen || quiet):
		c.forgive(k.verb, k.line)
	case k.verb == "conference" && c.call.Stage != call.Joining && !c.mustRelease():
		// Customer or target has left, so no effect is to be waited for.
	case !timedOut && !(k.refused && quiet):
		return false
	default:
		c.hadNone(k)
	}
	c.command = nil
	return true
}

// hasEffect reports whether the snapshot shows the effect of the command.
func (c *contact) hasEffect(k *command) bool {
	switch k.verb {
	case "hold":
		return c.shown(k.line) != connected
	case "resume":
		return c.shown(k.line) != onHold
	case "add":
		return c.legOf(k.connection) != nil
	case "conference":
		return c.bothConnected()
	}
	return !c.live(k.line)
}

// hadNone counts a command without effect. A target whose line has not appeared
// has failed: dialling again might ring twice.
func (c *contact) hadNone(k *command) {
	if k.text == "" {
		k.text = "it had no effect"
	}
	if k.verb != "add" {
		t := c.try(k.verb, k.line)
		c.forgive(k.verb, k.line)
		c.tries = append(c.tries, try{k.verb, k.line, t.count + 1, k.text})
		return
	}
	reason := call.Unreachable
	if k.refused {
		reason = reasonOf(k.text)
	}
	c.feed(call.Failed{Connection: k.connection, Reason: reason, Detail: k.text})
}

// reasonOf finds the reason in the words of a refusal.
func reasonOf(text string) call.Reason {
	text = strings.ToLower(text)
	for _, known := range []struct {
		words  string
		reason call.Reason
	}{
		{"busy", call.Busy},
		{"no answer", call.NoAnswer},
		{"did not answer", call.NoAnswer},
		{"declined", call.Declined},
		{"rejected", call.Declined},
		{"badendpoint", call.NotFound},
		{"not found", call.NotFound},
		{"may not", call.Denied},
		{"not allowed", call.Denied},
		{"denied", call.Denied},
	} {
		if strings.Contains(text, known.words) {
			return known.reason
		}
	}
	return call.Unreachable
}

// act asks the desk for the next command, if any.
func (c *contact) act() {
	k := c.next()
	if k == nil {
		return
	}
	c.commands++
	k.n, k.deadline = c.commands, c.now.Add(commandWithin)
	switch k.verb {
	case "add":
		k.deadline = c.now.Add(addWithin)
		c.added = k.connection
		c.adds = append(c.adds, add{k.connection, k.target, c.now.Add(lateWithin)})
	case "conference":
		c.conferenced = true
	case "drop":
		c.released = c.released || k.line == c.agent.id
	}
	c.command = k
}

// next returns the command for the first difference between package call's state and
// the desk's, or nil.
func (c *contact) next() *command {
	if c.view == nil || c.vanished() || c.hasEnded(c.agent) {
		return nil
	}
	for i := range c.legs {
		if l := &c.legs[i]; c.live(l.id) && c.in(l.connection) == nil && c.may("drop", l.id) {
			return &command{verb: "drop", line: l.id}
		}
	}
	switch c.call.Stage {
	case call.Reaching:
		return c.nextReaching()
	case call.Joining:
		if l := c.legOf(c.attempt().Connection); c.live(c.customer.id) && c.live(l.id) {
			return &command{verb: "conference"}
		}
	case call.Talking:
		return c.nextTalking()
	case call.Offering, call.Dialling, call.Consulting, call.Returning, call.Parked, call.Finishing, call.Over:
	}
	return nil
}

// nextReaching holds the customer, dials, and releases the agent of a blind
// transfer.
func (c *contact) nextReaching() *command {
	a := c.attempt()
	l := c.legOf(a.Connection)
	customer := c.shown(c.customer.id)
	switch {
	case l != nil && c.call.Transfer.Kind == call.Blind && c.live(l.id) && c.may("drop", c.agent.id):
		return &command{verb: "drop", line: c.agent.id}
	case customer == connected && (l == nil || c.shown(l.id) == connecting) && c.may("hold", c.customer.id):
		return &command{verb: "hold", line: c.customer.id}
	case customer == onHold && c.added < a.Connection:
		return &command{verb: "add", connection: a.Connection, target: a.Target}
	}
	return nil
}

// nextTalking releases the agent after a transfer that completed, and brings the
// customer back after one that did not.
func (c *contact) nextTalking() *command {
	if c.mustRelease() {
		return c.nextRelease()
	}
	if !c.restore {
		return nil
	}
	wanted, verb := onHold, "hold"
	if c.in(1).State == call.Connected {
		wanted, verb = connected, "resume"
	}
	state := c.shown(c.customer.id)
	switch {
	case state == wanted:
		c.restore = c.mayBeHeld(wanted)
	case state == connected || state == onHold:
		if c.may(verb, c.customer.id) {
			return &command{verb: verb, line: c.customer.id}
		}
		c.restore = wanted == connected
	}
	return nil
}

// mayBeHeld reports whether a hold that seemed to have no effect may still have one,
// and the customer must not be on hold.
func (c *contact) mayBeHeld(wanted lineState) bool {
	return wanted == connected && c.try("hold", c.customer.id).count > 0 && c.now.Before(c.last().Ended.Add(lateWithin))
}

// mustRelease reports whether the transfer has completed and the agent is there.
func (c *contact) mustRelease() bool {
	return c.call.Stage == call.Talking && c.in(c.by) == nil && c.live(c.agent.id)
}

// nextRelease releases the agent if customer and target are connected. A party that
// is not shown may have left: then the agent is needed.
func (c *contact) nextRelease() *command {
	customer, target := c.shown(c.customer.id), c.shown(c.targetLine())
	switch {
	case c.bothConnected() && c.may("drop", c.agent.id):
		return &command{verb: "drop", line: c.agent.id}
	case customer == onHold && c.live(c.targetLine()) || target == onHold && c.live(c.customer.id):
		if c.may("conference", "") {
			return &command{verb: "conference"}
		}
	}
	return nil
}

// targetLine is the line of the target that the latest transfer reached last.
func (c *contact) targetLine() string {
	attempts := c.last().Attempts
	for i := len(attempts) - 1; i >= 0; i-- {
		if l := c.legOf(attempts[i].Connection); l != nil {
			return l.id
		}
	}
	return ""
}

// settled reports whether the desk is as package call wants it, or as near to that
// as it can be brought.
func (c *contact) settled() bool {
	switch {
	case c.vanished():
		return true
	case c.mustRelease():
		return c.stuck() != ""
	}
	return c.command == nil
}
