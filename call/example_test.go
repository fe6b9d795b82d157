package call_test

import (
	"fmt"
	"time"

	"holdfast/call"
)

// A cold transfer: the agent is released only once customer and target have
// two-way audio.
func Example() {
	ana := call.Endpoint{Kind: call.AgentEndpoint, Address: "ana"}
	cardiology := call.Endpoint{Kind: call.PhoneNumber, Address: "+493012345", Name: "cardiology"}

	c := call.Contact{ID: "c1"}
	for _, ev := range []call.Event{
		call.Arrived{Customer: call.Endpoint{Kind: call.PhoneNumber, Address: "+4930999"}, Agent: ana},
		call.Answered{Connection: 2},
		call.TransferRequested{By: 2, Kind: call.Cold, Target: cardiology},
		call.Answered{Connection: 3},
		call.Joined{Connections: []call.ConnectionID{1, 2, 3}},
	} {
		var commands []call.Command
		var err error
		if c, commands, err = call.Step(c, time.Unix(0, 0), ev); err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%s: %d commands\n", c.Stage, len(commands))
	}
	fmt.Println(c.Past[0].Outcome)
	// Output:
	// offering: 2 commands
	// talking: 1 commands
	// reaching: 1 commands
	// joining: 0 commands
	// talking: 3 commands
	// completed
}

// What somebody hears follows from the contact alone.
func ExampleHears() {
	c := call.Contact{Stage: call.Talking, Connections: []call.Connection{
		{ID: 1, Party: call.Customer, State: call.Held},
		{ID: 2, Party: call.Agent, State: call.Connected},
		{ID: 3, Party: call.Target, State: call.Connected},
	}}
	for _, h := range call.Hears(c) {
		fmt.Printf("%d hears %v%s\n", h.Connection, h.From, h.Audio)
	}
	// Output:
	// 1 hears []hold audio
	// 2 hears [3]
	// 3 hears [2]
}
