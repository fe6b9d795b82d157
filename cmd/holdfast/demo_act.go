package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"holdfast/call"
	"holdfast/softphone"
	"holdfast/story"
)

// An act is one scene being played: its calls, what was expected of it, and
// what was measured.
type act struct {
	*stage
	out   io.Writer
	began time.Time

	contact                               call.ContactID
	customerCall, anaCall, cardiologyCall *softphone.Call

	failures []string
	measured []string
	silence  time.Duration

	mu      sync.Mutex // guards what follows, and out
	names   story.Names
	moments []story.Moment
}

func (a *act) say(format string, args ...any) {
	a.mu.Lock()
	defer a.mu.Unlock()
	fmt.Fprintf(a.out, "  %4.1fs  %s\n", time.Since(a.began).Seconds(), fmt.Sprintf(format, args...))
}

// expect notes an expectation that does not hold.
func (a *act) expect(holds bool, format string, args ...any) {
	if !holds {
		a.failures = append(a.failures, fmt.Sprintf("expected: "+format, args...))
		a.say("NOT SO: "+format, args...)
	}
}

func (a *act) measure(format string, args ...any) {
	a.measured = append(a.measured, fmt.Sprintf(format, args...))
}

// tell follows the server's events and tells each as it happens, with who is
// meant to hear whom. It returns when ctx ends.
func (a *act) tell(ctx context.Context) {
	for e, err := range a.client.Events(ctx, a.lastSeq) {
		if err != nil {
			if ctx.Err() == nil {
				a.say("the server is silent: %v", err)
			}
			return
		}
		a.lastSeq = e.Seq
		if e.Contact.Arrived.Before(a.began) {
			continue // an earlier scene's
		}
		m := story.Moment{At: e.At, Contact: e.Contact}
		a.mu.Lock()
		a.names.Meet(e.Contact)
		for _, r := range e.Events {
			m.Events = append(m.Events, r.Event)
		}
		a.moments = append(a.moments, m)
		a.mu.Unlock()
		for _, ev := range m.Events {
			if line := a.names.Line(ev); line != "" {
				a.say("%s", line)
			}
		}
		for _, t := range e.Told {
			a.say("ana is told: %s", t.Text)
		}
		if len(m.Events) > 0 {
			a.say("  = %s", a.names.State(e.Contact))
		}
	}
}

// await waits until the contact is as wanted.
func (a *act) await(ctx context.Context, wanted func(call.Contact) bool) (call.Contact, error) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		c, err := a.client.Contact(ctx, a.contact)
		if err != nil || wanted(c) {
			return c, err
		}
		select {
		case <-ctx.Done():
			return c, fmt.Errorf("the contact stays %s: %w", c.Stage, ctx.Err())
		case <-tick.C:
		}
	}
}

// outcome waits until the contact is over and compares how its transfer ended.
func (a *act) outcome(ctx context.Context, want call.Outcome, why call.Reason) error {
	c, err := a.await(ctx, func(c call.Contact) bool { return c.Stage == call.Over })
	if err != nil {
		return err
	}
	t := c.Past[len(c.Past)-1]
	a.expect(t.Outcome == want && t.Reason == why, "the transfer is %s %s, not %s %s", want, why, t.Outcome, t.Reason)
	return nil
}

// hears waits until somebody hears a tone, and says so.
func (a *act) hears(ctx context.Context, who string, c *softphone.Call, tone float64) error {
	what := voices[tone]
	if tone == softphone.HoldTone {
		what = "hold audio"
	}
	if err := c.Recording().AwaitTones(ctx, tone); err != nil {
		return fmt.Errorf("%s does not hear %s: %w", who, what, err)
	}
	a.say("    %s hears %s", who, what)
	return nil
}

// since is a time on the clock of the customer's recording.
func (a *act) since(t time.Time) time.Duration {
	return t.Sub(a.customerCall.Recording().Began())
}

// firstHeard is when the customer first heard a tone.
func (a *act) firstHeard(tone float64) time.Time {
	r := a.customerCall.Recording()
	for _, s := range r.Heard(tone) {
		if slices.Contains(s.Tones, tone) {
			return r.Began().Add(s.From)
		}
	}
	return time.Time{}
}

func isEnded(c *softphone.Call) bool {
	select {
	case <-c.Ended():
		return true
	default:
		return false
	}
}

func ended(ctx context.Context, who string, c *softphone.Call) error {
	select {
	case <-c.Ended():
		return nil
	case <-ctx.Done():
		return fmt.Errorf("the line of %s does not end: %w", who, ctx.Err())
	}
}
