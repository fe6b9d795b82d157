// Package holdfasttest is a bed for tests of Holdfast and of what is built on
// it: a server, and people with phones around it who call and are called. Each
// of them says a tone, by which the others know whom they hear.
//
//	bed := holdfasttest.Start(t, nil)
//	bed.Talk()
//	bed.Transfer(client.TransferRequest{Target: "cardiology"})
//	bed.Rung("cardiology")
//	bed.HearsOnly("customer", "cardiology")
//	bed.HangUp("customer")
//	bed.Over()
//
// Whatever does not go as a method says fails the test. Package holdfasttest
// uses the server only as a customer, a phone or a program would.
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

// A T is the test that a bed serves: a *testing.T, or what Try passes.
type T interface {
	Helper()
	Context() context.Context
	Cleanup(func())
	TempDir() string
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// A Bed is a server with people around it, and one contact of theirs. It is for
// one goroutine; the phones are for any.
type Bed struct {
	// Options are those of the next start of a server in this process.
	Options holdfast.Options
	// Server is the server in this process, or nil if it has stopped or is another's.
	Server *holdfast.Server
	// Client speaks to the server.
	Client *client.Client
	// SIP is the address that people call.
	SIP netip.AddrPort
	// Contact is the one that Talk or Find has found.
	Contact call.ContactID

	t        T
	customer string // the name of the person who calls
	people   map[string]*person
	calls    map[string][]*softphone.Call // of this contact, the latest last
}

// Start starts a server in this process, on free ports of 127.0.0.1. Its agent
// is ana, who gets all calls; its endpoints are cardiology, reception and, where
// there is no phone, nowhere. change, unless it is nil, may change all that in
// b.Options before the start. After it each agent without an address or a user,
// and each endpoint without an address, gets a phone, as the customer does. The
// server ends with the test.
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

// Around is a bed whose server somebody else runs, now or later. It has no
// people yet.
func Around(t T, sip netip.AddrPort, url string) *Bed {
	return &Bed{
		Client: client.New(url), SIP: sip, t: t, customer: "customer",
		people: map[string]*person{}, calls: map[string][]*softphone.Call{},
	}
}

// On returns the same bed for another test, which it fails from then on.
func (b *Bed) On(t T) *Bed {
	other := *b
	other.t = t
	return &other
}

// For returns a bed of the same server and people for another contact, in which
// that person is the customer.
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

// addAll gives phones to all who need one.
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

// start starts the server; from then on it is where it is now.
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

// Stop stops the server, unless it has stopped. Contacts are not ended by it.
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

// Restart stops the server and starts another, at the same addresses and with
// the same journal.
func (b *Bed) Restart() {
	b.t.Helper()
	b.Stop()
	b.start()
}

// patience is how long one step may take: long enough for a machine that is
// busy with other things, and for a disk that stalls for seconds.
const patience = 30 * time.Second

// Soon returns a context for one step, which ends when that has taken too long.
func (b *Bed) Soon() context.Context {
	ctx, cancel := context.WithTimeout(b.t.Context(), patience)
	b.t.Cleanup(cancel)
	return ctx
}

// Eventually tries something until it succeeds. It fails the test with the last
// error.
func (b *Bed) Eventually(try func(context.Context) error) {
	b.t.Helper()
	if err := retry(b.Soon(), try); err != nil {
		b.t.Fatalf("%v", err)
	}
}

// retry returns the last error that told something if ctx ends before try
// succeeds.
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
