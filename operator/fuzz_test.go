package operator_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"holdfast/operator"
)

// FuzzTake gives an operator any messages, one JSON value on each line. None may make
// it panic, and each that comes out must have a type and be a plain value.
func FuzzTake(f *testing.F) {
	f.Add([]byte(`{"type":"see","contactId":"k","at":1,"snapshot":{"ended":false,"connections":[{"id":"c","party":"customer","state":"connected"},{"id":"a","party":"agent","state":"connected"}]}}
{"type":"start","contactId":"k","at":2,"kind":"cold","targets":[{"kind":"number","address":"+4930"},{"kind":"queue","address":"q","name":"Q"}],"ringFor":20000,"resume":true,"key":"x","assume":true}
{"type":"answer","contactId":"k","at":3,"n":1,"error":null}
{"type":"see","contactId":"k","at":4,"snapshot":{"ended":false,"connections":[{"id":"c","party":"customer","state":"hold"},{"id":"a","party":"agent","state":"connected"},{"id":"t","party":"target","state":"connected","target":{"kind":"number","address":"+4930"},"reason":"busy"}]}}
{"type":"confirm","contactId":"k","at":5}
{"type":"complete","contactId":"k","at":5}
{"type":"cancel","contactId":"k","at":6}
{"type":"wake","contactId":"k","at":9000}
{"type":"forget","contactId":"k"}`))
	f.Add([]byte("null\n3\n[]\n{}\n{\"type\":\"see\",\"contactId\":\"k\",\"at\":-1}\n{\"type\":\"start\",\"contactId\":\"k\",\"at\":1e300}"))
	f.Add(conversation(f))
	f.Fuzz(func(t *testing.T, lines []byte) {
		var o operator.Operator
		for line := range bytes.Lines(lines) {
			var m any
			if json.Unmarshal(line, &m) != nil {
				continue
			}
			for _, out := range o.Take(m) {
				if kind, ok := out["type"].(string); !ok || kind == "" {
					t.Errorf("a message without a type: %v", out)
				}
				if _, err := json.Marshal(out); err != nil {
					t.Errorf("a message that is not plain: %v", err)
				}
			}
		}
	})
}

// conversation is a page that is loaded anew while a target rings.
func conversation(tb testing.TB) []byte {
	var o operator.Operator
	var all bytes.Buffer
	var saved any
	tell := func(m map[string]any) {
		line, err := json.Marshal(m)
		if err != nil {
			tb.Fatal(err)
		}
		all.Write(append(line, '\n'))
		for _, out := range o.Take(m) {
			if out["type"] == "save" {
				saved = out["saved"]
			}
		}
	}
	view := func(customer string) map[string]any {
		return map[string]any{"ended": false, "connections": []any{
			map[string]any{"id": "c", "party": "customer", "state": customer},
			map[string]any{"id": "a", "party": "agent", "state": "connected"},
		}}
	}
	tell(map[string]any{"type": "see", "contactId": "k", "at": 1.0, "snapshot": view("connected")})
	tell(map[string]any{
		"type": "start", "contactId": "k", "at": 2.0, "kind": "warm",
		"targets": []any{map[string]any{"kind": "agent", "address": "ben", "name": "Ben"}},
	})
	tell(map[string]any{"type": "see", "contactId": "k", "at": 3.0, "snapshot": view("hold")})
	tell(map[string]any{"type": "answer", "contactId": "k", "at": 4.0, "n": 1.0, "error": nil})
	o = operator.Operator{}
	tell(map[string]any{"type": "adopt", "contactId": "k", "at": 5.0, "saved": saved, "snapshot": view("hold")})
	return all.Bytes()
}

// A message that cannot be used is refused and changes nothing.
func TestUnusableMessages(t *testing.T) {
	for _, text := range []string{
		`3`, `null`, `[]`, `{}`, `{"type":"see","at":1}`, `{"type":"see","contactId":7,"at":1}`,
		`{"type":"see","contactId":"k"}`, `{"type":"see","contactId":"k","at":"soon"}`,
		`{"type":"see","contactId":"k","at":1,"snapshot":3}`,
		`{"type":"see","contactId":"k","at":1,"snapshot":{"connections":[{"id":"c","party":"cat","state":"hold"}]}}`,
		`{"type":"dance","contactId":"k","at":1}`,
		`{"type":"start","contactId":"k","at":1,"kind":"cold","targets":[]}`,
		`{"type":"start","contactId":"k","at":1,"kind":"cold","targets":[{"kind":"number","address":""}]}`,
		`{"type":"answer","contactId":"k","at":1,"n":"one"}`,
		`{"type":"adopt","contactId":"k","at":1,"saved":{"version":2},"snapshot":null}`,
	} {
		var o operator.Operator
		var m any
		if err := json.Unmarshal([]byte(text), &m); err != nil {
			t.Fatal(err)
		}
		out := o.Take(m)
		if len(out) != 1 || out[0]["type"] != "refused" || out[0]["code"] != "bad-parameter" {
			t.Errorf("%s: got %v, want one refusal with the code bad-parameter", text, out)
		}
	}
}

// What is saved may be damaged: the operator takes it or refuses it, and does not stop.
func TestCraftedSaves(t *testing.T) {
	endpoint := func(address string) any { return map[string]any{"kind": "number", "address": address} }
	arrived := []any{[]any{1.0, "arrived", endpoint("+4930"), endpoint("ana")}, []any{1.0, "answered", 2.0}}
	transfer := []any{2.0, "transfer", 2.0, "cold", []any{endpoint("+4931")}, 20000.0, false, "x"}
	reached := append(append([]any{}, arrived...), transfer)
	joining := append(append([]any{}, reached...), []any{3.0, "answered", 3.0})
	joined := append(append([]any{}, joining...), []any{4.0, "joined", 3.0})
	for name, saved := range map[string]map[string]any{
		"no such agent":         {"events": arrived, "by": 7.0},
		"nothing to restore":    {"events": arrived, "restore": true, "tries": []any{[]any{"hold", "c", 1.0, ""}}},
		"joining without a leg": {"events": joining, "conferenced": true, "added": 3.0},
		"joined without a leg":  {"events": joined, "conferenced": true, "added": 3.0},
		"another's leg":         {"events": reached, "legs": []any{[]any{9.0, "t1"}}, "added": 9.0},
		"conference too early": {"events": arrived, "command": map[string]any{
			"n": 1.0, "verb": "conference", "line": "", "connection": 0.0, "deadline": 1.0, "target": endpoint(""),
		}},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPage("cold")
			whole := map[string]any{"version": 1.0, "customer": "c", "agent": "a", "by": 2.0, "added": 0.0, "commands": 0.0, "confirmed": 0.0, "reported": 0.0}
			for member, value := range saved {
				whole[member] = value
			}
			p.tell("adopt", map[string]any{"saved": whole, "snapshot": p.snapshot()})
			p.pass(time.Minute)
			p.tell("see", map[string]any{"snapshot": nil})
			p.pass(time.Minute)
		})
	}
}
