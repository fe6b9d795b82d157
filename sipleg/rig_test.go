package sipleg

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"

	"holdfast/call"
	"holdfast/media"
	"holdfast/notation"
	"holdfast/sipua"
	"holdfast/switchboard"
)

var (
	usAddress  = netip.MustParseAddrPort("192.0.2.1:5060")
	farAddress = netip.MustParseAddrPort("198.51.100.7:5060")
)

// A rig is one leg and the phone at its far end, which is a dialog of its own.
// Messages travel as text and at once; time passes when later says so.
type rig struct {
	t     testing.TB
	now   time.Time
	lines *Legs
	board board
	ports ports
	epoch uint16

	leg   switchboard.Leg
	lost  bool // what either side sends does not arrive
	told  []string
	facts []call.Event
	deny  error       // what the desk answers to requests; nil: it grants them
	fails call.Reason // why a transfer fails in the transition that grants it

	far       *sipua.Dialog
	farSDP    string // what it offers and answers
	farAnswer string // what its ACK carries, instead of nothing
	offerless bool
	noUpdate  bool // it allows no UPDATE
	forgot    bool // it knows of no call

	session time.Duration // the session interval that we propose
}

func newRig(t testing.TB) *rig {
	r := &rig{t: t, now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), epoch: 1, farSDP: speak("sendrecv")}
	r.ports.taken = map[uint16]bool{}
	r.boot()
	return r
}

// boot makes lines as a new process would.
func (r *rig) boot() {
	r.lines = New(Options{
		Local:     sipua.Local{Address: usAddress, SessionExpires: r.session},
		Sender:    r,
		Addresses: addresses{},
		Board:     &r.board,

		Authenticator: wardens(),
		Log:           slog.New(slog.DiscardHandler),
	})
	r.lines.engine = &r.ports
	r.lines.now = func() time.Time { return r.now }
	r.board = board{r: r}
}

// speak is what a phone says that speaks PCMA in that direction.
func speak(direction string) string {
	return "v=0\r\no=far 1 1 IN IP4 198.51.100.7\r\ns=-\r\nc=IN IP4 198.51.100.7\r\nt=0 0\r\n" +
		"m=audio 6000 RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\na=" + direction + "\r\n"
}

func (r *rig) tell(format string, args ...any) {
	r.told = append(r.told, fmt.Sprintf(format, args...))
}

// takes makes the leg take something in, and does what it plans: exempt first,
// then, as if it were recorded, the rest.
func (r *rig) takes(in switchboard.Incoming) {
	if line := in.Trace(); line != "" {
		r.tell("%s", line)
	}
	r.act(r.leg.Receive(r.now, in))
}

func (r *rig) plans(c call.Command) { r.act(r.leg.Plan(r.now, c)) }

func (r *rig) act(p switchboard.Plan) {
	r.leg = p.Leg
	for _, fact := range p.Facts {
		r.facts = append(r.facts, fact)
		if a, ok := fact.(call.Arrived); ok {
			r.tell("= Arrived %s", a.Customer)
			continue
		}
		r.tell("= %s%+v", notation.EventName(fact), fact)
	}
	for _, out := range p.Out {
		switch out := out.(type) {
		case setting:
			r.tell("audio %s", audioOf(out))
		case typing:
			r.tell("audio of the keys %s", out.keys)
		case passing:
			r.tell("others get the key %c", out.key)
		case outgoing:
			if _, listed := sipua.Kinds[out.Kind]; !listed {
				r.t.Errorf("%s: kind %q has no class", out.Trace(), out.Kind)
			}
			if line := out.Trace(); line == "" {
				r.tell("(%s, which is not in the record)", out.Kind)
			} else {
				r.tell("%s%s", line, listening(out.SIP))
			}
		}
	}
	for _, out := range p.Out {
		if err := out.Send(); err != nil {
			r.t.Errorf("%s: %v", out.Trace(), err)
		}
	}
	for _, fact := range p.Facts {
		r.decide(fact)
	}
}

// listening is what our description in a message says, if it has one, or else
// the reason it gives.
func listening(m sip.Message) string {
	if reasons := m.GetHeaders("Reason"); len(reasons) > 0 {
		return ", because " + reasons[0].Value()
	}
	sections, err := parse(m.Body())
	if err != nil {
		return ""
	}
	ours := sections[0]
	return fmt.Sprintf(", %s on port %d, version %d", ours.direction(), ours.media.MediaName.Port.Value, ours.session.Origin.SessionVersion)
}

func audioOf(s setting) string {
	what := "off"
	if s.stream != (media.Stream{}) {
		what = streamText(s.stream)
	}
	return what
}

// Send is our wire: the far end takes the message.
func (r *rig) Send(m sipua.Message) error {
	if r.lost || m.To != farAddress {
		return nil
	}
	in := travel(r.t, m.SIP, usAddress)
	if r.forgot {
		if refusal := sipua.Refuse(in, 481, "No Such Call"); refusal.SIP != nil {
			r.lines.Receive(travel(r.t, refusal.SIP, farAddress))
		}
		return nil
	}
	if r.far == nil {
		req, ok := in.SIP.(*sip.Request)
		if !ok || req.Method != sip.INVITE {
			return nil
		}
		id := sipua.Identity{Tag: "far", Seed: "far"}
		r.farDoes(sipua.NewCallee(sipua.Local{Address: farAddress, Transport: sipua.UDP}, id, 1, r.now, in))
		return nil
	}
	r.farDoes(r.far.Receive(r.now, in))
	return nil
}

// farDoes carries out what the far end would do. It answers re-INVITEs by itself.
func (r *rig) farDoes(s sipua.Step) {
	r.far = s.Dialog
	for _, m := range s.Out {
		if r.noUpdate {
			m.SIP.(interface{ RemoveHeader(string) bool }).RemoveHeader("Allow")
		}
		if !r.lost {
			r.lines.Receive(travel(r.t, r.farSays(m.SIP), farAddress))
		}
	}
	for _, ev := range s.Events {
		if o, ok := ev.(sipua.Invited); ok && !o.Initial {
			r.farDoes(r.far.Accept(r.now, []byte(r.farSDP), false))
		}
		r.farHears(ev)
	}
}

// farSays is a message of the far end, changed as an INVITE without an offer
// needs it.
func (r *rig) farSays(m sip.Message) sip.Message {
	req, ok := m.(*sip.Request)
	switch {
	case !ok:
	case req.Method == sip.INVITE && r.offerless:
		req = req.Clone()
		req.RemoveHeader("Content-Type")
		req.SetBody(nil)
		return req
	case req.Method == sip.ACK && r.offerless:
		r.offerless = false
		if r.farAnswer == "" {
			return m
		}
		req = req.Clone()
		req.AppendHeader(sip.NewHeader("Content-Type", "application/sdp"))
		req.SetBody([]byte(r.farAnswer))
		return req
	}
	return m
}

// travel is a message as it arrives: the far side knows nothing but its text.
func travel(t testing.TB, m sip.Message, from netip.AddrPort) sipua.Received {
	parsed, err := sipua.Parse([]byte(m.String()))
	if err != nil {
		t.Fatalf("%v:\n%s", err, m)
	}
	return sipua.Received{SIP: parsed, From: from, Transport: sipua.UDP}
}

// later lets time pass, ticking whoever asked for it.
func (r *rig) later(d time.Duration) {
	until := r.now.Add(d)
	for ticks := 0; ; ticks++ {
		if ticks > 10_000 {
			r.t.Fatalf("ticking without end:\n%s", strings.Join(r.told[max(0, len(r.told)-20):], "\n"))
		}
		ours, theirs := time.Time{}, time.Time{}
		if r.leg != nil && !r.leg.Gone() {
			ours = r.leg.Deadline()
		}
		if r.far != nil {
			theirs = r.far.Deadline()
		}
		switch next := first(ours, theirs); {
		case next.IsZero() || next.After(until):
			r.now = until
			return
		case next.Equal(ours):
			r.now = later(r.now, next)
			r.takes(switchboard.Tick{})
		default:
			r.now = later(r.now, next)
			r.farDoes(r.far.Tick(r.now))
		}
	}
}

func first(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// calls makes the far end call us.
func (r *rig) calls() {
	id := sipua.Identity{CallID: "call-of-far", Tag: "far", Seed: "far"}
	d := sipua.NewCaller(sipua.Local{Address: farAddress, SessionExpires: r.session}, id, 1, sipua.Call{
		To:   sip.Uri{Scheme: "sip", User: "hotline", Host: "192.0.2.1"},
		From: sip.Uri{Scheme: "sip", User: "+493012345", Host: "198.51.100.7"},
	})
	r.farDoes(d.Invite(r.now, []byte(r.farSDP)))
}

// dials makes us call the far end.
func (r *rig) dials() {
	d := call.Dial{
		Connection: 2, Party: call.Target,
		To:   call.Endpoint{Kind: call.URI, Address: "sip:cardiology@198.51.100.7", Name: "cardiology"},
		From: call.Endpoint{Kind: call.PhoneNumber, Address: "+493012345"},
	}
	leg, err := r.lines.Dial("contact", r.epoch, d)
	if err != nil {
		r.t.Fatal(err)
	}
	r.leg = leg
	r.plans(d)
}

// restart goes on with what was written down, in another process.
func (r *rig) restart() {
	written := memoryOf(string(r.leg.Memory()))
	a := anchorOf(r.leg)
	r.leg.Close()
	r.boot()
	r.epoch++
	leg, err := r.lines.Restore(a.contact, a.connection, r.epoch, written)
	if err != nil {
		r.t.Fatalf("restoring %s: %v", written.Memory, err)
	}
	r.leg = leg
	if p, open := anchorOf(leg).audio.(*port); open && p.latch.IsValid() {
		r.tell("audio from %s", p.latch)
	}
	r.takes(switchboard.Resumed{})
}

func anchorOf(l switchboard.Leg) *anchor { return l.(leg).anchor }

// board is the desk of the rig's leg.
type board struct {
	r    *rig
	down bool
	busy bool // it admits nobody

	contact  call.Contact // the only one
	replaced []call.Place
	line     switchboard.Replacement // the last
}

func (b *board) Admits() error {
	if b.busy {
		return switchboard.ErrBusy
	}
	return nil
}

func (b *board) Open(_ call.ContactID, leg switchboard.Leg, first switchboard.Incoming) error {
	if b.down {
		return errors.New("the journal does not answer")
	}
	b.r.leg = leg
	b.r.takes(first)
	return nil
}

func (b *board) Contact(call.ContactID) (call.Contact, bool) { return b.contact, b.contact.ID != "" }

func (b *board) Replace(id call.ContactID, line switchboard.Replacement) error {
	b.replaced = append(b.replaced, call.Place{Contact: id, Connection: line.Connection})
	b.line = line
	return nil
}

func (b *board) Deliver(id call.ContactID, c call.ConnectionID, in switchboard.Incoming) bool {
	if b.r.leg == nil || anchorOf(b.r.leg).contact != id || anchorOf(b.r.leg).connection != c {
		return false
	}
	b.r.takes(in)
	return true
}

// ports is an engine without audio.
type ports struct {
	taken  map[uint16]bool
	none   bool
	open   []*port
	closed []string // rooms
}

func (*ports) Address() netip.Addr { return netip.MustParseAddr("192.0.2.1") }

func (p *ports) CloseRoom(room call.ContactID) { p.closed = append(p.closed, string(room)) }

func (p *ports) Open(_ call.ContactID, _ call.ConnectionID, number uint16) (audio, error) {
	if p.none || p.taken[number] {
		return nil, errors.New("no port")
	}
	for n := uint16(4000); number == 0; n += 2 {
		if !p.taken[n] {
			number = n
		}
	}
	s := &port{ports: p, number: number}
	p.taken[number] = true
	p.open = append(p.open, s)
	return s, nil
}

// port is the audio of one leg.
type port struct {
	ports   *ports
	number  uint16
	stream  media.Stream
	latch   netip.AddrPort
	latched func(netip.AddrPort)
	pressed func(byte)
	played  func()
	silent  func()
}

func (p *port) Port() uint16                     { return p.number }
func (p *port) Set(s media.Stream)               { p.stream = s }
func (p *port) Tune(s media.Stream)              { p.stream = s }
func (p *port) Latched(f func(netip.AddrPort))   { p.latched = f }
func (p *port) Latch(peer netip.AddrPort)        { p.latch = peer }
func (p *port) Pressed(f func(byte))             { p.pressed = f }
func (p *port) Played(f func())                  { p.played = f }
func (p *port) Press(string)                     {}
func (p *port) Silent(_ time.Duration, f func()) { p.silent = f }
func (p *port) Pass(byte)                        {}

func (p *port) Close() {
	if i := slices.Index(p.ports.open, p); i >= 0 {
		p.ports.open = slices.Delete(p.ports.open, i, i+1)
		delete(p.ports.taken, p.number)
	}
}
