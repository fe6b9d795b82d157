package api

import (
	"context"
	"errors"
	"strings"
	"testing"

	"holdfast/call"
	"holdfast/routing"
)

// twoAgents is routing in which ana is reserved for a customer, ben has after-call
// work, and one customer waits for the doctors. Nothing can be written down
// while it is broken.
type twoAgents struct {
	state  *routing.State
	broken error
}

func newAgents() twoAgents {
	return twoAgents{state: &routing.State{
		Agents: []routing.Agent{
			{Name: "ana", State: routing.Reserved, Since: noon, Reservation: &routing.Reservation{SegmentID: inContact("c1"), Queue: "doctors", Until: noon}},
			{Name: "ben", State: routing.AfterCallWork, Next: routing.Status{State: routing.Offline}, Since: noon, Segments: []routing.Segment{
				{SegmentID: inContact("c2"), State: routing.AfterCallWork, Since: noon, ClearBy: noon},
			}},
		},
		Queues: []routing.Queue{{
			Name: "doctors", Agents: []string{"ana", "ben"},
			Entries: []*routing.Entry{{SegmentID: inContact("c1"), Since: noon, OfferedTo: "ana"}, {SegmentID: inContact("c3"), Since: noon}},
		}},
	}}
}

func inContact(id call.ContactID) routing.SegmentID {
	return routing.SegmentID{Contact: id, Connection: 2}
}

func (f twoAgents) State() routing.State { return f.state.Clone() }

func (f twoAgents) Agent(name string) (routing.Agent, bool) {
	if a := f.state.Agent(name); a != nil {
		return *a, true
	}
	return routing.Agent{}, false
}

func (f twoAgents) SetStatus(_ context.Context, agent string, status routing.Status) error {
	if status.State == routing.Offline {
		return &call.Refusal{Code: "too-few", Text: "somebody has to be here"}
	}
	a := f.state.Agent(agent)
	a.State, a.Status = status.State, status
	return f.broken
}

func (f twoAgents) Clear(_ context.Context, agent string, id routing.SegmentID) error {
	a := f.state.Agent(agent)
	if len(a.Segments) != 1 || a.Segments[0].SegmentID != id {
		return &call.Refusal{Code: "nothing-there", Text: "there is nothing to clear"}
	}
	a.State, a.Segments = routing.Available, nil
	return f.broken
}

func withRouting() *memory {
	m := newMemory()
	m.routing = newAgents()
	return m
}

func TestAgents(t *testing.T) {
	m := withRouting()
	if got := read[struct{ Agents []routing.Agent }](t, m, 200, "GET", "/v1/agents", ""); len(got.Agents) != 2 || got.Agents[0].Reservation.Queue != "doctors" {
		t.Errorf("got %+v", got)
	}
	if got := read[routing.Agent](t, m, 200, "GET", "/v1/agents/Ben", ""); got.State != "after-call-work" || got.Segments[0].Contact != "c2" {
		t.Errorf("got %+v", got)
	}
	if got := read[routing.Agent](t, m, 200, "PUT", "/v1/agents/ana/status", `{"state":"not-ready","reason":"lunch"}`); got.State != "not-ready" || got.Status.Reason != "lunch" {
		t.Errorf("got %+v", got)
	}
	if got := read[routing.Agent](t, m, 200, "POST", "/v1/agents/ben/clear", `{"contact":"c2","connection":2}`); got.State != "available" {
		t.Errorf("got %+v", got)
	}
	if p := read[Problem](t, m, 404, "PUT", "/v1/agents/eve/status", `{"state":"available"}`); p.Detail != "no agent is called eve" {
		t.Errorf("got %+v", p)
	}
	if p := read[Problem](t, m, 409, "PUT", "/v1/agents/ana/status", `{"state":"offline"}`); p.Detail != "somebody has to be here" || p.Code != "too-few" {
		t.Errorf("got %+v", p)
	}
}

func TestQueues(t *testing.T) {
	m := withRouting()
	if got := read[struct{ Queues []routing.Queue }](t, m, 200, "GET", "/v1/queues", ""); len(got.Queues) != 1 || got.Queues[0].Entries[0].OfferedTo != "ana" {
		t.Errorf("got %+v", got)
	}
	if got := read[routing.Queue](t, m, 200, "GET", "/v1/queues/doctors", ""); len(got.Entries) != 2 || got.Entries[1].Contact != "c3" {
		t.Errorf("got %+v", got)
	}
	read[Problem](t, m, 404, "GET", "/v1/queues/night", "")
}

// Nobody is told what is wrong with the journal, only that something is.
func TestRoutingIsBroken(t *testing.T) {
	m := newMemory()
	m.routing = twoAgents{newAgents().state, errors.New("disk full")}
	answer, text := send(handler(m), "PUT", "/v1/agents/ana/status", `{"state":"available"}`)
	if answer.Code != 503 || answer.Header().Get("Retry-After") != "1" || strings.Contains(text, "disk full") {
		t.Errorf("got %d: %s", answer.Code, text)
	}
	if p := read[Problem](t, newMemory(), 501, "GET", "/v1/agents", ""); p.Detail != "this server keeps no states of agents and no queues" {
		t.Errorf("got %q", p.Detail)
	}
}
