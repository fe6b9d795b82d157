package story

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"holdfast/call"
)

// Names are the names of a contact's parties in a story.
type Names map[call.ConnectionID]string

// Meet learns the names of everyone in the contact. A name is one word.
func (n Names) Meet(c call.Contact) {
	for _, x := range c.Connections {
		if n[x.ID] == "" {
			n[x.ID] = nameOf(x)
		}
	}
}

func nameOf(c call.Connection) string {
	if c.Party == call.Customer {
		return "customer"
	}
	return word(c.Endpoint)
}

func word(e call.Endpoint) string { return strings.ReplaceAll(e.String(), " ", "-") }

// Line is an event as a line of a story, as Teller.Tell reads it. A passed
// deadline has no line of its own; time passing brings it about.
func (n Names) Line(ev call.Event) string {
	switch ev := ev.(type) {
	case call.Fact:
		return n.fact(ev)
	case call.Request:
		return n.request(ev)
	}
	return ""
}

// Happened describes the events of a moment for a person, a line each. Unlike in
// a story, a deadline that passed has a line; and for audio that was agreed it
// lists only the parties who hear each other now, because audio is also agreed
// for a party who is on hold or hears a prompt. A party who could not even be
// dialled has left no connection in the contact, so the line names them.
func (n Names) Happened(m Moment) []string {
	var lines []string
	for _, ev := range m.Events {
		if failed, ok := ev.(call.Failed); ok && n[failed.Connection] == "" {
			lines = append(lines, undialable(m.Contact, failed))
			continue
		}
		if agreed, ok := ev.(call.Joined); ok {
			agreed.Connections = mutual(m.Contact, agreed.Connections)
			if len(agreed.Connections) == 0 {
				continue
			}
			ev = agreed
		}
		lines = append(lines, cmp.Or(n.Line(ev), "time is up"))
	}
	return lines
}

// undialable describes a party whose connection began and ended in one moment.
func undialable(c call.Contact, ev call.Failed) string {
	line := unmet(c, ev.Connection) + " cannot be reached"
	if ev.Detail != "" {
		line += ": " + ev.Detail
	}
	return line
}

// unmet names a party that the contact has only tried to dial: a target, the
// agent a queue has offered the customer to, the customer an agent calls, or else
// the agent responsible.
func unmet(c call.Contact, id call.ConnectionID) string {
	for _, t := range c.Transfers() {
		for _, a := range t.Attempts {
			if a.Connection == id {
				return word(a.Target)
			}
		}
	}
	for _, x := range c.Connections {
		if x.Offer.Ended != "" {
			return word(x.Offer.Agent)
		}
	}
	if c.Stage == call.Over && c.EndedBy == call.Customer {
		return "customer"
	}
	return word(c.Agent)
}

// mutual are those of some parties who hear another one of them, and are heard.
func mutual(c call.Contact, parties []call.ConnectionID) []call.ConnectionID {
	from := map[call.ConnectionID][]call.ConnectionID{}
	for _, h := range call.Hears(c) {
		from[h.Connection] = h.From
	}
	return slices.DeleteFunc(slices.Clone(parties), func(one call.ConnectionID) bool {
		return !slices.ContainsFunc(parties, func(other call.ConnectionID) bool {
			return slices.Contains(from[one], other) && slices.Contains(from[other], one)
		})
	})
}

func (n Names) fact(ev call.Fact) string {
	switch ev := ev.(type) {
	case call.Arrived:
		return "customer calls " + word(ev.Agent) + backed(ev.Rules)
	case call.Originated:
		return word(ev.Agent) + " calls customer" + backed(ev.Rules)
	case call.Dialled:
		return word(ev.Agent) + " dials customer" + backed(ev.Rules)
	case call.Replaced:
		return n[ev.Connection] + " goes on with another phone"
	case call.Rang:
		if ev.EarlyMedia {
			return n[ev.Connection] + " sends audio early"
		}
		return n[ev.Connection] + " rings"
	case call.Answered:
		return n[ev.Connection] + " answers"
	case call.Failed:
		return n[ev.Connection] + " " + failure(ev.Reason)
	case call.Offered:
		return n.offer(ev)
	case call.Withdrawn:
		return n[ev.Connection] + " takes its offer back"
	case call.Pressed:
		return n[ev.Connection] + " presses " + ev.Key
	case call.Played:
		return n[ev.Connection] + " has heard the prompt"
	case call.HungUp:
		return n[ev.Connection] + " hangs up"
	case call.Lost:
		if ev.MayReturn {
			return n[ev.Connection] + " is away"
		}
		return n[ev.Connection] + " is lost"
	case call.Back:
		return n[ev.Connection] + " is back"
	case call.HoldBegan:
		return n[ev.Connection] + " holds by phone"
	case call.HoldEnded:
		return n[ev.Connection] + " resumes by phone"
	case call.Joined:
		return n.joined(ev)
	case call.DeadlinePassed:
		return ""
	case call.Recovered:
		return "the server restarts"
	}
	return ""
}

func (n Names) request(ev call.Request) string {
	switch ev := ev.(type) {
	case call.AcceptRequested:
		return n[ev.By] + " accepts the call"
	case call.RejectRequested:
		return n[ev.By] + " rejects the call"
	case call.HoldRequested:
		return n[ev.By] + " holds " + n[ev.Connection]
	case call.ResumeRequested:
		return n[ev.By] + " resumes " + n[ev.Connection]
	case call.MuteRequested:
		if ev.Muted {
			return n[ev.By] + " mutes"
		}
		return n[ev.By] + " unmutes"
	case call.DigitsRequested:
		return n[ev.By] + " sends " + ev.Digits + " to " + n[ev.Connection]
	case call.RecordRequested:
		if ev.On {
			return n[ev.By] + " records the customer"
		}
		return n[ev.By] + " stops recording"
	case call.TransferRequested:
		return n.transfer(ev)
	case call.CancelRequested:
		return n[ev.By] + " cancels the transfer"
	case call.SwapRequested:
		return n[ev.By] + " swaps"
	case call.ConferenceRequested:
		return n[ev.By] + " brings everybody together"
	case call.CompleteRequested:
		return n[ev.By] + " completes the transfer"
	case call.LeaveRequested:
		return n[ev.By] + " leaves"
	case call.EndRequested:
		return n[ev.By] + " ends the contact"
	case call.DestroyRequested:
		return n[ev.By] + " destroys " + n[ev.Connection]
	case call.GiveRequested:
		return n[ev.By] + " gives the customer to another contact"
	case call.PickUpRequested:
		return word(ev.Agent) + " picks up the customer"
	}
	return ""
}

func (n Names) offer(ev call.Offered) string {
	line := n[ev.Connection] + " offers the customer to " + word(ev.Agent)
	if ev.RingFor > 0 {
		line += " for " + ev.RingFor.String()
	}
	return line
}

func backed(r call.Rules) string {
	if r.Fallback == (call.Endpoint{}) {
		return ""
	}
	return " backed by " + word(r.Fallback)
}

func (n Names) transfer(ev call.TransferRequested) string {
	words := []string{n[ev.By], "transfers the customer to", word(ev.Target)}
	say := func(is bool, what ...string) {
		if is {
			words = append(words, what...)
		}
	}
	for _, other := range ev.Others {
		say(ev.Parallel, "and", word(other))
		say(!ev.Parallel, "then", word(other))
	}
	say(ev.Kind == call.Warm, "warm")
	say(ev.Kind == call.Blind, "blind")
	say(ev.Confirm, "with-confirm")
	say(ev.Whisper, "with-whisper")
	say(ev.Resume, "resuming")
	say(ev.Supersede, "instead")
	say(ev.Reported, "reported")
	say(ev.Consulted != call.Place{}, "consulted")
	say(ev.RingFor > 0, "for", ev.RingFor.String())
	say(ev.Key != "", "with key", strings.Join(strings.Fields(ev.Key), "-"))
	return strings.Join(words, " ")
}

func (n Names) report(c call.Report) string {
	line := fmt.Sprintf("report to %s: %s is %s", n[c.Connection], c.Transfer, c.Progress)
	if c.Reason != "" {
		line += " (" + string(c.Reason) + ")"
	}
	return line
}

func (n Names) joined(ev call.Joined) string {
	if len(ev.Connections) == 0 {
		return "nobody hears anybody"
	}
	var who []string
	for _, id := range ev.Connections {
		who = append(who, n[id])
	}
	return strings.Join(who, " and ") + " hear each other"
}

func failure(why call.Reason) string {
	for line, reason := range failures {
		if reason == why {
			return line
		}
	}
	return "fails"
}

// State is a contact in one line: its stage, and each party with their state and
// the parties they are meant to hear.
func (n Names) State(c call.Contact) string {
	hears := hearings(c, n)
	var people []string
	for _, x := range c.Connections {
		p := n[x.ID] + " " + string(x.State)
		if x.Holding {
			p += " (holds by phone)"
		}
		if o := x.Offer; o.Ended != "" {
			p += " (" + word(o.Agent) + " " + string(o.Ended) + ")"
		}
		if h := hears[x.ID]; h != "" {
			p += " hears " + h
		}
		people = append(people, p)
	}
	if len(people) == 0 {
		return string(c.Stage)
	}
	return string(c.Stage) + ": " + strings.Join(people, "; ")
}
