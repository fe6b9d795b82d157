package story

import (
	"slices"
	"strings"
	"testing"
)

// TestLinesReadBack: what a line does is told by the same line again.
func TestLinesReadBack(t *testing.T) {
	words := strings.NewReplacer("AGENT picks", "ben picks", "AGENT", "ana", "QUEUE", "queue-sales", "TARGET", "reception",
		"NAME", "cardiology", "TIME", "5s", "KEY", "1", "DIGITS", "12#")
	for _, form := range Lines {
		if strings.Contains(form, "TIME passes") || strings.Contains(form, "away") || strings.Contains(form, "time is up") || strings.Contains(form, "the rule") {
			continue // no event of their own
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
