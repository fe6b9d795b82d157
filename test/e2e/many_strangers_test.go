package e2e

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"holdfast/holdfasttest"
	"holdfast/sipua"
)

// strangers is how many strangers connect.
const strangers = 2100

// connects opens a TCP connection from an address of this machine.
func connects(t *testing.T, ip string, server netip.AddrPort) net.Conn {
	t.Helper()
	from := net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(ip), 0))}
	conn, err := from.DialContext(t.Context(), "tcp", server.String())
	if err != nil {
		t.Skipf("this machine has no address %s: %v", ip, err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// More strangers connect than the server holds connections. They are refused, and the
// connection of a trunk goes on.
func TestStrangersAtTheTCPDoor(t *testing.T) {
	h := open(t, func(b *holdfasttest.Bed) { b.Options.Config.SIP.Transports = []sipua.Transport{sipua.TCP} })
	trunk := connects(t, "127.0.0.1", h.SIP)
	answers := bufio.NewReader(trunk)
	asks := func(id string) string {
		t.Helper()
		_, err := fmt.Fprintf(trunk, "OPTIONS sip:help@%[1]s SIP/2.0\r\nVia: SIP/2.0/TCP %[2]s;branch=z9hG4bK%[3]s\r\n"+
			"From: <sip:bob@%[2]s>;tag=%[3]s\r\nTo: <sip:help@%[1]s>\r\nCall-ID: %[3]s\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n",
			h.SIP, trunk.LocalAddr(), id)
		if err != nil {
			t.Fatal(err)
		}
		_ = trunk.SetReadDeadline(time.Now().Add(10 * time.Second))
		first, err := answers.ReadString('\n')
		for line := first; err == nil && line != "\r\n"; {
			line, err = answers.ReadString('\n')
		}
		if err != nil {
			t.Fatalf("the trunk's connection: %v", err)
		}
		return strings.TrimSpace(first)
	}
	if got := asks("before"); got != "SIP/2.0 200 OK" {
		t.Fatalf("a trunk is answered with %q", got)
	}
	for n := range strangers {
		conn := connects(t, "127.0.0.66", h.SIP)
		_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
		if got, err := conn.Read(make([]byte, 1)); got > 0 || err == nil || !refused(err) {
			t.Fatalf("the connection of stranger %d: %v", n, err)
		}
		_ = conn.Close()
	}
	if got := asks("after"); got != "SIP/2.0 200 OK" {
		t.Errorf("after %d strangers a trunk is answered with %q", strangers, got)
	}
	h.nobody()
	h.Talk()
}

// refused reports whether the far end has closed a connection.
func refused(err error) bool {
	return errors.Is(err, io.EOF) || strings.Contains(err.Error(), "reset")
}
