package media

import "github.com/pion/rtp"

const (
	maxEvent = 16       // bytes of a telephone-event payload that we relay
	maxLost  = 50       // packets lost in a row that are passed on as lost
	maxJump  = rate     // samples that a source may skip and still be the same
	patience = int64(4) // slots without a relayed packet before noise takes over
)

// A relay remembers how a source's packets are re-headed, for as long as it is
// the one heard.
type relay struct {
	ssrc    uint32
	seq     uint16 // the source's newest
	offset  uint32 // from the source's timestamps to ours
	pending int    // samples that wait for a packet of ours to be full

	// The telephone-event under way, by the source's timestamp.
	event   rtp.Header
	eventTS uint32 // ours
}

// follow makes p's sender what the leg hears, and tells p's timestamp towards
// the leg. The caller has seen to it that p's sender is one.
func (o *out) follow(slot int64, from *Leg, p *rtp.Header) uint32 {
	r := &o.relay
	fresh := o.turn(emission{kind: relaying, from: from}) || p.SSRC != r.ssrc
	timestamp := p.Timestamp + r.offset
	if fresh || int32(timestamp-o.end) > maxJump {
		timestamp = o.now(slot)
		*r = relay{ssrc: p.SSRC, seq: p.SequenceNumber - 1, offset: timestamp - p.Timestamp, event: r.event, eventTS: r.eventTS}
		o.marker = true
	}
	if lost := p.SequenceNumber - r.seq - 1; lost < maxLost {
		o.seq += lost // the listener shall know
		r.seq = p.SequenceNumber
	}
	return timestamp
}

// relayVoice sends what src says on to the leg at once. Packets of ours hold
// 20 ms; what is longer or shorter is cut or gathered.
func (l *Leg) relayVoice(slot int64, src *Leg, p *rtp.Packet) {
	o := &l.out
	timestamp := o.follow(slot, src, &p.Header)
	gap := int32(timestamp - o.end - uint32(o.relay.pending))
	if gap < 0 {
		return // late, or twice
	}
	if gap > 0 {
		o.relay.pending = 0
		o.end = timestamp
	}
	o.marker = o.marker || p.Marker
	for sound := p.Payload; len(sound) > 0; {
		n := convert(o.payload()[o.relay.pending:], sound, src.stream.Codec, l.stream.Codec)
		sound = sound[n:]
		o.relay.pending += n
		if o.relay.pending == frame {
			o.relay.pending = 0
			l.sendFrame(slot, o.end)
		}
	}
}

// convert copies as much of src as fits into dst, from one law to another.
func convert(dst, src []byte, from, to Codec) int {
	n := copy(dst, src)
	if from != to {
		table := &converted[from]
		for i, b := range dst[:n] {
			dst[i] = table[b]
		}
	}
	return n
}

// relayEvent sends a telephone-event packet (RFC 4733) of src on to the leg, if
// it has agreed to have them. All packets of one event have one timestamp.
func (l *Leg) relayEvent(slot int64, src *Leg, p *rtp.Packet) {
	if l.stream.Events == 0 || len(p.Payload) > maxEvent {
		return
	}
	o := &l.out
	r := &o.relay
	known := r.event.SSRC == p.SSRC && r.event.Timestamp == p.Timestamp && r.eventTS != 0
	if len(l.sources) == 1 {
		timestamp := o.follow(slot, src, &p.Header)
		if !known {
			r.eventTS = timestamp
		}
	} else if !known {
		r.eventTS = o.now(slot)
	}
	r.event.SSRC, r.event.Timestamp = p.SSRC, p.Timestamp
	n := copy(o.events[header:], p.Payload)
	o.send(o.events[:header+n], rtp.Header{
		Marker:      p.Marker,
		PayloadType: l.stream.Events,
		Timestamp:   r.eventTS,
	}, slot, l.latch.peer())
}
