package kill

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"holdfast/softphone"
)

const silenceLimit = 2 * time.Second // P2 and P8

// A result is what came of one cell.
type result struct {
	err  error         // what did not go as it must
	gap  time.Duration // the longest time a customer was without audio
	back time.Duration // from the kill to the next audio; 0 if none was to come
	took time.Duration
}

// play plays a contact and checks what must hold whatever dies when.
func (c *cell) play(p plot) (r result) {
	began := time.Now()
	err := c.scenes(p.ending)
	if err == nil && p.point != "" {
		err = c.reborn()
	}
	if err == nil {
		r.gap, r.back = c.silence()
		err = errors.Join(c.nobodyTwice(), c.samePorts(), c.acknowledged())
	}
	if stood := machine.stood(began); r.gap > silenceLimit+stood {
		err = errors.Join(err, fmt.Errorf("a customer had no audio for %s, while the machine stood still for %s", r.gap, stood))
	}
	if r.err = errors.Join(err, c.server.close()); r.err != nil {
		r.err = fmt.Errorf("%w\n%s", r.err, c.server.lastWords())
	}
	r.took = time.Since(began)
	return r
}

// scenes is the contact from the first ring to the last goodbye.
func (c *cell) scenes(e ending) error {
	c.cardiology.Answering(e.cardiology)
	begin := (*cell).talk
	if e.begin != nil {
		begin = e.begin
	}
	if err := begin(c); err != nil {
		return err
	}
	if err := c.transfer(e); err != nil {
		return err
	}
	if err := e.play(c); err != nil {
		return err
	}
	over, err := c.over()
	if err != nil {
		return err
	}
	if len(over.Past) != 1 {
		return fmt.Errorf("there were %d transfers", len(over.Past))
	}
	if t := over.Past[0]; t.Outcome != e.outcome || t.Reason != e.reason {
		return fmt.Errorf("the transfer ended %s %s, want %s %s", t.Outcome, t.Reason, e.outcome, e.reason)
	}
	return nil
}

var errNotKilled = errors.New("the server was not killed")

// reborn waits for the kill, which may be about the contact's last words, and
// for the server that is there after it.
func (c *cell) reborn() error {
	select {
	case <-c.server.killed:
	case <-time.After(silenceLimit):
		return errNotKilled
	}
	select {
	case <-c.server.back:
		return nil
	case <-c.server.stopped:
		return nil // close says why
	}
}

// silence is the longest time a customer was without audio, and how long it
// took from the kill to the next audio.
func (c *cell) silence() (gap, back time.Duration) {
	for _, x := range append(c.others, c) {
		heard := x.customer.heard()
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
func (c *cell) nobodyTwice() error {
	none, cancel := context.WithCancel(c.ctx)
	cancel()
	for _, p := range []*softphone.Phone{c.ana, c.ben, c.cardiology} {
		if again, err := p.Incoming(none); err == nil {
			return fmt.Errorf("%s was dialled twice, the second time as %s", p.URI(), again.CallID())
		}
	}
	return nil
}

// samePorts: a leg is heard where it was heard before the kill. Who is slow to
// learn of another port, or never does, would hear nothing until then.
func (c *cell) samePorts() error {
	before := map[string]string{}
	for _, line := range c.server.life(0).ports {
		leg, port, _ := strings.Cut(line, " ")
		before[leg] = port
	}
	for _, line := range c.server.life(1).ports {
		leg, port, _ := strings.Cut(line, " ")
		if was := before[leg]; was != "" && was != port {
			return fmt.Errorf("leg %s was at %s, and after the kill at %s", leg, was, port)
		}
	}
	return nil
}

// acknowledged: whoever has answered us is acknowledged before we ask them
// anything else (RFC 3261 §13.2.2.4), whether or not the process that was
// answered has lived to do it.
func (c *cell) acknowledged() error {
	sent := c.server.life(1).sent
	for _, who := range []string{"ana", "ben", "cardiology"} {
		asked := slices.Index(sent, who+" re-INVITE")
		if asked < 0 {
			continue
		}
		if !slices.Contains(sent[:asked], who+" ACK") && !slices.Contains(sent[:asked], who+" first ACK") {
			return fmt.Errorf("%s was not acknowledged after the kill, but asked for something else", who)
		}
	}
	return nil
}
