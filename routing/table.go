package routing

import (
	"maps"
	"slices"
	"strings"
	"time"

	"holdfast/call"
)

// A Table holds a State, takes events into it, and keeps indexes of it by name, contact,
// idle time and deadline. A decision looks only at the agents and queues that the event
// concerns, so its cost does not grow with the number of agents. A Table has no clock
// and sends nothing.
//
// A Table replaces an Agent, Queue or Entry and never changes it, so the values that it
// returns stay as they are; its callers must not change them. Only one goroutine at a
// time may use a Table.
type Table struct {
	agents   []*agentRow
	queues   []*queueRow
	byName   map[string]*agentRow
	byFolded map[string]*agentRow // by folded name
	byQueue  map[string]*queueRow
	contacts map[call.ContactID]parts
	due      ranking[timer]
	matching []*queueRow // queues in which a customer may now get an agent
}

// An agentRow is an agent in a table.
type agentRow struct {
	*Agent
	n       int              // in the order of the configuration
	members []member         // one for each queue of the agent
	due     rank             // of the agent's deadline
	parts   []call.ContactID // the contacts whose parts have this row
	before  *Agent           // as it was before the decision; nil: unchanged by it
}

// A queueRow is a queue in a table.
type queueRow struct {
	*Queue
	n       int
	free    ranking[idle]   // agents that may be offered a customer
	due     rank            // of the queue's deadline
	paused  map[*Entry]bool // entries with a deadline
	before  *Queue          // as it was before the decision; nil: unchanged by it
	matches bool            // is in matching
}

// A member is an agent in a queue.
type member struct {
	queue *queueRow
	free  rank // among those who are free there
}

// An idle agent is free; the other fields decide when it is their turn.
type idle struct {
	segments int
	since    time.Time
	agent    *agentRow
}

// longer is the order in which free agents are offered customers.
func longer(a, b idle) bool {
	switch {
	case a.segments != b.segments:
		return a.segments < b.segments
	case !a.since.Equal(b.since):
		return a.since.Before(b.since)
	}
	return a.agent.Name < b.agent.Name
}

// A timer is the deadline of an agent or a queue.
type timer struct {
	at    time.Time
	agent *agentRow
	queue *queueRow
}

func sooner(a, b timer) bool { return a.at.Before(b.at) }

// parts are the agents with a reservation or segment of a contact, in the order of the
// configuration, and the contact's entries.
type parts struct {
	agents  []*agentRow
	entries []filed
}

// A filed entry is one in a queue.
type filed struct {
	queue *queueRow
	*Entry
}

// NewTable returns a table of f, which it leaves unchanged. Its first decision also offers
// the customers who could have been offered before, as after a restart.
func NewTable(f State) *Table {
	t := &Table{
		byName: map[string]*agentRow{}, byFolded: map[string]*agentRow{}, byQueue: map[string]*queueRow{},
		contacts: map[call.ContactID]parts{},
		due:      ranking[timer]{less: sooner},
	}
	for i := range f.Agents {
		s := f.Agents[i]
		row := &agentRow{Agent: &s, n: i}
		t.agents = append(t.agents, row)
		addFirst(t.byName, s.Name, row)
		addFirst(t.byFolded, folded(s.Name), row)
	}
	for i := range f.Queues {
		t.addQueue(i, f.Queues[i])
	}
	for _, row := range t.agents {
		t.index(row)
	}
	for _, q := range t.queues {
		t.timeQueue(q)
		t.concern(q)
	}
	return t
}

func addFirst[T any](m map[string]T, name string, x T) {
	if _, known := m[name]; !known {
		m[name] = x
	}
}

// folded returns the same for names that differ only in case, and for few others.
func folded(name string) string { return strings.ToLower(strings.ToUpper(name)) }

func (t *Table) addQueue(n int, q Queue) {
	row := &queueRow{Queue: &q, n: n, free: ranking[idle]{less: longer}}
	t.queues = append(t.queues, row)
	addFirst(t.byQueue, q.Name, row)
	for _, name := range q.Agents {
		s := t.byName[name]
		if s != nil && s.member(row) == nil {
			s.members = append(s.members, member{queue: row})
		}
	}
	for _, p := range q.Entries {
		t.file(row, p)
	}
}

// member is the agent in a queue, or nil.
func (s *agentRow) member(q *queueRow) *member {
	for i := range s.members {
		if s.members[i].queue == q {
			return &s.members[i]
		}
	}
	return nil
}

// index brings the indexes up to date with an agent.
func (t *Table) index(row *agentRow) {
	t.time(&row.due, timer{row.deadline(), row, nil})
	now, free := idle{len(row.Segments), row.IdleSince, row}, row.free()
	for i := range row.members {
		m := &row.members[i]
		if free {
			m.queue.free.set(&m.free, now)
			t.concern(m.queue)
		} else {
			m.queue.free.remove(&m.free)
		}
	}
	has := row.contacts()
	if slices.Equal(has, row.parts) {
		return
	}
	for _, id := range row.parts {
		p := t.contacts[id]
		p.agents = without(p.agents, row)
		t.keep(id, p)
	}
	for _, id := range has {
		p := t.contacts[id]
		i := slices.IndexFunc(p.agents, func(s *agentRow) bool { return s.n > row.n })
		if i < 0 {
			i = len(p.agents)
		}
		p.agents = slices.Insert(p.agents, i, row)
		t.contacts[id] = p
	}
	row.parts = has
}

// timeQueue brings the deadlines up to date with a queue.
func (t *Table) timeQueue(q *queueRow) {
	var first time.Time
	for p := range q.paused {
		first = call.Earlier(first, p.deadline())
	}
	t.time(&q.due, timer{first, nil, q})
}

func (t *Table) time(at *rank, x timer) {
	if x.at.IsZero() {
		t.due.remove(at)
	} else {
		t.due.set(at, x)
	}
}

// concern marks a queue for the next match.
func (t *Table) concern(q *queueRow) {
	if !q.matches {
		q.matches = true
		t.matching = append(t.matching, q)
	}
}

// file adds an entry of a queue to the indexes, and unfile removes it.
func (t *Table) file(q *queueRow, p *Entry) {
	has := t.contacts[p.Contact]
	has.entries = append(has.entries, filed{q, p})
	t.contacts[p.Contact] = has
	if p.deadline().IsZero() {
		return
	}
	if q.paused == nil {
		q.paused = map[*Entry]bool{}
	}
	q.paused[p] = true
}

func (t *Table) unfile(q *queueRow, p *Entry) {
	has := t.contacts[p.Contact]
	has.entries = without(has.entries, filed{q, p})
	t.keep(p.Contact, has)
	delete(q.paused, p)
}

func (t *Table) keep(id call.ContactID, p parts) {
	if len(p.agents)+len(p.entries) == 0 {
		delete(t.contacts, id)
		return
	}
	t.contacts[id] = p
}

func without[T comparable](all []T, x T) []T {
	return slices.DeleteFunc(all, func(y T) bool { return y == x })
}

// Deadline returns when Decide must get DeadlinePassed: at that time or later, once.
// Zero means that nothing waits for a time.
func (t *Table) Deadline() time.Time {
	if first := t.due.first(); first != nil {
		return first.at
	}
	return time.Time{}
}

// State returns all agents and queues.
func (t *Table) State() State {
	f := State{Agents: make([]Agent, len(t.agents)), Queues: make([]Queue, len(t.queues))}
	for i, row := range t.agents {
		f.Agents[i] = *row.Agent
	}
	for i, row := range t.queues {
		f.Queues[i] = *row.Queue
	}
	return f
}

// row is the agent of that name, in any case, or nil.
func (t *Table) row(name string) *agentRow {
	if row := t.byName[name]; row != nil {
		return row
	}
	if row := t.byFolded[folded(name)]; row != nil && strings.EqualFold(row.Name, name) {
		return row
	}
	return nil
}

// Agent returns the agent of that name, in any case, or nil.
func (t *Table) Agent(name string) *Agent {
	if row := t.row(name); row != nil {
		return row.Agent
	}
	return nil
}

// Reserved returns the agent reserved for that segment, or nil.
func (t *Table) Reserved(id SegmentID) *Agent {
	for _, row := range t.contacts[id.Contact].agents {
		if row.ReservedFor(id) {
			return row.Agent
		}
	}
	return nil
}

// taken is the agent that is reserved for that segment or has it, or nil.
func (t *Table) taken(id SegmentID) *Agent {
	for _, row := range t.contacts[id.Contact].agents {
		if row.ReservedFor(id) || row.Segment(id) != nil {
			return row.Agent
		}
	}
	return nil
}

// entry is where a customer waits for that segment; nil: nowhere.
func (t *Table) entry(id SegmentID) (*queueRow, *Entry) {
	for _, x := range t.contacts[id.Contact].entries {
		if x.SegmentID == id {
			return x.queue, x.Entry
		}
	}
	return nil, nil
}

// Contacts returns the contacts that have a reservation, a segment or an entry.
func (t *Table) Contacts() []call.ContactID { return slices.Sorted(maps.Keys(t.contacts)) }

// AgentsOf returns the agents with a reservation or a segment in a contact.
func (t *Table) AgentsOf(id call.ContactID) []*Agent {
	var all []*Agent
	for _, row := range t.contacts[id].agents {
		all = append(all, row.Agent)
	}
	return all
}

// EntriesOf returns the entries of a contact in queues.
func (t *Table) EntriesOf(id call.ContactID) []*Entry {
	var all []*Entry
	for _, x := range t.contacts[id].entries {
		all = append(all, x.Entry)
	}
	return all
}
