package siptransport

import (
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"

	"holdfast/sipua"
)

var anyPort = netip.MustParseAddrPort("127.0.0.1:0")

// patience is how long a test waits for a datagram on loopback.
const patience = 5 * time.Second

// listen opens a wire whose messages come out of the channel.
func listen(t *testing.T, o Options) (*Wire, chan sipua.Received) {
	t.Helper()
	in := make(chan sipua.Received, 1000)
	o.Address = anyPort
	o.Receive = func(m sipua.Received) { in <- m }
	w, err := Listen(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	return w, in
}

func await[T any](t *testing.T, c chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatal("nothing came")
	}
	panic("unreachable")
}

// numbered is an OPTIONS with a CSeq number to tell it by.
func numbered(t *testing.T, n int, to netip.AddrPort) sipua.Message {
	t.Helper()
	return sipua.Message{Kind: sipua.OK, To: to, Transport: sipua.UDP, SIP: received(t, strings.Replace(goodOptions, "CSeq: 7", fmt.Sprintf("CSeq: %d", n), 1)).SIP}
}

func TestWireKeepsOrder(t *testing.T) {
	a, _ := listen(t, Options{})
	b, in := listen(t, Options{})
	const messages = 100
	for n := range messages {
		if err := a.Send(numbered(t, n, b.Address())); err != nil {
			t.Fatal(err)
		}
	}
	for n := range messages {
		m := await(t, in)
		if got := m.SIP.CSeq().SeqNo; got != uint32(n) {
			t.Fatalf("message %d came as number %d", got, n)
		}
		if m.From != a.Address() || m.Transport != sipua.UDP {
			t.Fatalf("came from %s over %s", m.From, m.Transport)
		}
	}
}

func TestWireSendsResponsesLongerThanAFrame(t *testing.T) {
	a, _ := listen(t, Options{})
	b, in := listen(t, Options{})
	m := numbered(t, 1, b.Address())
	m.SIP = sip.NewResponseFromRequest(m.SIP.(*sip.Request), 200, "OK", nil)
	m.SIP.SetBody([]byte(strings.Repeat("v", 3000)))
	if err := a.Send(m); err != nil {
		t.Fatal(err)
	}
	if got := await(t, in); len(got.SIP.Body()) != 3000 {
		t.Errorf("%d bytes came", len(got.SIP.Body()))
	}
	m.SIP.SetBody([]byte(strings.Repeat("v", 66000)))
	if err := a.Send(m); err == nil || !strings.Contains(err.Error(), "do not fit") {
		t.Errorf("sending far too much: %v", err)
	}
	if err := a.Send(sipua.Message{}); err == nil {
		t.Error("sending nothing is no error")
	}
}

func TestWireDropsWhatIsNoSIP(t *testing.T) {
	w, in := listen(t, Options{})
	conn, err := net.Dial("udp", w.Address().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	good := numbered(t, 42, netip.AddrPort{}).SIP.String()
	for _, text := range []string{"\r\n\r\n", "\x00\x00", "GET / HTTP/1.1\r\n\r\n", "INVITE sip:x SIP/2.0\r\n", good} {
		if _, err := conn.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if m := await(t, in); m.SIP.CSeq().SeqNo != 42 {
		t.Errorf("got\n%s", m.SIP)
	}
}

func TestWireTellsWhoIsUnreachable(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux says which address an ICMP error is about")
	}
	nobody, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(anyPort))
	if err != nil {
		t.Fatal(err)
	}
	gone := nobody.LocalAddr().(*net.UDPAddr).AddrPort()
	_ = nobody.Close()

	unreachable := make(chan netip.AddrPort, 10)
	w, in := listen(t, Options{Unreachable: func(a netip.AddrPort) { unreachable <- a }})
	if err := w.Send(numbered(t, 1, gone)); err != nil {
		t.Fatal(err)
	}
	if got := await(t, unreachable); got != gone {
		t.Errorf("%s is unreachable, want %s", got, gone)
	}
	// The wire goes on: to others and from others.
	other, theirs := listen(t, Options{})
	for range 3 {
		_ = w.Send(numbered(t, 2, gone))
		if err := w.Send(numbered(t, 3, other.Address())); err != nil {
			t.Fatal(err)
		}
		await(t, theirs)
	}
	if err := other.Send(numbered(t, 4, w.Address())); err != nil {
		t.Fatal(err)
	}
	await(t, in)
}

func TestWireRefusesWhatItCannotDo(t *testing.T) {
	w, _ := listen(t, Options{})
	if _, err := Listen(Options{Address: w.Address()}); err == nil || !strings.Contains(err.Error(), w.Address().String()) {
		t.Errorf("listening twice: %v", err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := w.Send(numbered(t, 1, w.Address())); err == nil {
		t.Error("sending on a closed wire is no error")
	}
	again, err := Listen(Options{Address: w.Address(), Receive: func(sipua.Received) {}})
	if err != nil {
		t.Fatalf("the same port after a restart: %v", err)
	}
	_ = again.Close()
}

// TestCallOverTheWire is a whole call between two dialogs on loopback.
func TestCallOverTheWire(t *testing.T) {
	for _, transport := range []sipua.Transport{sipua.UDP, sipua.TCP} {
		t.Run(transport.String(), func(t *testing.T) { callOverTheWire(t, transport) })
	}
}

func callOverTheWire(t *testing.T, transport sipua.Transport) {
	a, fromB := listen(t, Options{Transports: []sipua.Transport{transport}})
	b, fromA := listen(t, Options{Transports: []sipua.Transport{transport}})
	send := func(w *Wire, s sipua.Step) *sipua.Dialog {
		for _, m := range s.Out {
			if m.Transport != transport {
				t.Errorf("%s goes over %s", m.Kind, m.Transport)
			}
			if err := w.Send(m); err != nil {
				t.Fatal(err)
			}
		}
		return s.Dialog
	}
	offer := []byte("v=0\r\n")
	la, lb := sipua.Local{Address: a.Address(), Transport: transport}, sipua.Local{Address: b.Address(), Transports: []sipua.Transport{transport}}
	caller := sipua.NewCaller(la, sipua.RandomIdentity(), 1, sipua.Call{To: uri(t, "sip:b@"+b.Address().String()), From: uri(t, "sip:a@127.0.0.1")})
	caller = send(a, caller.Invite(time.Now(), offer))
	callee := send(b, sipua.NewCallee(lb, sipua.RandomIdentity(), 1, time.Now(), await(t, fromA)))
	callee = send(b, callee.Ring(time.Now()))
	callee = send(b, callee.Accept(time.Now(), offer, false))
	var events []string
	for range 2 {
		s := caller.Receive(time.Now(), await(t, fromB))
		for _, ev := range s.Events {
			events = append(events, strings.TrimPrefix(fmt.Sprintf("%T", ev), "sipua."))
		}
		caller = send(a, s)
	}
	if want := []string{"Progressed", "Accepted"}; !slices.Equal(events, want) {
		t.Errorf("the caller saw %q, want %q", events, want)
	}
	callee = send(b, callee.Receive(time.Now(), await(t, fromA)))
	if !caller.Established() || !callee.Established() {
		t.Fatal("not both in the call")
	}
	callee = send(b, callee.HangUp(time.Now(), ""))
	caller = send(a, caller.Receive(time.Now(), await(t, fromB)))
	callee = send(b, callee.Receive(time.Now(), await(t, fromA)))
	if caller.Established() || callee.Established() {
		t.Error("still in the call")
	}
}
