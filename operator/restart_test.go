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
