//go:build js

// Command wasm is the least that a browser loads to have package call. It is
// built by scripts/check, which prints its size, and plays the first two events
// of a contact when it runs.
package main

import (
	"time"

	"holdfast/call"
)

func main() {
	ana := call.Endpoint{Kind: call.AgentEndpoint, Address: "ana"}
	contact, commands, err := call.Step(call.Contact{ID: "c1"}, time.Unix(0, 0), call.Arrived{Agent: ana})
	println(string(contact.Stage), len(commands), err == nil)
	contact, commands, err = call.Step(contact, time.Unix(1, 0), call.Answered{Connection: 2})
	println(string(contact.Stage), len(commands), err == nil, len(call.Hears(contact)))
}
