package call_test

import (
	"slices"
	"testing"
	"time"

	"holdfast/call"
)

// TestWhoEndedIt: a contact that is over says who ended it, and how.
func TestWhoEndedIt(t *testing.T) {
	ana := call.Endpoint{Kind: call.AgentEndpoint, Address: "ana"}
	cardiology := call.Endpoint{Kind: call.PhoneNumber, Address: "+493012345"}
	arrived := call.Arrived{Customer: call.Endpoint{Kind: call.PhoneNumber, Address: "+4930999"}, Agent: ana}
	originated := call.Originated{Customer: arrived.Customer, Agent: ana}
	then := func(before []call.Event, more ...call.Event) []call.Event { return slices.Concat(before, more) }
	talk := []call.Event{arrived, call.Answered{Connection: 2}}
	consult := then(talk, call.TransferRequested{By: 2, Kind: call.Warm, Target: cardiology}, call.Answered{Connection: 3})
	for _, test := range []struct {
		what   string
		events []call.Event
		by     call.Party
		why    call.Reason
	}{
		{"the agent is busy", []call.Event{arrived, call.Failed{Connection: 2, Reason: call.Busy}}, call.Agent, call.Busy},
		{"the customer gives up", []call.Event{arrived, call.HungUp{Connection: 1}}, call.Customer, call.Goodbye},
		{"the customer says goodbye", then(talk, call.HungUp{Connection: 1}), call.Customer, call.Goodbye},
		{"the customer's line is lost", then(talk, call.Lost{Connection: 1}), call.Customer, call.LineLost},
		{"the agent says goodbye", then(talk, call.HungUp{Connection: 2}), call.Agent, call.Goodbye},
		{"the agent asks for the end", then(talk, call.EndRequested{By: 2}), call.Agent, call.Requested},
		{"the target says goodbye", then(consult, call.CompleteRequested{By: 2}, call.Joined{Connections: []call.ConnectionID{1, 3}},
			call.DeadlinePassed{}, call.HungUp{Connection: 3}), call.Target, call.Goodbye},
		{"the customer leaves a consultation", then(consult, call.HungUp{Connection: 1}, call.HungUp{Connection: 3}), call.Customer, call.Goodbye},
		{"the customer is not reached", []call.Event{originated, call.Answered{Connection: 1}, call.Failed{Connection: 2, Reason: call.NoAnswer}}, call.Customer, call.NoAnswer},
	} {
		now := time.Unix(0, 0)
		c := call.Contact{ID: "c1"}
		for _, ev := range test.events {
			now = now.Add(15 * time.Second)
			var err error
			if c, _, err = call.Step(c, now, ev); err != nil {
				t.Fatalf("%s: %v", test.what, err)
			}
		}
		if c.Stage != call.Over || c.EndedBy != test.by || c.EndReason != test.why {
			t.Errorf("%s: the contact is %s, ended by %s: %s; want %s: %s", test.what, c.Stage, c.EndedBy, c.EndReason, test.by, test.why)
		}
	}
}
