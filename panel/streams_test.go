package panel

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"holdfast/call"
	"holdfast/routing"
	"holdfast/story"
)

// TestStages tells stories and shows what agent-ana's page makes of each stage:
// every frame that it shows, and with "json" the whole of the last one. After a
// change, run
//
//	go test ./panel -run Stages -rewrite
//
// and read the difference.
func TestStages(t *testing.T) {
	s := newStage()
	datadriven.RunTest(t, "testdata/stages.txt", func(t *testing.T, d *datadriven.TestData) string {
		switch d.Cmd {
		case "story":
			s = newStage()
		case "json":
			return s.json()
		case "forget":
			s.shown = nil // the server has been started anew
		}
		var out strings.Builder
		for line := range strings.Lines(d.Input) {
			said, err := s.teller.Tell(strings.TrimSpace(line))
			if err != nil {
				d.Fatalf(t, "%v", err)
			}
			for _, l := range said {
				if strings.HasPrefix(l, "refused") {
					fmt.Fprintln(&out, l)
				}
			}
		}
		s.follow()
		for _, f := range s.frames() {
			out.WriteString(summary(f))
		}
		return out.String()
	})
}

// A stage is a story with what agent-ana's page has shown of it.
type stage struct {
	teller *story.Teller
	agent  routing.Agent
	shown  []card
}

func newStage() *stage {
	return &stage{teller: story.NewTeller(), agent: routing.Agent{
		Name: "agent-ana", Status: routing.Status{State: routing.Available}, Since: story.NewTeller().Now,
	}}
}

// follow has routing know what the contact says of agent-ana, as package dispatch
// does it.
func (s *stage) follow() {
	s.agent.Reservation = nil
	here := map[routing.SegmentID]bool{}
	for _, x := range s.teller.Contact.Connections {
		id := segmentOf(s.teller.Contact.ID, x)
		switch {
		case x.Endpoint.Address != s.agent.Name:
		case x.State == call.Connecting:
			s.agent.Reservation = &routing.Reservation{SegmentID: id}
			if x.For != 0 {
				s.agent.Reservation.Queue = "queue-sales"
			}
		default:
			here[id] = true
			if s.agent.Segment(id) == nil {
				s.agent.Segments = append(s.agent.Segments, routing.Segment{SegmentID: id, State: routing.Talking, Since: s.teller.Now})
			}
		}
	}
	for i := range s.agent.Segments {
		if x := &s.agent.Segments[i]; !here[x.SegmentID] && x.State != routing.AfterCallWork {
			x.State, x.Since = routing.AfterCallWork, s.teller.Now
		}
	}
	switch {
	case s.agent.Reservation != nil:
		s.agent.State = routing.Reserved
	case len(here) > 0:
		s.agent.State = routing.Busy
	case len(s.agent.Segments) > 0:
		s.agent.State = routing.AfterCallWork
	default:
		s.agent.State = routing.Available
	}
}

func (s *stage) frames() []frame {
	all := frames(s.shown, scene{now: s.teller.Now, agent: s.agent, page: true, contacts: []call.Contact{s.teller.Contact}})
	s.shown = all[len(all)-1].cards
	return all
}

func (s *stage) json() string {
	f := s.frames()[0]
	st := station{panel: &Panel{options: Options{Now: func() time.Time { return s.teller.Now }}}, account: Account{Agent: s.agent.Name}}
	u := st.update(f)
	b, err := json.MarshalIndent(map[string]any{"snapshot": u.Snapshot, "view": u.View}, "", "  ")
	if err != nil {
		panic(err)
	}
	return string(b) + "\n"
}

// summary is a frame in few words: what Streams sees, and what the page itself
// shows.
func summary(f frame) string {
	var b strings.Builder
	state := streamsState(f.agent, f.segments)
	fmt.Fprintf(&b, "agent %s (%s)\n", state.Name, state.Type)
	for _, c := range f.cards {
		fmt.Fprintf(&b, "  contact %s %s", c.streams.ID, c.streams.State.Type)
		for _, x := range c.streams.Connections {
			initial := ""
			if x.Initial {
				initial = " initial"
			}
			fmt.Fprintf(&b, "; %s %s%s %s", x.ID, x.Type, initial, x.State.Type)
		}
		fmt.Fprintf(&b, "\n  page %s, can %s\n", c.view.Phase, strings.Join(c.view.Can, " "))
		if c.view.Ended != "" {
			fmt.Fprintf(&b, "    ended: %s\n", c.view.Ended)
		}
		if t := c.view.Transfer; t != nil {
			fmt.Fprintf(&b, "    transfer to %s, rings %v, tried %v, remaining %v\n", t.Target, t.Rings, t.Tried, t.Remaining)
		}
		if fail := c.view.Failure; fail != nil {
			fmt.Fprintf(&b, "    failed: %s %v\n", fail.Text, fail.Tried)
		}
	}
	return b.String()
}

// What the library reads out of a routing profile's ARN.
func TestARN(t *testing.T) {
	c := streamsConfiguration("ana", true, []string{"Break"})
	for _, pattern := range []string{`:([0-9]+):instance`, `instance/([0-9a-fA-F-]+)/`} {
		if !regexp.MustCompile(pattern).MatchString(c.RoutingProfile.ID) {
			t.Errorf("%s does not match %s", c.RoutingProfile.ID, pattern)
		}
	}
	if a, b := arn(agentARN, "ana"), arn(agentARN, "ben"); a == b || a != arn(agentARN, "ana") {
		t.Errorf("ARNs %s and %s are not each their own, for ever", a, b)
	}
}

func TestAgentStates(t *testing.T) {
	available := routing.Status{State: routing.Available}
	tests := []struct {
		agent      routing.Agent
		name, kind string
	}{
		{routing.Agent{}, "Offline", "offline"},
		{routing.Agent{State: routing.Offline}, "Offline", "offline"},
		{routing.Agent{State: routing.Available, Status: available}, "Available", "routable"},
		{routing.Agent{State: routing.NotReady, Status: routing.Status{State: routing.NotReady, Reason: "Lunch"}}, "Lunch", "not_routable"},
		{routing.Agent{State: routing.NotReady, Status: routing.MissedOffer}, "MissedCallAgent", "error"},
		{routing.Agent{State: routing.Reserved, Status: available}, "PendingBusy", "system"},
		{routing.Agent{State: routing.Busy, Status: available}, "Busy", "system"},
		{routing.Agent{State: routing.AfterCallWork, Status: available}, "AfterCallWork", "system"},
		{routing.Agent{State: routing.Away, Status: available}, "Init", "system"},
	}
	for _, test := range tests {
		if got := streamsState(test.agent, nil); got.Name != test.name || got.Type != test.kind {
			t.Errorf("an agent who is %s is shown as %s (%s), want %s (%s)", test.agent.State, got.Name, got.Type, test.name, test.kind)
		}
	}
}

func TestChosenState(t *testing.T) {
	notReady := []string{"Break", "Lunch"}
	lunch := routing.Status{State: routing.NotReady, Reason: "Lunch"}
	tests := []struct {
		ask  stateParam
		want routing.Status
		ok   bool
	}{
		{stateParam{ARN: arn(stateARN, "not-ready:Lunch")}, lunch, true},
		{stateParam{Name: "lunch", Type: "not_routable"}, lunch, true},
		{stateParam{Type: "routable"}, routing.Status{State: routing.Available}, true},
		{stateParam{Name: "Offline"}, routing.Status{State: routing.Offline}, true},
		{stateParam{}, routing.Status{}, false},
		{stateParam{Name: "Busy", Type: "system"}, routing.Status{}, false},
		{stateParam{ARN: "arn:of:elsewhere", Name: "Lunch"}, routing.Status{}, false},
	}
	for _, test := range tests {
		if got, ok := chosen(test.ask, notReady); got != test.want || ok != test.ok {
			t.Errorf("%+v: got %v, %v, want %v, %v", test.ask, got, ok, test.want, test.ok)
		}
	}
}
