package sipleg

import (
	"testing"

	"github.com/emiago/sipgo/sip"

	"holdfast/call"
)

// TestReplacesOnce: an INVITE with Replaces that is repeated, while its leg is not there
// yet, takes the place of a line once; one that cannot be taken reaches no contact.
func TestReplacesOnce(t *testing.T) {
	p := newDeskPhone(t, "100", "sip:192.0.2.1")
	p.calls()
	a := anchorOf(p.leg)
	named := "Replaces: call-of-far;to-tag=" + a.identity.Tag + ";from-tag=far"
	p.board.contact = call.Contact{ID: a.contact, Connections: []call.Connection{
		{ID: a.connection, Endpoint: call.Endpoint{Kind: call.AgentEndpoint, Address: "ana"}, State: call.Connected},
	}}
	for range 2 {
		p.sent = 0
		if got := p.invites(named); got != 0 {
			t.Fatalf("it gets %d", got)
		}
	}
	if _, _, err := p.board.line.Open(a.contact, 9, 1); err != nil {
		t.Errorf("it is not opened: %v", err)
	}
	p.lines.Receive(fromWire("CANCEL sip:192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bK1\r\nMax-Forwards: 70\r\n" +
		"From: <sip:100@192.0.2.1>;tag=u\r\nTo: <sip:192.0.2.1>\r\nCall-ID: u1\r\nCSeq: 7 CANCEL\r\nContent-Length: 0\r\n\r\n"))
	if _, _, err := p.board.line.Open(a.contact, 9, 1); err == nil {
		t.Error("it is opened after its CANCEL")
	}
	if len(p.board.replaced) != 1 || p.board.replaced[0] != (call.Place{Contact: a.contact, Connection: a.connection}) {
		t.Errorf("it replaces %v", p.board.replaced)
	}
	for header, want := range map[string]int{
		"Replaces: call-of-far;to-tag=x":                              400,
		named + "\r\nReplaces: other;to-tag=a;from-tag=b":             400,
		named + ";early-only":                                         486,
		named + "\r\nRequire: nothing-we-have":                        420,
		"Replaces: call-of-far;to-tag=far;from-tag=" + a.identity.Tag: 481,
	} {
		if got := p.invites(header); got != want {
			t.Errorf("%q gets %d, want %d", header, got, want)
		}
	}
	p.wire.sent = nil
	p.board.line.Refuse(&call.Refusal{Code: call.NotYourCall})
	if got := p.wire.sent[0].SIP.(*sip.Response).StatusCode; got != 403 {
		t.Errorf("a refusal of the core is answered with %d", got)
	}
	p.board.contact.Connections[0].State = call.Connecting
	if got := p.invites(named + ";early-only"); got != 0 || len(p.board.replaced) != 2 {
		t.Errorf("in the place of a line that rings it gets %d", got)
	}
	p.board.contact.Connections[0].Endpoint.Address = "ben"
	if got := p.invites(named); got != 403 {
		t.Errorf("in the place of another agent's line it gets %d", got)
	}
	if len(p.board.replaced) != 2 {
		t.Errorf("%v were replaced", p.board.replaced)
	}
}

// TestReplacesWithPasswordOnce: the repetition of an INVITE with Replaces has credentials
// that were used. That it is not challenged leaves the phone with one call.
func TestReplacesWithPasswordOnce(t *testing.T) {
	p := newDeskPhone(t, "200", "sip:192.0.2.1")
	p.calls()
	a := anchorOf(p.leg)
	named := "Replaces: call-of-far;to-tag=" + a.identity.Tag + ";from-tag=far"
	p.board.contact = call.Contact{ID: a.contact, Connections: []call.Connection{
		{ID: a.connection, Endpoint: call.Endpoint{Kind: call.AgentEndpoint, Address: "ward"}, State: call.Connected},
	}}
	p.invites(named)
	proof := p.credentials("200")
	for range 2 {
		p.sent = 1
		if got := p.invites(named, proof); got != 0 {
			t.Errorf("it gets %d", got)
		}
	}
	if len(p.board.replaced) != 1 {
		t.Errorf("it replaces %v", p.board.replaced)
	}
}
