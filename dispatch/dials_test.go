package dispatch

import (
	"testing"
	"testing/synctest"
	"time"

	"holdfast/call"
	"holdfast/routing"
	"holdfast/switchboard"
)

// dialled steps a contact that ana's phone has begun by dialling a number.
func dialled(t *testing.T, id call.ContactID, events ...call.Event) call.Contact {
	t.Helper()
	c := call.Contact{ID: id}
	events = append([]call.Event{call.Dialled{
		Agent:    call.Endpoint{Kind: call.AgentEndpoint, Address: "ana"},
		Customer: call.Endpoint{Kind: call.PhoneNumber, Address: "+15550123"},
	}}, events...)
	for _, ev := range events {
		var err error
		if c, _, err = call.Step(c, time.Now(), ev); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// An agent who dials is kept from other customers, and is free again if nobody answers.
// One whose phone holds a call may dial another: they talk to one customer at a time.
func TestAgentDials(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRota(t, &fakeStore{kept: map[string]switchboard.Item{}})
		r.Begin(nil)
		is := func(want routing.AgentState) {
			t.Helper()
			synctest.Wait()
			if a := r.store.agent(t, "ana"); a.State != want {
				t.Errorf("ana is %s with %v, want %s", a.State, a.Segments, want)
			}
		}
		dials := func(c call.Contact) {
			t.Helper()
			if err := r.Reserve(c, 1); err != nil {
				t.Errorf("%s: %v", c.ID, err)
			}
			r.Changed(c, nil)
		}
		dials(dialled(t, "first"))
		is(routing.Reserved)
		r.Changed(call.Contact{ID: "first", Stage: call.Over}, nil)
		is(routing.Available)

		dials(dialled(t, "second"))
		talks := dialled(t, "second", call.Answered{Connection: 2})
		r.Changed(talks, nil)
		is(routing.Busy)
		if err := r.Reserve(dialled(t, "third"), 1); err == nil {
			t.Error("ana is reserved for a second customer while she talks")
		}
		r.Changed(dialled(t, "second", call.Answered{Connection: 2}, call.HoldBegan{Connection: 1}), nil)
		dials(dialled(t, "third"))
		r.Changed(dialled(t, "third", call.Answered{Connection: 2}), nil)
		is(routing.Busy)
		for id, want := range map[call.ContactID]routing.AgentState{"second": routing.Holding, "third": routing.Talking} {
			a := r.store.agent(t, "ana")
			if s := a.Segment(routing.SegmentID{Contact: id, Connection: 1}); s == nil || s.State != want {
				t.Errorf("ana's segment in %s is %+v, want %s", id, s, want)
			}
		}
		r.Close()
	})
}
