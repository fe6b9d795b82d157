package operator_test

import (
	"testing"
	"time"
)

// A start that is refused changes nothing: the customer of the transfer that has failed
// is still brought back.
func TestRefusedStartLeavesTheCustomerToBeBroughtBack(t *testing.T) {
	p := newPage("cold")
	p.start("number", map[string]any{"resume": true, "ringFor": 5000.0})
	p.temper.idle, p.temper.liesWell = 1, 1
	p.pass(10 * time.Second)
	p.tell("start", map[string]any{"kind": "odd", "targets": []any{map[string]any{"kind": "number", "address": "+4931"}}})
	if p.refused == "" {
		t.Fatal("a start with an unknown kind was not refused")
	}
	p.temper.idle = 0
	p.pass(40 * time.Second)
	p.ends(t, "failed", "no-answer", "talking")
}

// A start with the key of an earlier transfer is answered by how that transfer ended,
// also after the page was loaded anew and has forgotten it.
func TestEarlierKeyIsAnswered(t *testing.T) {
	p := newPage("cold")
	p.declines = time.Second
	p.start("number", map[string]any{"key": "one"})
	p.pass(5 * time.Second)
	p.start("queue", map[string]any{"key": "two"})
	p.pass(5 * time.Second)
	p.load()
	p.pass(5 * time.Second)
	var keys []any
	for _, m := range p.engine.Take(map[string]any{
		"type": "start", "contactId": "k", "at": float64(p.now.UnixMilli()), "kind": "cold", "key": "one",
		"targets": []any{map[string]any{"kind": "number", "address": "+4930", "name": "cardiology"}},
	}) {
		if m["type"] == "state" {
			keys = append(keys, m["state"].(map[string]any)["key"])
		}
	}
	if len(keys) != 2 || keys[0] != "one" || keys[1] != "two" {
		t.Errorf("got states of %v, want one and two, the latest last", keys)
	}
}
