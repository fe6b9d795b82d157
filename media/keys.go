package media

import (
	"encoding/binary"
	"strings"

	"github.com/pion/rtp"
)

// keyNames are the keys of a telephone in the order of their events (RFC 4733
// §3.2).
const keyNames = "0123456789*#"

const (
	keyEnds    = 0x80 // in the second byte of an event
	longestKey = 0xffff
)

// forgotten is after how many slots without a packet of an event nothing late of it
// is expected any more: 1 s.
const forgotten = 50

// A keypad finds the keys in a peer's telephone-events. It knows a key by the first
// packet of its event that comes, whichever is lost.
type keypad struct {
	ssrc, timestamp uint32 // of the last event
	seq             uint16 // of its newest packet
	slot            int64  // of its last packet
	code            byte
	ended, known    bool
}

// take returns the key of the packet if it is the first packet of its event.
func (k *keypad) take(slot int64, p *rtp.Packet) (key byte, pressed bool) {
	if len(p.Payload) < 4 || int(p.Payload[0]) >= len(keyNames) {
		return 0, false
	}
	next := keypad{p.SSRC, p.Timestamp, p.SequenceNumber, slot, p.Payload[0], p.Payload[1]&keyEnds != 0, true}
	another := !k.known || k.ssrc != next.ssrc
	later := int32(next.timestamp - k.timestamp)
	newer := int16(next.seq-k.seq) > 0
	switch {
	case another:
	case slot-k.slot >= forgotten: // whatever the peer's clock does
		another = later != longestKey || k.ended || next.code != k.code
	case !newer:
		return 0, false
	case later == 0: // of one event, unless the peer's clock stands still
		another = next.code != k.code || k.ended && p.Marker
		next.ended = next.ended || k.ended && !another
	case later < 0: // the peer's clock went back
		another = true
	default: // a key held for 8 s goes on in another event (RFC 4733 §2.5.1.3)
		another = later != longestKey || next.code != k.code || p.Marker
	}
	*k = next
	return keyNames[next.code], another
}

const (
	keyPackets    = 5 // a key is pressed for 100 ms
	keyEndPackets = 3 // the end is sent three times (RFC 4733 §2.5.1.4), and in the pause
)

// A typing is the keys that are pressed towards a leg, one after the other.
type typing struct {
	keys      string // the first of them is being pressed if sent is not 0
	sent      int    // packets of it
	timestamp uint32 // of all of them
}

// mostKeys is how many keys may wait to be pressed: 40 s.
const mostKeys = 256

// Press presses keys of a telephone towards the peer as telephone-events, 100 ms
// each, and does not wait for it. A peer that has not agreed to them hears
// nothing. Keys are dropped when too many are waiting.
func (l *Leg) Press(keys string) {
	l.room.mu.Lock()
	defer l.room.unlock()
	if len(l.typing.keys)+len(keys) <= mostKeys {
		l.typing.keys += keys
	}
}

// Pressed calls f once for each key that the peer presses, as telephone-events.
// f must not block.
func (l *Leg) Pressed(f func(key byte)) {
	l.room.mu.Lock()
	defer l.room.unlock()
	l.pressed = f
}

// typeKey sends this slot's part of the keys that are being pressed.
func (l *Leg) typeKey(slot int64) {
	t, o := &l.typing, &l.out
	if t.keys == "" {
		return
	}
	code := strings.IndexByte(keyNames, t.keys[0])
	if l.stream.Events == 0 || code < 0 {
		*t = typing{}
		return
	}
	if t.sent == 0 {
		t.timestamp = o.now(slot)
	}
	t.sent++
	payload := o.events[header : header+4]
	payload[0], payload[1] = byte(code), 10 // -10 dBm0
	if t.sent > keyPackets {
		payload[1] |= keyEnds
	}
	binary.BigEndian.PutUint16(payload[2:], uint16(min(t.sent, keyPackets)*frame))
	o.send(o.events[:header+4], rtp.Header{
		Marker: t.sent == 1, PayloadType: l.stream.Events, Timestamp: t.timestamp,
	}, slot)
	if t.sent == keyPackets+keyEndPackets {
		t.keys, t.sent = t.keys[1:], 0
	}
}
