package routing

import (
	"errors"
	"testing"
	"time"

	"holdfast/call"
)

var atNoon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func TestRefusals(t *testing.T) {
	f := State{
		Agents: []Agent{{Name: "ana", Status: Status{State: Available}}, {Name: "ben"}},
		Queues: []Queue{{Name: "sales"}, {Name: "support"}},
	}
	carol, dora := SegmentID{"carol", 2}, SegmentID{"dora", 2}
	for _, ev := range []Event{
		EnterRequested{Queue: "sales", SegmentID: carol},
		EnterRequested{Queue: "sales", SegmentID: carol}, // again: the same entry
		AgentRequested{Agent: "ana", SegmentID: dora},
		AgentRequested{Agent: "ana", SegmentID: dora},
	} {
		var err error
		if f, _, err = Decide(f, atNoon, ev); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(f.Queues[0].Entries); n != 1 {
		t.Errorf("carol has %d entries, want 1", n)
	}
	for _, test := range []struct {
		ask  Request
		want string
	}{
		{EnterRequested{Queue: "support", SegmentID: carol}, "the customer waits in sales already"},
		{EnterRequested{Queue: "atlantis", SegmentID: dora}, `no queue is called "atlantis"`},
		{AgentRequested{Agent: "ana", SegmentID: carol}, "the customer waits in sales already"},
		{AgentRequested{Agent: "ben", SegmentID: dora}, "the customer is with ana already"},
		{AgentRequested{Agent: "ben", SegmentID: SegmentID{"erik", 2}}, "ben is offline"},
		{AgentRequested{Agent: "nemo", SegmentID: SegmentID{"erik", 2}}, `no agent is called "nemo"`},
		{StateRequested{"nemo", Status{State: Available}}, `no agent is called "nemo"`},
		{StateRequested{"ana", Status{State: Busy}}, `an agent cannot choose to be "busy"`},
		{StateRequested{"ana", Status{State: NotReady}}, "say what you are not ready for"},
		{ResumeRequested{"ana", carol}, "you are not in this contact any more"},
	} {
		_, _, err := Decide(f, atNoon, test.ask)
		var refusal *call.Refusal
		if !errors.As(err, &refusal) || refusal.Text != test.want {
			t.Errorf("%+v: got %v, want %q", test.ask, err, test.want)
		}
	}
}

// Streams pages show since when an agent is as they are; whose turn it is goes
// by how long they have been idle, which an offer does not interrupt.
func TestSince(t *testing.T) {
	f := State{Agents: []Agent{{Name: "ana"}}, Queues: []Queue{{Name: "sales", Agents: []string{"ana"}}}}
	for i, ev := range []Event{
		StateRequested{"ana", Status{State: Available}},
		EnterRequested{Queue: "sales", SegmentID: SegmentID{"carol", 2}},
		Left{SegmentID{"carol", 2}},
		Recovered{},
	} {
		f, _, _ = Decide(f, atNoon.Add(time.Duration(i)*time.Minute), ev)
	}
	s := f.Agents[0]
	if s.state() != Available || !s.Since.Equal(atNoon.Add(2*time.Minute)) || !s.IdleSince.Equal(atNoon) {
		t.Errorf("%s since %s, idle since %s", s.state(), s.Since, s.IdleSince)
	}
}

// A customer whose entry is lost has had offers that their contact knows of; the next
// one is told apart from those.
func TestOffersGoOn(t *testing.T) {
	carol := SegmentID{"carol", 2}
	_, commands, err := Decide(smallState(), atNoon, EnterRequested{Queue: "sales", SegmentID: carol, Offers: 3})
	if err != nil || len(commands) != 1 || commands[0].(Offer).Number != 4 {
		t.Errorf("decided %+v, %v; want offer 4", commands, err)
	}
}

// A start of which nothing comes writes nothing.
func TestNothingToRecover(t *testing.T) {
	before := smallState()
	after, _, err := Decide(before, atNoon, Recovered{})
	if agents, queues := Changed(before, after); err != nil || len(agents)+len(queues) > 0 {
		t.Errorf("changed %+v and %+v (%v)", agents, queues, err)
	}
}

// A reservation is written before the queue that says so.
func TestChanged(t *testing.T) {
	f := smallState()
	after, _, err := Decide(f, atNoon, EnterRequested{Queue: "sales", SegmentID: SegmentID{"carol", 2}})
	if err != nil {
		t.Fatal(err)
	}
	agents, queues := Changed(f, after)
	if len(agents) != 1 || agents[0].Name != "ana" || len(queues) != 1 || queues[0].Name != "sales" {
		t.Errorf("changed %+v and %+v, want ana and sales", agents, queues)
	}
	if agents, queues := Changed(after, after); len(agents)+len(queues) > 0 {
		t.Errorf("nothing has changed: %+v, %+v", agents, queues)
	}
}
