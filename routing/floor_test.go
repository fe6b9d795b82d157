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

// goldenSeat and goldenQueue are entries as they were written: what has changed
// its name in them could not be read any more.
const (
	goldenSeat = `{"agent":"ana","handles":2,"afterCall":20000000000,"grace":30000000000,` +
		`"choice":{"state":"available"},"next":{"state":"not-ready","name":"lunch"},` +
		`"reservation":{"contact":"c3","connection":2,"queue":"sales","until":"2026-11-23T12:00:30Z"},` +
		`"stays":[{"contact":"c1","connection":2,"queue":"sales","state":"after-call-work","since":"2026-11-23T12:00:00Z","clearBy":"2026-11-23T12:00:20Z"},` +
		`{"contact":"c2","connection":4,"state":"holding","since":"2026-11-23T12:00:00Z"}],` +
		`"awayUntil":"2026-11-23T12:00:30Z","idleSince":"2026-11-23T12:00:00Z","since":"2026-11-23T12:00:00Z"}`
	goldenQueue = `{"name":"sales","agents":["ana","ben"],"offerFor":20000000000,"askAgain":10000000000,` +
		`"places":[{"contact":"c3","connection":2,"priority":1,"returned":true,` +
		`"callback":{"kind":"number","address":"+15550100"},"since":"2026-11-23T12:00:00Z","offered":"ana",` +
		`"rejected":[{"agent":"ben","until":"2026-11-23T12:00:10Z"},{"agent":"cem"}]}]}`
)

func TestFloorIsWrittenAsItWas(t *testing.T) {
	seat := Seat{
		Agent: "ana", Handles: 2, AfterCall: 20 * time.Second, Grace: 30 * time.Second,
		Choice: Choice{State: Available}, Next: Choice{NotReady, "lunch"},
		Reservation: &Reservation{StayID{"c3", 2}, "sales", atNoon.Add(30 * time.Second)},
		Stays: []Stay{
			{StayID{"c1", 2}, "sales", AfterCallWork, atNoon, atNoon.Add(20 * time.Second)},
			{StayID: StayID{"c2", 4}, State: Holding, Since: atNoon},
		},
		AwayUntil: atNoon.Add(30 * time.Second), IdleSince: atNoon, Since: atNoon,
	}
	sameJSON(t, seat, goldenSeat)
	sameJSON(t, Queue{
		Name: "sales", Agents: []string{"ana", "ben"}, OfferFor: 20 * time.Second, AskAgain: 10 * time.Second,
		Places: []Place{{
			StayID: StayID{"c3", 2}, Priority: 1, Returned: true,
			Callback: call.Endpoint{Kind: call.PhoneNumber, Address: "+15550100"}, Since: atNoon, Offered: "ana",
			Rejected: []Rejection{{"ben", atNoon.Add(10 * time.Second)}, {Agent: "cem"}},
		}},
	}, goldenQueue)
	sameJSON(t, Seat{Agent: "ben"}, `{"agent":"ben"}`)
	sameJSON(t, EnterRequested{Queue: "sales", StayID: StayID{"c3", 2}}, `{"queue":"sales","contact":"c3","connection":2}`)
	sameJSON(t, Offer{Agent: "ana", StayID: StayID{"c3", 2}, Queue: "sales", Until: atNoon},
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

func TestFloorRefusals(t *testing.T) {
	f := Floor{
		Seats:  []Seat{{Agent: "ana", Choice: Choice{State: Available}}, {Agent: "ben"}},
		Queues: []Queue{{Name: "sales"}, {Name: "support"}},
	}
	carol, dora := StayID{"carol", 2}, StayID{"dora", 2}
	for _, ev := range []Event{
		EnterRequested{Queue: "sales", StayID: carol},
		EnterRequested{Queue: "sales", StayID: carol}, // again: the same place
		AgentRequested{Agent: "ana", StayID: dora},
		AgentRequested{Agent: "ana", StayID: dora},
	} {
		var err error
		if f, _, err = Decide(f, atNoon, ev); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(f.Queues[0].Places); n != 1 {
		t.Errorf("carol has %d places, want 1", n)
	}
	for _, test := range []struct {
		ask  Request
		want string
	}{
		{EnterRequested{Queue: "support", StayID: carol}, "the customer waits in sales already"},
		{EnterRequested{Queue: "atlantis", StayID: dora}, `no queue is called "atlantis"`},
		{AgentRequested{Agent: "ana", StayID: carol}, "the customer waits in sales already"},
		{AgentRequested{Agent: "ben", StayID: dora}, "the customer is with ana already"},
		{AgentRequested{Agent: "ben", StayID: StayID{"erik", 2}}, "ben is offline"},
		{AgentRequested{Agent: "nemo", StayID: StayID{"erik", 2}}, `no agent is called "nemo"`},
		{StateRequested{"nemo", Choice{State: Available}}, `no agent is called "nemo"`},
		{StateRequested{"ana", Choice{State: Busy}}, `nobody can choose to be "busy"`},
		{StateRequested{"ana", Choice{State: NotReady}}, "say what you are not ready for"},
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
func TestFloorSince(t *testing.T) {
	f := Floor{Seats: []Seat{{Agent: "ana"}}, Queues: []Queue{{Name: "sales", Agents: []string{"ana"}}}}
	for i, ev := range []Event{
		StateRequested{"ana", Choice{State: Available}},
		EnterRequested{Queue: "sales", StayID: StayID{"carol", 2}},
		Left{StayID{"carol", 2}},
		Recovered{},
	} {
		f, _, _ = Decide(f, atNoon.Add(time.Duration(i)*time.Minute), ev)
	}
	s := f.Seats[0]
	if s.State() != Available || !s.Since.Equal(atNoon.Add(2*time.Minute)) || !s.IdleSince.Equal(atNoon) {
		t.Errorf("%s since %s, idle since %s", s.State(), s.Since, s.IdleSince)
	}
}

// A reservation is written before the queue that says so.
func TestFloorChanged(t *testing.T) {
	f := smallFloor()
	after, _, err := Decide(f, atNoon, EnterRequested{Queue: "sales", StayID: StayID{"carol", 2}})
	if err != nil {
		t.Fatal(err)
	}
	seats, queues := Changed(f, after)
	if len(seats) != 1 || seats[0].Agent != "ana" || len(queues) != 1 || queues[0].Name != "sales" {
		t.Errorf("changed %+v and %+v, want ana and sales", seats, queues)
	}
	if seats, queues := Changed(after, after); len(seats)+len(queues) > 0 {
		t.Errorf("nothing has changed: %+v, %+v", seats, queues)
	}
}
