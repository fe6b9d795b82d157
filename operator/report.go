package operator

import (
	"time"

	"holdfast/call"
)

// report posts the changes for the page: first the state to save, so that a reloaded
// page knows of each command that was sent.
func (c *contact) report() {
	if saved := c.save(); !same(saved, c.saved) {
		c.saved = saved
		c.post(map[string]any{"type": "save", "contactId": c.id, "saved": saved})
	}
	if k := c.command; k != nil && !k.sent {
		k.sent = true
		c.post(k.message(c.id))
	}
	c.reportStates()
	if at := c.wake(); !at.Equal(c.wakeAt) {
		c.wakeAt = at
		c.post(map[string]any{"type": "wake", "contactId": c.id, "at": stamp(at)})
	}
}

func (k *command) message(contactID string) map[string]any {
	m := map[string]any{
		"type": "do", "contactId": contactID, "n": float64(k.n), "verb": k.verb, "connection": k.line, "target": nil,
	}
	if k.verb == "add" {
		m["target"] = endpoint(k.target)
	}
	return m
}

// reportStates posts how the transfers are: the end of each once, and the latest
// whenever it has changed. A transfer has ended for the page when the desk is as
// its end wants it.
func (c *contact) reportStates() {
	for c.reported < len(c.call.Past) {
		latest := c.reported == len(c.call.Past)-1 && c.call.Transfer == nil
		if latest && !c.settled() {
			break
		}
		c.reported++
		if !latest {
			c.postState(&c.call.Past[c.reported-1], true)
		}
	}
	if t := c.last(); t != nil {
		c.postState(t, c.reported == len(c.call.Past) && c.call.Transfer == nil)
	}
}

func (c *contact) postState(t *call.Transfer, hasEnded bool) {
	m := map[string]any{
		"type": "state", "contactId": c.id, "state": c.transfer(t, hasEnded),
		"customer": c.whereCustomer(), "stuck": c.stuck(), "confirm": c.awaitsConfirm(),
	}
	if !same(m, c.state) {
		c.state = m
		c.post(m)
	}
}

// transfer is a transfer in the words of connect/index.d.ts.
func (c *contact) transfer(t *call.Transfer, hasEnded bool) map[string]any {
	m := map[string]any{
		"transferId": c.id + "_" + t.ID, "contactId": c.id, "id": t.ID, "kind": string(t.Kind),
		"by": float64(t.By), "ringFor": t.RingFor.String(), "target": endpoint(t.Target()),
		"attempts": c.attempts(t), "requested": iso(t.Requested), "stage": c.stage(t),
	}
	if t.Key != "" {
		m["key"] = t.Key
	}
	if t.Resume {
		m["resume"] = true
	}
	if len(t.Remaining) > 0 {
		m["remaining"] = endpoints(t.Remaining)
	}
	if !t.JoinBy.IsZero() {
		m["joinBy"] = iso(t.JoinBy)
	}
	if !hasEnded {
		return m
	}
	m["stage"], m["ended"], m["outcome"] = "ended", iso(t.Ended), string(t.Outcome)
	if t.Reason != "" {
		m["reason"] = string(t.Reason)
	}
	if t.Outcome == call.Completed && c.unproven {
		m["unproven"] = true
	}
	if text := c.text(t); text != "" {
		m["text"] = text
	}
	return m
}

// stage is the stage of a transfer that the page may not take for ended yet.
func (c *contact) stage(t *call.Transfer) string {
	switch {
	case t.Outcome == "":
		return string(c.call.Stage)
	case t.Outcome == call.Completed:
		return string(call.Joining)
	}
	return string(call.Reaching)
}

// attempts are the tries at targets, without those that were never made because the
// transfer could not go on.
func (c *contact) attempts(t *call.Transfer) []any {
	var list []any
	for i, a := range t.Attempts {
		if i > 0 && a.Connection > c.added && !a.Ended.IsZero() {
			break
		}
		m := map[string]any{"connection": float64(a.Connection), "target": endpoint(a.Target), "dialled": iso(a.Dialled)}
		for name, at := range map[string]time.Time{"rang": a.Rang, "answered": a.Answered, "accepted": a.Accepted, "ended": a.Ended} {
			if !at.IsZero() {
				m[name] = iso(at)
			}
		}
		if a.Reason != "" {
			m["reason"] = string(a.Reason)
		}
		if a.Detail != "" {
			m["detail"] = a.Detail
		}
		list = append(list, m)
	}
	return list
}

// text is a sentence for the agent about how a transfer ended.
func (c *contact) text(t *call.Transfer) string {
	target := t.Target().String()
	last := t.Attempts[len(t.Attempts)-1]
	switch {
	case t.Outcome == call.Completed && c.unproven && t.Kind == call.Blind:
		return "You left while " + target + " was being called. Whether they answered is not known."
	case t.Outcome == call.Completed && c.unproven:
		return "The customer was connected to " + target + ". Whether a person answered is not known."
	case t.Outcome == call.Completed && last.Reason == call.LeftEarly:
		return target + " " + last.Reason.Says() + "."
	case t.Outcome == call.TransferFailed && c.lost:
		return "Your contact ended before the transfer was decided. Amazon Connect decides where the customer is now."
	case t.Outcome == call.TransferFailed && last.Connection > c.added && last.Detail != "":
		return target + " was not called: " + last.Detail + "."
	case t.Outcome == call.TransferFailed:
		return target + " " + t.Reason.Says() + "."
	}
	return ""
}

// whereCustomer is where the customer is.
func (c *contact) whereCustomer() string {
	switch state := c.shown(c.customer.id); {
	case c.call.Stage != "" && c.in(1) == nil:
		return "left"
	case c.vanished() && c.last() != nil && c.last().Outcome == call.Completed:
		c.where = "with-target"
	case c.vanished():
		c.where = "unknown"
	case state == onHold:
		c.where = "held"
	case state == connected && !c.hasTarget():
		c.where = "talking"
	case state == connected && c.live(c.agent.id):
		c.where = "joined"
	case state == connected:
		c.where = "with-target"
	}
	return c.where
}

// hasTarget reports whether a target is connected.
func (c *contact) hasTarget() bool {
	for _, x := range c.view.list() {
		if x.party == call.Target && x.state == connected {
			return true
		}
	}
	return false
}

// stuck returns the step that the agent must take by hand, because the operator has
// given up. It goes away when a snapshot shows that it was done.
func (c *contact) stuck() string {
	if c.vanished() || c.call.Stage == "" {
		return ""
	}
	if c.mustRelease() && (!c.may("drop", c.agent.id) || !c.may("conference", "")) {
		return "The customer is with " + c.last().Target().String() + ", and you are still in the call: leave it."
	}
	if c.restore && c.in(1) != nil && c.shown(c.customer.id) == onHold && !c.may("resume", c.customer.id) {
		return "The customer is still on hold: take them off hold."
	}
	for _, l := range c.legs {
		if c.in(l.connection) == nil && c.live(l.id) && !c.may("drop", l.id) {
			return "A line that was called is still there: end it."
		}
	}
	return ""
}

// wake is when the contact must be looked at even if nothing happens; zero: no need.
func (c *contact) wake() time.Time {
	if c.call.Stage == "" {
		return time.Time{}
	}
	at := c.call.Deadline()
	if k := c.command; k != nil {
		at = call.Earlier(at, k.deadline)
		if !k.answered.IsZero() {
			at = call.Earlier(at, c.later(k.answered.Add(settleWithin)))
		}
	}
	if c.view == nil {
		return call.Earlier(at, c.later(c.gone.Add(absentFor)))
	}
	lines := []line{c.customer, c.agent}
	for _, l := range c.legs {
		lines = append(lines, l.line)
	}
	for _, l := range lines {
		if !l.absent.IsZero() {
			at = call.Earlier(at, c.later(l.absent.Add(absentFor)))
		}
	}
	return at
}

// later returns a time that has not come yet, or zero.
func (c *contact) later(at time.Time) time.Time {
	if at.After(c.now) {
		return at
	}
	return time.Time{}
}

func (c *contact) posted() []map[string]any { return c.out }

// forgotten makes the page forget its saved state.
func (c *contact) forgotten() {
	if c.saved != nil {
		c.post(map[string]any{"type": "save", "contactId": c.id, "saved": nil})
	}
}
