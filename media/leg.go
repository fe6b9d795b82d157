package media

import (
	"holdfast/call"
	"net/netip"
	"slices"

	"github.com/pion/rtp"
)

// A Leg is one party in a room, and carries their RTP.
type Leg struct {
	room      *Room
	number    call.ConnectionID
	transport Transport
	socket    *socket    // the transport of a leg that Room.Open has opened, else nil
	port      uint16     // of the socket
	packet    rtp.Packet // the one being read, of which the reader alone knows

	// The rest is guarded by room.mu.
	closed  bool
	stream  Stream
	keypad  keypad
	pressed func(key byte)
	played  func()
	silence silence

	// The leg's sources, as Room.arrange has set them.
	inMix   bool
	sources []*Leg // those it hears, none: play
	play    *clip
	before  *clip // the audio it hears until one of sources has been heard; nil: none
	record  bool  // on request

	// The leg's own audio, taken frame by frame when it is mixed or recorded.
	spoke bool // has sent audio
	mixed bool
	long  bool // its packets are too long to be relayed
	voice voice
	said  [frame]int16 // in this slot

	out        out
	typing     typing
	recordings []*recording
}

// Port is the local RTP port of a leg that Room.Open has opened.
func (l *Leg) Port() uint16 { return l.port }

// Set agrees a stream. Setting the same again changes nothing; a new Remote
// lifts the lock on the old peer address.
func (l *Leg) Set(s Stream) {
	l.room.mu.Lock()
	defer l.room.mu.Unlock()
	l.agree(s)
	if !l.closed && l.reachable() && !l.room.engine.options.OnRequest {
		l.startRecording(false)
	}
}

// Tune is Set for a stream that may be taken back: it begins no recording.
func (l *Leg) Tune(s Stream) {
	l.room.mu.Lock()
	defer l.room.mu.Unlock()
	l.agree(s)
}

func (l *Leg) agree(s Stream) {
	if l.closed {
		return
	}
	s.Remote = netip.AddrPortFrom(s.Remote.Addr().Unmap(), s.Remote.Port())
	l.stream = s
	if l.socket != nil {
		l.socket.latch.agree(l.room.engine.slot(), s.Remote, s.Host.Unmap())
	}
	l.room.arrange()
}

// Played calls f each time the peer has heard a prompt to its end. f must not
// block.
func (l *Leg) Played(f func()) {
	l.room.mu.Lock()
	defer l.room.unlock()
	l.played = f
}

// Close takes the leg out of its room and closes its transport. The port is
// free when it returns. Closing again does nothing.
func (l *Leg) Close() {
	l.room.remove(l)
	_ = l.transport.Close() // nothing can be done about a transport that does not close
}

// agreed reports whether audio was agreed in both directions.
func (l *Leg) agreed() bool {
	return l.stream.Send && l.stream.Receive && l.reachable()
}

// reachable reports whether there is a place to send to.
func (l *Leg) reachable() bool { return l.socket == nil || usable(l.stream.Remote) }

// mayHear reports whether anything may be sent to the leg now.
func (l *Leg) mayHear() bool {
	return l.inMix && l.stream.Send && l.reachable()
}

// hearsMix reports whether the leg hears a mix that is made every 20 ms of its
// sources' audio.
func (l *Leg) hearsMix() bool {
	return len(l.sources) > 1 || len(l.sources) == 1 && l.sources[0].long
}

// hearsOnly reports whether the leg hears that one alone, and so its packets as
// they come.
func (l *Leg) hearsOnly(source *Leg) bool {
	return l.mayHear() && !l.hearsMix() && len(l.sources) == 1 && l.sources[0] == source
}

// Receive takes one RTP packet that came in on the leg's transport, in order, and
// drops it if it is not RTP. It is for legs that Room.Join has added; one
// goroutine calls it at a time.
func (l *Leg) Receive(packet []byte) { l.datagram(netip.AddrPort{}, packet) }

// datagram parses one packet and drops it if it is not RTP version 2.
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
	event := s.isEvents(p.PayloadType)
	codec, audio := s.codecOf(p.PayloadType)
	if !s.Receive || !event && !audio || len(p.Payload) == 0 {
		return
	}
	slot := l.room.engine.slot()
	if !l.fromPeer(slot, from, p) {
		return
	}
	l.out.line.heard, l.silence.since = slot, slot
	switch {
	case event:
		l.sayEvent(slot, p)
	case len(p.Payload) <= widest:
		l.say(slot, codec, p)
	}
}

// say brings the leg's voice to the legs that hear it.
func (l *Leg) say(slot int64, codec Codec, p *rtp.Packet) {
	l.spoke = true
	if long := len(p.Payload) > longer; long != l.long {
		l.long = long
		l.room.arrange()
	}
	if l.mixed || len(l.recordings) > 0 {
		l.voice.put(p.Timestamp, codec, p.Payload)
	}
	for _, other := range l.room.legs {
		if other.hearsOnly(l) {
			other.relayVoice(slot, l, codec, p)
		}
	}
}

// sayEvent passes a telephone-event on, and reports the key.
func (l *Leg) sayEvent(slot int64, p *rtp.Packet) {
	if key, pressed := l.keypad.take(slot, p); pressed && l.pressed != nil {
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
	l.out.sendFrame(slot, l.stream.PayloadType, timestamp)
	for _, rec := range l.recordings {
		rec.heard.put(timestamp, l.stream.Codec, l.out.payload())
	}
}

// tick sends the leg's audio for this slot, if the engine makes it: a mix, an
// audio, or noise in the place of a relayed leg that has been silent for too
// long.
func (l *Leg) tick(slot int64) {
	if !l.mayHear() {
		return
	}
	l.typeKey(slot)
	o := &l.out
	switch {
	case l.waits():
		l.playClip(l.before)
	case l.hearsMix():
		o.turn(emission{kind: mixing})
		mix(o.payload(), l.stream.Codec, l.sources)
	case len(l.sources) == 1 && o.of.kind != filling && (slot-o.sent < patience || slot-o.slot < slack):
		return
	case len(l.sources) == 1:
		o.turn(emission{kind: filling})
		l.room.engine.clips[call.ComfortNoise].copyAt(o.played, o.payload(), l.stream.Codec)
	default:
		l.playClip(l.play)
	}
	o.played += frame
	l.sendFrame(slot, o.now(slot))
}

// waits reports whether the leg hears an audio because none of its sources has been
// heard yet.
func (l *Leg) waits() bool {
	return l.before != nil && !slices.ContainsFunc(l.sources, func(s *Leg) bool { return s.spoke })
}

// playClip makes the payload of l.out from an audio.
func (l *Leg) playClip(c *clip) {
	o := &l.out
	o.turn(emission{kind: playing, clip: c})
	c.copyAt(o.played, o.payload(), l.stream.Codec)
	if c.ends(o.played) && l.played != nil {
		l.room.due = append(l.room.due, l.played)
	}
}
