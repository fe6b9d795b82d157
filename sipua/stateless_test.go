package sipua

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/emiago/sipgo/sip"
)

const goodOptions = `OPTIONS sip:192.0.2.1 SIP/2.0
Via: SIP/2.0/UDP 10.0.0.7:5070;rport;branch=z9hG4bK1
From: <sip:bob@192.0.2.2>;tag=b
To: <sip:192.0.2.1>
Call-ID: other
CSeq: 7 OPTIONS
Content-Length: 0

`

const good200 = `SIP/2.0 200 OK
Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1
Record-Route: <sip:192.0.2.8;lr>
From: <sip:ana@holdfast.test>;tag=us
To: <sip:bob@192.0.2.2>;tag=b
Call-ID: stray
CSeq: 65537 INVITE
Contact: <sip:bob@192.0.2.2:5062>
Content-Length: 0

`

func received(t testing.TB, text string) Received {
	t.Helper()
	msg, err := sip.ParseMessage([]byte(strings.ReplaceAll(text, "\n", "\r\n")))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return Received{SIP: msg, From: peers, Transport: UDP}
}

func TestCheckNamesTheWrongHeader(t *testing.T) {
	for _, c := range []struct{ from, old, new, want string }{
		{goodOptions, "", "", ""},
		{good200, "", "", ""},
		{goodOptions, "From: <sip:bob@192.0.2.2>;tag=b\n", "", "From is missing"},
		{goodOptions, "To: <sip:192.0.2.1>\n", "", "To is missing"},
		{goodOptions, "Call-ID: other\n", "", "Call-ID is missing"},
		{goodOptions, "Call-ID: other\n", "Call-ID: other\nCall-ID: another\n", "Call-ID is there 2 times"},
		{goodOptions, "CSeq: 7 OPTIONS\n", "", "CSeq is missing"},
		{goodOptions, "CSeq: 7 OPTIONS", "CSeq: 7 INVITE", "CSeq has the method"},
		{goodOptions, "Via: SIP/2.0/UDP 10.0.0.7:5070;rport;branch=z9hG4bK1\n", "", "Via is missing"},
		{goodOptions, "192.0.2.1 SIP/2.0\n", "192.0.2.1 SIP/7.0\n", "version"},
		{goodOptions, "Content-Length: 0\n", "Content-Length: 0\nContent-Length: 0\n", "Content-Length is there 2 times"},
		{good200, "SIP/2.0 200", "SIP/2.0 99", "status 99"},
		{good200, "Record-Route: <sip:192.0.2.8;lr>", "Via: SIP/2.0/UDP 192.0.2.9", "Via is there 2 times"},
	} {
		err := Check(received(t, strings.Replace(c.from, c.old, c.new, 1)))
		switch {
		case c.want == "" && err != nil:
			t.Errorf("a good message: %v", err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("with %q for %q: %v, want %q", c.new, c.old, err, c.want)
		}
	}
	if Check(Received{}) == nil {
		t.Error("no message at all passes")
	}
}

func TestRefuseAnswersWhereTheRequestCameFrom(t *testing.T) {
	in := received(t, goodOptions)
	m := Refuse(in, 503, "Draining", sip.NewHeader("Retry-After", "30"))
	if m.To != peers { // rport: not the 10.0.0.7:5070 it thinks it is
		t.Errorf("goes to %s", m.To)
	}
	text := m.SIP.String()
	for _, want := range []string{"SIP/2.0 503 Draining\r\n", "rport=5060", "received=192.0.2.2", "Retry-After: 30\r\n", ";tag="} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if again := Refuse(in, 503, "Draining", sip.NewHeader("Retry-After", "30")); again.SIP.String() != text {
		t.Errorf("the same request has another answer:\n%s\n%s", text, again.SIP)
	}
	if strings.Contains(in.SIP.String(), "received=") {
		t.Error("the request itself was changed")
	}
}

func TestResponsesGoByVia(t *testing.T) {
	for _, c := range []struct {
		via       string
		transport Transport
		want      string
	}{
		{"SIP/2.0/UDP 10.0.0.7:5070;branch=z9hG4bK1", UDP, "192.0.2.2:5070"},
		{"SIP/2.0/UDP phone.example.org;branch=z9hG4bK1", UDP, "192.0.2.2:5060"},
		{"SIP/2.0/UDP 10.0.0.7:5070;rport;branch=z9hG4bK1", UDP, "192.0.2.2:40000"},
		{"SIP/2.0/TCP 10.0.0.7:5070;branch=z9hG4bK1", TCP, "192.0.2.2:40000"},
	} {
		in := received(t, strings.Replace(goodOptions, "SIP/2.0/UDP 10.0.0.7:5070;rport;branch=z9hG4bK1", c.via, 1))
		in.From, in.Transport = netip.MustParseAddrPort("192.0.2.2:40000"), c.transport
		if m := OptionsOK(in); m.To.String() != c.want || m.Transport != c.transport {
			t.Errorf("Via %s: goes to %s over %s, want %s", c.via, m.To, m.Transport, c.want)
		}
	}
}

func TestRefuseIsSilentWhereItMust(t *testing.T) {
	for _, text := range []string{
		good200,
		strings.ReplaceAll(goodOptions, "OPTIONS", "ACK"),
		strings.Replace(goodOptions, "CSeq: 7 OPTIONS", "CSeq: 7 INVITE", 1),
	} {
		if m := Refuse(received(t, text), 481, "Call/Transaction Does Not Exist"); m.SIP != nil {
			t.Errorf("answered:\n%s", m.SIP)
		}
	}
}

func TestReleaseEndsAStrayCall(t *testing.T) {
	local := Local{Address: ours, Transport: UDP}
	out := Release(local, received(t, good200))
	if len(out) != 2 || out[0].Kind != AgainACK || out[1].Kind != Bye {
		t.Fatalf("got %v", out)
	}
	for i, want := range []string{"CSeq: 65537 ACK", "CSeq: 65538 BYE"} {
		text := out[i].SIP.String()
		for _, want := range []string{want, "sip:bob@192.0.2.2:5062 SIP/2.0", "To: <sip:bob@192.0.2.2>;tag=b", "From: <sip:ana@holdfast.test>;tag=us", "Route: <sip:192.0.2.8;lr>"} {
			if !strings.Contains(text, want) {
				t.Errorf("no %q in\n%s", want, text)
			}
		}
		if out[i].To.String() != "192.0.2.8:5060" {
			t.Errorf("goes to %s", out[i].To)
		}
	}
	for _, other := range []string{goodOptions, strings.Replace(good200, "200 OK", "486 Busy", 1), strings.Replace(good200, "65537 INVITE", "65537 BYE", 1)} {
		if out := Release(local, received(t, other)); out != nil {
			t.Errorf("released: %v", out)
		}
	}
}

// TestNamesStayInTheirHeader: what people are called cannot become headers.
func TestNamesStayInTheirHeader(t *testing.T) {
	d := NewCaller(Local{Address: ours, Transport: UDP}, RandomIdentity(), 1, Call{
		To: uri(t, "sip:b@192.0.2.2"), From: uri(t, "sip:a@192.0.2.1"), Name: "Ana\"\r\nX-Evil: yes",
	})
	s := d.Invite(noon, []byte("v=0\r\n"))
	s = s.Dialog.Receive(noon, received(t, ringing(s.Out[0])))
	s = s.Dialog.HangUp(noon, "SIP;cause=200\r\nX-Evil: yes")
	for _, m := range s.Out {
		if len(m.SIP.GetHeaders("X-Evil")) > 0 || strings.Contains(m.SIP.String(), "\nX-Evil") {
			t.Errorf("a header was smuggled in:\n%s", m.SIP)
		}
	}
	if len(s.Out) != 1 || s.Out[0].Kind != Cancel {
		t.Errorf("sent %v, want a CANCEL", s.Out)
	}
}

func ringing(invite Message) string {
	req := invite.SIP.(*sip.Request)
	res := respond(req, "b", 180, "Ringing")
	res.SetBody(nil)
	return strings.ReplaceAll(res.String(), "\r\n", "\n")
}

// TestContactOfARealPhone has the quoted parameter that phones send (RFC 5626).
func TestContactOfARealPhone(t *testing.T) {
	text := strings.NewReplacer("OPTIONS", "INVITE", "Content-Length",
		`Contact: <sip:bob-0x7f@192.0.2.2:40001;transport=udp>;expires=60;+sip.instance="<urn:uuid:6e1f1b4a>";reg-id=1`+"\nContent-Length").Replace(goodOptions)
	local := Local{Address: ours, Transport: UDP}
	s := NewCallee(local, RandomIdentity(), 1, noon, received(t, text))
	checkStep(t, local, 1, s)
	if s.Dialog.stage != invited || s.Dialog.peer.Target != "sip:bob-0x7f@192.0.2.2:40001;transport=udp" {
		t.Errorf("%s, target %s", s.Dialog.stage, s.Dialog.peer.Target)
	}
	if hop := s.Dialog.NextHop().String(); hop != "192.0.2.2:40001" {
		t.Errorf("requests go to %s", hop)
	}
}
