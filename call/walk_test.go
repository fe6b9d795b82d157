package call_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"holdfast/call"
)

// TestWalks takes random walks through contacts beyond the bounds of the
// exploration, and checks the promises after every step.
func TestWalks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := &visit{world: newWorld()}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			wait := time.Duration(rapid.IntRange(0, 12).Draw(t, "seconds")) * time.Second
			events := append(events(v.c), call.DeadlinePassed{})
			n := v.after(wait, rapid.SampledFrom(events).Draw(t, "event"))
			m := n.world.take(call.Step, n.via)
			n.world = m.after
			if broken := m.broken(); broken != "" {
				t.Fatalf("%s\n%s", broken, n.story())
			}
			v = &n
		}
		if stuck := v.live(call.Step); stuck != "" {
			t.Fatalf("%s\n%s", stuck, v.story())
		}
	})
}
