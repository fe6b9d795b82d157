package operator_test

import (
	"math/rand/v2"
	"testing"
	"time"
)

// newPage returns a page on a desk that does at once what it is asked for.
func newPage(kind string) *page {
	d := &desk{
		clock: &clock{now: begins}, rng: rand.New(rand.NewPCG(1, 1)), temper: temper{delay: time.Millisecond},
		customer: "connected", agent: "connected",
	}
	p := &page{desk: d, make: real, engine: real(), kind: kind, dialled: map[string]bool{}}
	d.shows = p.sees
	p.sees(d.snapshot())
	return p
}

// start asks for a transfer to one target.
func (p *page) start(kind string, more map[string]any) {
	m := map[string]any{"kind": p.kind, "targets": []any{map[string]any{"kind": kind, "address": "+4930", "name": "cardiology"}}}
	for name, value := range more {
		m[name] = value
	}
	p.tell("start", m)
	p.pass(500 * time.Millisecond)
}

func (p *page) pass(d time.Duration) { p.run(p.now.Add(d)) }

// change changes what the page is shown.
func (p *page) change(state *string, to string) {
	*state = to
	p.changed()
	p.pass(3 * time.Second)
}

// ends checks how the transfer has ended.
func (p *page) ends(t *testing.T, outcome, reason, where string) {
	t.Helper()
	for _, fault := range p.faults {
		t.Error(fault)
	}
	if p.ended == nil {
		t.Fatalf("the transfer is under way: %v", p.state)
	}
	got, _ := p.ended["reason"].(string)
	if p.ended["outcome"] != outcome || got != reason || p.state["customer"] != where {
		t.Errorf("got %v %q, customer %v, want %s %q, customer %s", p.ended["outcome"], got, p.state["customer"], outcome, reason, where)
	}
}

// An agent or a queue that is connected has been routed to. It counts when the agent
// says that a person has answered.
func TestAgentTargetIsConfirmed(t *testing.T) {
	p := newPage("cold")
	p.start("queue", nil)
	p.pass(3 * time.Second)
	if p.state["confirm"] != true || p.agent != "connected" || p.customer != "hold" {
		t.Fatalf("confirm %v, agent %s, customer %s, want true, connected, hold", p.state["confirm"], p.agent, p.customer)
	}
	p.tell("confirm", nil)
	p.pass(time.Second)
	p.ends(t, "completed", "", "with-target")
	if p.ended["unproven"] == true {
		t.Error("the transfer is unproven although the agent has confirmed it")
	}
}

func TestAgentTargetIsAssumed(t *testing.T) {
	p := newPage("cold")
	p.start("agent", map[string]any{"assume": true})
	p.pass(3 * time.Second)
	p.ends(t, "completed", "", "with-target")
	if p.ended["unproven"] != true || p.ended["text"] == nil {
		t.Errorf("got %v, want it to be unproven, with a text", p.ended)
	}
}

// The agent of a blind transfer leaves when the target's line is there, and the page
// sees no more.
func TestBlind(t *testing.T) {
	p := newPage("blind")
	p.start("number", nil)
	p.pass(3 * time.Second)
	p.ends(t, "completed", "", "with-target")
	if p.ended["unproven"] != true || p.agent != "disconnected" {
		t.Errorf("unproven %v, agent %s, want true, disconnected", p.ended["unproven"], p.agent)
	}
}

// A contact that vanishes while the target rings: the page does not know where the
// customer is.
func TestContactVanishes(t *testing.T) {
	p := newPage("cold")
	p.start("number", nil)
	p.removed = true
	p.changed()
	p.pass(3 * time.Second)
	p.ends(t, "failed", "error", "unknown")
	if text, _ := p.ended["text"].(string); text == "" {
		t.Error("nothing says that Amazon Connect decides now")
	}
}

// A line that the agent has dialled by hand is left alone, and no transfer begins
// beside it.
func TestForeignLine(t *testing.T) {
	p := newPage("cold")
	p.dial(map[string]any{"kind": "number", "address": "+49999"})
	p.changed()
	p.pass(time.Second)
	p.start("number", nil)
	if p.refused != "transfer-under-way" || p.customer != "connected" || p.dials != 1 {
		t.Errorf("refused %q, customer %s, %d dialled", p.refused, p.customer, p.dials)
	}
}

// A line that appears only after its attempt was given up is ended.
func TestLateLine(t *testing.T) {
	p := newPage("cold")
	p.desk.shows = func(any) {} // nothing is shown by itself
	p.start("number", map[string]any{"resume": true})
	p.customer = "hold"
	p.sees(p.snapshot()) // now the target is dialled
	p.tell("answer", map[string]any{"n": 1.0, "error": nil})
	p.load() // the answer to it is lost
	for range 20 {
		p.pass(time.Second)
		view := p.snapshot().(map[string]any)
		view["connections"] = view["connections"].([]any)[:2] // without the line
		p.sees(view)
	}
	p.desk.shows = p.sees
	p.changed()
	p.pass(5 * time.Second)
	p.ends(t, "failed", "unreachable", "talking")
	if l := p.leg(); l != nil || p.dials != 1 {
		t.Errorf("%d dialled, and the line is %v; want 1, and none", p.dials, l)
	}
}

// When the customer cannot be taken off hold, the agent reads what to do. It goes away
// once that is done.
func TestStuck(t *testing.T) {
	p := newPage("cold")
	p.start("number", map[string]any{"resume": true})
	p.temper.idle = 1
	p.end(p.leg())
	p.pass(time.Minute)
	p.ends(t, "failed", "unreachable", "held")
	if p.stuck == "" {
		t.Error("stuck is empty, and the customer is on hold")
	}
	p.change(&p.customer, "connected")
	if p.stuck != "" {
		t.Errorf("stuck is %q after the agent has done it", p.stuck)
	}
}

// The same key again is the same transfer, also after the page was loaded anew.
func TestSameKey(t *testing.T) {
	p := newPage("cold")
	p.start("number", map[string]any{"key": "x"})
	p.load()
	p.start("number", map[string]any{"key": "x"})
	if p.dials != 1 || p.refused != "" {
		t.Errorf("%d dialled, refused %q, want 1 and no refusal", p.dials, p.refused)
	}
	p.start("number", map[string]any{"key": "y"})
	if p.dials != 1 || p.refused != "transfer-under-way" {
		t.Errorf("%d dialled, refused %q, want 1 and transfer-under-way", p.dials, p.refused)
	}
}
