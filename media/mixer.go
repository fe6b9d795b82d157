package media

import "math"

// mix writes into dst, a frame long, the mixed current frames of sources, one
// or more.
func mix(dst []byte, codec Codec, sources []*Leg) {
	var sum [frame]int32
	for i, v := range &sources[0].said {
		sum[i] = int32(v)
	}
	for _, s := range sources[1:] {
		for i, v := range &s.said {
			sum[i] += int32(v)
		}
	}
	table := &compressed[codec]
	dst = dst[:frame]
	for i, v := range &sum {
		dst[i] = table[uint16(clamp(v))>>2]
	}
}

func clamp(v int32) int16 {
	return int16(min(max(v, math.MinInt16), math.MaxInt16))
}
