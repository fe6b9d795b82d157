package siptransport

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"

	"holdfast/sipua"
)

// overTCP is a message to be sent over TCP.
func overTCP(m sipua.Message) sipua.Message {
	m.Transport = sipua.TCP
	return m
}

// plug is somebody at the other end of a TCP connection who writes by hand.
type plug struct {
	net.Conn
	t      *testing.T
	frames *bufio.Scanner
}

func plugIn(t *testing.T, conn net.Conn) *plug {
	t.Helper()
	t.Cleanup(func() { _ = conn.Close() })
	p := &plug{Conn: conn, t: t, frames: bufio.NewScanner(conn)}
	p.frames.Split(sipua.SplitMessage)
	return p
}

func connectTo(t *testing.T, w *Wire) *plug {
	t.Helper()
	conn, err := net.DialTimeout("tcp", w.Address().String(), patience)
	if err != nil {
		t.Fatal(err)
	}
	return plugIn(t, conn)
}

func (p *plug) say(text string) {
	p.t.Helper()
	if _, err := io.WriteString(p, text); err != nil {
		p.t.Fatal(err)
	}
}

// hear is the next message, or "" when there is none any more.
func (p *plug) hear() string {
	_ = p.SetReadDeadline(time.Now().Add(patience))
	if !p.frames.Scan() {
		return ""
	}
	return p.frames.Text()
}

// ended waits until the other end has hung up.
func (p *plug) ended() error {
	_ = p.SetReadDeadline(time.Now().Add(patience))
	_, err := p.Read(make([]byte, 1))
	if errors.Is(err, io.EOF) || err != nil && strings.Contains(err.Error(), "reset") {
		return nil
	}
	return errors.New("the connection is not ended")
}

func text(t *testing.T, n int) string {
	return numbered(t, n, netip.AddrPort{}).SIP.String()
}

var overTCPToo = []sipua.Transport{sipua.TCP}

func TestTCPBothWays(t *testing.T) {
	a, fromB := listen(t, Options{Transports: overTCPToo})
	b, fromA := listen(t, Options{Transports: overTCPToo})
	const messages = 100
	for n := range messages {
		if err := a.Send(overTCP(numbered(t, n, b.Address()))); err != nil {
			t.Fatal(err)
		}
	}
	var last sipua.Received
	for n := range messages {
		last = await(t, fromA)
		if got := last.SIP.CSeq().SeqNo; got != uint32(n) || last.Transport != sipua.TCP {
			t.Fatalf("message %d came as number %d over %s", n, got, last.Transport)
		}
	}
	// The answer takes the connection that the question came on.
	answer := sipua.OptionsOK(last)
	if answer.To != last.From || answer.To == a.Address() || answer.Transport != sipua.TCP {
		t.Fatalf("the answer goes to %s over %s", answer.To, answer.Transport)
	}
	if err := b.Send(answer); err != nil {
		t.Fatal(err)
	}
	if m := await(t, fromB); m.From != b.Address() {
		t.Errorf("the answer came from %s", m.From)
	}
	for _, w := range []*Wire{a, b} {
		if n := len(w.streams.addresses()); n != 1 {
			t.Errorf("%d connections are open", n)
		}
	}
	// UDP goes on beside it.
	if err := a.Send(numbered(t, 7, b.Address())); err != nil {
		t.Fatal(err)
	}
	if m := await(t, fromA); m.Transport != sipua.UDP {
		t.Errorf("came over %s", m.Transport)
	}
}

// TestMessagesComeOneAtATime, although they come over several sockets.
func TestMessagesComeOneAtATime(t *testing.T) {
	const messages = 50
	var inside atomic.Int32
	done := make(chan bool, 3*messages)
	w, err := Listen(Options{Address: anyPort, Transports: overTCPToo, Receive: func(sipua.Received) {
		if inside.Add(1) > 1 {
			t.Error("two messages at a time")
		}
		runtime.Gosched()
		inside.Add(-1)
		done <- true
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	datagrams, _ := listen(t, Options{})
	all := ""
	for n := range messages {
		all += text(t, n)
	}
	for _, p := range []*plug{connectTo(t, w), connectTo(t, w)} {
		go func() { _, _ = io.WriteString(p, all) }()
	}
	for n := range messages {
		if err := datagrams.Send(numbered(t, n, w.Address())); err != nil {
			t.Fatal(err)
		}
	}
	for range 3 * messages {
		await(t, done)
	}
}

func TestTCPPings(t *testing.T) {
	w, in := listen(t, Options{Transports: overTCPToo})
	p := connectTo(t, w)
	p.say(sipua.Ping)
	heard := make([]byte, 2)
	if _, err := io.ReadFull(p, heard); err != nil || string(heard) != sipua.Pong {
		t.Fatalf("heard %q, %v", heard, err)
	}
	p.say(sipua.Pong + text(t, 1) + sipua.Ping)
	await(t, in)
	if _, err := io.ReadFull(p, heard); err != nil || string(heard) != sipua.Pong {
		t.Fatalf("heard %q, %v", heard, err)
	}
}

func TestTCPGarbage(t *testing.T) {
	w, in := listen(t, Options{Transports: overTCPToo})
	p := connectTo(t, w)
	p.say(strings.Replace(text(t, 1), "OPTIONS sip:192.0.2.1", "OPTIONS :", 1)) // its end can be told
	p.say(text(t, 2))
	if m := await(t, in); m.SIP.CSeq().SeqNo != 1 || m.Fault == nil {
		t.Errorf("got without a fault\n%s", m.SIP)
	}
	if m := await(t, in); m.SIP.CSeq().SeqNo != 2 || m.Fault != nil {
		t.Errorf("got %v\n%s", m.Fault, m.SIP)
	}
	p.say("GET / HTTP/1.1\r\n\r\n")
	if err := p.ended(); err != nil {
		t.Error(err)
	}
}

func TestTCPAsksWhoMayConnect(t *testing.T) {
	w, _ := listen(t, Options{Transports: overTCPToo, Peer: func(netip.AddrPort) Peer { return Stranger }})
	if err := connectTo(t, w).ended(); err != nil {
		t.Error(err)
	}
}

func TestTCPTellsWhoTakesNoConnection(t *testing.T) {
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone := nobody.Addr().(*net.TCPAddr).AddrPort()
	_ = nobody.Close()
	unreachable := make(chan netip.AddrPort, 10)
	w, _ := listen(t, Options{Transports: overTCPToo, Unreachable: func(a netip.AddrPort) { unreachable <- a }})
	if err := w.Send(overTCP(numbered(t, 1, gone))); err != nil {
		t.Fatal(err)
	}
	if got := await(t, unreachable); got != gone {
		t.Errorf("%s is unreachable, want %s", got, gone)
	}
	without, _ := listen(t, Options{})
	if err := without.Send(overTCP(numbered(t, 1, gone))); err == nil {
		t.Error("a wire without TCP sends over it")
	}
}

// TestTCPRequestsOutliveTheirConnection: a request on a connection that breaks
// is sent again on another, unless it has been answered.
func TestTCPRequestsOutliveTheirConnection(t *testing.T) {
	far, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	accept := func() *plug {
		_ = far.(*net.TCPListener).SetDeadline(time.Now().Add(patience))
		conn, err := far.Accept()
		if err != nil {
			t.Fatal(err)
		}
		return plugIn(t, conn)
	}
	w, in := listen(t, Options{Transports: overTCPToo})
	to := far.Addr().(*net.TCPAddr).AddrPort()
	ack := numbered(t, 3, to)
	ack.SIP.(*sip.Request).Method = sip.ACK
	for _, m := range []sipua.Message{numbered(t, 1, to), numbered(t, 2, to), ack} {
		if err := w.Send(overTCP(m)); err != nil {
			t.Fatal(err)
		}
	}
	first := accept()
	for range 3 {
		first.hear()
	}
	_ = first.Close()
	second := accept()
	for _, want := range []string{"CSeq: 1", "CSeq: 2"} {
		if got := second.hear(); !strings.Contains(got, want) {
			t.Errorf("heard %q, want %s", got, want)
		}
	}
	m := numbered(t, 4, to)
	m.SIP.Via().Params.Add("branch", "z9hG4bK4")
	if err := w.Send(overTCP(m)); err != nil {
		t.Fatal(err)
	}
	second.hear()
	answer := sip.NewResponseFromRequest(m.SIP.(*sip.Request), 200, "OK", nil)
	second.say(answer.String())
	await(t, in)
	_ = second.Close()
	if err := w.Send(overTCP(numbered(t, 5, to))); err != nil {
		t.Fatal(err)
	}
	third := accept()
	if got := third.hear(); !strings.Contains(got, "CSeq: 5") {
		t.Errorf("heard %q", got)
	}
}
