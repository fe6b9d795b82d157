package call_test

import (
	"fmt"
	"reflect"
	"slices"

	"holdfast/call"
)

// heardAhead: what is heard before it is recorded joins nobody who has not
// answered, and a restart that forgets it comes to the same when the far end
// repeats its answer.
func heardAhead(m move) string {
	events := []call.Timed{{Event: m.ev}}
	if _, asked := m.ev.(call.Request); asked {
		if _, may := call.HearsAhead(nil, m.after.c, events); may {
			return "a request is heard before it is recorded"
		}
		return ""
	}
	recorded := call.Hears(m.before.c)
	ahead, _ := call.HearsAhead(recorded, m.after.c, events)
	for i := range ahead {
		if broken := m.hearsAhead(recorded, &ahead[i]); broken != "" {
			return broken
		}
	}
	if _, answers := m.ev.(call.Answered); !answers {
		return ""
	}
	restarted, _, _ := call.Step(m.before.c, m.before.now, call.Recovered{})
	again, _, err := call.Step(restarted, m.before.now, m.ev)
	if got := call.Hears(again); err != nil || !reflect.DeepEqual(got, call.Hears(m.after.c)) {
		return fmt.Sprintf("%v was heard, and after a restart %v", ahead, got)
	}
	return ""
}

// hearsAhead is how one party hears ahead what they must not, or "".
func (m move) hearsAhead(recorded call.Mix, h *call.Hearing) string {
	var was call.Hearing
	for _, r := range recorded {
		if r.Connection == h.Connection {
			was = r
		}
	}
	if h.Recorded && !was.Recorded {
		return "a recording precedes its entry"
	}
	for _, from := range h.From {
		if slices.Contains(was.From, from) {
			continue
		}
		who, x := find(m.after.c, h.Connection), find(m.after.c, from)
		early := x.State == call.Connecting && x.EarlyMedia && who.Party == call.Agent
		if who.State != call.Connected || x.Muted || x.State != call.Connected && !early {
			return fmt.Sprintf("%d hears %d before that is recorded", h.Connection, from)
		}
	}
	return ""
}
