package siptransport

import (
	"context"
	"net"
	"net/netip"
	"time"

	"holdfast/lobby"
)

const (
	maxStreams    = 2048 // connections of known peers; one more ends the one that has been silent longest
	maxPerHost    = 256  // connections from one known address; one more is not taken
	maxGuests     = 512  // connections of guests; see package lobby
	maxGuestsFrom = 128  // of these, from one source
)

// A Peer is how far an address that connects is known.
type Peer int

// Peers.
const (
	Stranger Peer = iota // no peer there may connect
	Guest                // a phone that is not known yet may be there
	Known                // its connections are not ended for those of guests
)

func (o Options) peer(at netip.AddrPort) Peer {
	if o.Peer == nil {
		return Known
	}
	return o.Peer(at)
}

// take takes a connection from far, unless it is a stranger's or there are too many from
// that host.
func (s *streams) take(conn net.Conn, far netip.AddrPort) {
	peer := s.options.peer(far)
	if peer == Stranger {
		_ = conn.Close()
		return
	}
	st := s.begin(conn, far, peer)
	if st == nil {
		_ = conn.Close()
		return
	}
	if peer == Guest {
		s.host(st)
	}
}

// begin begins to carry messages over a connection, or returns nil.
func (s *streams) begin(conn net.Conn, far netip.AddrPort, peer Peer) *stream {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || peer == Known && s.crowded(far.Addr()) {
		return nil
	}
	st, ctx := s.add(far, true, peer)
	s.done.Go(func() { s.carry(ctx, st, conn) })
	return st
}

// host puts a guest's stream into the lobby. When it must go from there, its peer may
// have become known.
func (s *streams) host(st *stream) {
	place := s.guests.Enter(lobby.Source(st.far.Addr()), func() {
		known := s.options.peer(st.far) == Known
		s.mu.Lock()
		defer s.mu.Unlock()
		if known {
			st.guest = false
		} else {
			s.drop(st)
		}
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	st.place = place
	if s.open[st.far] != st { // it has ended already
		place.Leave()
	}
}

func (s *streams) crowded(host netip.Addr) bool {
	n := 0
	for far, st := range s.open {
		if st.theirs && !st.guest && far.Addr() == host {
			n++
		}
	}
	return n >= maxPerHost
}

// add makes a stream. If there are too many of known peers, the one that has been silent
// longest ends. The mutex is held.
func (s *streams) add(far netip.AddrPort, theirs bool, peer Peer) (*stream, context.Context) {
	ends := s.open[far]
	if ends == nil && peer == Known {
		ends = s.silent()
	}
	if ends != nil {
		s.drop(ends)
	}
	ctx, end := context.WithCancel(context.Background())
	st := &stream{far: far, theirs: theirs, guest: peer == Guest, queue: make(chan *packet, maxQueue), end: end, used: time.Now()}
	s.open[far] = st
	return st, ctx
}

// silent returns the stream of a known peer that has been silent longest, or nil if one
// more may be opened. The mutex is held.
func (s *streams) silent() (longest *stream) {
	n := 0
	for _, st := range s.open {
		if st.guest {
			continue
		}
		n++
		if longest == nil || st.used.Before(longest.used) {
			longest = st
		}
	}
	if n < maxStreams {
		return nil
	}
	return longest
}

// drop ends a stream. The mutex is held.
func (s *streams) drop(st *stream) {
	st.end()
	if s.open[st.far] == st {
		delete(s.open, st.far)
	}
}
