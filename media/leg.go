package media

import (
	"errors"
	"net"
	"net/netip"
	"slices"

	"github.com/pion/rtp"
)

// A Leg is one party's RTP socket in a room.
type Leg struct {
	room   *Room
	number int
	conn   *net.UDPConn
	port   uint16
	packet rtp.Packet // the one being read, of which the reader alone knows

	// The rest is guarded by room.mu.
	closed  bool
	stream  Stream
	latch   latch
	latched func(netip.AddrPort)

	// What it hears, as Room.arrange has found.
	inMix   bool
	sources []*Leg // those it hears, none: play
	play    Audio

	// What it says, taken frame by frame when somebody mixes it or it is
	// recorded.
	mixed bool
	voice voice
	said  [frame]int16 // in this slot

	out       out
	recording *recording // nil: none
}

// Port is the local RTP port.
func (l *Leg) Port() uint16 { return l.port }

// Set agrees a stream. Setting the same again changes nothing; a new Remote
// lifts the lock on the old peer address.
func (l *Leg) Set(s Stream) {
	s.Remote = netip.AddrPortFrom(s.Remote.Addr().Unmap(), s.Remote.Port())
	l.room.mu.Lock()
	defer l.room.mu.Unlock()
	if l.closed {
		return
	}
	l.stream = s
	l.latch.agree(s.Remote)
	if usable(s.Remote) {
		l.record()
	}
	l.room.arrange()
}

// Latched calls f, once for each change, when the peer's sound comes from
// another address than Stream.Remote and the leg has locked on to it (RFC 4961).
// f must not block.
func (l *Leg) Latched(f func(netip.AddrPort)) {
	l.room.mu.Lock()
	defer l.room.mu.Unlock()
	l.latched = f
}

// Latch locks the leg on to an address known from before a restart.
func (l *Leg) Latch(peer netip.AddrPort) {
	l.room.mu.Lock()
	defer l.room.mu.Unlock()
	l.latch.locked = netip.AddrPortFrom(peer.Addr().Unmap(), peer.Port())
}

// Close takes the leg out of its room and closes its socket. The port is free
// when it returns. Closing again does nothing.
func (l *Leg) Close() {
	l.room.remove(l)
	l.conn.Close()
}

// agreed reports whether sound was agreed in both directions.
func (l *Leg) agreed() bool {
	return l.stream.Send && l.stream.Receive && usable(l.stream.Remote)
}

// mayHear reports whether anything may be sent to the leg now.
func (l *Leg) mayHear() bool {
	return l.inMix && l.stream.Send && usable(l.stream.Remote)
}

// hearsOnly reports whether the leg hears that one alone, and so its packets as
// they come.
func (l *Leg) hearsOnly(source *Leg) bool {
	return l.mayHear() && len(l.sources) == 1 && l.sources[0] == source
}

// read takes packets until the socket is closed.
func (l *Leg) read() {
	buf := make([]byte, 2048)
	for {
		n, from, err := l.conn.ReadFromUDPAddrPort(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil {
			l.datagram(netip.AddrPortFrom(from.Addr().Unmap(), from.Port()), buf[:n])
		}
	}
}

// datagram takes what came from the network; what is no RTP is nothing.
func (l *Leg) datagram(from netip.AddrPort, b []byte) {
	if err := l.packet.Unmarshal(b); err != nil || l.packet.Version != 2 {
		return
	}
	l.receive(from, &l.packet)
}

// receive takes a packet from the network, and tells when the peer has moved.
func (l *Leg) receive(from netip.AddrPort, p *rtp.Packet) {
	if f := l.hear(from, p); f != nil {
		f(from)
	}
}

// hear takes a packet, if it is the peer's and of an agreed kind, and returns
// whom to tell that the peer has moved to from.
func (l *Leg) hear(from netip.AddrPort, p *rtp.Packet) (tell func(netip.AddrPort)) {
	l.room.mu.Lock()
	defer l.room.mu.Unlock()
	s := &l.stream
	event := s.Events != 0 && p.PayloadType == s.Events
	if !s.Receive || !event && p.PayloadType != s.PayloadType || len(p.Payload) == 0 {
		return nil
	}
	ours, moved := l.latch.hear(from, &p.Header)
	if moved {
		tell = l.latched
	}
	if !ours {
		return tell
	}
	slot := l.room.engine.slot()
	switch {
	case event:
		l.sayEvent(slot, p)
	case len(p.Payload) <= widest:
		l.say(slot, p)
	}
	return tell
}

// say brings the leg's voice to those who hear it.
func (l *Leg) say(slot int64, p *rtp.Packet) {
	if l.mixed || l.recording != nil {
		l.voice.put(p.Timestamp, l.stream.Codec, p.Payload)
	}
	for _, other := range l.room.legs {
		if other.hearsOnly(l) {
			other.relayVoice(slot, l, p)
		}
	}
}

func (l *Leg) sayEvent(slot int64, p *rtp.Packet) {
	for _, other := range l.room.legs {
		if other.mayHear() && slices.Contains(other.sources, l) {
			other.relayEvent(slot, l, p)
		}
	}
}

// sendFrame sends the payload of l.out.
func (l *Leg) sendFrame(slot int64, timestamp uint32) {
	l.out.sendFrame(slot, l.latch.peer(), l.stream.PayloadType, timestamp)
	if l.recording != nil {
		l.recording.heard.put(timestamp, l.stream.Codec, l.out.payload())
	}
}

// tick sends what the engine makes for this slot: a mix, an audio, or noise in
// the place of a relayed leg that has been silent for too long.
func (l *Leg) tick(slot int64) {
	if !l.mayHear() {
		return
	}
	o, e := &l.out, l.room.engine
	switch {
	case len(l.sources) > 1:
		o.turn(emission{kind: mixing})
		mix(o.payload(), l.stream.Codec, l.sources)
	case len(l.sources) == 1 && o.of.kind != filling && slot-o.slot < patience:
		return
	case len(l.sources) == 1:
		o.turn(emission{kind: filling})
		e.comfort.copyAt(o.played, o.payload(), l.stream.Codec)
	default:
		o.turn(emission{kind: playing, audio: l.play})
		e.audio(l.play).copyAt(o.played, o.payload(), l.stream.Codec)
	}
	o.played += frame
	l.sendFrame(slot, o.now(slot))
}
