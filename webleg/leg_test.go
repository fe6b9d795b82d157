package webleg

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"holdfast/call"
	"holdfast/media"
	"holdfast/notation"
	"holdfast/switchboard"
)

// TestLeg plays the stories of legs: what a page and a desk do, and the resulting
// facts (=), audio settings, and lines for the record (-> sent, <- received).
func TestLeg(t *testing.T) {
	datadriven.Walk(t, "testdata/leg", func(t *testing.T, path string) {
		var s *script
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			if s == nil || d.HasArg("new") {
				s = newScript(t)
			}
			s.t, s.lines = t, nil
			if err := s.do(d.Cmd, words(d)); err != nil {
				d.Fatalf(t, "%v", err)
			}
			s.checkMemory()
			if len(s.lines) == 0 {
				return "nothing\n"
			}
			return strings.Join(s.lines, "\n") + "\n"
		})
	})
}

// A script is one leg without sessions: the story says what they report.
type script struct {
	t     testing.TB
	legs  *Legs
	leg   switchboard.Leg
	lines []string
}

func newScript(t testing.TB) *script {
	t.Helper()
	engine, err := media.Start(media.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { engine.Close() })
	return &script{t: t, legs: newLegs(Options{
		Engine: engine, Present: func(agent string) bool { return agent == "ana" }, Log: slog.New(slog.DiscardHandler),
	}, nil)}
}

func words(d *datadriven.TestData) string {
	var all []string
	for _, a := range d.CmdArgs {
		if a.Key != "new" {
			all = append(all, a.String())
		}
	}
	return strings.Join(all, " ")
}

// do plays one line of a story.
func (s *script) do(who, what string) error {
	number := 0
	if rest, ok := strings.CutPrefix(who, "session-"); ok {
		_, err := fmt.Sscan(rest, &number)
		return first(err, s.sessionIs(number, what))
	}
	switch who + " " + what {
	case "desk dials":
		return s.dials("ana")
	case "desk dials ben":
		return s.dials("ben")
	case "desk accepts":
		s.plans(call.Answer{Connection: 2})
	case "desk drops":
		s.plans(call.Drop{Connection: 2})
	case "desk presses 12":
		s.plans(call.Digits{Connection: 2, Digits: "12"})
	case "desk notifies":
		s.plans(call.Notify{Connection: 2, Text: "hello"})
	case "desk closes":
		s.print("gone %t", s.leg.Gone())
		s.leg.Close()
	case "agent presses 5":
		s.takes(pressed{'5'})
	case "agent hears-the-prompt":
		s.takes(played{})
	case "server restarts":
		return s.restart()
	default:
		return fmt.Errorf("%s cannot %q", who, what)
	}
	return nil
}

func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *script) sessionIs(n int, what string) error {
	switch what {
	case "offered":
		s.takes(offered{n, "ana"})
	case "connected":
		s.takes(connected{n, "ana", 126})
	case "connected without-events":
		s.takes(connected{n, "ana", 0})
	case "lost":
		s.takes(lost{n, "ana", "no packet for 5s"})
	default:
		return fmt.Errorf("a session cannot be %q", what)
	}
	return nil
}

func (s *script) dials(agent string) error {
	d := call.Dial{Connection: 2, Party: call.Agent, To: call.Endpoint{Kind: call.AgentEndpoint, Address: agent}}
	leg, err := s.legs.Dial("c1", 1, d)
	if err != nil {
		s.print("%v", err)
		return nil
	}
	s.leg = leg
	s.plans(d)
	return nil
}

func (s *script) restart() error {
	written := s.leg.Memory()
	s.leg.Close()
	leg, err := s.legs.Restore("c1", 2, 2, switchboard.LegMemory{Kind: Kind, Memory: written})
	if err != nil {
		return err
	}
	s.leg = leg
	s.takes(switchboard.Resumed{})
	return nil
}

func (s *script) print(format string, args ...any) {
	s.lines = append(s.lines, fmt.Sprintf(format, args...))
}

func (s *script) takes(in switchboard.Incoming) {
	if line := in.Trace(); line != "" {
		s.print("%s", line)
	}
	s.act(s.leg.Receive(time.Time{}, in))
}

func (s *script) plans(c call.Command) { s.act(s.leg.Plan(time.Time{}, c)) }

func (s *script) act(p switchboard.Plan) {
	s.leg = p.Leg
	for _, fact := range p.Facts {
		s.print("= %s%+v", notation.EventName(fact), fact)
	}
	for _, out := range p.Out {
		if set, ok := out.(setting); ok {
			s.print("audio %s", audioText(set.stream))
		} else {
			s.print("%s", out.Trace())
		}
		if err := out.Send(); err != nil {
			s.t.Errorf("%s: %v", out.Trace(), err)
		}
	}
}

func audioText(stream media.Stream) string {
	if stream == (media.Stream{}) {
		return "off"
	}
	return fmt.Sprintf("sends %t, receives %t, events as %d", stream.Send, stream.Receive, stream.Events)
}

// checkMemory checks that the leg's memory is read back as it was written.
func (s *script) checkMemory() {
	s.t.Helper()
	if s.leg == nil {
		return
	}
	l, written := s.leg.(leg), s.leg.Memory()
	m, err := readMemory(written)
	if err != nil {
		s.t.Fatalf("%v: %s", err, written)
	}
	if m.Agent != l.agent || m.State != l.state {
		s.t.Errorf("read back %+v, not %s who is %s", m, l.agent, l.state)
	}
	if strings.ContainsAny(string(written), "\r\n") || len(written) > 80 {
		s.t.Errorf("a memory holds more than it should: %s", written)
	}
}

func TestMemoriesThatMakeNoSense(t *testing.T) {
	for written, want := range map[string]string{
		`{"version":2,"agent":"ana","state":"talking"}`:  "restoring a web leg: unknown version 2",
		`{"version":1,"agent":"ana","state":"laughing"}`: `restoring a web leg: unknown state "laughing"`,
		`{`: "restoring a web leg: unexpected end of JSON input",
	} {
		_, err := newScript(t).legs.Restore("c1", 2, 7, switchboard.LegMemory{Kind: Kind, Memory: []byte(written)})
		if err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", written, err, want)
		}
	}
	_, err := newScript(t).legs.Restore("c1", 2, 7, switchboard.LegMemory{Kind: "sip", Memory: []byte("{}")})
	if want := `restoring a leg: unknown kind "sip"`; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}
