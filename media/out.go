package media

import (
	"math/rand/v2"

	"github.com/pion/rtp"
)

const (
	header = 12 // bytes of the RTP header we send
	burst  = 10 // packets sent at once that the peer is believed to keep
)

// An emission is the source of the audio that a leg hears. When it changes, a
// new talk spurt begins.
type emission struct {
	kind kind
	clip *clip // the audio played
	from *Leg  // whose packets are relayed
}

type kind int

const (
	nothing kind = iota
	playing
	mixing
	relaying
	filling // faint noise, in place of a relayed leg that is silent
)

// An out is the RTP stream towards a leg: one SSRC, and a sequence that goes on
// whatever makes the audio.
type out struct {
	transport Transport
	ssrc      uint32
	seq       uint16
	origin    uint32 // timestamp of slot 0
	end       uint32 // timestamp after the last sample sent

	of     emission
	played int   // samples of it, when playing or filling
	sent   int64 // slot in which the last packet was sent
	slot   int64 // slot in which the last packet is heard: later if several were sent at once
	marker bool  // of the next packet

	line   line
	relay  relay
	event  event
	buf    [header + frame]byte
	events [header + maxEvent]byte
}

func newOut(transport Transport, slot int64) out {
	start := rand.Uint32()
	return out{
		transport: transport,
		ssrc:      rand.Uint32(),
		seq:       uint16(rand.Uint32()),
		origin:    start - uint32(slot)*frame,
		end:       start,
		line:      line{heard: slot},
	}
}

// turn switches the leg's audio to e.
func (o *out) turn(e emission) {
	if o.of != e {
		o.of, o.played, o.marker = e, 0, true
	}
}

// now is the timestamp for audio made in that slot: the wall clock's, unless
// that was sent already by a source whose clock is ahead.
func (o *out) now(slot int64) uint32 {
	wall := o.origin + uint32(slot)*frame
	if int32(wall-o.end) < 0 {
		return o.end
	}
	return wall
}

// payload is where the audio of the next packet is put.
func (o *out) payload() []byte { return o.buf[header:] }

// sendFrame sends the payload. Of several at once, each is heard after the one
// before.
func (o *out) sendFrame(slot int64, payloadType uint8, timestamp uint32) {
	if slot == o.sent {
		o.slot = min(o.slot+1, slot+burst)
	}
	o.send(o.buf[:], rtp.Header{
		Marker:      o.marker,
		PayloadType: payloadType,
		Timestamp:   timestamp,
	}, slot)
	o.marker = false
	o.end = timestamp + frame
}

// send completes h and sends packet, in which the payload stands already. A
// packet that the network refuses is counted, and lost like any other.
func (o *out) send(packet []byte, h rtp.Header, slot int64) {
	h.Version, h.SSRC, h.SequenceNumber = 2, o.ssrc, o.seq
	_, _ = h.MarshalTo(packet)
	o.line.take(o.transport.Send(packet))
	o.seq++
	if slot != o.sent {
		o.slot, o.sent = slot, slot
	}
}
