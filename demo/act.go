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
	"holdfast/holdfasttest"
	"holdfast/story"
)

// An act is one scene being played, with its failed expectations and its
// measurements.
type act struct {
	*stage
	*holdfasttest.Bed // of the scene's contact
	t                 holdfasttest.T

	out   io.Writer
	began time.Time

	failures []string
	measured []string
	silence  time.Duration

	// The events printed so far.
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

// tell follows the server's events and prints each as it happens, with the
// parties meant to hear each other. It returns when the contact is over, or ctx
// ends.
func (a *act) tell(ctx context.Context) {
	for e, err := range a.stage.Client.Events(ctx, a.lastSeq) {
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
		if e.Contact.Stage == call.Over {
			return
		}
	}
}

// awaits waits until tell has printed the end of the contact.
func (a *act) awaits(told <-chan struct{}) {
	a.t.Helper()
	select {
	case <-told:
	case <-a.Soon().Done():
		a.t.Fatalf("the server has not reported the end of the contact")
	}
}

// tellOf prints an event, unless it only reports that audio has been agreed and
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
		a.say("notice to ana: %s", t.Text)
	}
	if len(happened) > 0 {
		a.say("  = %s", state)
	}
}

// outcome waits until the contact is over and compares how its transfer ended.
func (a *act) outcome(want call.Outcome, why call.Reason) {
	a.t.Helper()
	c := a.Await(func(c call.Contact) bool { return c.Stage == call.Over })
	t := c.Past[len(c.Past)-1]
	a.expect(t.Outcome == want && t.Reason == why, "the transfer is %s %s, not %s %s", want, why, t.Outcome, t.Reason)
}

// hears waits until one person hears all of these, and only these, and prints
// that.
func (a *act) hears(who string, whom ...string) {
	a.t.Helper()
	a.HearsOnly(who, whom...)
	a.say("    %s hears %s", the(who), and(whom))
}

// hearEachOther: these are in two-way audio, alone.
func (a *act) hearEachOther(people ...string) {
	a.t.Helper()
	a.HearEachOther(people...)
	for i, who := range people {
		a.say("    %s hears %s", the(who), and(slices.Delete(slices.Clone(people), i, i+1)))
	}
}

// everHears reports whether one person has heard another, however briefly.
func (a *act) everHears(who, whom string) bool {
	heard := a.Heard(who)
	return heard.EverHears(a.Tone(whom), 0, heard.Length())
}

// firstHears is the latest time at which one person can first have heard
// another, from a moment on: we look at 100 ms at a time.
func (a *act) firstHears(who, whom string, from time.Time) time.Time {
	const look = 100 * time.Millisecond
	r, tone := a.Heard(who), a.Tone(whom)
	for _, s := range r.Heard(tone) {
		if slices.Contains(s.Tones, tone) && r.Began().Add(s.To).After(from) {
			return r.Began().Add(s.From + look)
		}
	}
	return time.Time{}
}
