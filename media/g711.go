package media

import "math/bits"

// Encode appends pcm in the codec's law to dst (ITU-T G.711), one byte for each
// sample, and returns the extended slice.
func (c Codec) Encode(dst []byte, pcm []int16) []byte {
	table := &compressed[c]
	for _, s := range pcm {
		dst = append(dst, table[uint16(s)>>2])
	}
	return dst
}

// Decode appends the samples that g711 stands for in the codec's law to dst, and
// returns the extended slice.
func (c Codec) Decode(dst []int16, g711 []byte) []int16 {
	table := &expanded[c]
	for _, b := range g711 {
		dst = append(dst, table[b])
	}
	return dst
}

// Tables by law. Both laws encode samples alike that differ in the lowest two
// bits only, so 14 bits find the byte.
var (
	compressed [2][1 << 14]byte
	expanded   [2][256]int16
	converted  [2][256]byte // into the other law
)

func init() {
	for i := range 1 << 14 {
		s := int16(i << 2)
		compressed[PCMU][i] = compressMu(s)
		compressed[PCMA][i] = compressA(s)
	}
	for i := range 256 {
		expanded[PCMU][i] = expandMu(byte(i))
		expanded[PCMA][i] = expandA(byte(i))
	}
	for i := range 256 {
		converted[PCMU][i] = compressA(expandMu(byte(i)))
		converted[PCMA][i] = compressMu(expandA(byte(i)))
	}
}

// magnitude splits a sample into its sign and its ones' complement magnitude,
// so that both halves of the scale have equally many steps.
func magnitude(s int16) (negative bool, m int) {
	if s < 0 {
		return true, int(^s)
	}
	return false, int(s)
}

// compressMu is the µ-law of G.711 table 2: a sign, the segment of the biased
// magnitude and the four bits below its highest, all inverted.
func compressMu(s int16) byte {
	const bias, highest = 33, 1<<13 - 1
	negative, m := magnitude(s)
	m = min(m>>2+bias, highest)
	segment := bits.Len(uint(m)) - 6
	b := byte(segment<<4 | m>>(segment+1)&0xf)
	if negative {
		b |= 0x80
	}
	return ^b
}

func expandMu(b byte) int16 {
	const bias = 33
	b = ^b
	segment := b >> 4 & 7
	m := (int16(b&0xf)<<1 + bias) << segment
	if b&0x80 != 0 {
		return (bias - m) << 2
	}
	return (m - bias) << 2
}

// compressA is the A-law of G.711 table 1: a sign, which is set for positive
// samples, the segment of the magnitude and four bits of it, every second one
// inverted. The two lowest segments have steps of the same width.
func compressA(s int16) byte {
	negative, m := magnitude(s)
	m >>= 4
	segment := max(bits.Len(uint(m))-4, 0)
	b := byte(segment<<4 | m>>max(segment-1, 0)&0xf)
	if !negative {
		b |= 0x80
	}
	return b ^ 0x55
}

func expandA(b byte) int16 {
	b ^= 0x55
	segment := b >> 4 & 7
	m := int16(b&0xf)<<4 + 8
	if segment > 0 {
		m = (m + 0x100) << (segment - 1)
	}
	if b&0x80 != 0 {
		return m
	}
	return -m
}
