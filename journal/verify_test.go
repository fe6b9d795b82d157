package journal

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"holdfast/call"
	"holdfast/switchboard"
)

// A past writes the entries of a contact as a desk does.
type past struct {
	t    testing.TB
	j    *Journal
	last switchboard.Entry
	from call.Contact // what the last entry was made of
}

func newPast(t testing.TB, j *Journal, id string) *past {
	return &past{t: t, j: j, last: switchboard.Entry{
		Owner: "one", Epoch: 1, At: noon, Contact: call.Contact{ID: call.ContactID(id)},
	}}
}

// then makes the next entry of what happens a second later; change, if any,
// makes it untrue before it is written.
func (p *past) then(change func(*switchboard.Entry), events ...call.Event) *past {
	p.t.Helper()
	p.from = p.last.Contact
	return p.write(p.last.Step+1, change, events)
}

// instead replaces the last entry by one of other events.
func (p *past) instead(change func(*switchboard.Entry), events ...call.Event) *past {
	p.t.Helper()
	p.last.Contact = p.from
	return p.write(p.last.Step, change, events)
}

func (p *past) write(step uint64, change func(*switchboard.Entry), events []call.Event) *past {
	p.t.Helper()
	e := p.last
	e.Step, e.At, e.Events = step, e.At.Add(time.Second), nil
	for _, ev := range events {
		c, _, err := call.Step(e.Contact, e.At, ev)
		if err != nil {
			p.t.Fatal(err)
		}
		e.Contact = c
		e.Events = append(e.Events, call.Timed{At: e.At, Event: ev})
	}
	p.last = e
	if change != nil {
		change(&e)
	}
	m, err := encode(e)
	if err != nil {
		p.t.Fatal(err)
	}
	m.Subject = contactSubject(p.last.Contact.ID)
	p.publish(m)
	return p
}

// publish writes a message, whatever it says.
func (p *past) publish(m *nats.Msg) {
	p.t.Helper()
	if _, err := p.j.js.PublishMsg(p.t.Context(), m); err != nil {
		p.t.Fatal(err)
	}
}

var arrival = call.Arrived{
	Customer: call.Endpoint{Kind: call.PhoneNumber, Address: "+4930123"},
	Agent:    call.Endpoint{Kind: call.AgentEndpoint, Address: "ana"},
}

func (p *past) talking() *past {
	p.t.Helper()
	return p.then(nil, arrival).then(nil, call.Rang{Connection: 2}).then(nil, call.Answered{Connection: 2})
}

func (p *past) over() *past {
	p.t.Helper()
	p.then(nil, call.HungUp{Connection: 1})
	if err := p.j.Archive(p.t.Context(), p.last.Contact.ID); err != nil {
		p.t.Fatal(err)
	}
	return p
}

func takeOver(e *switchboard.Entry) { e.Owner, e.Epoch = "two", e.Epoch+1 }

// verify closes a journal and verifies it.
func verify(t testing.TB, j *Journal) Report {
	t.Helper()
	r, err := look(t, j).Verify(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestVerifyFindsNothingWrong(t *testing.T) {
	j := open(t, t.TempDir())
	newPast(t, j, "a").talking().over()
	p := newPast(t, j, "b").talking().
		then(nil, call.HoldRequested{By: 2, Connection: 1}).
		instead(nil, call.HoldRequested{By: 2, Connection: 1}, call.Joined{}).
		instead(nil). // it was taken back, and something came on the line
		then(takeOver, call.Recovered{})
	takeOver(&p.last)
	p.then(nil, call.HoldRequested{By: 2, Connection: 1}).
		then(func(e *switchboard.Entry) { e.Contact.OnHold += 40 }, call.ResumeRequested{By: 2, Connection: 1})
	newPast(t, j, "c").talking()
	want := fmt.Sprint(Report{Live: 2, Archived: 1, Entries: 4 + 9 + 3, Replaced: 2})
	if got := fmt.Sprint(verify(t, j)); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestVerifyFindsMistakes plants each in a contact that is right otherwise.
func TestVerifyFindsMistakes(t *testing.T) {
	change := func(f func(*switchboard.Entry)) func(*past) {
		return func(p *past) { p.then(f, call.HoldRequested{By: 2, Connection: 1}) }
	}
	raw := func(data string) func(*past) {
		return func(p *past) {
			p.publish(&nats.Msg{Subject: "contact.b", Data: []byte(data)})
			p.last.Step++
		}
	}
	for want, plant := range map[string]func(*past){
		"step 5 comes after step 3":                                change(func(e *switchboard.Entry) { e.Step++ }),
		"step 1 comes after step 3":                                change(func(e *switchboard.Entry) { e.Step = 1 }),
		"epoch 0 comes after epoch 1":                              change(func(e *switchboard.Entry) { e.Epoch-- }),
		`in epoch 1 the owner was "one", and here it is "two"`:     change(func(e *switchboard.Entry) { e.Owner = "two" }),
		"step 3 is there again in another epoch":                   func(p *past) { p.instead(takeOver, call.Answered{Connection: 2}) },
		`its events give stage "talking", but written is "parked"`: change(func(e *switchboard.Entry) { e.Contact.Stage = call.Parked }),
		`its events give connections[0].state "held", but written is "connected"`: change(func(e *switchboard.Entry) {
			e.Contact.Connections[0].State = call.Connected
		}),
		`its events give past[0].attempts nothing, but written is null`: change(func(e *switchboard.Entry) {
			e.Contact.Past = []call.Transfer{{ID: "t1"}}
		}),
		`its events give onHold nothing, but written is "1s"`: change(func(e *switchboard.Entry) { e.Contact.OnHold = call.Duration(time.Second) }),
		`its events give connections[0].since "2026-11-23T12:00:04Z", but written is "2026-11-23T12:00:03Z"`: change(func(e *switchboard.Entry) {
			e.Contact.Connections[0].Since = e.At.Add(-time.Second)
		}),
		"HoldRequested would have been refused: you are not in this contact any more": change(func(e *switchboard.Entry) {
			e.Events[0].Event = call.HoldRequested{By: 7, Connection: 1}
		}),
		`its headers say step 9 of epoch 1, written by "one"`: func(p *past) {
			p.then(nil)
			stored, err := p.j.contacts.GetLastMsgForSubject(p.t.Context(), "contact.b")
			if err != nil {
				p.t.Fatal(err)
			}
			stored.Header.Set(headerStep, "9")
			p.publish(&nats.Msg{Subject: "contact.b", Data: stored.Data, Header: stored.Header})
		},
		`it is about contact "x"`:      raw(`{"version":1,"contact":{"id":"x"}}`),
		"a newer Holdfast wrote it":    raw(`{"version":99}`),
		"unexpected end of JSON input": raw(`{"version":1,`),
		`unknown event "Beamed"`:       raw(`{"version":1,"contact":{"id":"b"},"events":[{"event":"Beamed"}]}`),
	} {
		t.Run(want, func(t *testing.T) {
			j := open(t, t.TempDir())
			newPast(t, j, "a").talking().over()
			p := newPast(t, j, "b").talking()
			plant(p)
			newPast(t, j, "c").talking()
			last, err := j.contacts.GetLastMsgForSubject(t.Context(), "contact.b")
			if err != nil {
				t.Fatal(err)
			}
			r := verify(t, j)
			if r.Wrong != 1 || r.Mistakes[0].Subject != "contact.b" || !strings.Contains(r.Mistakes[0].Text, want) {
				t.Errorf("got %+v", r)
			}
			if r.Mistakes[0].Seq != last.Sequence {
				t.Errorf("the mistake is in entry %d, not in %d", r.Mistakes[0].Seq, last.Sequence)
			}
		})
	}
}

// An entry that says nothing of use hides no mistake after it, and makes none.
func TestVerifyGoesOnAfterAMistake(t *testing.T) {
	j := open(t, t.TempDir())
	p := newPast(t, j, "a").talking()
	p.publish(&nats.Msg{Subject: "contact.a", Data: []byte("{")})
	p.last.Step++
	p.then(nil, call.HoldRequested{By: 2, Connection: 1})
	for range 2 * mistakesShown {
		p.then(func(e *switchboard.Entry) { e.Contact.Called = fmt.Sprint(e.Step) })
	}
	r := verify(t, j)
	if want := 1 + 2*mistakesShown; r.Wrong != want || len(r.Mistakes) != mistakesShown || r.Mistakes[0].Seq != 4 || r.Mistakes[1].Seq != 6 {
		t.Errorf("%d wrong, want %d; shown: %v", r.Wrong, want, r.Mistakes)
	}
}

func TestVerifyMissesABeginning(t *testing.T) {
	j := open(t, t.TempDir())
	newPast(t, j, "a").talking()
	if err := j.contacts.DeleteMsg(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	r := verify(t, j)
	if r.Wrong != 1 || r.Mistakes[0].String() != "entry 2 of contact.a: it is step 2, and the steps before it are missing" {
		t.Errorf("got %+v", r)
	}
}

// A contact that nobody could have been in does no harm.
func TestVerifySurvivesNonsense(t *testing.T) {
	j := open(t, t.TempDir())
	newPast(t, j, "a").talking().
		then(func(e *switchboard.Entry) { e.Contact.Stage, e.Contact.Connections = call.Joining, nil }).
		then(func(e *switchboard.Entry) {
			e.Events = []call.Timed{{At: noon, Event: call.Joined{Connections: []call.ConnectionID{1}}}}
		})
	r := verify(t, j)
	if r.Wrong != 2 || !strings.Contains(r.Mistakes[1].Text, "its events cannot be taken in") {
		t.Errorf("got %+v", r)
	}
}

func TestVerifyReadsToTheEndOrSaysSo(t *testing.T) {
	j := open(t, t.TempDir())
	newPast(t, j, "a").talking()
	ctx, cancel := context.WithCancel(t.Context())
	l := look(t, j)
	cancel()
	if r, err := l.Verify(ctx); err == nil {
		t.Errorf("got %+v although it was cancelled", r)
	}
}
