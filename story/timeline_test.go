package story

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"holdfast/call"
)

// TestTimeline draws a cold transfer and looks for its people, its events and
// what was heard in a well-formed picture.
func TestTimeline(t *testing.T) {
	teller := NewTeller()
	var moments []Moment
	for _, l := range []string{
		"customer calls ana", "ana answers", "ana transfers the customer to cardiology",
		"cardiology rings", "cardiology answers", "customer and ana and cardiology hear each other", "customer hangs up",
	} {
		ev, err := teller.event(strings.Fields(l))
		if err != nil {
			t.Fatal(err)
		}
		teller.step(ev)
		moments = append(moments, Moment{At: teller.Now, Contact: teller.Contact, Events: []call.Event{ev}})
		teller.wait(1500 * time.Millisecond)
	}
	start := moments[0].At
	svg := Timeline("A <cold> transfer", moments, []Track{
		{"customer heard", []Span{{start.Add(1500 * time.Millisecond), start.Add(3 * time.Second), "ana"}}},
	})
	if path := os.Getenv("TIMELINE"); path != "" { // to look at it
		if err := os.WriteFile(path, []byte(svg), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{
		">A &lt;cold&gt; transfer<", ">cardiology<", ">held<", ">hears hold audio<",
		">ana transfers the customer to cardiology<", ">customer heard<",
	} {
		if !strings.Contains(svg, want) {
			t.Errorf("the picture lacks %q", want)
		}
	}
	wellFormed(t, svg)
}

func wellFormed(t *testing.T, svg string) {
	t.Helper()
	dec := xml.NewDecoder(strings.NewReader(svg))
	for {
		_, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}
