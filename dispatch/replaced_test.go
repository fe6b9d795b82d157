package dispatch

import (
	"testing"
	"testing/synctest"

	"holdfast/call"
	"holdfast/routing"
	"holdfast/switchboard"
)

// An agent who goes on with another phone is busy with the same segment: it neither ends,
// which would begin after-call work, nor begins again.
func TestAgentGoesOnWithAnotherPhone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRota(t, &fakeStore{kept: map[string]switchboard.Item{}})
		r.Begin(nil)
		answered := call.Answered{Connection: 2}
		r.Changed(dialled(t, "out", answered), nil)
		synctest.Wait()
		before := r.store.agent(t, "ana").Segments
		goesOn := func(from call.ConnectionID) call.Event {
			return call.Replaced{Connection: from, Agent: call.Endpoint{Kind: call.AgentEndpoint, Address: "ana"}}
		}
		again := dialled(t, "out", answered, goesOn(1), goesOn(3))
		if again.Connections[0].ID != 4 {
			t.Fatalf("the connections are %+v", again.Connections)
		}
		r.Changed(again, nil)
		synctest.Wait()
		if a := r.store.agent(t, "ana"); len(before) != 1 || len(a.Segments) != 1 || a.Segments[0] != before[0] || a.State != routing.Busy {
			t.Errorf("ana is %s with %+v, and had %+v", a.State, a.Segments, before)
		}
		r.Changed(call.Contact{ID: "out", Stage: call.Over}, nil)
		synctest.Wait()
		if a := r.store.agent(t, "ana"); a.State != routing.Available {
			t.Errorf("ana is %s at the end", a.State)
		}
		r.Close()
	})
}
