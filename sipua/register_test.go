package sipua

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"
)

// A line between a phone that registers and a registrar, without a network.
type line struct {
	*desk
	phone Registration
}

func newLine(t *testing.T, password string, asks time.Duration) *line {
	phone := Local{Address: peers, Credentials: []Credentials{{
		Peers: []netip.Prefix{netip.PrefixFrom(ours.Addr(), 32)}, User: "200", Password: password,
	}}}
	return &line{desk: newDesk(t), phone: NewRegistration(phone, Identity{CallID: "phone", Tag: "b", Seed: "seed"}, RegistrationOptions{At: ours, User: "200", For: asks})}
}

// carry has registrar and phone answer each other until nothing is left to say.
func (l *line) carry(phone Registration, out []Message) {
	l.Helper()
	for range 10 {
		l.phone = phone
		if len(out) == 0 {
			return
		}
		res := l.take(l.passed(out[0].SIP, peers))
		if res == nil {
			return
		}
		phone, out = l.phone.Receive(l.now, l.passed(res, ours))
	}
	l.Fatal("they do not come to an end")
}

// passed is a message as it arrives.
func (l *line) passed(m sip.Message, from netip.AddrPort) Received {
	l.Helper()
	r := received(l, strings.ReplaceAll(m.String(), "\r\n", "\n"))
	r.From = from
	return r
}

// TestRegistration: a phone answers the challenge, comes again when half of its
// time is over, also with a nonce that has become too old, and leaves.
func TestRegistration(t *testing.T) {
	l := newLine(t, deskPassword, time.Hour)
	l.carry(l.phone.Ask(l.now))
	if !l.phone.Settled || l.phone.Status != 200 || l.phone.Until != noon.Add(5*time.Minute) {
		t.Fatalf("it is registered until %s: %s", l.phone.Until, l.phone.Text)
	}
	for range 5 {
		l.now = l.now.Add(150 * time.Second)
		for l.phone.Deadline().Before(l.now) { // the transaction of before
			l.carry(l.phone.Tick(l.phone.Deadline()))
		}
		if at := l.phone.Deadline(); at != l.now {
			t.Fatalf("it comes again at %s, want %s", at, l.now)
		}
		l.carry(l.phone.Tick(l.now))
		if !l.phone.Settled || l.phone.Until != l.now.Add(5*time.Minute) || len(l.bindings) != 1 {
			t.Fatalf("at %s it is registered until %s: %s", l.now, l.phone.Until, l.phone.Text)
		}
	}
	l.carry(l.phone.Leave(l.now))
	if !l.phone.Settled || !l.phone.Until.IsZero() || len(l.bindings) > 0 {
		t.Errorf("it has left, but there are %v", l.bindings)
	}
}

func TestRegistrationFails(t *testing.T) {
	l := newLine(t, "shut sesame", time.Hour)
	l.carry(l.phone.Ask(l.now))
	if !l.phone.Settled || l.phone.Status != 401 || len(l.bindings) > 0 {
		t.Errorf("with a wrong password: %d %s", l.phone.Status, l.phone.Text)
	}
	l = newLine(t, deskPassword, briefest-time.Second)
	l.carry(l.phone.Ask(l.now))
	if l.phone.Status != 423 {
		t.Errorf("for too short a time: %d %s", l.phone.Status, l.phone.Text)
	}
	l = newLine(t, deskPassword, time.Hour)
	sent := 0
	for phone, out := l.phone.Ask(l.now); !phone.Settled; phone, out = phone.Tick(phone.Deadline()) {
		sent += len(out)
		l.phone = phone
	}
	if sent != 11 { // RFC 3261 §17.1.2.2
		t.Errorf("without an answer it asks %d times", sent)
	}
}
