package call_test

import (
	"fmt"
	"slices"
	"time"

	"holdfast/call"
)

// A stepper is call.Step, or call.Step with a fault planted in it.
type stepper func(call.Contact, time.Time, call.Event) (call.Contact, []call.Command, error)

// A world is a contact with what is around it: the time, and the lines that
// exist, as somebody at the switchboard would see them.
type world struct {
	c     call.Contact
	now   time.Time
	lines map[call.ConnectionID]bool // dialled or rung in, and not ended
}

func newWorld() world {
	return world{c: call.Contact{ID: "world"}, now: time.Unix(1e9, 0)}
}

// A move is one event taken in by a world, and what came of it.
type move struct {
	before   world
	ev       call.Event
	after    world
	commands []call.Command
	refused  error
}

// take has the world take an event in at its time.
func (w world) take(step stepper, ev call.Event) move {
	m := move{before: w, ev: ev, after: w}
	m.after.c, m.commands, m.refused = step(w.c, w.now, ev)
	m.after.lines = m.follow()
	return m
}

// follow keeps the lines: who leaves, fails or is dropped has none any more.
func (m move) follow() map[call.ConnectionID]bool {
	lines := map[call.ConnectionID]bool{}
	for id := range m.before.lines {
		lines[id] = true
	}
	switch ev := m.ev.(type) {
	case call.Arrived, call.Dialled:
		lines[1] = true
	case call.HungUp:
		delete(lines, ev.Connection)
	case call.Lost:
		if x := find(m.after.c, ev.Connection); x == nil || x.State != call.Away {
			delete(lines, ev.Connection) // the place of who is away is kept for their new line
		}
	case call.Failed:
		if who := find(m.before.c, ev.Connection); who == nil || rungByUs(m.before.c, who) {
			delete(lines, ev.Connection)
		}
	default:
	}
	for id := range lines { // a queue has no line any more when somebody has taken its place
		place := find(m.before.c, id)
		if place != nil && place.Endpoint.Kind == call.QueueEndpoint && tookPlace(m, id) {
			delete(lines, id)
		}
	}
	for _, c := range m.commands {
		switch c := c.(type) {
		case call.Dial:
			lines[c.Connection] = true
		case call.Take:
			lines[c.Connection] = true
		case call.Join:
			lines[c.Connection] = true
		case call.Give:
			delete(lines, c.Connection)
		case call.Drop:
			delete(lines, c.Connection)
		case call.Refuse:
			delete(lines, c.Connection)
		default:
		}
	}
	return lines
}

// tookPlace reports whether the agent that a queue has found answers, with the
// phone that rings or with another.
func tookPlace(m move, place call.ConnectionID) bool {
	var id call.ConnectionID
	switch ev := m.ev.(type) {
	case call.Answered:
		id = ev.Connection
	case call.Replaced:
		id = ev.Connection
		if find(m.after.c, id) != nil {
			return false
		}
	}
	who := find(m.before.c, id)
	return who != nil && who.For == place
}

// customerOf is the customer's connection, also when they have left; 0 while
// they have not been rung.
func customerOf(c call.Contact) call.ConnectionID {
	for _, x := range c.Connections {
		if x.Party == call.Customer {
			return x.ID
		}
	}
	return 0
}

// rungByUs says that somebody is being rung. The only other parties who are Connecting
// are a customer that we have not answered, and an agent whose phone has dialled one.
func rungByUs(c call.Contact, x *call.Connection) bool {
	atUs := x.AnswerBy.IsZero() && (c.Stage == call.Offering && x.Party == call.Customer || c.Stage == call.Dialling && x.Party == call.Agent)
	return x.State == call.Connecting && !atUs
}

func find(c call.Contact, id call.ConnectionID) *call.Connection {
	i := slices.IndexFunc(c.Connections, func(x call.Connection) bool { return x.ID == id })
	if i < 0 {
		return nil
	}
	return &c.Connections[i]
}

// events is every event that may happen to a contact: each fact about each
// connection that it has or has had, and each request that somebody might
// make. A deadline is not among them; see deadlines.
func events(c call.Contact) []call.Event {
	if c.Stage == "" {
		// Two times to accept, for a whisper and its question, are no time to come
		// back: states are told apart by the order of times, not by their sums.
		rules := call.Rules{AcceptWithin: call.Duration(17 * time.Second)}
		withQueue := rules
		withQueue.Fallback = queue
		return []call.Event{
			call.Arrived{Customer: at("customer"), Agent: at("ana"), Rules: rules},
			call.Arrived{Customer: at("customer"), Agent: queue, Rules: withQueue},
			call.Originated{Customer: at("customer"), Agent: at("ana"), Rules: rules},
			call.Dialled{Customer: at("customer"), Agent: at("ana"), Rules: rules},
		}
	}
	all := []call.Event{
		call.Recovered{},
		call.PickUpRequested{Agent: at("ben")},
		call.Joined{},
		call.Joined{Connections: connected(c)},
	}
	for id := call.ConnectionID(1); id <= c.LastConnection; id++ {
		all = append(all, facts(id)...)
		if x := find(c, id); x != nil && x.Endpoint.Kind == call.QueueEndpoint && x.State == call.Connecting {
			all = append(all, offers(*x)...)
		}
		if who := find(c, id); who != nil && who.Party == call.Agent || id == c.LastConnection {
			all = append(all, requests(c, id)...)
		}
	}
	return all
}

// offers are what a queue may do next: offer the customer to one or the other, make
// its latest offer again, and take that or an earlier one back.
func offers(queue call.Connection) []call.Event {
	id, latest := queue.ID, queue.Offer
	return []call.Event{
		call.Offered{Connection: id, Number: latest.Number + 1, Agent: carol},
		call.Offered{Connection: id, Number: latest.Number + 1, Agent: dan},
		call.Offered{Connection: id, Number: latest.Number, Agent: latest.Agent},
		call.Withdrawn{Connection: id, Number: latest.Number, Reason: call.Elsewhere},
		call.Withdrawn{Connection: id, Number: latest.Number - 1, Reason: call.Elsewhere},
	}
}

var (
	queue = call.Endpoint{Kind: call.QueueEndpoint, Address: "sales", Name: "sales"}
	carol = call.Endpoint{Kind: call.AgentEndpoint, Address: "carol", Name: "carol"}
	dan   = call.Endpoint{Kind: call.AgentEndpoint, Address: "dan", Name: "dan"}
)

func facts(id call.ConnectionID) []call.Event {
	return []call.Event{
		call.HungUp{Connection: id},
		call.Lost{Connection: id},
		call.Lost{Connection: id, MayReturn: true},
		call.Back{Connection: id},
		call.Rang{Connection: id, EarlyMedia: true},
		call.Answered{Connection: id},
		call.Failed{Connection: id, Reason: call.Busy},
		call.Pressed{Connection: id, Key: "1"},
		call.Played{Connection: id},
	}
}

// phones are the hold keys of phones, and other phones that take their place.
func phones(c call.Contact) []call.Event {
	var all []call.Event
	for _, who := range c.Connections {
		all = append(all, call.HoldBegan{Connection: who.ID}, call.HoldEnded{Connection: who.ID})
	}
	for _, who := range c.Connections {
		all = append(all, call.Replaced{Connection: who.ID, Agent: who.Endpoint}, call.Replaced{Connection: who.ID, Agent: at("stranger")})
	}
	all = append(all, call.Replaced{Connection: c.LastConnection, Agent: at("ana")})
	return all
}

func requests(c call.Contact, by call.ConnectionID) []call.Event {
	all := []call.Event{
		call.AcceptRequested{By: by},
		call.RejectRequested{By: by},
		call.MuteRequested{By: by, Muted: true},
		call.DigitsRequested{By: by, Connection: customerOf(c), Digits: "1"},
		call.RecordRequested{By: by, On: true},
		call.CancelRequested{By: by},
		call.SwapRequested{By: by},
		call.ConferenceRequested{By: by},
		call.CompleteRequested{By: by},
		call.LeaveRequested{By: by},
		call.EndRequested{By: by},
		call.GiveRequested{By: by, Agent: at("ana"), To: call.Place{Contact: "another", Connection: 3}},
	}
	for _, x := range c.Connections {
		all = append(all,
			call.HoldRequested{By: by, Connection: x.ID},
			call.ResumeRequested{By: by, Connection: x.ID},
			call.DestroyRequested{By: by, Connection: x.ID},
		)
	}
	return append(all, transfers(by)...)
}

// transfers are the transfers that somebody may ask for: each kind, to one and
// to two, one after the other and at once, with and without confirm.
func transfers(by call.ConnectionID) []call.Event {
	var all []call.Event
	for _, kind := range []call.Kind{call.Cold, call.Warm, call.Blind} {
		one := call.TransferRequested{By: by, Kind: kind, Target: at("cardiology"), Reported: true}
		confirmed := one
		confirmed.Manner = call.Manner{Confirm: true, Whisper: true, Resume: true}
		list := one
		list.Others = []call.Endpoint{{Kind: call.AgentEndpoint, Address: "reception", Name: "reception"}}
		parallel := list
		parallel.Parallel, parallel.Key, parallel.Reported = true, "key", false
		instead := one
		instead.Target, instead.Supersede = at("pharmacy"), true
		consulted := one
		consulted.Consulted = call.Place{Contact: "another", Connection: 1}
		all = append(all, one, confirmed, list, parallel, instead, consulted)
	}
	return append(all, call.TransferRequested{By: by, Kind: call.Cold, Target: at("ana")})
}

// deadlines are the times at which a deadline of the contact may be found to
// have passed: its own, and those that it would tell next.
func deadlines(c call.Contact) []time.Time {
	var all []time.Time
	for _, x := range c.Connections {
		if !x.AnswerBy.IsZero() {
			all = append(all, x.AnswerBy)
		}
	}
	if c.Transfer != nil && !c.Transfer.JoinBy.IsZero() {
		all = append(all, c.Transfer.JoinBy)
	}
	slices.SortFunc(all, time.Time.Compare)
	return all
}

func connected(c call.Contact) []call.ConnectionID {
	var all []call.ConnectionID
	for _, x := range c.Connections {
		if x.State != call.Connecting {
			all = append(all, x.ID)
		}
	}
	return all
}

func at(name string) call.Endpoint {
	return call.Endpoint{Kind: call.URI, Address: "sip:" + name + "@192.0.2.1", Name: name}
}

// tookOver is the target who was handed the customer so recently that their
// leaving would be early; 0: nobody.
func (w world) tookOver() call.ConnectionID {
	for _, t := range slices.Backward(w.c.Past) {
		if t.Outcome != call.Completed {
			continue
		}
		if call.Duration(w.now.Sub(t.Ended)) >= call.DefaultRules().TakenAfter {
			return 0
		}
		for _, a := range t.Attempts {
			if !a.Accepted.IsZero() {
				return a.Connection
			}
		}
	}
	return 0
}

// slipped reports whether a target has left so recently that an agent who
// destroys their connection meant to leave.
func (w world) slipped() bool {
	n := len(w.c.Past)
	return n > 0 && w.c.Past[n-1].Outcome == call.TransferFailed && w.now.Sub(w.c.Past[n-1].Ended) < 2*time.Second
}

func (m move) String() string {
	return fmt.Sprintf("%s: %T%+v gives %v", m.before.c.Stage, m.ev, m.ev, m.commands)
}
