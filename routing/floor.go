package routing

import (
	"fmt"
	"reflect"
	"slices"
	"time"

	"holdfast/call"
)

// A Floor is everybody who may be given a customer, and every queue in which
// customers wait for somebody. It is a plain value and decides without acting,
// as a contact does.
//
// Each Seat and each Queue of it is written down by itself, on the condition
// that nobody else has written it since; see [Changed]. Because the seat comes
// first, nobody is rung who is not reserved, and no agent is reserved twice.
type Floor struct {
	Seats  []Seat  `json:"seats"`
	Queues []Queue `json:"queues"`
}

// A StayID names an agent's part in a contact, from the wish for an agent on:
// it is the contact, and the connection in it that shall be the agent's. A
// place in a queue, the reservation that comes of it and the stay that comes of
// that have the same one.
type StayID struct {
	Contact    call.ContactID    `json:"contact"`
	Connection call.ConnectionID `json:"connection"`
}

// Decide takes what has happened into floor f at the time now and returns the
// floor afterwards, with the commands that make it so. f itself is unchanged.
// Afterwards no customer waits for an agent who could be offered to them.
//
// A fact never gives an error: one that comes too late changes nothing. A
// request may give a *call.Refusal; then nothing has changed and there is
// nothing to do.
func Decide(f Floor, now time.Time, ev Event) (Floor, []Command, error) {
	d := decision{Floor: f.Clone(), now: now}
	if err := d.take(ev); err != nil {
		return f, nil, err
	}
	for i := range d.Seats {
		d.Seats[i].settle(f.Seats[i], now)
	}
	for _, m := range match(d.Floor) {
		d.offer(m)
	}
	for i := range d.Seats {
		d.Seats[i].stamp(f.Seats[i], now)
	}
	return d.Floor, d.commands, nil
}

// Deadline is when DeadlinePassed shall be fed into the floor: at that time or
// later, once. Zero means that nothing waits for a time.
func (f Floor) Deadline() time.Time {
	var first time.Time
	for i := range f.Seats {
		first = call.Earlier(first, f.Seats[i].deadline())
	}
	for i := range f.Queues {
		first = call.Earlier(first, f.Queues[i].deadline())
	}
	return first
}

// Changed is what a decision has changed. All seats must be written before the
// first queue. Who fails in between, because somebody else was quicker or
// because the machine died, reads the floor anew and begins with Recovered.
func Changed(before, after Floor) ([]Seat, []Queue) {
	var seats []Seat
	for i, s := range after.Seats {
		if !reflect.DeepEqual(s, before.Seats[i]) {
			seats = append(seats, s)
		}
	}
	var queues []Queue
	for i, q := range after.Queues {
		if !reflect.DeepEqual(q, before.Queues[i]) {
			queues = append(queues, q)
		}
	}
	return seats, queues
}

// decision is a floor while something is being taken into it.
type decision struct {
	Floor
	now      time.Time
	commands []Command
}

func (d *decision) do(c Command) { d.commands = append(d.commands, c) }

func (d *decision) take(ev Event) error {
	switch ev := ev.(type) {
	case Fact:
		d.fact(ev)
	case Request:
		return d.request(ev)
	}
	return nil
}

func (d *decision) fact(ev Fact) {
	switch ev := ev.(type) {
	case Answered:
		d.answered(ev.Agent, ev.StayID)
	case Talks:
		d.talks(ev.Agent, ev.StayID)
	case Rejected:
		d.rejected(ev.Agent, ev.StayID)
	case Missed:
		if s := d.Seat(ev.Agent); s.ReservedFor(ev.StayID) {
			d.missed(s, call.Unreachable)
		}
	case Held:
		if stay := d.Seat(ev.Agent).Stay(ev.StayID); stay != nil && stay.State == Talking {
			stay.become(Holding, d.now)
		}
	case Ended:
		if s := d.Seat(ev.Agent); s != nil {
			s.wrapUp(ev.StayID, d.now)
		}
	case Lost:
		d.lost(d.Seat(ev.Agent))
	case Back:
		if s := d.Seat(ev.Agent); s != nil {
			s.AwayUntil = time.Time{}
		}
	case Left:
		d.left(ev.StayID)
	case DeadlinePassed:
		d.expire()
	case Recovered:
		d.recover()
	}
}

func (d *decision) request(ev Request) error {
	switch ev := ev.(type) {
	case EnterRequested:
		return d.enter(ev)
	case AgentRequested:
		return d.reserve(ev)
	case StateRequested:
		return d.at(ev.Agent, func(s *Seat) error { return s.choose(ev.Choice) })
	case ResumeRequested:
		return d.at(ev.Agent, func(s *Seat) error { return s.resume(ev.StayID, d.now) })
	case ClearRequested:
		return d.at(ev.Agent, func(s *Seat) error { return s.clear(ev.StayID) })
	}
	return nil
}

// at carries out what somebody asks for who must have a seat.
func (d *decision) at(agent string, ask func(*Seat) error) error {
	s := d.Seat(agent)
	if s == nil {
		return refuse("no agent is called %q", agent)
	}
	return ask(s)
}

// Seat is the agent's Seat, or nil.
func (f *Floor) Seat(agent string) *Seat {
	for i := range f.Seats {
		if f.Seats[i].Agent == agent {
			return &f.Seats[i]
		}
	}
	return nil
}

// Reserved is the agent who is Reserved for that stay, or "".
func (f *Floor) Reserved(id StayID) string {
	for i := range f.Seats {
		if f.Seats[i].ReservedFor(id) {
			return f.Seats[i].Agent
		}
	}
	return ""
}

// Place is where somebody waits for that stay; nil: nowhere.
func (f *Floor) Place(id StayID) (*Queue, *Place) {
	for i := range f.Queues {
		if p := f.Queues[i].place(id); p != nil {
			return &f.Queues[i], p
		}
	}
	return nil, nil
}

// Taken is the seat that is reserved for that stay or has it, or nil.
func (f *Floor) Taken(id StayID) *Seat {
	for i := range f.Seats {
		if s := &f.Seats[i]; s.ReservedFor(id) || s.Stay(id) != nil {
			return s
		}
	}
	return nil
}

// Clone is the floor with lists of its own. A reservation is replaced and never
// changed, and nothing here changes who works in a queue.
func (f Floor) Clone() Floor {
	f.Seats = slices.Clone(f.Seats)
	for i := range f.Seats {
		f.Seats[i].Stays = slices.Clone(f.Seats[i].Stays)
	}
	f.Queues = slices.Clone(f.Queues)
	for i := range f.Queues {
		q := &f.Queues[i]
		q.Places = slices.Clone(q.Places)
		for j := range q.Places {
			q.Places[j].Rejected = slices.Clone(q.Places[j].Rejected)
		}
	}
	return f
}

func refuse(format string, args ...any) error {
	return &call.Refusal{Text: fmt.Sprintf(format, args...)}
}
