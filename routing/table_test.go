package routing

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"holdfast/call"
)

// Decide takes an event into f and returns the state afterwards. f itself is unchanged.
// An error that is no refusal names a mistake of the table.
func Decide(f State, now time.Time, ev Event) (State, []Command, error) {
	t := NewTable(f)
	if !t.starves() { // then it is as if the table had decided before
		for _, q := range t.matching {
			q.matches = false
		}
		t.matching = nil
	}
	change, err := t.Decide(now, ev)
	after := t.State()
	if how := t.broken(); how != "" {
		return f, nil, errors.New(how)
	}
	if how := change.broken(f, after); how != "" {
		return f, nil, errors.New(how)
	}
	return after, change.Commands, err
}

// Changed is what is different after a decision, by another way than the decision's own.
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

// broken says how a change is not all that has changed and nothing else, or "".
func (c Change) broken(before, after State) string {
	agents, queues := Changed(before, after)
	if !reflect.DeepEqual(agents, c.Agents) || !reflect.DeepEqual(queues, c.Queues) {
		return fmt.Sprintf("changed are %+v and %+v, and the decision says %+v and %+v", agents, queues, c.Agents, c.Queues)
	}
	return ""
}

// starves reports whether a customer waits for an agent who could be offered to them, as
// after a restart.
func (t *Table) starves() bool {
	for _, q := range t.queues {
		for _, p := range q.Entries {
			for _, s := range t.agents {
				if p.OfferedTo == "" && t.Reserved(p.SegmentID) == nil && slices.Contains(q.Agents, s.Name) && s.free() && !paused(p, s.Name) {
					return true
				}
			}
		}
	}
	return false
}

// These find by looking everywhere what a table has at hand.
func (f State) Deadline() time.Time {
	var first time.Time
	for i := range f.Agents {
		first = call.Earlier(first, f.Agents[i].deadline())
	}
	for _, q := range f.Queues {
		first = call.Earlier(first, q.deadline())
	}
	return first
}

func (q *Queue) deadline() time.Time {
	var first time.Time
	for _, p := range q.Entries {
		first = call.Earlier(first, p.deadline())
	}
	return first
}

func (f State) Reserved(id SegmentID) string {
	for _, s := range f.Agents {
		if s.ReservedFor(id) {
			return s.Name
		}
	}
	return ""
}

func (f State) Taken(id SegmentID) *Agent {
	for _, s := range f.Agents {
		if s.ReservedFor(id) || s.Segment(id) != nil {
			return &s
		}
	}
	return nil
}

// broken says how the indexes of a table are not what they would be if it was made anew,
// or "".
func (t *Table) broken() string {
	if len(t.matching) > 0 {
		return "index: a queue still has to be matched"
	}
	f := t.State()
	if got, want := t.Deadline(), f.Deadline(); !got.Equal(want) {
		return fmt.Sprintf("index: the deadline is %s, and not %s", want, got)
	}
	ids := map[call.ContactID]bool{}
	for _, row := range t.agents {
		for _, id := range row.Agent.contacts() {
			ids[id] = true
		}
		if row.before != nil || t.row(row.Name) != row || t.row(strings.ToUpper(row.Name)) != row {
			return "index: " + row.Name + " is not found"
		}
		for _, m := range row.members {
			if (m.free > 0) != row.free() || m.free > 0 && m.queue.free.items[m.free-1].value != (idle{len(row.Segments), row.IdleSince, row}) {
				return fmt.Sprintf("index: %s is %s, and in %s it is not so", row.Name, row.State, m.queue.Name)
			}
		}
		if how := disagrees(t.due, row.due, timer{row.deadline(), row, nil}); how != "" {
			return how + row.Name
		}
	}
	for _, q := range t.queues {
		for _, p := range q.Entries {
			ids[p.Contact] = true
		}
		if how := q.broken(t); how != "" {
			return how
		}
	}
	if len(ids) != len(t.contacts) {
		return "index: there are contacts in it that have nothing"
	}
	for id := range ids {
		if how := t.contacts[id].broken(id, t); how != "" {
			return how
		}
	}
	return t.due.broken("the deadlines")
}

// disagrees says that the deadline at a rank is not as it is, or "".
func disagrees(due ranking[timer], at rank, want timer) string {
	if at > 0 != !want.at.IsZero() || at > 0 && due.items[at-1].value != want {
		return "index: the deadline of "
	}
	return ""
}

func (q *queueRow) broken(t *Table) string {
	var members int
	for _, row := range t.agents {
		if slices.Contains(q.Agents, row.Name) != (row.member(q) != nil) {
			return fmt.Sprintf("index: %s and %s", row.Name, q.Name)
		}
		if m := row.member(q); m != nil && m.free > 0 {
			members++
		}
	}
	switch {
	case members != len(q.free.items):
		return "index: strangers are free in " + q.Name
	case q.before != nil || q.matches || t.byQueue[q.Name] != q:
		return "index: " + q.Name + " is not found"
	}
	if how := disagrees(t.due, q.due, timer{q.deadline(), nil, q}); how != "" {
		return how + q.Name
	}
	return q.free.broken("those who are free in " + q.Name)
}

func (p parts) broken(id call.ContactID, t *Table) string {
	var agents []*agentRow
	for _, row := range t.agents {
		if slices.Contains(row.Agent.contacts(), id) {
			agents = append(agents, row)
		}
	}
	entries := map[filed]bool{}
	for _, q := range t.queues {
		for _, x := range q.Entries {
			if x.Contact == id {
				entries[filed{q, x}] = true
			}
			if x.deadline().IsZero() == q.paused[x] {
				return fmt.Sprintf("index: the pauses of %s in %s", x.Contact, q.Name)
			}
		}
	}
	for _, x := range p.entries {
		if !entries[x] {
			return fmt.Sprintf("index: %s has an entry that is not in %s", id, x.queue.Name)
		}
	}
	if !slices.Equal(agents, p.agents) || len(p.entries) != len(entries) {
		return fmt.Sprintf("index: the agents and entries of %s", id)
	}
	return ""
}

func (r *ranking[T]) broken(what string) string {
	for i, x := range r.items {
		if int(*x.rank) != i+1 || i > 0 && r.less(x.value, r.items[(i-1)/branches].value) {
			return fmt.Sprintf("index: the order of %s", what)
		}
	}
	return ""
}

// TestTable has one table decide for as long as a shift lasts: each time as a table made
// anew, and without a change of what it has returned before.
func TestTable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(smallState())
		w.f.Agents = append(w.f.Agents, Agent{Name: "cem", Capacity: 2, Status: Status{State: Available}}.WithState())
		w.f.Queues = append(w.f.Queues, Queue{Name: "night", Agents: []string{"cem", "ana"}, OfferFor: call.Duration(7 * time.Second)})
		table, segments := NewTable(w.f), customers(7)
		if change, err := table.Decide(w.now, Recovered{}); err != nil || len(change.Agents)+len(change.Queues) > 0 {
			t.Fatalf("a beginning changes %+v (%v)", change, err)
		}
		for range rapid.IntRange(1, 80).Draw(t, "steps") {
			ev := rapid.SampledFrom(likely(w, segments)).Draw(t, "event")
			w.now = w.now.Add(time.Duration(rapid.IntRange(0, 9).Draw(t, "seconds")) * time.Second)
			returned := table.State()
			before := text(t, returned)
			change, err := table.Decide(w.now, ev)
			after, commands, refused := Decide(w.f, w.now, ev)
			if got, want := text(t, table.State()), text(t, after); got != want {
				t.Fatalf("%T%+v:\n%s\nand anew\n%s", ev, ev, got, want)
			}
			if !slices.Equal(change.Commands, commands) || (err == nil) != (refused == nil) {
				t.Fatalf("%T%+v: %+v (%v), and anew %+v (%v)", ev, ev, change.Commands, err, commands, refused)
			}
			if how := table.broken() + change.broken(w.f, after); how != "" {
				t.Fatalf("%T%+v: %s", ev, ev, how)
			}
			if text(t, returned) != before {
				t.Fatalf("%T%+v has changed what was returned before", ev, ev)
			}
			w.f = after
		}
	})
}

// What agrees with no agent or queue is noticed.
func TestBrokenTable(t *testing.T) {
	for name, plant := range map[string]func(*Table){
		"an agent who is busy is free in a queue": func(t *Table) {
			s := t.agents[0].clone()
			s.Status.State = Offline
			t.agents[0].Agent = &s
		},
		"a deadline is missing": func(t *Table) { t.due.remove(&t.agents[1].due) },
		"a contact is missing":  func(t *Table) { delete(t.contacts, "c") },
		"a contact is left":     func(t *Table) { t.contacts["x"] = parts{} },
		"the order is wrong": func(t *Table) {
			s := t.agents[2].clone()
			s.IdleSince = atNoon.Add(time.Hour)
			t.agents[2].Agent = &s
		},
		"a queue is not matched": func(t *Table) { t.concern(t.queues[0]) },
		"an agent has moved":     func(t *Table) { t.byName["ana"] = t.agents[1] },
	} {
		t.Run(name, func(t *testing.T) {
			table := NewTable(oneQueue())
			for _, ev := range []Event{
				AgentRequested{Agent: "ben", SegmentID: customers(1)[0]},
				StateRequested{"ana", Status{State: Available}},
			} {
				if _, err := table.Decide(atNoon, ev); err != nil {
					t.Fatal(err)
				}
			}
			if how := table.broken(); how != "" {
				t.Fatal(how)
			}
			plant(table)
			if table.broken() == "" {
				t.Error("it is not noticed")
			}
		})
	}
}
