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

// TestFloorStories plays every story in testdata. After a change, run
//
//	go test ./routing -run FloorStories -rewrite
//
// and read the difference as if an agent had written it.
func TestFloorStories(t *testing.T) {
	stories, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(stories) == 0 {
		t.Fatalf("no stories: %v", err)
	}
	for _, path := range stories {
		t.Run(filepath.Base(path), func(t *testing.T) {
			teller := newFloorTeller()
			datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
				if d.Cmd == "otherwise" { // another floor
					teller = newFloorTeller()
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
				return strings.Join(append(out, teller.state()...), "\n") + "\n"
			})
		})
	}
}

// A floorTeller plays a story, line by line. Customers are told apart by name;
// who comes again after a transfer is another connection of the same contact.
type floorTeller struct {
	floor Floor
	now   time.Time
	stays map[string]StayID // the latest of each customer
}

func newFloorTeller() *floorTeller {
	return &floorTeller{now: time.Unix(1e9, 0), stays: map[string]StayID{}}
}

// floorLines is all that a story can say, after who works where.
var floorLines = []struct {
	line  *regexp.Regexp
	event func(f *floorTeller, a, b string) Event
}{
	{floorLine("A is available"), func(f *floorTeller, a, _ string) Event {
		return StateRequested{a, Choice{State: Available}}
	}},
	{floorLine("A goes offline"), func(f *floorTeller, a, _ string) Event {
		return StateRequested{a, Choice{State: Offline}}
	}},
	{floorLine("A goes for B"), func(f *floorTeller, a, b string) Event { return StateRequested{a, Choice{NotReady, b}} }},
	{floorLine("A is lost"), func(f *floorTeller, a, _ string) Event { return Lost{a} }},
	{floorLine("A is back"), func(f *floorTeller, a, _ string) Event { return Back{a} }},
	{floorLine("A answers B"), func(f *floorTeller, a, b string) Event { return Answered{a, f.stays[b]} }},
	{floorLine("A rejects B"), func(f *floorTeller, a, b string) Event { return Rejected{a, f.stays[b]} }},
	{floorLine("A cannot be rung for B"), func(f *floorTeller, a, b string) Event { return Missed{a, f.stays[b]} }},
	{floorLine("A holds B"), func(f *floorTeller, a, b string) Event { return Held{a, f.live(a, b)} }},
	{floorLine("A resumes B"), func(f *floorTeller, a, b string) Event { return ResumeRequested{a, f.live(a, b)} }},
	{floorLine("A leaves B"), func(f *floorTeller, a, b string) Event { return Ended{a, f.live(a, b)} }},
	{floorLine("A clears B"), func(f *floorTeller, a, b string) Event { return ClearRequested{a, f.ended(a, b)} }},
	{floorLine("A urgently calls B"), func(f *floorTeller, a, b string) Event {
		return EnterRequested{Queue: b, StayID: f.meet(a), Priority: 1}
	}},
	{floorLine("A asks B for a callback"), func(f *floorTeller, a, b string) Event {
		number := call.Endpoint{Kind: call.PhoneNumber, Address: "+15550100"}
		return EnterRequested{Queue: b, StayID: f.meet(a), Callback: number}
	}},
	{floorLine("A returns to B"), func(f *floorTeller, a, b string) Event {
		if f.seat(b) != nil {
			return AgentRequested{Agent: b, StayID: f.meet(a), Own: true}
		}
		return EnterRequested{Queue: b, StayID: f.meet(a), Returned: true}
	}},
	{floorLine("A calls B"), func(f *floorTeller, a, b string) Event {
		switch {
		case f.seat(a) != nil:
			return AgentRequested{Agent: a, StayID: f.meet(b), Own: true}
		case f.seat(b) != nil:
			return AgentRequested{Agent: b, StayID: f.meet(a)}
		}
		return EnterRequested{Queue: b, StayID: f.meet(a)}
	}},
	{floorLine("A hangs up"), func(f *floorTeller, a, _ string) Event { return Left{f.stays[a]} }},
	{floorLine("the server restarts"), func(*floorTeller, string, string) Event { return Recovered{} }},
}

func floorLine(says string) *regexp.Regexp {
	words := strings.NewReplacer("A ", `(\w+) `, " B", ` (\w+)`).Replace(says)
	return regexp.MustCompile("^" + words + "$")
}

func (f *floorTeller) tell(line string) ([]string, error) {
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
	for _, l := range floorLines {
		if m := l.line.FindStringSubmatch(line); m != nil {
			m = append(m, "", "")
			return f.decide(l.event(f, m[1], m[2])), nil
		}
	}
	return nil, fmt.Errorf("a story cannot say %q", line)
}

// arrange has somebody work here.
func (f *floorTeller) arrange(line string) bool {
	if who, queue, ok := strings.Cut(line, " work in "); ok {
		q := Queue{Name: queue, Agents: strings.Fields(who)}
		for _, agent := range q.Agents {
			if f.seat(agent) == nil {
				f.floor.Seats = append(f.floor.Seats, Seat{Agent: agent, Grace: 30 * time.Second})
			}
		}
		f.floor.Queues = append(f.floor.Queues, q)
		return true
	}
	if agent, ok := strings.CutSuffix(line, " takes two"); ok {
		f.seat(agent).Handles = 2
		return true
	}
	if agent, limit, ok := strings.Cut(line, " does after-call work for "); ok {
		f.seat(agent).AfterCall, _ = time.ParseDuration(limit)
		return true
	}
	return false
}

func (f *floorTeller) seat(agent string) *Seat {
	i := slices.IndexFunc(f.floor.Seats, func(s Seat) bool { return s.Agent == agent })
	if i < 0 {
		return nil
	}
	return &f.floor.Seats[i]
}

// live is the stay in which the agent has the customer now, ended the one of
// which after-call work is left; each the latest if there is none.
func (f *floorTeller) live(agent, customer string) StayID  { return f.find(agent, customer, false) }
func (f *floorTeller) ended(agent, customer string) StayID { return f.find(agent, customer, true) }

func (f *floorTeller) find(agent, customer string, ended bool) StayID {
	for _, s := range f.seat(agent).Stays {
		if s.Contact == call.ContactID(customer) && (s.State == AfterCallWork) == ended {
			return s.StayID
		}
	}
	return f.stays[customer]
}

// meet is a new stay of a customer.
func (f *floorTeller) meet(customer string) StayID {
	id := StayID{call.ContactID(customer), f.stays[customer].Connection + 1}
	f.stays[customer] = id
	return id
}

// pass lets time pass, with every deadline in it.
func (f *floorTeller) pass(until time.Time) []string {
	var out []string
	for range 100 {
		d := f.floor.Deadline()
		if d.IsZero() || d.After(until) {
			f.now = until
			return out
		}
		f.now = d
		out = append(out, f.decide(DeadlinePassed{})...)
	}
	return append(out, "a deadline is never over")
}

func (f *floorTeller) decide(ev Event) []string {
	after, commands, err := Decide(f.floor, f.now, ev)
	f.floor = after
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
func (f *floorTeller) state() []string {
	var agents []string
	for _, s := range f.floor.Seats {
		agents = append(agents, s.Agent+" "+seatSays(s))
	}
	out := []string{"= " + strings.Join(agents, "; ")}
	for _, q := range f.floor.Queues {
		var places []string
		for _, p := range q.Places {
			place := string(p.Contact)
			if p.Offered != "" {
				place += " (offered to " + p.Offered + ")"
			}
			places = append(places, place)
		}
		if len(places) > 0 {
			out = append(out, fmt.Sprintf("  %s: %s", q.Name, strings.Join(places, ", ")))
		}
	}
	return out
}

func seatSays(s Seat) string {
	says := []string{string(s.State())}
	switch s.State() {
	case NotReady:
		says[0] = choiceSays(s.Choice)
	case AfterCallWork:
		says = nil
	case Reserved:
		says[0] += " for " + string(s.Reservation.Contact)
	}
	for _, stay := range s.Stays {
		how := map[State]string{Talking: "talking to", Holding: "holding", AfterCallWork: "after-call work for"}[stay.State]
		says = append(says, how+" "+string(stay.Contact))
	}
	if s.Next != (Choice{}) {
		says = append(says, "then "+choiceSays(s.Next))
	}
	return strings.Join(says, ", ")
}

func choiceSays(c Choice) string {
	if c.State == NotReady {
		return "not ready (" + c.Name + ")"
	}
	return string(c.State)
}
