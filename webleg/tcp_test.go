package webleg

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pion/stun/v4"
	"github.com/pion/webrtc/v4"

	"holdfast/call"
)

// A network passes no UDP: the browser connects over TCP, and again after a reload.
func TestTalkOverTCP(t *testing.T) {
	t.Parallel()
	h := newHouse(t, newJournal(), Options{}, nil)
	h.calls("c1", theCustomer)
	h.accepts("c1")
	b := newBrowserOverTCP(t)
	b.connect(h.legs, "c1", 2)
	h.is("c1", 2, call.Connected)
	h.ear("c1", 1).hears(t, ana)
	b.hears(t, theCustomer)
	if got := b.protocol(); got != webrtc.ICEProtocolTCP {
		t.Errorf("connected over %s", got)
	}
	again := newBrowserOverTCP(t)
	again.connect(h.legs, "c1", 2)
	h.until("c1", "ana is back", func(c call.Contact) bool { return stateOf(c, 2) == call.Connected })
	again.hears(t, theCustomer)
	h.ear("c1", 1).hears(t, ana)
}

// newBrowserOverTCP makes a browser that can only connect over TCP.
func newBrowserOverTCP(t testing.TB) *browser {
	t.Helper()
	return browserOf(t, browserAPI(t, func(s *webrtc.SettingEngine) {
		s.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeTCP4})
	}), ana)
}

// protocol returns the protocol that the browser sends over.
func (b *browser) protocol() webrtc.ICEProtocol {
	b.t.Helper()
	pair, err := b.pc.SCTP().Transport().ICETransport().GetSelectedCandidatePair()
	if err != nil || pair == nil {
		b.t.Fatalf("no pair is selected: %v", err)
	}
	return pair.Remote.Protocol
}

// A browser that can use both uses UDP.
func TestUDPIsPreferred(t *testing.T) {
	t.Parallel()
	h := newHouse(t, newJournal(), Options{}, nil)
	b := newBrowser(t, ana)
	h.calls("c1", theCustomer)
	h.accepts("c1")
	b.connect(h.legs, "c1", 2)
	b.hears(t, theCustomer)
	if got := b.protocol(); got != webrtc.ICEProtocolUDP {
		t.Errorf("connected over %s", got)
	}
}

func TestUDPOnly(t *testing.T) {
	t.Parallel()
	h := newHouse(t, newJournal(), Options{UDPOnly: true}, nil)
	h.calls("c1", theCustomer)
	answer, err := h.legs.Connect(context.Background(), "c1", 2, offers(t)["chrome"])
	if err != nil || strings.Contains(answer, " tcp ") {
		t.Errorf("%v: %s", err, answer)
	}
	if _, err := net.Dial("tcp", h.legs.Address().String()); err == nil {
		t.Error("TCP connections are accepted")
	}
}

// Strangers open connections of a session that has begun: without the password, with
// a frame that is too long, and with nothing. They are closed, and the browser, which
// comes last, talks.
func TestStrangersOverTCP(t *testing.T) {
	t.Parallel()
	h := newHouse(t, newJournal(), Options{}, nil)
	h.calls("c1", theCustomer)
	h.accepts("c1")
	b := newBrowserOverTCP(t)
	answer, err := h.legs.Connect(context.Background(), "c1", 2, b.offer())
	if err != nil {
		t.Fatal(err)
	}
	user := regexp.MustCompile(`a=ice-ufrag:(\S+)`).FindStringSubmatch(answer)[1] + ":x"
	check := stun.MustBuild(stun.BindingRequest, stun.TransactionID, stun.NewUsername(user),
		stun.NewShortTermIntegrity("a guess"), stun.Fingerprint).Raw
	var late []net.Conn
	for what, sent := range map[string][]byte{
		"a guess":               framed(check),
		"a guess, then 60 kB":   append(framed(check), framed(make([]byte, 60_000))...),
		"an unknown session":    framed(stun.MustBuild(stun.BindingRequest, stun.TransactionID, stun.NewUsername("y:x")).Raw),
		"no check":              framed([]byte("GET / HTTP/1.1\r\n")),
		"a long first frame":    framed(make([]byte, 600)),
		"a frame without end":   {0, 200, 1},
		"nothing":               nil,
		"a guess, then nothing": framed(check),
	} {
		conn := dial(t, h.legs.Address())
		if _, err := conn.Write(sent); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		late = append(late, conn)
	}
	_ = dial(t, h.legs.Address()).Close()
	b.accept(answer)
	h.is("c1", 2, call.Connected)
	h.ear("c1", 1).hears(t, ana)
	b.hears(t, theCustomer)
	for _, conn := range late {
		wantClosed(t, conn)
	}
	b.hears(t, theCustomer)
	h.wantStory("c1", "Arrived", "Rang", "AcceptRequested", "Answered")
}

// framed returns a packet as it is sent over TCP (RFC 4571).
func framed(packet []byte) []byte {
	return append(binary.BigEndian.AppendUint16(nil, uint16(len(packet))), packet...)
}

func dial(t *testing.T, to netip.AddrPort) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", to.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// wantClosed waits until the far end has closed a connection.
func wantClosed(t *testing.T, conn net.Conn) {
	t.Helper()
	_ = conn.SetReadDeadline(time.Now().Add(patiently))
	if _, err := io.Copy(io.Discard, conn); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("a stranger's connection stays open")
	}
}

// One source has few connections without an authentic check, of which the oldest are
// closed, and any number with one.
func TestAcceptorLimits(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	a := newAcceptor(l, 2*patiently) // longer than wantClosed waits
	accepted := make(chan net.Conn)
	go func() { // ends with the acceptor
		defer close(accepted)
		for {
			c, err := a.Accept()
			if err != nil {
				return
			}
			accepted <- c
		}
	}()
	at := l.Addr().(*net.TCPAddr).AddrPort()
	var proven []net.Conn
	for range mostStrangersFrom + 3 { // would be too many if they were strangers
		conn := dial(t, at)
		a.prove(addressOf((<-accepted).RemoteAddr()))
		proven = append(proven, conn)
	}
	var strangers []net.Conn
	for range mostStrangersFrom + 5 {
		strangers = append(strangers, dial(t, at))
		<-accepted
	}
	for _, conn := range strangers[:5] { // too many
		wantClosed(t, conn)
	}
	strangers = strangers[5:]
	a.prove(addressOf(strangers[0].LocalAddr()))
	strangers = append(strangers, dial(t, at))
	<-accepted
	if n := a.strangers.Len(); n != mostStrangersFrom || len(a.open) != len(proven)+mostStrangersFrom+1 {
		t.Errorf("%d strangers are among %d connections", n, len(a.open))
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
	for _, conn := range append(proven, strangers...) {
		wantClosed(t, conn)
	}
	if n := len(a.open) + a.strangers.Len() + a.proven; n > 0 {
		t.Errorf("%d entries are left", n)
	}
	if _, more := <-accepted; more {
		t.Error("one more is accepted")
	}
}

// TestStrangersKeepNoBrowserOut: a browser behind the same address as somebody who opens
// connections all the time connects and is proven.
func TestStrangersKeepNoBrowserOut(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	a := newAcceptor(l, 2*patiently)
	defer a.Close()
	at := l.Addr().(*net.TCPAddr).AddrPort()
	accept := func() net.Conn {
		conn := dial(t, at)
		if _, err := a.Accept(); err != nil {
			t.Fatal(err)
		}
		return conn
	}
	for range 2 * mostStrangersFrom {
		accept()
	}
	browser := accept()
	a.prove(addressOf(browser.LocalAddr()))
	for range 2 * mostStrangersFrom {
		accept()
	}
	_ = browser.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if _, err := browser.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the browser's connection: %v", err)
	}
}

// A stranger names a session that does not exist. The mux would keep an entry and a
// goroutine for it as long as it expects that session, also when the connection is
// closed, so it must expect none.
func TestUnknownSessionOverTCP(t *testing.T) {
	t.Parallel()
	p, err := listen(Options{Address: netip.MustParseAddrPort("127.0.0.1:0")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.close() })
	conn, begun := dial(t, p.at), time.Now()
	if _, err := conn.Write(framed(stun.MustBuild(stun.BindingRequest, stun.TransactionID, stun.NewUsername("y:x")).Raw)); err != nil {
		t.Fatal(err)
	}
	wantClosed(t, conn)
	if took := time.Since(begun); took > provenWithin/2 {
		t.Errorf("the connection was open for %s", took)
	}
}
