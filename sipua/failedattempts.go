package sipua

import (
	"crypto/sha256"
	"encoding/binary"
	"net/netip"
	"strings"
	"time"
)

// Who gives so many wrong passwords within a while is not answered for as long.
const (
	maxWrong   = 10
	wrongFor   = time.Minute
	maxSources = 1024 // remembered
)

// failedAttempts are the wrong passwords of late.
type failedAttempts struct {
	by map[source]attempt
}

// A source is an address. Through a proxy everybody speaks from the same one, so
// there it is also a user: one of as many as can be remembered, so that nobody
// is forgotten by whoever makes users up.
type source struct {
	at   netip.Prefix
	user uint16 // 0: any
}

// sourceThrough is who guesses the password of a user through a proxy. Nobody
// who does not know the secret can tell whose wrong passwords count with whose.
func sourceThrough(proxy netip.Addr, user, secret string) source {
	sum := sha256.Sum256([]byte(secret + strings.ToLower(user)))
	return source{household(proxy), 1 + binary.BigEndian.Uint16(sum[:])%maxSources}
}

// An attempt counts what came from one guesser since a time.
type attempt struct {
	since time.Time
	wrong int
}

// barred says that somebody is not answered now.
func (g *failedAttempts) barred(now time.Time, who source) bool {
	known := g.by[who]
	return known.wrong >= maxWrong && now.Sub(known.since) < wrongFor
}

// missed notes a wrong password. The one too many begins the time without answers.
func (g *failedAttempts) missed(now time.Time, who source) {
	if g.by == nil {
		g.by = map[source]attempt{}
	}
	known, again := g.by[who]
	if !again && len(g.by) >= maxSources {
		g.forget(now)
	}
	if now.Sub(known.since) >= wrongFor {
		known = attempt{since: now}
	}
	known.wrong++
	if known.wrong == maxWrong {
		known.since = now
	}
	g.by[who] = known
}

// forget makes room: for those whose time is over, or the one whose time has
// begun first.
func (g *failedAttempts) forget(now time.Time) {
	var first source
	for who, known := range g.by {
		if now.Sub(known.since) >= wrongFor {
			delete(g.by, who)
		} else if !first.at.IsValid() || known.since.Before(g.by[first].since) {
			first = who
		}
	}
	if len(g.by) >= maxSources {
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
