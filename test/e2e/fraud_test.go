package e2e

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"
	"github.com/icholy/digest"

	"holdfast"
	"holdfast/config"
	"holdfast/holdfasttest"
	"holdfast/sipua"
)

// What may be called is decided by [allow] at every door. These tests look at what the
// server sends: a call that is denied sends nothing but the refusal.

// A wiretap keeps the Request-URIs of the requests that the server sends, but for those
// inside a call.
type wiretap struct {
	holdfast.SIPTransport
	mu    sync.Mutex
	calls []string
}

func (w *wiretap) Send(m sipua.Message) error {
	inside := []sip.RequestMethod{sip.ACK, sip.BYE, sip.CANCEL, sip.NOTIFY, sip.UPDATE, sip.OPTIONS}
	if r, is := m.SIP.(*sip.Request); is && !slices.Contains(inside, r.Method) {
		w.mu.Lock()
		w.calls = append(w.calls, fmt.Sprintf("%s %s to %s", r.Method, r.Recipient.String(), m.To))
		w.mu.Unlock()
	}
	return w.SIPTransport.Send(m)
}

// taken returns what was sent since the last time, without repetitions.
func (w *wiretap) taken() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	calls := slices.Compact(w.calls)
	w.calls = nil
	return calls
}

// A thief is a program that sends any INVITE, and may stand where a phone was expected.
type thief struct {
	t      *testing.T
	conn   *net.UDPConn
	server netip.AddrPort
	sent   int
}

func newThief(t *testing.T) *thief {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &thief{t: t, conn: conn}
}

func (f *thief) at() netip.AddrPort { return f.conn.LocalAddr().(*net.UDPAddr).AddrPort() }

// invites sends an INVITE and returns the final response.
func (f *thief) invites(to, from string, headers ...string) *sip.Response {
	f.t.Helper()
	return f.final(f.send(to, from, headers...))
}

// send sends an INVITE in a dialog of its own and returns its Call-ID.
func (f *thief) send(to, from string, headers ...string) (id string) {
	f.t.Helper()
	f.sent++
	id = fmt.Sprintf("%d-%d", f.at().Port(), f.sent)
	sdp := strings.ReplaceAll(offer("m=audio 9 RTP/AVP 8\na=sendrecv\n"), "\n", "\r\n")
	text := fmt.Sprintf("INVITE %s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bK%s\r\nMax-Forwards: 70\r\n"+
		"From: <%s>;tag=%s\r\nTo: <%s>\r\nCall-ID: %s\r\nCSeq: 1 INVITE\r\nContact: <sip:thief@%s>\r\n%s"+
		"Content-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s",
		to, f.at(), id, from, id, strings.Split(to, "?")[0], id, f.at(), strings.Join(append(headers, ""), "\r\n"), len(sdp), sdp)
	f.write(text)
	return id
}

func (f *thief) write(text string) {
	f.t.Helper()
	if _, err := f.conn.WriteToUDPAddrPort([]byte(text), f.server); err != nil {
		f.t.Fatal(err)
	}
}

// read returns the next message, within a time.
func (f *thief) read() sip.Message {
	f.t.Helper()
	if err := f.conn.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		f.t.Fatal(err)
	}
	packet := make([]byte, 65536)
	n, _, err := f.conn.ReadFromUDPAddrPort(packet)
	if err != nil {
		f.t.Fatalf("no message: %v", err)
	}
	m, err := sip.ParseMessage(packet[:n])
	if err != nil {
		f.t.Fatal(err)
	}
	return m
}

// final waits for the final response to the INVITE of a Call-ID.
func (f *thief) final(id string) *sip.Response {
	f.t.Helper()
	for {
		if res, is := f.read().(*sip.Response); is && res.CallID().Value() == id && res.StatusCode >= 200 {
			return res
		}
	}
}

// credentials answers the challenge in a response to an INVITE.
func credentials(t *testing.T, challenge *sip.Response, to, user, secret string) string {
	t.Helper()
	h := challenge.GetHeader("WWW-Authenticate")
	if h == nil {
		t.Fatalf("no challenge in\n%s", challenge)
	}
	c, err := digest.ParseChallenge(h.Value())
	if err != nil {
		t.Fatal(err)
	}
	answer, err := digest.Digest(c, digest.Options{Method: "INVITE", URI: to, Count: 1, Cnonce: "c", Username: user, Password: secret})
	if err != nil {
		t.Fatal(err)
	}
	return "Authorization: " + answer.String()
}

// den is a house in which a thief has the place of mallory's phone, which has a fixed
// address, and another that of the gateway. Numbers in +4930 may be called, and addresses
// nowhere.
func den(t *testing.T) (h *house, mallory, gateway *thief, wire *wiretap) {
	t.Helper()
	mallory, gateway, wire = newThief(t), newThief(t), &wiretap{}
	h = open(t, func(b *holdfasttest.Bed) {
		c := &b.Options.Config
		c.Agents = append(c.Agents,
			config.Agent{Name: "mallory", Address: "sip:mallory@" + mallory.at().String(), Capacity: 1},
			config.Agent{Name: "ben", User: "200", Password: password, Capacity: 1})
		c.SIP.Phones = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
		c.Trunks = []config.Trunk{{Name: "carrier", Gateway: sipua.Hop{AddrPort: gateway.at()}}}
		c.Allow = config.Allow{Numbers: []string{"+4930"}}
		holdfasttest.WatchSIP(&b.Options, func(s holdfast.SIPTransport) holdfast.SIPTransport {
			wire.SIPTransport = s
			return wire
		})
	})
	mallory.server, gateway.server = h.SIP, h.SIP
	return h, mallory, gateway, wire
}

// TestTollFraudByDialling: an agent's phone dials what the policy denies, in every
// spelling. The refusal is all that is sent.
func TestTollFraudByDialling(t *testing.T) {
	h, mallory, gateway, wire := den(t)
	us, out := h.SIP.String(), gateway.at().String()
	const home = "sip:mallory@127.0.0.1"
	for _, test := range []struct {
		to, from string
		want     int
		headers  []string
	}{
		{"sip:+1900555@" + us, home, 403, nil},
		{"sip:%2B1900555@" + us, home, 403, nil},
		{"sip:+1-900-555@" + us, home, 403, nil},
		{"sip:+1900555;npdi@" + us, home, 403, nil},
		{"sip:+1900555@" + us + ";user=phone", home, 403, nil},
		{"tel:+1900555", home, 403, nil},
		{"sip:+1900555;phone-context=+4930@" + us, home, 484, nil},
		{"sip:+4930123;phone-context=+1900@" + us, home, 484, nil},
		{"sip:+4930123%3Bphone-context=+1900@" + us, home, 484, nil},
		{"tel:555;phone-context=+1900", home, 484, nil},
		{"tel:+4930123;phone-context=+1900", home, 484, nil},
		{"sip:+4930123;ext=9@" + us, home, 484, nil},
		{"sip:001900555@" + us, home, 484, nil},
		{"sip:112@" + us, home, 484, nil},
		{"sip:" + us, home, 484, nil},
		{"sip:+1900555@" + out, home, 403, nil},
		{"sip:+1900555@" + out + ";transport=udp", home, 403, nil},
		{"sip:anything@" + out, home, 403, nil},
		{"sip:anything@" + us, home, 404, nil},
		{"sip:+1900555@evil.example.com", "sip:mallory@evil.example.com", 403, nil},
		{"sip:x@evil.example.com", home, 403, nil},
		{"sip:x@203.0.113.9", home, 403, nil},
		{"sip:x@127.0.0.1:1", home, 403, nil},
		{"sip:x@127.0.0.2", home, 403, nil},
		{"sip:+4930123@" + us + ";maddr=127.0.0.2", home, 403, nil},
		{"sip:+4930123@" + us + ";m%61ddr=127.0.0.2", home, 403, nil},
		{"sip:+4930123@" + us + ";method=REGISTER", home, 403, nil},
		{"sip:+4930123:x@" + us, home, 403, nil},
		{"sip:+4930123@" + us + "?Route=%3Csip:127.0.0.2;lr%3E", home, 403, nil},
		{"sip:sip%3Ax%40127.0.0.2@" + us, home, 404, nil},
		{"sip:+4930123%40127.0.0.2@" + us, home, 404, nil},
		{"sips:+4930123@" + us, home, 416, nil},
		{"sip:+1900555@" + us, home, 403, []string{"Route: <sip:" + out + ";lr>"}},
		{"sip:+1900555@" + us, home, 403, []string{"P-Asserted-Identity: <sip:ana@" + us + ">"}},
		{"sip:+4930123@" + us, "sip:ana@" + us, 403, nil},
		{"sip:+4930123@" + us, "sip:200@" + us, 403, nil},
		{"sip:+4930123@" + us, "sip:B%45N@" + us, 403, nil},
	} {
		if got := mallory.invites(test.to, test.from, test.headers...); got.StatusCode != test.want {
			t.Errorf("INVITE %s as %s gets %d %s, want %d", test.to, test.from, got.StatusCode, got.Reason, test.want)
		}
		if calls := wire.taken(); len(calls) > 0 {
			t.Errorf("INVITE %s has us send %q", test.to, calls)
		}
	}
	h.Idle()

	t.Run("a number that may be called", func(t *testing.T) {
		id := mallory.send("sip:+4930123@"+us, home)
		gateway.redirects()
		if got := mallory.final(id); got.StatusCode != 480 {
			t.Errorf("a redirected call gets %d", got.StatusCode)
		}
		want := []string{"INVITE sip:+4930123@" + out + " to " + out}
		if calls := wire.taken(); !slices.Equal(calls, want) {
			t.Errorf("it has us send %q, want %q", calls, want)
		}
	})
}

// redirects answers the next INVITE with another address to call.
func (f *thief) redirects() {
	f.t.Helper()
	res := sip.NewResponseFromRequest(f.read().(*sip.Request), 302, "Moved Temporarily", nil)
	res.AppendHeader(sip.NewHeader("Contact", "<sip:+1900555@"+f.at().String()+">"))
	f.write(res.String())
}

// TestTollFraudByPassword: a program that does not prove the password of an agent calls no one, and
// who does is that agent and no other.
func TestTollFraudByPassword(t *testing.T) {
	h, _, gateway, wire := den(t)
	to := "sip:+4930123@" + h.SIP.String()
	f := newThief(t)
	f.server = h.SIP
	asked := func(to string) *sip.Response { return f.invites(to, "sip:200@127.0.0.1") }
	for _, test := range []struct {
		name string
		want int
		from string
		ask  func() string // for credentials
	}{
		{"no credentials", 401, "200", func() string { return "X: y" }},
		{"no credentials, as nobody", 401, "anonymous", func() string { return "X: y" }},
		{"a wrong password", 401, "200", func() string { return credentials(t, asked(to), to, "200", "shut sesame") }},
		{"another user", 401, "200", func() string { return credentials(t, asked(to), to, "mallory", password) }},
		{"of another address", 400, "200", func() string {
			return credentials(t, asked("sip:+49301@"+h.SIP.String()), "sip:+49301@"+h.SIP.String(), "200", password)
		}},
		{"a nonce of another port", 401, "200", func() string {
			other := newThief(t)
			other.server = h.SIP
			return credentials(t, other.invites(to, "sip:200@127.0.0.1"), to, "200", password)
		}},
		{"the right ones for another agent", 403, "mallory", func() string { return credentials(t, asked(to), to, "200", password) }},
	} {
		if got := f.invites(to, "sip:"+test.from+"@127.0.0.1", test.ask()); got.StatusCode != test.want {
			t.Errorf("%s: %d, want %d", test.name, got.StatusCode, test.want)
		}
		if calls := wire.taken(); len(calls) > 0 {
			t.Errorf("%s has us send %q", test.name, calls)
		}
	}
	right := credentials(t, asked(to), to, "200", password)
	id := f.send(to, "sip:200@127.0.0.1", right)
	gateway.redirects()
	if got := f.final(id); got.StatusCode != 480 || len(wire.taken()) != 1 {
		t.Errorf("the right credentials get %d", got.StatusCode)
	}
	if got := f.invites(to, "sip:200@127.0.0.1", right); got.StatusCode != 401 || len(wire.taken()) > 0 {
		t.Errorf("the same credentials again get %d", got.StatusCode)
	}
	h.Idle()
}
