package kill

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"holdfast/call"
	"holdfast/softphone"
)

// An ending is one way in which a transfer goes.
type ending struct {
	name       string
	kind       call.Kind         // empty: cold
	called     string            // whom the customers call; empty: ana
	offerFor   time.Duration     // until who waits in a queue hears that they do; 0: 30 s
	begin      func(*cell) error // until the customer talks to ana; nil: nothing but that
	target     string            // whom ana transfers to; empty: cardiology
	fallback   string            // the queue that is asked when ana cannot be recalled; empty: none
	cardiology softphone.Behaviour
	ringFor    time.Duration     // 0: as the server is configured
	play       func(*cell) error // from the moment cardiology is rung
	outcome    call.Outcome
	reason     call.Reason
}

// asksRouting: more than one contact, or a queue, has to do with the routing.
func (e ending) asksRouting() bool { return e.begin != nil || e.target != "" || e.fallback != "" }

// endings are those of the matrix.
var endings = slices.Concat(coldEndings, warmEndings, blindEndings, endingsOfTwo, queueEndings)

const (
	ringShort = 2500 * time.Millisecond
	ringLong  = time.Minute
)

// What cardiology does when it is rung.
var (
	picksUp = softphone.Behaviour{After: 500 * time.Millisecond}
	isBusy  = softphone.Behaviour{Do: softphone.Busy, After: 300 * time.Millisecond}
	ringsOn = softphone.Behaviour{Do: softphone.RingForever}
)

var coldEndings = []ending{
	{name: "answered", ringFor: ringLong, cardiology: picksUp, play: handedOver, outcome: call.Completed},
	{name: "no answer", ringFor: ringShort, cardiology: ringsOn, play: backWithAna, outcome: call.TransferFailed, reason: call.NoAnswer},
	{name: "busy", ringFor: ringLong, cardiology: isBusy, play: backWithAna, outcome: call.TransferFailed, reason: call.Busy},
	{name: "customer leaves", ringFor: ringLong, cardiology: ringsOn, play: customerLeaves, outcome: call.Abandoned, reason: call.CustomerLeft},
	{name: "agent leaves", ringFor: ringLong, cardiology: picksUp, play: agentLeaves, outcome: call.Completed},
}

// handedOver: customer and cardiology hear each other, ana is released.
func handedOver(c *cell) error {
	if err := errors.Join(c.withCardiology(), c.released()); err != nil {
		return err
	}
	return c.goodbye()
}

// released: ana's line has been ended by us.
func (c *cell) released() error {
	if err := c.ended("ana", c.anaCall.Ended()); err != nil {
		return err
	}
	if c.anaCall.EndedBy() != softphone.Peer {
		return fmt.Errorf("ana's line was ended by %s", c.anaCall.EndedBy())
	}
	return nil
}

// backWithAna: the customer hears hold audio, ana is there and takes them back.
func backWithAna(c *cell) error {
	if _, err := c.await(func(x call.Contact) bool { return x.Transfer == nil && len(x.Past) == 1 }); err != nil {
		return err
	}
	if err := c.onHold(); err != nil {
		return err
	}
	if err := c.resumed(); err != nil {
		return err
	}
	if err := c.withoutCardiology(); err != nil {
		return err
	}
	return c.goodbye()
}

// resumed: ana takes the customer off hold.
func (c *cell) resumed() error {
	if err := c.again(func() error { _, err := c.client.Resume(c.ctx, c.contact); return err }); err != nil {
		return err
	}
	return c.withAna()
}

// customerLeaves: the customer hangs up while cardiology rings.
func customerLeaves(c *cell) error {
	if err := c.onHold(); err != nil {
		return err
	}
	return c.goodbye()
}

// agentLeaves: ana hangs up while cardiology rings; the transfer goes on.
func agentLeaves(c *cell) error {
	c.anaCall.HangUp()
	if err := c.withCardiology(); err != nil {
		return err
	}
	return c.goodbye()
}

// withoutCardiology: the customer has never heard cardiology.
func (c *cell) withoutCardiology() error {
	if everHears(c.customer.heard(), cardiologyTone) {
		return errors.New("the customer heard cardiology")
	}
	return nil
}

// everHears reports whether a tone was heard for longer than the click that
// another one makes where it begins or breaks off.
func everHears(heard *softphone.Recording, tone float64) bool {
	const click = 200 * time.Millisecond
	return slices.ContainsFunc(heard.Heard(tone), func(s softphone.Span) bool {
		return len(s.Tones) > 0 && s.To-s.From > click
	})
}
