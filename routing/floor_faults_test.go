package routing

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// A floorFault changes what has been decided. The promises are worth something
// only as far as they notice it.
type floorFault struct {
	name   string
	caught string // the promise that must notice it
	plant  func(before Floor, now time.Time, ev Event, d *decided)
}

type decided struct {
	f        Floor
	commands []Command
	err      error
}

func (d *decided) seat(agent string) *Seat { return (&decision{Floor: d.f}).Seat(agent) }

var floorFaults = []floorFault{
	{"one agent is reserved for two customers", "one agent", func(_ Floor, now time.Time, _ Event, d *decided) {
		for _, p := range d.f.Queues[0].Places {
			if p.Offered == "" && d.seat("ana").Reservation != nil {
				d.offer(now, "ana", p.StayID)
			}
		}
	}},
	{"one phone is rung for two customers", "one phone call", func(_ Floor, _ time.Time, _ Event, d *decided) {
		for _, p := range d.f.Queues[0].Places {
			if p.Offered == "" && d.seat("ana").Reservation != nil {
				d.commands = append(d.commands, Offer{Agent: "ana", StayID: p.StayID})
			}
		}
	}},
	{"one customer is offered to two agents", "one agent", func(_ Floor, _ time.Time, _ Event, d *decided) {
		for _, c := range d.commands {
			if o, ok := c.(Offer); ok && o.Agent == "ana" && d.seat("ben").free() {
				d.seat("ben").Reservation = d.seat("ana").Reservation
				d.commands = append(d.commands, Offer{Agent: "ben", StayID: o.StayID})
			}
		}
	}},
	{"the reservation is kept when the customer leaves", "one agent", func(before Floor, _ time.Time, ev Event, d *decided) {
		if _, left := ev.(Left); left {
			copy(d.f.Seats, before.Clone().Seats)
			d.commands = nil
		}
	}},
	{"the phone rings on when the customer leaves", "one phone call", func(_ Floor, _ time.Time, ev Event, d *decided) {
		if _, left := ev.(Left); left {
			d.commands = nil
		}
	}},
	{"who missed an offer is asked again at once", "missed", func(_ Floor, _ time.Time, _ Event, d *decided) {
		for i := range d.f.Seats {
			if d.f.Seats[i].Choice == MissedOffer {
				d.f.Seats[i].Choice = Choice{State: Available}
			}
		}
	}},
	{"who has rejected is asked again at once", "asked again", func(_ Floor, now time.Time, ev Event, d *decided) {
		if no, ok := ev.(Rejected); ok && d.f.Queues[0].place(no.StayID) != nil && d.waits(no.StayID) && d.seat(no.Agent).free() {
			d.offer(now, no.Agent, no.StayID)
		}
	}},
	{"a missed offer costs the customer their place", "kept", func(_ Floor, now time.Time, ev Event, d *decided) {
		if m, missed := ev.(Missed); missed {
			d.decide(now, Left{m.StayID})
		}
	}},
	{"a customer who is back goes behind the others", "order", func(_ Floor, _ time.Time, ev Event, d *decided) {
		if e, ok := ev.(EnterRequested); ok && e.Returned {
			q := &d.f.Queues[0]
			slices.SortStableFunc(q.Places, func(a, b Place) int { return a.Since.Compare(b.Since) })
		}
	}},
	{"who came last is next", "order", func(_ Floor, _ time.Time, ev Event, d *decided) {
		if _, ok := ev.(EnterRequested); ok {
			slices.Reverse(d.f.Queues[0].Places)
		}
	}},
	{"nobody looks for an agent when one is available again", "no starving", func(before Floor, _ time.Time, ev Event, d *decided) {
		if ask, ok := ev.(StateRequested); ok && len(d.commands) > 0 {
			d.seat(ask.Agent).Reservation = nil
			for i := range d.f.Queues {
				copy(d.f.Queues[i].Places, before.Clone().Queues[i].Places)
			}
			d.commands = nil
		}
	}},
	{"who has been idle for longest comes last", "longest idle", func(before Floor, now time.Time, ev Event, d *decided) {
		turned := before.Clone()
		idle := func(s Seat) time.Time { return time.Unix(2e9-s.IdleSince.Unix(), 0) }
		for i := range turned.Seats {
			turned.Seats[i].IdleSince = idle(before.Seats[i])
		}
		d.f, d.commands, d.err = Decide(turned, now, ev)
		for i := range d.f.Seats {
			s := &d.f.Seats[i]
			if s.IdleSince.Equal(turned.Seats[i].IdleSince) {
				s.IdleSince = before.Seats[i].IdleSince
			}
		}
	}},
	{"a second customer is offered while the first is not on hold", "two customers", func(_ Floor, now time.Time, ev Event, d *decided) {
		if e, ok := ev.(EnterRequested); ok && d.seat("ben").talking() != nil && d.waits(e.StayID) {
			d.offer(now, "ben", e.StayID)
		}
	}},
	{"both customers are off hold", "two customers", func(_ Floor, _ time.Time, ev Event, d *decided) {
		if r, ok := ev.(ResumeRequested); ok && d.err != nil {
			d.f = d.f.Clone()
			if stay := d.seat(r.Agent).Stay(r.StayID); stay != nil && stay.State == Holding {
				stay.State, d.err = Talking, nil
			}
		}
	}},
	{"an answer leaves the customer in the queue", "one agent", func(before Floor, _ time.Time, ev Event, d *decided) {
		if _, ok := ev.(Answered); ok {
			for i, q := range before.Clone().Queues {
				d.f.Queues[i] = q
			}
		}
	}},
	{"who asks to be offline stays", "as asked", func(before Floor, _ time.Time, ev Event, d *decided) {
		if ask, ok := ev.(StateRequested); ok && ask.Choice.State == Offline {
			d.seat(ask.Agent).Choice = Choice{State: Available}
		}
	}},
	{"an agent who is away is offered customers", "willing", func(_ Floor, now time.Time, ev Event, d *decided) {
		if e, ok := ev.(EnterRequested); ok && !d.seat("ana").AwayUntil.IsZero() && d.waits(e.StayID) {
			d.offer(now, "ana", e.StayID)
		}
	}},
	{"an offer is never missed", "liveness", func(before Floor, now time.Time, ev Event, d *decided) {
		if _, ok := ev.(DeadlinePassed); ok {
			d.f, d.commands = before, nil
		}
	}},
	{"a half-written decision stays so", "one agent", func(before Floor, _ time.Time, ev Event, d *decided) {
		if _, ok := ev.(Recovered); ok {
			d.f, d.commands = before, nil
			for _, s := range before.Seats {
				if r := s.Reservation; r != nil {
					d.commands = append(d.commands, Offer{Agent: s.Agent, StayID: r.StayID})
				}
			}
		}
	}},
	{"a restart forgets who was being rung", "one phone call", func(_ Floor, _ time.Time, ev Event, d *decided) {
		if _, ok := ev.(Recovered); ok {
			d.commands = nil
		}
	}},
	{"the floor that was handed in is changed", "values", func(before Floor, _ time.Time, ev Event, d *decided) {
		if _, ok := ev.(Held); ok && len(before.Seats[0].Stays) > 0 {
			before.Seats[0].Stays[0].Queue = "elsewhere"
		}
	}},
	{"a refusal changes something", "refusals", func(_ Floor, _ time.Time, _ Event, d *decided) {
		if d.err != nil {
			d.f = d.f.Clone()
			d.f.Seats[0].Grace++
		}
	}},
}

// decide goes on deciding from what has been decided.
func (d *decided) decide(now time.Time, ev Event) {
	f, commands, _ := Decide(d.f, now, ev)
	d.f, d.commands = f, append(d.commands, commands...)
}

func (d *decided) waits(id StayID) bool {
	_, p := (&decision{Floor: d.f}).Place(id)
	return p != nil && p.Offered == ""
}

// offer offers a customer to an agent, whatever speaks against it.
func (d *decided) offer(now time.Time, agent string, id StayID) {
	more := decision{Floor: d.f, now: now}
	q, p := more.Place(id)
	more.offer(pairing{Place: *p, queue: q.Name, agent: agent})
	d.commands = append(d.commands, more.commands...)
}

func (f floorFault) decide(before Floor, now time.Time, ev Event) (Floor, []Command, error) {
	var d decided
	d.f, d.commands, d.err = Decide(before, now, ev)
	f.plant(before, now, ev, &d)
	return d.f, d.commands, d.err
}

// TestFloorFaultsAreCaught plants each fault and wants the promise to notice.
func TestFloorFaultsAreCaught(t *testing.T) {
	for _, fault := range floorFaults {
		t.Run(fault.name, func(t *testing.T) {
			x := floorExploration{decide: fault.decide, stays: customers(2), depth: 6}
			broken := x.explore(smallFloor())
			if !strings.HasPrefix(broken, fault.caught+":") {
				t.Fatalf("want it to be caught by %s, got %q", fault.caught, broken)
			}
			t.Logf("caught: %s", broken)
		})
	}
}
