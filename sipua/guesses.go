package sipua

import (
	"net/netip"
	"time"
)

// Who gives so many wrong passwords within a while is not answered for as long.
const (
	maxWrong   = 10
	wrongFor   = time.Minute
	maxGuesser = 1024 // addresses remembered
)

// guesses are the wrong passwords of late, by address.
type guesses struct {
	by map[netip.Prefix]guess
}

// A guess is what came from one address since a time.
type guess struct {
	since time.Time
	wrong int
}

// barred says that an address is not answered now.
func (g *guesses) barred(now time.Time, from netip.Addr) bool {
	known := g.by[household(from)]
	return known.wrong >= maxWrong && now.Sub(known.since) < wrongFor
}

// missed notes a wrong password. The one too many begins the time without answers.
func (g *guesses) missed(now time.Time, from netip.Addr) {
	if g.by == nil {
		g.by = map[netip.Prefix]guess{}
	}
	who := household(from)
	known, again := g.by[who]
	if !again && len(g.by) >= maxGuesser {
		g.forget(now)
	}
	if now.Sub(known.since) >= wrongFor {
		known = guess{since: now}
	}
	known.wrong++
	if known.wrong == maxWrong {
		known.since = now
	}
	g.by[who] = known
}

// forget makes room: for those whose time is over, or the one whose time has
// begun first.
func (g *guesses) forget(now time.Time) {
	var first netip.Prefix
	for who, known := range g.by {
		if now.Sub(known.since) >= wrongFor {
			delete(g.by, who)
		} else if !first.IsValid() || known.since.Before(g.by[first].since) {
			first = who
		}
	}
	if len(g.by) >= maxGuesser {
		delete(g.by, first)
	}
}

// household is as much of an address as somebody has for themselves: in IPv6,
// a network.
func household(a netip.Addr) netip.Prefix {
	bits := 32
	if a = a.Unmap(); a.Is6() {
		bits = 64
	}
	p, _ := a.Prefix(bits) // the zero value for the zero address
	return p
}
