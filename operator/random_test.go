package operator_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"holdfast/operator"
)

var (
	seeds   = flag.Int("seeds", 10_000, "how many simulated transfers TestInterleavings plays")
	oneSeed = flag.Uint64("seed", 0, "the only one that TestInterleavings plays, with what happens in it")
)

var begins = time.UnixMilli(1_800_000_000_000).UTC()

// tempers are the desks that a seed may meet.
func tempers(rng *rand.Rand) temper {
	kind := func(p float64) float64 { return p }
	t := temper{delay: 300 * time.Millisecond, abrupt: 0.3}
	switch rng.IntN(4) {
	case 0: // a desk that works
	case 1: // updates
		t.dropped, t.repeated, t.delay, t.abrupt = kind(0.3), kind(0.3), 900*time.Millisecond, 0.8
	case 2: // answers
		t.idle, t.liesWell, t.liesBadly, t.mute, t.late = 0.1, 0.5, 0.3, 0.2, 0.2
	case 3: // all of it
		t = temper{idle: 0.3, liesWell: 0.5, liesBadly: 0.5, mute: 0.2, late: 0.3, dropped: 0.3, repeated: 0.3, abrupt: 0.5, delay: 900 * time.Millisecond}
	}
	return t
}

// play plays one transfer on a simulated desk and returns what went wrong.
func play(seed uint64, make func() engine, forgets bool) *page {
	rng := rand.New(rand.NewPCG(seed, 13))
	d := &desk{clock: &clock{now: begins}, rng: rng, temper: tempers(rng), customer: "connected", agent: "connected"}
	p := &page{desk: d, make: make, engine: make(), forgets: forgets, dialled: map[string]bool{}}
	d.shows = p.sees
	p.kind = []string{"cold", "cold", "warm", "blind"}[rng.IntN(4)]
	targets := []any{}
	for i := range rng.IntN(3) + 1 {
		kind := []string{"number", "number", "uri", "agent", "queue"}[rng.IntN(5)]
		targets = append(targets, map[string]any{"kind": kind, "address": fmt.Sprint("+49", i)})
	}
	d.answers, d.declines = d.upTo(25*time.Second), d.upTo(40*time.Second)
	if d.chance(0.2) {
		d.answers = 0
	}
	if d.chance(0.5) {
		d.declines = 0
	}
	start := map[string]any{
		"kind": p.kind, "targets": targets, "ringFor": float64(10_000 * rng.IntN(3)),
		"resume": d.chance(0.5), "assume": d.chance(0.3), "key": "x",
	}
	p.sees(d.snapshot())
	p.tell("start", start)
	for range rng.IntN(3) { // double clicks
		p.after(d.upTo(2*time.Second), func() { p.tell("start", start) })
	}
	p.disturb()
	d.beat()
	for p.now.Before(begins.Add(6*time.Minute)) && (p.ended == nil || p.now.Before(p.endedAt.Add(time.Minute))) {
		p.run(p.now.Add(10 * time.Second))
	}
	p.verdict()
	return p
}

// disturb has people and the page do what they do at any moment.
func (p *page) disturb() {
	sometime := func(chance float64, do func()) {
		if p.chance(chance) {
			p.after(p.upTo(40*time.Second), do)
		}
	}
	sometime(0.1, p.customerLeaves)
	sometime(0.1, func() { p.leftByHand = p.leftByHand || p.agent != "disconnected"; p.agentLeaves() })
	sometime(0.05, func() {
		p.leftByHand = p.leftByHand || p.agent != "disconnected"
		p.removed = true
		p.agent = "disconnected"
		p.changed()
	})
	sometime(0.15, func() { p.tell("cancel", nil) })
	sometime(0.3, p.load)
	sometime(0.2, p.load)
	if p.kind == "warm" {
		var complete func()
		complete = func() {
			p.tell("complete", nil)
			if p.ended == nil {
				p.after(10*time.Second, complete)
			}
		}
		p.after(p.upTo(30*time.Second), complete)
	}
}

// verdict checks how it ended.
func (p *page) verdict() {
	switch {
	case p.ended == nil:
		p.fault("the transfer has not ended")
		return
	case p.leftByHand:
		return // no agent is at the desk
	}
	alone := p.customer != "disconnected" && p.agent == "disconnected" && p.leg() == nil
	if alone && !p.targetLeft && p.kind != "blind" {
		p.fault("the customer is alone, the transfer is %v", p.ended["outcome"])
	}
	if p.agent == "disconnected" || p.stuck != "" {
		return
	}
	if p.customer == "disconnected" && p.kind == "warm" {
		return // agent and target may finish
	}
	if l := p.leg(); l != nil {
		p.fault("a line is left %s after a transfer that is %v", l.state, p.ended["outcome"])
	}
	if p.ended["resume"] == true && p.customer == "hold" {
		p.fault("the customer is on hold after a transfer that is %v, and stuck is empty", p.ended["outcome"])
	}
	if p.ended["outcome"] == "completed" && !p.targetLeft && p.customer != "disconnected" {
		p.fault("the transfer is completed and the agent is still there")
	}
}

// A real engine is an Operator.
func real() engine { return &operator.Operator{} }

// TestInterleavings plays transfers on hostile desks. A seed that fails is played alone,
// with all that happens, by
//
//	go test ./operator -run Interleavings -seed N
func TestInterleavings(t *testing.T) {
	if *oneSeed != 0 {
		p := play(*oneSeed, real, false)
		t.Log(strings.Join(p.log, "\n"))
		for _, fault := range p.faults {
			t.Error(fault)
		}
		return
	}
	outcomes := [4]atomic.Int64{}
	names := []string{"completed", "failed", "cancelled", "abandoned"}
	eachSeed(*seeds, func(seed uint64) {
		p := play(seed, real, false)
		for _, fault := range p.faults {
			t.Errorf("seed %d: %s", seed, fault)
		}
		for i, name := range names {
			if p.ended["outcome"] == name {
				outcomes[i].Add(1)
			}
		}
	})
	for i, name := range names {
		t.Logf("%d %s", outcomes[i].Load(), name)
		if outcomes[i].Load() == 0 {
			t.Errorf("no transfer is %s", name)
		}
	}
}

// eachSeed calls a function with the seeds from 1 on all processors.
func eachSeed(n int, play func(seed uint64)) {
	var next atomic.Uint64
	var all sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			for seed := next.Add(1); seed <= uint64(n); seed = next.Add(1) {
				play(seed)
			}
		})
	}
	all.Wait()
}
