package call_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"holdfast/call"
)

// TestWalks takes random walks through contacts, facts and requests in any
// order, and checks the promises after every step.
func TestWalks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWalk()
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			if broken := w.take(drawEvent(t, w.c), rapid.IntRange(0, 12).Draw(t, "seconds")); broken != "" {
				t.Fatal(broken)
			}
		}
		if stuck := w.liveness(); stuck != "" {
			t.Fatal(stuck)
		}
	})
}

// walk is a contact with what the world around it knows: which lines exist.
type walk struct {
	c     call.Contact
	now   time.Time
	lines map[call.ConnectionID]bool // dialled or answered, and not dropped
	log   []string
}

func newWalk() *walk {
	return &walk{c: call.Contact{ID: "walk"}, now: time.Unix(1e9, 0), lines: map[call.ConnectionID]bool{}}
}

// take feeds an event and returns the promise it breaks, or "".
func (w *walk) take(ev call.Event, seconds int) string {
	w.now = w.now.Add(time.Duration(seconds) * time.Second)
	before := w.c
	after, commands, err := call.Step(before, w.now, ev)
	w.log = append(w.log, fmt.Sprintf("+%ds %T%+v", seconds, ev, ev))
	if err != nil && len(commands) > 0 {
		return "a refused request has commands"
	}
	w.c = after
	w.follow(ev, commands)
	return w.check(before, ev, commands)
}

// follow keeps the lines: a party that leaves or fails has none any more.
func (w *walk) follow(ev call.Event, commands []call.Command) {
	switch ev := ev.(type) {
	case call.Arrived:
		w.lines[1] = true
	case call.HungUp:
		delete(w.lines, ev.Connection)
	case call.Lost:
		delete(w.lines, ev.Connection)
	case call.Failed:
		if !present(w.c, ev.Connection) {
			delete(w.lines, ev.Connection)
		}
	default:
	}
	for _, c := range commands {
		switch c := c.(type) {
		case call.Dial:
			w.lines[c.Connection] = true
		case call.Drop:
			delete(w.lines, c.Connection)
		case call.Refuse:
			delete(w.lines, c.Connection)
		default:
		}
	}
}

func (w *walk) check(before call.Contact, ev call.Event, commands []call.Command) string {
	for _, c := range commands {
		drop, ok := c.(call.Drop)
		if !ok || !present(before, drop.Connection) {
			continue
		}
		if drop.Connection == 1 && !goodbye(before, ev) {
			return fmt.Sprintf("P1: %T ended the customer's line\n%v", ev, w.log)
		}
		if by := before.Transfer; by != nil && drop.Connection == by.By && !released(before, ev) {
			return fmt.Sprintf("P3: %T released the agent\n%v", ev, w.log)
		}
	}
	if w.c.Stage != "" && w.c.Stage != call.Over {
		if w.c.Stage != call.Offering && !customerHears(w.c) {
			return fmt.Sprintf("P2: the customer hears nothing\n%v", w.log)
		}
		if w.c.Stage == call.Talking && len(w.c.Connections) < 2 {
			return fmt.Sprintf("P2: nobody is responsible\n%v", w.log)
		}
	}
	if len(w.lines) != len(w.c.Connections) {
		return fmt.Sprintf("P9: %d lines for %d connections\n%v", len(w.lines), len(w.c.Connections), w.log)
	}
	return ""
}

func present(c call.Contact, id call.ConnectionID) bool {
	return slices.ContainsFunc(c.Connections, func(x call.Connection) bool { return x.ID == id })
}

// goodbye: the last other person hangs up while talking to the customer, and
// has not just been handed them.
func goodbye(c call.Contact, ev call.Event) bool {
	up, ok := ev.(call.HungUp)
	return ok && c.Stage == call.Talking && up.Connection != 1 && len(c.Connections) == 2 &&
		c.Connections[0].State == call.Connected
}

// released: the customer has left, or both are in the same sound.
func released(c call.Contact, ev call.Event) bool {
	switch ev := ev.(type) {
	case call.Joined:
		return c.Stage == call.Joining
	case call.HungUp:
		return ev.Connection == 1
	case call.Lost:
		return ev.Connection == 1
	}
	return false
}

func customerHears(c call.Contact) bool {
	for _, h := range call.Hears(c) {
		if h.Connection == 1 {
			return len(h.From) > 0 || h.Audio != ""
		}
	}
	return false
}

// liveness lets deadlines alone go on: they must end every transfer.
func (w *walk) liveness() string {
	for range 10 {
		d := w.c.Deadline()
		if d.IsZero() {
			break
		}
		if d.After(w.now) {
			w.now = d
		}
		if broken := w.take(call.DeadlinePassed{}, 0); broken != "" {
			return broken
		}
	}
	if w.c.Transfer != nil || !w.c.Deadline().IsZero() {
		return fmt.Sprintf("deadlines alone do not end the transfer\n%v", w.log)
	}
	return ""
}

func drawEvent(t *rapid.T, c call.Contact) call.Event {
	if c.Stage == "" {
		return call.Arrived{Customer: at("customer"), Agent: at("ana")}
	}
	id := call.ConnectionID(rapid.IntRange(1, int(c.LastConnection)+1).Draw(t, "connection"))
	return rapid.SampledFrom([]call.Event{
		call.Rang{Connection: id, EarlyMedia: true},
		call.Answered{Connection: max(id, 2)},
		call.Failed{Connection: id, Reason: call.Busy},
		call.HungUp{Connection: id},
		call.Lost{Connection: id},
		call.Joined{Connections: everyone(c)},
		call.DeadlinePassed{},
		call.Recovered{},
		call.HoldRequested{By: 2, Connection: id},
		call.ResumeRequested{By: 2, Connection: id},
		call.TransferRequested{By: 2, Kind: call.Cold, Target: at("cardiology")},
		call.TransferRequested{By: id, Kind: call.Cold, Target: at("reception"), Key: "k"},
		call.CancelRequested{By: id},
		call.PickUpRequested{Agent: at("ben")},
	}).Draw(t, "event")
}

func everyone(c call.Contact) []call.ConnectionID {
	var all []call.ConnectionID
	for _, x := range c.Connections {
		if x.State != call.Connecting {
			all = append(all, x.ID)
		}
	}
	return all
}

func at(name string) call.Endpoint {
	return call.Endpoint{Kind: call.URI, Address: "sip:" + name + "@192.0.2.1", Name: name}
}
