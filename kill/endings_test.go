package kill

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"holdfast/call"
	"holdfast/softphone"
)

// An ending is one way in which a cold transfer goes.
type ending struct {
	name       string
	ringFor    time.Duration
	cardiology softphone.Behaviour
	play       func(*cell) error // from the moment cardiology is rung
	outcome    call.Outcome
	reason     call.Reason
}

const (
	ringShort = 2500 * time.Millisecond
	ringLong  = time.Minute
)

var endings = []ending{
	{"answered", ringLong, softphone.Behaviour{After: 500 * time.Millisecond}, handedOver, call.Completed, ""},
	{"no answer", ringShort, softphone.Behaviour{Do: softphone.RingForever}, backWithAna, call.TransferFailed, call.NoAnswer},
	{"busy", ringLong, softphone.Behaviour{Do: softphone.Busy, After: 300 * time.Millisecond}, backWithAna, call.TransferFailed, call.Busy},
	{"customer leaves", ringLong, softphone.Behaviour{Do: softphone.RingForever}, customerLeaves, call.Abandoned, call.CustomerLeft},
	{"agent leaves", ringLong, softphone.Behaviour{After: 500 * time.Millisecond}, agentLeaves, call.Completed, ""},
}

// handedOver: customer and cardiology hear each other, ana is released.
func handedOver(c *cell) error {
	if err := errors.Join(c.withCardiology(), c.ended("ana", c.anaCall.Ended())); err != nil {
		return err
	}
	if c.anaCall.EndedBy() != softphone.Peer {
		return fmt.Errorf("ana's line was ended by %s", c.anaCall.EndedBy())
	}
	return c.goodbye()
}

// backWithAna: the customer hears hold audio, ana is there and takes them back.
func backWithAna(c *cell) error {
	if _, err := c.await(func(x call.Contact) bool { return x.Transfer == nil && len(x.Past) == 1 }); err != nil {
		return err
	}
	if err := c.onHold(); err != nil {
		return err
	}
	if err := c.again(func() error { _, err := c.client.Resume(c.ctx, c.contact); return err }); err != nil {
		return err
	}
	if err := c.withAna(); err != nil {
		return err
	}
	if everHears(c.customer.heard(), cardiologyTone) {
		return errors.New("the customer heard cardiology")
	}
	return c.goodbye()
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

// everHears reports whether a tone was heard for longer than the click that
// another one makes where it begins or breaks off.
func everHears(heard *softphone.Recording, tone float64) bool {
	const click = 200 * time.Millisecond
	return slices.ContainsFunc(heard.Heard(tone), func(s softphone.Span) bool {
		return len(s.Tones) > 0 && s.To-s.From > click
	})
}
