package routing

import (
	"cmp"
	"slices"
)

// A pairing is a customer who waits, and the agent they shall be offered to.
type pairing struct {
	Place
	queue, agent string
}

// match pairs customers who wait with free agents: whose turn it is first, each
// with the agent who has been idle for longest. Nobody is paired twice, and who
// is left over on either side could not be paired.
func match(f Floor) []pairing {
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

// waiting is everybody to whom nobody is being offered, in their turn.
func waiting(f Floor) []pairing {
	var all []pairing
	for _, q := range f.Queues {
		for _, p := range q.Places {
			if p.Offered == "" {
				all = append(all, pairing{Place: p, queue: q.Name})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b pairing) int { return sooner(a.Place, b.Place) })
	return all
}

// candidate is the free agent for a customer, or "". Those who have not
// rejected this customer come first, then those who have no other one.
func candidate(f Floor, p pairing, taken map[string]bool) string {
	var best *Seat
	i := slices.IndexFunc(f.Queues, func(q Queue) bool { return q.Name == p.queue })
	for j := range f.Seats {
		s := &f.Seats[j]
		switch {
		case !slices.Contains(f.Queues[i].Agents, s.Agent), taken[s.Agent], !s.free(), p.spares(s.Agent):
		case best == nil || p.rather(*s, *best) < 0:
			best = s
		}
	}
	if best == nil {
		return ""
	}
	return best.Agent
}

func (p *Place) rather(a, b Seat) int {
	return cmp.Or(
		cmp.Compare(p.rejection(a.Agent), p.rejection(b.Agent)),
		cmp.Compare(len(a.Stays), len(b.Stays)),
		a.IdleSince.Compare(b.IdleSince),
		cmp.Compare(a.Agent, b.Agent),
	)
}

// rejection is where among the rejections the agent's is; -1: nowhere.
func (p *Place) rejection(agent string) int {
	return slices.IndexFunc(p.Rejected, func(r Rejection) bool { return r.Agent == agent })
}

// spares says that the agent has rejected this customer just now.
func (p *Place) spares(agent string) bool {
	i := p.rejection(agent)
	return i >= 0 && !p.Rejected[i].Until.IsZero()
}
