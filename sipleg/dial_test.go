package sipleg

import (
	"fmt"
	"strings"
	"testing"

	"github.com/emiago/sipgo/sip"
	"github.com/icholy/digest"

	"holdfast/call"
)

// A deskPhone sends INVITEs from the far address as a user to an address, each in a
// transaction of its own.
type deskPhone struct {
	*rig
	wire     *wire
	user, to string
	password string
	nonce    string
	count    int
	sent     int
}

func newDeskPhone(t *testing.T, user, to string) *deskPhone {
	p := &deskPhone{rig: newRig(t), wire: &wire{}, user: user, to: to, password: "hush"}
	p.lines.sender = p.wire
	return p
}

// invites sends an INVITE with these header lines besides, and returns the status of the
// response; 0: there is none.
func (p *deskPhone) invites(headers ...string) int {
	p.t.Helper()
	p.sent++
	more := ""
	for _, h := range headers {
		more += h + "\r\n"
	}
	body := speak("sendrecv")
	text := invitation(fmt.Sprintf("%sContent-Type: application/sdp\r\nContent-Length: %d\r\n", more, len(body)), body)
	p.wire.sent = nil
	p.lines.Receive(fromWire(strings.NewReplacer(
		"sip:hotline@192.0.2.1 SIP/2.0", p.to+" SIP/2.0",
		"branch=z9hG4bKu", fmt.Sprintf("branch=z9hG4bK%d", p.sent),
		"sip:+493012345@198.51.100.7", "sip:"+p.user+"@192.0.2.1",
		"Call-ID: u", fmt.Sprintf("Call-ID: u%d", p.sent),
	).Replace(text)))
	if len(p.wire.sent) == 0 {
		return 0
	}
	res, is := p.wire.sent[0].SIP.(*sip.Response)
	if !is {
		p.t.Fatalf("a request was sent:\n%s", p.wire.sent[0].SIP)
	}
	if h := res.GetHeader("WWW-Authenticate"); h != nil {
		c, err := digest.ParseChallenge(h.Value())
		if err != nil {
			p.t.Fatal(err)
		}
		p.nonce, p.count = c.Nonce, 0
	}
	return res.StatusCode
}

// credentials answers the last nonce, as user.
func (p *deskPhone) credentials(user string) string {
	p.t.Helper()
	p.count++
	c, err := digest.Digest(
		&digest.Challenge{Realm: "holdfast", Nonce: p.nonce, Algorithm: "MD5", QOP: []string{"auth"}},
		digest.Options{Method: "INVITE", URI: p.to, Count: p.count, Cnonce: "c", Username: user, Password: p.password})
	if err != nil {
		p.t.Fatal(err)
	}
	return "Authorization: " + c.String()
}

// begun returns the contact that has begun, or nil. None has may have left anything open.
func (p *deskPhone) begun() *call.Dialled {
	p.t.Helper()
	if p.leg == nil {
		if len(p.ports.open) > 0 || len(p.lines.legs) > 0 {
			p.t.Errorf("%d ports and %d legs are open, and no contact has begun", len(p.ports.open), len(p.lines.legs))
		}
		return nil
	}
	begins := p.facts[0].(call.Dialled)
	return &begins
}

// TestPhoneWithPassword: a phone that registers proves with its INVITE whose it is, and
// nothing is opened before.
func TestPhoneWithPassword(t *testing.T) {
	p := newDeskPhone(t, "200", "sip:+4930123@192.0.2.1")
	if got := p.invites(); got != 401 || p.begun() != nil {
		t.Fatalf("without credentials the INVITE gets %d", got)
	}
	p.password = "loud"
	if got := p.invites(p.credentials("200")); got != 401 || p.begun() != nil {
		t.Errorf("with a wrong password it gets %d", got)
	}
	p.password = "hush"
	right := p.credentials("200")
	if got := p.invites(right); got != 0 || p.begun() == nil || p.begun().Agent.Address != "ward" || p.begun().Called != "+4930123" {
		t.Fatalf("with the right password it gets %d and begins %+v", got, p.begun())
	}
	if got := p.invites(right); got != 401 || !strings.Contains(p.wire.sent[0].SIP.String(), "stale=true") {
		t.Errorf("the same credentials again get %d", got)
	}
	p.to = "sip:+4940@192.0.2.1"
	if got := p.invites(right); got != 400 {
		t.Errorf("credentials for another address get %d", got)
	}
}

// TestPhoneThatClaimsAnother: the digest says who dials, and From may not say that it is
// another agent.
func TestPhoneThatClaimsAnother(t *testing.T) {
	p := newDeskPhone(t, "ben", "sip:+4930123@192.0.2.1")
	p.invites()
	if got := p.invites(p.credentials("200")); got != 403 || p.begun() != nil {
		t.Errorf("it gets %d", got)
	}
}

// TestGuessesByINVITE: wrong passwords in an INVITE count as those in a REGISTER.
func TestGuessesByINVITE(t *testing.T) {
	p := newDeskPhone(t, "200", "sip:+4930123@192.0.2.1")
	p.password = "loud"
	p.invites()
	answered := 0
	for range 30 {
		if p.invites(p.credentials("200")) != 0 {
			answered++
		}
	}
	if answered != 10 || p.begun() != nil {
		t.Errorf("%d guesses got an answer, want 10", answered)
	}
}

// TestWhatPhonesDial: what an agent's phone dials is a user of this server, a number, or
// an address elsewhere; what would lead elsewhere than it seems is refused, and begins
// nothing.
func TestWhatPhonesDial(t *testing.T) {
	for to, want := range map[string]struct {
		status int    // 0: a contact begins
		called string // what is dialled
	}{
		"sip:+4930123@192.0.2.1":                   {0, "+4930123"},
		"sip:+4930123@192.0.2.1:5060;user=phone":   {0, "+4930123"},
		"sip:%2B4930123@192.0.2.1;transport=udp":   {0, "+4930123"},
		"sip:cardiology@192.0.2.1":                 {0, "cardiology"},
		"tel:+4930123":                             {0, "tel:+4930123"},
		"sip:sales@192.0.2.1":                      {403, ""},
		"sip:030@192.0.2.1":                        {484, ""},
		"sip:nobody@192.0.2.1":                     {404, ""},
		"sip:192.0.2.1":                            {404, ""},
		"sip:+1900555@192.0.2.1":                   {403, ""},
		"sip:+4930123:pw@192.0.2.1":                {403, ""},
		"sip:+4930123@192.0.2.1;maddr=203.0.113.9": {403, ""},
		"sip:+4930123@192.0.2.1;MADDR=203.0.113.9": {403, ""},
		"sip:+4930123@192.0.2.1;m%61ddr=203.0.113": {403, ""},
		"sip:+4930123@192.0.2.1;method=REFER":      {403, ""},
		"sip:+4930123@192.0.2.1;x=a@203.0.113.9":   {403, ""},
		"sip:+4930123@192.0.2.1?Replaces=x":        {403, ""},
		"sip:sip%3Ax%40203.0.113.9@192.0.2.1":      {404, ""},
		"sip:x%40203.0.113.9@192.0.2.1":            {404, ""},
		"sip:+4930123@203.0.113.9":                 {403, ""},
		"sip:+4930123@192.0.2.1:5070":              {404, ""},
		"sips:+4930123@192.0.2.1":                  {416, ""},
		"http://203.0.113.9/":                      {416, ""},
	} {
		p := newDeskPhone(t, "100", to)
		got := p.invites()
		switch begins := p.begun(); {
		case got != want.status, want.status == 0 && begins == nil, want.status != 0 && begins != nil:
			t.Errorf("INVITE %s gets %d and begins %v, want %d", to, got, begins, want.status)
		case begins != nil && (begins.Called != want.called || begins.Agent.Address != "ana"):
			t.Errorf("INVITE %s begins %+v", to, begins)
		}
	}
}

// TestTooManyLinesOfAPhone: a phone has a limited number of lines, however fast it dials.
func TestTooManyLinesOfAPhone(t *testing.T) {
	p := newDeskPhone(t, "100", "sip:+4930123@192.0.2.1")
	for range maxDialled {
		if got := p.invites(); got != 0 {
			t.Fatalf("an INVITE gets %d", got)
		}
	}
	if got := p.invites(); got != 486 {
		t.Errorf("one more gets %d", got)
	}
}

// TestLinesThatReplaceOthersCount: a phone has no more lines for letting another of its
// calls take the place of each.
func TestLinesThatReplaceOthersCount(t *testing.T) {
	p := newDeskPhone(t, "100", "sip:+4930123@192.0.2.1")
	for range maxDialled {
		p.to = "sip:+4930123@192.0.2.1"
		p.invites()
		first := p.leg
		a := anchorOf(first)
		p.board.contact = call.Contact{ID: a.contact, Connections: []call.Connection{
			{ID: a.connection, Endpoint: call.Endpoint{Kind: call.AgentEndpoint, Address: "ana"}, State: call.Connected},
		}}
		p.to = "sip:192.0.2.1"
		p.invites("Replaces: " + a.callID() + ";to-tag=" + a.identity.Tag + ";from-tag=" + *a.theirs.Load())
		if _, _, err := p.board.line.Open(a.contact, 3, 1); err != nil {
			t.Fatal(err)
		}
		first.Close()
	}
	p.to = "sip:+4930123@192.0.2.1"
	if got := p.invites(); got != 486 {
		t.Errorf("one more gets %d", got)
	}
}

// TestWhoPhonesShow: a party that an agent dials sees the agent or the number of the
// house, and neither what the phone wrote into From nor anything when the phone asks for
// privacy.
func TestWhoPhonesShow(t *testing.T) {
	ana := call.Endpoint{Kind: call.AgentEndpoint, Address: "ana"}
	for _, test := range []struct {
		headers, from string
		party         call.Party
	}{
		{"X: y", `From: <sip:ana@192.0.2.1:5060>`, call.Customer},
		{"Privacy: id", `From: "Anonymous" <sip:anonymous@anonymous.invalid>`, call.Customer},
		{"Privacy: id", `From: <sip:ana@192.0.2.1:5060>`, call.Target},
	} {
		p := newDeskPhone(t, "100", "sip:+4930123@192.0.2.1")
		p.invites(test.headers)
		d := call.Dial{Connection: 2, Party: test.party, To: call.Endpoint{Kind: call.PhoneNumber, Address: "+4930123"}, From: ana}
		leg, err := p.lines.Dial(anchorOf(p.leg).contact, 1, d)
		if err != nil {
			t.Fatal(err)
		}
		p.wire.sent, p.leg = nil, leg
		p.plans(d)
		if invite := p.wire.sent[0].SIP.String(); !strings.Contains(invite, test.from) || strings.Contains(invite, "100@") {
			t.Errorf("the %s of a phone that sends %q gets\n%s", test.party, test.headers, invite)
		}
	}
}
