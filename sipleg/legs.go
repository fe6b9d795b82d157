package sipleg

import (
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"

	"holdfast/call"
	"holdfast/media"
	"holdfast/sipua"
	"holdfast/switchboard"
)

// Addresses maps endpoints to addresses on the wire. Its methods may be called by any
// goroutine.
type Addresses interface {
	// Resolve returns the sip: address to dial for an endpoint. An error that is a
	// *switchboard.DialError is the reason why there is none.
	Resolve(call.Endpoint) (uri string, err error)
	// Incoming returns how the contact begins when a caller at from calls; caller and
	// called are sip: addresses. An error means that no agent or queue answers.
	Incoming(from netip.AddrPort, caller, called string) (call.Arrived, error)
	// Phone returns the agent whose phone calls from there as caller, a sip: address,
	// and reports whether an agent's phone does. Without a name, the phone must prove
	// whose it is.
	Phone(from netip.AddrPort, caller string) (agent string, is bool)
	// Claims reports whether caller, a sip: address, is that of another agent.
	Claims(agent, caller string) bool
	// Dialled returns how the contact begins when an agent's phone dials a text such as
	// a person might type. An error is the reason why it may not.
	Dialled(agent, written string) (call.Dialled, error)
	// Endpoint returns the party that a person means by a text: a name, a number or a
	// sip: address. An error is a *switchboard.DialError, or a sentence about how to
	// write it.
	Endpoint(written string) (call.Endpoint, error)
	// Refers reports whether a REFER from there is taken.
	Refers(from netip.AddrPort) bool
	// Identifies reports whether calls there carry the real caller's identity, besides
	// the caller they show (RFC 3325).
	Identifies(call.Endpoint) bool
	// Trusts reports whether a customer calling from there comes over a trunk that may
	// know the parties they talk to.
	Trusts(from netip.AddrPort) bool
	// Registers reports whether the phone of an endpoint registers: it is reached where
	// it sends from.
	Registers(call.Endpoint) bool
	// Known reports whether requests from there are answered at all.
	Known(from netip.AddrPort) bool
}

// Board is where contacts are run: the switchboard. Its methods may be called
// by any goroutine and do not wait for anything outside the process.
type Board interface {
	// Admits returns why no contact may begin now, for which Open would return the
	// same; switchboard.ErrBusy means that one may soon. It costs next to nothing.
	Admits() error
	// Open begins a contact whose customer is on leg, as connection 1 in
	// epoch 1, and gives that leg first to receive. An error means that no
	// contact can be recorded now; the leg is still the caller's to close.
	Open(id call.ContactID, leg switchboard.Leg, first switchboard.Incoming) error
	// Deliver gives a leg something to receive. It returns false if the leg does not
	// exist.
	Deliver(id call.ContactID, c call.ConnectionID, in switchboard.Incoming) bool
	// Contact returns a contact as it was last written down.
	Contact(id call.ContactID) (call.Contact, bool)
	// Replace makes a line take the place of another in a contact. An error means that
	// the contact has ended.
	Replace(id call.ContactID, r switchboard.Replacement) error
}

// Sender puts messages on the wire, as siptransport.Wire does. Send may be called by any
// goroutine and does not wait for the far end.
type Sender interface {
	Send(sipua.Message) error
}

// Options configure Legs. All but AskAfter are needed.
type Options struct {
	Local         sipua.Local // our side of every dialog
	Sender        Sender
	Engine        *media.Engine
	Addresses     Addresses
	Authenticator *sipua.Authenticator // of the phones that register
	Board         Board
	Log           *slog.Logger
	// AskAfter is after how long without any packet of its audio a phone in a call is
	// asked whether it is still there, and then each time; 0: never.
	AskAfter time.Duration
}

// Legs makes SIP legs (see switchboard.Legs) and hands them the wire's messages. Its
// methods may be called by any goroutine. Receive must not be called before the legs
// from before a restart are restored: messages for them would be taken for new calls.
type Legs struct {
	local     sipua.Local
	sender    Sender
	engine    engine
	addresses Addresses
	board     Board
	log       *slog.Logger
	askAfter  time.Duration
	now       func() time.Time

	authenticator *sipua.Authenticator
	joining       joining

	refused                                           *refused
	strangers, turnedAway, pointless, denials, unsent seldom // log lines about them

	mu      sync.Mutex
	legs    map[string][]*anchor       // by Call-ID
	callers map[call.ContactID]*anchor // the legs of calling customers
}

// New returns a Legs that has none yet.
func New(o Options) *Legs {
	return &Legs{
		local: o.Local, sender: o.Sender, engine: rooms{o.Engine}, addresses: o.Addresses, board: o.Board, log: o.Log,
		authenticator: o.Authenticator, askAfter: o.AskAfter,
		now: time.Now, refused: newRefused(), legs: map[string][]*anchor{}, callers: map[call.ContactID]*anchor{},
	}
}

// Dial implements switchboard.Legs.
func (l *Legs) Dial(id call.ContactID, epoch uint16, d call.Dial) (switchboard.Leg, error) {
	to, err := l.resolve(d.To)
	if err != nil {
		return nil, err
	}
	identity := sipua.RandomIdentity()
	a := &anchor{
		lines: l, contact: id, connection: d.Connection,
		role: caller, name: d.To.String(), identity: identity, audience: l.audienceAt(d.To),
	}
	if err := a.open(0); err != nil {
		return nil, &switchboard.DialError{Reason: call.LineError, Detail: err.Error()}
	}
	dialog := sipua.NewCaller(l.local, identity, epoch, l.call(id, to, d))
	return leg{anchor: a, dialog: dialog, session: newSession()}, nil
}

func (l *Legs) resolve(e call.Endpoint) (sip.Uri, error) {
	var to sip.Uri
	written, err := l.addresses.Resolve(e)
	if err == nil {
		err = sip.ParseUri(written, &to)
	}
	if why, ok := errors.AsType[*switchboard.DialError](err); ok {
		return to, why
	}
	if err != nil {
		return to, &switchboard.DialError{Reason: call.NotFound, Detail: fmt.Sprintf("%s: %s", e, err)}
	}
	return to, nil
}

// Restore implements switchboard.Legs. The leg listens where it did before, if
// that port is free; if not, on another one, and its messages after it has resumed carry
// the new port to the peer.
func (l *Legs) Restore(id call.ContactID, connection call.ConnectionID, epoch uint16, written switchboard.LegMemory) (switchboard.Leg, error) {
	if written.Kind != kind {
		return nil, fmt.Errorf("restoring a leg: unknown kind %q", written.Kind)
	}
	m, err := readMemory(written.Memory)
	if err != nil {
		return nil, fmt.Errorf("restoring a SIP leg: %w", err)
	}
	dialog, err := sipua.Restore(l.local, epoch, m.Dialog)
	if err != nil {
		return nil, fmt.Errorf("restoring a SIP leg: %w", err)
	}
	a := &anchor{lines: l, contact: id, connection: connection, role: m.Role, name: m.Name, identity: dialog.Identity(), audio: silence{}, caller: m.Caller, audience: m.Audience}
	a.refused.Store(m.Ended && !m.Answered)
	if theirs := dialog.PeerTag(); theirs != "" {
		a.theirs.Store(&theirs)
	}
	restored := leg{anchor: a, dialog: dialog, session: m.Session, latched: m.Latched, answered: m.Answered, ended: m.Ended, referrals: m.Referred, refusedAt: m.Refused}
	if m.Ended {
		l.register(a)
		return restored, nil
	}
	if err := a.reopen(m.Session.At.Port()); err != nil {
		return nil, fmt.Errorf("restoring a SIP leg: %w", err)
	}
	if m.Role == callee && !m.Answered && m.Session.Local != "" {
		restored.session = m.Session.moved(a.at)
	}
	tune(a.audio, restored.stream(), m.Latched)
	return restored, nil
}

// Unreachable takes the network's report that addr is unreachable (ICMP), for the legs
// that have sent there last. Each gets one report for its own messages: of many legs
// that send to a dead address, each would otherwise get the reports of all others.
func (l *Legs) Unreachable(addr netip.AddrPort) {
	for _, a := range l.at(addr) {
		if hop := a.hop.Swap(nil); hop != nil {
			a.deliver(unreachable{addr, a.name})
		}
	}
}

// at are the legs whose last message went to addr.
func (l *Legs) at(addr netip.AddrPort) []*anchor {
	l.mu.Lock()
	defer l.mu.Unlock()
	var found []*anchor
	for _, same := range l.legs {
		for _, a := range same {
			if hop := a.hop.Load(); hop != nil && *hop == addr {
				found = append(found, a)
			}
		}
	}
	return found
}

// Talks reports whether the last message of a leg went to an address, and whether one
// went to another port of that host: a phone may connect from there.
func (l *Legs) Talks(with netip.AddrPort) (there, host bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, all := range l.legs {
		for _, a := range all {
			if hop := a.hop.Load(); hop != nil && hop.Addr().Unmap() == with.Addr().Unmap() {
				host = true
				there = there || hop.Port() == with.Port()
			}
		}
	}
	return there, host
}

// newSession is a session without an offer.
func newSession() session { return session{ID: uint64(rand.Uint32())} }
