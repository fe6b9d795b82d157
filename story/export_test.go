package story

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"holdfast/call"
)

// A past is a contact that there was, and what happened in it.
type past struct {
	contact call.Contact
	now     time.Time
	records []call.Timed
}

func newPast() *past { return &past{now: time.Date(2026, 11, 23, 12, 0, 0, 123456789, time.UTC)} }

// after lets something happen after a time. What is refused is not written down.
func (p *past) after(d time.Duration, ev call.Event) *past {
	p.now = p.now.Add(d)
	c, _, err := call.Step(p.contact, p.now, ev)
	if err == nil {
		p.contact = c
		p.records = append(p.records, call.Timed{At: p.now, Event: ev})
	}
	return p
}

// retold exports the past and has another teller hear it.
func (p *past) retold(t interface {
	Helper()
	Fatalf(string, ...any)
}) (lines string) {
	t.Helper()
	story, err := Export(p.records)
	lines = strings.Join(story, "\n")
	if err != nil {
		t.Fatalf("%v\n%s", err, lines)
	}
	teller := NewTeller()
	for _, line := range story {
		if _, err := teller.Tell(line); err != nil {
			t.Fatalf("%v\n%s", err, lines)
		}
	}
	if got, want := outline(teller.Contact), outline(p.contact); got != want {
		t.Fatalf("the story ends as\n%s\nwant\n%s\nit was\n%s", got, want, lines)
	}
	return lines
}

func at(kind call.EndpointKind, address, name string) call.Endpoint {
	return call.Endpoint{Kind: kind, Address: address, Name: name}
}

var (
	caller     = at(call.PhoneNumber, "+4930123", "")
	ana        = at(call.AgentEndpoint, "ana", "")
	cardiology = at(call.URI, "sip:cardiology@192.0.2.1", "cardiology")
)

func transferTo(e call.Endpoint) call.TransferRequested {
	return call.TransferRequested{By: 2, Kind: call.Cold, Target: e}
}

func TestExport(t *testing.T) {
	rules := call.DefaultRules()
	rules.RingFor = call.Duration(3 * time.Second)
	got := newPast().
		after(0, call.Arrived{Customer: caller, Agent: ana, Rules: rules}).
		after(250*time.Millisecond, call.Rang{Connection: 2}).
		after(1234567890, call.Answered{Connection: 2}).
		after(1e6, call.Joined{Connections: []call.ConnectionID{1, 2}}).
		after(time.Minute, transferTo(cardiology)).
		after(3*time.Second+300_000, call.DeadlinePassed{}). // told a little late
		after(0, call.Joined{}).
		after(time.Second, call.Recovered{}).
		after(time.Second, call.TransferRequested{By: 2, Kind: call.Cold, Target: cardiology, RingFor: call.Duration(5 * time.Second), Key: "try 2"}).
		after(9*time.Second, call.Recovered{}).
		after(1e6, call.Answered{Connection: 4}).
		after(1e6, call.Joined{Connections: []call.ConnectionID{1, 2, 4}}).
		after(2*time.Second, call.HungUp{Connection: 4}). // too early
		after(4*time.Second, call.DeadlinePassed{}).      // stale: ana rings on
		after(time.Second, call.Answered{Connection: 2}). // as late as can be: they have gone
		after(time.Second, call.HungUp{Connection: 1}).
		retold(t)
	want := `the rule ring_for is 3s
customer calls ana
250ms passes
ana rings
1.235s passes
ana answers
1ms passes
customer and ana hear each other
1m0s passes
ana transfers the customer to cardiology
time is up after 3s
nobody hears anybody
1s passes
the server restarts
1s passes
ana transfers the customer to cardiology for 5s with key try-2
4.999s passes
the server is away for 4.001s
1ms passes
cardiology answers
1ms passes
customer and ana and cardiology hear each other
2s passes
cardiology hangs up
5s passes
ana#1 answers
1s passes
customer hangs up`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// Places are told apart by where they are, whatever they are called.
func TestExportGivesEverybodyANameOfTheirOwn(t *testing.T) {
	p := newPast().
		after(0, call.Arrived{Customer: caller, Agent: at(call.AgentEndpoint, "1", "the")}).
		after(0, call.Answered{Connection: 2})
	for i, name := range []string{"the", "customer", "front desk", "front-desk", "", "passes", "sip:x y@192.0.2.1"} {
		p.after(0, transferTo(at(call.URI, string(rune('a'+i)), name))).
			after(0, call.Failed{Connection: call.ConnectionID(3 + i), Reason: call.Busy})
	}
	p.after(0, call.TransferRequested{By: 2, Kind: call.Cold, Target: cardiology, Key: "\t1"}).
		after(0, call.CancelRequested{By: 2}).
		after(0, call.TransferRequested{By: 2, Kind: call.Cold, Target: cardiology, Key: " 1"})
	lines := p.retold(t)
	for _, want := range []string{
		"customer calls the-2", "the-2 answers", "the-2 transfers the customer to the-3", "customer-2 is busy",
		"front-desk is busy", "front-desk-2 is busy", "passes is busy", "sip:x-y@192.0.2.1 is busy", "e is busy",
		"to cardiology with key 1\n", "to cardiology with key 1-2",
	} {
		if !strings.Contains(lines, want) {
			t.Errorf("%q is not in\n%s", want, lines)
		}
	}
}

// A target who leaves a moment before they have taken the customer gives them
// back, and one who leaves a moment later does not.
func TestExportIsAsExactAsItMustBe(t *testing.T) {
	for stayed, want := range map[time.Duration]call.Stage{
		10*time.Second - 1: call.Returning,
		10 * time.Second:   call.Over,
	} {
		p := newPast().
			after(0, call.Arrived{Customer: caller, Agent: ana}).
			after(0, call.Answered{Connection: 2}).
			after(0, transferTo(cardiology)).
			after(1_700_000, call.Answered{Connection: 3}).
			after(0, call.Joined{Connections: []call.ConnectionID{1, 3}}).
			after(stayed, call.HungUp{Connection: 3})
		if p.contact.Stage != want {
			t.Fatalf("after %s the contact is %s, want %s", stayed, p.contact.Stage, want)
		}
		p.retold(t)
	}
}

func TestExportSaysWhatCannotBeTold(t *testing.T) {
	whole := newPast().after(0, call.Arrived{Customer: caller, Agent: ana}).after(0, call.Answered{Connection: 2}).records
	for want, history := range map[string][]call.Timed{
		"nothing has happened":              nil,
		"its beginning is missing":          whole[1:],
		"HoldRequested would have been ref": append(whole, call.Timed{At: whole[0].At, Event: call.HoldRequested{By: 7}}),
	} {
		_, err := Export(history)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// TestExportsOfAnything: whatever happens, in any order, with deadlines that
// are told late and a server that is away, can be told again.
func TestExportsOfAnything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := newPast()
		agent := anyPlace(t, "agent")
		rules := call.DefaultRules()
		rules.RecallFor = call.Duration(rapid.Int64Range(1, 30e9).Draw(t, "return for"))
		rules.HandOvers = rapid.IntRange(1, 3).Draw(t, "hand-overs")
		if rapid.Bool().Draw(t, "backed") {
			rules.Fallback = at(call.QueueEndpoint, "front desk", "")
		}
		p.after(0, rapid.SampledFrom([]call.Event{
			call.Arrived{Customer: caller, Agent: agent, Rules: rules},
			call.Originated{Customer: caller, Agent: agent, Rules: rules},
			call.Dialled{Customer: caller, Agent: agent, Rules: rules},
		}).Draw(t, "beginning"))
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			p.anything(t)
		}
		p.retold(t)
	})
}

// anyPlace is one of several whose names clash.
func anyPlace(t *rapid.T, what string) call.Endpoint {
	return rapid.SampledFrom([]call.Endpoint{
		ana, cardiology, at(call.URI, "sip:ana@192.0.2.1", "ana"), at(call.URI, "sip:x@192.0.2.2", "cardiology"),
		at(call.AgentEndpoint, "customer", ""), at(call.PhoneNumber, "+49301", "queue desk"), at(call.QueueEndpoint, "front desk", ""),
		at(call.URI, "sip:y@192.0.2.2", "agent-ana"), at(call.AgentEndpoint, "queue", ""),
	}).Draw(t, what)
}

// anything lets time pass and something happen. A deadline that passes is
// usually told when it has come.
func (p *past) anything(t *rapid.T) {
	wait := time.Duration(rapid.Int64Range(0, 15e9).Draw(t, "wait"))
	prompt := rapid.IntRange(0, 9).Draw(t, "prompt") > 0
	for end := p.now.Add(wait); prompt; {
		deadline := p.contact.Deadline()
		if deadline.IsZero() || deadline.After(end) {
			break
		}
		late := time.Duration(rapid.Int64Range(0, 3e9).Draw(t, "late"))
		p.after(max(0, deadline.Sub(p.now))+late, call.DeadlinePassed{})
		wait = max(0, end.Sub(p.now))
	}
	if rapid.Bool().Draw(t, "asked") {
		p.after(wait, anyRequest(t, p.anybody(t, "by"), p.anybody(t, "whom")))
	} else {
		p.after(wait, anyFact(t, p.anybody(t, "who")))
	}
}

func (p *past) anybody(t *rapid.T, what string) call.ConnectionID {
	return call.ConnectionID(rapid.IntRange(1, int(p.contact.LastConnection)).Draw(t, what))
}

func anyFact(t *rapid.T, who call.ConnectionID) call.Event {
	return rapid.SampledFrom([]call.Event{
		call.Rang{Connection: who}, call.Rang{Connection: who, EarlyMedia: true},
		call.Answered{Connection: who}, call.Answered{Connection: who}, call.Answered{Connection: who},
		call.Failed{Connection: who, Reason: call.Declined}, call.HungUp{Connection: who},
		call.Pressed{Connection: who, Key: "1"}, call.Pressed{Connection: who, Key: "#"}, call.Played{Connection: who},
		call.Replaced{Connection: who, Agent: anyPlace(t, "replaced")},
		call.Lost{Connection: who}, call.Lost{Connection: who, MayReturn: true}, call.Back{Connection: who},
		call.Joined{Connections: []call.ConnectionID{1, who}}, call.Joined{}, call.DeadlinePassed{}, call.Recovered{},
	}).Draw(t, "fact")
}

func anyRequest(t *rapid.T, by, whom call.ConnectionID) call.Event {
	transfer := call.TransferRequested{
		By: by, Kind: rapid.SampledFrom([]call.Kind{call.Cold, call.Warm, call.Blind}).Draw(t, "kind"),
		Target: anyPlace(t, "target"), Parallel: rapid.Bool().Draw(t, "parallel"),
		RingFor: call.Duration(rapid.Int64Range(0, 15e9).Draw(t, "ring for")), Supersede: rapid.Bool().Draw(t, "instead"),
	}
	transfer.Confirm = rapid.Bool().Draw(t, "with-confirm")
	transfer.Resume = rapid.Bool().Draw(t, "resuming")
	transfer.Reported = rapid.Bool().Draw(t, "reported")
	if rapid.IntRange(0, 3).Draw(t, "consulted") == 0 {
		transfer.Consulted = elsewhere
	}
	for range rapid.IntRange(0, 2).Draw(t, "others") {
		transfer.Others = append(transfer.Others, anyPlace(t, "other"))
	}
	return rapid.SampledFrom([]call.Event{
		transfer, transfer, transfer, call.AcceptRequested{By: by}, call.RejectRequested{By: by},
		call.HoldRequested{By: by, Connection: whom}, call.ResumeRequested{By: by, Connection: whom},
		call.MuteRequested{By: by, Muted: true}, call.MuteRequested{By: by},
		call.DigitsRequested{By: by, Connection: whom, Digits: "12#"}, call.CancelRequested{By: by},
		call.SwapRequested{By: by}, call.ConferenceRequested{By: by}, call.CompleteRequested{By: by},
		call.LeaveRequested{By: by}, call.EndRequested{By: by}, call.DestroyRequested{By: by, Connection: whom},
		call.PickUpRequested{Agent: anyPlace(t, "picks up")},
		call.GiveRequested{By: by, Agent: anyPlace(t, "gives")},
	}).Draw(t, "request")
}

// TestEveryRuleHasALine compares the table of rules with the type.
func TestEveryRuleHasALine(t *testing.T) {
	for i := range reflect.TypeFor[call.Rules]().NumField() {
		r := call.DefaultRules()
		field := reflect.ValueOf(&r).Elem().Field(i)
		if field.Type() != reflect.TypeFor[call.Duration]() {
			continue // no time limit
		}
		field.SetInt(field.Int() + int64(time.Second))
		lines := ruleLines(r)
		if len(lines) != 1 {
			t.Fatalf("rule %s is told as %q", reflect.TypeFor[call.Rules]().Field(i).Name, lines)
		}
		teller := NewTeller()
		if _, err := teller.Tell(lines[0]); err != nil || teller.rules != r {
			t.Errorf("%s: %v, gives %+v, want %+v", lines[0], err, teller.rules, r)
		}
	}
	if lines := ruleLines(call.Rules{}); len(lines) > 0 {
		t.Errorf("a contact without rules of its own has %q", lines)
	}
}
