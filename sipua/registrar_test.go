package sipua

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"
	"github.com/icholy/digest"
)

// A desk is a registrar with the bindings of its one account, and a phone that
// asks it.
type desk struct {
	*testing.T
	*Registrar
	now      time.Time
	from     netip.AddrPort
	bindings []Binding
	asked    int // requests so far
	nonce    string
	count    int
}

const deskPassword = "open sesame"

func newDesk(t *testing.T) *desk {
	return &desk{T: t, now: noon, from: peers, Registrar: NewRegistrar(RegistrarOptions{
		Local: Local{Address: ours, Transports: []Transport{TCP}}, Longest: 5 * time.Minute,
		Authenticator: NewAuthenticator(AuthenticatorOptions{
			Realm: "holdfast", Secret: "salt", Digest: func(user string) []string {
				if user == "old" {
					return []string{"MD5"}
				}
				return []string{"SHA-256", "MD5"}
			},
			Account: func(user string) (Account, bool) {
				return Account{Name: "Ana", User: "200", Password: deskPassword}, user == "200"
			},
		}),
		MayBind: func(address string) bool { return !strings.Contains(address, "carrier") },
	})}
}

// request is the next REGISTER of the phone, with these headers besides.
func (d *desk) request(headers ...string) Received {
	d.Helper()
	d.asked++
	m := received(d, fmt.Sprintf(`REGISTER sip:192.0.2.1 SIP/2.0
Via: SIP/2.0/UDP 192.0.2.2:5060;rport;branch=z9hG4bK%[1]d
From: <sip:200@192.0.2.1>;tag=b
To: <sip:200@192.0.2.1>
Call-ID: phone
CSeq: %[1]d REGISTER
%[2]sContent-Length: 0

`, d.asked, strings.Join(append(headers, ""), "\n")))
	m.From = d.from
	return m
}

// credentials is the answer to the last nonce, computed by somebody else's digest.
func (d *desk) credentials(password string) string {
	d.Helper()
	d.count++
	c, err := digest.Digest(
		&digest.Challenge{Realm: "holdfast", Nonce: d.nonce, Algorithm: "SHA-256", QOP: []string{"auth"}},
		digest.Options{Method: "REGISTER", URI: "sip:192.0.2.1", Count: d.count, Cnonce: "c", Username: "200", Password: password})
	if err != nil {
		d.Fatal(err)
	}
	return "Authorization: " + c.String()
}

// take gives the registrar a request, does what it asks for, and returns the
// answer.
func (d *desk) take(m Received) *sip.Response {
	d.Helper()
	asked, answer := d.Receive(d.now, m)
	if asked != nil {
		after, ok := asked.Apply(d.now, d.bindings)
		if !ok {
			answer = d.Refuse(d.now, asked)
		} else {
			d.bindings = after
			answer = d.Grant(d.now, asked, after)
		}
	}
	if answer.SIP == nil {
		return nil
	}
	res := answer.SIP.(*sip.Response)
	if h := res.GetHeader("WWW-Authenticate"); h != nil {
		d.nonce, d.count = parameters(strings.TrimPrefix(h.Value(), "Digest "))["nonce"], 0
	}
	return res
}

// ask asks with the right password; the status of the answer must be this.
func (d *desk) ask(want int, headers ...string) *sip.Response {
	d.Helper()
	if d.nonce == "" {
		d.take(d.request())
	}
	res := d.take(d.request(append(headers, d.credentials(deskPassword))...))
	if res == nil || res.StatusCode != want {
		d.Fatalf("%q is answered %v, want %d", headers, res, want)
	}
	return res
}

// contacts are those in an answer.
func contacts(res *sip.Response) (all []string) {
	for _, h := range res.GetHeaders("Contact") {
		all = append(all, h.Value())
	}
	return all
}

func (d *desk) want(res *sip.Response, want ...string) {
	d.Helper()
	if got := contacts(res); !slices.Equal(got, want) {
		d.Errorf("the bindings are %q, want %q", got, want)
	}
}

func TestRegistrarAsksWithBothAlgorithms(t *testing.T) {
	d := newDesk(t)
	res := d.take(d.request("Contact: <sip:200@192.0.2.2>"))
	if res.StatusCode != 401 || len(d.bindings) != 0 {
		t.Fatalf("a stranger is answered %s", res.StartLine())
	}
	asks := res.GetHeaders("WWW-Authenticate")
	if len(asks) != 2 {
		t.Fatalf("there are %d challenges", len(asks))
	}
	for i, want := range []string{"SHA-256", "MD5"} {
		c, ok := readChallenge(asks[i].Value())
		if !ok || c.Algorithm != want || !c.Counted || c.stale || c.Realm != "holdfast" {
			t.Errorf("challenge %d is %s", i, asks[i].Value())
		}
	}
}

// TestBindings goes through RFC 3261 §10.2 and §10.3.
func TestBindings(t *testing.T) {
	d := newDesk(t)
	d.want(d.ask(200), []string{}...)
	d.want(d.ask(200, "Contact: <sip:200@192.0.2.2:5070>", "Expires: 60"), "<sip:200@192.0.2.2:5070>;expires=60")
	d.now = d.now.Add(10 * time.Second)
	d.want(d.ask(200), "<sip:200@192.0.2.2:5070>;expires=50")
	d.want(d.ask(200, "Contact: <sip:200@192.0.2.2:5070>, \"Desk, 2\" <sip:200@192.0.2.2:5080;line=7>;expires=99;q=0.5", "Expires: 7200"),
		"<sip:200@192.0.2.2:5070>;expires=300", "<sip:200@192.0.2.2:5080;line=7>;expires=99")
	d.want(d.ask(200, "Contact: <sip:200@192.0.2.2:5070>;expires=0"), "<sip:200@192.0.2.2:5080;line=7>;expires=99")
	d.now = d.now.Add(99 * time.Second)
	d.want(d.ask(200), []string{}...)
	d.want(d.ask(200, "m: <sip:200@192.0.2.2>;expires=soon"), "<sip:200@192.0.2.2>;expires=300")
	d.want(d.ask(200, "Contact: *", "Expires: 0"), []string{}...)
	for n := range 2 * maxBindings {
		d.ask(200, fmt.Sprintf("Contact: <sip:200@192.0.2.2:%d>", 6000+n))
	}
	if first := d.bindings[0].Contact; len(d.bindings) != maxBindings || first != "sip:200@192.0.2.2:6008" {
		t.Errorf("there are %d bindings, from %s on", len(d.bindings), first)
	}
}

func TestRegistrarRefuses(t *testing.T) {
	for _, c := range []struct {
		want    int
		headers []string
	}{
		{423, []string{"Contact: <sip:200@192.0.2.2>;expires=29"}},
		{400, []string{"Contact: *"}},
		{400, []string{"Contact: *", "Expires: 60"}},
		{400, []string{"Contact: *", "Contact: <sip:200@192.0.2.2>", "Expires: 0"}},
		{400, []string{"Contact: <sips:200@192.0.2.2>"}},
		{400, []string{"Contact: <tel:+4930123>"}},
		{400, []string{"Contact: <sip:200@192.0.2.2;transport=tls>"}},
		{400, []string{"Contact: <sip:200@192.0.2.2?Subject=x>"}},
		{400, []string{"Contact: <sip:200@192.0.2.1:5060>"}}, // ourselves
		{400, []string{"Contact: <sip:" + strings.Repeat("2", maxContact) + "@192.0.2.2>"}},
		{420, []string{"Contact: <sip:200@192.0.2.2>", "Require: gruu"}},
	} {
		d := newDesk(t)
		d.ask(200, "Contact: <sip:200@192.0.2.2:5070>")
		res := d.ask(c.want, c.headers...)
		if least := res.GetHeader("Min-Expires"); c.want == 423 && (least == nil || least.Value() != "30") {
			t.Errorf("no Min-Expires in %s", res)
		}
		if len(d.bindings) != 1 {
			t.Errorf("%q has changed the bindings: %v", c.headers, d.bindings)
		}
	}
}

// TestBehindANAT: who names another host than they speak from is called where
// they speak from, but told their own Contact.
func TestBehindANAT(t *testing.T) {
	for _, c := range []struct {
		contact   string
		transport Transport
		want      string
	}{
		{"sip:200@192.0.2.2:5070;line=7", UDP, "sip:200@192.0.2.2:5070;line=7"},
		{"sip:200@10.0.0.7:5070;line=7", UDP, "sip:200@192.0.2.2:40000;line=7"},
		{"sip:200@phone.local", UDP, "sip:200@192.0.2.2:40000"},
		{"sip:200@10.0.0.7;transport=tcp", TCP, "sip:200@192.0.2.2:40000;transport=tcp"},
	} {
		d := newDesk(t)
		d.from = netip.MustParseAddrPort("192.0.2.2:40000")
		d.take(d.request())
		m := d.request("Contact: <"+c.contact+">", d.credentials(deskPassword))
		m.Transport = c.transport
		d.want(d.take(m), "<"+c.contact+">;expires=300")
		if b := d.bindings[0]; b.Address != c.want || b.From != d.from {
			t.Errorf("%s over %s is called at %s", c.contact, c.transport, b.Address)
		}
	}
}

// TestBehindAProxy: who speaks for phones says where they are, but not that they
// are anywhere. What is there all the same can be removed.
func TestBehindAProxy(t *testing.T) {
	d := newDesk(t)
	d.behind(peers)
	d.ask(200, "Contact: <sip:200@10.0.0.7:5070;line=7>")
	d.ask(403, "Contact: <sip:200@10.0.0.8>, <sip:+19005550100@carrier.example>")
	d.ask(200, "Contact: <sip:+19005550100@carrier.example>;expires=0")
	if len(d.bindings) != 1 || d.bindings[0].Address != "sip:200@10.0.0.7:5070;line=7" {
		t.Errorf("the bindings are %v", d.bindings)
	}
}

// TestOvertakenRequests: an older request of the same phone changes nothing, one
// of another phone does (RFC 3261 §10.3, step 7).
func TestOvertakenRequests(t *testing.T) {
	d := newDesk(t)
	d.ask(200, "Contact: <sip:200@192.0.2.2:5070>;expires=60")
	d.ask(200, "Contact: <sip:200@192.0.2.2:5080>")
	d.asked, d.answers = 1, nil // as the request that made it
	d.ask(500, "Contact: <sip:200@192.0.2.2:5070>;expires=0")
	d.asked, d.answers = 0, nil
	d.ask(500, "Contact: *", "Expires: 0")
	if len(d.bindings) != 2 {
		t.Errorf("the bindings are %v", d.bindings)
	}
	d.bindings[0].Order = strings.Replace(d.bindings[0].Order, "phone", "other phone", 1)
	d.asked, d.answers = 0, nil
	d.want(d.ask(200, "Contact: <sip:200@192.0.2.2:5070>;expires=0"), "<sip:200@192.0.2.2:5080>;expires=300")
}

// TestRepeatedRequest: it has the same answer, and does nothing again.
func TestRepeatedRequest(t *testing.T) {
	d := newDesk(t)
	d.take(d.request())
	m := d.request("Contact: <sip:200@192.0.2.2>", d.credentials(deskPassword))
	first := d.take(m)
	if again := d.take(m); again.String() != first.String() {
		t.Errorf("answered\n%s\nand then\n%s", first, again)
	}
	d.now = d.now.Add(timeoutB + time.Second)
	if late := d.take(m); late.StatusCode != 401 {
		t.Errorf("much later it is answered %s", late.StartLine())
	}
}

func TestNonces(t *testing.T) {
	for name, spoil := range map[string]func(*desk){
		"too old":            func(d *desk) { d.now = d.now.Add(nonceAge + time.Second) },
		"used before":        func(d *desk) { d.ask(200); d.count-- },
		"of another address": func(d *desk) { d.from = netip.MustParseAddrPort("192.0.2.3:5060") },
		"of another port":    func(d *desk) { d.from = netip.MustParseAddrPort("192.0.2.2:5061") },
		"made up":            func(d *desk) { d.nonce = strings.Repeat("0", len(d.nonce)) },
		"no nonce of ours":   func(d *desk) { d.nonce = "xyz" },
		"after a restart":    func(d *desk) { d.options.Authenticator.nonces.secret = "pepper" },
		"of before the flood": func(d *desk) {
			d.now = d.now.Add(time.Millisecond)
			for range maxNonces + 2 {
				nonces := &d.options.Authenticator.nonces
				nonces.use(d.now, nonces.make(d.now, d.from), 1)
			}
			d.now = d.now.Add(time.Millisecond)
		},
	} {
		d := newDesk(t)
		d.take(d.request())
		spoil(d)
		res := d.take(d.request(d.credentials(deskPassword)))
		if res.StatusCode != 401 || !strings.Contains(res.GetHeader("WWW-Authenticate").Value(), "stale=true") {
			t.Errorf("a nonce %s: %s", name, res)
		}
		d.ask(200) // with the new one
		if n := d.options.Authenticator.nonces; len(n.counts) > maxNonces || len(n.used) != len(n.counts) {
			t.Errorf("%d nonces are remembered", len(n.counts))
		}
	}
}

func TestCredentialsThatMakeNoSense(t *testing.T) {
	for old, bad := range map[string]string{
		"qop=auth":              "qop=auth-int",
		"nc=00000001":           "nc=1",
		`uri="sip:192.0.2.1"`:   `uri="sip:192.0.2.9"`,
		"algorithm=SHA-256":     "algorithm=SHA-512-256",
		`cnonce="c"`:            `cnonce=""`,
		`username="200"`:        `username=""`,
		"algorithm=SHA-256, ":   "algorithm=MD5-sess, ",
		`realm="holdfast"`:      `realm="elsewhere"`,
		"Authorization: Digest": "Authorization: Basic",
	} {
		d := newDesk(t)
		d.take(d.request())
		proof := d.credentials(deskPassword)
		if !strings.Contains(proof, old) {
			t.Fatalf("no %s in %s", old, proof)
		}
		res := d.take(d.request("Contact: <sip:200@192.0.2.2>", strings.Replace(proof, old, bad, 1)))
		want := 400
		if strings.Contains(bad, "elsewhere") || strings.Contains(bad, "Basic") {
			want = 401 // it is no proof for us
		}
		if res.StatusCode != want || len(d.bindings) > 0 {
			t.Errorf("with %s: %s", bad, res.StartLine())
		}
	}
}

func TestOneRegistersForOneselfOnly(t *testing.T) {
	d := newDesk(t)
	d.take(d.request())
	m := d.request("Contact: <sip:200@192.0.2.2>", d.credentials(deskPassword))
	m.SIP.To().Address.User = "300"
	if res := d.take(m); res.StatusCode != 403 || len(d.bindings) > 0 {
		t.Errorf("for somebody else: %s", res.StartLine())
	}
	m = d.request("Contact: <sip:200@192.0.2.2>", d.credentials(deskPassword))
	m.SIP.To().Address.User = "ana"
	if res := d.take(m); res.StatusCode != 200 {
		t.Errorf("by the agent's name: %s", res.StartLine())
	}
}

// FuzzRegister gives anything that parses to a registrar that takes every user,
// as it comes and with a proof: whatever is granted can be called, and told again.
func FuzzRegister(f *testing.F) {
	for _, contact := range []string{"Contact: <sip:200@10.0.0.7>;expires=60", "Contact: *\r\nExpires: 0", "m: sip:a@b, \"x\" <sip:c@[::1]:7;lr>;q=1", "Require: a"} {
		f.Add([]byte(strings.NewReplacer("OPTIONS", "REGISTER", "\n", "\r\n", "Content-Length", contact+"\nContent-Length").Replace(goodOptions)), true)
	}
	f.Add([]byte(strings.NewReplacer("OPTIONS", "REGISTER", "\n", "\r\n", "Content-Length", `Authorization: Digest username="bob", realm="holdfast", nonce="00", uri="sip:192.0.2.1", response="x", qop=auth, nc=00000001, cnonce="c"`+"\nContent-Length").Replace(goodOptions)), false)
	f.Fuzz(func(t *testing.T, data []byte, proves bool) {
		msg, err := Parse(data)
		m := Received{SIP: msg, From: peers, Transport: UDP}
		if err != nil || !IsRegister(m) || Check(m) != nil {
			return
		}
		r := newDesk(nil).Registrar
		r.options.Authenticator.options.Account = func(user string) (Account, bool) { return Account{Name: user, User: user}, true }
		if req := msg.(*sip.Request); proves {
			c := challenge{Realm: "holdfast", Nonce: r.options.Authenticator.nonces.make(noon, m.From), Counted: true, Count: 1}
			req.RemoveHeader("Authorization")
			req.AppendHeader(c.answer(Credentials{User: req.To().Address.User}, sip.REGISTER, req.Recipient.String(), "c"))
		}
		asked, answer := r.Receive(noon, m)
		if (asked == nil) == (answer.SIP == nil) {
			t.Fatalf("asked for %v, answered %v", asked, answer.SIP)
		}
		if asked == nil {
			return
		}
		bindings, ok := asked.Apply(noon, nil)
		if !ok || len(bindings) > maxBindings {
			t.Fatalf("%d bindings", len(bindings))
		}
		for _, b := range bindings {
			var to sip.Uri
			if err := sip.ParseUri(b.Address, &to); err != nil || !AddressOf(to).IsValid() || AddressOf(to).Addr() != peers.Addr() {
				t.Errorf("%q, said from %s, cannot be called: %v", b.Address, peers, err)
			}
		}
		if again, err := Parse([]byte(r.Grant(noon, asked, bindings).SIP.String())); err != nil || len(again.GetHeaders("Contact")) != len(bindings) {
			t.Errorf("the answer cannot be read: %v", err)
		}
	})
}

// A REGISTER for a kind of address that we do not have gets 416, whoever sends it, as
// other requests do.
func TestRegisterOfAnUnknownScheme(t *testing.T) {
	for _, uri := range []string{"sips:192.0.2.1", "nobodyKnows:opaque"} {
		d := newDesk(t)
		m, err := Parse([]byte(strings.Replace(d.request().SIP.String(), "sip:192.0.2.1 ", uri+" ", 1)))
		if res := d.take(Received{SIP: m, From: d.from, Fault: err}); res == nil || res.StatusCode != 416 {
			t.Errorf("REGISTER %s is answered %v", uri, res)
		}
	}
}
