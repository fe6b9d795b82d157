package operator_test

import (
	"encoding/json"
	"fmt"
	"time"
)

// An engine is an Operator, or one with a fault planted in front of it.
type engine interface {
	Take(message any) []map[string]any
}

// A page connects an engine with a desk, and checks what the engine asks for.
type page struct {
	*desk
	make    func() engine
	engine  engine
	kind    string
	forgets bool // a planted fault: what was saved is lost when the page is loaded anew

	view    any // as last shown
	saved   any // as in sessionStorage
	state   map[string]any
	ended   map[string]any // the first ended state
	endedAt time.Time
	stuck   string
	refused string

	outstanding time.Time // until when a command is
	n           int       // its number
	dialled     map[string]bool
	conferenced bool
	loads       int
	faults      []string
	log         []string
}

func (p *page) fault(format string, args ...any) {
	p.faults = append(p.faults, fmt.Sprintf(format, args...))
}

func (p *page) note(format string, args ...any) {
	if *oneSeed == 0 {
		return
	}
	p.log = append(p.log, p.now.Format("04:05.000 ")+fmt.Sprintf(format, args...))
}

// tell gives the engine a message.
func (p *page) tell(kind string, members map[string]any) {
	m := map[string]any{"type": kind, "contactId": "k", "at": float64(p.now.UnixMilli())}
	for name, value := range members {
		m[name] = value
	}
	p.note("> %s %v", kind, members)
	for _, out := range p.engine.Take(m) {
		p.take(out)
	}
}

func (p *page) take(m map[string]any) {
	switch m["type"] {
	case "do":
		p.do(m)
	case "save":
		p.saved = m["saved"]
	case "state":
		p.note("< state %v %v %v", m["state"].(map[string]any)["stage"], m["customer"], m["stuck"])
		p.state, p.stuck = m, m["stuck"].(string)
		if state := m["state"].(map[string]any); state["stage"] == "ended" && p.ended == nil {
			p.ended, p.endedAt = state, p.now
		}
		if m["confirm"] == true {
			p.confirm()
		}
	case "wake":
		p.wake(m["at"].(float64))
	case "refused":
		p.note("< refused %v", m["text"])
		p.refused = m["code"].(string)
	}
}

// confirm is the agent, who hears a person.
func (p *page) confirm() {
	p.after(time.Second, func() {
		if l := p.leg(); l != nil && l.person {
			p.tell("confirm", nil)
		} else if l != nil && p.state["confirm"] == true {
			p.confirm()
		}
	})
}

func (p *page) wake(at float64) {
	if at == 0 {
		return
	}
	load := p.loads
	p.after(max(0, time.UnixMilli(int64(at)).Sub(p.now)), func() {
		if load == p.loads {
			p.tell("wake", nil)
		}
	})
}

// do checks a command, and has the desk perform it.
func (p *page) do(m map[string]any) {
	verb, line, n := m["verb"].(string), m["connection"].(string), int(m["n"].(float64))
	target, _ := m["target"].(map[string]any)
	p.note("< %d %s %s", n, verb, line)
	if p.now.Before(p.outstanding) {
		p.fault("%s is asked for while another command is outstanding", verb)
	}
	p.outstanding, p.n = p.now.Add(4*time.Second), n
	switch verb {
	case "add":
		p.outstanding = p.now.Add(8 * time.Second)
		address := target["address"].(string)
		if p.dialled[address] {
			p.fault("%s is dialled twice", address)
		}
		p.dialled[address] = true
		if p.shown("target", "connecting", "connected", "hold") {
			p.fault("%s is dialled while another line is there", address)
		}
		if !p.shown("customer", "hold") {
			p.fault("%s is dialled and the customer is not on hold", address)
		}
	case "conference":
		p.conferenced = true
	case "drop":
		if line == "a" {
			p.checkRelease()
		}
	}
	load := p.loads
	p.command(verb, line, target, func(failed any) {
		if load != p.loads {
			return // the page that asked is gone
		}
		if n == p.n {
			p.outstanding = p.now
		}
		p.tell("answer", map[string]any{"n": float64(n), "error": failed})
	})
}

func (p *page) checkRelease() {
	switch {
	case p.kind == "blind":
		if !p.shown("target", "connecting", "connected", "hold") {
			p.fault("the agent is released and no target rings")
		}
	case !p.conferenced || !p.shown("target", "connected") || !p.shown("customer", "connected"):
		p.fault("the agent is released before customer and target are connected")
	case p.customer == "hold" && p.leg() != nil:
		p.fault("the agent is released and the customer is on hold")
	}
}

// shown reports whether the page sees such a line.
func (p *page) shown(party string, states ...string) bool {
	view, _ := p.view.(map[string]any)
	if view == nil {
		return false
	}
	for _, one := range view["connections"].([]any) {
		line := one.(map[string]any)
		for _, state := range states {
			if line["party"] == party && line["state"] == state {
				return true
			}
		}
	}
	return false
}

func (p *page) sees(snapshot any) {
	p.view = snapshot
	p.tell("see", map[string]any{"snapshot": snapshot})
}

// load loads the page anew: the engine begins again with what was saved.
func (p *page) load() {
	p.loads++
	p.engine = p.make()
	var saved any
	if !p.forgets {
		text, _ := json.Marshal(p.saved)
		_ = json.Unmarshal(text, &saved)
	}
	p.view = p.snapshot()
	p.tell("adopt", map[string]any{"saved": saved, "snapshot": p.view})
}
