package call_test

import (
	"encoding/json"
	"os"
	"strings"
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
			events := append(append(events(v.c), phones(v.c)...), call.DeadlinePassed{})
			if v.c.Stage == "" { // a queue as the customer would double the exploration
				events = append(events, call.Dialled{Customer: queue, Agent: at("ana")})
			}
			n := v.after(wait, rapid.SampledFrom(events).Draw(t, "event"))
			before := text(t, n.c)
			m := n.world.take(call.Step, n.via)
			if after := text(t, n.c); after != before {
				found(t, "the contact handed in was "+before+" and is now "+after, &n)
			}
			n.world = m.after
			if broken := m.broken(); broken != "" {
				found(t, broken, &n)
			}
			v = &n
		}
		if stuck := v.live(call.Step); stuck != "" {
			found(t, stuck, v)
		}
	})
}

// text is all of a contact.
func text(t *rapid.T, c call.Contact) string {
	data, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// found writes the way to a broken promise down as a story. rapid comes back
// with ever shorter ones, so the shortest stays: mend the core, and keep it.
func found(t *rapid.T, broken string, v *visit) {
	text := "# " + broken + "\n\n" + strings.ReplaceAll(v.story(), "  ", "") + "\n----\n"
	if err := os.WriteFile("testdata/found_by_walking.txt", []byte(text), 0o600); err != nil {
		t.Error(err)
	}
	t.Fatalf("%s\n%s", broken, v.story())
}
