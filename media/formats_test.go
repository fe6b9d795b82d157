package media

import (
	"fmt"
	"holdfast/call"
	"testing"

	"github.com/pion/rtp"
)

// A phone may send every format that we have offered, whichever it answered first
// (RFC 3264 §5.1).
func TestEveryOfferedFormatMayCome(t *testing.T) {
	for name, others := range map[string]int{"relayed": 0, "mixed": 1} {
		t.Run(name, func(t *testing.T) {
			bubble(t, 3, func(r *Room, p []*party) {
				mix := everyone(1, 2)
				if others > 0 {
					mix = everyone(1, 2, 3)
				}
				r.Set(mix)
				for _, codec := range []Codec{PCMU, PCMA, PCMU} {
					p[2].says.codec, p[2].says.header.PayloadType = codec, uint8(8*int(codec))
					talk(10, p[2])
					p[1].rest()
					talk(20, p[2])
					audio := decoded(p[1], p[1].rest())
					if got := level(audio, p[2].says.hz); got < 3500 || got > 4500 {
						t.Errorf("%v is heard with amplitude %.0f, want 4000", codec, got)
					}
				}
			})
		})
	}
}

func decoded(p *party, heard []sent) []int16 {
	var audio []int16
	for _, h := range heard {
		audio = p.stream.Codec.Decode(audio, h.Payload)
	}
	return audio
}

// A phone that has another number for telephone-event may use either.
func TestKeysComeWithEitherNumber(t *testing.T) {
	bubble(t, 2, func(r *Room, p []*party) {
		s := p[2].stream
		s.Events, s.EventsIn = 96, eventsType
		p[2].Set(s)
		var keys string
		p[2].Pressed(func(key byte) { keys += string(key) })
		r.Set(everyone(1, 2))
		p[2].key(frame) // by 101
		p[2].says.header.Timestamp += rate
		pass(1)
		packet := &rtp.Packet{Header: p[2].says.header, Payload: []byte{6, 10, 0, 160}}
		packet.PayloadType = 96
		p[2].receive(p[2].address(), packet)
		pass(1)
		if keys != "56" {
			t.Errorf("the keys %q were heard, want 56", keys)
		}
		p[2].wire.rest()
		p[2].Press("1")
		pass(10)
		types := map[uint8]int{}
		for _, h := range p[2].rest() {
			types[h.PayloadType]++
		}
		if types[96] != keyPackets+keyEndPackets || types[eventsType] != 0 {
			t.Errorf("packets by type: %v, want keys with 96 only", types)
		}
	})
}

// RFC 3551 §4.2: a receiver should accept packets of up to 200 ms.
func TestLongPacketsAreHeardWhole(t *testing.T) {
	for _, ms := range []int{30, 60, 70, 80, 100, 120, 150, 200} {
		for name, mix := range map[string]call.Mix{"alone": everyone(1, 2), "mixed": everyone(1, 2, 3)} {
			t.Run(fmt.Sprint(ms, " ms ", name), func(t *testing.T) {
				bubble(t, 3, func(r *Room, p []*party) {
					r.Set(mix)
					says := func(slots int) {
						for slot := range slots {
							p[2].speakFor(slot, ms*rate/1000)
							pass(1)
						}
					}
					says(42)
					p[1].rest()
					says(42)
					heard := p[1].rest()
					if wrong := continuous(heard); wrong != "" {
						t.Error(wrong)
					}
					if got := level(decoded(p[1], heard), p[2].says.hz); got < 3500 {
						t.Errorf("heard with amplitude %.0f, want 4000", got)
					}
				})
			})
		}
	}
}

// Five packets at once, every 100 ms.
func TestBurstsAreHeardWhole(t *testing.T) {
	for name, mix := range map[string]call.Mix{"alone": everyone(1, 2), "mixed": everyone(1, 2, 3)} {
		t.Run(name, func(t *testing.T) {
			bubble(t, 3, func(r *Room, p []*party) {
				r.Set(mix)
				says := func(bursts int) {
					for range bursts {
						for range 5 {
							p[2].speak(frame)
						}
						pass(5)
					}
				}
				says(20)
				p[1].rest()
				says(20)
				if got := level(decoded(p[1], p[1].rest()), p[2].says.hz); got < 3900 {
					t.Errorf("heard with amplitude %.0f, want 4000", got)
				}
			})
		})
	}
}
