package media

import (
	"math"
	"testing"
)

func TestLawsMeetG711(t *testing.T) {
	for _, c := range []struct {
		codec Codec
		pcm   int16
		g711  byte
		back  int16
	}{
		{PCMU, 0, 0xff, 0},
		{PCMU, 8, 0xfe, 8},
		{PCMU, -8, 0x7e, -8},
		{PCMU, 1000, 0xce, 988},
		{PCMU, math.MaxInt16, 0x80, 32124},
		{PCMU, math.MinInt16, 0x00, -32124},
		{PCMA, 0, 0xd5, 8},
		{PCMA, -1, 0x55, -8},
		{PCMA, 1000, 0xfa, 1008},
		{PCMA, math.MaxInt16, 0xaa, 32256},
		{PCMA, math.MinInt16, 0x2a, -32256},
	} {
		if got := c.codec.Encode(nil, []int16{c.pcm})[0]; got != c.g711 {
			t.Errorf("law %d: %d becomes %#02x, want %#02x", c.codec, c.pcm, got, c.g711)
		}
		if got := c.codec.Decode(nil, []byte{c.g711})[0]; got != c.back {
			t.Errorf("law %d: %#02x becomes %d, want %d", c.codec, c.g711, got, c.back)
		}
	}
}

func TestEverySampleFindsItsNearestStep(t *testing.T) {
	for _, codec := range []Codec{PCMU, PCMA} {
		last := int16(math.MinInt16)
		for s := math.MinInt16; s <= math.MaxInt16; s++ {
			back := codec.Decode(nil, codec.Encode(nil, []int16{int16(s)}))[0]
			// A step is a sixteenth of the magnitude, or the lowest.
			if wrong := math.Abs(float64(back) - float64(s)); wrong > max(8, math.Abs(float64(s))/30)+4 && s > -32000 && s < 32000 {
				t.Fatalf("law %d: %d comes back as %d", codec, s, back)
			}
			if back < last {
				t.Fatalf("law %d: %d comes back as %d, below its predecessor's %d", codec, s, back, last)
			}
			last = back
		}
	}
}

func TestEveryByteComesBack(t *testing.T) {
	for _, codec := range []Codec{PCMU, PCMA} {
		for b := range 256 {
			pcm := codec.Decode(nil, []byte{byte(b)})
			got := codec.Encode(nil, pcm)[0]
			if got != byte(b) && !(codec == PCMU && b == 0x7f && got == 0xff) { // minus zero
				t.Errorf("law %d: %#02x comes back as %#02x", codec, b, got)
			}
		}
	}
}
