package api

import (
	"context"
	"errors"
	"strings"
	"testing"

	"holdfast/call"
	"holdfast/switchboard"
)

// twoAgents is a routing state: ana waits for customers, ben has something left to do
// for one, and one waits for the doctors. Nobody can write anything down while
// it is broken.
type twoAgents struct{ broken error }

func (twoAgents) Agents() []Agent {
	return []Agent{
		{Name: "ana", State: "reserved", Since: noon, Offer: &Offer{Contact: "c1", Connection: 2, Queue: "doctors", Until: noon}},
		{Name: "ben", State: "after-call-work", Next: "offline", Since: noon, Segments: []Segment{
			{Contact: "c2", Connection: 2, State: "after-call-work", Since: noon, ClearBy: noon},
		}},
	}
}

func (twoAgents) Queues() []Queue {
	return []Queue{{
		Name: "doctors", Agents: []string{"ana", "ben"},
		Waiting: []Waiting{{Contact: "c1", Connection: 2, Since: noon, OfferedTo: "ana"}, {Contact: "c3", Since: noon}},
	}}
}

func (f twoAgents) agent(name string) (Agent, error) {
	for _, a := range f.Agents() {
		if a.Name == name {
			return a, f.broken
		}
	}
	return Agent{}, &switchboard.DialError{Reason: call.NotFound, Detail: "no [[agent]] is called " + name}
}

func (f twoAgents) SetState(_ context.Context, name, state, reason string) (Agent, error) {
	a, err := f.agent(name)
	if state == "offline" {
		err = &call.Refusal{Text: "somebody has to be here"}
	}
	a.State, a.Reason = state, reason
	return a, err
}

func (f twoAgents) Clear(_ context.Context, name string, contact call.ContactID, connection call.ConnectionID) (Agent, error) {
	a, err := f.agent(name)
	if err == nil && (len(a.Segments) != 1 || a.Segments[0].Contact != contact || a.Segments[0].Connection != connection) {
		err = &call.Refusal{Text: "there is nothing to clear"}
	}
	a.State, a.Segments = "available", nil
	return a, err
}

func withFloor() *memory {
	m := newMemory()
	m.routing = twoAgents{}
	return m
}

func TestAgents(t *testing.T) {
	m := withFloor()
	if got := read[struct{ Agents []Agent }](t, m, 200, "GET", "/v1/agents", ""); len(got.Agents) != 2 || got.Agents[0].Offer.Queue != "doctors" {
		t.Errorf("got %+v", got)
	}
	if got := read[Agent](t, m, 200, "GET", "/v1/agents/Ben", ""); got.State != "after-call-work" || got.Segments[0].Contact != "c2" {
		t.Errorf("got %+v", got)
	}
	if got := read[Agent](t, m, 200, "PUT", "/v1/agents/ana/state", `{"state":"not-ready","reason":"lunch"}`); got.State != "not-ready" || got.Reason != "lunch" {
		t.Errorf("got %+v", got)
	}
	if got := read[Agent](t, m, 200, "POST", "/v1/agents/ben/clear", `{"contact":"c2","connection":2}`); got.State != "available" {
		t.Errorf("got %+v", got)
	}
	if p := read[Problem](t, m, 404, "PUT", "/v1/agents/eve/state", `{"state":"available"}`); p.Detail != "no [[agent]] is called eve" || p.Reason != call.NotFound {
		t.Errorf("got %+v", p)
	}
	if p := read[Problem](t, m, 409, "PUT", "/v1/agents/ana/state", `{"state":"offline"}`); p.Detail != "somebody has to be here" {
		t.Errorf("got %+v", p)
	}
}

func TestQueues(t *testing.T) {
	m := withFloor()
	if got := read[struct{ Queues []Queue }](t, m, 200, "GET", "/v1/queues", ""); len(got.Queues) != 1 || got.Queues[0].Waiting[0].OfferedTo != "ana" {
		t.Errorf("got %+v", got)
	}
	if got := read[Queue](t, m, 200, "GET", "/v1/queues/doctors", ""); len(got.Waiting) != 2 || got.Waiting[1].Contact != "c3" {
		t.Errorf("got %+v", got)
	}
	read[Problem](t, m, 404, "GET", "/v1/queues/night", "")
}

// Nobody is told what is wrong with the journal, only that something is.
func TestRoutingIsBroken(t *testing.T) {
	m := newMemory()
	m.routing = twoAgents{errors.New("disk full")}
	answer, text := send(handler(m), "PUT", "/v1/agents/ana/state", `{"state":"available"}`)
	if answer.Code != 503 || answer.Header().Get("Retry-After") != "1" || strings.Contains(text, "disk full") {
		t.Errorf("got %d: %s", answer.Code, text)
	}
	if p := read[Problem](t, newMemory(), 501, "GET", "/v1/agents", ""); p.Detail != "this server keeps no states of agents and no queues" {
		t.Errorf("got %q", p.Detail)
	}
}
