package interop

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"regexp"
	"strings"
)

var (
	startLine = regexp.MustCompile(`(?m)^UDP message (sent|received) .*\n\n(?:SIP/2\.0 (\d+)|([A-Z]+) )`)
	callID    = regexp.MustCompile(`(?mi)^Call-ID: *(\S+)`)
	reason    = regexp.MustCompile(`(?mi)^Reason: *(.+?)\r?$`)
	offered   = regexp.MustCompile(`(?s)\nc=IN IP4 (\S+).*?\nm=audio (\d+) `)
)

// errNotInvited: the target has not been called yet.
var errNotInvited = errors.New("this sipp has got no call")

func (s *SIPp) trace() string {
	trace, _ := os.ReadFile(s.file("messages"))
	return string(trace)
}

// Messages lists the messages so far: "<INVITE >180 <ACK". Nudges are none.
func (s *SIPp) Messages() string {
	var list []string
	for _, m := range startLine.FindAllStringSubmatch(s.trace(), -1) {
		if m[1] == "sent" || m[3] != nudge && m[3] != hangUp {
			direction := map[string]string{"sent": ">", "received": "<"}[m[1]]
			list = append(list, direction+m[2]+m[3])
		}
	}
	return strings.Join(list, " ")
}

// Reason is the target's Reason header (RFC 3326), if it has had one: why it
// need not ring any more.
func (s *SIPp) Reason() string {
	if m := reason.FindStringSubmatch(s.trace()); m != nil {
		return m[1]
	}
	return ""
}

// Methods with which the server asks these phones for nothing.
const (
	nudge  = "INFO"
	hangUp = "MESSAGE"
)

// Nudge makes a scenario go on that waits for it.
func (s *SIPp) Nudge() error { return s.poke(nudge) }

// HangUp makes a scenario hang up that waits for that.
func (s *SIPp) HangUp() error { return s.poke(hangUp) }

// poke sends a request of a method in the phone's first call, from elsewhere.
func (s *SIPp) poke(method string) error {
	id := callID.FindStringSubmatch(s.trace())
	if id == nil {
		return errNotInvited
	}
	conn, err := net.Dial("udp", fmt.Sprintf("127.0.0.1:%d", s.port))
	if err != nil {
		return fmt.Errorf("nudging sipp: %w", err)
	}
	_, err = fmt.Fprintf(conn, "%s %s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bKnudge\r\nCall-ID: %s\r\n"+
		"From: <sip:test@127.0.0.1>;tag=test\r\nTo: <%s>\r\nCSeq: 1 %s\r\nContent-Length: 0\r\n\r\n",
		method, s.URI(), conn.LocalAddr(), id[1], s.URI(), method)
	return errors.Join(err, conn.Close())
}

// Speak makes the target play its tone to its caller, before it has heard
// anything.
func (s *SIPp) Speak() error {
	m := offered.FindStringSubmatch(s.trace())
	if m == nil {
		return errNotInvited
	}
	peer, err := netip.ParseAddrPort(m[1] + ":" + m[2])
	if err != nil {
		return fmt.Errorf("reading what sipp was offered: %w", err)
	}
	s.audio.SayTo(peer)
	return nil
}
