package webleg

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"holdfast/call"
	"holdfast/softphone"
	"holdfast/switchboard"
)

// These stories have real browsers: ICE, DTLS and SRTP on loopback. Each party is
// recognised by its tone.

func TestRingAcceptTalk(t *testing.T) {
	t.Parallel()
	h := newHouse(t, newJournal(), Options{}, nil)
	h.calls("c1", theCustomer)
	b := newBrowser(t, ana)
	b.connect(h.legs, "c1", 2)
	h.accepts("c1")
	h.is("c1", 2, call.Connected)
	h.ear("c1", 1).hears(t, ana)
	b.hears(t, theCustomer)
	h.asks("c1", call.EndRequested{By: 2})
	h.until("c1", "the end", func(c call.Contact) bool { return c.Stage == call.Over })
	h.wantStory("c1", "Arrived", "Rang", "AcceptRequested", "Answered", "EndRequested")
	want := []string{
		`{"version":1,"agent":"ana","state":"ringing"}`, `{"version":1,"agent":"ana","state":"accepted"}`, `{"version":1,"agent":"ana","state":"talking"}`,
	}
	if got := h.journal.memories("c1"); !slices.Equal(got, want) {
		t.Errorf("memories %q, want %q", got, want)
	}
}

func TestSessionIsMadeAfterAccepting(t *testing.T) {
	t.Parallel()
	h := newHouse(t, newJournal(), Options{}, nil)
	h.calls("c1", theCustomer)
	h.accepts("c1")
	if got := stateOf(h.journal.contact("c1"), 2); got != call.Connecting {
		t.Errorf("ana is %s without a session", got)
	}
	b := newBrowser(t, ana)
	b.connect(h.legs, "c1", 2)
	h.is("c1", 2, call.Connected)
	h.ear("c1", 1).hears(t, ana)
	b.hears(t, theCustomer)
	h.wantStory("c1", "Arrived", "Rang", "AcceptRequested", "Answered")
}

func TestReloadWhileTalking(t *testing.T) {
	t.Parallel()
	h := newHouse(t, newJournal(), Options{}, nil)
	old := h.talks("c1", theCustomer)
	h.ear("c1", 1).hears(t, ana)
	b := newBrowser(t, ana)
	b.connect(h.legs, "c1", 2)
	h.is("c1", 2, call.Connected)
	old.close() // its session was replaced
	h.ear("c1", 1).hears(t, ana)
	b.hears(t, theCustomer)
	h.wantStory("c1", "Arrived", "Rang", "AcceptRequested", "Answered", "Lost: replaced by a new session", "Back")
}

func TestReloadWhileATargetRings(t *testing.T) {
	t.Parallel()
	h := newHouse(t, newJournal(), Options{}, nil)
	old := h.talks("c1", theCustomer)
	old.hears(t, theCustomer)
	h.asks("c1", call.TransferRequested{By: 2, Kind: call.Cold, Target: call.Endpoint{Kind: call.PhoneNumber, Address: "+15550123"}})
	old.close()
	h.is("c1", 2, call.Away)
	h.ear("c1", 1).hears(t, softphone.HoldTone)
	b := newBrowser(t, ana)
	b.connect(h.legs, "c1", 2)
	h.is("c1", 2, call.Connected)
	h.is("c1", 3, call.Connecting)
	h.board.Deliver("c1", 3, pickUp{})
	h.until("c1", "ana is released", func(c call.Contact) bool { return stateOf(c, 2) == "" && stateOf(c, 3) == call.Connected })
	h.ear("c1", 1).hears(t, cleo)
	h.ear("c1", 3).hears(t, theCustomer)
}

func TestPageThatGoesAndComesBack(t *testing.T) {
	t.Parallel()
	h := newHouse(t, newJournal(), Options{}, nil)
	h.talks("c1", theCustomer)
	h.legs.Disconnect("c1", 2)
	h.is("c1", 2, call.Away)
	b := newBrowser(t, ana)
	b.connect(h.legs, "c1", 2)
	h.is("c1", 2, call.Connected)
	h.ear("c1", 1).hears(t, ana)
	b.hears(t, theCustomer)
	h.wantStory("c1", "Arrived", "Rang", "AcceptRequested", "Answered", "Lost: the agent's page has closed", "Back")
}

func TestShortStallIsFilledWithNoise(t *testing.T) {
	t.Parallel()
	h := newHouse(t, newJournal(), Options{}, nil)
	b, network := h.talksThrough("c1", theCustomer)
	customer := h.ear("c1", 1)
	network.stalled.Store(true)
	customer.hears(t)
	from := customer.count()
	customer.until(t, from, "a second of noise", func(since []heard) bool { return len(since) >= 50 })
	network.stalled.Store(false)
	customer.hears(t, ana)
	b.hears(t, theCustomer)
	h.wantStory("c1", "Arrived", "Rang", "AcceptRequested", "Answered")
}

func TestLongStallIsALossThatMayReturn(t *testing.T) {
	t.Parallel()
	h := newHouse(t, newJournal(), Options{AwayAfter: 500 * time.Millisecond}, nil)
	b, network := h.talksThrough("c1", theCustomer)
	network.stalled.Store(true)
	h.is("c1", 2, call.Away)
	h.ear("c1", 1).hears(t, softphone.HoldTone)
	network.stalled.Store(false) // no new offer
	h.is("c1", 2, call.Connected)
	h.ear("c1", 1).hears(t, ana)
	b.hears(t, theCustomer)
	h.wantStory("c1", "Arrived", "Rang", "AcceptRequested", "Answered", "Lost: no packet for 500ms", "Back")
}

// A browser whose page has lost its connection to the server talks on, if it still
// sends. If it does not, nobody waits for AwayAfter; and it may come back.
func TestDoubt(t *testing.T) {
	t.Parallel()
	h := newHouse(t, newJournal(), Options{}, nil)
	b, network := h.talksThrough("c1", theCustomer)
	customer := h.ear("c1", 1)
	h.legs.Doubt("c1", 2)
	from := customer.count()
	customer.until(t, from, "half a second of audio", func(since []heard) bool { return len(since) >= 25 })
	h.wantStory("c1", "Arrived", "Rang", "AcceptRequested", "Answered")

	network.stalled.Store(true)
	began := time.Now()
	h.legs.Doubt("c1", 2)
	h.is("c1", 2, call.Away)
	if took := time.Since(began); took > time.Second {
		t.Errorf("the line was lost after %s", took)
	}
	customer.hears(t, softphone.HoldTone)
	network.stalled.Store(false)
	h.is("c1", 2, call.Connected)
	customer.hears(t, ana)
	b.hears(t, theCustomer)
	h.wantStory("c1", "Arrived", "Rang", "AcceptRequested", "Answered",
		"Lost: the connection of the agent's page broke, and no packet came", "Back")

	h.legs.Doubt("c1", 7)
	h.legs.Doubt("c9", 2)
}

func TestBrowserThatEndsItsSession(t *testing.T) {
	t.Parallel()
	h := newHouse(t, newJournal(), Options{}, nil)
	b := h.talks("c1", theCustomer)
	b.hears(t, theCustomer) // the browser's side is up
	b.close()
	h.is("c1", 2, call.Away)
	h.wantStory("c1", "Arrived", "Rang", "AcceptRequested", "Answered", "Lost: closed by the browser")
}

func TestRestart(t *testing.T) {
	t.Parallel()
	j := newJournal()
	before := newHouse(t, j, Options{}, nil)
	before.talks("c1", theCustomer)
	before.calls("c2", another) // ana has not accepted this one
	before.close()

	h := newHouse(t, j, Options{}, nil)
	if n, err := h.board.Recover(context.Background()); n != 2 || err != nil {
		t.Fatalf("%d contacts recovered, %v", n, err)
	}
	h.is("c1", 2, call.Away)
	h.is("c2", 2, call.Connecting)
	b := newBrowser(t, ana)
	b.connect(h.legs, "c1", 2)
	h.is("c1", 2, call.Connected)
	h.ear("c1", 1).hears(t, ana)
	b.hears(t, theCustomer)
	h.wantStory("c1", "Arrived", "Rang", "AcceptRequested", "Answered", "Recovered", "Lost: the server restarted", "Back")

	other := newBrowser(t, cleo)
	other.connect(h.legs, "c2", 2)
	h.accepts("c2")
	h.is("c2", 2, call.Connected)
	h.ear("c2", 1).hears(t, cleo)
	h.wantStory("c2", "Arrived", "Rang", "Recovered", "AcceptRequested", "Answered")
}

func TestTwoContactsAtOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t, newJournal(), Options{}, nil)
	one := h.talks("c1", theCustomer)
	h.calls("c2", another)
	two := newBrowser(t, cleo)
	two.connect(h.legs, "c2", 2)
	h.accepts("c2")
	h.is("c2", 2, call.Connected)
	h.ear("c1", 1).hears(t, ana)
	h.ear("c2", 1).hears(t, cleo)
	one.hears(t, theCustomer)
	two.hears(t, another)
	h.asks("c2", call.HoldRequested{By: 2, Connection: 1})
	h.ear("c2", 1).hears(t, softphone.HoldTone)
	two.hears(t)
	one.hears(t, theCustomer)
}

// A spy is a Board that passes on the keys delivered to legs.
type spy struct {
	Board
	keys chan byte
}

func (s *spy) Deliver(id call.ContactID, c call.ConnectionID, in switchboard.Incoming) bool {
	if p, ok := in.(pressed); ok {
		s.keys <- p.key
	}
	return s.Board.Deliver(id, c, in)
}

func TestKeysOfABrowser(t *testing.T) {
	t.Parallel()
	s := &spy{keys: make(chan byte, 10)}
	h := newHouse(t, newJournal(), Options{Board: s}, nil)
	s.Board = h.board
	b := h.talks("c1", theCustomer)
	b.hears(t, theCustomer)
	b.press(5)
	b.press(11)
	for _, want := range "5#" {
		select {
		case got := <-s.keys:
			if got != byte(want) {
				t.Errorf("pressed %c, want %c", got, want)
			}
		case <-time.After(patiently):
			t.Fatalf("%c was not heard", want)
		}
	}
}

// Keys of the customer reach the browser with the payload type that it offered for
// telephone-events, in the same RTP stream as the voice.
func TestKeysTowardsABrowser(t *testing.T) {
	t.Parallel()
	h := newHouse(t, newJournal(), Options{}, nil)
	b := h.talks("c1", theCustomer)
	b.hears(t, theCustomer)
	h.phones.press(place{"c1", 1}, 7)
	heard := b.until(t, 0, "the end of the key", func(since []heard) bool {
		last := since[len(since)-1]
		return last.PayloadType == 126 && last.Payload[1]&0x80 != 0
	})
	before := heard[0]
	for _, p := range heard[1:] {
		if p.PayloadType == 126 && p.Payload[0] != 7 {
			t.Errorf("the key is %d", p.Payload[0])
		}
		if p.SSRC != before.SSRC || int16(p.SequenceNumber-before.SequenceNumber) <= 0 {
			t.Errorf("number %d of stream %d follows number %d of stream %d", p.SequenceNumber, p.SSRC, before.SequenceNumber, before.SSRC)
		}
		before = p
	}
}

func TestIPv6(t *testing.T) {
	t.Parallel()
	conn, err := net.ListenUDP("udp6", &net.UDPAddr{IP: net.IPv6loopback})
	if err != nil {
		t.Skip("this machine has no IPv6")
	}
	mux := webrtc.NewICEUDPMux(nil, conn) // pion offers ::1 only with one
	t.Cleanup(func() { mux.Close() })
	h := newHouse(t, newJournal(), Options{Address: netip.MustParseAddrPort("[::1]:0")}, nil)
	h.calls("c1", theCustomer)
	b := browserOf(t, browserAPI(t, func(s *webrtc.SettingEngine) { s.SetICEUDPMux(mux) }), ana)
	b.connect(h.legs, "c1", 2)
	h.accepts("c1")
	h.ear("c1", 1).hears(t, ana)
	b.hears(t, theCustomer)
}

func TestAnswer(t *testing.T) {
	t.Parallel()
	h := newHouse(t, newJournal(), Options{}, nil)
	h.calls("c1", theCustomer)
	b := newBrowser(t, ana)
	answer, err := h.legs.Connect(context.Background(), "c1", 2, b.offer())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"a=ice-lite\r\n", "a=sendrecv\r\n", "a=rtpmap:0 PCMU/8000\r\n", "a=rtpmap:126 telephone-event/8000\r\n", "SAVPF 126 0\r\n"} {
		if !strings.Contains(answer, want) {
			t.Errorf("the answer does not have %q: %s", want, answer)
		}
	}
	for line := range strings.Lines(answer) {
		if strings.HasPrefix(line, "a=candidate") && !strings.Contains(line, " "+strings.Replace(h.legs.Address().String(), ":", " ", 1)+" typ host") {
			t.Errorf("the answer has another candidate: %s", line)
		}
	}
}
