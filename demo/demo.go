// Package demo plays the stories of "make demo": transfers between real phones
// around a server in a process of its own, printed while they happen, with a
// recording of each person's audio and a timeline of each. It starts this very
// program once more as that server, with "serve --config", and knows nothing of
// its other commands.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"holdfast/holdfasttest"
	"holdfast/story"
)

// hasty are rules with short times, so that the demo is quick.
const hasty = `ring_for = "2s"
recall_for = "2s"
accept_within = "2500ms"`

// Play plays the stories, one after the other, and keeps recordings, timelines
// and the server's log in dir, which it empties before if an earlier demo has
// filled it. An error means that an expectation did not hold.
func Play(ctx context.Context, out io.Writer, dir string) error {
	return holdfasttest.Try(ctx, func(t holdfasttest.T) {
		s := setStage(t, dir, hasty, cast)
		fmt.Fprintf(out, "A server at %s, and the phones of a customer, of ana, of cardiology and of reception.\n", s.SIP)
		var acts []*act
		for i, scene := range scenes {
			fmt.Fprintf(out, "\n%d. %s\n", i+1, scene.title)
			a := &act{stage: s, Bed: s.For("customer"), out: out, began: time.Now(), names: story.Names{}}
			a.perform(ctx, scene.play)
			must(t, a.keep(scene.name, scene.title))
			acts = append(acts, a)
		}
		must(t, table(out, acts, dir))
	})
}

// perform plays a scene and holds its expectations about every scene: the
// customer is never in silence, and nothing is left behind.
func (a *act) perform(ctx context.Context, play func(*act)) {
	untilThen, stop := context.WithCancel(ctx)
	var machine holdfasttest.Pulse
	told := make(chan struct{})
	var aside sync.WaitGroup
	aside.Go(func() { defer close(told); a.tell(untilThen) })
	aside.Go(func() { machine.Beat(untilThen) })
	a.try(ctx, 20*time.Second, func() { play(a) })
	if len(a.Calls("customer")) > 0 {
		a.HangUp("customer")
		a.neverSilent(machine.Stood(a.began))
	}
	a.try(ctx, 5*time.Second, func() {
		a.Idle()
		a.awaits(told)
	})
	stop()
	aside.Wait()
}

// try plays a part of a scene, which fails if it takes longer than limit.
func (a *act) try(ctx context.Context, limit time.Duration, play func()) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err := holdfasttest.Try(ctx, func(t holdfasttest.T) {
		a.t, a.Bed = t, a.On(t)
		play()
	})
	if err != nil {
		a.failures = append(a.failures, err.Error())
		a.say("FAILED: %v", err)
	}
}

// neverSilent: the customer always hears something, except while the machine
// itself stood still, for so long.
func (a *act) neverSilent(stood time.Duration) {
	a.silence = a.Heard("customer").LongestGap()
	a.expect(a.silence < holdfasttest.Silence+stood, "the customer's longest silence is below %s, not %s", holdfasttest.Silence, a.silence)
	if stood > 0 {
		a.measure("the machine stood still for %d ms", stood.Milliseconds())
	}
}

// table prints the result of every scene.
func table(out io.Writer, acts []*act, dir string) error {
	fmt.Fprintln(out)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "story\tresult\tcustomer's longest silence\tmeasured")
	failed := false
	for i, a := range acts {
		result := "as expected"
		if len(a.failures) > 0 {
			failed, result = true, "FAILED"
		}
		fmt.Fprintf(w, "%d. %s\t%s\t%d ms\t%s\n", i+1, scenes[i].title, result, a.silence.Milliseconds(), strings.Join(a.measured, "; "))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for i, a := range acts {
		for _, f := range a.failures {
			fmt.Fprintf(out, "%d. %s\n", i+1, f)
		}
	}
	fmt.Fprintf(out, "\nRecordings, timelines and the server's log are in %s.\n", dir)
	fmt.Fprintf(out, "To be the agent yourself, in your browser: %s demo --stay\n", os.Args[0])
	if failed {
		return errors.New("not every expectation held")
	}
	return nil
}
