package holdfast_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"testing"
	"time"

	"holdfast/call"
	"holdfast/notation"
)

var (
	customer   = call.Endpoint{Kind: call.PhoneNumber, Address: "+15550100"}
	ana        = call.Endpoint{Kind: call.AgentEndpoint, Address: "ana"}
	cardiology = call.Endpoint{Kind: call.URI, Address: "sip:cardiology@192.0.2.9", Name: "cardiology"}
	reception  = call.Endpoint{Kind: call.QueueEndpoint, Address: "reception"}
)

// everyEvent has one of every event, with all that it can carry.
var everyEvent = []call.Event{
	call.Arrived{Customer: customer, Called: "+4930100", Agent: ana, Rules: call.DefaultRules()},
	call.Originated{Agent: ana, Customer: customer, Rules: call.DefaultRules()},
	call.Dialled{Agent: ana, Customer: customer, Called: "030100", Rules: call.DefaultRules()},
	call.Replaced{Connection: 2, Agent: ana},
	call.Rang{Connection: 2, EarlyMedia: true},
	call.Answered{Connection: 2},
	call.Failed{Connection: 3, Reason: call.Busy, Detail: "486 Busy Here"},
	call.Offered{Connection: 2, Number: 1, Agent: ana, RingFor: call.Duration(20 * time.Second)},
	call.Withdrawn{Connection: 2, Number: 1, Reason: call.NoAnswer},
	call.Pressed{Connection: 3, Key: "1"},
	call.Played{Connection: 3},
	call.HungUp{Connection: 1},
	call.Lost{Connection: 2, Detail: "no packets for 30 s", MayReturn: true},
	call.Back{Connection: 2},
	call.HoldBegan{Connection: 2},
	call.HoldEnded{Connection: 2},
	call.Joined{Connections: []call.ConnectionID{1, 3}},
	call.DeadlinePassed{},
	call.Recovered{},
	call.AcceptRequested{By: 2},
	call.RejectRequested{By: 2},
	call.HoldRequested{By: 2, Connection: 1},
	call.ResumeRequested{By: 2, Connection: 1},
	call.MuteRequested{By: 2, Muted: true},
	call.DigitsRequested{By: 2, Connection: 3, Digits: "1#"},
	call.RecordRequested{By: 2, On: true},
	call.TransferRequested{
		By: 2, Kind: call.Warm, Target: cardiology, Others: []call.Endpoint{reception}, Parallel: true,
		Manner:  call.Manner{Confirm: true, Whisper: true, Resume: true},
		RingFor: call.Duration(90 * time.Second), Key: "k1", Supersede: true,
		Reported: true, Consulted: call.Place{Contact: "consultation", Connection: 1},
	},
	call.CancelRequested{By: 2, Transfer: "t1"},
	call.SwapRequested{By: 2},
	call.ConferenceRequested{By: 2},
	call.CompleteRequested{By: 2},
	call.LeaveRequested{By: 2},
	call.EndRequested{By: 2},
	call.DestroyRequested{By: 2, Connection: 3},
	call.GiveRequested{By: 1, Agent: ana, To: call.Place{Contact: "contact", Connection: 3}},
	call.PickUpRequested{Agent: ana},
}

// everyCommand has one of every command, with all that it can carry.
var everyCommand = []notation.Command{
	{Command: call.Ring{Connection: 1}},
	{Command: call.Answer{Connection: 1}},
	{Command: call.Refuse{Connection: 1, Reason: call.Busy}},
	{Command: call.Dial{Connection: 3, Party: call.Target, To: cardiology, From: customer, Customer: customer}},
	{Command: call.Drop{Connection: 3, Reason: call.NoAnswer}},
	{Command: call.Digits{Connection: 3, Digits: "1#"}},
	{Command: call.Take{Connection: 3, To: cardiology, From: call.Place{Contact: "consultation", Connection: 1}, Agent: ana}},
	{Command: call.Give{Connection: 2, To: call.Place{Contact: "contact", Connection: 3}}},
	{Command: call.Join{Connection: 3}},
	{Command: call.Report{Connection: 2, Transfer: "t1", Progress: call.TransferIsOver, Reason: call.Busy}},
	{Command: call.Introduce{Connection: 1, Party: cardiology}},
	{Command: call.Notify{Connection: 2, Reason: call.Busy, Text: "cardiology is busy; the customer is on hold"}},
}

// declaring returns the types of a file that have a method.
func declaring(t *testing.T, file, method string) (names []string) {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range f.Decls {
		if m, ok := d.(*ast.FuncDecl); ok && m.Name.Name == method {
			names = append(names, m.Recv.List[0].Type.(*ast.Ident).Name)
		}
	}
	if len(names) == 0 {
		t.Fatalf("no type in %s has a method %s", file, method)
	}
	return names
}
