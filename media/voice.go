package media

const (
	ring   = 4096      // samples kept of a voice
	delay  = 2 * frame // how long a voice waits for late packets
	window = 50        // frames in which a voice that waits for too long is found: 1 s
)

// A voice is a leg's audio, put together from packets that come at any time into
// frames that are taken every 20 ms. A missing packet is silence, and a late one is
// dropped. If for a second more than delay has been waiting before each packet, the
// oldest of it is skipped: packets that come in bursts keep the delay they need.
// After silence a voice begins anew, whatever the timestamps. The zero value is
// ready.
type voice struct {
	samples [ring]int16 // by timestamp; silence outside next to end
	next    uint32      // timestamp of the next frame to be taken
	end     uint32      // timestamp after the last sample put
	playing bool

	waiting int32 // the least that was waiting before a packet in this window
	taken   int   // frames of this window
}

// put adds a packet's payload, no longer than widest.
func (v *voice) put(timestamp uint32, codec Codec, payload []byte) {
	ahead := int32(timestamp - v.next)
	if !v.playing || ahead > ring-widest {
		*v = voice{next: timestamp - delay, end: timestamp, playing: true, waiting: ring}
		ahead = delay
	}
	v.waiting = min(v.waiting, ahead)
	if ahead < 0 {
		return
	}
	table := &expanded[codec]
	for i, b := range payload {
		v.samples[(timestamp+uint32(i))%ring] = table[b]
	}
	if end := timestamp + uint32(len(payload)); int32(end-v.end) > 0 {
		v.end = end
	}
}

// catchUp ends a window.
func (v *voice) catchUp() {
	if v.waiting > delay+frame && v.waiting < ring {
		for range v.waiting - delay {
			v.samples[v.next%ring] = 0
			v.next++
		}
	}
	v.waiting, v.taken = ring, 0
}

// take moves the next frame into f; it is silence when nothing has come.
func (v *voice) take(f *[frame]int16) {
	if !v.playing {
		clear(f[:])
		return
	}
	if v.taken++; v.taken > window {
		v.catchUp()
	}
	from := v.samples[v.next%ring:]
	if len(from) > frame {
		from = from[:frame]
	}
	n := copy(f[:], from)
	clear(from)
	from = v.samples[:frame-n]
	copy(f[n:], from)
	clear(from)
	v.next += frame
	v.playing = int32(v.end-v.next) > 0
}
