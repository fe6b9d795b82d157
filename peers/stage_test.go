package peers

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast"
	"holdfast/call"
	"holdfast/client"
	"holdfast/directory"
	"holdfast/softphone"
)

// silence is how long a customer may hear nothing at all (P2).
const silence = 2 * time.Second

// moment is the longest that all three may be in the same sound in a cold
// transfer.
const moment = 500 * time.Millisecond

// A stage is a server with a customer who talks to an agent, both at phones
// that others wrote.
type stage struct {
	t        *testing.T
	config   directory.Config
	server   *holdfast.Server
	client   *client.Client
	customer *baresip
	agent    *baresip
	contact  call.ContactID
	target   *baresip      // where the scene has one
	sipp     *sipp         // or this one
	silent   time.Duration // the customer's longest time without sound
}

// setStage starts everything and has customer and agent hear each other.
func setStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{t: t}
	s.customer = startBaresip(t, "customer", customerTone)
	s.agent = startBaresip(t, "agent", agentTone)
	s.configure()
	s.start()
	t.Cleanup(s.stop)
	s.client = client.New("http://" + s.server.APIAddress().String())

	s.customer.dial("sip:help@" + s.server.SIPAddress().String())
	s.agent.awaits(Incoming)
	s.agent.answer()
	s.agent.awaits(Established)
	s.customer.awaits(Established)
	hears(t, "customer", s.customer.heard, agentTone)
	hears(t, "agent", s.agent.heard, customerTone)
	contacts, err := s.client.Contacts(t.Context())
	if err != nil || len(contacts) != 1 {
		t.Fatalf("there are %d contacts, want one (error %v)", len(contacts), err)
	}
	s.contact = contacts[0].ID
	return s
}

// configure writes the configuration of a server with this stage's agent.
func (s *stage) configure() {
	s.t.Helper()
	block := ports(s.t)
	var err error
	s.config, err = directory.Parse("peers.toml", fmt.Appendf(nil, `
[sip]
listen = "127.0.0.1:%d"
phones = ["127.0.0.1"]
digest = ["MD5"] # baresip 1.0 gives up when it is offered another besides
[api]
listen = "127.0.0.1:%d"
[journal]
dir = %q
[[agent]]
name = "agent"
address = %q
[[agent]]
name = "ward"
user = "200"
password = "sesame"
[[route]]
called = "*"
agent = "agent"
`, block, block+1, filepath.Join(s.t.TempDir(), "journal"), s.agent.URI()))
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *stage) start() {
	s.t.Helper()
	log := slog.New(slog.NewTextHandler(s.t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	var err error
	if s.server, err = holdfast.Start(s.t.Context(), holdfast.Options{Config: s.config, Log: log}); err != nil {
		s.t.Fatal(err)
	}
}

func (s *stage) stop() {
	if err := s.server.Close(); err != nil {
		s.t.Errorf("closing the server: %v", err)
	}
}

// transfer asks for a cold transfer.
func (s *stage) transfer(target string, ringFor time.Duration) {
	s.t.Helper()
	if _, err := s.client.Transfer(s.t.Context(), s.contact, client.TransferRequest{Target: target, RingFor: ringFor}); err != nil {
		s.t.Fatalf("asking for the transfer: %v", err)
	}
}

// toSIPp transfers to a target that plays a scenario.
func (s *stage) toSIPp(scenario, status string, ringFor time.Duration) {
	s.t.Helper()
	s.sipp = startSIPp(s.t, scenario, status, targetTone)
	s.transfer(s.sipp.URI(), ringFor)
}

// toBaresip transfers to a phone that rings.
func (s *stage) toBaresip(ringFor time.Duration) {
	s.t.Helper()
	s.target = startBaresip(s.t, "target", targetTone)
	s.transfer(s.target.URI(), ringFor)
	s.target.awaits(Incoming)
}

// onHold waits until the customer hears hold audio.
func (s *stage) onHold() {
	s.t.Helper()
	hears(s.t, "customer", s.customer.heard, softphone.HoldTone)
}

// state is the contact as the server tells it.
func (s *stage) state() call.Contact {
	s.t.Helper()
	c, err := s.client.Contact(s.t.Context(), s.contact)
	if err != nil {
		s.t.Fatalf("asking for the contact: %v", err)
	}
	return c
}

// outcome waits for the end of the transfer and says what must have come of it.
func (s *stage) outcome(want call.Outcome, why call.Reason) {
	s.t.Helper()
	awaits(s.t, "the end of the transfer", func() bool { return len(s.state().Past) > 0 })
	if got := s.state().Past[0]; got.Outcome != want || got.Reason != why {
		s.t.Errorf("the transfer ended %s (%s), want %s (%s): %+v", got.Outcome, got.Reason, want, why, got.Attempts)
	}
}

// withTarget: the agent has been let go, customer and target hear each other.
func (s *stage) withTarget(target *softphone.Recording) {
	s.t.Helper()
	s.agent.awaits(Closed)
	hears(s.t, "customer", s.customer.heard, targetTone)
	hears(s.t, "target", target, customerTone)
	if s.customer.heard.Hears(agentTone, s.customer.heard.Length()-200*time.Millisecond, s.customer.heard.Length()) {
		s.t.Errorf("the customer still hears the agent: %s", s.customer.heard.Summary(voices))
	}
}

// heldWithAgent: the customer is on hold with the agent there (P4), and the
// agent takes them back.
func (s *stage) heldWithAgent(why call.Reason) {
	s.t.Helper()
	s.outcome(call.TransferFailed, why)
	s.onHold()
	s.agent.undisturbed()
	if _, err := s.client.Resume(s.t.Context(), s.contact); err != nil {
		s.t.Fatalf("resuming the customer: %v", err)
	}
	s.withAgent()
}

// rungBack: the agent had gone, is rung and has the customer again (P5).
func (s *stage) rungBack() {
	s.t.Helper()
	s.agent.awaits(Incoming)
	s.agent.answer()
	s.agent.awaits(Established)
	s.withAgent()
}

func (s *stage) withAgent() {
	s.t.Helper()
	hears(s.t, "customer", s.customer.heard, agentTone)
	hears(s.t, "agent", s.agent.heard, customerTone)
}

// goodbye has the customer hang up and checks that nothing is left (P9) and
// that nobody was left in silence. The others' calls must end by themselves.
func (s *stage) goodbye(others ...*baresip) {
	s.t.Helper()
	s.customer.undisturbed()
	s.neverSilent()
	s.customer.hangUp()
	s.customer.awaits(Closed)
	for _, other := range others {
		other.awaits(Closed)
	}
	s.nothingLeft()
}

// neverSilent checks P2 from the customer's first packet until now.
func (s *stage) neverSilent() {
	s.t.Helper()
	heard := s.customer.heard
	now := time.Since(heard.Began())
	if s.silent = heard.LongestGapWithin(0, now); s.silent > silence {
		s.t.Errorf("the customer heard nothing for %v: %s", s.silent, heard.Summary(voices))
	}
}

// nothingLeft waits until the server has no contact and the SIPp target, if
// there is one, has played its scenario to the end.
func (s *stage) nothingLeft() {
	s.t.Helper()
	if s.sipp != nil {
		s.sipp.finishes()
	}
	awaits(s.t, "the end of all contacts", func() bool {
		contacts, err := s.client.Contacts(context.WithoutCancel(s.t.Context()))
		return err == nil && len(contacts) == 0
	})
}

// order checks whom the customer heard, one after the other. The moment in
// which all three are in the same sound does not count, nor does what is
// nobody's sound.
func (s *stage) order(want ...string) {
	s.t.Helper()
	names := softphone.Voices{softphone.HoldTone: "hold"}
	maps.Copy(names, voices)
	var got []string
	for _, span := range s.customer.heard.Heard(slices.Collect(maps.Keys(names))...) {
		if len(span.Tones) == 0 || len(span.Tones) > 1 && span.To-span.From < moment {
			continue
		}
		var who []string
		for _, tone := range span.Tones {
			who = append(who, names[tone])
		}
		if name := strings.Join(who, "+"); len(got) == 0 || got[len(got)-1] != name {
			got = append(got, name)
		}
	}
	if !slices.Equal(got, want) {
		s.t.Errorf("the customer heard %v, want %v: %s", got, want, s.customer.heard.Summary(voices))
	}
}

// row is a scene that has been played, as a line of the matrix.
func (s *stage) row(scene string) string {
	s.t.Helper()
	target := "nobody"
	switch {
	case s.target != nil:
		target = "baresip"
	case s.sipp != nil:
		target = "SIPp"
	}
	var ended []string
	for _, t := range s.state().Past {
		ended = append(ended, strings.TrimSpace(fmt.Sprintf("%s %s", t.Outcome, t.Reason)))
	}
	return fmt.Sprintf("%s\t%s\t%s\t%d ms\n", scene, target, strings.Join(ended, ", "), s.silent.Milliseconds())
}
