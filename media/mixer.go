package media

import "math"

// mix writes into dst, a frame long, what sources have just said together.
func mix(dst []byte, codec Codec, sources []*Leg) {
	var sum [frame]int32
	for _, s := range sources {
		if !s.speaks {
			continue
		}
		for i, v := range &s.said {
			sum[i] += int32(v)
		}
	}
	table := &compressed[codec]
	dst = dst[:frame]
	for i, v := range &sum {
		dst[i] = table[uint16(clip(v))>>2]
	}
}

func clip(v int32) int16 {
	return int16(min(max(v, math.MinInt16), math.MaxInt16))
}
