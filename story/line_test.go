package story

import (
	"slices"
	"strings"
	"testing"

	"holdfast/call"
)

// TestLinesReadBack: what a line does is told by the same line again.
func TestLinesReadBack(t *testing.T) {
	words := strings.NewReplacer("AGENT picks", "ben picks", "AGENT", "ana", "QUEUE", "queue-sales", "TARGET", "reception",
		"NAME", "cardiology", "TIME", "5s", "KEY", "1", "DIGITS", "12#")
	for _, form := range Vocabulary {
		if strings.Contains(form, "TIME passes") || strings.Contains(form, "away") || strings.Contains(form, "time is up") || strings.Contains(form, "the rule") {
			continue // no event of their own
		}
		if strings.HasSuffix(form, " again") || strings.Contains(form, "earlier") {
			continue // which offer it was is not told
		}
		line := words.Replace(form)
		teller := NewTeller()
		switch {
		case strings.HasPrefix(form, "QUEUE"):
			play(t, teller, "customer calls queue-sales")
		case !strings.Contains(form, "calls"):
			play(t, teller, "customer calls ana", "ana answers", "ana transfers the customer to cardiology")
		}
		ev, err := teller.event(strings.Fields(line))
		if err != nil {
			t.Errorf("%s: %v", form, err)
			continue
		}
		names := Names{}
		names.Meet(teller.Contact)
		if got := names.Line(ev); got != line {
			t.Errorf("%q was told as %q", line, got)
		}
	}
}

func play(t *testing.T, teller *Teller, lines ...string) {
	t.Helper()
	for _, l := range lines {
		out, err := teller.Tell(l)
		if err != nil || slices.ContainsFunc(out, func(s string) bool { return strings.HasPrefix(s, "refused") }) {
			t.Fatalf("%s: %v %v", l, out, err)
		}
	}
}

// TestHappened: of audio that was agreed a person is told who hears each other,
// and nothing as long as nobody does.
func TestHappened(t *testing.T) {
	teller := NewTeller()
	for _, step := range []struct{ line, want string }{
		{"customer calls ana", "customer calls ana"},
		{"ana answers", "ana answers"},
		{"customer and ana hear each other", "customer and ana hear each other"},
		{"ana transfers the customer to cardiology warm with-confirm", "ana transfers the customer to cardiology warm with-confirm"},
		{"cardiology answers", "cardiology answers"},
		{"customer and ana and cardiology hear each other", ""}, // cardiology has not pressed 1
		{"cardiology presses 1", "cardiology presses 1"},
		{"customer and ana and cardiology hear each other", "ana and cardiology hear each other"}, // the customer is on hold
		{"customer and ana hear each other", ""},
		{"nobody hears anybody", ""},
		{"ana brings everybody together", "ana brings everybody together"},
		{"customer and ana and cardiology hear each other", "customer and ana and cardiology hear each other"},
	} {
		play(t, teller, step.line)
		ev, err := teller.event(strings.Fields(step.line))
		if err != nil {
			t.Fatal(err)
		}
		m := Moment{Contact: teller.Contact, Events: []call.Event{ev}}
		if got := strings.Join(teller.played.Happened(m), "; "); got != step.want {
			t.Errorf("%s: told as %q, want %q", step.line, got, step.want)
		}
	}
}

// TestHappenedToUnmet: a party who could not be dialled leaves no connection, and is
// named anyway.
func TestHappenedToUnmet(t *testing.T) {
	for _, test := range []struct {
		lines []string // of which the last two happen in one moment
		want  string
	}{
		{[]string{"customer calls ana", "ana answers", "ana is lost", "ana is busy"}, "ana cannot be reached: as it is"},
		{[]string{"customer calls ana", "ana answers", "ana transfers the customer to agent-ben", "agent-ben is busy"}, "agent-ben cannot be reached: as it is"},
		{[]string{"customer calls queue-sales", "queue-sales offers the customer to agent-ben", "agent-ben is unreachable"}, "agent-ben cannot be reached: as it is"},
		{[]string{"ana calls customer", "ana answers", "customer is not allowed"}, "customer cannot be reached: as it is"},
	} {
		teller, names := NewTeller(), Names{}
		last := len(test.lines) - 1
		play(t, teller, test.lines[:last-1]...)
		names.Meet(teller.Contact)
		play(t, teller, test.lines[last-1])
		ev, err := teller.event(strings.Fields(test.lines[last]))
		if err != nil {
			t.Fatal(err)
		}
		failed := ev.(call.Failed)
		failed.Detail = "as it is"
		play(t, teller, test.lines[last])
		names.Meet(teller.Contact)
		got := names.Happened(Moment{Contact: teller.Contact, Events: []call.Event{failed}})
		if len(got) != 1 || got[0] != test.want {
			t.Errorf("%q: told as %q, want %q", test.lines, got, test.want)
		}
	}
}
