package routing

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"holdfast/call"
)

// TestStories plays every story in testdata. After a change, run
//
//	go test ./routing -rewrite
//
// and read the difference as if an agent had written it.
func TestStories(t *testing.T) {
	stories, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(stories) == 0 {
		t.Fatalf("no stories: %v", err)
	}
	for _, path := range stories {
		t.Run(filepath.Base(path), func(t *testing.T) {
			teller := newTeller()
			datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
				if d.Cmd == "otherwise" { // another routing state
					teller = newTeller()
					return ""
				}
				line := d.Cmd
				for _, a := range d.CmdArgs {
					line += " " + a.Key
				}
				var out []string
				for l := range strings.Lines(line + "\n" + d.Input) {
					if l = strings.TrimSpace(l); l == "" {
						continue
					}
					said, err := teller.tell(l)
					if err != nil {
						d.Fatalf(t, "%v", err)
					}
					out = append(out, said...)
				}
				return strings.Join(append(out, teller.describe()...), "\n") + "\n"
			})
		})
	}
}

// A teller plays a story, line by line. Customers are told apart by name;
// who comes again after a transfer is another connection of the same contact.
type teller struct {
	state    State
	now      time.Time
	segments map[string]SegmentID // the latest of each customer
}

func newTeller() *teller {
	return &teller{now: time.Unix(1e9, 0), segments: map[string]SegmentID{}}
}

// lines is all that a story can say, after who works where.
var lines = []struct {
	line  *regexp.Regexp
	event func(f *teller, a, b string) Event
}{
	{parseLine("A is available"), func(f *teller, a, _ string) Event {
		return StateRequested{a, Status{State: Available}}
	}},
	{parseLine("A goes offline"), func(f *teller, a, _ string) Event {
		return StateRequested{a, Status{State: Offline}}
	}},
	{parseLine("A goes for B"), func(f *teller, a, b string) Event { return StateRequested{a, Status{NotReady, b}} }},
	{parseLine("A is lost"), func(f *teller, a, _ string) Event { return Lost{a} }},
	{parseLine("A is back"), func(f *teller, a, _ string) Event { return Back{a} }},
	{parseLine("A answers B"), func(f *teller, a, b string) Event { return Answered{a, f.segments[b]} }},
	{parseLine("A rejects B"), func(f *teller, a, b string) Event { return Rejected{a, f.segments[b], f.latest(b)} }},
	{parseLine("A rejects an earlier offer of B"), func(f *teller, a, b string) Event { return Rejected{a, f.segments[b], f.latest(b) - 1} }},
	{parseLine("A cannot be rung for B"), func(f *teller, a, b string) Event { return Missed{a, f.segments[b], f.latest(b)} }},
	{parseLine("A has missed an earlier offer of B"), func(f *teller, a, b string) Event { return Missed{a, f.segments[b], f.latest(b) - 1} }},
	{parseLine("A holds B"), func(f *teller, a, b string) Event { return Held{a, f.live(a, b)} }},
	{parseLine("A resumes B"), func(f *teller, a, b string) Event { return ResumeRequested{a, f.live(a, b)} }},
	{parseLine("A leaves B"), func(f *teller, a, b string) Event { return Ended{a, f.live(a, b)} }},
	{parseLine("A clears B"), func(f *teller, a, b string) Event { return ClearRequested{a, f.ended(a, b)} }},
	{parseLine("A urgently calls B"), func(f *teller, a, b string) Event {
		return EnterRequested{Queue: b, SegmentID: f.meet(a), Priority: 1}
	}},
	{parseLine("A asks B for a callback"), func(f *teller, a, b string) Event {
		number := call.Endpoint{Kind: call.PhoneNumber, Address: "+15550100"}
		return EnterRequested{Queue: b, SegmentID: f.meet(a), Callback: number}
	}},
	{parseLine("A returns to B"), func(f *teller, a, b string) Event {
		if f.agent(b) != nil {
			return AgentRequested{Agent: b, SegmentID: f.meet(a), Own: true}
		}
		return EnterRequested{Queue: b, SegmentID: f.meet(a), Returned: true}
	}},
	{parseLine("A calls B"), func(f *teller, a, b string) Event {
		switch {
		case f.agent(a) != nil:
			return AgentRequested{Agent: a, SegmentID: f.meet(b), Own: true}
		case f.agent(b) != nil:
			return AgentRequested{Agent: b, SegmentID: f.meet(a)}
		}
		return EnterRequested{Queue: b, SegmentID: f.meet(a)}
	}},
	{parseLine("A hangs up"), func(f *teller, a, _ string) Event { return Left{f.segments[a]} }},
	{parseLine("the server restarts"), func(*teller, string, string) Event { return Recovered{} }},
}

func parseLine(says string) *regexp.Regexp {
	words := strings.NewReplacer("A ", `(\w+) `, " B", ` (\w+)`).Replace(says)
	return regexp.MustCompile("^" + words + "$")
}

func (f *teller) tell(line string) ([]string, error) {
	if wait, ok := strings.CutSuffix(line, " passes"); ok {
		d, err := time.ParseDuration(wait)
		if err != nil {
			return nil, err
		}
		return f.pass(f.now.Add(d)), nil
	}
	if f.arrange(line) {
		return nil, nil
	}
	for _, l := range lines {
		if m := l.line.FindStringSubmatch(line); m != nil {
			m = append(m, "", "")
			return f.decide(l.event(f, m[1], m[2])), nil
		}
	}
	return nil, fmt.Errorf("a story cannot say %q", line)
}

// arrange has somebody work here.
func (f *teller) arrange(line string) bool {
	if who, queue, ok := strings.Cut(line, " work in "); ok {
		q := Queue{Name: queue, Agents: strings.Fields(who)}
		for _, agent := range q.Agents {
			if f.agent(agent) == nil {
				f.state.Agents = append(f.state.Agents, Agent{Name: agent, Grace: call.Duration(30 * time.Second)})
			}
		}
		f.state.Queues = append(f.state.Queues, q)
		return true
	}
	if agent, ok := strings.CutSuffix(line, " takes two"); ok {
		f.agent(agent).Capacity = 2
		return true
	}
	if agent, limit, ok := strings.Cut(line, " does after-call work for "); ok {
		_ = f.agent(agent).AfterCall.UnmarshalText([]byte(limit))
		return true
	}
	return false
}

func (f *teller) agent(agent string) *Agent {
	i := slices.IndexFunc(f.state.Agents, func(s Agent) bool { return s.Name == agent })
	if i < 0 {
		return nil
	}
	return &f.state.Agents[i]
}

// live is the segment in which the agent has the customer now, ended the one of
// which after-call work is left; each the latest if there is none.
func (f *teller) live(agent, customer string) SegmentID  { return f.find(agent, customer, false) }
func (f *teller) ended(agent, customer string) SegmentID { return f.find(agent, customer, true) }

func (f *teller) find(agent, customer string, ended bool) SegmentID {
	for _, s := range f.agent(agent).Segments {
		if s.Contact == call.ContactID(customer) && (s.State == AfterCallWork) == ended {
			return s.SegmentID
		}
	}
	return f.segments[customer]
}

// latest is the number of a customer's latest offer.
func (f *teller) latest(customer string) int {
	if _, p := f.state.Entry(f.segments[customer]); p != nil {
		return p.Offers
	}
	return 0
}

// meet is a new segment of a customer.
func (f *teller) meet(customer string) SegmentID {
	id := SegmentID{call.ContactID(customer), f.segments[customer].Connection + 1}
	f.segments[customer] = id
	return id
}

// pass lets time pass, with every deadline in it.
func (f *teller) pass(until time.Time) []string {
	var out []string
	for range 100 {
		d := f.state.Deadline()
		if d.IsZero() || d.After(until) {
			f.now = until
			return out
		}
		f.now = d
		out = append(out, f.decide(DeadlinePassed{})...)
	}
	return append(out, "a deadline is never over")
}

func (f *teller) decide(ev Event) []string {
	after, commands, err := Decide(f.state, f.now, ev)
	f.state = after
	f.now = f.now.Add(time.Millisecond) // nothing happens at the same time as something else
	if err != nil {
		return []string{"refused: " + err.Error()}
	}
	var out []string
	for _, c := range commands {
		switch c := c.(type) {
		case Offer:
			line := fmt.Sprintf("offer %s to %s", c.Contact, c.Agent)
			if c.Callback != (call.Endpoint{}) {
				line += ", to be dialled at " + c.Callback.Address
			}
			out = append(out, line)
		case Withdraw:
			out = append(out, fmt.Sprintf("stop ringing %s for %s (%s)", c.Agent, c.Contact, c.Reason))
		}
	}
	return out
}

// state is a line for the agents, and one for each queue in which somebody
// waits.
func (f *teller) describe() []string {
	var agents []string
	for _, s := range f.state.Agents {
		agents = append(agents, s.Name+" "+seatSays(s))
	}
	out := []string{"= " + strings.Join(agents, "; ")}
	for _, q := range f.state.Queues {
		var entries []string
		for _, p := range q.Entries {
			entry := string(p.Contact)
			if p.OfferedTo != "" {
				entry += " (offered to " + p.OfferedTo + ")"
			}
			entries = append(entries, entry)
		}
		if len(entries) > 0 {
			out = append(out, fmt.Sprintf("  %s: %s", q.Name, strings.Join(entries, ", ")))
		}
	}
	return out
}

func seatSays(s Agent) string {
	says := []string{string(s.state())}
	switch s.state() {
	case NotReady:
		says[0] = choiceSays(s.Status)
	case AfterCallWork:
		says = nil
	case Reserved:
		says[0] += " for " + string(s.Reservation.Contact)
	}
	for _, segment := range s.Segments {
		how := map[AgentState]string{Talking: "talking to", Holding: "holding", AfterCallWork: "after-call work for"}[segment.State]
		says = append(says, how+" "+string(segment.Contact))
	}
	if s.Next != (Status{}) {
		says = append(says, "then "+choiceSays(s.Next))
	}
	return strings.Join(says, ", ")
}

func choiceSays(c Status) string {
	if c.State == NotReady {
		return "not ready (" + c.Reason + ")"
	}
	return string(c.State)
}
