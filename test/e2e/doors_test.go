package e2e

import (
	"bytes"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"holdfast/holdfasttest"
)

// What comes in at the SIP door from who means ill, or does not know better:
// nobody gets a contact by it, nothing is left behind, and who calls after it
// is served as if nothing had been.

// A caller is a socket that sends whatever it is told to.
type caller struct {
	t    *testing.T
	conn *net.UDPConn
}

func newCaller(t *testing.T, ip string, server netip.AddrPort) *caller {
	t.Helper()
	from := net.UDPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(ip), 0))
	conn, err := net.DialUDP("udp4", from, net.UDPAddrFromAddrPort(server))
	if err != nil {
		t.Skipf("this machine has no address %s: %v", ip, err)
	}
	t.Cleanup(func() { conn.Close() })
	return &caller{t, conn}
}

func (c *caller) address() string { return c.conn.LocalAddr().String() }

func (c *caller) send(packet string) {
	c.t.Helper()
	if _, err := c.conn.Write([]byte(packet)); err != nil {
		c.t.Fatal(err)
	}
}

// ask sends a request with a body of SDP, or none.
func (c *caller) ask(method, id, sdp string) {
	c.t.Helper()
	sdp = strings.ReplaceAll(sdp, "\n", "\r\n")
	c.send(fmt.Sprintf("%[1]s sip:help@%[2]s SIP/2.0\r\n"+
		"Via: SIP/2.0/UDP %[3]s;branch=z9hG4bK%[4]s\r\nMax-Forwards: 70\r\n"+
		"From: <sip:bob@%[3]s>;tag=%[4]s\r\nTo: <sip:help@%[2]s>\r\n"+
		"Call-ID: %[4]s\r\nCSeq: 1 %[1]s\r\nContact: <sip:bob@%[3]s>\r\n"+
		"Content-Type: application/sdp\r\nContent-Length: %[5]d\r\n\r\n%[6]s",
		method, c.conn.RemoteAddr(), c.address(), id, len(sdp), sdp))
}

// answer is the first line of the final answer that comes within a time, or
// "" if nothing does.
func (c *caller) answer(within time.Duration) string {
	c.t.Helper()
	if err := c.conn.SetReadDeadline(time.Now().Add(within)); err != nil {
		c.t.Fatal(err)
	}
	packet := make([]byte, 65536)
	for {
		n, err := c.conn.Read(packet)
		if err != nil {
			return ""
		}
		line, _, _ := strings.Cut(string(packet[:n]), "\r\n")
		if !strings.HasPrefix(line, "SIP/2.0 1") {
			return line
		}
	}
}

// offer is SDP with these lines about the media.
func offer(media string) string {
	return "v=0\no=- 1 1 IN IP4 127.0.0.1\ns=-\nc=IN IP4 127.0.0.1\nt=0 0\n" + media
}

// A lockedBuffer is a log that several goroutines write and one reads.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// A stranger is logged and not answered.
func TestStrangerAtTheDoor(t *testing.T) {
	var log lockedBuffer
	h := open(t, func(b *holdfasttest.Bed) { b.Options.Log = slog.New(slog.NewTextHandler(&log, nil)) })
	stranger := newCaller(t, "127.0.0.66", h.SIP)
	known := newCaller(t, "127.0.0.1", h.SIP)
	good := offer("m=audio 6000 RTP/AVP 0\n")
	stranger.ask("INVITE", "s1", good)
	stranger.ask("OPTIONS", "s2", "")
	stranger.ask("BYE", "s3", "")
	known.ask("OPTIONS", "k1", "") // messages are taken in order: after this, theirs have been
	if got := known.answer(10 * time.Second); got != "SIP/2.0 200 OK" {
		t.Fatalf("a known address is answered with %q", got)
	}
	const trying = 200 * time.Millisecond // the latest that a call is answered with anything
	if got := stranger.answer(2 * trying); got != "" {
		t.Errorf("the stranger is answered with %q", got)
	}
	if want := "ignoring SIP from unknown source"; !strings.Contains(log.String(), want) || !strings.Contains(log.String(), stranger.address()) {
		t.Errorf("no %q with %s in the log:\n%s", want, stranger.address(), log.String())
	}
	h.nobody()
	h.Talk()
}

// A bad offer leaves nothing behind: there are ports for the audio of two lines
// only, so that one that is not given back is missed by who calls then.
func TestBadOfferAtTheDoor(t *testing.T) {
	first := freePorts(t)
	h := open(t, func(b *holdfasttest.Bed) {
		b.Options.Config.Media.FirstPort, b.Options.Config.Media.LastPort = first, first+3
	})
	bob := newCaller(t, "127.0.0.1", h.SIP)
	for i, bad := range []struct{ name, sdp string }{
		{"no codec that we speak", offer("m=audio 6000 RTP/AVP 18\na=rtpmap:18 G729/8000\n")},
		{"pictures only", offer("m=video 6000 RTP/AVP 96\na=rtpmap:96 VP8/90000\n")},
		{"encrypted only", offer("m=audio 6000 RTP/SAVP 0\n")},
		{"audio refused", offer("m=audio 0 RTP/AVP 0\n")},
		{"nothing to send audio to", "v=0\no=- 1 1 IN IP4 127.0.0.1\ns=-\nt=0 0\nm=audio 6000 RTP/AVP 0\n"},
		{"no SDP", "hello\n"},
	} {
		bob.ask("INVITE", fmt.Sprint("b", i), bad.sdp)
		if got := bob.answer(10 * time.Second); !strings.HasPrefix(got, "SIP/2.0 488 ") {
			t.Errorf("%s: answered with %q, want 488", bad.name, got)
		}
	}
	h.nobody()
	h.Talk()
}

// Garbage does no harm to those who talk.
func TestGarbageAtTheDoor(t *testing.T) {
	h := open(t, nil)
	h.Talk()
	bob := newCaller(t, "127.0.0.1", h.SIP)
	for _, garbage := range []string{
		"", "\r\n\r\n", "\x00\xff\xfe", strings.Repeat("A", 60000),
		"INVITE\r\n\r\n", "INVITE sip:help SIP/2.0\r\n\r\n", "SIP/2.0 200 OK\r\n\r\n",
		"INVITE sip:help@127.0.0.1 SIP/2.0\r\nContent-Length: -1\r\n\r\n",
		"INVITE sip:help@127.0.0.1 SIP/2.0\r\nCall-ID: x\r\nCSeq: 99999999999 INVITE\r\n\r\n",
	} {
		bob.send(garbage)
	}
	bob.ask("OPTIONS", "k1", "")
	if got := bob.answer(10 * time.Second); got != "SIP/2.0 200 OK" {
		t.Errorf("after it, OPTIONS is answered with %q", got)
	}
	h.Hears("customer", "ana")
	if contacts, err := h.Client.Contacts(h.Soon()); err != nil || len(contacts) != 1 {
		t.Errorf("contacts: %v, %v, want the one that was there", contacts, err)
	}
}

// nobody: there is no contact.
func (h *house) nobody() {
	h.t.Helper()
	if contacts, err := h.Client.Contacts(h.Soon()); err != nil || len(contacts) != 0 {
		h.t.Errorf("contacts: %v, %v, want none", contacts, err)
	}
}

// freePorts is the first of four ports in a row below those that the system
// gives to who asks for any.
func freePorts(t *testing.T) uint16 {
	t.Helper()
	for first := uint16(31000); first < 32000; first += 4 {
		free := true
		for port := first; port < first+4; port += 2 {
			conn, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), port)))
			if err != nil {
				free = false
				break
			}
			conn.Close()
		}
		if free {
			return first
		}
	}
	t.Fatal("no free ports")
	return 0
}
