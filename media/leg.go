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
	keypad  keypad
	latched func(netip.AddrPort)
	pressed func(key byte)
	played  func()

	// What it hears, as Room.arrange has found.
	inMix   bool
	sources []*Leg // those it hears, none: play
	play    Audio
	record  bool // on request

	// What it says, taken frame by frame when somebody mixes it or it is
	// recorded.
	mixed bool
	voice voice
	said  [frame]int16 // in this slot

	out        out
	typing     typing
	recordings []*recording
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
	if usable(s.Remote) && !l.room.engine.options.OnRequest {
		l.startRecording(false)
	}
	l.room.arrange()
}

// Latched calls f, once for each change, when the peer's audio comes from
// another address than Stream.Remote and the leg has locked on to it (RFC 4961).
// f must not block.
func (l *Leg) Latched(f func(netip.AddrPort)) {
	l.room.mu.Lock()
	defer l.room.mu.Unlock()
	l.latched = f
}

// Played calls f each time the peer has heard a prompt to its end. f must not
// block.
func (l *Leg) Played(f func()) {
	l.room.mu.Lock()
	defer l.room.unlock()
	l.played = f
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

// agreed reports whether audio was agreed in both directions.
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

// receive takes a packet from the network, if it is the peer's and of an agreed
// kind.
func (l *Leg) receive(from netip.AddrPort, p *rtp.Packet) {
	l.room.mu.Lock()
	defer l.room.unlock()
	s := &l.stream
	event := s.Events != 0 && p.PayloadType == s.Events
	if !s.Receive || !event && p.PayloadType != s.PayloadType || len(p.Payload) == 0 {
		return
	}
	ours, moved := l.latch.hear(from, &p.Header)
	if moved && l.latched != nil {
		tell := l.latched
		l.room.due = append(l.room.due, func() { tell(from) })
	}
	if !ours {
		return
	}
	slot := l.room.engine.slot()
	switch {
	case event:
		l.sayEvent(slot, p)
	case len(p.Payload) <= widest:
		l.say(slot, p)
	}
}

// say brings the leg's voice to those who hear it.
func (l *Leg) say(slot int64, p *rtp.Packet) {
	if l.mixed || len(l.recordings) > 0 {
		l.voice.put(p.Timestamp, l.stream.Codec, p.Payload)
	}
	for _, other := range l.room.legs {
		if other.hearsOnly(l) {
			other.relayVoice(slot, l, p)
		}
	}
}

// sayEvent passes a telephone-event on, and tells of the key.
func (l *Leg) sayEvent(slot int64, p *rtp.Packet) {
	if key, pressed := l.keypad.take(p); pressed && l.pressed != nil {
		tell := l.pressed
		l.room.due = append(l.room.due, func() { tell(key) })
	}
	for _, other := range l.room.legs {
		if other.mayHear() && slices.Contains(other.sources, l) {
			other.relayEvent(slot, l, p)
		}
	}
}

// sendFrame sends the payload of l.out.
func (l *Leg) sendFrame(slot int64, timestamp uint32) {
	l.out.sendFrame(slot, l.latch.peer(), l.stream.PayloadType, timestamp)
	for _, rec := range l.recordings {
		rec.heard.put(timestamp, l.stream.Codec, l.out.payload())
	}
}

// tick sends what the engine makes for this slot: a mix, an audio, or noise in
// the place of a relayed leg that has been silent for too long.
func (l *Leg) tick(slot int64) {
	if !l.mayHear() {
		return
	}
	l.typeKey(slot)
	o, audios := &l.out, l.room.engine.audios
	switch {
	case len(l.sources) > 1:
		o.turn(emission{kind: mixing})
		mix(o.payload(), l.stream.Codec, l.sources)
	case len(l.sources) == 1 && o.of.kind != filling && slot-o.slot < patience:
		return
	case len(l.sources) == 1:
		o.turn(emission{kind: filling})
		audios.copyAt(Comfort, o.played, o.payload(), l.stream.Codec)
	default:
		o.turn(emission{kind: playing, audio: l.play})
		audios.copyAt(l.play, o.played, o.payload(), l.stream.Codec)
		if audios.ends(l.play, o.played) && l.played != nil {
			l.room.due = append(l.room.due, l.played)
		}
	}
	o.played += frame
	l.sendFrame(slot, o.now(slot))
}
