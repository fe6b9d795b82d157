package call

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"testing"
	"time"
)

// TestEveryEventIsRead compares the table of readers with the sealed type.
func TestEveryEventIsRead(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "event.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	events := 0
	for _, d := range file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Name.Name != "connection" {
			continue
		}
		events++
		name := f.Recv.List[0].Type.(*ast.Ident).Name
		if eventReaders[name] == nil {
			t.Errorf("event %s cannot be read back", name)
		}
	}
	if events != len(eventReaders) {
		t.Errorf("%d events, %d readers", events, len(eventReaders))
	}
}

func TestRecordSurvives(t *testing.T) {
	for _, ev := range []Event{
		Arrived{Customer: Endpoint{Kind: PhoneNumber, Address: "+15550100"}, Called: "100", Rules: DefaultRules()},
		Failed{Connection: 3, Reason: Busy, Detail: "486 Busy Here"},
		Joined{Connections: []ConnectionID{1, 3}},
		TransferRequested{By: 2, Kind: Cold, RingFor: time.Second, Key: "k"},
		DeadlinePassed{},
	} {
		written := Timed{At: time.Unix(1e9, 0).UTC(), Event: ev}
		b, err := json.Marshal(written)
		if err != nil {
			t.Fatal(err)
		}
		var read Timed
		if err := json.Unmarshal(b, &read); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(read, written) {
			t.Errorf("wrote %+v, read %+v", written, read)
		}
	}
}

func TestUnknownEventIsNamed(t *testing.T) {
	var r Timed
	err := json.Unmarshal([]byte(`{"event":"Beamed","data":{}}`), &r)
	if err == nil || err.Error() != `unknown event "Beamed"` {
		t.Errorf("got %v", err)
	}
}
