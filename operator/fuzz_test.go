package operator_test

import (
	"bytes"
	"encoding/json"
	"testing"

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
