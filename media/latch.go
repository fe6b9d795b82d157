package media

import (
	"net/netip"
	"slices"

	"github.com/pion/rtp"
)

const (
	// enough is how many packets in a row make an address other than the agreed
	// one believable.
	enough = 3
	// moves is after how many silent slots the peer's stream may go on from
	// another port, as it does when a NAT has forgotten the old one: 200 ms.
	moves = 10
	// given is after how many silent slots the peer may be found elsewhere, and
	// for how many slots an address that SDP has replaced is ignored: 1 s.
	given = 50
)

// A latch decides which address is the peer (symmetric RTP, RFC 4961). Audio
// from the agreed address locks it at once, whatever it was locked on to. Audio
// from any other address of the peer's host locks it after a few packets in
// sequence, if the peer has been silent before. Other hosts are ignored. The agreed
// address of a phone behind a NAT does not take the place of a peer that sends.
type latch struct {
	agreed netip.AddrPort // the address in SDP
	host   netip.Addr     // where the leg's signalling comes from
	locked netip.AddrPort // zero: not yet

	// The peer's newest packet. After a restart only its slot is known.
	known bool
	ssrc  uint32
	seq   uint16
	slot  int64

	left     netip.AddrPort // the peer before SDP last named another: stragglers
	leftSlot int64

	candidates [4]candidate // those heard last, in turn
	turn       int
}

// A candidate is an address that may become the peer's. Several are counted at the
// same time, so that none of them keeps the others from being believed.
type candidate struct {
	from netip.AddrPort
	ssrc uint32
	next uint16 // the sequence number of its next packet
	run  int    // packets in a row
}

// agree takes the address in SDP and the host that SDP came from. A new address
// lifts the lock; SDP without an address leaves the old one.
func (l *latch) agree(slot int64, remote netip.AddrPort, host netip.Addr) {
	if host.IsValid() {
		l.host = host
	}
	if !usable(remote) || remote == l.agreed {
		return
	}
	if l.agreed.IsValid() {
		*l = latch{host: l.host, left: l.peer(), leftSlot: slot}
	}
	l.agreed = remote
}

// lock locks on to an address known from before a restart.
func (l *latch) lock(slot int64, peer netip.AddrPort) { l.locked, l.slot = peer, slot }

// peer is where to send.
func (l *latch) peer() netip.AddrPort {
	if l.locked.IsValid() {
		return l.locked
	}
	return l.agreed
}

// hear reports whether a packet from that address is the peer's, and whether it
// has just moved the peer to another address than the one before.
func (l *latch) hear(slot int64, from netip.AddrPort, h *rtp.Header) (ours, moved bool) {
	switch from {
	case l.locked:
	case l.agreed:
		if l.locked.IsValid() && slot-l.slot < given && l.nowhere() {
			return false, false
		}
		moved = l.locked.IsValid()
	default:
		if !l.mayMove(slot, from, h) || !l.believes(from, h) {
			return false, false
		}
		moved = true
	}
	newer := l.known && l.ssrc == h.SSRC && int16(h.SequenceNumber-l.seq) > 0
	if !l.known || l.ssrc != h.SSRC || newer {
		l.ssrc, l.seq = h.SSRC, h.SequenceNumber
	}
	l.locked, l.slot, l.known = from, slot, true
	if moved {
		l.candidates = [4]candidate{}
	}
	return true, moved
}

// nowhere reports whether the agreed address is of a private network although the
// peer's signalling comes from the internet: a phone behind a NAT gives it, and
// packets from there are forged.
func (l *latch) nowhere() bool { return local(l.agreed.Addr()) && l.host.IsValid() && !local(l.host) }

func local(a netip.Addr) bool {
	return a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() || shared.Contains(a)
}

// shared is the network that providers use behind a NAT of their own (RFC 6598).
var shared = netip.MustParsePrefix("100.64.0.0/10")

// mayMove reports whether a packet from another address than the peer's may be
// the peer's. The same stream from another port of the same host needs less
// silence before it than a stream that is not known.
func (l *latch) mayMove(slot int64, from netip.AddrPort, h *rtp.Header) bool {
	goesOn := l.known && l.ssrc == h.SSRC && int16(h.SequenceNumber-l.seq) > 0
	switch {
	case from.Addr() != l.host && (!goesOn || from.Addr() != l.locked.Addr()):
		return false
	case from == l.left && slot-l.leftSlot < given:
		return false
	case !l.locked.IsValid(), l.locked == l.agreed && l.nowhere():
		return true
	case goesOn:
		return slot-l.slot >= moves
	}
	return slot-l.slot >= given
}

// believes counts the packets in a row from an address, and reports whether they
// are enough.
func (l *latch) believes(from netip.AddrPort, h *rtp.Header) bool {
	i := slices.IndexFunc(l.candidates[:], func(c candidate) bool { return c.from == from })
	if i < 0 {
		i, l.turn = l.turn, (l.turn+1)%len(l.candidates)
	}
	c := &l.candidates[i]
	if *c != (candidate{from, h.SSRC, h.SequenceNumber, c.run}) {
		c.run = 0
	}
	*c = candidate{from, h.SSRC, h.SequenceNumber + 1, c.run + 1}
	return c.run >= enough
}

// usable reports whether one can send to remote; 0.0.0.0 is the old way to put a
// call on hold (RFC 3264 §8.4).
func usable(remote netip.AddrPort) bool {
	return remote.IsValid() && !remote.Addr().IsUnspecified() && remote.Port() != 0
}
