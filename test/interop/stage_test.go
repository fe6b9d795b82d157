package interop

import (
	"log/slog"
	"net/netip"
	"testing"
	"time"

	"holdfast/call"
	"holdfast/client"
	"holdfast/config"
	"holdfast/holdfasttest"
	"holdfast/softphone"
)

// A stage is a server with a customer who talks to an agent, both at phones
// that others wrote, for a transfer of some kind. It is a bed in which people
// are told what to do, and heard, at their own phones.
type stage struct {
	*holdfasttest.Bed
	t        *testing.T
	kind     call.Kind
	block    uint16 // the first port of the server, which the phones know also after a restart
	at       string // how the agent is called
	customer *baresip
	agent    *baresip // where they are at one
	target   *baresip // where the scene has one
	sipp     *sipp    // or this one
	other    *sipp    // another target, who does not get the customer

	confirm bool // a target who answers must press 1
	ears    map[string]*ear
	with    partner       // who is with the customer, or waits for the target with them
	ended   string        // where the customer has been found
	silent  time.Duration // the customer's longest time without audio
	until   time.Duration // when they stop to listen, if they do
	short   bool          // who met last need not have heard each other
}

// A partner is the phone of somebody whom the customer talks to.
type partner interface {
	undisturbed() // checks that their call has not ended
	closes()      // waits until it has
}

// setStage starts everything and has customer and agent hear each other.
func setStage(t *testing.T, kind call.Kind) *stage {
	t.Helper()
	agent := startBaresip(t, "agent", agentTone)
	s := newStage(t, uint16(ports(t)), agent.URI(), agent.heard)
	s.agent, s.kind = agent, kind
	s.open(nil)
	s.customer.dial("sip:help@" + s.SIP.String())
	s.agent.awaits(Incoming)
	s.agent.answer()
	s.agent.awaits(Established)
	s.customer.awaits(Established)
	s.withAgent()
	s.Find()
	return s
}

// newStage is a stage before its server runs. The server's ports begin with block; the
// agent is called at an address, and hears what is recorded.
func newStage(t *testing.T, block uint16, at string, heard *softphone.Recording) *stage {
	t.Helper()
	s := &stage{t: t, block: block, at: at, customer: startBaresip(t, "customer", customerTone)}
	s.ears = map[string]*ear{"customer": {audio: s.customer.heard}, "agent": {audio: heard}}
	return s
}

// open starts the server, which knows endpoints. change changes the rules; nil: not.
func (s *stage) open(change func(*call.Rules), endpoints ...config.Endpoint) {
	s.t.Helper()
	s.Bed = holdfasttest.Start(s.t, func(b *holdfasttest.Bed) {
		s.configure(b)
		c := &b.Options.Config
		c.Endpoints = endpoints
		if change != nil {
			change(&c.Rules)
		}
	})
}

// configure has a server serve this stage's agent.
func (s *stage) configure(b *holdfasttest.Bed) {
	s.t.Helper()
	b.Listen("customer", customerTone, s.customer.heard)
	b.Options.Log = slog.New(slog.NewTextHandler(s.t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	loopback := netip.MustParseAddr("127.0.0.1")
	c := &b.Options.Config
	c.SIP.Listen, c.API.Listen = netip.AddrPortFrom(loopback, s.block), netip.AddrPortFrom(loopback, s.block+1)
	c.SIP.Phones = []netip.Prefix{netip.PrefixFrom(loopback, 32)}
	c.Rules.AcceptWithin = call.Duration(4 * time.Second)
	c.Agents = []config.Agent{
		{Name: "agent", Address: s.at, Capacity: 1, NoAfterCall: true},
		{
			Name: "ward", User: "200", Password: "sesame", Capacity: 1, NoAfterCall: true,
			Digest: []string{"MD5"}, // baresip 1.0 gives up when it is offered another besides
		},
	}
	c.Routes = []config.Route{{Called: "*", Agent: "agent"}}
}

// asks asks for the transfer. In a blind one the agent is let go at once.
func (s *stage) asks(r client.TransferRequest) {
	s.t.Helper()
	r.Kind, r.Confirm = s.kind, s.confirm
	s.Transfer(r)
	if s.kind == call.Blind {
		s.agentHasLeft()
	}
}

// toSIPp transfers to a target that plays a scenario.
func (s *stage) toSIPp(scenario, with string, ringFor time.Duration) {
	s.t.Helper()
	s.sipp = startSIPp(s.t, scenario, with, targetTone)
	s.ears["target"] = &ear{audio: s.sipp.Heard()}
	s.asks(client.TransferRequest{Target: s.sipp.URI(), RingFor: ringFor})
}

// startTarget switches on the phone of a target.
func (s *stage) startTarget() {
	s.t.Helper()
	s.targetIs(startBaresip(s.t, "target", targetTone))
}

func (s *stage) targetIs(phone *baresip) {
	s.target, s.ears["target"] = phone, &ear{audio: phone.heard}
}

// toBaresip transfers to a phone that rings.
func (s *stage) toBaresip(ringFor time.Duration) {
	s.t.Helper()
	s.startTarget()
	s.asks(client.TransferRequest{Target: s.target.URI(), RingFor: ringFor})
	s.target.awaits(Incoming)
}

// toAnsweringBaresip transfers to a phone that rings until the customer hears
// hold audio, and is picked up then.
func (s *stage) toAnsweringBaresip() {
	s.t.Helper()
	s.toBaresip(ringLong)
	s.onHold()
	s.pickUp()
}

func (s *stage) pickUp() {
	s.t.Helper()
	s.target.answer()
	s.target.awaits(Established)
}

// state is the contact as the server tells it.
func (s *stage) state() call.Contact {
	s.t.Helper()
	return s.Await(func(call.Contact) bool { return true })
}

// goodbye has the customer hang up and checks that nothing is left (P9) and
// that nobody was left in silence. The call of whoever is with them must end by
// itself.
func (s *stage) goodbye() {
	s.t.Helper()
	s.saysGoodbye()
	s.nothingLeft()
}

func (s *stage) saysGoodbye() {
	s.t.Helper()
	s.customer.undisturbed()
	s.neverSilent()
	s.customer.hangUp()
	s.customer.awaits(Closed)
	if s.with != nil {
		s.with.closes()
	}
}

// neverSilent checks P2 from the customer's first packet until now, or until
// they did not listen any more.
func (s *stage) neverSilent() {
	s.t.Helper()
	heard := s.customer.heard
	until := s.until
	if until == 0 {
		until = time.Since(heard.Began())
	}
	if s.silent = heard.LongestGapWithin(0, until); s.silent > holdfasttest.Silence {
		s.t.Errorf("the customer heard nothing for %v: %s", s.silent, heard.Summary(voices))
	}
}

// nothingLeft waits until the server has no contact, all agents are free, and
// targets that play scenarios have played them to the end.
func (s *stage) nothingLeft() {
	s.t.Helper()
	for _, target := range []*sipp{s.sipp, s.other} {
		if target != nil {
			target.finishes()
		}
	}
	s.Idle()
}
