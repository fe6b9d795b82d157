package siptransport

import (
	"encoding/binary"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestForgedErrors: an ICMP error that quotes nothing of what was sent, or not enough,
// makes no peer unreachable. A real one does.
func TestForgedErrors(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux says which address an ICMP error is about")
	}
	raw, err := net.Dial("ip4:icmp", "127.0.0.1")
	if err != nil {
		t.Skipf("only root may forge ICMP errors: %v", err)
	}
	defer raw.Close()
	unreachable := make(chan netip.AddrPort, 100)
	a, _ := listen(t, Options{Unreachable: func(at netip.AddrPort) { unreachable <- at }})
	peer, in := listen(t, Options{})
	m := numbered(t, 1, peer.Address())
	if err := a.Send(m); err != nil {
		t.Fatal(err)
	}
	await(t, in)
	text := m.SIP.String()
	branch := strings.Index(text, ";branch=") + len(";branch=")
	forge := func(quoted string) {
		t.Helper()
		if _, err := raw.Write(unreachableError(a.Address(), peer.Address(), quoted)); err != nil {
			t.Fatal(err)
		}
	}
	for _, quoted := range []string{"", text[:20], text[:branch], text[:branch+4], text[:branch] + "z9hG4bKguess;x\r\n" + text[branch:]} {
		forge(quoted)
	}
	for n := range 3 { // the errors are read before what comes after them
		if err := peer.Send(numbered(t, n, a.Address())); err != nil {
			t.Fatal(err)
		}
	}
	select {
	case at := <-unreachable:
		t.Errorf("by a forged error, %s is unreachable", at)
	case <-time.After(50 * time.Millisecond):
	}
	forge(text)
	_ = peer.Send(numbered(t, 9, a.Address()))
	if at := await(t, unreachable); at != peer.Address() {
		t.Errorf("%s is unreachable", at)
	}
}

// unreachableError is an ICMP message that the port of a datagram is unreachable
// (RFC 792), whoever sends it.
func unreachableError(from, to netip.AddrPort, quoted string) []byte {
	udp := binary.BigEndian.AppendUint16(nil, from.Port())
	udp = binary.BigEndian.AppendUint16(udp, to.Port())
	udp = append(udp, 0, byte(8+len(quoted)), 0, 0)
	ip := []byte{0x45, 0, 0, byte(28 + len(quoted)), 0, 0, 0, 0, 64, 17, 0, 0}
	ip = append(append(ip, from.Addr().AsSlice()...), to.Addr().AsSlice()...)
	icmp := append([]byte{3, 3, 0, 0, 0, 0, 0, 0}, append(append(ip, udp...), quoted...)...)
	var sum uint32
	for i := 0; i < len(icmp); i += 2 {
		word := uint32(icmp[i]) << 8
		if i+1 < len(icmp) {
			word |= uint32(icmp[i+1])
		}
		sum += word
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	binary.BigEndian.PutUint16(icmp[2:], ^uint16(sum))
	return icmp
}

// TestSentIsRemembered: the last datagrams are, and by whom they were sent to.
func TestSentIsRemembered(t *testing.T) {
	var s sent
	a, b := netip.MustParseAddrPort("192.0.2.1:5060"), netip.MustParseAddrPort("192.0.2.2:5060")
	text := "INVITE sip:x SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKx\r\n\r\n"
	s.add(a, text)
	for _, c := range []struct {
		r    returned
		want bool
	}{
		{returned{a, text}, true}, {returned{a, text[:len(text)-3]}, true}, {returned{a, text[:len(text)-5]}, false},
		{returned{b, text}, false}, {returned{a, text + "x"}, false},
	} {
		if got := s.has(c.r); got != c.want {
			t.Errorf("%q to %s: %t", c.r.quoted, c.r.to, got)
		}
	}
	for range mostSent {
		s.add(b, text)
	}
	if s.has(returned{a, text}) || !s.has(returned{b, text}) {
		t.Error("not the last ones are remembered")
	}
}
