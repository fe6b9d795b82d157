package call_test

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"holdfast/call"
)

// promises are the promises of package call as properties of a move, each
// returning how it is broken, or "".
var promises = []struct {
	name   string
	broken func(move) string
}{
	{"P1", customerKept},
	{"P2", customerLookedAfter},
	{"P3", agentReleasedOnlyAfterJoin},
	{"P4", backWithTheAgent},
	{"P5", neverAlone},
	{"P6", nothingWithoutTheCustomer},
	{"P7", oneTransfer},
	{"P9", noOrphans},
	{"confirm", onlyPeopleConfirm},
	{"phone hold", heldByPhone},
	{"ahead", heardAhead},
	{"offers", offersAreKept},
	{"refusals", refusedIsUnchanged},
	{"reports", endIsReported},
	{"take and give", linesGoWhole},
	{"replaced", placeIsKept},
	{"introduced", partiesAreIntroduced},
}

// broken is the first promise that a move breaks, or "".
func (m move) broken() string {
	for _, p := range promises {
		if how := p.broken(m); how != "" {
			return p.name + ": " + how
		}
	}
	return ""
}

// customer is the customer of a move: their connection before, or after.
func (m move) customer() call.ConnectionID {
	return max(customerOf(m.before.c), customerOf(m.after.c))
}

// answered says that the customer talks or talked to us, and has not left.
func (w world) answered() bool {
	id := customerOf(w.c)
	return !w.c.Answered.IsZero() && id != 0 && w.lines[id]
}

func (m move) drops(id call.ConnectionID) bool {
	return slices.ContainsFunc(m.commands, func(c call.Command) bool {
		d, ok := c.(call.Drop)
		return ok && d.Connection == id
	})
}

// leaves says that the event is that somebody's line ends.
func (m move) leaves(id call.ConnectionID) bool {
	switch ev := m.ev.(type) {
	case call.HungUp:
		return ev.Connection == id
	case call.Lost:
		return ev.Connection == id
	}
	return false
}

// ends says that an agent asks for the end of the contact, or of the customer's
// connection.
func (m move) ends() bool {
	switch ev := m.ev.(type) {
	case call.EndRequested:
		return true
	case call.DestroyRequested:
		whose := find(m.before.c, ev.Connection)
		twoParty := len(m.before.c.Connections) == 2 && m.before.c.Stage == call.Talking
		return whose != nil && (whose.Party == call.Customer || ev.Connection == ev.By && twoParty &&
			m.before.c.Connections[0].State == call.Connected)
	}
	return false
}

// customerKept (P1): an answered customer's line ends only by themselves, by
// an authorised end, or by the goodbye of the last other person.
func customerKept(m move) string {
	if !m.before.answered() || m.after.answered() || m.leaves(m.customer()) || m.ends() || m.gives(m.customer()) {
		return ""
	}
	up, ok := m.ev.(call.HungUp)
	goodbye := ok && m.before.c.Stage == call.Talking && len(m.before.c.Connections) == 2 &&
		find(m.before.c, up.Connection) != nil && find(m.before.c, up.Connection).State == call.Connected &&
		!find(m.before.c, up.Connection).Holding &&
		find(m.before.c, m.customer()).State == call.Connected &&
		up.Connection != m.before.tookOver()
	if goodbye {
		return ""
	}
	return "the customer's line was ended"
}

// customerLookedAfter (P2): the customer hears something, and somebody is
// responsible.
func customerLookedAfter(m move) string {
	c := m.after.c
	if !m.after.answered() {
		return ""
	}
	quiet := slices.ContainsFunc(c.Connections, func(x call.Connection) bool { return x.Muted && x.State == call.Connected })
	hears := slices.ContainsFunc(call.Hears(c), func(h call.Hearing) bool {
		music := h.Audio != "" && (h.Audio != call.ComfortNoise || quiet)
		return h.Connection == m.customer() && (len(h.From) > 0 || music)
	})
	if !hears {
		return "the customer hears nothing"
	}
	rung, there, targets := 0, 0, 0
	for _, x := range c.Connections {
		switch {
		case x.Party == call.Customer, x.For != 0 && x.State == call.Connecting: // whom a queue tries is not responsible yet
		case x.Party == call.Target && (x.State == call.Connecting || x.State == call.Screening):
			targets++
		case x.State == call.Connecting:
			rung++
		default:
			there++
		}
	}
	responsible := map[call.Stage]bool{
		call.Talking: there > 0, call.Joining: there > 0, call.Consulting: there > 1,
		call.Reaching: targets > 0 && c.Transfer != nil, call.Returning: rung == 1, call.Parked: there+rung+targets == 0,
	}
	if !responsible[c.Stage] {
		return fmt.Sprintf("nobody is responsible while %s", c.Stage)
	}
	return ""
}

// heldByPhone: a party whose phone holds the call is not heard, and a party who is
// connected with nobody else hears hold audio.
func heldByPhone(m move) string {
	c := m.after.c
	for _, h := range call.Hears(c) {
		others, holding := 0, 0
		for _, x := range c.Connections {
			switch {
			case x.Holding && slices.Contains(h.From, x.ID):
				return "a phone that holds is heard"
			case x.ID == h.Connection || x.State != call.Connected:
			case x.Holding:
				holding++
			default:
				others++
			}
		}
		who := find(c, h.Connection)
		if who.State == call.Connected && holding > 0 && others == 0 && len(h.From) == 0 && h.Audio != call.HoldAudio {
			return fmt.Sprintf("%s hears %s", who.Party, h.Audio)
		}
	}
	return ""
}

// agentReleasedOnlyAfterJoin (P3): of a cold or warm transfer, unless they ask
// for it.
func agentReleasedOnlyAfterJoin(m move) string {
	t := m.before.c.Transfer
	if t == nil || !m.drops(t.By) || m.leaves(m.customer()) {
		return ""
	}
	if agent := find(m.before.c, t.By); agent == nil || agent.State == call.Away {
		return ""
	}
	switch ev := m.ev.(type) {
	case call.LeaveRequested, call.EndRequested, call.DestroyRequested, call.Replaced:
		return ""
	case call.TransferRequested:
		if ev.Supersede && ev.Kind == call.Blind {
			return ""
		}
	case call.Joined:
		target := accepted(t)
		joined := slices.Contains(ev.Connections, m.customer()) && slices.Contains(ev.Connections, target)
		hear := m.after.c.Stage == call.Talking && find(m.after.c, m.customer()).State == call.Connected &&
			find(m.after.c, target) != nil && find(m.after.c, target).State == call.Connected
		if !joined {
			return "the agent was released before customer and target had two-way audio"
		}
		if !hear {
			return "the agent was released, and customer and target do not hear each other"
		}
		return ""
	default:
	}
	return "the agent was released before customer and target had two-way audio"
}

// accepted is the target who has taken the customer; 0: nobody yet.
func accepted(t *call.Transfer) call.ConnectionID {
	for _, a := range t.Attempts {
		if !a.Accepted.IsZero() && a.Ended.IsZero() {
			return a.Connection
		}
	}
	return 0
}

// backWithTheAgent (P4): the customer is with the agent, who is told.
func backWithTheAgent(m move) string {
	t := m.before.c.Transfer
	if t == nil || m.after.c.Transfer != nil {
		return ""
	}
	ended := m.after.c.Past[len(m.after.c.Past)-1]
	agent := find(m.after.c, t.By)
	if ended.Outcome != call.TransferFailed || agent == nil {
		return ""
	}
	told := slices.ContainsFunc(m.commands, func(c call.Command) bool {
		tell, ok := c.(call.Notify)
		return ok && tell.Connection == t.By && tell.Reason == ended.Reason && tell.Text != ""
	})
	want := call.Held
	takesPart := m.before.c.Stage == call.Consulting && find(m.before.c, m.customer()).State == call.Connected
	if t.Resume || takesPart {
		want = call.Connected
	}
	if !told || find(m.after.c, m.customer()).State != want || ended.Reason == "" {
		return fmt.Sprintf("after a failed transfer the customer is not %s with an agent who knows why", want)
	}
	return ""
}

// neverAlone (P5): an answered customer with nobody is rung somebody, or parked.
func neverAlone(m move) string {
	if !m.after.answered() || len(m.after.c.Connections) > 1 || m.after.c.Stage == call.Parked {
		return ""
	}
	return fmt.Sprintf("the customer is alone while %s", m.after.c.Stage)
}

// nothingWithoutTheCustomer (P6): only agent and target who were in a
// consultation may finish; nobody is rung any more.
func nothingWithoutTheCustomer(m move) string {
	c := m.after.c
	if customerOf(c) != 0 || c.Stage == "" || c.Stage == call.Dialling && c.Answered.IsZero() {
		return ""
	}
	dials := slices.ContainsFunc(m.commands, func(c call.Command) bool { _, ok := c.(call.Dial); return ok })
	rung := slices.ContainsFunc(c.Connections, func(x call.Connection) bool { return x.State == call.Connecting })
	finishing := c.Stage == call.Finishing && len(c.Connections) == 2 &&
		(m.before.c.Stage == call.Consulting || m.before.c.Stage == call.Finishing)
	if dials || rung || !finishing && (c.Stage != call.Over || len(m.after.lines) > 0) {
		return "the customer has gone, and somebody is still there for them"
	}
	return ""
}

// oneTransfer (P7): a transfer asked for while one runs changes nothing, unless
// it supersedes; and nobody is rung twice.
func oneTransfer(m move) string {
	ask, asks := m.ev.(call.TransferRequested)
	if asks && !ask.Supersede && m.before.c.Transfer != nil && len(m.commands) > 0 {
		return "a second transfer has begun"
	}
	rung := map[call.ConnectionID]bool{}
	for _, c := range m.commands {
		if d, ok := c.(call.Dial); ok {
			if rung[d.Connection] || m.before.lines[d.Connection] {
				return "somebody is rung twice"
			}
			rung[d.Connection] = true
		}
	}
	if t := m.after.c.Transfer; t != nil {
		for _, x := range m.after.c.Connections {
			if x.Party == call.Target && (x.For == 0 || x.State != call.Connecting) && !slices.ContainsFunc(t.Attempts, func(a call.Attempt) bool {
				return a.Connection == x.ID && a.Ended.IsZero()
			}) {
				return fmt.Sprintf("target %d belongs to no attempt of the transfer", x.ID)
			}
		}
	}
	return ""
}

// noOrphans (P9): there are lines for those in the contact, and no others.
func noOrphans(m move) string {
	for id := range m.after.lines {
		if find(m.after.c, id) == nil {
			return fmt.Sprintf("the line of connection %d outlives it", id)
		}
	}
	for _, x := range m.after.c.Connections {
		if !m.after.lines[x.ID] {
			return fmt.Sprintf("connection %d has no line", x.ID)
		}
	}
	return ""
}

// onlyPeopleConfirm: where a target must press 1 to accept, nobody has
// accepted who has not.
func onlyPeopleConfirm(m move) string {
	t := m.after.c.Transfer
	if t == nil || !t.Confirm || accepted(t) == 0 {
		return ""
	}
	before := m.before.c.Transfer
	if _, replaced := m.ev.(call.Replaced); before != nil && (accepted(before) == accepted(t) || replaced && accepted(before) != 0) {
		return ""
	}
	if pressed, ok := m.ev.(call.Pressed); ok && pressed.Key == "1" && pressed.Connection == accepted(t) {
		return ""
	}
	return "a target has the customer without having pressed 1"
}

// offersAreKept: a queue's connection has who is rung for it, and afterwards why
// that came to nothing; and no offer rings twice.
func offersAreKept(m move) string {
	for _, x := range m.after.c.Connections {
		if !x.IsQueued() {
			continue
		}
		was := call.Offer{}
		if before := find(m.before.c, x.ID); before != nil {
			was = before.Offer
		}
		rung := slices.IndexFunc(m.after.c.Connections, func(a call.Connection) bool { return a.For == x.ID })
		switch {
		case rung >= 0 && (x.Offer.Ended != "" || x.Offer.Agent != m.after.c.Connections[rung].Endpoint):
			return fmt.Sprintf("the offer is %+v, and rings", x.Offer)
		case rung < 0 && x.Offer.Number != 0 && x.Offer.Ended == "":
			return fmt.Sprintf("nobody is rung for the offer to %s, and it has not ended", x.Offer.Agent)
		case was.Ended != "" && was.Number == x.Offer.Number && was != x.Offer:
			return fmt.Sprintf("the offer to %s had ended, and goes on", was.Agent)
		}
	}
	return ""
}

func refusedIsUnchanged(m move) string {
	var refusal *call.Refusal
	switch {
	case m.refused == nil:
	case len(m.commands) > 0:
		return "a refused request has commands"
	case !errors.As(m.refused, &refusal) || refusal.Code == "" || refusal.Text == "":
		return fmt.Sprintf("a refusal has no code or no sentence: %#v", m.refused)
	}
	return ""
}

// live lets deadlines alone go on: they must end every transfer and every
// ringing. It returns how they do not, or "".
func (w world) live(step stepper) string {
	for range 20 {
		d := w.c.Deadline()
		if d.IsZero() {
			if w.c.Transfer != nil {
				return "no deadline will end the transfer"
			}
			return ""
		}
		w.now = later(w.now, d)
		w = w.take(step, call.DeadlinePassed{}).after
	}
	return "deadlines do not come to an end"
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
