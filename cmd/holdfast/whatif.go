package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"holdfast/story"
)

func whatIfCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "what-if FILE",
		Short: "Show what would happen in a contact, from a story, without a server",
		Long: `What-if plays a story with a clock of its own and shows which parties would hear
each other, when, and where the customer would end. A story has a line for each
event:

  customer calls ana
  ana answers
  ana transfers the customer to cardiology then reception
  cardiology is busy
  20s passes

"#" begins a remark, and the story starts over at "otherwise". A line that makes
no sense gets the list of possible ones. "-" reads standard input.`,
		Example: "  holdfast what-if busy.txt\n  holdfast what-if --json busy.txt",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			scenes, err := play(args[0], cmd.InOrStdin())
			if err != nil {
				return err
			}
			if asJSON {
				enc := json.NewEncoder(cmd.OutOrStdout())
				enc.SetIndent("", "  ")
				return enc.Encode(scenes)
			}
			return tellScenes(cmd.OutOrStdout(), scenes)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "for machines")
	return cmd
}

func play(file string, stdin io.Reader) ([]story.Scene, error) {
	if file == "-" {
		return story.Play("standard input", stdin)
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // only read from
	return story.Play(file, f)
}

func tellScenes(out io.Writer, scenes []story.Scene) error {
	for i, scene := range scenes {
		if i > 0 {
			fmt.Fprintln(out, "otherwise")
		}
		for _, b := range scene.Beats {
			if b.Note != "" {
				fmt.Fprintf(out, "\n  %s\n\n", b.Note)
			}
			fmt.Fprintf(out, "%8s  %s\n", b.At, b.Line)
			for _, then := range b.Then {
				fmt.Fprintf(out, "%8s    %s\n", "", then)
			}
			fmt.Fprintf(out, "%8s    = %s\n", "", b.State)
		}
		if _, err := fmt.Fprintf(out, "\n          the customer %s\n\n", scene.End); err != nil {
			return err
		}
	}
	return nil
}
