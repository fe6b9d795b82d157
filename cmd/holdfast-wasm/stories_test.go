package main_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast/call"
	"holdfast/story"
)

// A move is a line of a story as a page sees or asks for it. stories.js plays it.
type move struct {
	At      int64          `json:"at"`
	Message map[string]any `json:"message,omitempty"`
	Party   call.Party     `json:"party,omitempty"` // whose line changes
	Target  string         `json:"target,omitempty"`
	State   string         `json:"state,omitempty"`
	Reason  call.Reason    `json:"reason,omitempty"`
	Joined  bool           `json:"joined,omitempty"` // the conference has its effect
}

// A scene is a story from its beginning, as far as a page can play it.
type scene struct {
	name    string
	lines   []string
	moves   []move
	want    []string // after each move, what package call has
	leftOut string   // why the line after the last one is not played
}

// TestStories plays the stories of package call through the WebAssembly build, on a
// desk that does at once what it is asked for, and natively, and compares both after
// each line.
//
// A scene is played up to its first line that a page can neither see nor ask for. It
// begins when the agent has the customer, and ends when the agent has left, because a
// page sees no more then. Scenes without a transfer up to there are left out; go test
// -v lists which, and the line that ended each.
func TestStories(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		if ci := os.Getenv("CI"); ci != "" && ci != "0" && ci != "false" && ci != "no" {
			t.Fatal("no Node to run WebAssembly")
		}
		t.Skip("no Node to run WebAssembly")
	}
	scenes := readScenes(t)
	var all [][]move
	for _, s := range scenes {
		all = append(all, s.moves)
	}
	for i, results := range run(t, node, all) {
		s := scenes[i]
		for j, r := range results {
			if got := r.String(); got != s.want[j] {
				t.Errorf("%s\n%s\ngot  %s\nwant %s", s.name, strings.Join(s.lines[:j+1], "\n"), got, s.want[j])
				break
			}
		}
	}
}

// run builds the program and plays scenes on it.
func run(t *testing.T, node string, scenes [][]move) [][]result {
	program := filepath.Join(t.TempDir(), "holdfast.wasm")
	build := exec.Command("go", "build", "-o", program, ".")
	build.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building: %v\n%s", err, out)
	}
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	in, err := json.Marshal(scenes)
	if err != nil {
		t.Fatal(err)
	}
	play := exec.Command(node, "testdata/stories.js", filepath.Join(strings.TrimSpace(string(root)), "lib/wasm/wasm_exec.js"), program)
	play.Stdin = bytes.NewReader(in)
	play.Stderr = os.Stderr
	out, err := play.Output()
	if err != nil {
		t.Fatalf("playing: %v", err)
	}
	var results [][]result
	if err := json.Unmarshal(out, &results); err != nil {
		t.Fatal(err)
	}
	if len(results) != len(scenes) {
		t.Fatalf("played %d scenes of %d", len(results), len(scenes))
	}
	return results
}

// A result is what the engine has reported after a move.
type result struct {
	Transfers []struct {
		call.Transfer
		Stage string `json:"stage"`
	} `json:"transfers"`
	Customer string `json:"customer"`
	Stuck    string `json:"stuck"`
	Refused  string `json:"refused"`
}

func (r result) String() string {
	var all []string
	for _, t := range r.Transfers {
		all = append(all, transfer(t.Transfer, t.Stage))
	}
	return strings.Join(append(all, r.Customer, r.Stuck, r.Refused), "; ")
}

// transfer is what is compared of a transfer.
func transfer(t call.Transfer, stage string) string {
	s := fmt.Sprintf("%s %s %s %s %s %s", t.ID, t.Kind, stage, t.Outcome, t.Reason, t.RingFor)
	for _, a := range t.Attempts {
		s += fmt.Sprintf(", %d %s %s answered=%t accepted=%t", a.Connection, a.Target, a.Reason, !a.Answered.IsZero(), !a.Accepted.IsZero())
	}
	for _, e := range t.Remaining {
		s += ", then " + e.String()
	}
	return s
}

// native is the same of a contact of package call.
func native(c call.Contact, refused string) string {
	var all []string
	for _, t := range c.Transfers() {
		stage := string(c.Stage)
		if t.Outcome != "" {
			stage = "ended"
		}
		all = append(all, transfer(t, stage))
	}
	return strings.Join(append(all, where(c), "", refused), "; ")
}

// where is where the customer is, in the words of the engine's state.
func where(c call.Contact) string {
	i := slices.IndexFunc(c.Connections, func(x call.Connection) bool { return x.Party == call.Customer })
	agent := slices.ContainsFunc(c.Connections, func(x call.Connection) bool { return x.Party == call.Agent && x.Endpoint.Name == "ana" })
	target := slices.ContainsFunc(c.Connections, func(x call.Connection) bool { return x.Endpoint.Name != "ana" && x.Party != call.Customer })
	switch {
	case i < 0:
		return "left"
	case c.Stage == call.Joining: // the desk shows the effect of the conference later
		return "held"
	case c.Connections[i].State == call.Held:
		return "held"
	case target && !agent:
		return "with-target"
	}
	return "talking"
}

// readScenes reads all stories that have something to compare.
func readScenes(t *testing.T) []scene {
	paths, err := filepath.Glob("../../call/testdata/*.txt")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no stories: %v", err)
	}
	var all []scene
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for i, lines := range split(string(text)) {
			s := scene{name: fmt.Sprintf("%s, scene %d", filepath.Base(path), i+1)}
			s.play(t, lines)
			switch {
			case len(s.moves) == 0:
				t.Logf("%s is left out: %s", s.name, s.leftOut)
				continue
			case s.leftOut != "":
				t.Logf("%s is played up to: %s", s.name, s.leftOut)
			}
			all = append(all, s)
		}
	}
	t.Logf("%d scenes are played", len(all))
	return all
}

// split returns the lines of each scene of a story.
func split(text string) [][]string {
	scenes, expected := [][]string{nil}, false
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch {
		case line == "":
			expected = false
		case expected || strings.HasPrefix(line, "#"):
		case line == "----":
			expected = true
		case line == "otherwise":
			scenes = append(scenes, nil)
		default:
			scenes[len(scenes)-1] = append(scenes[len(scenes)-1], line)
		}
	}
	return scenes
}

// play plays lines natively as far as a page can follow, and notes what to compare.
func (s *scene) play(t *testing.T, lines []string) {
	teller := story.NewTeller()
	asked := false
	for _, line := range lines {
		before := teller.Contact
		m, why := translate(before, line)
		if why != "" {
			s.leftOut = line + " (" + why + ")"
			break
		}
		said, err := teller.Tell(line)
		if err != nil {
			t.Fatalf("%s: %v", s.name, err)
		}
		refused := ""
		if len(said) > 0 {
			refused, _ = strings.CutPrefix(said[0], "refused: ")
			if refused == said[0] {
				refused = ""
			}
		}
		if refused != "" && m.Message == nil {
			s.leftOut = line + " (the desk does not ask us)"
			break
		}
		if before.Stage == "" || before.Stage == call.Offering || before.Stage == call.Dialling {
			continue // before the agent has the customer
		}
		asked = asked || len(teller.Contact.Transfers()) > 0
		m.At = teller.Now.UnixMilli()
		s.lines, s.moves = append(s.lines, line), append(s.moves, m)
		s.want = append(s.want, native(teller.Contact, refused))
		if c := teller.Contact; c.Stage == call.Over || len(c.Past) > 0 && c.Past[len(c.Past)-1].Outcome == call.Completed {
			break
		}
	}
	if !asked {
		s.moves, s.leftOut = nil, "no transfer before "+s.leftOut
		return
	}
	// Before its first transfer the engine has nothing to report.
	for i, want := range s.want {
		if !strings.HasPrefix(want, "t1") {
			s.want[i] = "; ; "
		}
	}
}

// translate returns what a line of a story is on the desk of a page, or why it is
// nothing there.
func translate(c call.Contact, line string) (m move, why string) {
	who, does, _ := strings.Cut(line, " ")
	begins := c.Stage == "" || c.Stage == call.Offering || c.Stage == call.Dialling
	switch {
	case begins && (strings.HasSuffix(line, "calls ana") || line == "ana calls customer" || does == "answers"):
		return m, ""
	case begins:
		return m, "before the agent has the customer"
	case who == "ana":
		return asks(does)
	case strings.HasSuffix(line, " passes"):
		if c.Stage == call.Joining {
			return m, "a page joins with a limit of its own"
		}
		return m, ""
	case who == "customer" && does == "hangs up":
		return move{Party: call.Customer, State: "disconnected"}, ""
	case strings.HasPrefix(line, "customer and ") && strings.HasSuffix(does, "hear each other"):
		return move{Joined: !strings.HasPrefix(line, "customer and ana hear")}, ""
	}
	return ofTarget(c, who, does)
}

// asks is what the agent asks the engine or does at their desk.
func asks(does string) (m move, why string) {
	switch does {
	case "cancels the transfer":
		return move{Message: map[string]any{"type": "cancel"}}, ""
	case "completes the transfer":
		return move{Message: map[string]any{"type": "complete"}}, ""
	case "holds customer":
		return move{Party: call.Customer, State: "hold"}, ""
	case "resumes customer":
		return move{Party: call.Customer, State: "connected"}, ""
	case "hangs up", "leaves", "is lost", "ends the contact", "is away":
		return m, "the contact ends for the page"
	}
	targets, isTransfer := strings.CutPrefix(does, "transfers the customer to ")
	if !isTransfer {
		return m, "the engine has no such request"
	}
	message := map[string]any{"type": "start", "kind": "cold", "ringFor": 0}
	words := strings.Fields(targets)
	list := []any{target(words[0])}
	for i := 1; i < len(words); i++ {
		switch word := words[i]; word {
		case "blind":
			return m, "the agent leaves at once, so a page does not see how it ends"
		case "warm":
			message["kind"] = word
		case "resuming":
			message["resume"] = true
		case "then":
			i++
			list = append(list, target(words[i]))
		case "for":
			i++
			d, err := time.ParseDuration(words[i])
			if err != nil {
				return m, err.Error()
			}
			message["ringFor"] = d.Milliseconds()
		case "with":
			message["key"] = words[i+2]
			i += 2
		default:
			return m, "the engine has no " + word
		}
	}
	if words[0] == "ana" || words[0] == "customer" {
		return m, "a page does not know these addresses"
	}
	message["targets"] = list
	return move{Message: message}, ""
}

// target is an endpoint as package story makes it of a name.
func target(name string) map[string]any {
	kind, address := call.URI, "sip:"+name+"@story"
	switch {
	case strings.HasPrefix(name, "queue"):
		kind, address = call.QueueEndpoint, name
	case strings.HasPrefix(name, "agent-"):
		kind, address = call.AgentEndpoint, name
	}
	return map[string]any{"kind": string(kind), "address": address, "name": name}
}

// ofTarget is what happens to a target's line.
func ofTarget(c call.Contact, who, does string) (m move, why string) {
	m = move{Party: call.Target, Target: target(who)["address"].(string), State: "disconnected"}
	switch does {
	case "rings":
		m.State = "connecting"
	case "answers":
		m.State = "connected"
	case "hangs up", "is lost", "is unreachable":
	case "is busy":
		m.Reason = call.Busy
	case "does not answer":
		m.Reason = call.NoAnswer
	case "declines":
		m.Reason = call.Declined
	case "is not found":
		m.Reason = call.NotFound
	case "is not allowed":
		m.Reason = call.Denied
	default:
		return m, "a page does not see it"
	}
	return m, ""
}
