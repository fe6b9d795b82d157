package routing

import (
	"cmp"
	"slices"
)

// A pairing is a customer who waits, and the agent they shall be offered to.
type pairing struct {
	Entry
	queue, agent string
}

// match pairs customers who wait with free agents: whose turn it is first, each
// with the agent who has been idle for longest. Nobody is paired twice, and who
// is left over on either side could not be paired.
func match(f State) []pairing {
	var pairs []pairing
	taken := map[string]bool{}
	for _, p := range waiting(f) {
		if agent := candidate(f, p, taken); agent != "" {
			taken[agent] = true
			p.agent = agent
			pairs = append(pairs, p)
		}
	}
	return pairs
}

// waiting is the customers who are not being offered to anybody, in their turn.
// Before Recovered, an agent may be reserved for a customer whose entry does not
// say so.
func waiting(f State) []pairing {
	var all []pairing
	for _, q := range f.Queues {
		for _, p := range q.Entries {
			if p.OfferedTo == "" && f.Reserved(p.SegmentID) == "" {
				all = append(all, pairing{Entry: p, queue: q.Name})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b pairing) int { return sooner(a.Entry, b.Entry) })
	return all
}

// candidate is the free agent for a customer, or "". Those who have not
// rejected this customer come first, then those who have no other one.
func candidate(f State, p pairing, taken map[string]bool) string {
	var best *Agent
	i := slices.IndexFunc(f.Queues, func(q Queue) bool { return q.Name == p.queue })
	for j := range f.Agents {
		s := &f.Agents[j]
		switch {
		case !slices.Contains(f.Queues[i].Agents, s.Name), taken[s.Name], !s.free(), p.spares(s.Name):
		case best == nil || p.rather(*s, *best) < 0:
			best = s
		}
	}
	if best == nil {
		return ""
	}
	return best.Name
}

func (p *Entry) rather(a, b Agent) int {
	return cmp.Or(
		cmp.Compare(p.rejection(a.Name), p.rejection(b.Name)),
		cmp.Compare(len(a.Segments), len(b.Segments)),
		a.IdleSince.Compare(b.IdleSince),
		cmp.Compare(a.Name, b.Name),
	)
}

// rejection is where among the rejections the agent's is; -1: nowhere.
func (p *Entry) rejection(agent string) int {
	return slices.IndexFunc(p.Rejected, func(r Rejection) bool { return r.Agent == agent })
}

// spares says that the agent has rejected this customer just now.
func (p *Entry) spares(agent string) bool {
	i := p.rejection(agent)
	return i >= 0 && !p.Rejected[i].Until.IsZero()
}
