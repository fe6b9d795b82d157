package story

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"holdfast/call"
	"holdfast/notation"
)

// Export writes the history of a contact, from its beginning, as a story. A Teller
// that plays it comes to the same stage, with the same people in the same states
// and the same transfers. A party whose name is taken gets another, and times are
// exact to the millisecond, or more exact where that matters.
//
// An error names the event that cannot be written; the lines are the story up to
// there.
func Export(history []call.Timed) ([]string, error) {
	lines, err := export(history, time.Millisecond)
	if err != nil {
		if exact, err := export(history, time.Nanosecond); err == nil {
			return exact, nil
		}
	}
	return lines, err
}

func export(history []call.Timed, precision time.Duration) ([]string, error) {
	if len(history) == 0 {
		return nil, errors.New("nothing has happened")
	}
	x := exporter{teller: NewTeller(), precision: precision, words: newVocabulary()}
	x.ahead = x.teller.Now.Sub(history[0].At)
	var truth call.Contact
	for _, r := range history {
		before := truth
		var err error
		if truth, _, err = call.Step(before, r.At, r.Event); err != nil {
			return x.lines, fmt.Errorf("%s would have been refused: %w", notation.EventName(r.Event), err)
		}
		if truth.Stage == "" {
			return nil, errors.New("its beginning is missing")
		}
		if mayMeanNothing(r.Event) && reflect.DeepEqual(truth, before) {
			continue
		}
		if err := x.tell(r); err != nil {
			return x.lines, err
		}
	}
	if was, told := outline(truth), outline(x.teller.Contact); was != told {
		return x.lines, fmt.Errorf("the story ends as %s, but the contact was %s", told, was)
	}
	return x.lines, nil
}

// mayMeanNothing reports whether an event is left out if it had no effect. The
// line of an offer does not number it: an offer made twice would be played as two.
func mayMeanNothing(ev call.Event) bool {
	switch ev.(type) {
	case call.DeadlinePassed, call.Offered, call.Withdrawn, call.Replaced:
		return true
	}
	return false
}

// An exporter writes a story, and plays each line to see its effect.
type exporter struct {
	teller    *Teller
	ahead     time.Duration // how far the teller's clock is ahead of the true one
	precision time.Duration
	words     vocabulary
	lines     []string
}

func (x *exporter) say(line string) error {
	said, err := x.teller.Tell(line)
	if err != nil {
		return err
	}
	x.lines = append(x.lines, line)
	if len(said) > 0 && strings.HasPrefix(said[0], "refused: ") {
		return fmt.Errorf("%q is %s", line, said[0])
	}
	return nil
}

func (x *exporter) tell(r call.Timed) error {
	var limits call.Rules
	switch ev := r.Event.(type) {
	case call.DeadlinePassed:
		left := x.teller.Contact.Deadline().Sub(x.teller.Now)
		return x.say("time is up after " + max(0, left).String())
	case call.Arrived:
		limits = ev.Rules
	case call.Originated:
		limits = ev.Rules
	case call.Dialled:
		limits = ev.Rules
	default:
	}
	for _, line := range ruleLines(limits) {
		if err := x.say(line); err != nil {
			return err
		}
	}
	missing, err := x.pass(r.At)
	if err != nil {
		return err
	}
	if _, ok := r.Event.(call.Recovered); ok && missing > 0 {
		return x.say("the server is away for " + missing.String())
	}
	x.ahead -= missing
	return x.say(x.names().Line(x.rename(r.Event)))
}

// until is how long it is to a true time, by the teller's clock.
func (x *exporter) until(at time.Time) time.Duration {
	return at.Add(x.ahead).Sub(x.teller.Now).Round(x.precision)
}

// pass lets time pass until at, but stops short of a deadline: the contact did not
// see it before at. It returns how much time is missing.
func (x *exporter) pass(at time.Time) (missing time.Duration, err error) {
	wanted := max(0, x.until(at))
	d := wanted
	if deadline := x.teller.Contact.Deadline(); !deadline.IsZero() {
		d = min(d, max(0, deadline.Sub(x.teller.Now)-x.precision))
	}
	if d > 0 {
		err = x.say(d.String() + " passes")
	}
	return wanted - d, err
}

// names are the names that the teller understands.
func (x *exporter) names() Names {
	names := Names{}
	for id, name := range x.teller.played {
		said := name
		for n := 1; x.teller.named[said] != id; n++ {
			said = numbered(name, n)
		}
		names[id] = said
	}
	return names
}

// rename is the event with the words of the story.
func (x *exporter) rename(ev call.Event) call.Event {
	switch ev := ev.(type) {
	case call.Arrived:
		ev.Agent, ev.Rules.Fallback = x.place(ev.Agent), x.fallback(ev.Rules)
		return ev
	case call.Originated:
		ev.Agent, ev.Rules.Fallback = x.place(ev.Agent), x.fallback(ev.Rules)
		return ev
	case call.Dialled:
		ev.Agent, ev.Rules.Fallback = x.place(ev.Agent), x.fallback(ev.Rules)
		return ev
	case call.TransferRequested:
		ev.Target = x.target(ev.Target)
		ev.Others = slices.Clone(ev.Others)
		for i := range ev.Others {
			ev.Others[i] = x.target(ev.Others[i])
		}
		ev.Key = x.key(ev.Key)
		return ev
	case call.PickUpRequested:
		ev.Agent = x.place(ev.Agent)
		return ev
	default: // has no names that it does not know already
		return ev
	}
}

// place is the endpoint of a party who is rung as an agent.
func (x *exporter) place(e call.Endpoint) call.Endpoint { return x.as("", e) }

func (x *exporter) fallback(r call.Rules) call.Endpoint {
	if r.Fallback == (call.Endpoint{}) {
		return r.Fallback
	}
	return x.place(r.Fallback)
}

// target is where a target is reached. It matters whether the target is an agent,
// because an agent who gets the customer may make an agent's requests.
func (x *exporter) target(e call.Endpoint) call.Endpoint {
	if e.Kind == call.AgentEndpoint {
		return x.as("agent-", e)
	}
	return x.as("", e)
}

func (x *exporter) as(what string, e call.Endpoint) call.Endpoint {
	if e.Kind == call.QueueEndpoint {
		what = "queue-"
	}
	like := what + sayable(e.String())
	if what == "" && place(like).Kind != call.URI {
		like = "the-" + like // whose name only sounds so
	}
	return place(x.words.word(what+"endpoint "+string(e.Kind)+" "+e.Address, like))
}

func (x *exporter) key(key string) string {
	if key == "" {
		return ""
	}
	return x.words.word("key "+key, sayable(key))
}

// outline is the part of a contact that a story preserves.
func outline(c call.Contact) string {
	var b strings.Builder
	b.WriteString(string(c.Stage))
	for _, x := range c.Connections {
		fmt.Fprintf(&b, " %d:%s:%s:%t", x.ID, x.Party, x.State, x.Holding)
	}
	for _, t := range c.Transfers() {
		fmt.Fprintf(&b, " %s:%s:%s:%s", t.ID, t.Kind, t.Outcome, t.Reason)
		for _, a := range t.Attempts {
			fmt.Fprintf(&b, " %d:%s", a.Connection, a.Reason)
		}
	}
	return b.String()
}
