package call_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"holdfast/call"
	"holdfast/notation"
	"holdfast/story"
)

// bounds are how far an exploration goes.
type bounds struct {
	transfers int // asked for in one contact
	rings     int // people dialled in one contact
	// arrivals is from how many ways of coming to it a state is left. More than
	// one shows that they lead on alike: that its key has left out nothing.
	arrivals int
	// kinds are the kinds of transfers that are asked for; none means all.
	kinds []call.Kind
	// phones is whether phones hold the call and are replaced by others. It multiplies the
	// states, and only leaving and what is heard depend on it, so it has bounds of its own.
	phones bool
}

// smallBounds are for every run of the tests, fullBounds for make test; phoneBounds
// are for those phones that hold the call, and for both.
var (
	smallBounds = bounds{transfers: 1, rings: 4, arrivals: 1}
	fullBounds  = bounds{transfers: 2, rings: 5, arrivals: 2}
	phoneBounds = bounds{transfers: 1, rings: 3, arrivals: 1, phones: true}
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
		x.heard[notation.EventName(n.via)] = true
		n.world = m.after
		if broken := m.broken(); broken != "" {
			return broken + "\n" + n.story()
		}
		key := n.key()
		successors = append(successors, key)
		if x.arrivals[key]++; x.arrivals[key] <= x.bounds.arrivals && x.within(n.c) {
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

// nexts are the ways on: every event now, every deadline when it comes, and,
// just after a hand-over, enough time for it to count.
func (x *exploration) nexts(v *visit) []visit {
	var all []visit
	for _, ev := range events(v.c) {
		ask, asks := ev.(call.TransferRequested)
		if asks && len(x.bounds.kinds) > 0 && !slices.Contains(x.bounds.kinds, ask.Kind) {
			continue
		}
		all = append(all, visit{v.world, v, ev, 0})
	}
	if x.bounds.phones {
		for _, ev := range phones(v.c) {
			all = append(all, visit{v.world, v, ev, 0})
		}
	}
	for _, d := range deadlines(v.c) {
		all = append(all, v.after(max(0, d.Sub(v.now)), call.DeadlinePassed{}))
	}
	if find(v.c, v.tookOver()) != nil {
		all = append(all, v.after(time.Duration(v.c.Rules.TakenAfter), call.DeadlinePassed{}))
	}
	if v.slipped() {
		all = append(all, v.after(2*time.Second, call.DeadlinePassed{}))
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
	due := deadlines(c)
	k := keyed(make([]byte, 0, 400))
	k.add(string(c.Stage), c.Agent.Address, c.Rules.Fallback.Address)
	k.number(int(c.LastConnection), len(c.Past), order(c, w.tookOver()), btoi(w.slipped()))
	for _, x := range c.Connections {
		k.add("\n", string(x.Party), x.Endpoint.Address, string(x.State), string(x.Prompt))
		k.number(btoi(x.EarlyMedia), btoi(x.Muted), btoi(x.Holding), rank(due, x.AnswerBy), order(c, x.For))
	}
	for _, t := range c.Past {
		k.add("\npast", t.Key, string(t.Kind), t.Attempts[0].Target.Address)
		k.number(btoi(t.Outcome == call.Completed))
	}
	if t := c.Transfer; t != nil {
		k.add("\ntransfer", t.Key, string(t.Kind), t.Attempts[0].Target.Address)
		k.number(btoi(t.Confirm), btoi(t.Whisper), btoi(t.Resume), btoi(t.Consulted != call.Place{}), order(c, t.By), rank(due, t.JoinBy))
		for _, e := range t.Remaining {
			k.add(e.Address)
		}
		for _, a := range t.Attempts {
			if a.Ended.IsZero() {
				k.number(order(c, a.Connection), btoi(!a.Accepted.IsZero()))
			}
		}
	}
	return string(k)
}

// keyed is a key being put together.
type keyed []byte

func (k *keyed) add(words ...string) {
	for _, w := range words {
		*k = append(append(*k, w...), ' ')
	}
}

func (k *keyed) number(numbers ...int) {
	for _, n := range numbers {
		*k = append(strconv.AppendInt(*k, int64(n), 10), ' ')
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func order(c call.Contact, id call.ConnectionID) int {
	return slices.IndexFunc(c.Connections, func(x call.Connection) bool { return x.ID == id })
}

func rank(due []time.Time, t time.Time) int {
	if t.IsZero() {
		return -1
	}
	i, _ := slices.BinarySearchFunc(due, t, time.Time.Compare)
	return i
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
			lines = append(lines, which(p.from.c, p.via, line))
		}
		names.Meet(p.c)
	}
	return "  " + strings.Join(lines, "\n  ")
}

// which is the line of an offer with the words that tell which offer it was.
func which(c call.Contact, ev call.Event, line string) string {
	switch ev := ev.(type) {
	case call.Offered:
		if x := find(c, ev.Connection); x != nil && x.Offer.Number == ev.Number {
			return line + " again"
		}
	case call.Withdrawn:
		if x := find(c, ev.Connection); x != nil && x.Offer.Number != ev.Number {
			return strings.Replace(line, "its", "an earlier", 1)
		}
	}
	return line
}

// TestExplore visits every state within the bounds, under every event in every
// order. HOLDFAST_EXPLORE=full goes further.
func TestExplore(t *testing.T) {
	b := smallBounds
	if os.Getenv("HOLDFAST_EXPLORE") == "full" {
		b = fullBounds
	}
	for _, kinds := range [][]call.Kind{{call.Cold}, {call.Warm}, {call.Blind}, {call.Cold, call.Warm, call.Blind}} {
		b.kinds = kinds
		exploreAll(t, b)
	}
	b = phoneBounds
	b.kinds = []call.Kind{call.Cold, call.Warm, call.Blind}
	exploreAll(t, b)
}

func exploreAll(t *testing.T, b bounds) {
	t.Helper()
	began := time.Now()
	x, broken := explore(call.Step, b)
	if broken != "" {
		t.Fatal(broken)
	}
	ofPhones := []string{"HoldBegan", "HoldEnded", "Replaced"}
	for _, name := range eventNames(t) {
		if !x.heard[name] && (b.phones || !slices.Contains(ofPhones, name)) {
			t.Errorf("no %s was ever taken in", name)
		}
	}
	fmt.Printf("exploration of %v: %d states, %d transitions, 0 violations, up to %d transfers and %d lines in a contact, phones that hold: %t, %.1f s\n",
		b.kinds, len(x.seen), x.transitions, b.transfers, b.rings, b.phones, time.Since(began).Seconds())
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
