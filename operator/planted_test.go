package operator_test

import "testing"

// TestPlantedFaults plays the same transfers with engines that have a fault, each of
// which must be found.
func TestPlantedFaults(t *testing.T) {
	tests := []struct {
		name    string
		make    func() engine
		forgets bool
	}{
		{"trusts answers", func() engine { return &hasty{engine: real()} }, false},
		{"two commands at once", func() engine { return &hasty{engine: real(), waitsForNothing: true} }, false},
		{"no deadline", func() engine { return &timeless{engine: real()} }, false},
		{"forgets when the page is loaded anew", real, true},
	}
	const most = 400
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for seed := uint64(1); seed <= most; seed++ {
				if p := play(seed, test.make, test.forgets); len(p.faults) > 0 {
					t.Logf("seed %d: %s", seed, p.faults[0])
					return
				}
			}
			t.Errorf("%d seeds have not found it", most)
		})
	}
}

// A hasty engine takes a command to have had its effect when the library says so, or
// at once.
type hasty struct {
	engine
	waitsForNothing bool
	view            any
	command         map[string]any
}

func (h *hasty) Take(message any) []map[string]any {
	m := message.(map[string]any)
	if m["type"] == "see" || m["type"] == "adopt" {
		h.view = m["snapshot"]
	}
	out := h.engine.Take(message)
	if m["type"] == "answer" && m["error"] == nil && h.command != nil && !h.waitsForNothing {
		out = append(out, h.believe(m["at"])...)
	}
	for i := 0; i < len(out); i++ {
		if out[i]["type"] == "do" {
			h.command = out[i]
			if h.waitsForNothing {
				answer := map[string]any{"type": "answer", "contactId": "k", "at": m["at"], "n": out[i]["n"], "error": nil}
				out = append(append(out, h.engine.Take(answer)...), h.believe(m["at"])...)
			}
		}
	}
	return out
}

// believe shows the engine the effect of the latest command.
func (h *hasty) believe(at any) []map[string]any {
	h.view = withEffect(h.view, h.command)
	return h.engine.Take(map[string]any{"type": "see", "contactId": "k", "at": at, "snapshot": h.view})
}

// withEffect is a snapshot as a command is supposed to leave it.
func withEffect(view any, command map[string]any) any {
	before, _ := view.(map[string]any)
	if before == nil {
		return view
	}
	var lines []any
	for _, one := range before["connections"].([]any) {
		line := map[string]any{}
		for name, value := range one.(map[string]any) {
			line[name] = value
		}
		switch named := line["id"] == command["connection"]; {
		case command["verb"] == "conference" && line["state"] != "disconnected", command["verb"] == "resume" && named:
			line["state"] = "connected"
		case command["verb"] == "hold" && named:
			line["state"] = "hold"
		case command["verb"] == "drop" && named:
			line["state"] = "disconnected"
		}
		lines = append(lines, line)
	}
	return map[string]any{"contactId": "k", "ended": before["ended"], "connections": lines}
}

// A timeless engine never finds that time has passed.
type timeless struct {
	engine
	at any
}

func (e *timeless) Take(message any) []map[string]any {
	m := message.(map[string]any)
	if e.at == nil {
		e.at = m["at"]
	}
	m["at"] = e.at
	return e.engine.Take(m)
}
