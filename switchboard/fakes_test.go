package switchboard

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"holdfast/call"
)

// A trace is what the world saw, in order.
type trace struct {
	mu     sync.Mutex
	events []traced
}

// A traced is a message sent, or an entry that Append has returned for.
type traced struct {
	sent    string // "-> 2 INVITE"
	class   Class
	written []string // lines of an entry
}

func (tr *trace) add(e traced) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.events = append(tr.events, e)
}

// sent is every message so far, in order.
func (tr *trace) sent() []string {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	var lines []string
	for _, e := range tr.events {
		if e.sent != "" {
			lines = append(lines, e.sent)
		}
	}
	return lines
}

func (tr *trace) count(line string) int {
	n := 0
	for _, l := range tr.sent() {
		if l == line {
			n++
		}
	}
	return n
}

// checkWriteAhead finds a message that went out before an entry with its line
// had been written. Each line in an entry stands for one message.
func checkWriteAhead(events []traced) error {
	written := map[string]int{}
	for _, e := range events {
		for _, line := range e.written {
			_, line, _ = strings.Cut(line, " ")
			written[line]++
		}
		if e.sent == "" || e.class == Exempt {
			continue
		}
		if written[e.sent] == 0 {
			return fmt.Errorf("%q was sent before it was recorded", e.sent)
		}
		written[e.sent]--
	}
	return nil
}

// out is a message of a fake leg.
type out struct {
	trace *trace
	line  string
	class Class
}

func (o out) Class() Class  { return o.class }
func (o out) Trace() string { return o.line }
func (o out) Send() error {
	o.trace.add(traced{sent: o.line, class: o.class})
	return nil
}

// A tuning is the setting of a fake leg.
type tuning struct {
	legs    *fakeLegs
	id      call.ConnectionID
	on, was bool
	answers bool
}

func (s tuning) Class() Class {
	if s.answers {
		return Journaled
	}
	return Local
}

func (tuning) Trace() string { return "" }
func (s tuning) Precede()    { s.legs.tune(s.id, s.on) }
func (s tuning) Undo()       { s.legs.tune(s.id, s.was) }
func (s tuning) Send() error { s.legs.tune(s.id, s.on); return nil }

// msg is a message to a fake leg.
type msg string

func (m msg) Trace() string { return "<- " + string(m) }

// A fakeLeg is a telephone line reduced to what matters at the desk.
type fakeLeg struct {
	lines   *fakeLegs
	contact call.ContactID
	ID      call.ConnectionID
	State   string // "", offered, calling, up, cancelling, ending, gone
	Epoch   uint16
	Line    call.ConnectionID // its first key, wherever it has gone since
	again   time.Time         // when an unanswered INVITE is repeated; not remembered
}

// second is the contact that a test may have besides c1. Its connection 1 is 101 in what
// tests see.
const second call.ContactID = "c2"

// key tells connections of the two contacts apart.
func (l fakeLeg) key() call.ConnectionID {
	if l.contact == second {
		return 100 + l.ID
	}
	return l.ID
}

// fakeKind is the kind of all fake legs.
const fakeKind = "fake"

func (fakeLeg) Kind() string { return fakeKind }

func (l fakeLeg) Memory() []byte {
	b, err := json.Marshal(struct {
		ID    call.ConnectionID
		State string
		Epoch uint16
		Line  call.ConnectionID
	}{l.ID, l.State, l.Epoch, l.Line})
	if err != nil {
		panic(err)
	}
	return b
}

func (l fakeLeg) Gone() bool          { return l.State == "gone" }
func (l fakeLeg) Deadline() time.Time { return l.again }
func (l fakeLeg) Close() {
	l.lines.closed(l.key())
	l.lines.holds(l.Line, -1)
}

func (l fakeLeg) Receive(now time.Time, in Incoming) Plan {
	switch in := in.(type) {
	case Tick:
		l.again = time.Time{}
		return l.plan("", nil, l.out(Exempt, "INVITE again"))
	case Resumed:
		up := l.State == "up"
		return l.plan("", nil, tuning{l.lines, l.key(), up, up, false}, l.out(Exempt, "setting"), l.out(Journaled, "resumed"))
	case Granted:
		return l.plan("", nil, l.out(Journaled, "202 to REFER"))
	case Refused:
		return l.plan("", nil, l.out(Journaled, "refused: "+in.Err.Error()))
	case msg:
		if in == "REFER consulted" {
			l.Epoch += 100
			return l.plan("", []call.Event{call.TransferRequested{
				By: l.ID, Kind: call.Cold, Reported: true, Manner: call.Manner{Resume: true},
				Consulted: call.Place{Contact: second, Connection: cmp.Or(l.lines.names, 1)},
			}})
		}
		if to, refers := strings.CutPrefix(string(in), "REFER "); refers {
			l.Epoch += 100
			return l.plan("", []call.Event{call.TransferRequested{
				By: l.ID, Kind: call.Cold, Reported: true, Manner: call.Manner{Resume: true},
				Target: call.Endpoint{Kind: call.PhoneNumber, Address: to},
			}})
		}
		return l.message(in)
	}
	panic(fmt.Sprintf("unexpected %T", in))
}

func (l fakeLeg) message(m msg) Plan {
	if m == "180" || m == "200" {
		l.again = time.Time{}
	}
	switch string(m) + " when " + l.State {
	case "INVITE when ":
		return l.plan("offered", []call.Event{l.lines.arrival}, l.out(Exempt, "100"))
	case "DIAL when ":
		a := l.lines.arrival
		return l.plan("offered", []call.Event{call.Dialled{Agent: a.Agent, Customer: l.lines.dialled, Rules: a.Rules}}, l.out(Exempt, "100"))
	case "INVITE replaces when ":
		return l.plan("offered", nil, l.out(Exempt, "100"))
	case "INVITE when offered":
		return l.plan("", nil, l.out(Exempt, "100"))
	case "CANCEL when offered":
		return l.plan("gone", []call.Event{call.HungUp{Connection: l.ID}}, l.out(Exempt, "200 to CANCEL"), l.out(Journaled, "487"))
	case "CANCEL when ":
		return l.plan("", nil, l.out(Exempt, "481"))
	case "180 when calling":
		return l.plan("", []call.Event{call.Rang{Connection: l.ID}})
	case "200 when calling":
		return l.plan("up", []call.Event{call.Answered{Connection: l.ID}}, l.out(Journaled, "ACK"))
	case "200 when up":
		return l.plan("", nil, l.out(Exempt, "ACK again"))
	case "200 when cancelling":
		return l.plan("ending", nil, l.out(Journaled, "ACK"), l.out(Ending, "BYE"))
	case "486 when calling":
		return l.plan("gone", []call.Event{call.Failed{Connection: l.ID, Reason: call.Busy, Detail: "486"}}, l.out(Exempt, "ACK"))
	case "487 when cancelling", "481 when ending", "200 to BYE when ending":
		return l.plan("gone", nil)
	case "BYE when up", "BYE when ending":
		return l.plan("gone", []call.Event{call.HungUp{Connection: l.ID}}, l.out(Exempt, "200 to BYE"))
	case "refresh when up":
		l.Epoch += 100
		return l.plan("", nil, l.out(Journaled, "200 to refresh"))
	case "INFO 1 when up": // a key
		l.Epoch += 100
		return l.plan("", []call.Event{call.Pressed{Connection: l.ID, Key: "1"}}, l.out(Exempt, "200 to INFO"))
	case "bug when up":
		panic("a leg with a mistake")
	}
	if m == "OPTIONS" {
		return l.plan("", nil, l.out(Exempt, "200 to OPTIONS"))
	}
	return l.plan("", nil)
}

func (l fakeLeg) Plan(now time.Time, c call.Command) Plan {
	switch c := c.(type) {
	case call.Report:
		return l.plan("", nil, l.out(Journaled, strings.TrimSpace(fmt.Sprintf("NOTIFY %s %s", c.Progress, c.Reason))))
	case call.Introduce:
		if !l.lines.shows {
			break
		}
		return l.plan("", nil, l.out(Journaled, "UPDATE "+c.Party.Address))
	case call.Ring:
		return l.plan("", nil, l.out(Journaled, "180"))
	case call.Answer, call.Join:
		p := l.plan("up", nil)
		p.Out = []Outgoing{tuning{l.lines, l.key(), true, false, true}, l.out(Journaled, "200")}
		return p
	case call.Refuse:
		return l.plan("gone", nil, l.out(Journaled, "480"))
	case call.Dial:
		l.again = now.Add(500 * time.Millisecond)
		return l.plan("calling", nil, l.out(Journaled, "INVITE"))
	case call.Drop:
		l.again = time.Time{}
		switch l.State {
		case "up":
			return l.plan("ending", nil, l.out(Ending, "BYE"))
		case "calling":
			return l.plan("cancelling", nil, l.out(Ending, "CANCEL"))
		}
	}
	return l.plan("", nil)
}

// plan is the leg in a new state ("": the same).
func (l fakeLeg) plan(state string, facts []call.Event, o ...Outgoing) Plan {
	if was, is := l.State == "up", state == "up"; state != "" && was != is {
		o = append([]Outgoing{tuning{l.lines, l.key(), is, was, false}}, o...)
	}
	if state != "" {
		l.State = state
	}
	return Plan{Leg: l, Facts: facts, Out: o}
}

func (l fakeLeg) out(c Class, what string) Outgoing {
	return out{l.lines.trace, fmt.Sprintf("-> %d %s", l.key(), what), c}
}

// fakeLegs count who is open.
type fakeLegs struct {
	trace   *trace
	arrival call.Arrived
	dialled call.Endpoint              // by an agent's phone
	names   call.ConnectionID          // ana's line in the second contact; 0: 1
	shows   bool                       // lines show who is on the other end
	noDial  error                      // what Dial says
	broken  map[call.ConnectionID]bool // cannot be restored

	mu    sync.Mutex
	open  map[call.ConnectionID]int
	tuned map[call.ConnectionID]bool       // has its audio
	held  map[call.ConnectionID]int        // legs that hold a line, by Line
	twice []call.ConnectionID              // lines that two legs have held at once
	at    map[call.ConnectionID]call.Place // where a line that was restored is, by Line
}

func (f *fakeLegs) tune(id call.ConnectionID, on bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tuned[id] = on
}

func (f *fakeLegs) isTuned(id call.ConnectionID) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.tuned[id]
}

func (f *fakeLegs) Dial(contact call.ContactID, epoch uint16, d call.Dial) (Leg, error) {
	if f.noDial != nil {
		return nil, f.noDial
	}
	l := fakeLeg{lines: f, contact: contact, ID: d.Connection, Epoch: epoch}
	if contact == "c1" || contact == second {
		l.Line = l.key()
	}
	f.opened(l.key())
	f.holds(l.Line, 1)
	return l, nil
}

// holds counts the legs that hold a line.
func (f *fakeLegs) holds(line call.ConnectionID, n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.held[line] += n; line != 0 && f.held[line] > 1 {
		f.twice = append(f.twice, line)
	}
}

func (f *fakeLegs) Restore(contact call.ContactID, id call.ConnectionID, epoch uint16, m LegMemory) (Leg, error) {
	if f.broken[id] {
		return nil, errors.New("no port is free")
	}
	if m.Kind != fakeKind {
		return nil, fmt.Errorf("a leg of kind %q is unknown", m.Kind)
	}
	l := fakeLeg{lines: f}
	if err := json.Unmarshal(m.Memory, &l); err != nil {
		return nil, err
	}
	l.Epoch, l.contact, l.ID = epoch, contact, id
	f.opened(l.key())
	f.holds(l.Line, 1)
	f.tune(l.key(), l.State == "up")
	f.mu.Lock()
	defer f.mu.Unlock()
	f.at[l.Line] = call.Place{Contact: contact, Connection: id}
	return l, nil
}

func (f *fakeLegs) opened(id call.ConnectionID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.open[id]++
}

func (f *fakeLegs) closed(id call.ConnectionID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.open[id]--
}

// still is which connections have a leg that was not closed.
func (f *fakeLegs) still() []call.ConnectionID {
	f.mu.Lock()
	defer f.mu.Unlock()
	var ids []call.ConnectionID
	for id, n := range f.open {
		if n != 0 {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}
