package media

const (
	ring    = 2048      // samples kept of a voice
	delay   = 2 * frame // what a voice waits for its later packets
	deepest = 4 * frame // and the most that may wait before a packet: 80 ms
)

// A voice is what somebody says, put together from packets that come when they
// like into frames that are taken every 20 ms. What is missing is silence, what
// comes too late is dropped, and when too much waits the oldest is skipped. After
// silence it begins anew, whatever the timestamps. The zero value is ready.
type voice struct {
	samples [ring]int16 // by timestamp; silence outside next to end
	next    uint32      // timestamp of the next frame to be taken
	end     uint32      // timestamp after the last sample put
	playing bool
}

// put adds a packet's payload, no longer than widest.
func (v *voice) put(timestamp uint32, codec Codec, payload []byte) {
	ahead := int32(timestamp - v.next)
	if !v.playing || ahead > ring-widest {
		*v = voice{next: timestamp - delay, end: timestamp, playing: true}
	} else if ahead < 0 {
		return
	} else if ahead > deepest {
		v.skip(uint32(ahead) - delay)
	}
	table := &expanded[codec]
	for i, b := range payload {
		v.samples[(timestamp+uint32(i))%ring] = table[b]
	}
	if end := timestamp + uint32(len(payload)); int32(end-v.end) > 0 {
		v.end = end
	}
}

func (v *voice) skip(samples uint32) {
	for ; samples > 0; samples-- {
		v.samples[v.next%ring] = 0
		v.next++
	}
}

// take moves the next frame into f; it is silence when nobody speaks.
func (v *voice) take(f *[frame]int16) {
	if !v.playing {
		clear(f[:])
		return
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
