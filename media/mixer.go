package media

import "math"

// mix writes into dst, a frame long, what sources, two or more, have just said
// together.
func mix(dst []byte, codec Codec, sources []*Leg) {
	var sum [frame]int32
	one, other := &sources[0].said, &sources[1].said
	for i := range sum {
		sum[i] = int32(one[i]) + int32(other[i])
	}
	for _, s := range sources[2:] {
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
