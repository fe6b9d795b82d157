package media

import (
	"slices"
	"testing"
	"time"
)

// TestSilenceIsReported: a peer that sends no packet is reported after each period of
// silence, even if no audio is agreed with it. A peer that speaks is not reported.
func TestSilenceIsReported(t *testing.T) {
	bubble(t, 3, func(_ *Room, p []*party) {
		begun, told := time.Now(), make([][]time.Duration, len(p))
		for i := 1; i < len(p); i++ {
			p[i].Silent(30*time.Second, func() {
				told[i] = append(told[i], time.Since(begun).Round(time.Second))
			})
		}
		p[3].Set(Stream{})
		for range 45 {
			p[1].speak(frame)
			p[3].speak(frame) // which was not agreed
			pass(50)
		}
		p[2].speak(frame)
		for range 55 {
			p[1].speak(frame)
			pass(50)
		}
		want := [][]time.Duration{1: nil, 2: {30 * time.Second, 75 * time.Second}, 3: {30 * time.Second, 60 * time.Second, 90 * time.Second}}
		for i := 1; i < len(p); i++ {
			if !slices.Equal(told[i], want[i]) {
				t.Errorf("party %d: told of silence after %s, want %s", i, told[i], want[i])
			}
		}
	})
}
