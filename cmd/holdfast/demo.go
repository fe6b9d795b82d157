package main

import (
	"errors"
	"iter"

	"github.com/spf13/cobra"

	"holdfast/client"
	"holdfast/demo"
)

// stayDir is not where the stories are, which --stay would delete.
const stayDir = "holdfast-demo-stay"

func demoCommand() *cobra.Command {
	var dir string
	var staying bool
	var callers uint
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Play transfers on real SIP and RTP on this machine, and show the results",
		Long: `Demo starts a server with its journal and real phones on loopback, and plays a
scene for every kind of transfer. It prints each scene live, and writes the audio
that each person heard (WAV), a timeline of each contact (SVG) and the server's
log into a directory. It exits with 0 only if every expectation held.

With --stay it plays no scenes, but leaves a server running with simulated
callers and targets, prints commands to try by hand, and goes on until it is
interrupted.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !staying && cmd.Flags().Changed("callers") {
				return errors.New("--callers goes with --stay")
			}
			if err := enoughMemory(); err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			if staying && !cmd.Flags().Changed("dir") {
				dir = stayDir
			}
			if !staying {
				return demo.Play(cmd.Context(), out, dir)
			}
			show := func(events iter.Seq2[client.Event, error]) error {
				return shower{terminal: newTerminal(out)}.events(events)
			}
			return demo.Stay(cmd.Context(), out, dir, callers, show)
		},
	}
	cmd.Flags().StringVar(&dir, "dir", "holdfast-demo", "`directory` for recordings and timelines, with --stay "+stayDir+"; what an earlier demo left there is replaced")
	cmd.Flags().BoolVar(&staying, "stay", false, "play no scenes: leave everything running, to be tried by hand")
	cmd.Flags().UintVar(&callers, "callers", 1, "with --stay, how many customers there are at the same time")
	return cmd
}
