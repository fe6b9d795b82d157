package panel

import (
	"slices"
	"testing"
	"time"

	"holdfast/call"
	"holdfast/routing"
)

// Ana's desk phone has dialled. Her page shows a call that she makes, and not one that
// rings at her; the page of an agent she has dialled shows her.
func TestPageOfAPhoneThatDials(t *testing.T) {
	for _, test := range []struct {
		name     string
		customer call.Endpoint
		answered bool
		agent    string // whose page
		phase    phase
		with     string
		can      []string
		outbound bool
		state    string // in Streams
	}{
		{"it rings", customer(), false, "ana", dialingPhase, "+4930555", []string{"end"}, true, "CallingCustomer"},
		{"it is answered", customer(), true, "ana", talkingPhase, "+4930555", []string{"hold", "mute", "transfer", "digits", "end"}, true, "Busy"},
		{"ben rings", agentNamed("ben"), false, "ana", dialingPhase, "ben", []string{"end"}, true, "CallingCustomer"},
		{"ben rings", agentNamed("ben"), false, "ben", ringingPhase, "ana", []string{"accept", "reject"}, false, "PendingBusy"},
		{"ben has answered", agentNamed("ben"), true, "ben", talkingPhase, "ana", []string{"mute", "hangUp"}, false, "Busy"},
	} {
		c := stepped(t, call.Dialled{Agent: agentNamed("ana"), Customer: test.customer, Rules: call.DefaultRules()}, test.answered)
		a := routing.Agent{Name: test.agent, State: routing.Busy}
		if test.phase == ringingPhase {
			a.State = routing.Reserved
		}
		all := segmentsOf(a, []call.Contact{c})
		if len(all) != 1 {
			t.Fatalf("%s: %s has %d segments", test.name, test.agent, len(all))
		}
		v := viewContact(all[0])
		if v.Phase != test.phase || v.Customer.Name != test.with || !slices.Equal(v.Can, test.can) || v.Outbound != test.outbound || len(v.Others) != 0 {
			t.Errorf("%s: the page of %s has %s with %s, can %v, outbound %t, others %v", test.name, test.agent, v.Phase, v.Customer.Name, v.Can, v.Outbound, v.Others)
		}
		if got := streamsState(a, all).Name; got != test.state {
			t.Errorf("%s: %s is %s in Streams, want %s", test.name, test.agent, got, test.state)
		}
	}
}

func customer() call.Endpoint { return call.Endpoint{Kind: call.PhoneNumber, Address: "+4930555"} }

// stepped is a contact that has begun, and whose customer has answered if that is so.
func stepped(t *testing.T, begins call.Event, answered bool) call.Contact {
	t.Helper()
	events := []call.Event{begins}
	if answered {
		events = append(events, call.Answered{Connection: 2})
	}
	c := call.Contact{ID: "c1"}
	for _, ev := range events {
		var err error
		if c, _, err = call.Step(c, time.Date(2026, 11, 29, 9, 0, 0, 0, time.UTC), ev); err != nil {
			t.Fatal(err)
		}
	}
	return c
}
