package notation

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"holdfast/call"
)

// TestEveryEventAndCommandIsRead compares the tables of readers with the sealed
// types of package call.
func TestEveryEventAndCommandIsRead(t *testing.T) {
	for _, test := range []struct {
		file, method string
		readers      []string
	}{
		{"../call/event.go", "connection", slices.Sorted(maps.Keys(events))},
		{"../call/command.go", "isCommand", slices.Sorted(maps.Keys(commands))},
	} {
		if declared := receivers(t, test.file, test.method); !slices.Equal(declared, test.readers) {
			t.Errorf("%s declares %v\nnotation reads %v", test.file, declared, test.readers)
		}
	}
}

// receivers returns the types of a file that have a method, sorted.
func receivers(t *testing.T, path, method string) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, d := range file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Name.Name == method {
			names = append(names, f.Recv.List[0].Type.(*ast.Ident).Name)
		}
	}
	slices.Sort(names)
	return names
}

// survives writes a value and reads it back, and returns how it was written.
func survives[T any](t *testing.T, v T) string {
	t.Helper()
	written, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var read T
	if err := json.Unmarshal(written, &read); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(read, v) {
		t.Errorf("wrote %+v, read %+v", v, read)
	}
	return string(written)
}

func TestHistorySurvives(t *testing.T) {
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	survives(t, History{
		{At: at, Event: call.Arrived{Customer: call.Endpoint{Kind: call.PhoneNumber, Address: "+15550100"}, Called: "100", Rules: call.DefaultRules()}},
		{At: at, Event: call.Failed{Connection: 3, Reason: call.Busy, Detail: "486 Busy Here"}},
		{At: at, Event: call.Joined{Connections: []call.ConnectionID{1, 3}}},
		{At: at, Event: call.TransferRequested{By: 2, Kind: call.Cold, RingFor: call.Duration(time.Second), Key: "k"}},
		{At: at, Event: call.DeadlinePassed{}},
	})
	got := survives(t, History{{At: at, Event: call.Answered{Connection: 2}}})
	if want := `[{"at":"2026-11-23T12:00:00Z","event":"Answered","data":{"connection":2}}]`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestCommandSurvives(t *testing.T) {
	got := survives(t, Command{call.Drop{Connection: 3, Reason: call.NoAnswer}})
	if want := `{"command":"Drop","data":{"connection":3,"reason":"no-answer"}}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestMixSurvives(t *testing.T) {
	got := survives(t, call.Mix{{Connection: 1, Audio: call.HoldAudio, Recorded: true}, {Connection: 2, From: []call.ConnectionID{3}}})
	if want := `[{"connection":1,"audio":"hold audio","recorded":true},{"connection":2,"from":[3]}]`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestUnknownNamesAreErrors(t *testing.T) {
	var h History
	err := json.Unmarshal([]byte(`[{"event":"Beamed","data":{}}]`), &h)
	if err == nil || err.Error() != `unknown event "Beamed"` {
		t.Errorf("got %v", err)
	}
	var c Command
	err = json.Unmarshal([]byte(`{"command":"Beam","data":{}}`), &c)
	if err == nil || err.Error() != `unknown command "Beam"` {
		t.Errorf("got %v", err)
	}
}
