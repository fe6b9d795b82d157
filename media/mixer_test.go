package media

import (
	"holdfast/call"
	"math"
	"testing"
)

// saying is a leg that has just said v all the time.
func saying(v int16) *Leg {
	l := &Leg{}
	for i := range l.said {
		l.said[i] = v
	}
	return l
}

func TestMixAddsAndClips(t *testing.T) {
	for _, c := range []struct{ says, want []int16 }{
		{[]int16{1000, -400}, []int16{600}},
		{[]int16{30000, 30000}, []int16{math.MaxInt16}},
		{[]int16{-30000, -30000, -30000}, []int16{math.MinInt16}},
		{[]int16{30000, 30000, -30000}, []int16{30000}},
	} {
		var sources []*Leg
		for _, v := range c.says {
			sources = append(sources, saying(v))
		}
		for _, codec := range []Codec{PCMU, PCMA} {
			got := make([]byte, frame)
			mix(got, codec, sources)
			want := codec.Encode(nil, c.want)[0]
			if got[0] != want || got[frame-1] != want {
				t.Errorf("law %d: %v become %#02x and %#02x, want %#02x", codec, c.says, got[0], got[frame-1], want)
			}
		}
	}
}

// loudness is the greatest amplitude in what a party has heard.
func loudness(p *party, heard []sent) int16 {
	var loudest int16
	for _, h := range heard {
		for _, v := range p.stream.Codec.Decode(nil, h.Payload) {
			loudest = max(loudest, v)
		}
	}
	return loudest
}

func TestASourceThatBeginsAnewIsHeardSoon(t *testing.T) {
	bubble(t, 3, func(r *Room, p []*party) {
		r.Set(everyone(1, 2, 3))
		talk(10, p[2])
		p[2].says.header.SSRC++
		p[2].says.header.Timestamp -= rate / 2
		talk(8, p[2])
		p[1].rest()
		talk(4, p[2])
		if got := loudness(p[1], p[1].rest()); got < 3000 {
			t.Errorf("it is heard with amplitude %d", got)
		}
	})
}

func TestWhoeverWouldHearNobodyHearsComfortNoise(t *testing.T) {
	bubble(t, 2, func(r *Room, p []*party) {
		r.Set(call.Mix{{Connection: 1, From: []call.ConnectionID{7, 8}}, {Connection: 2}})
		pass(20)
		if got := loudness(p[1], p[1].rest()); got < 20 || got > 100 {
			t.Errorf("noise has amplitude %d", got)
		}
		if got := loudness(p[2], p[2].rest()); got > 8 {
			t.Errorf("silence has amplitude %d", got)
		}
	})
}

func TestWhoeverMayNotSpeakIsNotHeard(t *testing.T) {
	bubble(t, 2, func(r *Room, p []*party) {
		s := p[2].stream
		s.Receive = false
		p[2].Set(s)
		r.Set(everyone(1, 2))
		talk(20, p[2])
		if got := loudness(p[1], p[1].rest()); got > 100 {
			t.Errorf("it is heard with amplitude %d", got)
		}
	})
}
