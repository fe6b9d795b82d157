package switchboard

import (
	"bytes"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	"holdfast/call"
	"holdfast/notation"
)

// eventsMost is far more than one transition can need; a core that returns commands
// without end is stopped there.
const eventsMost = 10_000

// A transition is the next state of a contact and its legs when all waiting inputs
// are taken in: planned, but neither written down nor acted on. The desk's own state
// is not touched by it, so it can be thrown away and planned again.
type transition struct {
	desk *desk
	now  time.Time
	n    int // how many of the waiting inputs it takes in

	contact call.Contact
	legs    map[call.ConnectionID]Leg
	memory  map[call.ConnectionID][]byte // of each leg, once planned
	opened  []call.ConnectionID          // legs that were opened for it

	given map[call.ConnectionID]LegMemory // lines that another contact has or gets
	hands []handed                        // lines that it gives
	late  []*input                        // messages on lines that have gone
	takes []call.Take                     // lines that it asks for

	joined []call.ConnectionID // lines that take the place of others, opened for it

	reserves bool // agents are rung whose reservation must be written down first
	ahead    bool // it is heard before its entry is written

	facts  []fact // not yet taken in
	atOnce []exempt
	outstanding
	traced int // how many of the desk's traced its entry has
}

// A fact is an event that came in on a line or follows from one that did; in is nil
// if no message brought it.
type fact struct {
	event call.Event
	in    *input
}

// outstanding is the work left of a transition once it is decided: a record, and
// after that the messages and answers.
type outstanding struct {
	events   []call.Timed
	notified []call.Notify
	out      []message
	came     []handed      // lines that have come from other contacts
	turned   []notReplaced // lines that have not taken the place of others
	replies
}

// replies are the waiters' answers; one without an error gets the contact as
// it is recorded.
type replies []reply

type reply struct {
	waiter *waiter
	err    error
}

// A message is something that one leg wants done.
type message struct {
	from call.ConnectionID
	Outgoing
}

// exempt is the messages that may go out before anything is recorded, and the input
// that they answer.
type exempt struct {
	in  *input
	out []Outgoing
}

// plan takes in everything that waits.
func (d *desk) plan() *transition {
	t := &transition{
		desk: d, now: d.now(), n: len(d.waiting),
		contact: d.contact, legs: maps.Clone(d.legs), given: maps.Clone(d.given), outstanding: d.outstanding.clone(),
	}
	for _, in := range d.waiting {
		t.take(in)
	}
	t.finish()
	return t
}

// finish handles the legs once all inputs are taken in.
func (t *transition) finish() {
	t.dropUnrecorded()
	t.memory = map[call.ConnectionID][]byte{}
	for id, leg := range t.legs {
		t.memory[id] = leg.Memory()
	}
}

func (t *transition) take(in *input) {
	switch {
	case in.message != nil:
		t.receive(in)
	case in.line != nil:
		t.comes(in)
	case in.replaces != nil:
		t.replace(in)
	case in.kept != 0:
		delete(t.given, in.kept)
	case in.missed != nil:
		t.misses(*in.missed)
	case in.waiter != nil:
		t.replies = append(t.replies, reply{in.waiter, t.request(in, in.event)})
	default:
		t.emit(nil, in.event)
	}
	for len(t.facts) > 0 {
		f := t.facts[0]
		t.facts = t.facts[1:]
		if _, asks := f.event.(call.Request); asks && f.in != nil {
			t.ask(f.in, f.event)
			continue
		}
		if err := t.step(f.event); err != nil {
			t.desk.log.Error("the core has refused a fact", "event", notation.EventName(f.event), "error", err)
		}
	}
}

// emit queues events behind those that wait already.
func (t *transition) emit(in *input, events ...call.Event) {
	for _, ev := range events {
		t.facts = append(t.facts, fact{ev, in})
	}
}

// request takes a request in, or returns why it is not granted.
func (t *transition) request(in *input, ev call.Event) error {
	ev, err := t.consulted(ev)
	switch {
	case err != nil:
		return err
	case t.hasGiven(ev):
		return nil
	}
	if err := t.may(in, ev); err != nil {
		return err
	}
	return t.step(ev)
}

// may returns why a request is not granted, apart from the core's own refusals: a
// target may not be dialled, it comes too soon after others, or the agent is talking
// to another customer. Resume comes last: it changes routing.
func (t *transition) may(in *input, ev call.Event) error {
	if ask, ok := ev.(call.TransferRequested); ok {
		if err := t.permit(ask); err != nil {
			return err
		}
	}
	if err := t.paced(in, ev); err != nil {
		return err
	}
	by := talksThen(ev)
	if by == 0 {
		return nil
	}
	if _, _, err := call.Step(t.contact, t.now, ev); err != nil {
		return err
	}
	return t.desk.board.options.Router.Resume(t.contact, by)
}

// permit checks all targets of a transfer before the first is dialled: a list that
// cannot be gone through is not begun.
func (t *transition) permit(ask call.TransferRequested) error {
	for _, target := range append([]call.Endpoint{ask.Target}, ask.Others...) {
		if err := t.desk.board.options.Directory.Permit(target); err != nil {
			return err
		}
	}
	return nil
}

// talksThen is the agent whose request connects them to a party; zero: none.
func talksThen(ev call.Event) call.ConnectionID {
	switch ask := ev.(type) {
	case call.ResumeRequested:
		return ask.By
	case call.TransferRequested:
		if ask.Kind == call.Warm {
			return ask.By
		}
	}
	return 0
}

// receive gives a message to its leg. The exempt answers of a leg that stands
// as it was recorded need not wait; those of one that has moved on since may reveal a
// state that is not recorded yet, such as the repetition of a new answer.
func (t *transition) receive(in *input) {
	leg := t.legs[in.connection]
	if leg == nil { // it has gone
		t.late = append(t.late, in)
		return
	}
	stands := t.desk.owned && bytes.Equal(leg.Memory(), t.desk.memory[in.connection])
	p := leg.Receive(t.now, in.message)
	t.legs[in.connection] = p.Leg
	t.emit(in, p.Facts...)
	var now []Outgoing
	for _, o := range p.Out {
		switch {
		case o.Class() != Exempt:
			t.out = append(t.out, message{in.connection, o})
		case in.answered:
		case stands:
			now = append(now, o)
		default:
			t.out = append(t.out, message{in.connection, o})
		}
	}
	if len(now) > 0 {
		t.atOnce = append(t.atOnce, exempt{in, now})
	}
}

// step takes one event into the contact and plans the commands it gives.
func (t *transition) step(ev call.Event) error {
	c, commands, err := call.Step(t.contact, t.now, ev)
	if err != nil {
		return err
	}
	if secret(ev) && len(commands) == 0 && reflect.DeepEqual(c, t.contact) {
		return nil
	}
	before := t.contact
	t.contact = c
	t.events = append(t.events, call.Timed{At: t.now, Event: ev})
	if len(t.events) > eventsMost {
		panic(fmt.Sprintf("%d events in one transition, the last one %#v", len(t.events), ev))
	}
	if _, dials := ev.(call.Dialled); dials {
		t.reserveDialler()
	}
	for _, command := range commands {
		if give, gives := command.(call.Give); gives {
			t.give(before, give)
			continue
		}
		t.command(command)
	}
	return nil
}

// reserveDialler keeps an agent whose phone has dialled from other customers. They are on
// the phone in any case, so nothing comes of it if they cannot be reserved.
func (t *transition) reserveDialler() {
	t.reserves = true
	if err := t.desk.board.options.Router.Reserve(t.contact, t.contact.Connections[0].ID); err != nil {
		t.desk.log.Debug("an agent dials who cannot be reserved", "error", err)
	}
}

// secret: keys that meant nothing to the contact are not recorded. They may be a card
// number that a customer gives to another party.
func secret(ev call.Event) bool {
	_, key := ev.(call.Pressed)
	return key
}

// dropUnrecorded takes out the legs that were opened and given up again:
// nothing has been sent on them, so nothing need be.
func (t *transition) dropUnrecorded() {
	t.opened = slices.DeleteFunc(t.opened, func(id call.ConnectionID) bool {
		if hasConnection(t.contact, id) {
			return false
		}
		t.legs[id].Close()
		delete(t.legs, id)
		t.out = slices.DeleteFunc(t.out, func(m message) bool { return m.from == id })
		return true
	})
}

// discard closes the legs opened for a transition that will not happen, and sets the
// contact's recorded audio.
func (t *transition) discard() {
	if t.ahead {
		t.takeBack()
	}
	for _, id := range slices.Concat(t.opened, t.joined) {
		if leg := t.legs[id]; leg != nil {
			leg.Close()
		}
	}
	for _, h := range t.hands {
		if h.leg != nil && slices.Contains(t.joined, h.From.Connection) {
			h.leg.Close()
		}
	}
}

// changes reports whether there is anything to write down. A leg that goes is
// not worth an entry of its own: the next one leaves it out, and a successor that
// does not know learns it from the far end.
func (t *transition) changes() bool {
	if len(t.out) > 0 || len(t.notified) > 0 || len(t.given) != len(t.desk.given) || !reflect.DeepEqual(t.contact, t.desk.contact) {
		return true
	}
	for id, leg := range t.legs {
		if !leg.Gone() && !bytes.Equal(t.memory[id], t.desk.memory[id]) {
			return true
		}
	}
	return false
}

// customerGone reports whether the contact has lost its customer, or is about to drop
// them.
func (t *transition) customerGone() bool {
	if t.contact.Stage == "" {
		return false
	}
	return !slices.ContainsFunc(t.contact.Connections, func(c call.Connection) bool {
		return c.Party == call.Customer
	})
}

// entry is the transition as it is written down.
func (t *transition) entry() Entry {
	d := t.desk
	e := Entry{
		Version: EntryVersion, Owner: d.board.options.Node, Epoch: d.epoch, Step: d.step + 1,
		At: t.now, Contact: t.contact, Legs: map[call.ConnectionID]LegMemory{},
		Events: t.events, Notified: t.notified, Trace: slices.Clone(d.trace),
	}
	t.traced = len(d.trace)
	for id, leg := range t.legs {
		if !leg.Gone() {
			e.Legs[id] = LegMemory{Kind: leg.Kind(), Memory: t.memory[id]}
		}
	}
	maps.Copy(e.Legs, t.given)
	for _, m := range t.out {
		if line := m.Trace(); line != "" {
			e.Trace = append(e.Trace, stamp(t.now, line))
		}
	}
	return e
}

func (o outstanding) clone() outstanding {
	return outstanding{
		slices.Clone(o.events), slices.Clone(o.notified), slices.Clone(o.out), slices.Clone(o.came), slices.Clone(o.turned),
		slices.Clone(o.replies),
	}
}

func exemptOnly(out []Outgoing) bool {
	return !slices.ContainsFunc(out, func(o Outgoing) bool { return o.Class() != Exempt })
}

func hasConnection(c call.Contact, id call.ConnectionID) bool {
	return slices.ContainsFunc(c.Connections, func(c call.Connection) bool { return c.ID == id })
}

// isAway reports whether a party without a line keeps their place.
func isAway(c call.Contact, id call.ConnectionID) bool {
	return slices.ContainsFunc(c.Connections, func(c call.Connection) bool { return c.ID == id && c.State == call.Away })
}
