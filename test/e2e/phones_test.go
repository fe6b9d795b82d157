package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"holdfast"
	"holdfast/call"
	"holdfast/client"
	"holdfast/config"
	"holdfast/softphone"
)

// openHouseOfPhones is a house with a second agent, whose phone registers.
func openHouseOfPhones(t *testing.T, change func(*config.Config)) *house {
	t.Helper()
	return openHouse(t, func(o *holdfast.Options) {
		o.Config.SIP.Phones = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
		o.Config.Agents = append(o.Config.Agents, config.Agent{Name: "Ben", User: "200", Password: password})
		if change != nil {
			change(&o.Config)
		}
	})
}

// registers starts a phone that registers.
func (h *house) registers(t *testing.T, user, secret string, tone float64) *softphone.Phone {
	t.Helper()
	return phoneAs(t, softphone.Options{User: user, Tone: tone, Register: &softphone.Registration{
		At: h.SIPAddress(), Password: secret,
	}})
}

func mustRegister(t *testing.T, p *softphone.Phone) {
	t.Helper()
	if err := p.Registered(soon(t)); err != nil {
		t.Fatalf("%s registers: %v", p.URI(), err)
	}
}

// TestRegisteredPhone: the phones of agents are found where they have registered,
// also after a restart of the server, and not any more when they have gone.
func TestRegisteredPhone(t *testing.T) {
	h := openHouseOfPhones(t, func(c *config.Config) {
		c.Agents[0] = config.Agent{Name: "ana", User: "ana", Password: password}
	})
	h.ana = h.registers(t, "ana", password, anaTone)
	ben := h.registers(t, "200", password, cardiologyTone)
	mustRegister(t, h.ana)
	mustRegister(t, ben)
	h.talk(t)
	h.restart(t)
	hears(t, "ana", h.anaCall, customerTone)

	h.asks(t, client.TransferRequest{Target: "ben"})
	h.cardiologyCall = rung(t, ben)
	hears(t, "customer", h.customerCall, cardiologyTone)
	hears(t, "ben", h.cardiologyCall, customerTone)
	ended(t, h.anaCall)
	h.customerCall.HangUp()
	h.over(t)
}

// TestPhoneThatIsNotRegistered: one that has unregistered, or has not come again
// in time, is unreachable at once, and the agent is told.
func TestPhoneThatIsNotRegistered(t *testing.T) {
	for name, lasts := range map[string]time.Duration{"gone": time.Minute, "expired": time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := openHouseOfPhones(t, func(c *config.Config) {
				c.SIP.RegisterFor = lasts
			})
			ben := h.registers(t, "200", password, cardiologyTone)
			mustRegister(t, ben)
			if name == "gone" {
				must(t, ben.Unregister(soon(t)))
			}
			must(t, h.Close(context.Background()))
			ben.Close() // of which nobody hears
			h.open(t)
			h.talk(t)
			began := time.Now()
			h.asks(t, client.TransferRequest{Target: "ben"})
			c := h.await(t, func(c call.Contact) bool { return c.Transfer == nil && len(c.Past) == 1 })
			if took := time.Since(began); took > time.Second {
				t.Errorf("it took %s to find out", took)
			}
			if last := c.Past[0]; last.Reason != call.Unreachable || last.Attempts[0].Detail != "Ben's phone is not registered" {
				t.Errorf("the transfer failed: %s, %s", last.Reason, last.Attempts[0].Detail)
			}
			h.customerCall.HangUp()
			h.over(t)
		})
	}
}

// TestPhonesThatMayNotRegister: strangers get no answer, and who does not know
// the password gets nowhere.
func TestPhonesThatMayNotRegister(t *testing.T) {
	h := openHouseOfPhones(t, nil)
	var refused *softphone.Refused
	for _, p := range []*softphone.Phone{
		h.registers(t, "200", "shut sesame", 0),
		h.registers(t, "eve", password, 0),
	} {
		if err := p.Registered(soon(t)); !errors.As(err, &refused) || refused.Status != 401 {
			t.Errorf("%s registers: %v", p.URI(), err)
		}
	}
	known := h.registers(t, "200", password, 0) // among them
	mustRegister(t, known)
	must(t, known.Unregister(soon(t)))
	h.options.Config.SIP.Phones = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
	h.options.Config.Agents = h.options.Config.Agents[1:] // and nobody else there is known
	h.options.Config.Trunks = nil
	h.options.Config.Endpoints = nil
	h.restart(t)
	stranger := newCaller(t, "127.0.0.1", h.SIPAddress())
	stranger.ask("REGISTER", "nobody", "")
	if line := stranger.answer(500 * time.Millisecond); line != "" {
		t.Errorf("a stranger is told %q", line)
	}
}

// TestGuessingPasswords: after ten wrong ones nobody is told any more whether
// the next is right.
func TestGuessingPasswords(t *testing.T) {
	h := openHouseOfPhones(t, nil)
	guesser := newCaller(t, "127.0.0.1", h.SIPAddress())
	guesser.ask("REGISTER", "hello", "")
	if line := guesser.answer(30 * time.Second); line != "SIP/2.0 401 Unauthorized" { //nolint:misspell // as RFC 3261 §21.4.2 spells it
		t.Fatalf("who asks is told %q", line)
	}
	for n := range 10 {
		p := h.registers(t, "200", fmt.Sprint(n), 0)
		var refused *softphone.Refused
		if err := p.Registered(soon(t)); !errors.As(err, &refused) {
			t.Fatalf("guess %d: %v", n, err)
		}
	}
	guesser.ask("REGISTER", "guess", "")
	if line := guesser.answer(500 * time.Millisecond); line != "" {
		t.Errorf("who guesses is told %q", line)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
