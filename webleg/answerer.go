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
	// address is where browsers send.
	address() netip.AddrPort
	// answer makes a session of an offer. What comes of the session goes to the
	// receiver. It waits for nobody outside the process.
	answer(ctx context.Context, o offer, to receiver) (s session, sdp string, err error)
	// close frees the socket. All sessions must be closed before.
	close() error
}

// A session is what one offer has led to.
type session interface {
	// send sends an RTP packet and does not keep it. While the session is not
	// connected the packet is dropped. One goroutine calls it at a time. It is
	// called with a media room locked, so it must not wait.
	send(packet []byte) error
	// close ends the session and returns when the receiver has been told the
	// last. Any goroutine may call it any number of times.
	close()
}

// A receiver takes what comes of one session. Its methods return at once.
type receiver interface {
	// connected: packets flow, for the first time or again.
	connected()
	// lost: packets flow no longer. After this there may be another connected.
	lost(reason string)
	// packet takes an RTP packet, which is the session's again afterwards. One
	// goroutine calls it at a time.
	packet(b []byte)
}
