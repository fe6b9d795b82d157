package kill

import (
	"context"
	"strings"
	"testing"
	"time"

	"holdfast/holdfasttest"
	"holdfast/sipua"
	"holdfast/softphone"
)

// A result is what came of one cell.
type result struct {
	err     error         // what did not go as it must
	lives   [2]life       // of the server
	killed  bool          // or not, although there was a point
	stopped bool          // by SIGTERM
	gap     time.Duration // the longest time a customer was without audio
	back    time.Duration // from the kill to the next audio; 0 if none was to come
	took    time.Duration
}

// play plays a contact and checks what must hold whatever dies when.
func play(t *testing.T, p plot) (r result) {
	t.Helper()
	began := time.Now()
	c, err := at(t, p, func(c *cell) {
		c.scenes(p.ending)
		if r.killed = p.point != "" && c.reborn(); p.point != "" && !r.killed {
			c.t.Fatalf("the server was not killed")
		}
		r.gap, r.back = c.silence()
		if stood := machine.Stood(began); r.gap > holdfasttest.Silence+stood {
			c.t.Errorf("a customer had no audio for %s, while the machine stood still for %s", r.gap, stood)
		}
		c.nobodyTwice()
		c.samePorts()
		c.acknowledged()
	})
	r.stopped = strings.HasSuffix(p.point, stopping)
	r.err, r.lives, r.took = err, [2]life{c.server.life(0), c.server.life(1)}, time.Since(began)
	return r
}

// scenes is the contact from the first ring to the last goodbye.
func (c *cell) scenes(e ending) {
	c.t.Helper()
	c.Phone("cardiology").Answering(e.cardiology)
	begin := (*cell).talk
	if e.begin != nil {
		begin = e.begin
	}
	begin(c)
	if e.ask != nil {
		e.ask(c)
	} else {
		c.transfer(e)
	}
	e.play(c)
	over := c.isOver()
	if len(over.Past) != 1 {
		c.t.Fatalf("there were %d transfers", len(over.Past))
	}
	if t := over.Past[0]; t.Outcome != e.outcome || t.Reason != e.reason {
		c.t.Fatalf("the transfer ended %s %s, want %s %s", t.Outcome, t.Reason, e.outcome, e.reason)
	}
}

// reborn waits for the kill, which may be about the contact's last words, and
// for the server that is there after it. It reports whether it was killed.
func (c *cell) reborn() bool {
	select {
	case <-c.server.killed:
	case <-time.After(holdfasttest.Silence):
		return false
	}
	select {
	case <-c.server.back:
	case <-c.server.stopped: // close says why
	}
	return true
}

// silence is the longest time a customer was without audio, and how long it
// took from the kill to the next audio.
func (c *cell) silence() (gap, back time.Duration) {
	for _, x := range append(c.others, c) {
		heard := x.Heard(x.name)
		gap, back = max(gap, heard.LongestGap()), max(back, soundAfter(heard, c.server.life(0).died))
	}
	return gap, back
}

// soundAfter is how long after it was killed the server was heard again.
func soundAfter(heard *softphone.Recording, killed time.Time) time.Duration {
	if killed.IsZero() {
		return 0
	}
	at, packets := heard.At(killed), heard.Packets()
	if len(packets) == 0 || packets[0] > at {
		return 0 // there was no audio yet
	}
	const onItsWay = 20 * time.Millisecond
	for _, p := range packets {
		if p > at+onItsWay {
			return p - at
		}
	}
	return 0 // the customer had left
}

// nobodyTwice: no agent and no target was dialled more often than was waited
// for.
func (c *cell) nobodyTwice() {
	c.t.Helper()
	none, cancel := context.WithCancel(c.t.Context())
	cancel()
	for _, name := range []string{"ana", "ben", "cardiology"} {
		if again, err := c.Phone(name).Incoming(none); err == nil {
			c.t.Errorf("%s was dialled twice, the second time as %s", name, again.CallID())
		}
	}
}

// samePorts: a leg is heard where it was heard before the kill. Who is slow to
// learn of another port, or never does, would hear nothing until then.
func (c *cell) samePorts() {
	c.t.Helper()
	before := map[string]string{}
	for _, line := range c.server.life(0).ports {
		leg, port, _ := strings.Cut(line, " ")
		before[leg] = port
	}
	for _, line := range c.server.life(1).ports {
		leg, port, _ := strings.Cut(line, " ")
		if was := before[leg]; was != "" && was != port {
			c.t.Errorf("leg %s was at %s, and after the kill at %s", leg, was, port)
		}
	}
}

// acknowledged: whoever has answered our call is acknowledged before we ask them
// anything else (RFC 3261 §13.2.2.4), whether or not the process that was
// answered has lived to do it.
func (c *cell) acknowledged() {
	c.t.Helper()
	called, acknowledged := map[string]bool{}, map[string]bool{}
	for n := range 2 {
		for _, line := range c.server.life(n).sent {
			id, kind, _ := strings.Cut(line, " ")
			switch sipua.Kind(kind) {
			case sipua.FirstINVITE:
				called[id] = true
			case sipua.FirstACK, sipua.AgainACK:
				acknowledged[id] = n == 1
			case sipua.ReINVITE:
				if n == 1 && called[id] && !acknowledged[id] {
					c.t.Errorf("call %s was not acknowledged after the kill, but asked for something else", id)
				}
			}
		}
	}
}
