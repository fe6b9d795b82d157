package media

import (
	"errors"
	"net"
	"net/netip"

	"github.com/pion/rtp"
)

// A Transport carries the RTP packets of one leg: a UDP socket, or a browser's
// media session, whose packets are plain here.
type Transport interface {
	// Send sends one packet and does not keep it. It never waits for the far
	// end, so it is called with the room locked: that keeps packets in order.
	Send(packet []byte) error
	Close() error
}

// A socket is the transport of a leg over UDP. Its latch is guarded by the
// room's mutex.
type socket struct {
	conn    packetConn
	latch   latch
	latched func(netip.AddrPort)
}

// A packetConn is the part of a UDP socket that is needed to send.
type packetConn interface {
	WriteToUDPAddrPort(b []byte, to netip.AddrPort) (int, error)
	Close() error
}

// Send implements Transport.
func (s *socket) Send(packet []byte) error {
	_, err := s.conn.WriteToUDPAddrPort(packet, s.latch.peer())
	return err
}

// Close implements Transport.
func (s *socket) Close() error { return s.conn.Close() }

// read takes packets until the socket is closed.
func (l *Leg) read(conn *net.UDPConn) {
	buf := make([]byte, 2048)
	for {
		n, from, err := conn.ReadFromUDPAddrPort(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil {
			l.datagram(netip.AddrPortFrom(from.Addr().Unmap(), from.Port()), buf[:n])
		}
	}
}

// Latched calls f, once for each change, when the leg has locked on to another
// address than before (RFC 4961): one that is not Stream.Remote, or Stream.Remote
// again. f must not block. It is for legs that Room.Open has opened.
func (l *Leg) Latched(f func(netip.AddrPort)) {
	l.room.mu.Lock()
	defer l.room.mu.Unlock()
	l.socket.latched = f
}

// Latch locks the leg on to an address known from before a restart. It is for
// legs that Room.Open has opened.
func (l *Leg) Latch(peer netip.AddrPort) {
	l.room.mu.Lock()
	defer l.room.mu.Unlock()
	l.socket.latch.lock(l.room.engine.slot(), netip.AddrPortFrom(peer.Addr().Unmap(), peer.Port()))
}

// fromPeer reports whether a packet comes from the leg's peer. An invalid from
// means that the transport vouches for that.
func (l *Leg) fromPeer(slot int64, from netip.AddrPort, p *rtp.Packet) bool {
	if l.socket == nil {
		return true
	}
	ours, moved := l.socket.latch.hear(slot, from, &p.Header)
	if moved && l.socket.latched != nil {
		latched := l.socket.latched
		l.room.due = append(l.room.due, func() { latched(from) })
	}
	return ours
}
