package main

import (
	"errors"
	"iter"
	"strings"
	"testing"
	"time"

	"holdfast/call"
	"holdfast/client"
)

func TestChoose(t *testing.T) {
	two := []call.Contact{{ID: "01ab"}, {ID: "01cd"}}
	ana, ben := call.Endpoint{Kind: call.AgentEndpoint, Address: "ana"}, call.Endpoint{Kind: call.AgentEndpoint, Address: "ben"}
	with := func(id call.ContactID, agent call.Endpoint) call.Contact {
		return call.Contact{ID: id, Agent: agent, Connections: []call.Connection{{ID: 1, Party: call.Customer}, {ID: 2, Party: call.Agent, Endpoint: agent}}}
	}
	parked := call.Contact{ID: "01ef", Agent: ana}
	for _, test := range []struct {
		live          []call.Contact
		written, want string
	}{
		{two, "01ab", "01ab"},
		{two, "01c", "01cd"},
		{two, "01", `"01" could be any of 01ab, 01cd; say which`},
		{two, "-", `"-" could be any of 01ab, 01cd; say which, or name its agent`},
		{two, "02", `no contact begins with "02"; live are 01ab, 01cd`},
		{two[:1], "-", "01ab"},
		{[]call.Contact{{ID: "01"}, {ID: "012"}}, "01", "01"}, // whole before beginning
		{nil, "-", "no contact is live"},
		{[]call.Contact{with("01ab", ana), with("01cd", ben)}, "Ana", "01ab"},
		{[]call.Contact{with("01ab", ana), with("01cd", ben)}, "01cd", "01cd"},
		{[]call.Contact{with("01ab", ana), with("01cd", ana)}, "ana", "ana is in 01ab, 01cd; say which"},
		{[]call.Contact{parked, with("01cd", ben)}, "ana", "01ef"}, // there is nobody else responsible
		{[]call.Contact{parked, with("01cd", ana)}, "ana", "01cd"},
		{make([]call.Contact, 7), "x", `no contact begins with "x"; live are , , , , , and 2 more`},
	} {
		c, err := choose(test.live, test.written)
		got := string(c.ID)
		if err != nil {
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("%q of %d: got %s, want %s", test.written, len(test.live), got, test.want)
		}
	}
}

// happening is a stream of what becomes of a contact, which then is cut off.
func happening(t *testing.T, cut error, events ...call.Event) iter.Seq2[client.Event, error] {
	t.Helper()
	return func(yield func(client.Event, error) bool) {
		at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.Local)
		c := call.Contact{ID: "c1"}
		for _, ev := range events {
			var err error
			if c, _, err = call.Step(c, at, ev); err != nil {
				t.Fatal(err)
			}
			if !yield(client.Event{At: at, Contact: c, Events: []call.Timed{{At: at, Event: ev}}}, nil) {
				return
			}
		}
		if cut != nil {
			yield(client.Event{}, cut)
		}
	}
}

func TestWatch(t *testing.T) {
	var out strings.Builder
	cut := errors.New("cut")
	s := shower{terminal: terminal{Writer: &out}}
	err := s.events(happening(t, cut,
		call.Arrived{
			Customer: call.Endpoint{Kind: call.PhoneNumber, Address: "+4930123"},
			Agent:    call.Endpoint{Kind: call.AgentEndpoint, Address: "ana"},
		},
		call.Answered{Connection: 2},
		call.HungUp{Connection: 1}))
	if !errors.Is(err, cut) {
		t.Errorf("got %v, want %v", err, cut)
	}
	for _, want := range []string{
		"12:00:00 c1 ana answers\n",
		"12:00:00 c1 = talking: customer connected hears ana; ana connected hears customer\n",
		"12:00:00 c1 = over\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, &out)
		}
	}
}

func TestColoursAreForScreens(t *testing.T) {
	if got := newTerminal(new(strings.Builder)).paint(green, "x"); got != "x" {
		t.Errorf("got %q for what is no screen", got)
	}
	if got := (terminal{colours: true}).paint(green, "x"); got != "\x1b[32mx\x1b[0m" {
		t.Errorf("got %q for a screen", got)
	}
}
