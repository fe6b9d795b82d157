package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/spf13/cobra"

	"holdfast/call"
	"holdfast/client"
	"holdfast/journal"
	"holdfast/story"
)

func exportCommand(at *place) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "export CONTACT",
		Short: "Write a contact as a story that can be played again",
		Long: `Export prints the history of a contact, a line for each event and for the time in
between, in the words of the stories that test Holdfast: played again, the story
comes to the same end. It contains the numbers and addresses of people who have no
name in the configuration.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return at.look(cmd, func(l *journal.Look) error {
				all, err := l.Contacts(cmd.Context())
				if err != nil {
					return err
				}
				id, err := pick(all, args[0], "in the journal")
				if err != nil {
					return err
				}
				if asJSON {
					return exportJSON(cmd.Context(), l, id, cmd.OutOrStdout())
				}
				return exportStory(cmd.Context(), l, id, cmd.OutOrStdout())
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print every entry as a line of JSON, as contacts --watch has it")
	return cmd
}

func exportJSON(ctx context.Context, l *journal.Look, id call.ContactID, w io.Writer) error {
	for e, err := range keptEvents(ctx, l, id) {
		if err != nil {
			return err
		}
		if err := json.NewEncoder(w).Encode(e); err != nil {
			return err
		}
	}
	return nil
}

// keptEvents are the entries of a contact as a server would send them.
func keptEvents(ctx context.Context, l *journal.Look, id call.ContactID) iter.Seq2[client.Event, error] {
	return func(yield func(client.Event, error) bool) {
		for e, err := range l.History(ctx, id) {
			event := client.Event{Seq: e.Seq, At: e.At, Contact: e.Contact, Events: e.Events, Notified: e.Notified, Trace: e.Trace}
			if !yield(event, err) {
				return
			}
		}
	}
}

func exportStory(ctx context.Context, l *journal.Look, id call.ContactID, w io.Writer) error {
	var history []call.Timed
	var step uint64
	var before int // events before the last entry
	for e, err := range l.History(ctx, id) {
		if err != nil {
			return err
		}
		if e.Step == step { // the entry before was never acted on
			history = history[:before]
		}
		step, before = e.Step, len(history)
		history = append(history, e.Events...)
	}
	lines, err := story.Export(history)
	if len(history) > 0 {
		fmt.Fprintf(w, "# Contact %s, %s\n\n", id, history[0].At.Local().Format(time.DateTime))
	}
	for _, line := range lines {
		fmt.Fprintln(w, line)
	}
	if err != nil {
		return fmt.Errorf("contact %s cannot be written as a story: %w", id, err)
	}
	return nil
}
