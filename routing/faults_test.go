package routing

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// A fault changes what has been decided. The promises are worth something
// only as far as they notice it.
type fault struct {
	name   string
	caught string // the promise that must notice it
	plant  func(before State, now time.Time, ev Event, d *decided)
}

type decided struct {
	f        State
	commands []Command
	err      error
}

func (d *decided) agent(agent string) *Agent { return d.f.Agent(agent) }

var faults = []fault{
	{"one agent is reserved for two customers", "one agent", func(_ State, now time.Time, _ Event, d *decided) {
		for _, p := range d.f.Queues[0].Entries {
			if p.OfferedTo == "" && d.agent("ana").Reservation != nil {
				d.offer(now, "ana", p.SegmentID)
			}
		}
	}},
	{"one phone is rung for two customers", "one phone call", func(_ State, _ time.Time, _ Event, d *decided) {
		for _, p := range d.f.Queues[0].Entries {
			if p.OfferedTo == "" && d.agent("ana").Reservation != nil {
				d.commands = append(d.commands, Offer{Agent: "ana", SegmentID: p.SegmentID, Number: p.Offers + 1})
			}
		}
	}},
	{"one customer is offered to two agents", "one agent", func(_ State, _ time.Time, _ Event, d *decided) {
		for _, c := range d.commands {
			if o, ok := c.(Offer); ok && o.Agent == "ana" && d.agent("ben").free() {
				d.agent("ben").Reservation = d.agent("ana").Reservation
				d.commands = append(d.commands, Offer{Agent: "ben", SegmentID: o.SegmentID, Number: o.Number})
			}
		}
	}},
	{"the reservation is kept when the customer leaves", "one phone call", func(before State, _ time.Time, ev Event, d *decided) {
		if _, left := ev.(Left); left {
			copy(d.f.Agents, before.Clone().Agents)
			d.commands = nil
		}
	}},
	{"the phone rings on when the customer leaves", "one phone call", func(_ State, _ time.Time, ev Event, d *decided) {
		if _, left := ev.(Left); left {
			d.commands = nil
		}
	}},
	{"who missed an offer is asked again at once", "missed", func(_ State, _ time.Time, _ Event, d *decided) {
		for i := range d.f.Agents {
			if d.f.Agents[i].Status == MissedOffer {
				d.f.Agents[i].Status = Status{State: Available}
			}
		}
	}},
	{"who has rejected is asked again at once", "asked again", func(_ State, now time.Time, ev Event, d *decided) {
		if no, ok := ev.(Rejected); ok && d.f.Queues[0].entry(no.SegmentID) != nil && d.waits(no.SegmentID) && d.agent(no.Agent).free() {
			d.offer(now, no.Agent, no.SegmentID)
		}
	}},
	{"a missed offer costs the customer their entry", "kept", func(_ State, now time.Time, ev Event, d *decided) {
		if m, missed := ev.(Missed); missed {
			d.decide(now, Left{m.SegmentID})
		}
	}},
	{"a customer who is back goes behind the others", "order", func(_ State, _ time.Time, ev Event, d *decided) {
		if e, ok := ev.(EnterRequested); ok && e.Returned {
			q := &d.f.Queues[0]
			slices.SortStableFunc(q.Entries, func(a, b *Entry) int { return a.Since.Compare(b.Since) })
		}
	}},
	{"who came last is next", "order", func(_ State, _ time.Time, ev Event, d *decided) {
		if _, ok := ev.(EnterRequested); ok {
			slices.Reverse(d.f.Queues[0].Entries)
		}
	}},
	{"nobody looks for an agent when one is available again", "no starving", func(before State, _ time.Time, ev Event, d *decided) {
		if ask, ok := ev.(StateRequested); ok && len(d.commands) > 0 {
			d.agent(ask.Agent).Reservation = nil
			for i := range d.f.Queues {
				copy(d.f.Queues[i].Entries, before.Clone().Queues[i].Entries)
			}
			d.commands = nil
		}
	}},
	{"who has been idle for longest comes last", "longest idle", func(before State, now time.Time, ev Event, d *decided) {
		turned := before.Clone()
		idle := func(s Agent) time.Time { return time.Unix(2e9-s.IdleSince.Unix(), 0) }
		for i := range turned.Agents {
			turned.Agents[i].IdleSince = idle(before.Agents[i])
		}
		d.f, d.commands, d.err = Decide(turned, now, ev)
		for i := range d.f.Agents {
			s := &d.f.Agents[i]
			if s.IdleSince.Equal(turned.Agents[i].IdleSince) {
				s.IdleSince = before.Agents[i].IdleSince
			}
		}
	}},
	{"a second customer is offered while the first is not on hold", "two customers", func(_ State, now time.Time, ev Event, d *decided) {
		if e, ok := ev.(EnterRequested); ok && d.agent("ben").talking() != nil && d.waits(e.SegmentID) {
			d.offer(now, "ben", e.SegmentID)
		}
	}},
	{"both customers are off hold", "two customers", func(_ State, _ time.Time, ev Event, d *decided) {
		if r, ok := ev.(ResumeRequested); ok && d.err != nil {
			d.f = d.f.Clone()
			if segment := d.agent(r.Agent).Segment(r.SegmentID); segment != nil && segment.State == Holding {
				segment.State, d.err = Talking, nil
			}
		}
	}},
	{"an answer leaves the customer in the queue", "one agent", func(before State, _ time.Time, ev Event, d *decided) {
		if _, ok := ev.(Answered); ok {
			for i, q := range before.Clone().Queues {
				d.f.Queues[i] = q
			}
		}
	}},
	{"who asks to be offline segments", "as asked", func(before State, _ time.Time, ev Event, d *decided) {
		if ask, ok := ev.(StateRequested); ok && ask.Status.State == Offline {
			d.agent(ask.Agent).Status = Status{State: Available}
		}
	}},
	{"an agent who is away is offered customers", "willing", func(_ State, now time.Time, ev Event, d *decided) {
		if e, ok := ev.(EnterRequested); ok && !d.agent("ana").AwayUntil.IsZero() && d.waits(e.SegmentID) {
			d.offer(now, "ana", e.SegmentID)
		}
	}},
	{"an offer is never missed", "liveness", func(before State, now time.Time, ev Event, d *decided) {
		if _, ok := ev.(DeadlinePassed); ok {
			d.f, d.commands = before, nil
		}
	}},
	{"a half-written decision segments so", "one agent", func(before State, _ time.Time, ev Event, d *decided) {
		if _, ok := ev.(Recovered); ok {
			d.f, d.commands = before, nil
			for _, s := range before.Agents {
				if r := s.Reservation; r != nil && r.Queue != "" {
					d.commands = append(d.commands, Offer{Agent: s.Name, SegmentID: r.SegmentID, Queue: r.Queue, Number: r.Number})
				}
			}
		}
	}},
	{"a restart forgets who was being rung", "one phone call", func(_ State, _ time.Time, ev Event, d *decided) {
		if _, ok := ev.(Recovered); ok {
			d.commands = nil
		}
	}},
	{"a customer whose entry was not written waits without one", "kept", func(before State, _ time.Time, ev Event, d *decided) {
		if e, ok := ev.(EnterRequested); ok && before.Reserved(e.SegmentID) != "" {
			d.f, d.commands = before, nil
		}
	}},
	{"a rejection of which half was written is forgotten", "asked again", func(before State, _ time.Time, ev Event, d *decided) {
		if no, ok := ev.(Rejected); ok && !before.Agent(no.Agent).ReservedFor(no.SegmentID) {
			d.f, d.commands = before, nil
		}
	}},
	{"the end of an earlier offer ends the latest", "late", func(before State, now time.Time, ev Event, d *decided) {
		if m, ok := ev.(Missed); ok && before.Agent(m.Agent).ReservedFor(m.SegmentID) {
			d.decide(now, Missed{m.Agent, m.SegmentID, latest(before, m.SegmentID)})
		}
	}},
	{"the state that was handed in is changed", "values", func(before State, _ time.Time, ev Event, d *decided) {
		if _, ok := ev.(Held); ok && len(before.Agents[0].Segments) > 0 {
			before.Agents[0].Segments[0].Queue = "elsewhere"
		}
	}},
	{"a refusal changes something", "refusals", func(_ State, _ time.Time, _ Event, d *decided) {
		if d.err != nil {
			d.f = d.f.Clone()
			d.f.Agents[0].Grace++
		}
	}},
}

// decide goes on deciding from what has been decided.
func (d *decided) decide(now time.Time, ev Event) {
	f, commands, _ := Decide(d.f, now, ev)
	d.f, d.commands = f, append(d.commands, commands...)
}

func (d *decided) waits(id SegmentID) bool {
	_, p := d.f.Entry(id)
	return p != nil && p.OfferedTo == "" && d.f.Reserved(id) == ""
}

// offer offers a customer to an agent, whatever speaks against it.
func (d *decided) offer(now time.Time, agent string, id SegmentID) {
	more := step{Table: NewTable(d.f), now: now}
	q, p := more.entry(id)
	more.offer(q, p, more.row(agent))
	d.f = more.State()
	d.commands = append(d.commands, more.commands...)
}

func (f fault) decide(before State, now time.Time, ev Event) (State, []Command, error) {
	var d decided
	d.f, d.commands, d.err = Decide(before, now, ev)
	d.f = d.f.Clone() // a fault may change it
	f.plant(before, now, ev, &d)
	return d.f, d.commands, d.err
}

// TestFaultsAreCaught plants each fault and wants the promise to notice.
func TestFaultsAreCaught(t *testing.T) {
	for _, fault := range faults {
		t.Run(fault.name, func(t *testing.T) {
			x := exploration{decide: fault.decide, segments: customers(2), depth: 6}
			broken := x.explore(smallState())
			if !strings.HasPrefix(broken, fault.caught+":") {
				t.Fatalf("want it to be caught by %s, got %q", fault.caught, broken)
			}
			t.Logf("caught: %s", broken)
		})
	}
}
