package sipleg

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/emiago/sipgo/sip"

	"holdfast/sipua"
)

// ward is an account whose phone may register from farAddress.
type ward struct {
	full     error // why nothing can be written down
	bindings []sipua.Binding
}

func (*ward) MayRegister(from netip.AddrPort) bool { return from == farAddress }

func (*ward) MayBind(string) bool { return true }

// wardens knows everybody's password.
func wardens() *sipua.Authenticator {
	return sipua.NewAuthenticator(sipua.AuthenticatorOptions{
		Realm: "holdfast", Secret: "salt", Digest: func(string) []string { return []string{"MD5"} },
		Account: func(user string) (sipua.Account, bool) {
			return sipua.Account{Name: "ward", User: user, Password: "hush"}, true
		},
	})
}

func (w *ward) Bindings(string) []sipua.Binding { return w.bindings }

func (w *ward) Bind(_ context.Context, _ string, bindings []sipua.Binding, _ []sipua.Loss) error {
	if w.full == nil {
		w.bindings = bindings
	}
	return w.full
}

func (*ward) Expire(time.Time) (map[string][]sipua.Loss, time.Time) { return nil, time.Time{} }

// outbox has what was sent.
type outbox chan sipua.Message

func (o outbox) Send(m sipua.Message) error { o <- m; return nil }

// TestPhoneRegisters: a phone is told that it is registered when that has been
// written down, and to come again when it cannot be.
func TestPhoneRegisters(t *testing.T) {
	for _, full := range []error{nil, errors.New("the disk is full")} {
		kept, sent := &ward{full: full}, make(outbox)
		r := StartRegistrar(RegistrarOptions{
			Local: sipua.Local{Address: usAddress}, Sender: sent, Phones: kept,
			For: time.Minute, Authenticator: wardens(), Log: slog.New(slog.DiscardHandler),
		})
		phone := sipua.NewRegistration(sipua.Local{Address: farAddress, Credentials: []sipua.Credentials{{
			Peers: []netip.Prefix{netip.PrefixFrom(usAddress.Addr(), 32)}, User: "200", Password: "hush",
		}}}, sipua.RandomIdentity(), sipua.RegistrationOptions{At: usAddress, User: "200", For: time.Hour})
		phone, out := phone.Ask(time.Now())
		for len(out) > 0 {
			if !r.Receive(travel(t, out[0].SIP, farAddress)) {
				t.Fatal("the registrar does not take a REGISTER")
			}
			phone, out = phone.Receive(time.Now(), travel(t, (<-sent).SIP, usAddress))
		}
		r.Close()
		switch {
		case full == nil && (phone.Status != 200 || len(kept.bindings) != 1):
			t.Errorf("the phone is told %s, and kept are %v", phone.Text, kept.bindings)
		case full != nil && phone.Status != 503:
			t.Errorf("on a full disk the phone is told %s", phone.Text)
		}
	}
}

// TestWhatIsNotForTheRegistrar goes to lines, which do not answer strangers.
func TestWhatIsNotForTheRegistrar(t *testing.T) {
	r := StartRegistrar(RegistrarOptions{Phones: &ward{}, Authenticator: wardens()})
	defer r.Close()
	options := request(t, "OPTIONS", "200", "", "")
	if r.Receive(options) {
		t.Error("it takes an OPTIONS")
	}
	text := strings.ReplaceAll(options.SIP.String(), "OPTIONS", "REGISTER")
	msg, err := sip.ParseMessage([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if r.Receive(sipua.Received{SIP: msg, From: netip.MustParseAddrPort("203.0.113.1:5060")}) {
		t.Error("it takes a REGISTER from where no phone may be")
	}
}

// stuckWard is a ward whose bindings are written down only when it is told to.
type stuckWard struct {
	ward
	binds, write chan bool
}

func (w *stuckWard) Bind(ctx context.Context, account string, bindings []sipua.Binding, lost []sipua.Loss) error {
	w.binds <- true
	<-w.write
	return w.ward.Bind(ctx, account, bindings, lost)
}

// TestStrangersFillNoQueue: while the disk is slow, requests that nobody has to prove
// anything for fill the queue; a phone that answers our challenge has its turn.
func TestStrangersFillNoQueue(t *testing.T) {
	kept, sent := &stuckWard{binds: make(chan bool), write: make(chan bool)}, make(outbox, 10*maxRequests)
	r := StartRegistrar(RegistrarOptions{
		Local: sipua.Local{Address: usAddress}, Sender: sent, Phones: kept,
		For: time.Minute, Authenticator: wardens(), Log: slog.New(slog.DiscardHandler),
	})
	defer r.Close()
	// challenged returns what a phone sends when it has been challenged.
	challenged := func(user string) sipua.Received {
		phone := sipua.NewRegistration(sipua.Local{Address: farAddress, Credentials: []sipua.Credentials{{
			Peers: []netip.Prefix{netip.PrefixFrom(usAddress.Addr(), 32)}, User: user, Password: "hush",
		}}}, sipua.RandomIdentity(), sipua.RegistrationOptions{At: usAddress, User: user, For: time.Hour})
		phone, out := phone.Ask(time.Now())
		r.Receive(travel(t, out[0].SIP, farAddress))
		_, out = phone.Receive(time.Now(), travel(t, (<-sent).SIP, usAddress))
		return travel(t, out[0].SIP, farAddress)
	}
	first, second := challenged("200"), challenged("300")
	r.Receive(first)
	<-kept.binds
	for range 4 * maxRequests {
		phone := sipua.NewRegistration(sipua.Local{Address: farAddress}, sipua.RandomIdentity(), sipua.RegistrationOptions{At: usAddress, User: "200"})
		_, out := phone.Ask(time.Now())
		r.Receive(travel(t, out[0].SIP, farAddress))
	}
	r.Receive(second)
	kept.write <- true
	select {
	case <-kept.binds:
		kept.write <- true
	case <-time.After(5 * time.Second):
		t.Error("the second phone does not have its turn")
	}
}

// deskPhones keeps bindings as the directory does.
type deskPhones struct{ ward }

func (w *deskPhones) Expire(now time.Time) (map[string][]sipua.Loss, time.Time) {
	var left []sipua.Binding
	lost, next := map[string][]sipua.Loss{}, time.Time{}
	for _, b := range w.bindings {
		if now.Before(b.Until) {
			left, next = append(left, b), b.Until
		} else {
			lost["ward"] = append(lost["ward"], sipua.Loss{Binding: b, At: now, Reason: sipua.Expired})
		}
	}
	w.bindings = left
	return lost, next
}

// TestPhoneChanges: a phone that registers, is lost and comes back is reported each time,
// and one that only refreshes its registration is not.
func TestPhoneChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sent := make(outbox)
		var mu sync.Mutex // guards changes
		var changes []string
		seen := func() []string {
			synctest.Wait()
			mu.Lock()
			defer mu.Unlock()
			return slices.Clone(changes)
		}
		r := StartRegistrar(RegistrarOptions{
			Local: sipua.Local{Address: usAddress}, Sender: sent, Phones: &deskPhones{},
			For: time.Minute, Authenticator: wardens(), Log: slog.New(slog.DiscardHandler),
			Changed: func(c PhoneChange) {
				mu.Lock()
				defer mu.Unlock()
				changes = append(changes, fmt.Sprintf("%s %s %s %d", c.Account, c.Binding.UserAgent, c.Lost, c.Places))
			},
		})
		defer r.Close()
		phone := sipua.NewRegistration(sipua.Local{Address: farAddress, UserAgent: "Desk/1", Credentials: []sipua.Credentials{{
			Peers: []netip.Prefix{netip.PrefixFrom(usAddress.Addr(), 32)}, User: "200", Password: "hush",
		}}}, sipua.RandomIdentity(), sipua.RegistrationOptions{At: usAddress, User: "200", For: time.Hour})
		exchange := func(out []sipua.Message) {
			for len(out) > 0 {
				r.Receive(travel(t, out[0].SIP, farAddress))
				phone, out = phone.Receive(time.Now(), travel(t, (<-sent).SIP, usAddress))
			}
		}
		ask := func(how func(sipua.Registration, time.Time) (sipua.Registration, []sipua.Message)) {
			var out []sipua.Message
			phone, out = how(phone, time.Now())
			exchange(out)
		}
		ask(sipua.Registration.Ask)
		time.Sleep(50 * time.Second) //nolint:forbidigo // in a bubble
		ask(sipua.Registration.Ask)  // refreshes it
		time.Sleep(59 * time.Second) //nolint:forbidigo // in a bubble
		if early := seen(); len(early) != 1 {
			t.Errorf("before the registration is over there is %q", early)
		}
		time.Sleep(2 * time.Second) //nolint:forbidigo // in a bubble
		ask(sipua.Registration.Ask)
		ask(sipua.Registration.Leave)
		want := []string{"ward Desk/1  1", "ward Desk/1 expired 0", "ward Desk/1  1", "ward Desk/1 unregistered 0"}
		if all := seen(); !slices.Equal(all, want) {
			t.Errorf("the changes are %q, want %q", all, want)
		}
	})
}
