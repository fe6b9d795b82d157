package routing

import (
	"cmp"
	"slices"
	"time"

	"holdfast/call"
)

// A Queue is where customers wait for one of several agents. Nothing but
// leaving or an agent's answer takes a customer out of it, and no time limit
// ends the waiting.
type Queue struct {
	Name   string   `json:"name"`
	Agents []string `json:"agents"` // by name, in any order

	// OfferFor is how long an agent rings for a customer; zero: 30 s.
	OfferFor call.Duration `json:"offerFor,omitempty"`
	// AskAgain is how long an agent who has rejected a customer is left in
	// peace before they may be offered that customer again; zero: 15 s.
	AskAgain call.Duration `json:"askAgain,omitempty"`

	// Entries are in the order in which they are served. An Entry is replaced and
	// never changed, so that queues may share it.
	Entries []*Entry `json:"entries,omitempty"`
}

const (
	offerFor = call.Duration(30 * time.Second)
	askAgain = call.Duration(15 * time.Second)
)

// An Entry is a customer waiting in a queue. It is kept while it is offered, so
// that an offer that comes to nothing costs the customer nothing.
type Entry struct {
	SegmentID
	Priority int           `json:"priority,omitempty"`
	Returned bool          `json:"returned,omitempty"`
	Callback call.Endpoint `json:"callback,omitzero"` // the customer to be dialled; none: they are on the line
	Since    time.Time     `json:"since"`

	OfferedTo string `json:"offeredTo,omitempty"` // the agent it is being offered to
	Offers    int    `json:"offers,omitempty"`    // how many offers there were; the latest has this number
	// Rejected holds the agents who did not want this customer, whose
	// rejection is longest ago first.
	Rejected []Rejection `json:"rejected,omitempty"`
}

// A Rejection is an agent's saying no to a customer. The queue does not offer
// them the customer again before a pause, and then only if it can offer them to
// no other agent.
type Rejection struct {
	Agent string    `json:"agent"`
	Until time.Time `json:"until,omitzero"` // the end of the pause; zero: it is over
}

func (q *Queue) entry(id SegmentID) *Entry {
	for _, p := range q.Entries {
		if p.SegmentID == id {
			return p
		}
	}
	return nil
}

// add inserts a customer's entry behind all others that are not served later.
func (q *Queue) add(p *Entry) {
	i := len(q.Entries)
	for i > 0 && before(p, q.Entries[i-1]) < 0 {
		i--
	}
	q.Entries = slices.Insert(q.Entries, i, p)
}

// before is the order in which customers are served, also across queues.
func before(a, b *Entry) int {
	if a.Returned != b.Returned {
		if a.Returned {
			return -1
		}
		return 1
	}
	return cmp.Or(cmp.Compare(b.Priority, a.Priority), a.Since.Compare(b.Since))
}

// clone is a copy that shares nothing with p.
func (p *Entry) clone() *Entry {
	c := *p
	c.Rejected = slices.Clone(p.Rejected)
	return &c
}

// reject notes that an agent did not want this customer.
func (p *Entry) reject(agent string, until time.Time) {
	p.OfferedTo = ""
	p.Rejected = slices.DeleteFunc(p.Rejected, func(r Rejection) bool { return r.Agent == agent })
	p.Rejected = append(p.Rejected, Rejection{agent, until})
}

// expire ends the pauses that are over.
func (p *Entry) expire(now time.Time) {
	for i := range p.Rejected {
		if r := &p.Rejected[i]; call.Due(r.Until, now) {
			r.Until = time.Time{}
		}
	}
}

// deadline is the end of the first pause; zero: there is none.
func (p *Entry) deadline() time.Time {
	var first time.Time
	for i := range p.Rejected {
		first = call.Earlier(first, p.Rejected[i].Until)
	}
	return first
}
