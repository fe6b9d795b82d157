package call_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast/call"
)

// A fault changes what a step has decided.
type fault struct {
	name   string
	caught string // the promise that must notice it
	plant  func(before call.Contact, ev call.Event, d *decision)
}

// A decision is what a step has decided, open to faults.
type decision struct {
	after    call.Contact
	commands []call.Command
	err      error
}

// faults are mistakes that somebody might make in package call. The promises
// are worth something only as far as they notice them.
var faults = []fault{
	{"the agent is released while it rings", "P3", func(c call.Contact, ev call.Event, d *decision) {
		if _, rings := ev.(call.Rang); rings && d.after.Stage == call.Reaching {
			d.drop(d.after.Transfer.By)
		}
	}},
	{"the agent is released when the target answers", "P3", func(c call.Contact, ev call.Event, d *decision) {
		if c.Stage == call.Reaching && d.after.Stage == call.Joining {
			d.drop(c.Transfer.By)
		}
	}},
	{"the customer stays held after the hand-over", "P3", func(c call.Contact, ev call.Event, d *decision) {
		if c.Stage == call.Joining && d.after.Stage == call.Talking {
			d.set(customerOf(d.after), call.Held)
		}
	}},
	{"a late answer joins a contact that is over", "P6", func(c call.Contact, ev call.Event, d *decision) {
		if a, ok := ev.(call.Answered); ok && c.Stage == call.Over {
			d.after.Stage = call.Talking
			d.after.Connections = []call.Connection{{ID: a.Connection, Party: call.Target, State: call.Connected}}
		}
	}},
	{"the ladder ends in hanging up", "P1", func(c call.Contact, ev call.Event, d *decision) {
		if c.Stage == call.Returning && d.after.Stage == call.Parked {
			d.drop(customerOf(d.after))
			d.after.Stage = call.Over
		}
	}},
	{"a busy target ends the contact", "P1", func(c call.Contact, ev call.Event, d *decision) {
		if _, fails := ev.(call.Failed); fails && c.Transfer != nil && d.after.Transfer == nil {
			d.drop(customerOf(d.after))
		}
	}},
	{"a lost line counts as a goodbye", "P1", func(c call.Contact, ev call.Event, d *decision) {
		if _, lost := ev.(call.Lost); lost && c.Stage == call.Talking && d.after.Stage == call.Returning {
			d.after, d.commands, d.err = call.Step(c, d.after.Arrived.Add(time.Hour), call.HungUp{Connection: ev.(call.Lost).Connection})
		}
	}},
	{"a target who leaves at once has taken the customer", "P1", func(c call.Contact, ev call.Event, d *decision) {
		if d.after.Rules != (call.Rules{}) {
			d.after.Rules.TakenAfter = 0
		}
	}},
	{"a customer on hold hears nothing", "P2", func(c call.Contact, ev call.Event, d *decision) {
		if d.after.Stage == call.Reaching {
			d.set(customerOf(d.after), call.Connecting)
		}
	}},
	{"the timeout does not cancel", "P9", func(c call.Contact, ev call.Event, d *decision) {
		if _, late := ev.(call.DeadlinePassed); late && c.Stage == call.Reaching {
			d.commands = without[call.Drop](d.commands)
		}
	}},
	{"the target rings on when the customer has gone", "P6", func(c call.Contact, ev call.Event, d *decision) {
		if c.Stage == call.Reaching && d.after.Stage == call.Over {
			d.commands = without[call.Drop](d.commands)
		}
	}},
	{"the agent is not told why", "P4", func(c call.Contact, ev call.Event, d *decision) {
		d.commands = without[call.Notify](d.commands)
	}},
	{"the customer is resumed without being asked for", "P4", func(c call.Contact, ev call.Event, d *decision) {
		if c.Stage == call.Reaching && d.after.Stage == call.Talking {
			d.set(customerOf(d.after), call.Connected)
		}
	}},
	{"nobody is recalled", "P9", func(c call.Contact, ev call.Event, d *decision) {
		if d.after.Stage == call.Returning {
			d.commands = without[call.Dial](d.commands)
		}
	}},
	{"a second transfer begins beside the first", "P7", func(c call.Contact, ev call.Event, d *decision) {
		var refusal *call.Refusal
		if ask, ok := ev.(call.TransferRequested); ok && c.Transfer != nil && errors.As(d.err, &refusal) {
			d.commands = append(d.commands, call.Dial{Connection: c.LastConnection + 1, To: ask.Target})
		}
	}},
	{"confirm counts a voicemail", "confirm", func(c call.Contact, ev call.Event, d *decision) {
		if _, answers := ev.(call.Answered); answers && d.after.Stage == call.Reaching && d.after.Transfer.Confirm {
			t := *d.after.Transfer
			t.Attempts = slices.Clone(t.Attempts)
			t.Attempts[len(t.Attempts)-1].Accepted = t.Requested
			d.after.Transfer = &t
		}
	}},
	{"the others ring on when one has accepted", "P7", func(c call.Contact, ev call.Event, d *decision) {
		if c.Stage == call.Reaching && d.after.Stage == call.Joining && len(c.Connections) == 4 && len(d.after.Connections) == 3 {
			for _, x := range c.Connections {
				if find(d.after, x.ID) == nil {
					d.after.Connections = append(d.after.Connections, x)
				}
			}
			d.commands = without[call.Drop](d.commands)
		}
	}},
	{"a consultation never ends", "liveness", func(c call.Contact, ev call.Event, d *decision) {
		if d.after.Stage == call.Consulting {
			t := *d.after.Transfer
			t.JoinBy = time.Time{}
			d.after.Transfer = &t
		}
	}},
	{"an agent who is away is forgotten at once", "P2", func(c call.Contact, ev call.Event, d *decision) {
		if lost, ok := ev.(call.Lost); ok && lost.MayReturn && find(d.after, lost.Connection) != nil {
			d.after.Connections = slices.DeleteFunc(d.after.Connections, func(x call.Connection) bool { return x.ID == lost.Connection })
			d.commands = nil
		}
	}},
	{"the target rings for ever", "liveness", func(c call.Contact, ev call.Event, d *decision) {
		for i := range d.after.Connections {
			if d.after.Connections[i].Party == call.Target {
				d.after.Connections[i].AnswerBy = time.Time{}
			}
		}
	}},
	{"an offer that has ended rings again", "offers", func(c call.Contact, ev call.Event, d *decision) {
		again, ok := ev.(call.Offered)
		if x := find(c, again.Connection); ok && x != nil && x.Offer.Ended != "" && x.Offer.Number == again.Number {
			x.Offer.Number = 0
			d.after, d.commands, d.err = call.Step(c, c.Arrived, ev)
			x.Offer.Number = again.Number
		}
	}},
	{"why an offer ended is forgotten", "offers", func(c call.Contact, ev call.Event, d *decision) {
		for i := range d.after.Connections {
			d.after.Connections[i].Offer.Ended = ""
		}
	}},
	{"the line of another agent's call goes to a contact", "take and give", func(c call.Contact, ev call.Event, d *decision) {
		if ask, gives := ev.(call.GiveRequested); gives && d.err != nil && c.Stage == call.Talking {
			ask.Agent = find(c, ask.By).Endpoint
			d.after, d.commands, d.err = call.Step(c, c.Arrived, ask)
		}
	}},
	{"a target is dialled who is on the line already", "take and give", func(c call.Contact, ev call.Event, d *decision) {
		for i, command := range d.commands {
			if take, takes := command.(call.Take); takes {
				d.commands[i] = call.Dial{Connection: take.Connection, Party: call.Target, To: take.To}
			}
		}
	}},
	{"a transfer is forgotten with the line on which it was asked for", "replaced", func(c call.Contact, ev call.Event, d *decision) {
		if _, replaces := ev.(call.Replaced); replaces && c.Transfer != nil && d.after.Transfer != nil {
			t := *d.after.Transfer
			t.By = c.Transfer.By
			d.after.Transfer = &t
		}
	}},
	{"another agent goes on with a call", "replaced", func(c call.Contact, ev call.Event, d *decision) {
		if again, replaces := ev.(call.Replaced); replaces && len(d.commands) == 0 && find(c, again.Connection) != nil {
			again.Agent = find(c, again.Connection).Endpoint
			d.after, d.commands, d.err = call.Step(c, c.Arrived, again)
		}
	}},
	{"a customer still sees the agent from before the hand-over", "introduced", func(c call.Contact, ev call.Event, d *decision) {
		d.commands = without[call.Introduce](d.commands)
	}},
	{"a transfer that has failed is not reported", "reports", func(c call.Contact, ev call.Event, d *decision) {
		if d.after.Stage == call.Talking {
			d.commands = without[call.Report](d.commands)
		}
	}},
	{"the report comes after the end of its line", "reports", func(c call.Contact, ev call.Event, d *decision) {
		if c.Stage == call.Joining && d.after.Stage == call.Talking {
			slices.Reverse(d.commands)
		}
	}},
	{"nobody watches the joining", "liveness", func(c call.Contact, ev call.Event, d *decision) {
		if d.after.Transfer != nil {
			t := *d.after.Transfer
			t.JoinBy = time.Time{}
			d.after.Transfer = &t
		}
	}},
}

// TestFaultsAreCaught plants each fault and wants the promise to notice.
func TestFaultsAreCaught(t *testing.T) {
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			b := smallBounds
			if f.caught == "replaced" {
				b = phoneBounds
			}
			_, broken := explore(f.step, b)
			if !strings.HasPrefix(broken, f.caught+":") {
				t.Fatalf("want it to be caught by %s, got %q", f.caught, broken)
			}
			t.Logf("caught: %s", broken)
		})
	}
}

// step is call.Step with the fault.
func (f fault) step(c call.Contact, now time.Time, ev call.Event) (call.Contact, []call.Command, error) {
	var d decision
	d.after, d.commands, d.err = call.Step(c, now, ev)
	d.after.Connections = slices.Clone(d.after.Connections)
	f.plant(c, ev, &d)
	return d.after, d.commands, d.err
}

// drop drops somebody who is there.
func (d *decision) drop(id call.ConnectionID) {
	if find(d.after, id) == nil {
		return
	}
	d.commands = append(d.commands, call.Drop{Connection: id})
	d.after.Connections = slices.DeleteFunc(d.after.Connections, func(c call.Connection) bool { return c.ID == id })
}

func (d *decision) set(id call.ConnectionID, to call.State) {
	if c := find(d.after, id); c != nil {
		c.State = to
	}
}

// without is commands without those of one kind.
func without[C call.Command](commands []call.Command) []call.Command {
	return slices.DeleteFunc(slices.Clone(commands), func(c call.Command) bool { _, is := c.(C); return is })
}
