package webleg

import (
	"context"
	"net/netip"
)

// pcmu is the payload type of G.711 µ-law (RFC 3551 §6), the one codec here.
const pcmu = 0

// An answerer answers browsers' offers and carries their packets. Its methods
// may be called by any goroutine.
type answerer interface {
	// address returns where browsers send.
	address() netip.AddrPort
	// answer makes a session from an offer and reports everything about it to
	// the receiver. It waits for nothing outside the process.
	answer(ctx context.Context, o offer, to receiver) (s session, sdp string, err error)
	// close frees the sockets. All sessions must be closed first.
	close() error
}

// A session carries the packets of one browser, from one offer on.
type session interface {
	// send sends an RTP packet and does not keep it. It drops the packet while
	// the session is not connected. Calls must not overlap. It is called with a
	// media room locked, so it must not wait.
	send(packet []byte) error
	// doubt checks whether the browser still sends. If no packet arrives within
	// doubtFor, the session counts as lost until one does.
	doubt()
	// close ends the session. When it returns, the receiver is not called any
	// more. Any goroutine may call it any number of times.
	close()
}

// A receiver takes the reports of one session. Its methods return at once.
type receiver interface {
	// connected: packets flow, for the first time or again.
	connected()
	// lost: packets have stopped. The session may become connected again.
	lost(reason string)
	// packet takes an RTP packet and does not keep it. Calls do not overlap.
	packet(b []byte)
}
