package operator_test

import (
	"encoding/json"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// Whatever is damaged in what was saved, the operator refuses it or carries on.
func TestDamagedSaves(t *testing.T) {
	var saves [][]byte
	for _, kind := range []string{"cold", "warm", "blind"} {
		for _, target := range []string{"number", "queue"} {
			p := newPage(kind)
			p.answers, p.temper.idle, p.temper.delay = 6*time.Second, 0.3, time.Second
			p.start(target, map[string]any{"resume": true})
			for range 30 {
				p.pass(700 * time.Millisecond)
				text, _ := json.Marshal(p.saved)
				saves = append(saves, text)
			}
		}
	}
	for seed := range uint64(3000) {
		rng := rand.New(rand.NewPCG(seed, 2))
		var saved any
		_ = json.Unmarshal(saves[rng.IntN(len(saves))], &saved)
		for range 1 + rng.IntN(3) {
			saved = damaged(rng, saved)
		}
		func() {
			text, _ := json.Marshal(saved)
			defer func() {
				if fault := recover(); fault != nil {
					t.Fatalf("seed %d: %v with %s", seed, fault, text)
				}
			}()
			p := newPage("cold")
			p.now = p.now.Add(25 * time.Second)
			if rng.IntN(2) == 0 {
				p.dial(map[string]any{"kind": "number", "address": "+4930"})
				p.legs[0].state = "connected"
			}
			p.tell("adopt", map[string]any{"saved": saved, "snapshot": p.snapshot()})
			p.tell("start", map[string]any{"kind": "cold", "targets": []any{map[string]any{"kind": "number", "address": "+4931"}}})
			p.pass(20 * time.Second)
			p.tell("see", map[string]any{"snapshot": nil})
			p.pass(20 * time.Second)
		}()
	}
}

// damaged changes one value somewhere in a plain value.
func damaged(rng *rand.Rand, value any) any {
	switch value := value.(type) {
	case map[string]any:
		if len(value) == 0 {
			return nil
		}
		names := slices.Sorted(maps.Keys(value))
		name := names[rng.IntN(len(names))]
		if rng.IntN(12) == 0 {
			delete(value, name)
		} else {
			value[name] = damaged(rng, value[name])
		}
		return value
	case []any:
		if len(value) == 0 {
			return append(value, []any{2.0, "t1"})
		}
		i := rng.IntN(len(value))
		if rng.IntN(4) == 0 {
			return append(value[:i:i], value[i+1:]...)
		}
		value[i] = damaged(rng, value[i])
		return value
	case float64:
		return []any{0.0, 1.0, 2.0, 3.0, 4.0, value + 1, value * 2}[rng.IntN(7)]
	case string:
		return []any{"", "c", "a", "t1", "answered", "joined", "lost", "hung up", "recovered", "drop", "conference", "warm", "blind"}[rng.IntN(13)]
	case bool:
		return !value
	}
	return value
}
