package main

import (
	"context"
	"fmt"
	"slices"

	"holdfast/call"
	"holdfast/client"
)

// A progress prints the progress of a transfer, each step once.
type progress struct {
	out   terminal
	quiet bool
	told  map[told]bool
}

// told is a line already printed about an attempt.
type told struct {
	attempt call.ConnectionID
	text    string
}

// follow prints the transfer's progress until it is decided, or its target is
// being consulted. An error is the reason why it came to neither.
func (p *progress) follow(ctx context.Context, c *client.Client, id call.ContactID, t call.Transfer) (call.Transfer, error) {
	for e, err := range c.EventsOf(ctx, id, 0) {
		if err != nil {
			return t, fmt.Errorf("waiting for the transfer: %w", err)
		}
		now := transferOf(e.Contact, t.ID)
		if now == nil {
			continue
		}
		t = *now
		p.tell(t)
		switch {
		case t.Outcome != "":
			return t, decided(t, e.Contact)
		case e.Contact.Stage == call.Consulting:
			p.say(plain, fmt.Sprintf("%s\nnext: holdfast complete, conference, swap or cancel %s", consultation(e.Contact), id))
			return t, nil
		}
	}
	return t, fmt.Errorf("the transfer to %s is still under way; `holdfast cancel %s` takes it back", t.Target(), id)
}

// decided is nil only for a transfer that completed.
func decided(t call.Transfer, c call.Contact) error {
	if t.Outcome == call.Completed {
		return nil
	}
	a := decisive(t)
	return fmt.Errorf("the transfer to %s has not completed: %s%s", a.Target, why(t.Reason, a.Detail), whereabouts(c))
}

// decisive is the attempt that a transfer has ended with.
func decisive(t call.Transfer) call.Attempt {
	return slices.MaxFunc(t.Attempts, func(a, b call.Attempt) int { return a.Ended.Compare(b.Ended) })
}

// tell prints each new step. Why the last attempt failed is left to the error
// from decided.
func (p *progress) tell(t call.Transfer) {
	for _, a := range t.Attempts {
		name := a.Target.String()
		p.once(a, "dialling "+name+"…")
		if !a.Rang.IsZero() {
			p.once(a, name+" rings…")
		}
		if !a.Answered.IsZero() {
			p.once(a, name+" has answered…")
		}
		switch {
		case a.Ended.IsZero() || t.Outcome != "" && t.Outcome != call.Completed && a.Connection == decisive(t).Connection:
		case a.Reason == call.Elsewhere:
			p.once(a, name+" rings no more")
		default:
			p.once(a, name+": "+why(a.Reason, a.Detail))
		}
	}
	if t.Outcome == call.Completed {
		p.say(green, fmt.Sprintf("completed: %s has the customer", t.Target()))
	}
}

func (p *progress) once(a call.Attempt, text string) {
	if key := (told{a.Connection, text}); !p.told[key] {
		if p.told == nil {
			p.told = map[told]bool{}
		}
		p.told[key] = true
		p.say(plain, text)
	}
}

func (p *progress) say(c colour, text string) {
	if !p.quiet {
		fmt.Fprintln(p.out, p.out.paint(c, text))
	}
}

// whereabouts is how the customer is now, as the end of a sentence.
func whereabouts(c call.Contact) string {
	switch c.Stage {
	case call.Returning:
		return fmt.Sprintf("; %s is being recalled", c.Agent)
	case call.Parked:
		return "; the customer is parked"
	case call.Talking:
		if held(c, call.Customer) {
			return "; the customer is on hold"
		}
	case call.Offering, call.Dialling, call.Reaching, call.Consulting, call.Joining, call.Finishing, call.Over:
	}
	return ""
}

func transferOf(c call.Contact, id string) *call.Transfer {
	if c.Transfer != nil && c.Transfer.ID == id {
		return c.Transfer
	}
	for i := range c.Past {
		if c.Past[i].ID == id {
			return &c.Past[i]
		}
	}
	return nil
}
