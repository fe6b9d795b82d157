package routing

import (
	"cmp"
	"reflect"
	"slices"
	"time"

	"holdfast/call"
)

// A Change has the agents and queues that a decision has changed, in the order of the
// configuration, and the commands to carry out then. The Agents may be written in any
// order; a Queue must be written after all of them. If the process dies in between, its
// successor reads the agents and queues that were written and begins with Recovered.
type Change struct {
	Agents   []Agent
	Queues   []Queue
	Commands []Command
}

// Decide takes an event into the table at the time now and returns the changes. Afterwards
// no customer waits for an agent who could be offered to them.
//
// A fact never gives an error: one that comes too late changes nothing. A
// request may give a *call.Refusal; then nothing has changed and there is
// nothing to do.
func (t *Table) Decide(now time.Time, ev Event) (Change, error) {
	d := step{Table: t, now: now}
	if err := d.take(ev); err != nil {
		return Change{}, err
	}
	for _, row := range d.changedAgents {
		row.settle(*row.before, now)
		t.index(row)
	}
	d.match()
	return d.end(), nil
}

// step is a table while it takes an event in. Only its methods change, changeEntry, add and
// remove change an agent or a queue: they keep the indexes right and note the changes.
type step struct {
	*Table
	now      time.Time
	commands []Command

	changedAgents []*agentRow // in any order
	changedQueues []*queueRow // in any order
}

// end returns the step's changes.
func (d *step) end() Change {
	change := Change{Commands: d.commands}
	slices.SortFunc(d.changedAgents, func(a, b *agentRow) int { return cmp.Compare(a.n, b.n) })
	for _, row := range d.changedAgents {
		row.stamp(*row.before, d.now)
		if !reflect.DeepEqual(row.before, row.Agent) {
			change.Agents = append(change.Agents, *row.Agent)
		}
		row.before = nil
	}
	slices.SortFunc(d.changedQueues, func(a, b *queueRow) int { return cmp.Compare(a.n, b.n) })
	for _, q := range d.changedQueues {
		change.Queues = append(change.Queues, *q.Queue)
		q.before = nil
	}
	return change
}

// change changes an agent.
func (d *step) change(row *agentRow, change func(*Agent)) {
	s := d.copied(row)
	change(s)
	d.index(row)
}

// copied returns the step's own copy of an agent.
func (d *step) copied(row *agentRow) *Agent {
	if row.before == nil {
		s := row.Agent.clone()
		row.before, row.Agent = row.Agent, &s
		d.changedAgents = append(d.changedAgents, row)
	}
	return row.Agent
}

// changeEntry changes an entry of a queue, and returns it as it is then.
func (d *step) changeEntry(q *queueRow, p *Entry, change func(*Entry)) *Entry {
	d.copyQueue(q)
	after := p.clone()
	change(after)
	q.Entries[slices.Index(q.Entries, p)] = after
	d.unfile(q, p)
	d.file(q, after)
	d.timeQueue(q)
	d.concern(q)
	return after
}

// add gives a customer an entry in a queue.
func (d *step) add(q *queueRow, p *Entry) {
	d.copyQueue(q)
	q.add(p)
	d.file(q, p)
	d.concern(q)
}

// remove takes a customer out of a queue that they wait in.
func (d *step) remove(q *queueRow, p *Entry) {
	d.copyQueue(q)
	i := slices.Index(q.Entries, p)
	q.Entries = slices.Delete(q.Entries, i, i+1)
	d.unfile(q, p)
	d.timeQueue(q)
}

func (d *step) copyQueue(row *queueRow) {
	if row.before != nil {
		return
	}
	q := *row.Queue
	q.Entries = slices.Clone(q.Entries)
	row.before, row.Queue = row.Queue, &q
	d.changedQueues = append(d.changedQueues, row)
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
		if s := d.row(ev.Agent); s != nil && s.isOffered(ev.SegmentID, ev.Number) {
			d.missed(s, call.Unreachable)
		}
	case Held:
		d.held(ev)
	case Ended:
		if s := d.row(ev.Agent); s != nil {
			d.change(s, func(s *Agent) { s.wrapUp(ev.SegmentID, d.now) })
		}
	case Lost:
		d.lost(d.row(ev.Agent))
	case Back:
		if s := d.row(ev.Agent); s != nil {
			d.change(s, func(s *Agent) { s.AwayUntil = time.Time{} })
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

// at carries out a request that must come from a configured agent.
func (d *step) at(agent string, ask func(*Agent) error) error {
	row := d.row(agent)
	if row == nil {
		return refuse(UnknownAgent, "no agent is called %q", agent)
	}
	s := row.Agent.clone()
	if err := ask(&s); err != nil {
		return err
	}
	d.change(row, func(now *Agent) { *now = s })
	return nil
}
