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
	// Deliver gives a leg something to receive. It returns false if the leg does
	// not exist.
	Deliver(id call.ContactID, c call.ConnectionID, in switchboard.Incoming) bool
	// Contact returns a contact, and whether there is one with that id.
	Contact(id call.ContactID) (call.Contact, bool)
}

// Options configure Legs. Address, Engine, Board and Present are needed.
type Options struct {
	// Address is the address and port of this machine that browsers send to.
	// Port 0 means any free one.
	Address netip.AddrPort
	// UDPOnly turns off audio over TCP. Otherwise browsers whose networks block UDP
	// connect to the same address and port by TCP.
	UDPOnly bool
	// AwayAfter is how long a browser may send nothing before its session
	// counts as down; 0 means 5 s.
	AwayAfter time.Duration
	Engine    *media.Engine
	Board     Board
	// Present reports whether the agent has a page open, on which they can be
	// rung. Desks call it, so it must not wait.
	Present func(agent string) bool
	Log     *slog.Logger // nil: slog.Default()
}

// awayAfter is the default of Options.AwayAfter. A browser sends 50 packets a
// second and checks the path every 2.5 s, so it has missed two checks by then.
const awayAfter = 5 * time.Second

// Legs makes web legs (see switchboard.Legs) and answers browsers' offers for
// them. Its methods may be called by any goroutine.
type Legs struct {
	answerer answerer
	engine   *media.Engine
	board    Board
	present  func(agent string) bool
	log      *slog.Logger

	running sync.WaitGroup // calls of Connect, Disconnect and Doubt, and closing sessions

	mu     sync.Mutex // guards closed and legs
	closed bool
	legs   map[place]*anchor
}

// A place is the connection that a leg belongs to.
type place struct {
	contact    call.ContactID
	connection call.ConnectionID
}

// Start binds the sockets that browsers send to. Close frees them.
func Start(o Options) (*Legs, error) {
	if o.AwayAfter == 0 {
		o.AwayAfter = awayAfter
	}
	a, err := listen(o)
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

// Address returns the address and port that browsers send to.
func (l *Legs) Address() netip.AddrPort { return l.answerer.address() }

// Close ends all sessions and frees the sockets. It returns when all sessions
// have ended. The desks, which close the legs, must be closed first. Closing
// again does nothing.
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
		return fmt.Errorf("closing the sockets for browsers: %w", err)
	}
	return nil
}

// Dial implements switchboard.Legs. An agent without an open page is unreachable.
func (l *Legs) Dial(id call.ContactID, _ uint16, d call.Dial) (switchboard.Leg, error) {
	if d.To.Kind != call.AgentEndpoint || !l.present(d.To.Address) {
		return nil, &switchboard.DialError{Reason: call.Unreachable, Detail: fmt.Sprintf("%s has no page open", d.To)}
	}
	a := &anchor{lines: l, contact: id, connection: d.Connection, agent: d.To.String()}
	if err := a.open(); err != nil {
		return nil, &switchboard.DialError{Reason: call.LineError, Detail: err.Error()}
	}
	return leg{anchor: a, state: ringing}, nil
}

// Restore implements switchboard.Legs. The leg has no session until the agent's
// page offers one.
func (l *Legs) Restore(id call.ContactID, connection call.ConnectionID, _ uint16, written switchboard.LegMemory) (switchboard.Leg, error) {
	if written.Kind != Kind {
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

// Connect makes a session for the leg of a connection from an SDP offer, and
// returns the SDP answer. The answer contains all our candidates; the offer need
// not contain any. The new session replaces an earlier one of the connection.
// After an error the earlier one continues, unless the connection has ended. The
// error names the fault in the offer, or reports that the connection has no web
// leg.
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

// Disconnect ends the session of a connection because the page that made it has
// closed. The leg then waits for another session. Do not call it for a page that
// a newer page has replaced: it would end the newer page's session.
func (l *Legs) Disconnect(contact call.ContactID, connection call.ConnectionID) {
	a, err := l.begin(contact, connection)
	if err != nil {
		return // no session to end
	}
	defer l.running.Done()
	a.disconnect()
}

// Doubt checks the session of a connection whose page has lost its own connection
// to us. If the browser sends no audio either, the leg counts as lost until it
// sends some, or until another session. If it does, nothing happens. Doubt returns
// at once.
func (l *Legs) Doubt(contact call.ContactID, connection call.ConnectionID) {
	a, err := l.begin(contact, connection)
	if err != nil {
		return // no session to check
	}
	defer l.running.Done()
	a.doubt()
}

// begin finds a leg. Close waits until the caller calls running.Done.
func (l *Legs) begin(contact call.ContactID, connection call.ConnectionID) (*anchor, error) {
	l.mu.Lock()
	a, closed := l.legs[place{contact, connection}], l.closed
	if a != nil && !closed {
		l.running.Add(1)
	}
	l.mu.Unlock()
	switch {
	case closed:
		return nil, errors.New("the server is shutting down")
	case a != nil:
		return a, nil
	}
	c, _ := l.board.Contact(contact)
	if slices.ContainsFunc(c.Connections, func(c call.Connection) bool { return c.ID == connection }) {
		return nil, fmt.Errorf("connection %d of contact %s is not a web leg", connection, contact)
	}
	return nil, fmt.Errorf("contact %[2]s has no connection %[1]d", connection, contact)
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

// closeSoon closes a session in the background; Close waits for that.
func (l *Legs) closeSoon(s session) {
	l.running.Go(s.close)
}
