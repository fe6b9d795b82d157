package routing

import (
	"encoding/json"
	"errors"
	"reflect"
	"testing"
	"time"

	"holdfast/call"
)

var atNoon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// goldenAgent and goldenQueue are entries as they were written: what has changed
// its name in them could not be read any more.
const (
	goldenAgent = `{"name":"ana","capacity":2,"afterCall":"20s","grace":"30s",` +
		`"status":{"state":"available"},"next":{"state":"not-ready","reason":"lunch"},` +
		`"reservation":{"contact":"c3","connection":2,"queue":"sales","until":"2026-11-23T12:00:30Z"},` +
		`"segments":[{"contact":"c1","connection":2,"queue":"sales","state":"after-call-work","since":"2026-11-23T12:00:00Z","clearBy":"2026-11-23T12:00:20Z"},` +
		`{"contact":"c2","connection":4,"state":"holding","since":"2026-11-23T12:00:00Z"}],` +
		`"awayUntil":"2026-11-23T12:00:30Z","idleSince":"2026-11-23T12:00:00Z","since":"2026-11-23T12:00:00Z"}`
	goldenQueue = `{"name":"sales","agents":["ana","ben"],"offerFor":"20s","askAgain":"10s",` +
		`"entries":[{"contact":"c3","connection":2,"priority":1,"returned":true,` +
		`"callback":{"kind":"number","address":"+15550100"},"since":"2026-11-23T12:00:00Z","offeredTo":"ana",` +
		`"rejected":[{"agent":"ben","until":"2026-11-23T12:00:10Z"},{"agent":"cem"}]}]}`
)

func TestJSON(t *testing.T) {
	agent := Agent{
		Name: "ana", Capacity: 2, AfterCall: call.Duration(20 * time.Second), Grace: call.Duration(30 * time.Second),
		Status: Status{State: Available}, Next: Status{NotReady, "lunch"},
		Reservation: &Reservation{SegmentID{"c3", 2}, "sales", atNoon.Add(30 * time.Second)},
		Segments: []Segment{
			{SegmentID{"c1", 2}, "sales", AfterCallWork, atNoon, atNoon.Add(20 * time.Second)},
			{SegmentID: SegmentID{"c2", 4}, State: Holding, Since: atNoon},
		},
		AwayUntil: atNoon.Add(30 * time.Second), IdleSince: atNoon, Since: atNoon,
	}
	sameJSON(t, agent, goldenAgent)
	sameJSON(t, Queue{
		Name: "sales", Agents: []string{"ana", "ben"}, OfferFor: call.Duration(20 * time.Second), AskAgain: call.Duration(10 * time.Second),
		Entries: []Entry{{
			SegmentID: SegmentID{"c3", 2}, Priority: 1, Returned: true,
			Callback: call.Endpoint{Kind: call.PhoneNumber, Address: "+15550100"}, Since: atNoon, OfferedTo: "ana",
			Rejected: []Rejection{{"ben", atNoon.Add(10 * time.Second)}, {Agent: "cem"}},
		}},
	}, goldenQueue)
	sameJSON(t, Agent{Name: "ben"}, `{"name":"ben"}`)
	sameJSON(t, EnterRequested{Queue: "sales", SegmentID: SegmentID{"c3", 2}}, `{"queue":"sales","contact":"c3","connection":2}`)
	sameJSON(t, Offer{Agent: "ana", SegmentID: SegmentID{"c3", 2}, Queue: "sales", Until: atNoon},
		`{"agent":"ana","contact":"c3","connection":2,"queue":"sales","until":"2026-11-23T12:00:00Z"}`)
}

// sameJSON wants v to be written as golden, and golden to be read as v.
func sameJSON[T any](t *testing.T, v T, golden string) {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	if string(b) != golden {
		t.Errorf("%T is written as\n%s, want\n%s", v, b, golden)
	}
	var read T
	if err := json.Unmarshal([]byte(golden), &read); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(read, v) {
		t.Errorf("read %+v, want %+v", read, v)
	}
}

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
		{StateRequested{"ana", Status{State: Busy}}, `nobody can choose to be "busy"`},
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
