package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"holdfast/call"
	"holdfast/client"
	"holdfast/config"
	"holdfast/holdfasttest"
	"holdfast/softphone"
)

// openOfPhones is a house with a second agent, whose phone registers.
func openOfPhones(t *testing.T, change func(*config.Config)) *house {
	t.Helper()
	return open(t, func(b *holdfasttest.Bed) {
		c := &b.Options.Config
		c.SIP.Phones = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
		c.Agents = append(c.Agents, config.Agent{Name: "Ben", User: "200", Password: password})
		if change != nil {
			change(c)
		}
	})
}

// registering gives somebody a phone that registers.
func (h *house) registering(name, user, secret string) *softphone.Phone {
	h.t.Helper()
	return h.Add(name, softphone.Options{User: user, Register: &softphone.Registration{At: h.SIP, Password: secret}})
}

// registers is registering, which must succeed.
func (h *house) registers(name, user string) *softphone.Phone {
	h.t.Helper()
	p := h.registering(name, user, password)
	if err := p.Registered(h.Soon()); err != nil {
		h.t.Fatalf("%s registers: %v", p.URI(), err)
	}
	return p
}

// TestRegisteredPhone: the phones of agents are found where they have registered,
// also after a restart of the server, and not any more when they have gone.
func TestRegisteredPhone(t *testing.T) {
	h := openOfPhones(t, func(c *config.Config) {
		c.Agents[0] = config.Agent{Name: "ana", User: "ana", Password: password}
	})
	h.registers("ana", "ana")
	h.registers("ben", "200")
	h.Talk()
	h.Restart()
	h.Hears("ana", "customer")

	h.Transfer(client.TransferRequest{Target: "ben"})
	h.Rung("ben")
	h.Hears("customer", "ben")
	h.Hears("ben", "customer")
	h.Ended("ana")
	h.goodbye()
}

// TestPhoneThatIsNotRegistered: one that has unregistered, or has not come again
// in time, is unreachable at once, and the agent is told.
func TestPhoneThatIsNotRegistered(t *testing.T) {
	for name, lasts := range map[string]time.Duration{"gone": time.Minute, "expired": time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := openOfPhones(t, func(c *config.Config) {
				c.SIP.RegisterFor = lasts
			})
			ben := h.registers("ben", "200")
			if name == "gone" {
				must(t, ben.Unregister(h.Soon()))
			}
			h.Stop()
			ben.Close() // of which nobody hears
			h.Restart()
			h.Talk()
			began := time.Now()
			h.Transfer(client.TransferRequest{Target: "ben"})
			c := h.Settled()
			if took := time.Since(began); took > time.Second {
				t.Errorf("it took %s to find out", took)
			}
			if last := c.Past[0]; last.Reason != call.Unreachable || last.Attempts[0].Detail != "Ben's phone is not registered" {
				t.Errorf("the transfer failed: %s, %s", last.Reason, last.Attempts[0].Detail)
			}
			h.goodbye()
		})
	}
}

// TestPhoneIsShown: agents have where their phone is registered, or why it is not, also
// after a restart; of a phone at a fixed address nothing is known.
func TestPhoneIsShown(t *testing.T) {
	h := openOfPhones(t, nil)
	phone := func(agent string) client.Phone {
		t.Helper()
		a, err := h.Client.Agent(t.Context(), agent)
		must(t, err)
		return *a.Phone
	}
	if p := phone("Ben"); p.Kind != "registers" || p.Registrations != nil || p.Lost != nil {
		t.Errorf("before it has registered, the phone is %+v", p)
	}
	if p := phone("ana"); p.Kind != "fixed" || p.Address == "" || p.Registrations != nil || p.Lost != nil {
		t.Errorf("a phone at a fixed address is %+v", p)
	}
	ben := h.registers("ben", "200")
	before := phone("Ben")
	if len(before.Registrations) != 1 || before.Registrations[0].UserAgent == "" || before.Registrations[0].From != ben.Address().String() {
		t.Fatalf("the phone is %+v", before)
	}
	h.Restart()
	if p := phone("Ben"); len(p.Registrations) != 1 || !p.Registrations[0].Since.Equal(before.Registrations[0].Since) {
		t.Errorf("after a restart the phone is %+v, before %+v", p, before)
	}
	must(t, ben.Unregister(h.Soon()))
	for range 2 {
		if p := phone("Ben"); p.Registrations != nil || p.Lost == nil || p.Lost.Reason != "unregistered" || p.Lost.From != ben.Address().String() {
			t.Errorf("after it has unregistered, the phone is %+v", p)
		}
		h.Restart()
	}
}

// TestPhonesThatMayNotRegister: strangers get no answer, and who does not know
// the password gets nowhere.
func TestPhonesThatMayNotRegister(t *testing.T) {
	h := openOfPhones(t, nil)
	var refused *softphone.Refused
	for _, p := range []*softphone.Phone{
		h.registering("ben", "200", "shut sesame"),
		h.registering("eve", "eve", password),
	} {
		if err := p.Registered(h.Soon()); !errors.As(err, &refused) || refused.Status != 401 {
			t.Errorf("%s registers: %v", p.URI(), err)
		}
	}
	known := h.registers("ben", "200") // among them
	must(t, known.Unregister(h.Soon()))
	c := &h.Options.Config
	c.SIP.Phones = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
	c.Agents = c.Agents[1:] // and nobody else there is known
	c.Trunks, c.Endpoints = nil, nil
	h.Restart()
	stranger := newCaller(t, "127.0.0.1", h.SIP)
	stranger.ask("REGISTER", "nobody", "")
	if line := stranger.answer(500 * time.Millisecond); line != "" {
		t.Errorf("a stranger is told %q", line)
	}
}

// TestGuessingPasswords: after ten wrong ones nobody at that address is told any more
// whether the next is right, but the phone that has registered there is answered, and so
// are the phones of other users.
func TestGuessingPasswords(t *testing.T) {
	h := openOfPhones(t, func(c *config.Config) {
		c.Agents[0] = config.Agent{Name: "ana", User: "ana", Password: password}
	})
	ben := h.registers("ben", "200")
	for n := range 10 {
		p := h.registering("guesser", "200", fmt.Sprint(n))
		var refused *softphone.Refused
		if err := p.Registered(h.Soon()); !errors.As(err, &refused) {
			t.Fatalf("guess %d: %v", n, err)
		}
	}
	late := h.registering("guesser", "200", password)
	soon, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	if err := late.Registered(soon); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("who guesses is told %v", err)
	}
	h.registers("ana", "ana")
	must(t, ben.Unregister(h.Soon()))
}
