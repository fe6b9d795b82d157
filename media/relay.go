package media

import "github.com/pion/rtp"

const (
	maxEvent = 16       // bytes of a telephone-event payload that we relay
	maxLost  = 50       // packets lost in a row that are passed on as lost
	maxJump  = rate     // samples that a source may skip and still be the same
	patience = int64(4) // slots without a relayed packet before noise takes over
	slack    = int64(2) // slots without audio: packets that came at once are heard one after the other
)

// A relay remembers how a source's packets are re-headed, for as long as it is
// the one heard.
type relay struct {
	ssrc    uint32
	seq     uint16 // the source's newest
	offset  uint32 // from the source's timestamps to ours
	pending int    // samples that wait for our packet to be full
	slot    int64  // of its last packet
}

// An event is the telephone-event being relayed.
type event struct {
	ssrc, theirs uint32 // whose, and by its timestamp which
	ours         uint32 // its timestamp towards the leg
	begun        bool
}

// follows reports whether p continues the stream that the leg hears from that
// source.
func (o *out) follows(from *Leg, p *rtp.Header) bool {
	return o.of == emission{kind: relaying, from: from} && o.relay.ssrc == p.SSRC
}

// follow switches the leg to p's source, and returns p's timestamp towards the
// leg.
func (o *out) follow(slot int64, from *Leg, p *rtp.Header) uint32 {
	r := &o.relay
	timestamp := p.Timestamp + r.offset
	if !o.follows(from, p) || int32(timestamp-o.end) > maxJump || o.stood(slot, timestamp, p) {
		o.turn(emission{kind: relaying, from: from})
		o.marker = true
		timestamp = o.now(slot)
		*r = relay{ssrc: p.SSRC, seq: p.SequenceNumber - 1, offset: timestamp - p.Timestamp}
	}
	o.skipLost(p)
	r.slot = slot
	return timestamp
}

// stood reports whether the clock of the source we follow stood still while
// nothing but keys came from it, as it does in some phones.
func (o *out) stood(slot int64, timestamp uint32, p *rtp.Header) bool {
	newer := int16(p.SequenceNumber-o.relay.seq) > 0
	return newer && slot-o.relay.slot >= patience && int32(o.now(slot)-timestamp) >= int32(patience)*frame
}

// skipLost leaves out the numbers of packets that the source has sent and we
// have not seen, so that the listener knows of the loss.
func (o *out) skipLost(p *rtp.Header) {
	if lost := p.SequenceNumber - o.relay.seq - 1; lost < maxLost {
		o.seq += lost
	} else if int16(lost) < 0 {
		return // an older packet
	}
	o.relay.seq = p.SequenceNumber
}

// relayVoice sends the audio of src on to the leg at once. Our packets hold 20
// ms; longer ones are cut and shorter ones gathered. A source whose timestamps
// leap back is late until noise has taken over, and then begins anew.
func (l *Leg) relayVoice(slot int64, src *Leg, codec Codec, p *rtp.Packet) {
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
	for audio := p.Payload; len(audio) > 0; {
		n := convert(o.payload()[o.relay.pending:], audio, codec, l.stream.Codec)
		audio = audio[n:]
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

// relayEvent sends a telephone-event packet of src on to the leg, if it has
// agreed to have them. All packets of one event have one timestamp (RFC 4733
// §2.2), whatever the leg hears in between.
func (l *Leg) relayEvent(slot int64, src *Leg, p *rtp.Packet) {
	if l.stream.Events == 0 || len(p.Payload) > maxEvent {
		return
	}
	o := &l.out
	relayed := o.follows(src, &p.Header)
	if relayed {
		o.skipLost(&p.Header)
	}
	if e := &o.event; !e.begun || e.ssrc != p.SSRC || e.theirs != p.Timestamp {
		*e = event{ssrc: p.SSRC, theirs: p.Timestamp, ours: o.now(slot), begun: true}
		if relayed {
			e.ours = p.Timestamp + o.relay.offset
		}
	}
	n := copy(o.events[header:], p.Payload)
	o.send(o.events[:header+n], rtp.Header{
		Marker:      p.Marker,
		PayloadType: l.stream.Events,
		Timestamp:   o.event.ours,
	}, slot)
}
