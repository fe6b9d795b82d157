package call_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast/call"
	"holdfast/story"
)

// bounds are how far an exploration goes.
type bounds struct {
	transfers int // asked for in one contact
	rings     int // people dialled in one contact
}

// smallBounds are for every run of the tests, fullBounds for make test.
var (
	smallBounds = bounds{transfers: 2, rings: 4}
	fullBounds  = bounds{transfers: 3, rings: 7}
)

// An exploration visits every state that a contact can come to within its
// bounds, breadth first, so that what it finds it finds by the shortest way.
type exploration struct {
	step        stepper
	bounds      bounds
	seen        map[string][]string // of each state: the states it leads to, sorted
	arrivals    map[string]int      // how often each state was come to
	queue       []visit
	transitions int
	heard       map[string]bool // names of the events that were taken in
}

// A visit is a state and how it was come to.
type visit struct {
	world
	from *visit
	via  call.Event
	wait time.Duration // before via
}

// explore returns the first broken promise with the story that leads to it,
// or "".
func explore(step stepper, b bounds) (*exploration, string) {
	x := &exploration{
		step: step, bounds: b,
		seen: map[string][]string{}, arrivals: map[string]int{}, heard: map[string]bool{},
	}
	x.queue = []visit{{world: newWorld()}}
	for len(x.queue) > 0 {
		v := x.queue[0]
		x.queue = x.queue[1:]
		if broken := x.leave(&v); broken != "" {
			return x, broken
		}
	}
	return x, ""
}

// leave takes every event in that may happen now.
func (x *exploration) leave(v *visit) string {
	if stuck := v.live(x.step); stuck != "" {
		return "liveness: " + stuck + "\n" + v.story()
	}
	var successors []string
	for _, n := range x.nexts(v) {
		m := n.world.take(x.step, n.via)
		x.transitions++
		x.heard[call.EventName(n.via)] = true
		n.world = m.after
		if broken := m.broken(); broken != "" {
			return broken + "\n" + n.story()
		}
		key := n.key()
		successors = append(successors, key)
		if x.arrivals[key]++; x.arrivals[key] <= arrivalsMost && x.within(n.c) {
			x.queue = append(x.queue, n)
		}
	}
	slices.Sort(successors)
	successors = slices.Compact(successors)
	key := v.key()
	if before, seen := x.seen[key]; seen && !slices.Equal(before, successors) {
		return "two states look alike and go different ways\n" + v.story()
	}
	x.seen[key] = successors
	return ""
}

// arrivalsMost is from how many ways of coming to it a state is left again, to
// see that they all lead on alike: that its key has left out nothing.
const arrivalsMost = 8

// nexts are the ways on: every event now, every deadline when it comes, and,
// just after a hand-over, enough time for it to count.
func (x *exploration) nexts(v *visit) []visit {
	var all []visit
	for _, ev := range events(v.c) {
		all = append(all, visit{v.world, v, ev, 0})
	}
	for _, d := range deadlines(v.c) {
		all = append(all, v.after(max(0, d.Sub(v.now)), call.DeadlinePassed{}))
	}
	if find(v.c, v.tookOver()) != nil {
		all = append(all, v.after(v.c.Rules.TakenAfter, call.DeadlinePassed{}))
	}
	return all
}

func (v *visit) after(wait time.Duration, ev call.Event) visit {
	n := visit{v.world, v, ev, wait}
	n.now = n.now.Add(wait)
	return n
}

func (x *exploration) within(c call.Contact) bool {
	transfers := len(c.Past)
	if c.Transfer != nil {
		transfers++
	}
	return transfers <= x.bounds.transfers && int(c.LastConnection) <= x.bounds.rings
}

// key is what matters of a state: without evidence, ids reduced to the order
// of joining, times to their order. What counts towards the bounds is in it.
func (w world) key() string {
	c := w.c
	order := func(id call.ConnectionID) int {
		return slices.IndexFunc(c.Connections, func(x call.Connection) bool { return x.ID == id })
	}
	due := deadlines(c)
	rank := func(t time.Time) int {
		if t.IsZero() {
			return -1
		}
		i, _ := slices.BinarySearchFunc(due, t, time.Time.Compare)
		return i
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s last=%d past=%d took=%d", c.Stage, c.Agent, c.LastConnection, len(c.Past), order(w.tookOver()))
	for _, x := range c.Connections {
		fmt.Fprintf(&b, "\n%s %s %s early=%t by=%d", x.Party, x.Endpoint, x.State, x.EarlyMedia, rank(x.AnswerBy))
	}
	for _, t := range c.Past {
		fmt.Fprintf(&b, "\npast %q %s", t.Key, t.Target())
	}
	if t := c.Transfer; t != nil {
		a := t.Attempts[len(t.Attempts)-1]
		fmt.Fprintf(&b, "\ntransfer %q by=%d to=%d %s join=%d", t.Key, order(t.By), order(a.Connection), t.Target(), rank(t.JoinBy))
	}
	return b.String()
}

// story is how a state was come to, as lines that package story reads.
func (v *visit) story() string {
	var way []*visit
	for p := v; p.from != nil; p = p.from {
		way = append(way, p)
	}
	slices.Reverse(way)
	names := story.Names{}
	var lines []string
	for _, p := range way {
		if p.wait > 0 {
			lines = append(lines, p.wait.String()+" passes")
		}
		if line := names.Line(p.via); line != "" {
			lines = append(lines, line)
		}
		names.Meet(p.c)
	}
	return "  " + strings.Join(lines, "\n  ")
}

// TestExplore visits every state within the bounds, under every event in every
// order. HOLDFAST_EXPLORE=full goes further.
func TestExplore(t *testing.T) {
	b := smallBounds
	if os.Getenv("HOLDFAST_EXPLORE") == "full" {
		b = fullBounds
	}
	began := time.Now()
	x, broken := explore(call.Step, b)
	if broken != "" {
		t.Fatal(broken)
	}
	for _, name := range eventNames(t) {
		if !x.heard[name] {
			t.Errorf("no %s was ever taken in", name)
		}
	}
	fmt.Printf("exploration: %d states, %d transitions, 0 violations, up to %d transfers and %d lines in a contact, %.1f s\n",
		len(x.seen), x.transitions, b.transfers, b.rings, time.Since(began).Seconds())
}

// eventNames are the names of all events, from the sealed type itself.
func eventNames(t *testing.T) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "event.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, d := range file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Name.Name == "connection" {
			names = append(names, f.Recv.List[0].Type.(*ast.Ident).Name)
		}
	}
	return names
}
