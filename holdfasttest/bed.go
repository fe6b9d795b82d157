// Package holdfasttest is a test bed for Holdfast and for programs built on it:
// a server, and people whose phones call it and are called by it. Each phone
// plays its own tone, so recordings show who heard each other.
//
//	bed := holdfasttest.Start(t, nil)
//	bed.Talk()
//	bed.Transfer(client.TransferRequest{Target: "cardiology"})
//	bed.Rung("cardiology")
//	bed.HearsOnly("customer", "cardiology")
//	bed.HangUp("customer")
//	bed.Over()
//
// A method whose name does not come true fails the test. The package uses the
// server only through SIP, RTP and the HTTP interface.
package holdfasttest

import (
	"context"
	"log/slog"
	"net/netip"
	"path/filepath"
	"time"

	"holdfast"
	"holdfast/call"
	"holdfast/client"
	"holdfast/config"
	"holdfast/softphone"
)

// A T is the test that a bed works for: a *testing.T, or the T that Try passes.
type T interface {
	Helper()
	Context() context.Context
	Cleanup(func())
	TempDir() string
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// A Bed is a server, people with phones, and one contact between them. Only one
// goroutine may use a Bed; any may use the phones.
type Bed struct {
	// Options configure the next start of a server in this process.
	Options holdfast.Options
	// Server runs in this process; nil: it has stopped, or runs elsewhere.
	Server *holdfast.Server
	// Client makes requests to the server.
	Client *client.Client
	// SIP is the address that people call.
	SIP netip.AddrPort
	// Contact is set by Talk and Find.
	Contact call.ContactID

	t        T
	customer string // the name of the customer
	people   map[string]*person
	calls    map[string][]*softphone.Call // of this contact, the latest last
}

// Start starts a server in this process, on free ports of 127.0.0.1, and stops it
// when the test ends. All calls are routed to the agent ana; the endpoints are
// cardiology, reception, and nowhere, which has no phone. Before the start, change
// may set b.Options and add phones; nil changes nothing. Start then adds a phone
// for the customer, for each agent with neither address nor user, and for each
// endpoint with no address.
func Start(t T, change func(b *Bed)) *Bed {
	t.Helper()
	b := Around(t, netip.AddrPort{}, "")
	b.Options = holdfast.Options{Config: usual(t.TempDir()), Log: slog.New(slog.DiscardHandler)}
	if change != nil {
		change(b)
	}
	b.addAll()
	b.start()
	t.Cleanup(b.Stop)
	return b
}

// Around returns a bed without people for a server that the caller runs, now or
// later: sip is where it listens for SIP, url its HTTP interface.
func Around(t T, sip netip.AddrPort, url string) *Bed {
	return &Bed{
		Client: client.New(url), SIP: sip, t: t, customer: "customer",
		people: map[string]*person{}, calls: map[string][]*softphone.Call{},
	}
}

// On returns a bed with the same server, people and contact that works for t.
func (b *Bed) On(t T) *Bed {
	other := *b
	other.t = t
	return &other
}

// For returns a bed with the same server and people for another contact, whose
// customer is the named person.
func (b *Bed) For(customer string) *Bed {
	other := *b
	other.customer, other.Contact, other.calls = customer, "", map[string][]*softphone.Call{}
	return &other
}

// usual is the built-in configuration with the usual people.
func usual(dir string) config.Config {
	c := config.Default()
	free := netip.MustParseAddrPort("127.0.0.1:0")
	c.SIP.Listen, c.API.Listen = free, free
	c.Journal.Dir = filepath.Join(dir, "journal")
	c.Agents = []config.Agent{{Name: "ana", Capacity: 1, NoAfterCall: true}}
	c.Queues = nil
	c.Routes = []config.Route{{Called: "*", Agent: "ana"}}
	c.Endpoints = []config.Endpoint{
		{Name: "cardiology"}, {Name: "reception"}, {Name: "nowhere", Address: "sip:nowhere@127.0.0.1:9"},
	}
	return c
}

// addAll adds the phones that are still missing.
func (b *Bed) addAll() {
	b.t.Helper()
	add := func(name string) {
		if b.people[name] == nil {
			b.Add(name, softphone.Options{})
		}
	}
	add(b.customer)
	c := &b.Options.Config
	for i := range c.Agents {
		if a := &c.Agents[i]; a.Address == "" && a.User == "" {
			add(a.Name)
			a.Address = b.Phone(a.Name).URI()
		}
	}
	for i := range c.Endpoints {
		if e := &c.Endpoints[i]; e.Address == "" {
			add(e.Name)
			e.Address = b.Phone(e.Name).URI()
		}
	}
}

// start starts the server, and keeps its addresses for the next start.
func (b *Bed) start() {
	b.t.Helper()
	server, err := holdfast.Start(b.t.Context(), b.Options)
	if err != nil {
		b.t.Fatalf("starting the server: %v", err)
	}
	b.Server, b.SIP = server, server.SIPAddress()
	b.Options.Config.SIP.Listen = server.SIPAddress()
	b.Options.Config.API.Listen = server.APIAddress()
	b.Client = client.New("http://" + server.APIAddress().String())
}

// Stop stops the server, if it runs. Its contacts go on after a Restart.
func (b *Bed) Stop() {
	b.t.Helper()
	if b.Server == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(b.t.Context()), patience)
	defer cancel()
	if err := b.Server.Close(ctx); err != nil {
		b.t.Errorf("closing the server: %v", err)
	}
	b.Server = nil
}

// Restart stops the server and starts one at the same addresses with the same
// journal.
func (b *Bed) Restart() {
	b.t.Helper()
	b.Stop()
	b.start()
}

// patience is how long one step may take: long enough for a busy machine, and for
// a disk that stalls for seconds.
const patience = 30 * time.Second

// Soon returns a context for one step, which expires when the step takes too long.
func (b *Bed) Soon() context.Context {
	ctx, cancel := context.WithTimeout(b.t.Context(), patience)
	b.t.Cleanup(cancel)
	return ctx
}

// Eventually repeats try until it succeeds. If it does not in time, Eventually
// fails the test with the last error.
func (b *Bed) Eventually(try func(context.Context) error) {
	b.t.Helper()
	if err := retry(b.Soon(), try); err != nil {
		b.t.Fatalf("%v", err)
	}
}

// retry repeats try until it succeeds. If ctx ends first, retry returns the last
// error that was not caused by that.
func retry(ctx context.Context, try func(context.Context) error) (err error) {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		failed := try(ctx)
		if failed == nil {
			return nil
		}
		if err == nil || ctx.Err() == nil {
			err = failed
		}
		select {
		case <-ctx.Done():
			return err
		case <-tick.C:
		}
	}
}
