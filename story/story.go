// Package story turns lines that a person would write into events of a contact,
// and their effects into lines that a person would read. It decides nothing: package
// call does.
//
//	customer calls ana
//	ana answers
//	ana transfers the customer to cardiology
//	20s passes
//	customer hangs up
//
// Vocabulary lists every form. Export writes such a story of a contact that there was.
package story

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"holdfast/call"
)

// Vocabulary are the forms a story's lines take. Upper-case words stand for names;
// the customer is always called "customer". A name means the last party with it: of
// several with the same name, ana#1 is the first who joined, ana#2 the second. A line
// that is empty or begins with # is not part of the story.
var Vocabulary = []string{
	"the rule RULE is TIME",
	"customer calls AGENT",
	"customer calls AGENT backed by QUEUE",
	"AGENT calls customer",
	"AGENT calls customer backed by QUEUE",
	"AGENT dials customer",
	"AGENT dials customer backed by QUEUE",
	"NAME rings",
	"NAME sends audio early",
	"NAME answers",
	"NAME is busy",
	"NAME does not answer",
	"NAME declines",
	"NAME is unreachable",
	"NAME is not found",
	"NAME is not allowed",
	"NAME fails",
	"QUEUE offers the customer to AGENT",
	"QUEUE offers the customer to AGENT for TIME",
	"QUEUE offers the customer to AGENT again",
	"QUEUE takes its offer back",
	"QUEUE takes an earlier offer back",
	"NAME presses KEY",
	"NAME has heard the prompt",
	"NAME hangs up",
	"NAME is lost",
	"AGENT is away",
	"AGENT is back",
	"AGENT goes on with another phone",
	"AGENT accepts the call",
	"AGENT rejects the call",
	"AGENT holds NAME",
	"AGENT resumes NAME",
	"AGENT mutes",
	"AGENT unmutes",
	"AGENT sends DIGITS to NAME",
	"AGENT transfers the customer to TARGET",
	"AGENT transfers the customer to TARGET then TARGET",
	"AGENT transfers the customer to TARGET and TARGET",
	"AGENT transfers the customer to TARGET warm",
	"AGENT transfers the customer to TARGET blind",
	"AGENT transfers the customer to TARGET with-confirm with-whisper resuming instead",
	"AGENT transfers the customer to TARGET reported",
	"AGENT transfers the customer to TARGET consulted",
	"AGENT transfers the customer to TARGET for TIME",
	"AGENT transfers the customer to TARGET with key KEY",
	"AGENT records the customer",
	"AGENT stops recording",
	"AGENT cancels the transfer",
	"AGENT swaps",
	"AGENT brings everybody together",
	"AGENT completes the transfer",
	"AGENT leaves",
	"AGENT ends the contact",
	"AGENT destroys NAME",
	"AGENT gives the customer to another contact",
	"AGENT picks up the customer",
	"NAME and NAME hear each other",
	"nobody hears anybody",
	"TIME passes",
	"time is up after TIME",
	"the server restarts",
	"the server is away for TIME",
}

// A Teller plays a story on one contact, with a clock of its own: time passes only by
// a line of the story, and deadlines on the way are met in order.
type Teller struct {
	Contact call.Contact
	Now     time.Time

	rules  call.Rules
	played Names
	named  map[string]call.ConnectionID // also by numbered names
}

// NewTeller returns a teller at the beginning of a contact.
func NewTeller() *Teller {
	return &Teller{
		Contact: call.Contact{ID: "story"},
		Now:     time.Date(2026, 1, 1, 9, 0, 0, 0, time.UTC),
		rules:   call.DefaultRules(),
		played:  Names{},
		named:   map[string]call.ConnectionID{},
	}
}

// Tell plays one line and returns its effect, a line for each command and one for the
// contact afterwards. An error means that the line makes no sense; a refused request
// is not an error but gives a line.
func (t *Teller) Tell(line string) ([]string, error) {
	words := strings.Fields(line)
	if len(words) == 0 || strings.HasPrefix(words[0], "#") {
		return nil, nil
	}
	out, err := t.tell(words)
	if err != nil {
		return nil, fmt.Errorf("%q: %w", line, err)
	}
	return out, nil
}

func (t *Teller) tell(words []string) ([]string, error) {
	away, isAway := strings.CutPrefix(strings.Join(words, " "), "the server is away for ")
	after, isUp := strings.CutPrefix(strings.Join(words, " "), "time is up after ")
	switch {
	case len(words) < 2:
		return nil, errors.New("a line must have a name and an action")
	case words[0] == "the" && words[1] == "rule":
		return nil, t.rule(words)
	case len(words) == 2 && (words[1] == "passes" || words[1] == "pass"):
		d, err := duration(words[0])
		if err != nil {
			return nil, err
		}
		return t.wait(d), nil
	case isAway:
		return t.later(away, call.Recovered{})
	case isUp:
		return t.later(after, call.DeadlinePassed{})
	}
	ev, err := t.event(words)
	if err != nil {
		return nil, err
	}
	return append(t.step(ev), t.State()), nil
}

// later feeds an event after a time in which no deadline was handled, as if the server
// had been down.
func (t *Teller) later(after string, ev call.Event) ([]string, error) {
	d, err := duration(after)
	if err != nil {
		return nil, err
	}
	t.Now = t.Now.Add(d)
	return append(t.step(ev), t.State()), nil
}

// wait lets time pass, meeting each deadline on the way; first, those that came while
// the server was down. The effects of those before the end are printed with their
// time.
func (t *Teller) wait(d time.Duration) []string {
	var out []string
	began, end := t.Now, t.Now.Add(d)
	for {
		next := t.Contact.Deadline()
		if next.IsZero() || next.After(end) {
			t.Now = end
			return append(out, t.State())
		}
		if next.After(t.Now) {
			t.Now = next
		}
		for _, said := range t.step(call.DeadlinePassed{}) {
			if t.Now.Before(end) {
				said = "after " + t.Now.Sub(began).String() + ": " + said
			}
			out = append(out, said)
		}
	}
}

// step feeds one event and returns a line for each command.
func (t *Teller) step(ev call.Event) []string {
	after, commands, err := call.Step(t.Contact, t.Now, ev)
	var refusal *call.Refusal
	if errors.As(err, &refusal) {
		return []string{"refused: " + refusal.Text}
	}
	t.Contact = after
	t.meet(after)
	var out []string
	for _, c := range commands {
		out = append(out, t.command(c))
	}
	return out
}

// meet learns the names of parties that have joined.
func (t *Teller) meet(c call.Contact) {
	for _, x := range c.Connections {
		if t.played[x.ID] != "" {
			continue
		}
		name, n := nameOf(x), 1
		for t.named[numbered(name, n)] != 0 {
			n++
		}
		t.played[x.ID] = name
		t.named[name], t.named[numbered(name, n)] = x.ID, x.ID
	}
}

// numbered is the name of the n-th of several who bear the same.
func numbered(name string, n int) string { return fmt.Sprintf("%s#%d", name, n) }

func (t *Teller) command(c call.Command) string {
	switch c := c.(type) {
	case call.Ring:
		return t.played[c.Connection] + " hears ringing"
	case call.Answer:
		return "answer " + t.played[c.Connection]
	case call.Refuse:
		return fmt.Sprintf("refuse %s (%s)", t.played[c.Connection], c.Reason)
	case call.Dial:
		return "dial " + t.played[c.Connection]
	case call.Drop:
		return "drop " + t.played[c.Connection]
	case call.Digits:
		return fmt.Sprintf("press %s for %s", c.Digits, t.played[c.Connection])
	case call.Notify:
		return fmt.Sprintf("tell %s: %s", t.played[c.Connection], c.Text)
	case call.Take:
		return fmt.Sprintf("take %s from %s", t.played[c.Connection], c.From.Contact)
	case call.Give:
		return fmt.Sprintf("give %s to %s", t.played[c.Connection], c.To.Contact)
	case call.Join:
		return "join " + t.played[c.Connection]
	case call.Introduce:
		return fmt.Sprintf("introduce %s to %s", word(c.Party), t.played[c.Connection])
	case call.Report:
		return t.played.report(c)
	default:
		return fmt.Sprintf("unsupported command %T", c)
	}
}

// State is the contact in one line, as Names.State writes it.
func (t *Teller) State() string { return "= " + t.played.State(t.Contact) }
