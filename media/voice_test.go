package media

import "testing"

// frames takes n frames of a voice and returns the n of putFrame of each, 0 for
// silence.
func frames(v *voice, n int) []byte {
	var all []byte
	for range n {
		var f [frame]int16
		f[0] = -1 // what an earlier slot has left
		v.take(&f)
		all = append(all, byte(f[0]/8))
	}
	return all
}

// putFrame puts the n-th frame of somebody who says n, times 8.
func putFrame(v *voice, n int) {
	pcm := make([]int16, frame)
	for i := range pcm {
		pcm[i] = int16(8 * n)
	}
	v.put(uint32(n*frame)-500, PCMU, PCMU.Encode(nil, pcm)) // crosses zero
}

func TestVoice(t *testing.T) {
	for _, c := range []struct {
		name string
		puts []int
		want string
	}{
		{"waits a little for what comes later", []int{1, 2, 3}, "\x00\x00\x01\x02\x03\x00"},
		{"puts in order", []int{1, 3, 2}, "\x00\x00\x01\x02\x03\x00"},
		{"is silent where a packet is missing", []int{1, 3}, "\x00\x00\x01\x00\x03\x00"},
		{"skips the oldest when too much waits", []int{1, 2, 3, 4}, "\x02\x03\x04\x00\x00\x00"},
		{"begins anew after a leap", []int{1, 12, 13}, "\x00\x00\x0c\x0d\x00\x00"},
		{"takes a packet twice as once", []int{1, 1, 2}, "\x00\x00\x01\x02\x00\x00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var v voice
			for _, n := range c.puts {
				putFrame(&v, n)
			}
			if got := string(frames(&v, 6)); got != c.want {
				t.Errorf("got % x, want % x", got, c.want)
			}
		})
	}
}

func TestVoiceDropsWhatComesTooLate(t *testing.T) {
	var v voice
	putFrame(&v, 1)
	putFrame(&v, 3)
	frames(&v, 4)
	putFrame(&v, 2)
	if got := string(frames(&v, 2)); got != "\x03\x00" {
		t.Errorf("got % x, want 3 and nothing more", got)
	}
}

func TestVoiceWaitsAgainAfterAPause(t *testing.T) {
	var v voice
	putFrame(&v, 1)
	frames(&v, 10)
	putFrame(&v, 11)
	if got := string(frames(&v, 4)); got != "\x00\x00\x0b\x00" {
		t.Errorf("got % x", got)
	}
}
