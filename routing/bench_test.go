package routing

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"holdfast/call"
)

// BenchmarkDecide measures a decision among 100 and among 10,000 agents, half of whom have
// a customer: in turn, so that a machine that is busy with others slows both.
func BenchmarkDecide(b *testing.B) {
	b.Run("one queue", func(b *testing.B) { compare(b, func(agents int) int { return agents }) })
	b.Run("queues of ten", func(b *testing.B) { compare(b, func(int) int { return 10 }) })
}

const callsAtATime = 50

// compare prints what a decision takes in both, and how many times as much among 10,000.
func compare(b *testing.B, queueOf func(agents int) int) {
	few, many := newHouse(b, 100, queueOf(100)), newHouse(b, 10_000, queueOf(10_000))
	b.ReportAllocs()
	for b.Loop() {
		few.calls(callsAtATime)
		many.calls(callsAtATime)
	}
	b.ReportMetric(few.perDecision(), "ns/decision-100")
	b.ReportMetric(many.perDecision(), "ns/decision-10000")
	b.ReportMetric(many.perDecision()/few.perDecision(), "ratio")
	b.ReportMetric(0, "ns/op")
}

// A house is a table under load.
type house struct {
	*Table
	b         *testing.B
	now       time.Time
	called    int
	talks     []Offer // oldest first
	decisions int
	took      []float64 // ns each decision of some calls, by and by
}

// newHouse has agents who are available, in queues of that many, and calls to half of them.
func newHouse(b *testing.B, agents, queueOf int) *house {
	var f State
	for i := range agents {
		name := fmt.Sprintf("agent-%d", i)
		f.Agents = append(f.Agents, Agent{Name: name, Status: Status{State: Available}, AfterCall: call.Duration(time.Minute)}.WithState())
		if i%queueOf == 0 {
			f.Queues = append(f.Queues, Queue{Name: fmt.Sprintf("queue-%d", i/queueOf)})
		}
		q := &f.Queues[len(f.Queues)-1]
		q.Agents = append(q.Agents, name)
	}
	h := &house{Table: NewTable(f), b: b, now: time.Unix(1e9, 0)}
	for range agents / 2 {
		h.enter()
	}
	return h
}

// calls has so many customers call, and as many others leave.
func (h *house) calls(n int) {
	began := time.Now()
	h.decisions = 0
	for range n {
		first := h.talks[0]
		h.talks = h.talks[1:]
		h.take(Ended{first.Agent, first.SegmentID})
		h.take(ClearRequested{first.Agent, first.SegmentID})
		h.enter()
	}
	h.took = append(h.took, float64(time.Since(began).Nanoseconds())/float64(h.decisions))
}

// enter has a customer enter the next queue, who is offered, answered, held and resumed.
func (h *house) enter() {
	h.called++
	id := SegmentID{call.ContactID(fmt.Sprint("contact-", h.called)), 2}
	commands := h.take(EnterRequested{Queue: fmt.Sprint("queue-", h.called%len(h.queues)), SegmentID: id}).Commands
	if len(commands) != 1 {
		h.b.Fatalf("%v is not offered to anybody", id)
	}
	o := commands[0].(Offer)
	h.take(Rings{o.Agent, id, o.Number})
	h.take(Answered{o.Agent, id})
	h.take(Held{o.Agent, id})
	h.take(ResumeRequested{o.Agent, id})
	h.talks = append(h.talks, o)
}

func (h *house) take(ev Event) Change {
	h.now = h.now.Add(time.Millisecond)
	change, err := h.Decide(h.now, ev)
	if err != nil {
		h.b.Fatal(err)
	}
	h.Deadline()
	h.decisions++
	return change
}

// perDecision is what nine tenths exceed: what else the machine does is no part of it.
func (h *house) perDecision() float64 {
	slices.Sort(h.took)
	return h.took[len(h.took)/10]
}
