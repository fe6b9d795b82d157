package webleg

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"holdfast/call"
	"holdfast/media"
	"holdfast/switchboard"
)

// errEnded is returned to a page that connects too late.
var errEnded = errors.New("the call has ended")

// An anchor holds a leg's resources in this process. All values of the leg share
// it.
type anchor struct {
	lines      *Legs
	contact    call.ContactID
	connection call.ConnectionID
	agent      string // as people call them
	audio      *media.Leg
	carrier    *carrier

	turn chan struct{} // full while Connect or Disconnect is at work
	made int           // sessions so far; guarded by turn

	mu   sync.Mutex // guards over; once it is set, no session is added
	over bool
}

// A carrier is a leg's media.Transport. It passes packets to the leg's current
// session and drops them while there is none.
type carrier struct{ now atomic.Pointer[numbered] }

// A numbered session is one of a leg's sessions, counted from 1.
type numbered struct {
	session
	number int
}

// Send implements media.Transport.
func (c *carrier) Send(packet []byte) error {
	if s := c.now.Load(); s != nil {
		return s.send(packet)
	}
	return nil
}

// Close implements media.Transport. It is the anchor that ends the session.
func (c *carrier) Close() error { return nil }

// open adds the leg to its contact's room and to the known legs.
func (a *anchor) open() error {
	a.carrier, a.turn = &carrier{}, make(chan struct{}, 1)
	audio, err := a.lines.engine.Room(a.contact).Join(a.connection, a.carrier)
	if err != nil {
		return err
	}
	a.audio = audio
	audio.Pressed(func(key byte) { a.deliver(pressed{key}) })
	audio.Played(func() { a.deliver(played{}) })
	a.lines.register(a)
	return nil
}

// Close implements switchboard.Leg.
func (a *anchor) Close() {
	a.lines.forget(a)
	a.end()
	a.audio.Close()
}

// end closes the leg's session and lets it have no other. It does not wait,
// because desks call it.
func (a *anchor) end() {
	a.mu.Lock()
	a.over = true
	last := a.carrier.now.Swap(nil)
	a.mu.Unlock()
	if last != nil {
		a.lines.closeSoon(last)
	}
}

// connect answers an offer with a new session, which replaces the previous one.
func (a *anchor) connect(ctx context.Context, o offer) (answer string, err error) {
	if err := a.take(ctx); err != nil {
		return "", err
	}
	defer a.yield()
	a.made++
	to := receiving{a, a.made, o.events}
	s, answer, err := a.lines.answerer.answer(ctx, o, to)
	if err != nil {
		return "", fmt.Errorf("answering the offer of %s: %w", a.agent, err)
	}
	before, err := a.put(&numbered{s, a.made})
	if err != nil {
		s.close()
		return "", err
	}
	delivered := a.deliver(offered{a.made, a.agent})
	if before != nil {
		before.close() // first: packets of two sessions must not overlap
	}
	if !delivered {
		a.end()
		return "", errEnded
	}
	return answer, nil
}

// put sets the leg's session and returns the previous one.
func (a *anchor) put(s *numbered) (before *numbered, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.over {
		return nil, errEnded
	}
	return a.carrier.now.Swap(s), nil
}

// disconnect ends the session of a page that has closed.
func (a *anchor) disconnect() {
	_ = a.take(context.Background())
	defer a.yield()
	if s := a.carrier.now.Swap(nil); s != nil {
		a.deliver(lost{s.number, a.agent, "the agent's page has closed"})
		s.close()
	}
}

// doubt checks the session, if there is one.
func (a *anchor) doubt() {
	if s := a.carrier.now.Load(); s != nil {
		s.doubt()
	}
}

// take waits for the turn, which yield ends.
func (a *anchor) take(ctx context.Context) error {
	select {
	case a.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("waiting for an earlier session of %s: %w", a.agent, ctx.Err())
	}
}

func (a *anchor) yield() { <-a.turn }

// deliver gives the leg something to receive. It reports false if the desk has
// no such leg.
func (a *anchor) deliver(in switchboard.Incoming) bool {
	return a.lines.board.Deliver(a.contact, a.connection, in)
}

// receiving is the receiver of one session of a leg.
type receiving struct {
	*anchor
	number int
	events uint8
}

func (r receiving) connected()         { r.deliver(connected{r.number, r.agent, r.events}) }
func (r receiving) lost(reason string) { r.deliver(lost{r.number, r.agent, reason}) }
func (r receiving) packet(b []byte)    { r.audio.Receive(b) }
