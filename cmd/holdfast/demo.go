package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"holdfast/client"
	"holdfast/routing"
	"holdfast/story"
)

func demoCommand() *cobra.Command {
	var dir string
	var staying bool
	var callers uint
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Play transfers on real SIP and RTP on this machine, and show what happened",
		Long: `Demo starts a server with its journal and real phones on loopback and plays what
happens to customers in every kind of transfer. It tells each story live, and
writes what everybody heard (WAV), a timeline of each contact (SVG) and the
server's log into a directory. It exits with 0 only if every expectation held.

With --stay it tells no stories, but leaves a server running with simulated
callers and targets to try things by hand, says how, and goes on until it is
interrupted.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !staying && cmd.Flags().Changed("callers") {
				return errors.New("--callers goes with --stay")
			}
			if staying {
				return stay(cmd.Context(), cmd.OutOrStdout(), dir, callers)
			}
			return demo(cmd.Context(), cmd.OutOrStdout(), dir)
		},
	}
	cmd.Flags().StringVar(&dir, "dir", "demo", "`directory` for recordings and timelines; what an earlier demo left there is replaced")
	cmd.Flags().BoolVar(&staying, "stay", false, "tell no stories: leave everything running, to be tried by hand")
	cmd.Flags().UintVar(&callers, "callers", 1, "with --stay, how many customers there are at the same time")
	return cmd
}

// errDemo says that an expectation did not hold; which, has been told.
var errDemo = errors.New("not every expectation held")

// hasty are rules by which nobody waits for long.
const hasty = `ring_for = "2s"
recall_for = "2s"
accept_within = "2500ms"`

func demo(ctx context.Context, out io.Writer, dir string) error {
	s := newStage(dir, hasty)
	defer s.strike()
	if err := s.set(ctx); err != nil {
		return err
	}
	fmt.Fprintf(out, "A server at %s, and the phones of a customer, of ana, of cardiology and of reception.\n", s.sip)
	var acts []*act
	for i, scene := range scenes {
		fmt.Fprintf(out, "\n%d. %s\n", i+1, scene.title)
		a := &act{stage: s, out: out, began: time.Now(), names: story.Names{}}
		a.perform(ctx, scene.play)
		if err := a.keep(scene.name, scene.title); err != nil {
			return err
		}
		acts = append(acts, a)
	}
	return table(out, acts, dir)
}

// perform plays a scene and holds its expectations about every scene: the
// customer is never in silence, and nothing is left behind.
func (a *act) perform(ctx context.Context, play func(context.Context, *act) error) {
	meanwhile, stop := context.WithCancel(ctx)
	var machine pulse
	var aside sync.WaitGroup
	aside.Go(func() { a.tell(meanwhile) })
	aside.Go(func() { machine.beat(meanwhile) })
	if err := within(ctx, 20*time.Second, func(ctx context.Context) error { return play(ctx, a) }); err != nil {
		a.failures = append(a.failures, err.Error())
		a.say("FAILED: %v", err)
	}
	if a.customerLine != nil {
		a.customerLine.HangUp()
		a.neverSilent(machine.stoodStill())
	}
	if err := within(ctx, 5*time.Second, func(ctx context.Context) error { return nothingLeft(ctx, a.client) }); err != nil {
		a.expect(false, "nothing is left behind: %v", err)
	}
	stop()
	aside.Wait()
}

// neverSilent: the customer always hears something, but for what the machine is
// to blame for, which stood still for so long.
func (a *act) neverSilent(stood time.Duration) {
	a.silence = a.customerLine.Recording().LongestGap()
	a.expect(a.silence < silenceLimit+stood, "the customer's longest silence is below %s, not %s", silenceLimit, a.silence)
	if stood > 0 {
		a.measure("the machine stood still for %d ms", stood.Milliseconds())
	}
}

func within(ctx context.Context, limit time.Duration, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return do(ctx)
}

// nothingLeft waits until a server has no contact any more, and no agent is
// with anybody: they may be called at once.
func nothingLeft(ctx context.Context, c *client.Client) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		left, err := whatIsLeft(ctx, c)
		if err != nil || left == "" {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.New(left)
		case <-tick.C:
		}
	}
}

func whatIsLeft(ctx context.Context, c *client.Client) (string, error) {
	contacts, err := c.Contacts(ctx)
	if err != nil {
		return "", err
	}
	if len(contacts) > 0 {
		return fmt.Sprintf("%d contacts are still there", len(contacts)), nil
	}
	agents, err := c.Agents(ctx)
	for _, a := range agents {
		if a.Reservation != nil || slices.ContainsFunc(a.Segments, func(s routing.Segment) bool { return s.State != routing.AfterCallWork }) {
			return fmt.Sprintf("%s is still %s", a.Name, stateOf(a)), nil
		}
	}
	return "", err
}

// table prints what came of every scene.
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
	if failed {
		return errDemo
	}
	return nil
}
