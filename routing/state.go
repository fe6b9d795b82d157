package routing

import (
	"reflect"
	"slices"
	"strings"
	"time"

	"holdfast/call"
)

// A State is everybody who may be given a customer, and every queue in which
// customers wait for somebody. It is a plain value and decides without acting,
// as a contact does.
//
// Each Agent and each Queue of it is written down by itself, on the condition
// that nobody else has written it since; see [Changed]. Because the agent comes
// first, no agent is rung without a reservation, and none is reserved twice.
type State struct {
	Agents []Agent `json:"agents"`
	Queues []Queue `json:"queues"`
}

// A SegmentID names an agent's part in a contact, from the wish for an agent on:
// it is the contact, and the connection in it that shall be the agent's. A
// entry in a queue, the reservation that comes of it and the segment that comes of
// that have the same one.
type SegmentID struct {
	Contact    call.ContactID    `json:"contact"`
	Connection call.ConnectionID `json:"connection"`
}

// Decide takes what has happened into routing state f at the time now and returns the
// routing state afterwards, with the commands that make it so. f itself is unchanged.
// Afterwards no customer waits for an agent who could be offered to them.
//
// A fact never gives an error: one that comes too late changes nothing. A
// request may give a *call.Refusal; then nothing has changed and there is
// nothing to do.
func Decide(f State, now time.Time, ev Event) (State, []Command, error) {
	d := step{State: f.Clone(), now: now}
	if err := d.take(ev); err != nil {
		return f, nil, err
	}
	for i := range d.Agents {
		d.Agents[i].settle(f.Agents[i], now)
	}
	for _, m := range match(d.State) {
		d.offer(m)
	}
	for i := range d.Agents {
		d.Agents[i].stamp(f.Agents[i], now)
	}
	return d.State, d.commands, nil
}

// Deadline is when DeadlinePassed shall be fed into routing: at that time or
// later, once. Zero means that nothing waits for a time.
func (f State) Deadline() time.Time {
	var first time.Time
	for i := range f.Agents {
		first = call.Earlier(first, f.Agents[i].deadline())
	}
	for i := range f.Queues {
		first = call.Earlier(first, f.Queues[i].deadline())
	}
	return first
}

// Changed is what a decision has changed. All agents must be written before the
// first queue. Who fails in between, because somebody else was quicker or
// because the machine died, reads routing anew and begins with Recovered.
func Changed(before, after State) ([]Agent, []Queue) {
	var agents []Agent
	for i, s := range after.Agents {
		if !reflect.DeepEqual(s, before.Agents[i]) {
			agents = append(agents, s)
		}
	}
	var queues []Queue
	for i, q := range after.Queues {
		if !reflect.DeepEqual(q, before.Queues[i]) {
			queues = append(queues, q)
		}
	}
	return agents, queues
}

// step is a routing state while something is being taken into it.
type step struct {
	State
	now      time.Time
	commands []Command
}

// after returns the time that is that long from now.
func (d *step) after(length call.Duration) time.Time { return d.now.Add(time.Duration(length)) }

func (d *step) do(c Command) { d.commands = append(d.commands, c) }

func (d *step) take(ev Event) error {
	switch ev := ev.(type) {
	case Fact:
		d.fact(ev)
	case Request:
		return d.request(ev)
	}
	return nil
}

func (d *step) fact(ev Fact) {
	switch ev := ev.(type) {
	case Answered:
		d.answered(ev.Agent, ev.SegmentID)
	case Talks:
		d.talks(ev.Agent, ev.SegmentID)
	case Rings:
		if !d.Agent(ev.Agent).isOffered(ev.SegmentID, ev.Number) {
			d.do(Withdraw{Agent: ev.Agent, SegmentID: ev.SegmentID, Number: ev.Number, Reason: call.NoAnswer})
		}
	case Rejected:
		d.rejected(ev)
	case Missed:
		if s := d.Agent(ev.Agent); s.isOffered(ev.SegmentID, ev.Number) {
			d.missed(s, call.Unreachable)
		}
	case Held:
		if segment := d.Agent(ev.Agent).Segment(ev.SegmentID); segment != nil && segment.State == Talking {
			segment.become(Holding, d.now)
		}
	case Ended:
		if s := d.Agent(ev.Agent); s != nil {
			s.wrapUp(ev.SegmentID, d.now)
		}
	case Lost:
		d.lost(d.Agent(ev.Agent))
	case Back:
		if s := d.Agent(ev.Agent); s != nil {
			s.AwayUntil = time.Time{}
		}
	case Left:
		d.left(ev.SegmentID)
	case DeadlinePassed:
		d.expire()
	case Recovered:
		d.recover()
	}
}

func (d *step) request(ev Request) error {
	switch ev := ev.(type) {
	case EnterRequested:
		return d.enter(ev)
	case AgentRequested:
		return d.reserve(ev)
	case StateRequested:
		return d.at(ev.Agent, func(s *Agent) error { return s.setStatus(ev.Status) })
	case ResumeRequested:
		return d.at(ev.Agent, func(s *Agent) error { return s.resume(ev.SegmentID, d.now) })
	case ClearRequested:
		return d.at(ev.Agent, func(s *Agent) error { return s.clear(ev.SegmentID) })
	}
	return nil
}

// at carries out what somebody asks for who must be an agent of ours.
func (d *step) at(agent string, ask func(*Agent) error) error {
	s := d.Agent(agent)
	if s == nil {
		return refuse(UnknownAgent, "no agent is called %q", agent)
	}
	return ask(s)
}

// Agent is the agent of that name, in any case, or nil.
func (f *State) Agent(name string) *Agent {
	for i := range f.Agents {
		if strings.EqualFold(f.Agents[i].Name, name) {
			return &f.Agents[i]
		}
	}
	return nil
}

// Reserved is the agent who is Reserved for that segment, or "".
func (f *State) Reserved(id SegmentID) string {
	for i := range f.Agents {
		if f.Agents[i].ReservedFor(id) {
			return f.Agents[i].Name
		}
	}
	return ""
}

// Entry is where somebody waits for that segment; nil: nowhere.
func (f *State) Entry(id SegmentID) (*Queue, *Entry) {
	for i := range f.Queues {
		if p := f.Queues[i].entry(id); p != nil {
			return &f.Queues[i], p
		}
	}
	return nil, nil
}

// Taken is the agent that is reserved for that segment or has it, or nil.
func (f *State) Taken(id SegmentID) *Agent {
	for i := range f.Agents {
		if s := &f.Agents[i]; s.ReservedFor(id) || s.Segment(id) != nil {
			return s
		}
	}
	return nil
}

// Clone is a copy that shares nothing with f.
func (f State) Clone() State {
	f.Agents = slices.Clone(f.Agents)
	for i := range f.Agents {
		s := &f.Agents[i]
		if s.Reservation != nil {
			r := *s.Reservation
			s.Reservation = &r
		}
		s.Segments = slices.Clone(s.Segments)
	}
	f.Queues = slices.Clone(f.Queues)
	for i := range f.Queues {
		q := &f.Queues[i]
		q.Agents = slices.Clone(q.Agents)
		q.Entries = slices.Clone(q.Entries)
		for j := range q.Entries {
			q.Entries[j].Rejected = slices.Clone(q.Entries[j].Rejected)
		}
	}
	return f
}
