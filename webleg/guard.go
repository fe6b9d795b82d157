package webleg

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"sync"

	"github.com/pion/ice/v4"
	"github.com/pion/stun/v4"
)

// Limits on the data that a session takes from its browser. Pion has none.
const (
	mostStreams   = 4       // RTP sources; a browser has one
	mostAddresses = 32      // the browser's, one after the other
	mostChecks    = 1 << 14 // that are remembered: of some ten hours
)

// A guard is the UDP socket as one session sees it. It drops packets that could do harm
// although they are authentic, or before pion knows (those of TCP connections, too):
//
//   - RTCP, which has no use here and may name any number of streams,
//   - RTP of more streams than a browser has,
//   - checks (STUN requests) from more addresses than a browser has,
//   - checks that were seen already, from another address: an attacker has overheard
//     them, and pion would send the audio there.
//
// Only checks that pion has found authentic are remembered, so no other sender can use
// the limits up.
type guard struct {
	ice.UDPMux
	prove func(netip.AddrPort) // an authentic check has arrived over TCP

	mu        sync.Mutex // guards the fields below
	streams   map[uint32]bool
	addresses map[source]bool
	checks    map[transaction]bool
}

// A source is where a packet comes from.
type source struct {
	netip.AddrPort
	tcp bool
}

type transaction [stun.TransactionIDSize]byte

func newGuard(mux ice.UDPMux, prove func(netip.AddrPort), streams []uint32) *guard {
	g := &guard{UDPMux: mux, prove: prove, streams: map[uint32]bool{}, addresses: map[source]bool{}, checks: map[transaction]bool{}}
	for _, ssrc := range streams {
		g.streams[ssrc] = true
	}
	return g
}

// admits reports whether a packet may go on to pion.
func (g *guard) admits(packet []byte, from source) bool {
	switch {
	case stun.IsMessage(packet):
		return g.admitsCheck(packet, from)
	case len(packet) < 12 || packet[0]>>6 != 2: // DTLS (RFC 7983)
		return true
	case packet[1] >= 192 && packet[1] <= 223: // RTCP (RFC 5761)
		return false
	}
	ssrc := binary.BigEndian.Uint32(packet[8:])
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.streams[ssrc] && len(g.streams) < mostStreams {
		g.streams[ssrc] = true
	}
	return g.streams[ssrc]
}

func (g *guard) admitsCheck(packet []byte, from source) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	full := len(g.addresses) >= mostAddresses || len(g.checks) >= mostChecks
	return g.addresses[from] || !full && !g.checks[transaction(packet[8:20])]
}

// checked remembers a check that pion has found authentic. (Returning true would
// select the pair.)
func (g *guard) checked(check *stun.Message, _, remote ice.Candidate, _ *ice.CandidatePair) bool {
	ip, err := netip.ParseAddr(remote.Address())
	if err != nil {
		return false
	}
	from := source{netip.AddrPortFrom(ip.Unmap().WithZone(""), uint16(remote.Port())), remote.NetworkType().IsTCP()}
	if from.tcp {
		g.prove(from.AddrPort)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.addresses[from] = true
	if len(g.checks) < mostChecks {
		g.checks[check.TransactionID] = true
	}
	return false
}

// GetConn implements ice.UDPMux.
func (g *guard) GetConn(ufrag string, address net.Addr) (net.PacketConn, error) {
	conn, err := g.UDPMux.GetConn(ufrag, address)
	if err != nil {
		return nil, err
	}
	s, ok := conn.(socket)
	if !ok {
		return nil, errors.Join(errors.New("not a UDP socket"), conn.Close())
	}
	return &guarded{s, g}, nil
}

// A socket is a session's part of the UDP socket.
type socket interface {
	net.PacketConn
	ice.AddrPortReaderWriter
}

// A guarded socket has only the packets that its guard admits.
type guarded struct {
	socket
	guard *guard
}

// ReadFromAddrPort implements ice.AddrPortReaderWriter.
func (s *guarded) ReadFromAddrPort(b []byte) (n int, from netip.AddrPort, err error) {
	for {
		n, from, err = s.socket.ReadFromAddrPort(b)
		from = netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
		if err != nil || s.guard.admits(b[:n], source{from, false}) {
			return n, from, err
		}
	}
}

// ReadFrom implements net.PacketConn.
func (s *guarded) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := s.ReadFromAddrPort(b)
	return n, net.UDPAddrFromAddrPort(from), err
}
