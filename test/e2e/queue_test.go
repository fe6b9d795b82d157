package e2e

import (
	"context"
	"fmt"
	"testing"
	"time"

	"holdfast"
	"holdfast/call"
	"holdfast/config"
	"holdfast/softphone"
)

// queueOf gives a house a queue of ana and ben, who answers everybody who calls.
func queueOf(t *testing.T, ben *softphone.Phone, agents string) func(*holdfast.Options) {
	return func(o *holdfast.Options) {
		ana := o.Config.Agents[0].Address
		conf, err := config.Parse("queue.toml", fmt.Appendf(nil, `
[sip]
listen = "127.0.0.1:0"
[api]
listen = "127.0.0.1:0"
[journal]
dir = %q
[rules]
offer_for = "1s"
[[agent]]
name = "ana"
address = %q
[[agent]]
name = "ben"
address = %q
[[queue]]
name = "sales"
agents = [%s]
offer_for = "2s"
[[route]]
called = "*"
queue = "sales"
`, o.Config.Journal.Dir, ana, ben.URI(), agents))
		if err != nil {
			t.Fatal(err)
		}
		o.Config = conf
	}
}

const benTone = 1200

// calls has another customer call, who is answered when somebody is found or
// queue audio begins.
func (h *house) calls(t *testing.T) *softphone.Call {
	t.Helper()
	c, err := phone(t, "customer", customerTone).Dial(soon(t), "sip:help@"+h.SIPAddress().String())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// A queue rings one agent for one customer, and the next customer for whoever is
// free; who must wait hears audio until somebody is.
func TestQueue(t *testing.T) {
	t.Parallel()
	ben := phone(t, "ben", benTone)
	h := openHouse(t, queueOf(t, ben, `"ana", "ben"`))
	first := h.calls(t)
	anas := rung(t, h.ana)
	hearsTone(t, first, anaTone)
	second := h.calls(t)
	bens := rung(t, ben)
	hearsTone(t, second, benTone)
	third := h.calls(t) // hears queue audio when ringing has been long enough
	hearsTone(t, third, softphone.QueueTone)
	fourth := h.calls(t)
	hearsTone(t, fourth, softphone.QueueTone)

	second.HangUp()
	ended(t, bens)
	bens = rung(t, ben)
	hearsTone(t, third, benTone) // who came first
	first.HangUp()
	ended(t, anas)
	anas = rung(t, h.ana)
	hearsTone(t, fourth, anaTone)
	third.HangUp()
	fourth.HangUp()
	ended(t, anas)
	ended(t, bens)
	noContacts(t, h)
}

// Who does not answer is offered nobody any more; the next one is.
func TestQueueMissed(t *testing.T) {
	t.Parallel()
	ben := phone(t, "ben", benTone)
	h := openHouse(t, queueOf(t, ben, `"ana", "ben"`))
	h.ana.Answering(softphone.Behaviour{Do: softphone.RingForever})
	customer := h.calls(t)
	missed := rung(t, h.ana)
	bens := rung(t, ben)
	ended(t, missed)
	hearsTone(t, customer, benTone)
	customer.HangUp()
	ended(t, bens)
	noContacts(t, h)
}

// Who says that they are busy is left in peace, and the next one is asked at once.
func TestQueueBusy(t *testing.T) {
	t.Parallel()
	ben := phone(t, "ben", benTone)
	h := openHouse(t, queueOf(t, ben, `"ana", "ben"`))
	h.ana.Answering(softphone.Behaviour{Do: softphone.Busy})
	began := time.Now()
	customer := h.calls(t)
	hearsTone(t, customer, benTone)
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("ben was asked after %v", took)
	}
	customer.HangUp()
	noContacts(t, h)
}

// After a restart everybody waits where they waited, and agents are as they were.
func TestQueueRestart(t *testing.T) {
	t.Parallel()
	ben := phone(t, "ben", benTone)
	h := openHouse(t, queueOf(t, ben, `"ben"`))
	first := h.calls(t)
	bens := rung(t, ben)
	hearsTone(t, first, benTone)
	second := h.calls(t)
	hearsTone(t, second, softphone.QueueTone)
	third := h.calls(t)
	hearsTone(t, third, softphone.QueueTone)
	if err := h.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	h.open(t)
	hearsTone(t, third, softphone.QueueTone)
	first.HangUp()
	ended(t, bens)
	bens = rung(t, ben)
	hearsTone(t, second, benTone)
	second.HangUp()
	ended(t, bens)
	rung(t, ben)
	hearsTone(t, third, benTone)
	third.HangUp()
	noContacts(t, h)
}

func hearsTone(t *testing.T, c *softphone.Call, tone float64) {
	t.Helper()
	hears(t, "the caller at "+c.Peer(), c, tone)
}

// noContacts waits until the server has none.
func noContacts(t *testing.T, h *house) {
	t.Helper()
	for {
		all, err := h.client.Contacts(soon(t))
		if err != nil {
			t.Fatal(err)
		}
		live := 0
		for _, c := range all {
			if c.Stage != call.Over {
				live++
			}
		}
		if live == 0 {
			return
		}
	}
}
