package media

import (
	"net/netip"

	"github.com/pion/rtp"
)

// enough is how many packets in a row make an address other than the agreed
// one believable.
const enough = 3

// A latch decides which address is the peer (symmetric RTP, RFC 4961). Audio
// from the agreed address locks it at once, audio from any other after a few
// packets in sequence; from then on nobody else is listened to.
type latch struct {
	agreed netip.AddrPort // where SDP says
	locked netip.AddrPort // zero: not yet
	left   netip.AddrPort // the peer before SDP last named another: stragglers

	candidate netip.AddrPort
	next      rtp.Header // what its next packet looks like
	run       int
}

// agree takes the address in SDP. A new one lifts the lock; none at all says
// nothing about the old one.
func (l *latch) agree(remote netip.AddrPort) {
	if !usable(remote) || remote == l.agreed {
		return
	}
	if l.agreed.IsValid() {
		*l = latch{left: l.peer()}
	}
	if l.left == remote {
		l.left = netip.AddrPort{}
	}
	l.agreed = remote
}

// peer is where to send.
func (l *latch) peer() netip.AddrPort {
	if l.locked.IsValid() {
		return l.locked
	}
	return l.agreed
}

// hear reports whether a packet from that address is the peer's, and whether it
// has just moved the peer away from the agreed address.
func (l *latch) hear(from netip.AddrPort, h *rtp.Header) (ours, moved bool) {
	switch {
	case l.locked.IsValid():
		return from == l.locked, false
	case from == l.agreed:
		l.locked = from
		return true, false
	case from == l.left:
		return false, false
	}
	if from != l.candidate || h.SSRC != l.next.SSRC || h.SequenceNumber != l.next.SequenceNumber {
		l.candidate, l.run = from, 0
	}
	l.next.SSRC, l.next.SequenceNumber = h.SSRC, h.SequenceNumber+1
	if l.run++; l.run < enough {
		return false, false
	}
	l.locked = from
	return true, true
}

// usable reports whether one can send to remote; 0.0.0.0 is an old way to say
// hold (RFC 3264 §8.4).
func usable(remote netip.AddrPort) bool {
	return remote.IsValid() && !remote.Addr().IsUnspecified() && remote.Port() != 0
}
