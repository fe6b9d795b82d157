package kill

import (
	"context"
	"slices"
	"time"

	"holdfast/call"
	"holdfast/softphone"
)

// An ending is one way in which a transfer goes.
type ending struct {
	name       string
	kind       call.Kind     // empty: cold
	called     string        // whom the customers call; empty: ana
	offerFor   time.Duration // until who waits in a queue hears that they do; 0: 30 s
	begin      func(*cell)   // until the customer talks to ana; nil: nothing but that
	target     string        // whom ana transfers to; empty: cardiology
	ask        func(*cell)   // has ana ask for it until cardiology is rung; nil: by the API
	fallback   string        // the queue that is asked when ana cannot be recalled; empty: none
	cardiology softphone.Behaviour
	ringFor    time.Duration // 0: as the server is configured
	play       func(*cell)   // from the moment cardiology is rung
	outcome    call.Outcome
	reason     call.Reason
	consults   bool // ana has two calls, and the routing counts both
	like       bool // what is written is mostly what others write, too
}

// asksRouting: more than one contact, or a queue, has to do with the routing.
func (e ending) asksRouting() bool { return e.begin != nil || e.target != "" || e.fallback != "" }

// endings are those of the matrix.
var endings = slices.Concat(coldEndings, warmEndings, blindEndings, endingsOfTwo, queueEndings, pageEndings, keyEndings)

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
func handedOver(c *cell) {
	c.with("cardiology")
	c.released()
	c.goodbye()
}

// released: ana's line has been ended by us.
func (c *cell) released() {
	c.t.Helper()
	c.Ended("ana")
	if by := c.Call("ana").EndedBy(); by != softphone.Peer {
		c.t.Fatalf("ana's line was ended by %s", by)
	}
}

// backWithAna: the customer hears hold audio, ana is there and takes them back.
func backWithAna(c *cell) {
	c.Settled()
	c.onHold()
	c.resumed()
	c.withoutCardiology()
	c.goodbye()
}

// resumed: ana takes the customer off hold.
func (c *cell) resumed() {
	c.t.Helper()
	c.Eventually(func(ctx context.Context) error { _, err := c.Client.Resume(ctx, c.Contact); return err })
	c.with("ana")
}

// customerLeaves: the customer hangs up while cardiology rings.
func customerLeaves(c *cell) {
	c.onHold()
	c.goodbye()
}

// agentLeaves: ana hangs up while cardiology rings; the transfer goes on.
func agentLeaves(c *cell) {
	c.HangUp("ana")
	c.with("cardiology")
	c.goodbye()
}

// withoutCardiology: the customer has never heard cardiology for longer than the
// click that another tone makes where it begins or breaks off: when a server
// dies, that is longer than what the bed allows.
func (c *cell) withoutCardiology() {
	c.t.Helper()
	const click = 200 * time.Millisecond
	for _, s := range c.Heard(c.name).Heard(c.Tone("cardiology")) {
		if len(s.Tones) > 0 && s.To-s.From > click {
			c.t.Errorf("the customer heard cardiology from %s to %s", s.From, s.To)
		}
	}
}
