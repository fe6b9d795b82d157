package interop

import (
	"context"
	"strings"
	"testing"
	"time"

	"holdfast/softphone"
)

// patience is how long anything here may take that takes a moment.
const patience = 10 * time.Second

// Whose tone is whose.
const (
	customerTone = 440.0
	agentTone    = 800.0
	targetTone   = 1300.0
	otherTone    = 1900.0 // another target's, who does not get the customer
)

var voices = softphone.Voices{
	customerTone: "customer", agentTone: "agent", targetTone: "target", otherTone: "other",
	softphone.HoldTone: "hold", softphone.ConfirmTone: "prompt",
}

func soon(t *testing.T) context.Context { return within(t, patience) }

func within(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), d)
	t.Cleanup(cancel)
	return ctx
}

func ports(t *testing.T) int {
	t.Helper()
	first, err := Ports()
	must(t, err)
	return first
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// awaits waits until a condition of the world outside this process holds.
func awaits(t *testing.T, what string, holds func() bool) {
	t.Helper()
	must(t, await(soon(t), what, holds))
}

// hears waits until somebody hears all these tones at once. It is not that of a
// bed because the phones are tried without a server, too.
func hears(t *testing.T, who string, r *softphone.Recording, tones ...float64) {
	t.Helper()
	if err := r.AwaitTones(soon(t), tones...); err != nil {
		t.Fatalf("%s: %v; heard %s", who, err, r.Summary(voices))
	}
}

// A baresip is a phone whose failures are the test's.
type baresip struct {
	*Baresip
	t *testing.T
}

func startBaresip(t *testing.T, user string, tone float64) *baresip {
	t.Helper()
	b, err := StartBaresip(soon(t), t.TempDir(), user, tone)
	must(t, err)
	return watched(t, b)
}

// watched switches a phone off at the end, and tells of it if the test fails.
func watched(t *testing.T, b *Baresip) *baresip {
	t.Helper()
	t.Cleanup(func() {
		b.Close()
		if t.Failed() {
			t.Logf("%s heard %s; baresip said:\n%s", b.user, b.heard.Summary(voices), b.Said())
		}
	})
	return &baresip{b, t}
}

func (b *baresip) dial(uri string)   { b.t.Helper(); must(b.t, b.Dial(uri)) }
func (b *baresip) answer()           { b.t.Helper(); must(b.t, b.Answer()) }
func (b *baresip) hangUp()           { b.t.Helper(); must(b.t, b.HangUp()) }
func (b *baresip) hold()             { b.t.Helper(); must(b.t, b.Hold()) }
func (b *baresip) resume()           { b.t.Helper(); must(b.t, b.Resume()) }
func (b *baresip) press(keys string) { b.t.Helper(); must(b.t, b.Press(keys)) }
func (b *baresip) undisturbed()      { b.t.Helper(); must(b.t, b.Undisturbed()) }
func (b *baresip) closes()           { b.t.Helper(); b.awaits(Closed) }

func (b *baresip) awaits(types ...string) Event {
	b.t.Helper()
	e, err := b.Await(soon(b.t), types...)
	must(b.t, err)
	return e
}

// A sipp is a target whose failures are the test's.
type sipp struct {
	*SIPp
	t        *testing.T
	finished bool
}

func startSIPp(t *testing.T, scenario, with string, tone float64) *sipp {
	t.Helper()
	s, err := StartSIPp(soon(t), t.TempDir(), scenario, with, tone)
	must(t, err)
	t.Cleanup(func() {
		s.Close()
		if t.Failed() {
			t.Logf("sipp said:\n%s\n%s", s.Said(), s.trace())
		}
	})
	return &sipp{SIPp: s, t: t}
}

func (s *sipp) nudge() { s.t.Helper(); must(s.t, s.Nudge()) }
func (s *sipp) speak() { s.t.Helper(); must(s.t, s.Speak()) }

// times is how often a message has come ("<ACK") or gone (">ACK").
func (s *sipp) times(message string) int { return strings.Count(s.Messages()+" ", message+" ") }

// saw waits until a message has come or gone so many times, repetitions too.
func (s *sipp) saw(message string, times int) {
	s.t.Helper()
	awaits(s.t, message, func() bool { return s.times(message) >= times })
}

// finishes waits for the end of the scenario. Again: nothing.
func (s *sipp) finishes() {
	s.t.Helper()
	if !s.finished {
		s.finished = true
		must(s.t, s.Finish(soon(s.t)))
	}
}
