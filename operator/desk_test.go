package operator_test

import (
	"math/rand/v2"
	"slices"
	"time"
)

// A clock runs what is to happen, in order of its virtual time.
type clock struct {
	now  time.Time
	next []happening
}

type happening struct {
	at time.Time
	do func()
}

func (c *clock) after(d time.Duration, do func()) {
	at := c.now.Add(d)
	i := len(c.next)
	for i > 0 && c.next[i-1].at.After(at) {
		i--
	}
	c.next = slices.Insert(c.next, i, happening{at, do})
}

// run runs what happens until then.
func (c *clock) run(until time.Time) {
	for len(c.next) > 0 && !c.next[0].at.After(until) {
		h := c.next[0]
		c.next = c.next[1:]
		c.now = h.at
		h.do()
	}
	c.now = until
}

// A temper is how hostile a desk is: probabilities, and delays at most.
type temper struct {
	idle      float64 // a command does nothing
	liesWell  float64 // a command that did nothing succeeds
	liesBadly float64 // a command that did something fails
	mute      float64 // a command is never answered
	late      float64 // an answer comes after up to 20 s
	dropped   float64 // a snapshot is not shown
	repeated  float64 // a snapshot is shown again after a later one
	abrupt    float64 // a line that ends is not shown as disconnected
	delay     time.Duration
}

// A desk is a simulated Amazon Connect with one contact. Its page sees snapshots.
type desk struct {
	*clock
	rng      *rand.Rand
	temper   temper
	customer string // the state of each line as it truly is
	agent    string
	legs     []*simLeg
	removed  bool
	dials    int
	answers  time.Duration // after which a target answers; 0: never
	declines time.Duration // after which a target rejects; 0: never
	shows    func(snapshot any)

	targetLeft bool // a target who was with the customer hung up
	leftByHand bool // the agent left, or the contact was removed, without the operator
}

type simLeg struct {
	id, state string
	target    map[string]any
	person    bool // has answered
	hidden    bool // ended, and not shown any more
}

func (l *simLeg) live() bool { return l.state != "disconnected" }

func (d *desk) chance(p float64) bool { return d.rng.Float64() < p }

func (d *desk) upTo(most time.Duration) time.Duration {
	return time.Duration(d.rng.Int64N(most.Milliseconds())+1) * time.Millisecond
}

// snapshot is what the page may see now.
func (d *desk) snapshot() any {
	if d.removed {
		return nil
	}
	lines := []any{
		map[string]any{"id": "a", "party": "agent", "state": d.agent},
		map[string]any{"id": "c", "party": "customer", "state": d.customer},
	}
	for _, l := range d.legs {
		if !l.hidden {
			lines = append(lines, map[string]any{"id": l.id, "party": "target", "state": l.state, "target": l.target})
		}
	}
	return map[string]any{"contactId": "k", "ended": d.agent == "disconnected", "connections": lines}
}

// changed shows the page what is so now, if the desk feels like it.
func (d *desk) changed() {
	now := d.snapshot()
	if d.chance(d.temper.dropped) {
		return
	}
	d.after(d.upTo(d.temper.delay), func() { d.shows(now) })
	if d.chance(d.temper.repeated) {
		d.after(d.temper.delay+d.upTo(400*time.Millisecond), func() { d.shows(now) })
		d.after(d.temper.delay+450*time.Millisecond, func() { d.shows(d.snapshot()) })
	}
}

// beat shows the truth every 5 s.
func (d *desk) beat() {
	d.after(5*time.Second, func() {
		d.shows(d.snapshot())
		d.beat()
	})
}

// end ends a target's line; it may be shown as disconnected for a while.
func (d *desk) end(l *simLeg) {
	if !l.live() {
		return
	}
	l.state, l.hidden = "disconnected", d.chance(d.temper.abrupt)
	d.after(d.upTo(3*time.Second), func() { l.hidden = true; d.changed() })
	d.changed()
	if d.customer == "disconnected" && d.agent == "disconnected" {
		d.removed = true
	}
}

func (d *desk) customerLeaves() {
	if d.customer != "disconnected" && d.agent != "disconnected" {
		d.customer = "disconnected"
		if d.leg() == nil {
			d.agent = "disconnected"
		}
		d.changed()
	}
}

func (d *desk) agentLeaves() {
	if d.agent == "disconnected" {
		return
	}
	d.agent = "disconnected"
	switch l := d.leg(); {
	case l == nil:
		d.customer = "disconnected"
	case d.customer != "disconnected":
		d.customer = "connected"
	}
	d.changed()
	d.after(d.upTo(10*time.Second), func() { d.removed = true; d.changed() })
}

// leg is the target's line that has not ended, or nil.
func (d *desk) leg() *simLeg {
	for _, l := range d.legs {
		if l.live() {
			return l
		}
	}
	return nil
}

// perform does what a command asks for, and returns why not.
func (d *desk) perform(verb, line string, target map[string]any) string {
	const invalid = "Invalid contact state."
	if d.agent == "disconnected" {
		return "Contact not found."
	}
	l := d.leg()
	switch {
	case verb == "hold" && d.customer == "connected":
		d.customer = "hold"
	case verb == "resume" && d.customer == "hold":
		d.customer = "connected"
	case verb == "add" && l == nil && d.customer != "disconnected":
		d.customer = "hold"
		d.dial(target)
	case verb == "conference" && l != nil && l.state != "connecting" && d.customer != "disconnected":
		d.customer, l.state = "connected", "connected"
	case verb == "drop" && line == "a":
		d.agentLeaves()
	case verb == "drop" && l != nil && l.id == line:
		d.end(l)
	default:
		return invalid
	}
	d.changed()
	return ""
}

func (d *desk) dial(target map[string]any) {
	d.dials++
	l := &simLeg{id: "t" + string(rune('0'+d.dials)), state: "connecting", target: target}
	d.legs = append(d.legs, l)
	if kind := target["kind"]; kind == "agent" || kind == "queue" { // routed at once
		d.after(d.upTo(time.Second), func() {
			if l.live() {
				l.state = "connected"
				d.changed()
			}
		})
	}
	if d.answers > 0 {
		d.after(d.answers, func() {
			if l.live() {
				l.state, l.person = "connected", true
				d.changed()
			}
		})
	}
	if d.declines > 0 {
		d.after(d.declines, func() {
			if l.live() && l.state == "connected" {
				d.targetLeft = true
			}
			d.end(l)
		})
	}
}

// command takes a command of the operator. reply is the page's answer to it.
func (d *desk) command(verb, line string, target map[string]any, reply func(failed any)) {
	t := d.temper
	d.after(d.upTo(t.delay), func() {
		idle := d.chance(t.idle)
		var failed any
		if idle {
			failed = "Cannot do that: InternalServiceError"
			if d.chance(t.liesWell) {
				failed = nil
			}
		} else if why := d.perform(verb, line, target); why != "" {
			failed = why
		} else if d.chance(t.liesBadly) {
			failed = "Cannot do that: InternalServiceError"
		}
		switch {
		case d.chance(t.mute):
		case d.chance(t.late):
			d.after(d.upTo(20*time.Second), func() { reply(failed) })
		default:
			d.after(d.upTo(t.delay), func() { reply(failed) })
		}
	})
}
