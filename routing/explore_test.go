package routing

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"holdfast/call"
)

// A visit is a state of a routing state and how it was come to.
type visit struct {
	world
	from *visit
	via  Event
	died bool // the machine did, while what via has changed was written
}

// story is how a state was come to.
func (v *visit) story() string {
	var lines []string
	for p := v; p.from != nil; p = p.from {
		line := fmt.Sprintf("  %T%+v", p.via, p.via)
		if p.died {
			line += fmt.Sprintf(", of which %v is written, and the server restarts", p.written)
		}
		lines = append(lines, line)
	}
	slices.Reverse(lines)
	return strings.Join(lines, "\n")
}

// A exploration visits every state that a routing state can come to, breadth
// first, so that what it finds it finds by the shortest way.
type exploration struct {
	decide      decider
	segments    []SegmentID
	depth       int // how many events after the beginning; 0: as many as there are
	seen        map[string]bool
	transitions int
	torn        int
	mattered    map[string]bool // names of the events that have changed something
}

// explore returns the first broken promise with the way to it, or "".
func (x *exploration) explore(f State) string {
	x.seen, x.mattered = map[string]bool{}, map[string]bool{}
	layer := []visit{{world: newWorld(f)}}
	for depth := 0; len(layer) > 0 && (x.depth == 0 || depth < x.depth); depth++ {
		var next []visit
		for i := range layer {
			further, broken := x.leave(&layer[i])
			if broken != "" {
				return broken
			}
			next = append(next, further...)
		}
		layer = next
	}
	return ""
}

// leave takes every event in that may happen now, and tears what it writes.
func (x *exploration) leave(v *visit) ([]visit, string) {
	if how := v.ends(x.decide); how != "" {
		return nil, how + "\n" + v.story()
	}
	var further []visit
	for _, ev := range append(events(v.f, x.segments), DeadlinePassed{}) {
		w := v.world
		w.now = w.now.Add(time.Second)
		if _, deadline := ev.(DeadlinePassed); deadline {
			if due := w.f.Deadline(); due.IsZero() {
				continue
			} else if due.After(w.now) {
				w.now = due
			}
		}
		m := w.take(x.decide, ev)
		if len(m.agents)+len(m.queues) > 0 {
			x.mattered[reflect.TypeOf(ev).Name()] = true
		}
		found, broken := x.arrive(visit{m.after, v, ev, false}, m)
		if broken != "" {
			return nil, broken
		}
		further = append(further, found...)
		if len(m.agents)+len(m.queues)+len(m.commands) == 0 {
			continue // nothing to die of
		}
		for _, torn := range m.torn() {
			x.torn++
			r := torn.recovered(x.decide)
			found, broken := x.arrive(visit{r.after, v, ev, true}, r)
			if broken != "" {
				return nil, broken
			}
			further = append(further, found...)
		}
	}
	return further, ""
}

// arrive is where to go on from there, if nobody has been there.
func (x *exploration) arrive(v visit, m move) ([]visit, string) {
	x.transitions++
	if how := m.broken(); how != "" {
		return nil, how + "\n" + v.story()
	}
	if len(m.agents)+len(m.queues) == 0 && !v.died {
		return nil, ""
	}
	key := v.key()
	if x.seen[key] {
		return nil, ""
	}
	x.seen[key] = true
	return []visit{v}, ""
}

// key is what matters of a state: without evidence, and times reduced to their
// order.
func (w world) key() string {
	at := order(w.f)
	k := make([]byte, 0, 300)
	for _, s := range w.f.Agents {
		k = fmt.Append(k, s.Status, s.Next, at(s.AwayUntil))
		if s.Status.State == Available && len(s.Segments) == 0 {
			k = fmt.Append(k, "idle", at(s.IdleSince))
		}
		if r := s.Reservation; r != nil {
			k = fmt.Append(k, "for", r.SegmentID, r.Queue, at(r.Until))
		}
		for _, segment := range s.Segments {
			k = fmt.Append(k, "in", segment.SegmentID, segment.State, at(segment.ClearBy))
		}
		k = append(k, '\n')
	}
	for _, q := range w.f.Queues {
		for _, p := range q.Entries {
			k = fmt.Append(k, p.SegmentID, p.Returned, p.OfferedTo, at(p.Since))
			k = fmt.Append(k, p.Offers-w.contacts[p.SegmentID].offer.number)
			for _, r := range p.Rejected {
				k = fmt.Append(k, r.Agent, at(r.Until))
			}
		}
		k = append(k, '\n')
	}
	return string(k)
}

// order tells where among the times of routing that matter one is; 0: it is none.
func order(f State) func(time.Time) int {
	times := []time.Time{{}}
	for _, s := range f.Agents {
		times = append(times, s.AwayUntil)
		if s.Status.State == Available && len(s.Segments) == 0 {
			times = append(times, s.IdleSince)
		}
		if s.Reservation != nil {
			times = append(times, s.Reservation.Until)
		}
		for _, segment := range s.Segments {
			times = append(times, segment.ClearBy)
		}
	}
	for _, q := range f.Queues {
		for _, p := range q.Entries {
			times = append(times, p.Since)
			for _, r := range p.Rejected {
				times = append(times, r.Until)
			}
		}
	}
	slices.SortFunc(times, time.Time.Compare)
	times = slices.Compact(times)
	return func(t time.Time) int {
		i, _ := slices.BinarySearchFunc(times, t, time.Time.Compare)
		return i
	}
}

// smallState is two agents who are available, of whom ben takes two customers, and two queues.
func smallState() State {
	here := Status{State: Available}
	return State{
		Agents: []Agent{
			{Name: "ana", Status: here, State: Available, AfterCall: call.Duration(20 * time.Second), Grace: call.Duration(30 * time.Second)},
			{Name: "ben", Status: here, State: Available, Capacity: 2, Grace: call.Duration(30 * time.Second)},
		},
		Queues: []Queue{
			{Name: "sales", Agents: []string{"ana", "ben"}},
			{Name: "support", Agents: []string{"ben"}},
		},
	}
}

// oneQueue is three agents of one queue, of whom the last has been idle for longest.
func oneQueue() State {
	f := State{Queues: []Queue{{Name: "sales", Agents: []string{"ana", "ben", "cem"}}}}
	for i, name := range []string{"ana", "ben", "cem"} {
		f.Agents = append(f.Agents, Agent{
			Name: name, Status: Status{State: Available}, State: Available, IdleSince: time.Unix(1e9-int64(i), 0).UTC(),
		})
	}
	return f
}

// TestExplore visits every state of a small routing state within its bounds, under
// every event in every order, each torn wherever it can be. HOLDFAST_EXPLORE=full
// goes further.
func TestExplore(t *testing.T) {
	x := exploration{decide: Decide, segments: customers(2), depth: 4}
	three := exploration{decide: Decide, segments: customers(1), depth: 4}
	if os.Getenv("HOLDFAST_EXPLORE") == "full" {
		x.segments, x.depth, three.depth = customers(3), 5, 6
	}
	x.run(t, smallState())
	for _, name := range eventNames(t) {
		if !x.mattered[name] && name != "Recovered" && name != "Rings" { // which matter when something was torn
			t.Errorf("no %s has ever changed anything", name)
		}
	}
	three.run(t, oneQueue())
}

func (x *exploration) run(t *testing.T, f State) {
	t.Helper()
	began := time.Now()
	if broken := x.explore(f); broken != "" {
		t.Fatal(broken)
	}
	fmt.Printf("routing: %d states, %d transitions (%d of them torn), 0 violations, %d agents, %d customers, %d events deep, %.1f s\n",
		len(x.seen), x.transitions, x.torn, len(f.Agents), len(x.segments), x.depth, time.Since(began).Seconds())
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
		if f, ok := d.(*ast.FuncDecl); ok && f.Name.Name == "isEvent" {
			names = append(names, f.Recv.List[0].Type.(*ast.Ident).Name)
		}
	}
	return names
}

// TestWalks takes random walks over a larger routing state.
func TestWalks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := smallState()
		cem := Agent{Name: "cem", Capacity: 2, AfterCall: call.Duration(10 * time.Second)}
		f.Agents = append([]Agent{cem.WithState()}, f.Agents...)
		f.Queues[0].Agents = append(f.Queues[0].Agents, "cem")
		f.Queues = append(f.Queues, Queue{Name: "night", Agents: []string{"cem", "ana"}, OfferFor: call.Duration(7 * time.Second)})
		v := &visit{world: newWorld(f)}
		segments := customers(7)
		for range rapid.IntRange(1, 80).Draw(t, "steps") {
			ev := rapid.SampledFrom(likely(v.world, segments)).Draw(t, "event")
			w := v.world
			w.now = w.now.Add(time.Duration(rapid.IntRange(0, 9).Draw(t, "seconds")) * time.Second)
			before := text(t, w.f)
			m := w.take(Decide, ev)
			v = &visit{m.after, v, ev, false}
			if after := text(t, w.f); after != before {
				t.Fatalf("the state handed in was\n%s\nand is now\n%s\n%s", before, after, v.story())
			}
			if how := m.broken(); how != "" {
				t.Fatalf("%s\n%s", how, v.story())
			}
			died := rapid.IntRange(0, 12).Draw(t, "died")
			if torn := m.torn(); 0 < died && died <= len(torn) {
				m = torn[died-1].recovered(Decide)
				v.world, v.died = m.after, true
			}
			if how := m.broken(); how != "" {
				t.Fatalf("%s\n%s", how, v.story())
			}
		}
		if how := v.ends(Decide); how != "" {
			t.Fatalf("%s\n%s", how, v.story())
		}
	})
}

// text is all of a state. Unlike Clone it shares nothing, whatever is added.
func text(t *rapid.T, f State) string {
	data, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// likely is every event, and more often than the others those that carry on
// what is going on: a walk of wrong numbers leads nowhere.
func likely(w world, segments []SegmentID) []Event {
	all := append(events(w.f, segments), DeadlinePassed{})
	for range 15 {
		for _, s := range w.f.Agents {
			if r := s.Reservation; r != nil {
				all = append(all, Answered{s.Name, r.SegmentID}, Rejected{s.Name, r.SegmentID, r.Number})
			}
			for _, segment := range s.Segments {
				all = append(all, Held{s.Name, segment.SegmentID}, Ended{s.Name, segment.SegmentID})
			}
			all = append(all, StateRequested{s.Name, Status{State: Available}})
		}
		for _, id := range segments {
			all = append(all, EnterRequested{Queue: w.f.Queues[int(id.Contact[0])%len(w.f.Queues)].Name, SegmentID: id})
		}
		all = append(all, DeadlinePassed{})
	}
	return all
}
