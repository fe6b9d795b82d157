package browser

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"holdfast/call"
	"holdfast/holdfasttest"
	"holdfast/notation"
	"holdfast/password"
	"holdfast/softphone"
)

// A stage is a server in a process of its own and the people who use it: agents at
// browsers, the others at softphones.
type stage struct {
	*holdfasttest.Bed
	t      *testing.T
	group  string
	first  uint16 // of its ten ports
	server *server
	page   string // the origin of the agents' page, such as "http://localhost:20002"
	kind   Kind   // of the agents' browsers
	media  uint16 // the port that browsers send audio to
	crm    *CRM
	ana    *agent
	agents map[string]*agent // ana too
	steps  []string          // the requests of a cold transfer that completes

	row  *row          // of the scene that is being played
	away time.Duration // for how long there was no server in it
}

// word is the password of all agents, and login its hash.
const word = "sesame"

var login = sync.OnceValues(func() (password.Hash, error) { return password.New(word) })

// opened counts the stages. Nothing else uses this network, so each stage has ten
// ports of its own.
var opened atomic.Int32

// impatient are rules for scenes in which somebody does not answer.
const impatient = "ring_for = \"3s\"\nrecall_for = \"3s\"\n"

// stepByStep are the requests of a page that transfers step by step.
var stepByStep = []string{"AcceptRequested", "HoldRequested", "TransferRequested", "ConferenceRequested", "DestroyRequested"}

const loopback = "127.0.0.1"

// openStage starts a server with these [rules], and softphones for a customer, a
// second customer and cardiology. All calls are routed to ana, who uses Chromium.
func openStage(t *testing.T, rules string) *stage {
	t.Helper()
	return openStageIn(t, setting{kind: Chromium}, rules)
}

// A setting is what agents work with.
type setting struct {
	kind       Kind
	withoutUDP bool // their network blocks it
}

// named returns the name of a group with the setting, unless that is in it.
func (in setting) named(group string) string {
	if firefox := " in Firefox"; in.kind == Firefox && !strings.Contains(group, firefox) {
		group += firefox
	}
	if blocked := ", UDP is blocked"; in.withoutUDP && !strings.Contains(group, blocked) {
		group += blocked
	}
	return group
}

// openStageIn is openStage in any setting.
func openStageIn(t *testing.T, in setting, rules string) *stage {
	t.Helper()
	Need(t)
	first := 20000 + 10*uint16(opened.Add(1))
	sip := netip.AddrPortFrom(netip.MustParseAddr(loopback), first)
	api := fmt.Sprintf("%s:%d", loopback, first+1)
	s := &stage{
		Bed: holdfasttest.Around(t, sip, "http://"+api), t: t, first: first, agents: map[string]*agent{},
		page: fmt.Sprintf("http://localhost:%d", first+2), kind: in.kind, media: first + 3, crm: ServeCRM(t), steps: stepByStep,
	}
	if in.withoutUDP {
		s.media += WithoutUDP - 20000
	}
	s.group = in.named(strings.ReplaceAll(strings.TrimPrefix(t.Name(), "TestScenes/"), "_", " "))
	for name, user := range map[string]string{"customer": "jo", "the second customer": "kim", "cardiology": "cardiology"} {
		s.Add(name, softphone.Options{User: user})
	}
	s.server = startServer(t, s.configuration(api, first, rules))
	return s
}

func (s *stage) configuration(api string, first uint16, rules string) string {
	s.t.Helper()
	hash, err := login()
	if err != nil {
		s.t.Fatal(err)
	}
	return fmt.Sprintf(`
[sip]
listen = %q
[api]
listen = %q
[panel]
listen = "%s:%d"
media = "%s:%d"
origins = [%q]
[rules]
%s
[[agent]]
name = "ana"
login = %q
capacity = 2
after_call = "until-cleared"
[[agent]]
name = "ben"
login = %q
[[route]]
called = "*"
agent = "ana"
[[endpoint]]
name = "cardiology"
address = %q
[[endpoint]]
name = "nowhere"
address = "sip:nowhere@%s:9"
`, s.SIP, api, loopback, first+2, Address, s.media, s.crm.Origin, rules, hash.PHC(), hash.PHC(), s.Phone("cardiology").URI(), loopback)
}

// What cardiology may do about a call.
var (
	rings    = softphone.Behaviour{Do: softphone.RingForever}
	declines = softphone.Behaviour{Do: softphone.Decline, After: 500 * time.Millisecond}
	isBusy   = softphone.Behaviour{Do: softphone.Busy, After: 500 * time.Millisecond}
)

func (s *stage) cardiology(b softphone.Behaviour) { s.Phone("cardiology").Answering(b) }

// talk makes the customer talk to ana, unless they do already.
func (s *stage) talk() {
	s.t.Helper()
	if s.Contact != "" {
		return
	}
	s.Bed = s.For("customer")
	s.Ring("customer", "help")
	s.ana.shows("ringing")
	s.ana.shot("rings")
	s.ana.accept()
	s.Find()
	s.meet("customer", "ana")
}

// stage waits until the contact has come to a stage.
func (s *stage) stage(want call.Stage) call.Contact {
	s.t.Helper()
	return s.Await(func(c call.Contact) bool { return c.Stage == want })
}

// goodbye makes the customer hang up. All calls end, and the agents finish their
// after-call work.
func (s *stage) goodbye() {
	s.t.Helper()
	s.HangUp("customer")
	s.over()
}

func (s *stage) over() call.Contact {
	s.t.Helper()
	c := s.Over()
	s.Contact = ""
	for _, a := range s.agents {
		a.clear()
	}
	return c
}

// history returns the events of the contact so far.
func (s *stage) history() (all []call.Event) {
	s.t.Helper()
	entries, err := s.Client.History(s.Soon(), s.Contact)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, e := range entries {
		for _, timed := range e.Events {
			all = append(all, timed.Event)
		}
	}
	return all
}

// wantRequests checks what was asked for in the contact, in order.
func (s *stage) wantRequests(want ...string) {
	s.t.Helper()
	var got []string
	for _, ev := range s.history() {
		if _, is := ev.(call.Request); is {
			got = append(got, notation.EventName(ev))
		}
	}
	if !slices.Equal(got, want) {
		s.t.Errorf("the page asked for %q, want %q", got, want)
	}
}

// nobodyTwice checks that cardiology was dialled only as often as the scenes have
// waited for it.
func (s *stage) nobodyTwice() {
	s.t.Helper()
	none, cancel := context.WithCancel(s.t.Context())
	cancel()
	if again, err := s.Phone("cardiology").Incoming(none); err == nil {
		s.t.Errorf("cardiology was dialled once more, as %s", again.CallID())
	}
}
