package media

import (
	"bytes"
	_ "embed"
	"fmt"
)

//go:generate go run ./genaudio hold.wav

// holdWAV is the built-in hold audio. It can be recognised by its constant tone
// of 250 Hz; see genaudio.
//
//go:embed hold.wav
var holdWAV []byte

func builtInHold() ([]int16, error) {
	samples, r, channels, err := ReadWAV(bytes.NewReader(holdWAV))
	if err != nil {
		return nil, fmt.Errorf("built-in hold audio: %w", err)
	}
	if r != rate || channels != 1 {
		return nil, fmt.Errorf("built-in hold audio: %d Hz and %d channels, not 8000 Hz mono", r, channels)
	}
	return samples, nil
}

// comfortNoise is a second of faint noise without a tone, the same each time.
func comfortNoise() []int16 {
	samples := make([]int16, rate)
	seed := uint32(1)
	for i := range samples {
		// Marsaglia's xorshift.
		seed ^= seed << 13
		seed ^= seed >> 17
		seed ^= seed << 5
		samples[i] = int16(seed%97) - 48
	}
	return samples
}

// A loop is sound that is repeated for ever, ready in both laws.
type loop [2][]byte

func newLoop(samples []int16) loop {
	return loop{PCMU: PCMU.Encode(nil, samples), PCMA: PCMA.Encode(nil, samples)}
}

// copyAt fills dst with what comes after played samples.
func (l *loop) copyAt(played int, dst []byte, codec Codec) {
	sound := l[codec]
	for len(dst) > 0 {
		n := copy(dst, sound[played%len(sound):])
		dst, played = dst[n:], played+n
	}
}
