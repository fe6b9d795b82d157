package demo

import (
	"context"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"holdfast/call"
	"holdfast/client"
	"holdfast/story"
)

// An act is one scene being played: its calls, what was expected of it, and
// what was measured.
type act struct {
	*stage
	out   io.Writer
	began time.Time

	contact call.ContactID
	lines   []*line // all calls of the scene, oldest first

	customerLine, anaLine *line // the latest of each

	failures []string
	measured []string
	silence  time.Duration

	// What has been told.
	names   story.Names
	state   string // in the words of names
	moments []story.Moment

	mu sync.Mutex // guards out
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
		a.tellOf(e)
	}
}

// tellOf tells of an event, unless it only says whose audio has been agreed and
// leaves the contact as it was.
func (a *act) tellOf(e client.Event) {
	a.names.Meet(e.Contact)
	m, state := e.Moment(), a.names.State(e.Contact)
	if len(m.Events) == 1 && state == a.state {
		if _, agreed := m.Events[0].(call.Joined); agreed {
			return
		}
	}
	a.state, a.moments = state, append(a.moments, m)
	happened := a.names.Happened(m)
	for _, line := range happened {
		a.say("%s", line)
	}
	for _, t := range e.Notified {
		a.say("ana is told: %s", t.Text)
	}
	if len(happened) > 0 {
		a.say("  = %s", state)
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

// takesPart notes a call for the recordings and the timeline.
func (a *act) takesPart(l *line) *line {
	a.lines = append(a.lines, l)
	switch l.who {
	case a.customer:
		a.customerLine = l
	case a.ana:
		a.anaLine = l
	}
	return l
}

// rung waits until somebody is called.
func (a *act) rung(ctx context.Context, p *person) (*line, error) {
	c, err := p.Incoming(ctx)
	if err != nil {
		return nil, fmt.Errorf("%s is rung: %w", p, err)
	}
	return a.takesPart(&line{p, c}), nil
}

// look is how long a stretch of audio is in which people are told apart.
const look = 100 * time.Millisecond

// hears waits until all of these people, and of all people only these, are
// heard in a call, and says so.
func (a *act) hears(ctx context.Context, l *line, people ...*person) error {
	var tones []float64
	for _, p := range people {
		tones = append(tones, p.tone)
	}
	heard := l.Recording()
	if err := heard.AwaitTones(ctx, tones...); err != nil {
		return fmt.Errorf("%s does not hear %s: %w", l.who, names(people, " and "), err)
	}
	a.say("    %s hears %s", l.who, names(people, " and "))
	from := (heard.Length() + look).Round(look) // what was on its way has come
	if err := heard.AwaitLength(ctx, from+2*look); err != nil {
		return fmt.Errorf("%s hears nothing: %w", l.who, err)
	}
	for _, p := range append(slices.Clip(a.people), holdAudio, parkAudio) {
		if !slices.Contains(people, p) {
			a.expect(!heard.EverHears(p.tone, from, from+2*look), "%s does not hear %s", l.who, p)
		}
	}
	return nil
}

// hearEachOther: two are in two-way audio, alone.
func (a *act) hearEachOther(ctx context.Context, one, other *line) error {
	if err := a.hears(ctx, one, other.who); err != nil {
		return err
	}
	return a.hears(ctx, other, one.who)
}

// firstHears is when somebody was heard in a call at the latest, from a moment
// on: we look at 100 ms at a time.
func firstHears(l *line, p *person, from time.Time) time.Time {
	r := l.Recording()
	for _, s := range r.Heard(p.tone) {
		if slices.Contains(s.Tones, p.tone) && r.Began().Add(s.To).After(from) {
			return r.Began().Add(s.From + look)
		}
	}
	return time.Time{}
}
