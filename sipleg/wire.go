package sipleg

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/emiago/sipgo/sip"

	"holdfast/call"
	"holdfast/media"
	"holdfast/sipua"
	"holdfast/switchboard"
)

// The inputs on a SIP line.
type (
	// arrival begins a contact: the first INVITE, as the dialog took it.
	arrival struct {
		message
		lines  *Legs
		begins call.Fact // nil: the line takes the place of another
		step   sipua.Step
	}

	// message is a SIP message on the line of name.
	message struct {
		sipua.Received
		name string
	}

	// unreachable: the network reports that addr is unreachable.
	unreachable struct {
		addr netip.AddrPort
		name string
	}

	// latched: the peer's audio comes from another address than in its SDP.
	latched struct{ peer netip.AddrPort }
)

// TurnAway implements switchboard.Beginning.
func (a arrival) TurnAway() { a.lines.busy(a.Received, a.SIP.(*sip.Request), switchboard.ErrBusy) }

func (m message) Trace() string {
	if routine(m.SIP) {
		return ""
	}
	return line("<-", m.SIP, m.name)
}

func (u unreachable) Trace() string { return "<- ICMP unreachable " + plain(u.name) }
func (latched) Trace() string       { return "" }

// outgoing is a SIP message to be sent on a line.
type outgoing struct {
	sipua.Message
	on *anchor
}

// Class implements switchboard.Outgoing. A kind without a class is recorded
// first.
func (o outgoing) Class() switchboard.Class {
	switch sipua.Kinds[o.Kind] {
	case sipua.Exempt:
		return switchboard.Exempt
	case sipua.Ending:
		return switchboard.Ending
	case sipua.Journaled:
	}
	return switchboard.Journaled
}

func (o outgoing) Trace() string {
	if o.Kind == sipua.Ask {
		return ""
	}
	return line("->", o.SIP, o.on.name)
}

func (o outgoing) Send() error {
	o.on.hop.Store(&o.To)
	o.on.refuses(o.Message)
	o.on.meets(o.Message)
	return o.on.lines.sender.Send(o.Message)
}

// setting gives a leg the audio that was agreed.
type setting struct {
	audio   audio
	stream  media.Stream
	answers bool // it goes with our answer to a caller

	was     media.Stream   // before it
	latched netip.AddrPort // where the audio came from before it
}

// Class implements switchboard.Outgoing. A caller whose call we have not
// answered only gets the audio that goes with the answer.
func (s setting) Class() switchboard.Class {
	if s.answers {
		return switchboard.Journaled
	}
	return switchboard.Local
}

func (setting) Trace() string { return "" }

// Precede implements switchboard.Setting.
func (s setting) Precede() { s.audio.Tune(s.stream) }

// Undo implements switchboard.Setting.
func (s setting) Undo() { tune(s.audio, s.was, s.latched) }

// tune gives a leg the audio it had.
func tune(a audio, stream media.Stream, latched netip.AddrPort) {
	a.Tune(stream)
	if latched.IsValid() {
		a.Latch(latched)
	}
}

func (s setting) Send() error {
	s.audio.Set(s.stream)
	return nil
}

// line is a message as one line for the record, such as
// "<- 180 Ringing (INVITE) cardiology".
func line(arrow string, m sip.Message, name string) string {
	what := "?"
	switch m := m.(type) {
	case *sip.Request:
		what = m.Method.String()
	case *sip.Response:
		what = fmt.Sprintf("%d %s", m.StatusCode, m.Reason)
		if cseq := m.CSeq(); cseq != nil {
			what += " (" + cseq.MethodName.String() + ")"
		}
	}
	return plain(arrow + " " + what + " " + name)
}

// plain is a text from outside without characters that would break a line or
// a terminal.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 || r == 0x2028 || r == 0x2029 || r == 0xfffd {
			return -1
		}
		return r
	}, s)
}
