package sipua

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"
)

// A sim is two dialogs and a network between them in virtual time: one event
// loop, so that a seed replays exactly.
type sim struct {
	t      *testing.T
	rng    *rand.Rand
	now    time.Time
	queue  []simEvent
	count  int
	a, b   *party
	loss   float64
	jitter time.Duration
	asks   bool // b wants to know who sends it an INVITE or BYE
	known  bool // all goes as in a sim that has been checked

	unchanged bool // re-INVITEs are answered as refreshes
}

type simEvent struct {
	at    time.Time
	order int
	do    func()
}

// A party is a process with one dialog: it records before it sends, and may
// be killed.
type party struct {
	s       *sim
	name    string
	local   Local
	d       *Dialog // nil: it knows of no call
	journal []byte  // what has been recorded
	entries int     // how often that was something new
	epoch   uint16
	peer    *party
	steps   int
	cseq    uint32 // the highest of its requests
	cut     cut
	events  []string
	asked   []simPacket // over TCP: its requests that nothing has answered
	leaves  bool        // its user has hung up
	answers bool        // its user has accepted
	owes    uint32      // a final report on the REFER with this CSeq
}

type simPacket struct {
	text []byte
	m    Received
	asks string
	at   time.Time
}

// A cut kills a process in its nth step.
type cut struct {
	step int // 0: never
	when string
}

const (
	unrecorded = "before it is recorded" // exempt messages have gone out
	unsent     = "recorded and not sent"
	sent       = "after it is sent"
)

func newSim(t *testing.T, seed uint64, transport Transport) *sim {
	s := &sim{t: t, rng: rand.New(rand.NewPCG(seed, 1)), now: noon}
	s.a = &party{s: s, name: "a", local: Local{Address: ours, Transport: transport, Credentials: ourCredentials}, epoch: 1}
	s.b = &party{s: s, name: "b", local: Local{Address: peers, Transport: transport}, epoch: 1}
	s.a.peer, s.b.peer = s.b, s.a
	return s
}

// propose has both sides propose a session interval.
func (s *sim) propose(interval time.Duration) {
	s.a.local.SessionExpires, s.b.local.SessionExpires = interval, interval
}

func (s *sim) at(d time.Duration, do func()) { s.push(noon.Add(d), do) }

func (s *sim) push(at time.Time, do func()) {
	s.count++
	s.queue = append(s.queue, simEvent{at, s.count, do})
}

// run plays until nothing is left to do, or for d.
func (s *sim) run(d time.Duration) {
	for end := noon.Add(d); ; {
		next, who := -1, (*party)(nil)
		at := end
		for i, e := range s.queue {
			if e.at.Before(at) || e.at.Equal(at) && (next < 0 || e.order < s.queue[next].order) {
				next, at = i, e.at
			}
		}
		for _, p := range []*party{s.a, s.b} {
			if p.d == nil {
				continue
			}
			if due := p.d.Deadline(); !due.IsZero() && due.Before(at) {
				who, at = p, due
			}
		}
		if at.After(s.now) {
			s.now = at
		}
		switch {
		case who != nil:
			who.step(who.d.Tick(s.now))
		case next >= 0:
			do := s.queue[next].do
			s.queue = append(s.queue[:next], s.queue[next+1:]...)
			do()
		default:
			return
		}
	}
}

// step is what a desk does: record, then send; unless it is killed.
func (p *party) step(step Step) {
	if !p.s.known {
		checkStep(p.s.t, p.local, p.epoch, step)
	}
	for i := 0; i < len(step.Events); i++ {
		p.events = append(p.events, eventText(step.Events[i]))
		if ev, ok := step.Events[i].(Invited); ok && !ev.Initial {
			more := step.Dialog.Accept(p.s.now, []byte("v=0\r\n"), p.s.unchanged)
			step = Step{more.Dialog, append(step.Events, more.Events...), append(step.Out, more.Out...)}
		}
		if _, ok := step.Events[i].(RefreshDue); ok {
			more := step.Dialog.Invite(p.s.now, []byte("v=0\r\n"))
			step = Step{more.Dialog, append(step.Events, more.Events...), append(step.Out, more.Out...)}
		}
		if ev, ok := step.Events[i].(Referred); ok {
			more := step.Dialog.AcceptReferral(p.s.now)
			step = Step{more.Dialog, step.Events, append(step.Out, more.Out...)}
			p.s.push(p.s.now.Add(time.Millisecond), func() { p.report(ev.CSeq, 180, false) })
			p.s.push(p.s.now.Add(40*time.Second), func() { p.report(ev.CSeq, 200, true) })
		}
		if ev, ok := step.Events[i].(Invited); ok && ev.Initial {
			p.s.push(p.s.now.Add(100*time.Millisecond), func() { p.act(func(d *Dialog) Step { return d.Ring(p.s.now) }) })
		}
	}
	p.steps++
	dies := p.steps == p.cut.step
	for _, m := range step.Out {
		if !dies || p.cut.when == sent || p.cut.when == unrecorded && Kinds[m.Kind] == Exempt {
			p.send(m)
		}
	}
	if !dies || p.cut.when != unrecorded {
		if memory := step.Dialog.Memory(); !bytes.Equal(memory, p.journal) {
			p.journal, p.entries = memory, p.entries+1
		}
	}
	p.d = step.Dialog
	if dies {
		p.restart()
	}
}

// resentFor is how long siptransport sends a request again whose connection broke.
const resentFor = 5 * time.Second

// restart is a new process that reads the journal, and its user's habits:
// audio again, and what they wanted and may not have got.
func (p *party) restart() {
	p.s.known = false
	p.epoch++
	p.d = nil
	for _, lost := range p.peer.asked { // with the connection (see streams.remove)
		if p.s.now.Sub(lost.at) < resentFor {
			p.s.push(p.s.now.Add(10*time.Millisecond), func() { p.deliver(lost.text, lost.m) })
		}
	}
	if p.journal == nil {
		return
	}
	d, err := Restore(p.local, p.epoch, p.journal)
	if err != nil {
		p.s.t.Fatal(err)
	}
	p.d = d
	p.step(p.d.Resume(p.s.now))
	if p.owes != 0 {
		p.report(p.owes, 200, true)
	}
	switch {
	case p.leaves:
		p.act(func(d *Dialog) Step { return d.HangUp(p.s.now, "") })
	case p.answers && p.d.stage == invited:
		p.accept()
	case p.d.Established():
		p.act(func(d *Dialog) Step { return d.Invite(p.s.now, []byte("v=0\r\n")) })
	}
}

func (p *party) act(do func(*Dialog) Step) {
	if p.d == nil {
		return
	}
	before, memory := p.d, p.d.Memory()
	step := do(p.d)
	if !bytes.Equal(before.Memory(), memory) {
		p.s.t.Fatalf("a step of %s has changed the dialog it began with", p.name)
	}
	p.step(step)
}

func (p *party) accept() {
	p.answers = true
	p.act(func(d *Dialog) Step { return d.Accept(p.s.now, []byte("v=0\r\n"), false) })
}

// report is what the user of a transferee does, and does again in another process.
func (p *party) report(referral uint32, status int, final bool) {
	if final {
		p.owes = referral
	}
	p.act(func(d *Dialog) Step { return d.Report(p.s.now, referral, status, "Whatever", final) })
}

func (p *party) refer() {
	p.act(func(d *Dialog) Step {
		_, step := d.Refer(p.s.now, sip.Uri{Scheme: "sip", User: "c", Host: "192.0.2.7"}, nil)
		return step
	})
}

func (p *party) hangUp() {
	p.leaves = true
	p.act(func(d *Dialog) Step { return d.HangUp(p.s.now, "") })
}

func (p *party) invite() {
	p.act(func(d *Dialog) Step { return d.Invite(p.s.now, []byte("v=0\r\n")) })
}

func (p *party) send(m Message) {
	if req, ok := m.SIP.(*sip.Request); ok && req.Method != sip.ACK && req.Method != sip.CANCEL && m.Kind != Retransmission {
		if n := req.CSeq().SeqNo; n <= p.cseq {
			p.s.t.Errorf("%s sends a new %s with CSeq %d after %d", p.name, req.Method, n, p.cseq)
		} else {
			p.cseq = n
		}
	}
	text := []byte(m.SIP.String())
	copies := 1
	if p.s.loss > 0 && p.s.rng.Float64() < 0.1 {
		copies = 2
	}
	for range copies {
		if p.s.rng.Float64() < p.s.loss {
			continue
		}
		delay := 10 * time.Millisecond
		if p.s.jitter > 0 {
			delay = time.Duration(p.s.rng.Int64N(int64(p.s.jitter)))
		}
		if m.To != p.peer.local.Address {
			p.s.t.Errorf("%s sends to %s", p.name, m.To)
		}
		in := Received{From: p.local.Address, Transport: m.Transport}
		p.s.push(p.s.now.Add(delay), func() { p.peer.deliver(text, in) })
		if req, ok := m.SIP.(*sip.Request); ok && m.Transport == TCP && req.Method != sip.ACK {
			p.asked = append(p.asked, simPacket{text, in, TransactionOf(req), p.s.now})
		}
	}
}

// deliver hands a message to the dialog, or answers as an edge that knows of none.
func (p *party) deliver(text []byte, m Received) {
	msg, err := sip.ParseMessage(text)
	if err != nil {
		p.s.t.Fatal(err)
	}
	m.SIP = msg
	if _, ok := msg.(*sip.Response); ok {
		answered := TransactionOf(msg)
		p.asked = slices.DeleteFunc(p.asked, func(asked simPacket) bool { return asked.asks == answered })
	}
	if out := p.ask(m); out.SIP != nil {
		p.send(out)
		return
	}
	if p.d != nil {
		p.act(func(d *Dialog) Step { return d.Receive(p.s.now, m) })
		return
	}
	req, isRequest := msg.(*sip.Request)
	switch {
	case isRequest && req.Method == sip.INVITE && tagOf(req.To().Params) == "":
		p.step(NewCallee(p.local, Identity{CallID: "", Tag: "tb", Seed: "seedb"}, p.epoch, p.s.now, m))
	case isRequest:
		if out := Refuse(m, 481, "Call/Transaction Does Not Exist"); out.SIP != nil {
			p.send(out)
		}
	default:
		for _, out := range Release(p.local, m) {
			p.send(out)
		}
	}
}

// ask is the challenge that a request meets at b, if it does. Each nonce is good
// for 20 s.
func (p *party) ask(m Received) Message {
	req, ok := m.SIP.(*sip.Request)
	nonce := fmt.Sprintf("n%d", p.s.now.Sub(noon)/(20*time.Second))
	if !p.s.asks || p.name != "b" || !ok || req.Method != sip.INVITE && req.Method != sip.BYE || answers(req, nonce) {
		return Message{}
	}
	header := fmt.Sprintf(`Digest realm="b", nonce=%q, qop="auth", stale=true`, nonce)
	return Refuse(m, sip.StatusUnauthorized, "Who are you", sip.NewHeader("WWW-Authenticate", header))
}

// A story is what the users of both sides do.
type simStory struct {
	name string
	tell func(s *sim)
	// talking is when both must be in the call, however often one of them
	// has been killed; zero: never.
	talking time.Duration
}

func (s *sim) begin() {
	s.at(0, func() {
		to, from := uri(s.t, "sip:b@192.0.2.2"), uri(s.t, "sip:a@192.0.2.1")
		s.a.d = NewCaller(s.a.local, Identity{CallID: "call", Tag: "ta", Seed: "seeda"}, 1, Call{To: to, From: from})
		s.a.invite()
	})
}

var simStories = []simStory{
	{"the caller hangs up", func(s *sim) {
		s.at(time.Second, s.b.accept)
		s.at(50*time.Second, s.a.hangUp)
	}, 49 * time.Second},
	{"the callee hangs up", func(s *sim) {
		s.at(time.Second, s.b.accept)
		s.at(50*time.Second, s.b.hangUp)
	}, 49 * time.Second},
	{"the caller transfers the callee, who reports", func(s *sim) {
		s.at(time.Second, s.b.accept)
		s.at(3*time.Second, s.a.refer)
		s.at(50*time.Second, s.a.hangUp)
	}, 49 * time.Second},
	{"the caller transfers and hangs up", func(s *sim) {
		s.at(time.Second, s.b.accept)
		s.at(3*time.Second, s.a.refer)
		s.at(3*time.Second+50*time.Millisecond, s.a.hangUp)
	}, 0},
	{"both at once", func(s *sim) {
		s.at(time.Second, s.b.accept)
		s.at(50*time.Second, s.a.hangUp)
		s.at(50*time.Second, s.b.hangUp)
	}, 49 * time.Second},
	{"both re-INVITE at once", func(s *sim) {
		s.at(time.Second, s.b.accept)
		s.at(3*time.Second, s.a.invite)
		s.at(3*time.Second, s.b.invite)
		s.at(50*time.Second, s.a.hangUp)
	}, 49 * time.Second},
	{"a re-INVITE meets a BYE", func(s *sim) {
		s.at(time.Second, s.b.accept)
		s.at(3*time.Second, s.a.invite)
		s.at(3*time.Second, s.b.hangUp)
	}, 0},
	{"the caller gives up", func(s *sim) { s.at(2*time.Second, s.a.hangUp) }, 0},
	{"the answer crosses the CANCEL", func(s *sim) {
		s.at(time.Second, s.b.accept)
		s.at(time.Second, s.a.hangUp)
	}, 0},
	{"the callee refuses", func(s *sim) {
		s.at(time.Second, func() { s.b.act(func(d *Dialog) Step { return d.Reject(s.now, 486, "Busy Here") }) })
	}, 0},
	{"the callee hangs up before the ACK", func(s *sim) {
		s.at(time.Second, s.b.accept)
		s.at(time.Second+time.Millisecond, s.b.hangUp)
	}, 0},
}
