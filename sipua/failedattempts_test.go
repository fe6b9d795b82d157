package sipua

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// through has a request come through a proxy, which has received it from an address.
func (d *desk) through(m Received, from netip.AddrPort) Received {
	d.Helper()
	text := strings.ReplaceAll(m.SIP.String(), "\r\n", "\n")
	text = strings.Replace(text, "rport;", fmt.Sprintf("received=%s;rport=%d;", from.Addr(), from.Port()), 1)
	r := received(d, strings.Replace(text, "Via: ", "Via: SIP/2.0/UDP "+d.options.Local.Proxy.String()+";branch=z9hG4bKp\nVia: ", 1))
	r.From = d.options.Local.Proxy
	return r
}

// behind puts the registrar behind a proxy.
func (d *desk) behind(proxy netip.AddrPort) {
	d.options.Local.Proxy, d.options.Authenticator.options.Proxy = proxy, proxy
}

// guesses sends wrong passwords for a user, and returns how many got an answer.
func (d *desk) guesses(n int, user string, send func(Received) Received) (answered int) {
	d.Helper()
	d.nonce = ""
	for range n {
		if d.nonce == "" {
			d.take(send(d.request()))
		}
		proof := strings.Replace(d.credentials("shut sesame"), `username="200"`, `username="`+user+`"`, 1)
		if res := d.take(send(d.request(proof))); res != nil {
			answered++
		}
	}
	return answered
}

// registers has the phone register, and reports whether it got an answer to the right
// password.
func (d *desk) registers(send func(Received) Received) bool {
	d.Helper()
	d.nonce = ""
	if res := d.take(send(d.request())); res == nil || res.StatusCode != 401 {
		return false
	}
	res := d.take(send(d.request("Contact: <sip:200@192.0.2.2>", d.credentials(deskPassword))))
	return res != nil && res.StatusCode == 200
}

// sent returns how a sender at an address sends, through the proxy if there is one.
func (d *desk) sent(from netip.AddrPort) func(Received) Received {
	return func(m Received) Received {
		if d.options.Local.Proxy.IsValid() {
			return d.through(m, from)
		}
		m.From = from
		return m
	}
}

var (
	stranger  = netip.MustParseAddrPort("192.0.2.99:5060")
	roommate  = netip.AddrPortFrom(peers.Addr(), 40000)
	proxyDesk = netip.MustParseAddrPort("192.0.2.5:5060")
)

// eachWay runs a test with a desk that phones reach directly, and one behind a proxy.
func eachWay(t *testing.T, test func(t *testing.T, d *desk)) {
	for name, proxy := range map[string]netip.AddrPort{"directly": {}, "through a proxy": proxyDesk} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			d.behind(proxy)
			test(t, d)
		})
	}
}

// TestForgedAddress: a stranger who writes a phone's address into their requests knows
// no nonce that was made for it, so their wrong passwords do not count.
func TestForgedAddress(t *testing.T) {
	eachWay(t, func(t *testing.T, d *desk) {
		for what, forge := range map[string]func(){
			"made up":               func() { d.nonce = strings.Repeat("0", 56) },
			"none of ours":          func() { d.nonce = "xyz" },
			"made for the stranger": func() { d.take(d.sent(stranger)(d.request())) },
		} {
			forge()
			nonce := d.nonce
			for range 3 * maxWrong {
				d.nonce = nonce
				if res := d.take(d.sent(peers)(d.request(d.credentials("shut sesame")))); res == nil || res.StatusCode != 401 {
					t.Fatalf("a nonce that is %s: %v", what, res)
				}
			}
			if !d.registers(d.sent(peers)) {
				t.Errorf("after wrong passwords with a nonce that is %s, the phone gets no answer", what)
			}
		}
	})
}

// TestSharedAddress: who guesses behind the address of phones silences neither those
// that have registered nor those of other users.
func TestSharedAddress(t *testing.T) {
	eachWay(t, func(t *testing.T, d *desk) {
		d.options.Authenticator.options.Account = func(user string) (Account, bool) {
			return Account{Name: user, User: user, Password: deskPassword}, user == "200" || user == "300"
		}
		if !d.registers(d.sent(peers)) {
			t.Fatal("the phone cannot register")
		}
		for _, user := range []string{"200", "300", "nobody"} {
			if got := d.guesses(2*maxWrong, user, d.sent(roommate)); got != maxWrong {
				t.Errorf("%d guesses about %s are answered, want %d", got, user, maxWrong)
			}
		}
		if !d.registers(d.sent(peers)) {
			t.Error("the phone that has registered gets no answer")
		}
		if got := d.guesses(2*maxWrong, "200", d.sent(peers)); got != maxWrong {
			t.Errorf("%d guesses of the phone itself are answered, want %d", got, maxWrong)
		}
		if !d.registers(d.sent(netip.AddrPortFrom(stranger.Addr(), 1))) {
			t.Error("the same user at another address gets no answer")
		}
		d.now = d.now.Add(wrongFor)
		if !d.registers(d.sent(roommate)) {
			t.Error("after a minute the roommate gets no answer")
		}
	})
}

// TestGuessesAreLimited: ten a minute about a user, from one host, with nonces that count.
// A nonce that is not good does not show whether the password is right.
func TestGuessesAreLimited(t *testing.T) {
	eachWay(t, func(t *testing.T, d *desk) {
		answered := 0
		for port := range uint16(30) {
			answered += d.guesses(maxWrong, "200", d.sent(netip.AddrPortFrom(stranger.Addr(), 1000+port)))
		}
		if answered != maxWrong {
			t.Errorf("%d guesses from many ports are answered, want %d", answered, maxWrong)
		}
		if d.registers(d.sent(stranger)) {
			t.Error("the right password is answered among too many guesses")
		}
		for _, password := range []string{deskPassword, "shut sesame"} {
			d.nonce = strings.Repeat("0", 56)
			res := d.take(d.sent(stranger)(d.request(d.credentials(password))))
			if res == nil || res.StatusCode != 401 || !strings.Contains(res.GetHeader("WWW-Authenticate").Value(), "stale=true") {
				t.Errorf("a bad nonce with %q: %v", password, res)
			}
		}
	})
}

// TestFailedAttemptsAreBounded: no number of hosts or phones fills the memory, and an
// IPv6 network is one host.
func TestFailedAttemptsAreBounded(t *testing.T) {
	var f failedAttempts
	const more = 50
	for n := range maxSources + more {
		from := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(n >> 8), byte(n)}), 5060)
		f.missed(noon.Add(time.Duration(n)), guess{"200", true, from}, "salt")
		f.missed(noon.Add(time.Duration(n)), guess{fmt.Sprint("user", n), false, peers}, "salt")
		f.missed(noon.Add(time.Duration(n)), guess{"nobody", false, from}, "salt")
	}
	for n := range maxProven + more {
		f.right(noon.Add(time.Duration(n)), guess{"200", true, netip.AddrPortFrom(peers.Addr(), uint16(n))})
	}
	if len(f.accounts) != maxSources || len(f.others) != maxSources || len(f.proven) != maxProven {
		t.Errorf("%d and %d hosts and %d phones are remembered", len(f.accounts), len(f.others), len(f.proven))
	}
	if a, b := household(netip.MustParseAddr("2001:db8::1")), household(netip.MustParseAddr("2001:db8::ffff:1")); a != b {
		t.Errorf("%s and %s are two", a, b)
	}
}

// TestOrigin: what comes through a proxy was sent from where the proxy has received it.
func TestOrigin(t *testing.T) {
	d := newDesk(t)
	for vias, want := range map[string]string{
		"Via: SIP/2.0/UDP 192.0.2.5;branch=z9hG4bKp":                                                                                 "192.0.2.5:5060",
		"Via: SIP/2.0/UDP 192.0.2.5;branch=z9hG4bKp\nVia: SIP/2.0/UDP 10.0.0.7:5070;branch=z9hG4bKa":                                 "10.0.0.7:5070",
		"Via: SIP/2.0/UDP 192.0.2.5;branch=z9hG4bKp\nVia: SIP/2.0/TCP 10.0.0.7:5070;received=203.0.113.4;rport=4000;branch=z9hG4bKa": "203.0.113.4:4000",
		"Via: SIP/2.0/UDP 192.0.2.5;branch=z9hG4bKp, SIP/2.0/UDP [2001:db8::1];rport;branch=z9hG4bKa":                                "[2001:db8::1]:5060",
		"Via: SIP/2.0/UDP 192.0.2.5;branch=z9hG4bKp\nVia: SIP/2.0/UDP phone.local;branch=z9hG4bKa":                                   "192.0.2.5:5060",
	} {
		text := strings.ReplaceAll(d.request().SIP.String(), "\r\n", "\n")
		_, rest, _ := strings.Cut(text[strings.Index(text, "Via:"):], "\n")
		m := received(t, text[:strings.Index(text, "Via:")]+vias+"\n"+rest)
		m.From = proxyDesk
		if got := origin(m, proxyDesk); got.String() != want {
			t.Errorf("%s\ncomes from %s, want %s", vias, got, want)
		}
		if got := origin(m, netip.AddrPort{}); got != proxyDesk {
			t.Errorf("without a proxy it comes from %s", got)
		}
	}
}
