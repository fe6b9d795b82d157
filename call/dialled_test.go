package call_test

import (
	"testing"
	"time"

	"holdfast/call"
)

// TestCalledAgentReturns: ana calls ben, who works in a browser. His line may be away for a
// moment; if it does not come back, the call ends.
func TestCalledAgentReturns(t *testing.T) {
	ben := call.Endpoint{Kind: call.AgentEndpoint, Address: "ben"}
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	c := call.Contact{ID: "c1"}
	var commands []call.Command
	step := func(ev call.Event) {
		t.Helper()
		var err error
		if c, commands, err = call.Step(c, now, ev); err != nil {
			t.Fatal(err)
		}
	}
	step(call.Dialled{Agent: at("ana"), Customer: ben})
	step(call.Answered{Connection: 2})
	step(call.Lost{Connection: 2, MayReturn: true})
	if c.Stage != call.Talking || c.Connections[1].State != call.Away {
		t.Fatalf("ben's page is loaded anew, and the contact is %s with %+v", c.Stage, c.Connections)
	}
	transfer := call.TransferRequested{By: 1, Kind: call.Cold, Target: at("cardiology")}
	if _, _, err := call.Step(c, now, transfer); err == nil {
		t.Error("a customer who is away is transferred")
	}
	step(call.Back{Connection: 2})
	if c.Connections[1].State != call.Connected {
		t.Fatalf("ben is back, and is %s", c.Connections[1].State)
	}
	step(call.Lost{Connection: 2, MayReturn: true})
	now = c.Deadline()
	step(call.DeadlinePassed{})
	if c.Stage != call.Over || c.EndReason != call.LineLost {
		t.Errorf("ben does not come back, and the contact is %s (%s)", c.Stage, c.EndReason)
	}
	if len(commands) == 0 {
		t.Error("ana's line is left")
	}
}
