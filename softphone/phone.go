package softphone

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"

	"holdfast/media"
	"holdfast/siptransport"
	"holdfast/sipua"
)

// Options configure a phone. The zero value is a phone without a name on any
// free port of 127.0.0.1 that sends silence, in µ-law.
type Options struct {
	Address   netip.AddrPort  // where it listens for SIP; port 0: any
	Transport sipua.Transport // over which it calls, and wants to be called
	Proxy     netip.AddrPort  // where it sends all requests; the zero value: to the URI it calls
	User      string          // the user part of its URI
	Tone      float64         // the tone it plays, in Hz; 0: silence, in packets
	Codec     media.Codec     // the only one it speaks
	NoEvents  bool            // sends and takes keys in INFO requests, and not as telephone-events
	SDPHost   netip.Addr      // the address for audio in its SDP, as behind a NAT; zero: Address
	Late      time.Duration   // for how long it sends no audio at the beginning of a call
	Challenge *Challenge      // the proof that callers must give; nil: none
	Log       *slog.Logger    // nil: no log

	Credentials []sipua.Credentials // its passwords for challenges
	Register    *Registration       // nil: it registers nowhere; else its calls there use the same password
}

// ErrClosed means that the phone is switched off.
var ErrClosed = errors.New("the phone is switched off")

// remembered is how many incoming calls a phone keeps for Incoming.
const remembered = 1024

// A Phone makes and takes calls, any number at the same time. Its methods and
// those of its calls may be called by any goroutine.
type Phone struct {
	options  Options
	wire     *siptransport.Wire
	local    sipua.Local
	inbox    chan func()
	closed   chan struct{} // by Close
	done     sync.WaitGroup
	close    sync.Once
	incoming chan *Call

	// The fields below belong to the goroutine of run.
	behaviour Behaviour
	asked     int              // nonces that have become stale
	calls     map[string]*Call // by Call-ID, until nothing is left of the dialog

	registration *sipua.Registration // nil: it registers nowhere
	settling     []chan error        // the methods waiting for the registrar
}

// Start switches a phone on. It answers every call at once until Answering
// changes that. If Options.Register is set, it registers and keeps
// registering; Start does not wait for that.
func Start(o Options) (*Phone, error) {
	if !o.Address.IsValid() {
		o.Address = netip.MustParseAddrPort("127.0.0.1:0")
	}
	if o.Address.Addr().IsUnspecified() {
		return nil, fmt.Errorf("starting phone %s: %s is not an address that others can call", o.User, o.Address.Addr())
	}
	if o.Log == nil {
		o.Log = discard
	}
	o.Log = o.Log.With("phone", o.User)
	p := &Phone{
		options:  o,
		inbox:    make(chan func()), // unbuffered: a function taken is carried out
		closed:   make(chan struct{}),
		incoming: make(chan *Call, remembered),
		calls:    map[string]*Call{},
	}
	wire, err := siptransport.Listen(siptransport.Options{
		Address:     o.Address,
		Transports:  []sipua.Transport{o.Transport},
		Receive:     func(m sipua.Received) { p.do(func() { p.receive(m) }) },
		Unreachable: func(a netip.AddrPort) { p.do(func() { p.unreachable(a) }) },
		Log:         o.Log,
	})
	if err != nil {
		return nil, fmt.Errorf("starting phone %s: %w", o.User, err)
	}
	p.wire = wire
	p.local = sipua.Local{
		Address: wire.Address(), Transport: o.Transport,
		Proxy: o.Proxy, UserAgent: "Holdfast softphone", Credentials: o.credentials(),
	}
	p.done.Go(p.run)
	p.register()
	return p, nil
}

// Close switches the phone off in the middle of whatever it is doing: it
// sends no BYE, but it unregisters. It returns when all its goroutines have
// ended.
func (p *Phone) Close() {
	p.close.Do(func() {
		p.leave()
		close(p.closed)
		_ = p.wire.Close() // there is nothing left to lose
	})
	p.done.Wait()
}

// Address is where the phone listens for SIP.
func (p *Phone) Address() netip.AddrPort { return p.local.Address }

// URI is how the phone is called, such as "sip:ana@127.0.0.1:5062", or
// "sip:ana@127.0.0.1:5062;transport=tcp".
func (p *Phone) URI() string {
	uri := p.uri()
	return uri.String()
}

func (p *Phone) uri() sip.Uri {
	a := p.Address()
	uri := sip.Uri{Scheme: "sip", User: p.options.User, Host: a.Addr().String(), Port: int(a.Port())}
	if t := p.options.Transport; t != sipua.UDP {
		uri.UriParams = sip.HeaderParams{{K: "transport", V: t.String()}}
	}
	return uri
}

// Answering sets the behaviour for calls that come from now on.
func (p *Phone) Answering(b Behaviour) { p.do(func() { p.behaviour = b }) }

// Ring begins to call uri and returns at once. Only a host that is an IP
// address can be called, unless the phone has a proxy.
func (p *Phone) Ring(uri string) (*Call, error) { return p.ring(uri) }

// RingReplacing begins to call uri to take the place of another call there (RFC 3891),
// which Call.Named names. Otherwise it is like Ring.
func (p *Phone) RingReplacing(uri string, other sipua.Replaces) (*Call, error) {
	return p.ring(uri, sip.NewHeader("Replaces", other.String()), sip.NewHeader("Require", "replaces"))
}

func (p *Phone) ring(uri string, headers ...sip.Header) (*Call, error) {
	var to sip.Uri
	if err := sip.ParseUri(uri, &to); err != nil {
		return nil, fmt.Errorf("calling %q: %w", uri, err)
	}
	audio, err := p.startAudio()
	if err != nil {
		return nil, fmt.Errorf("calling %s: %w", uri, err)
	}
	c := newCall(p, audio, uri)
	c.dialog = sipua.NewCaller(p.local, sipua.RandomIdentity(), 1, sipua.Call{To: to, From: p.uri(), Headers: headers})
	c.id, c.outgoing = c.dialog.CallID(), true
	begin := func() {
		p.calls[c.id] = c
		c.apply(c.dialog.Invite(time.Now(), c.session.offer()))
	}
	if !p.do(begin) {
		audio.close()
		return nil, fmt.Errorf("calling %s: %w", uri, ErrClosed)
	}
	return c, nil
}

// Dial calls uri and waits for the answer. A refusal is a *Refused. When ctx
// ends first the call is given up.
func (p *Phone) Dial(ctx context.Context, uri string) (*Call, error) {
	c, err := p.Ring(uri)
	if err != nil {
		return nil, err
	}
	select {
	case <-c.answered:
		return c, nil
	case <-c.ended:
		return nil, fmt.Errorf("calling %s: %w", uri, c.Err())
	case <-ctx.Done():
		c.HangUp()
		return nil, fmt.Errorf("calling %s: %w", uri, context.Cause(ctx))
	}
}

// Incoming returns the next incoming call, as soon as it rings; one that was
// refused or cancelled since is also returned. A phone remembers the last
// 1024 calls for it.
func (p *Phone) Incoming(ctx context.Context) (*Call, error) {
	select {
	case c := <-p.incoming:
		return c, nil
	case <-p.closed:
		return nil, ErrClosed
	case <-ctx.Done():
		return nil, fmt.Errorf("waiting for a call to %s: %w", p.URI(), context.Cause(ctx))
	}
}

func (p *Phone) startAudio() (*audio, error) {
	return startAudio(netip.AddrPortFrom(p.Address().Addr(), 0), p.options.Tone, false, p.options.Log)
}

// do hands f to the phone's goroutine and reports whether it was taken.
func (p *Phone) do(f func()) bool {
	select {
	case <-p.closed:
		return false
	default:
	}
	select {
	case p.inbox <- f:
		return true
	case <-p.closed:
		return false
	}
}

// run owns the calls, and with each its dialog.
func (p *Phone) run() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case f := <-p.inbox:
			f()
		case <-timer.C:
			p.tick(time.Now())
		case <-p.closed:
			for _, c := range p.calls {
				c.end(Self, ErrClosed)
				c.endTransfers()
			}
			return
		}
		if next := p.deadline(); next.IsZero() {
			timer.Stop()
		} else {
			timer.Reset(time.Until(next))
		}
	}
}

// deadline is when the next of all calls wants a tick.
func (p *Phone) deadline() time.Time {
	var next time.Time
	if p.registration != nil {
		next = p.registration.Deadline()
	}
	for _, c := range p.calls {
		for _, at := range []time.Time{c.cueAt, c.dialog.Deadline()} {
			if next.IsZero() || !at.IsZero() && at.Before(next) {
				next = at
			}
		}
	}
	return next
}

func (p *Phone) tick(now time.Time) {
	if r := p.registration; r != nil && !r.Deadline().IsZero() && !now.Before(r.Deadline()) {
		p.registering(r.Tick(now))
	}
	for _, c := range p.calls {
		if !c.cueAt.IsZero() && !now.Before(c.cueAt) {
			cue := c.cue
			c.cueAt, c.cue = time.Time{}, nil
			cue()
		}
		if at := c.dialog.Deadline(); !at.IsZero() && !now.Before(at) {
			c.apply(c.dialog.Tick(now))
		}
	}
}

func (p *Phone) unreachable(a netip.AddrPort) {
	for _, c := range p.calls {
		c.apply(c.dialog.Unreachable(time.Now(), a))
	}
}

func (p *Phone) send(out []sipua.Message) {
	for _, m := range out {
		if err := p.wire.Send(m); err != nil {
			p.options.Log.Warn("sending", "kind", m.Kind, "to", m.To, "error", err)
		}
	}
}
