package softphone

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"time"

	"holdfast/sipua"
)

// An End is the party that ended a call.
type End string

// Who ends a call.
const (
	Peer      End = "peer"      // hung up, or refused us
	Self      End = "self"      // we hung up, gave up, refused or were switched off
	Cancelled End = "cancelled" // the caller gave up before we answered
	Lost      End = "lost"      // without a BYE
)

// Refused is why a call was not answered.
type Refused struct {
	Status int    // the SIP status, 0 without an answer
	Text   string // in the words of the line, such as "486 Busy Here"
}

func (e *Refused) Error() string { return "refused: " + e.Text }

// A Call is one call of a phone.
type Call struct {
	phone    *Phone
	id       string
	peer     string
	outgoing bool
	audio    *audio

	rang, answered, ended chan struct{}

	// Written before ended is closed, read after.
	endedBy End
	err     error
	reason  string

	// The fields below belong to the phone's goroutine.
	dialog    *sipua.Dialog
	session   session
	behaviour Behaviour
	offer     []byte // of the first INVITE, nil when it had none
	early     []byte // our answer, given while it rings
	cueAt     time.Time
	cue       func()     // to be called at cueAt
	reply     chan error // for the method waiting for the answer to a re-INVITE
	held      bool       // we have the peer on hold, and it has agreed
	transfers map[uint32]*transfer
}

func newCall(p *Phone, s *audio, peer string) *Call {
	address := s.address()
	s.late = p.options.Late
	if p.options.SDPHost.IsValid() {
		address = netip.AddrPortFrom(p.options.SDPHost, address.Port())
	}
	return &Call{
		phone: p, audio: s, peer: peer,
		rang: make(chan struct{}), answered: make(chan struct{}), ended: make(chan struct{}),
		transfers: map[uint32]*transfer{},
		session: session{
			user: p.options.User, id: uint64(rand.Uint32()),
			address: address, codec: p.options.Codec, noEvents: p.options.NoEvents,
		},
	}
}

// CallID is the SIP Call-ID.
func (c *Call) CallID() string { return c.id }

// Named is the Replaces header for this call in a request to its peer; the zero
// value if the phone is switched off.
func (c *Call) Named() sipua.Replaces {
	named := make(chan sipua.Replaces, 1)
	if !c.phone.do(func() { named <- c.dialog.Named() }) {
		return sipua.Replaces{}
	}
	return <-named
}

// Peer is the URI of the far end: the one called, or the one in its From.
func (c *Call) Peer() string { return c.peer }

// Rang is closed when the far end rings (a provisional answer to our call).
func (c *Call) Rang() <-chan struct{} { return c.rang }

// Answered is closed when the call has been answered, by either side.
func (c *Call) Answered() <-chan struct{} { return c.answered }

// Ended is closed when the call is over at this phone.
func (c *Call) Ended() <-chan struct{} { return c.ended }

// EndedBy returns who ended the call; empty while it has not ended.
func (c *Call) EndedBy() End {
	if !isClosed(c.ended) {
		return ""
	}
	return c.endedBy
}

// Err returns why the call has ended, a *Refused if it was never answered; nil if
// one side hung up, and while it has not ended.
func (c *Call) Err() error {
	if !isClosed(c.ended) {
		return nil
	}
	return c.err
}

// Reason is the peer's reason for ending the call (RFC 3326), such as
// `SIP;cause=200;text="Call completed elsewhere"`; empty when it gave none, and
// while the call has not ended.
func (c *Call) Reason() string {
	if !isClosed(c.ended) {
		return ""
	}
	return c.reason
}

// Recording is the audio that this phone hears in the call. It is complete when the
// call has ended.
func (c *Call) Recording() *Recording { return c.audio.recording }

// Sent is how many RTP packets this phone has sent in the call.
func (c *Call) Sent() int { return int(c.audio.sent.Load()) }

// Answer picks up an incoming call that rings, whatever the phone's behaviour.
func (c *Call) Answer() { c.phone.do(c.pickUp) }

// HangUp ends the call, whatever it is doing.
func (c *Call) HangUp() { c.phone.do(c.hangUp) }

// MoveAudio goes on from another port without telling the peer, and the old port is
// dead, as when a NAT forgets the phone.
func (c *Call) MoveAudio() error {
	if err := c.audio.move(); err != nil {
		return fmt.Errorf("moving the audio of the call with %s: %w", c.peer, err)
	}
	return nil
}

// Hold puts the peer on hold by a re-INVITE (RFC 3264 §8.4) and waits until it
// agrees. From then on we play silence.
func (c *Call) Hold(ctx context.Context) error {
	if err := c.change(ctx, true); err != nil {
		return fmt.Errorf("holding %s: %w", c.peer, err)
	}
	return nil
}

// Resume takes the peer off hold and waits until it agrees.
func (c *Call) Resume(ctx context.Context) error {
	if err := c.change(ctx, false); err != nil {
		return fmt.Errorf("resuming %s: %w", c.peer, err)
	}
	return nil
}

// SendDigits sends DTMF digits as telephone-events (RFC 4733), 100 ms each,
// and returns at once. A phone without such events sends INFO requests. A peer that
// has not agreed to them gets none.
func (c *Call) SendDigits(digits string) error {
	for _, d := range []byte(digits) {
		if strings.IndexByte(eventNames, d) < 0 {
			return fmt.Errorf("sending digits: %q is none", d)
		}
	}
	if c.phone.options.NoEvents {
		c.phone.do(func() { c.apply(c.dialog.Press(time.Now(), digits)) })
		return nil
	}
	for _, d := range []byte(digits) {
		select {
		case c.audio.digits <- d:
		default:
			return fmt.Errorf("sending digits: too many at once, from %q on", d)
		}
	}
	return nil
}

// change offers the peer to be on hold or not.
func (c *Call) change(ctx context.Context, holding bool) error {
	reply := make(chan error, 1)
	offer := func() {
		switch {
		case isClosed(c.ended):
			reply <- errors.New("the call is over")
		case !isClosed(c.answered):
			reply <- errors.New("the call has not been answered yet")
		case c.reply != nil:
			reply <- errors.New("another change is under way")
		default:
			c.reply = reply
			c.setHolding(holding)
			c.apply(c.dialog.Invite(time.Now(), c.session.offer()))
		}
	}
	if !c.phone.do(offer) {
		return ErrClosed
	}
	select {
	case err := <-reply:
		return err
	case <-c.phone.closed:
		return ErrClosed
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// changed gives the waiting method the result of our re-INVITE.
func (c *Call) changed(err error) {
	if err == nil {
		c.held = c.session.holding
	}
	c.setHolding(c.held)
	if c.reply != nil {
		c.reply <- err
		c.reply = nil
	}
}

func (c *Call) setHolding(holding bool) {
	c.session.holding = holding
	c.audio.mute.Store(holding)
}

func (c *Call) hangUp() {
	if isClosed(c.ended) {
		return
	}
	c.end(Self, nil)
	c.apply(c.dialog.HangUp(time.Now(), ""))
}

// end ends the call for its user; its dialog may have more to do.
func (c *Call) end(by End, err error) {
	if isClosed(c.ended) {
		return
	}
	c.cueAt, c.cue = time.Time{}, nil
	c.audio.close()
	c.endedBy, c.err = by, err
	close(c.ended)
	c.changed(errors.New("the call is over"))
}

func (c *Call) cueIn(d time.Duration, cue func()) {
	c.cueAt, c.cue = time.Now().Add(d), cue
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
