// Package story turns lines that a person would write into events of a contact,
// and what became of them into lines that a person would read. It decides
// nothing: package call does.
//
//	customer calls ana
//	ana answers
//	ana transfers the customer to cardiology
//	20s pass
//	customer hangs up
//
// Lines lists every form.
package story

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"holdfast/call"
)

// Lines are the forms a story's lines take. Upper-case words stand for names;
// the customer is always called "customer".
var Lines = []string{
	"customer calls AGENT",
	"NAME rings",
	"NAME sends sound early",
	"NAME answers",
	"NAME is busy",
	"NAME does not answer",
	"NAME declines",
	"NAME is unreachable",
	"NAME is not found",
	"NAME is not allowed",
	"NAME fails",
	"NAME hangs up",
	"NAME is lost",
	"AGENT holds NAME",
	"AGENT resumes NAME",
	"AGENT transfers the customer to TARGET",
	"AGENT transfers the customer to TARGET for TIME",
	"AGENT transfers the customer to TARGET with key KEY",
	"AGENT cancels the transfer",
	"AGENT picks up the customer",
	"NAME and NAME hear each other",
	"TIME passes",
	"the server restarts",
	"the server is away for TIME",
}

// A Teller plays a story on one contact, with a clock of its own: time passes
// only when a line says so, and deadlines on the way are met in order.
type Teller struct {
	Contact call.Contact
	Now     time.Time

	told  Names
	named map[string]call.ConnectionID // the latest connection of that name
}

// NewTeller returns a teller at the beginning of a contact.
func NewTeller() *Teller {
	return &Teller{
		Contact: call.Contact{ID: "story"},
		Now:     time.Date(2026, 1, 1, 9, 0, 0, 0, time.UTC),
		told:    Names{},
		named:   map[string]call.ConnectionID{},
	}
}

// Tell plays one line and returns what came of it, a line for each command and
// one for the contact afterwards. An error means that the line makes no sense;
// a request that was refused is no error but a line.
func (t *Teller) Tell(line string) ([]string, error) {
	words := strings.Fields(line)
	if len(words) < 2 {
		return nil, fmt.Errorf("%q: a line is somebody and what they do", line)
	}
	if last := words[len(words)-1]; last == "passes" || last == "pass" {
		d, err := time.ParseDuration(words[0])
		if err != nil || len(words) != 2 || d < 0 {
			return nil, fmt.Errorf("%q: a time looks like 20s or 1m30s", line)
		}
		return t.wait(d), nil
	}
	if strings.HasPrefix(line, "the server is away for ") {
		d, err := time.ParseDuration(words[len(words)-1])
		if err != nil || d < 0 {
			return nil, fmt.Errorf("%q: a time looks like 20s or 1m30s", line)
		}
		t.Now = t.Now.Add(d) // nobody is there to meet a deadline
		return append(t.step(call.Recovered{}), t.State()), nil
	}
	ev, err := t.event(words)
	if err != nil {
		return nil, fmt.Errorf("%q: %w", line, err)
	}
	return append(t.step(ev), t.State()), nil
}

// wait lets time pass, meeting each deadline on the way.
func (t *Teller) wait(d time.Duration) []string {
	var out []string
	end := t.Now.Add(d)
	for {
		next := t.Contact.Deadline()
		if next.IsZero() || next.After(end) {
			t.Now = end
			return append(out, t.State())
		}
		t.Now = next
		out = append(out, t.step(call.DeadlinePassed{})...)
	}
}

// step feeds one event and tells the commands.
func (t *Teller) step(ev call.Event) []string {
	after, commands, err := call.Step(t.Contact, t.Now, ev)
	var refusal *call.Refusal
	if errors.As(err, &refusal) {
		return []string{"refused: " + refusal.Text}
	}
	t.Contact = after
	t.told.Meet(after)
	for _, c := range after.Connections {
		t.named[t.told[c.ID]] = c.ID
	}
	var out []string
	for _, c := range commands {
		out = append(out, t.command(c))
	}
	return out
}

func (t *Teller) command(c call.Command) string {
	switch c := c.(type) {
	case call.Ring:
		return t.told[c.Connection] + " hears ringing"
	case call.Answer:
		return "answer " + t.told[c.Connection]
	case call.Refuse:
		return fmt.Sprintf("refuse %s (%s)", t.told[c.Connection], c.Reason)
	case call.Dial:
		return "dial " + t.told[c.Connection]
	case call.Drop:
		return "drop " + t.told[c.Connection]
	case call.Tell:
		return fmt.Sprintf("tell %s: %s", t.told[c.Connection], c.Text)
	default:
		return fmt.Sprintf("unsupported command %T", c)
	}
}

// State is the contact in one line, as Names.State tells it.
func (t *Teller) State() string { return "= " + t.told.State(t.Contact) }
