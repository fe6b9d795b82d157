package siptransport

import (
	"net/netip"
	"strings"
	"sync"
)

const (
	longestQuote = 2048 // bytes of a datagram that an ICMP error may quote
	mostSent     = 512  // datagrams that are remembered
)

// A returned datagram came back with an ICMP error.
type returned struct {
	to     netip.AddrPort
	quoted string // its beginning
}

// sent are the last datagrams that went out. Anyone can send an ICMP error, but only a
// host that has seen a datagram can quote the random branch of its Via.
type sent struct {
	mu   sync.Mutex
	last [mostSent]returned
	next int
}

// add remembers a datagram.
func (s *sent) add(to netip.AddrPort, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last[s.next%mostSent] = returned{to, text}
	s.next++
}

// has reports whether a datagram that came back was really sent.
func (s *sent) has(r returned) bool {
	_, after, ok := strings.Cut(r.quoted, ";branch=")
	if !ok || !strings.ContainsAny(after, ";,\r") { // the branch must be quoted whole
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, one := range s.last {
		if one.to == r.to && strings.HasPrefix(one.quoted, r.quoted) {
			return true
		}
	}
	return false
}
