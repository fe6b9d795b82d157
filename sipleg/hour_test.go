package sipleg

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/emiago/sipgo/sip"

	"holdfast/call"
	"holdfast/media"
	"holdfast/sipua"
	"holdfast/switchboard"
)

// A house is a switchboard with its legs and its audio in virtual time, and phones
// around it that never send a packet of audio.
type house struct {
	addresses
	t      *testing.T
	board  *switchboard.Switchboard
	legs   *Legs
	audio  *media.Engine
	phones map[netip.AddrPort]*mute

	mu      sync.Mutex // guards entries
	entries []switchboard.Entry
}

func newHouse(t *testing.T) *house {
	h := &house{t: t, phones: map[netip.AddrPort]*mute{}}
	var err error
	if h.audio, err = media.Start(media.Options{}); err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	h.board = switchboard.New(switchboard.Options{Node: "house", Journal: h, Rooms: wireless{h.audio}, Directory: h, Log: log})
	local := sipua.Local{Address: usAddress, SessionExpires: 30 * time.Minute}
	h.legs = New(Options{Local: local, Sender: h, Addresses: h, Board: h.board, Log: log, AskAfter: 30 * time.Second})
	h.legs.engine = wireless{h.audio}
	h.board.Legs = h.legs
	return h
}

func (h *house) close() {
	for _, p := range h.phones {
		p.vanish()
	}
	if err := h.board.Close(context.WithoutCancel(h.t.Context())); err != nil {
		h.t.Error(err)
	}
	h.board.Release()
	if err := h.audio.Close(); err != nil {
		h.t.Error(err)
	}
}

// Send is the network: 5 ms later the phone has the message.
func (h *house) Send(m sipua.Message) error {
	if p := h.phones[m.To]; p != nil {
		in := travel(h.t, m.SIP, usAddress)
		time.AfterFunc(5*time.Millisecond, func() { p.receive(in) })
	}
	return nil
}

// written is how many entries the journal has.
func (h *house) written() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.entries)
}

// The house is its own journal, which takes everything and is never read.

func (h *house) Exclusive() bool { return true }

func (h *house) Append(_ context.Context, e switchboard.Entry, _ uint64) (uint64, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.entries = append(h.entries, e)
	return uint64(len(h.entries)), nil
}

func (h *house) Live(context.Context) iter.Seq2[switchboard.Entry, error] { return nothing }

func (h *house) Archive(context.Context, call.ContactID) error { return nil }

func (h *house) History(context.Context, call.ContactID) iter.Seq2[switchboard.Entry, error] {
	return nothing
}

func (h *house) Follow(context.Context, uint64) iter.Seq2[switchboard.Entry, error] { return nothing }

func (h *house) Last(context.Context) (uint64, error) { return 0, nil }

func nothing(func(switchboard.Entry, error) bool) {}

// It is also the directory: customers at even ports call the agent at the next one.

func (h *house) Permit(call.Endpoint) error              { return nil }
func (h *house) Canonical(e call.Endpoint) call.Endpoint { return e }
func (h *house) Resolve(e call.Endpoint) (string, error) { return e.Address, nil }
func (h *house) Identifies(call.Endpoint) bool           { return false }
func (h *house) Registers(call.Endpoint) bool            { return false }
func (h *house) Known(netip.AddrPort) bool               { return true }

func (h *house) Incoming(from netip.AddrPort, caller, called string) (call.Arrived, error) {
	agent := call.Endpoint{Kind: call.AgentEndpoint, Address: fmt.Sprintf("sip:ana@%s:%d", from.Addr(), from.Port()+1), Name: "ana"}
	return call.Arrived{Customer: call.Endpoint{Kind: call.URI, Address: caller}, Called: called, Agent: agent, Rules: call.DefaultRules()}, nil
}

// wireless is the engine, whose legs have a wire to nobody instead of a socket.
type wireless struct{ *media.Engine }

func (w wireless) Room(id call.ContactID) switchboard.Room { return w.Engine.Room(id) }

func (w wireless) CloseRoom(id call.ContactID) { w.Engine.Room(id).Close() }

func (w wireless) Open(id call.ContactID, leg call.ConnectionID, _ uint16) (audio, error) {
	l, err := w.Engine.Room(id).Join(leg, nowhere{})
	return unlatched{l}, err
}

type nowhere struct{}

func (nowhere) Send([]byte) error { return nil }
func (nowhere) Close() error      { return nil }

// unlatched is a leg without a socket, which has no address to lock on to.
type unlatched struct{ *media.Leg }

func (unlatched) Port() uint16                 { return 4000 }
func (unlatched) Latched(func(netip.AddrPort)) {}
func (unlatched) Latch(netip.AddrPort)         {}

// A mute is a phone that answers what it must, and sends no audio.
type mute struct {
	house *house
	at    netip.AddrPort
	sdp   string

	mu     sync.Mutex // guards what follows
	dialog *sipua.Dialog
	gone   bool
	timer  *time.Timer
	had    map[string]int // messages, by method or status and method
	ended  []sipua.Event  // Ended or Cancelled
}

func (h *house) phone(port uint16) *mute {
	at := netip.AddrPortFrom(farAddress.Addr(), port)
	p := &mute{house: h, at: at, sdp: speak("sendrecv"), had: map[string]int{}}
	h.phones[at] = p
	return p
}

// local proposes session timers; where both sides do, whoever is called refreshes.
func (p *mute) local() sipua.Local {
	return sipua.Local{Address: p.at, SessionExpires: 30 * time.Minute}
}

// calls has the phone call us.
func (p *mute) calls() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dialog = sipua.NewCaller(p.local(), sipua.RandomIdentity(), 1, sipua.Call{
		To:   sip.Uri{Scheme: "sip", User: "help", Host: "192.0.2.1"},
		From: sip.Uri{Scheme: "sip", User: "customer", Host: p.at.Addr().String(), Port: int(p.at.Port())},
	})
	p.takes(p.dialog.Invite(time.Now(), []byte(p.sdp)))
}

// holds has the phone put us on hold.
func (p *mute) holds() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sdp = speak("inactive")
	p.takes(p.dialog.Invite(time.Now(), []byte(p.sdp)))
}

// vanish has the phone do nothing any more.
func (p *mute) vanish() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.gone = true
}

func (p *mute) receive(m sipua.Received) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.gone {
		return
	}
	req, is := m.SIP.(*sip.Request)
	if is {
		p.had[string(req.Method)]++
	} else if res, is := m.SIP.(*sip.Response); is {
		p.had[fmt.Sprint(res.StatusCode, " ", res.CSeq().MethodName)]++
	}
	if p.dialog == nil && is && req.Method == sip.INVITE {
		p.takes(sipua.NewCallee(p.local(), sipua.RandomIdentity(), 1, time.Now(), m))
	} else if p.dialog != nil {
		p.takes(p.dialog.Receive(time.Now(), m))
	}
}

// takes does what the phone's dialog would do; mu is locked.
func (p *mute) takes(s sipua.Step) {
	p.dialog = s.Dialog
	for _, m := range s.Out {
		in := travel(p.house.t, m.SIP, p.at)
		time.AfterFunc(5*time.Millisecond, func() { p.house.legs.Receive(in) })
	}
	for _, ev := range s.Events {
		switch ev := ev.(type) {
		case sipua.Invited:
			p.takes(p.dialog.Accept(time.Now(), []byte(p.sdp), !ev.Initial))
		case sipua.Ended, sipua.Cancelled:
			p.ended = append(p.ended, ev)
		}
	}
	if p.timer != nil {
		p.timer.Stop()
	}
	if next := p.dialog.Deadline(); !next.IsZero() {
		p.timer = time.AfterFunc(time.Until(next), p.tick)
	}
}

func (p *mute) tick() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.gone {
		p.takes(p.dialog.Tick(time.Now()))
	}
}

// check checks how often the phone has had a message, and that its line is there.
func (p *mute) check(t *testing.T, who, what string, least, most int) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := p.had[what]; n < least || n > most {
		t.Errorf("%s has had %d %s, want %d to %d", who, n, what, least, most)
	}
	if len(p.ended) > 0 {
		t.Errorf("the line of %s has ended: %+v", who, p.ended)
	}
}

// pass lets virtual time pass.
func pass(d time.Duration) {
	time.Sleep(d) //nolint:forbidigo // in a bubble
	synctest.Wait()
}

// TestAnHourOfSilence: phones that are mute, and one that holds, send no audio for an
// hour, and talk on; nothing is written down for it. One that vanishes then is noticed.
func TestAnHourOfSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		defer h.close()
		customer, agent := h.phone(6000), h.phone(6001)
		holder, other := h.phone(7000), h.phone(7001)
		customer.calls()
		holder.calls()
		pass(10 * time.Second)
		holder.holds()
		pass(5 * time.Second)
		written := h.written()

		pass(time.Hour)
		for who, p := range map[string]*mute{"the customer": customer, "the agent": agent, "the phone that holds": holder, "its agent": other} {
			p.check(t, who, "OPTIONS", 119, 121)
			p.check(t, who, "INVITE", 0, 1)
		}
		for who, p := range map[string]*mute{"the customer": customer, "the phone that holds": holder} {
			p.check(t, who, "UPDATE", 4, 4) // we refresh
		}
		for who, p := range map[string]*mute{"the agent": agent, "the other agent": other} {
			p.check(t, who, "200 UPDATE", 4, 4) // they do
		}
		if n := h.written(); n != written {
			t.Errorf("the journal got %d entries within the hour: %s", n-written, h.entries[written].Trace)
		}

		before := time.Now()
		agent.vanish()
		for h.written() == written && time.Since(before) < 5*time.Minute {
			pass(time.Second)
		}
		lost := time.Since(before)
		t.Logf("an agent who had vanished was lost after %s", lost)
		if lost > 63*time.Second {
			t.Errorf("it took %s to notice that the agent has vanished", lost)
		}
		if trace := h.entries[written].Trace; len(trace) > 40 {
			t.Errorf("the record has %d lines of that hour: %q", len(trace), trace)
		}
		if events := h.entries[written].Events; !slices.ContainsFunc(events, func(e call.Timed) bool {
			ev, is := e.Event.(call.Lost)
			return is && ev.Connection == 2
		}) {
			t.Errorf("the first event is %+v", events)
		}
		customer.check(t, "the customer", "BYE", 0, 0)
	})
}
