// Package e2e plays customers, agents and targets around a whole server, in this
// process and on real sockets: transfers, queues, registrations, restarts, and
// what comes in from strangers. It holds tests only.
package e2e

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"holdfast"
	"holdfast/call"
	"holdfast/client"
	"holdfast/config"
	"holdfast/journal"
	"holdfast/softphone"
)

// What each phone says, in Hz.
const (
	customerTone   = 440
	anaTone        = 620
	cardiologyTone = 800
	receptionTone  = 1000
)

// house is a server with the phones around it, all in this process, on real
// sockets.
type house struct {
	*holdfast.Server
	client  *client.Client
	options holdfast.Options
	ringFor time.Duration // how long a target is rung; 0: as configured

	customer, ana, cardiology, reception *softphone.Phone

	contact                                              call.ContactID
	customerCall, anaCall, cardiologyCall, receptionCall *softphone.Call
}

func openHouse(t *testing.T, change func(*holdfast.Options)) *house {
	t.Helper()
	h := &house{}
	h.customer = phone(t, "customer", customerTone)
	h.ana = phone(t, "ana", anaTone)
	h.cardiology = phone(t, "cardiology", cardiologyTone)
	h.reception = phone(t, "reception", receptionTone)
	conf, err := config.Parse("test.toml", fmt.Appendf(nil, `
[sip]
listen = "127.0.0.1:0"
[api]
listen = "127.0.0.1:0"
[journal]
dir = %q
[[agent]]
name = "ana"
address = %q
[[route]]
called = "*"
agent = "ana"
[[endpoint]]
name = "cardiology"
address = %q
[[endpoint]]
name = "reception"
address = %q
[[endpoint]]
name = "nowhere"
address = "sip:nowhere@127.0.0.1:9"
`, filepath.Join(t.TempDir(), "journal"), h.ana.URI(), h.cardiology.URI(), h.reception.URI()))
	if err != nil {
		t.Fatal(err)
	}
	h.options = holdfast.Options{Config: conf, Log: slog.New(slog.DiscardHandler)}
	if testing.Verbose() {
		h.options.Log = slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	if change != nil {
		change(&h.options)
	}
	h.open(t)
	t.Cleanup(func() {
		if err := h.Close(context.Background()); err != nil {
			t.Errorf("closing the server: %v", err)
		}
		verify(t, h.options.Config.Journal.Dir)
	})
	return h
}

// watchJournal has the server write through what wrap makes of its journal.
func watchJournal(o *holdfast.Options, wrap func(holdfast.Journal) holdfast.Journal) {
	dir := o.Config.Journal.Dir
	o.OpenJournal = func(ctx context.Context) (holdfast.Journal, error) {
		j, err := journal.Open(ctx, journal.Options{Dir: dir})
		if err != nil {
			return nil, err
		}
		return wrap(j), nil
	}
}

// watchSIP has the server send through what wrap makes of its SIP transport.
func watchSIP(o *holdfast.Options, wrap func(holdfast.SIPTransport) holdfast.SIPTransport) {
	o.ListenSIP = func(so holdfast.SIPOptions) (holdfast.SIPTransport, error) {
		s, err := holdfast.ListenSIP(so)
		if err != nil {
			return nil, err
		}
		return wrap(s), nil
	}
}

// open starts the server; after a Close on the same addresses and journal.
func (h *house) open(t *testing.T) {
	t.Helper()
	var err error
	if h.Server, err = holdfast.Start(t.Context(), h.options); err != nil {
		t.Fatal(err)
	}
	h.options.Config.SIP.Listen = h.SIPAddress()
	h.options.Config.API.Listen = h.APIAddress()
	h.client = client.New("http://" + h.APIAddress().String())
}

func phone(t *testing.T, user string, tone float64) *softphone.Phone {
	t.Helper()
	p, err := softphone.Start(softphone.Options{Address: netip.MustParseAddrPort("127.0.0.1:0"), User: user, Tone: tone})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// talk: the customer calls, ana answers, and they hear each other.
func (h *house) talk(t *testing.T) {
	t.Helper()
	var err error
	if h.customerCall, err = h.customer.Dial(soon(t), "sip:help@"+h.SIPAddress().String()); err != nil {
		t.Fatalf("the customer calls: %v", err)
	}
	if h.anaCall, err = h.ana.Incoming(soon(t)); err != nil {
		t.Fatalf("ana is rung: %v", err)
	}
	contacts, err := h.client.Contacts(soon(t))
	if err != nil || len(contacts) != 1 {
		t.Fatalf("contacts: %v, %v", contacts, err)
	}
	h.contact = contacts[0].ID
	hears(t, "customer", h.customerCall, anaTone)
	hears(t, "ana", h.anaCall, customerTone)
}

// transfer asks for a cold transfer and waits until cardiology is rung.
func (h *house) transfer(t *testing.T) {
	t.Helper()
	h.asks(t, client.TransferRequest{Target: "cardiology", RingFor: h.ringFor})
	h.cardiologyCall = rung(t, h.cardiology)
}

// asks asks for a transfer.
func (h *house) asks(t *testing.T, ask client.TransferRequest) {
	t.Helper()
	if _, err := h.client.Transfer(soon(t), h.contact, ask); err != nil {
		t.Fatalf("a transfer to %s: %v", ask.Target, err)
	}
}

// does is one of the agent's verbs, which must be granted.
func (h *house) does(t *testing.T, verb func(context.Context, call.ContactID) (call.Contact, error)) {
	t.Helper()
	if _, err := verb(soon(t), h.contact); err != nil {
		t.Fatal(err)
	}
}

// rung waits until a phone is called.
func rung(t *testing.T, p *softphone.Phone) *softphone.Call {
	t.Helper()
	c, err := p.Incoming(soon(t))
	if err != nil {
		t.Fatalf("%s is rung: %v", p.URI(), err)
	}
	return c
}

// over waits until the contact is over and everybody's line has ended, and
// checks that the customer was never without audio.
func (h *house) over(t *testing.T) call.Contact {
	t.Helper()
	for _, c := range []*softphone.Call{h.customerCall, h.anaCall, h.cardiologyCall, h.receptionCall} {
		if c != nil {
			ended(t, c)
		}
	}
	if gap := h.customerCall.Recording().LongestGap(); gap > 2*time.Second {
		t.Errorf("the customer had no audio for %s", gap)
	}
	return h.await(t, func(c call.Contact) bool { return c.Stage == call.Over })
}

// await waits until the contact is as wanted.
func (h *house) await(t *testing.T, wanted func(call.Contact) bool) call.Contact {
	t.Helper()
	ctx := soon(t)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		c, err := h.client.Contact(ctx, h.contact)
		if err != nil {
			t.Fatalf("the contact: %v", err)
		}
		if wanted(c) {
			return c
		}
		<-tick.C
	}
}

func hears(t *testing.T, who string, c *softphone.Call, tone float64) {
	t.Helper()
	if err := c.Recording().AwaitTones(soon(t), tone); err != nil {
		t.Fatalf("%s does not hear %.0f Hz: %v", who, tone, err)
	}
}

// hearsOnly waits until somebody hears these tones, and checks that for a while
// they hear no others.
func hearsOnly(t *testing.T, who string, c *softphone.Call, want ...float64) {
	t.Helper()
	r := c.Recording()
	if err := r.AwaitTones(soon(t), want...); err != nil {
		t.Fatalf("%s does not hear %v Hz: %v", who, want, err)
	}
	const look = 100 * time.Millisecond
	from := (r.Length() + 2*look).Round(look) // what was on its way has come
	to := from + 3*look
	if err := r.AwaitLength(soon(t), to); err != nil {
		t.Fatalf("%s hears nothing: %v", who, err)
	}
	for _, tone := range []float64{customerTone, anaTone, cardiologyTone, receptionTone, softphone.HoldTone} {
		if heard := r.EverHears(tone, from, to); heard != slices.Contains(want, tone) {
			t.Errorf("%s hears %.0f Hz: %t, want only %v", who, tone, heard, want)
		}
	}
}

func ended(t *testing.T, c *softphone.Call) {
	t.Helper()
	select {
	case <-c.Ended():
	case <-soon(t).Done():
		t.Fatalf("the line to %s does not end", c.Peer())
	}
}

// soon is when a test gives up: late enough for a machine that is busy with
// other things, and for a disk that stalls for seconds.
func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}
