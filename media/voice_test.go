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
		{"keeps what comes at once", []int{1, 2, 3, 4}, "\x00\x00\x01\x02\x03\x04"},
		{"begins anew after a leap", []int{1, 20, 22}, "\x00\x00\x14\x00\x16\x00"},
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

// After a pause in the network a whole burst comes at once. When a window has gone
// by, a voice waits no longer than before.
func TestVoiceCatchesUp(t *testing.T) {
	var v voice
	n := 0
	put := func(packets int) {
		for range packets {
			n++
			putFrame(&v, n%100)
		}
	}
	put(10)
	waits := func() int { return int(v.end-v.next) / frame }
	if got := waits(); got != 12 {
		t.Fatalf("%d frames wait after a burst of 10", got)
	}
	for range 2*window + 1 {
		frames(&v, 1)
		put(1)
	}
	if got := waits(); got > 4 {
		t.Errorf("%d frames wait after two seconds", got)
	}
}

// Packets in bursts, as from a phone whose network has slots of 100 ms.
func TestVoiceKeepsBursts(t *testing.T) {
	for _, each := range []int{2, 5, 8, 10} {
		var v voice
		silent := 0
		for n := 0; n < 200; n += each {
			for i := range each {
				pcm := make([]int16, frame)
				pcm[0] = 800
				v.put(uint32((n+i)*frame), PCMU, PCMU.Encode(nil, pcm))
			}
			for _, f := range frames(&v, each) {
				if f == 0 {
					silent++
				}
			}
		}
		if silent > 2 {
			t.Errorf("bursts of %d ms: %d of 200 frames are lost", each*20, silent-2)
		}
	}
}
