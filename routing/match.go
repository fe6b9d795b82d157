package routing

import (
	"cmp"
	"slices"
)

// match offers waiting customers to free agents: the customer whose turn it is first, each
// to the agent idle for longest. It looks only at the queues that the decision concerns. In
// the others no customer could get an agent before, and nothing has changed.
func (d *step) match() {
	slices.SortFunc(d.matching, func(a, b *queueRow) int { return cmp.Compare(a.n, b.n) })
	turns := make([]turn, 0, 8)
	for _, q := range d.matching {
		turns = append(turns, turn{queue: q})
	}
	for q, p := d.next(turns); p != nil; q, p = d.next(turns) {
		if s := d.candidate(q, p); s != nil {
			d.offer(q, p, s)
		}
	}
	for _, q := range d.matching {
		q.matches = false
	}
	d.matching = d.matching[:0]
}

// A turn is how far a match has come in a queue.
type turn struct {
	queue *queueRow
	next  int // the first entry that has not had its turn
}

// next returns the next customer among all of the queues; nil: there is none.
func (d *step) next(turns []turn) (*queueRow, *Entry) {
	var first *turn
	for i := range turns {
		t := &turns[i]
		if d.skip(t) && (first == nil || before(t.entry(), first.entry()) < 0) {
			first = t
		}
	}
	if first == nil {
		return nil, nil
	}
	first.next++
	return first.queue, first.queue.Entries[first.next-1]
}

func (t *turn) entry() *Entry { return t.queue.Entries[t.next] }

// skip passes over customers who are being offered already. It reports whether a customer
// is left, and an agent is free. Before Recovered, an agent may be reserved for a customer
// whose entry does not have that yet.
func (d *step) skip(t *turn) bool {
	if len(t.queue.free.items) == 0 {
		return false
	}
	for ; t.next < len(t.queue.Entries); t.next++ {
		if p := t.entry(); p.OfferedTo == "" && d.Reserved(p.SegmentID) == nil {
			return true
		}
	}
	return false
}

// candidate is the free agent for a customer, or nil. Agents who have not rejected this
// customer come first, then agents without another customer.
func (d *step) candidate(q *queueRow, p *Entry) *agentRow {
	var passed []idle
	first := q.free.first()
	for first != nil && p.rejection(first.agent.Name) >= 0 {
		passed = append(passed, *first)
		q.free.remove(&first.agent.member(q).free)
		first = q.free.first()
	}
	var best *agentRow
	if first != nil {
		best = first.agent
	}
	for _, x := range passed {
		q.free.set(&x.agent.member(q).free, x)
	}
	for i := 0; best == nil && i < len(p.Rejected); i++ {
		if r := p.Rejected[i]; r.Until.IsZero() { // otherwise they have just rejected
			best = d.freeIn(q, r.Agent)
		}
	}
	return best
}

// freeIn is the agent of that name if a queue may offer them a customer, or nil.
func (d *step) freeIn(q *queueRow, name string) *agentRow {
	row := d.byName[name]
	if row == nil {
		return nil
	}
	if m := row.member(q); m == nil || m.free == 0 {
		return nil
	}
	return row
}

// rejection is where among the rejections the agent's is; -1: nowhere.
func (p *Entry) rejection(agent string) int {
	return slices.IndexFunc(p.Rejected, func(r Rejection) bool { return r.Agent == agent })
}
