package webleg

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"sync"
	"time"

	"holdfast/call"
	"holdfast/media"
	"holdfast/switchboard"
)

// Board is where contacts are run: the switchboard. Its methods may be called
// by any goroutine and do not wait for anything outside the process.
type Board interface {
	// Deliver gives a leg something to receive. It reports false if there is
	// no such leg.
	Deliver(id call.ContactID, c call.ConnectionID, in switchboard.Incoming) bool
	// Contact returns a contact, and whether there is one with that id.
	Contact(id call.ContactID) (call.Contact, bool)
}

// Options are what Legs are made of. Address, Engine, Board and Present are
// needed.
type Options struct {
	// Address is where browsers send, one of this machine's; port 0 means any.
	Address netip.AddrPort
	// AwayAfter is how long a session may be without a packet from the browser
	// until it is down; 0 means 5 s.
	AwayAfter time.Duration
	Engine    *media.Engine
	Board     Board
	// Present reports whether a page of an agent is open, so that they can be
	// rung there. Desks call it, so it must not wait.
	Present func(agent string) bool
	Log     *slog.Logger // nil: slog.Default()
}

// awayAfter is Options.AwayAfter by default: a browser sends 50 packets a second
// and checks the path every 2.5 s, so it has missed two checks by then.
const awayAfter = 5 * time.Second

// Legs makes web legs (see switchboard.Legs) and answers browsers' offers for
// them. Its methods may be called by any goroutine.
type Legs struct {
	answerer answerer
	engine   *media.Engine
	board    Board
	present  func(agent string) bool
	log      *slog.Logger

	running sync.WaitGroup // Connect, Disconnect, and sessions that are being closed

	mu     sync.Mutex // guards closed and legs
	closed bool
	legs   map[place]*anchor
}

// A place is where a leg belongs.
type place struct {
	contact    call.ContactID
	connection call.ConnectionID
}

// Start binds the socket that browsers send to. Close frees it.
func Start(o Options) (*Legs, error) {
	if o.AwayAfter == 0 {
		o.AwayAfter = awayAfter
	}
	a, err := listen(o.Address, o.AwayAfter)
	if err != nil {
		return nil, fmt.Errorf("listening for browsers on %s: %w", o.Address, err)
	}
	return newLegs(o, a), nil
}

func newLegs(o Options, a answerer) *Legs {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	return &Legs{
		answerer: a, engine: o.Engine, board: o.Board, present: o.Present, log: o.Log,
		legs: map[place]*anchor{},
	}
}

// Address is where browsers send.
func (l *Legs) Address() netip.AddrPort { return l.answerer.address() }

// Close ends all sessions and frees the socket. It returns when the last
// goroutine has ended. The desks must be closed before; they close the legs.
// Closing again does nothing.
func (l *Legs) Close() error {
	l.mu.Lock()
	first := !l.closed
	l.closed = true
	var open []*anchor
	for _, a := range l.legs {
		open = append(open, a)
	}
	l.mu.Unlock()
	for _, a := range open {
		a.end()
	}
	l.running.Wait()
	if !first {
		return nil
	}
	if err := l.answerer.close(); err != nil {
		return fmt.Errorf("closing the socket for browsers: %w", err)
	}
	return nil
}

// Dial implements switchboard.Legs. An agent none of whose pages is open is
// unreachable.
func (l *Legs) Dial(id call.ContactID, _ uint16, d call.Dial) (switchboard.Leg, error) {
	if d.To.Kind != call.AgentEndpoint || !l.present(d.To.Address) {
		return nil, &switchboard.DialError{Reason: call.Unreachable, Detail: fmt.Sprintf("no page of %s is open", d.To)}
	}
	a := &anchor{lines: l, contact: id, connection: d.Connection, agent: d.To.String()}
	if err := a.open(); err != nil {
		return nil, &switchboard.DialError{Reason: call.LineError, Detail: err.Error()}
	}
	return leg{anchor: a, state: ringing}, nil
}

// Restore implements switchboard.Legs. The leg has no session until the agent's
// page makes one.
func (l *Legs) Restore(id call.ContactID, connection call.ConnectionID, _ uint16, written switchboard.LegMemory) (switchboard.Leg, error) {
	if written.Kind != kind {
		return nil, fmt.Errorf("restoring a leg: unknown kind %q", written.Kind)
	}
	m, err := readMemory(written.Memory)
	if err != nil {
		return nil, fmt.Errorf("restoring a web leg: %w", err)
	}
	a := &anchor{lines: l, contact: id, connection: connection, agent: m.Agent}
	if err := a.open(); err != nil {
		return nil, fmt.Errorf("restoring a web leg: %w", err)
	}
	return leg{anchor: a, state: m.State}, nil
}

// Connect makes a session for a connection's leg out of an SDP offer, and
// returns the SDP answer. The answer has our one candidate, and needs none of
// the browser's. An earlier session of the connection ends. After an error it
// goes on, except where the connection itself has ended.
func (l *Legs) Connect(ctx context.Context, contact call.ContactID, connection call.ConnectionID, sdp string) (answer string, err error) {
	a, err := l.begin(contact, connection)
	if err != nil {
		return "", err
	}
	defer l.running.Done()
	o, err := readOffer(sdp)
	if err != nil {
		return "", err
	}
	return a.connect(ctx, o)
}

// Disconnect ends the session of a connection because the page that made it is
// gone. The connection waits for another. It is not for a page that has been
// followed by another one: sessions that replace each other end by themselves.
func (l *Legs) Disconnect(contact call.ContactID, connection call.ConnectionID) {
	a, err := l.begin(contact, connection)
	if err != nil {
		return // gone, as it should be
	}
	defer l.running.Done()
	a.disconnect()
}

// begin finds a leg to work on. Close waits until the caller is done.
func (l *Legs) begin(contact call.ContactID, connection call.ConnectionID) (*anchor, error) {
	l.mu.Lock()
	a, closed := l.legs[place{contact, connection}], l.closed
	if a != nil && !closed {
		l.running.Add(1)
	}
	l.mu.Unlock()
	switch {
	case closed:
		return nil, errors.New("the server is closing")
	case a != nil:
		return a, nil
	}
	c, _ := l.board.Contact(contact)
	if slices.ContainsFunc(c.Connections, func(c call.Connection) bool { return c.ID == connection }) {
		return nil, fmt.Errorf("connection %d of contact %s is not on a browser", connection, contact)
	}
	return nil, fmt.Errorf("there is no connection %d of contact %s", connection, contact)
}

func (l *Legs) register(a *anchor) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.legs[place{a.contact, a.connection}] = a
}

func (l *Legs) forget(a *anchor) {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := place{a.contact, a.connection}
	if l.legs[at] == a { // and not a later opening of the same leg
		delete(l.legs, at)
	}
}

// closeSoon closes a session and does not wait for it, but Close does.
func (l *Legs) closeSoon(s session) {
	l.running.Go(s.close)
}
