package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"holdfast/call"
	"holdfast/client"
	"holdfast/journal"
	"holdfast/story"
)

func traceCommand() *cobra.Command {
	var asSVG, asMermaid bool
	var kept place
	cmd := &cobra.Command{
		Use:   "trace CONTACT",
		Short: "Show the events of a contact, with every message on the wire",
		Long: `Trace prints a contact from its beginning until now, also one that is over: its
events, the SIP messages with each party ("customer -> INVITE" came from the
customer), the notices sent to agents, and which parties were meant to hear each other.

With --journal it reads the journal of a server that is not running.`,
		Example: "  holdfast trace -\n  holdfast trace 06h1 --svg > contact.svg\n  holdfast trace - --mermaid --journal holdfast-data",
		Args:    cobra.ExactArgs(1),

		ValidArgsFunction: offer(liveContacts),
		RunE: func(cmd *cobra.Command, args []string) error {
			events, err := history(cmd, args[0], &kept)
			if len(events) == 0 {
				return err
			}
			return errors.Join(trace(cmd.OutOrStdout(), events, asSVG, asMermaid), err)
		},
	}
	cmd.Flags().BoolVar(&asSVG, "svg", false, "draw it: each party's state and audio, and a ladder of the messages")
	cmd.Flags().BoolVar(&asMermaid, "mermaid", false, "print a sequence diagram for Mermaid")
	cmd.Flags().StringVar(&kept.dir, "journal", "", "`directory` of a journal to read, instead of asking a server")
	cmd.MarkFlagsMutuallyExclusive("svg", "mermaid")
	return cmd
}

// history is all events of the contact that a person means, from the server
// or from a journal in a directory. With an error it is the events that could
// be read in spite of it.
func history(cmd *cobra.Command, written string, kept *place) ([]client.Event, error) {
	if kept.dir != "" {
		return keptHistory(cmd, written, kept)
	}
	c, err := connect(cmd)
	if err != nil {
		return nil, err
	}
	contact, err := findAny(cmd.Context(), c, written)
	if err != nil {
		return nil, err
	}
	return c.History(cmd.Context(), contact.ID)
}

func keptHistory(cmd *cobra.Command, written string, kept *place) (events []client.Event, err error) {
	ctx := cmd.Context()
	err = kept.look(cmd, func(l *journal.Look) error {
		all, err := l.Contacts(ctx)
		if err != nil {
			return err
		}
		id, err := pick(all, written, "in the journal")
		if err != nil {
			return err
		}
		for e, err := range keptEvents(ctx, l, id) {
			if err != nil {
				return err
			}
			events = append(events, e)
		}
		return nil
	})
	return events, err
}

// findAny is the live contact that a person means or, when none is meant, the
// one of the past with that very id.
func findAny(ctx context.Context, c *client.Client, written string) (call.Contact, error) {
	contact, err := find(ctx, c, written)
	if err != nil && !errors.Is(err, client.ErrNoServer) && written != "-" {
		past, pastErr := c.Contact(ctx, call.ContactID(written))
		if pastErr == nil {
			return past, nil
		}
	}
	return contact, err
}

func trace(w io.Writer, events []client.Event, asSVG, asMermaid bool) error {
	var moments []story.Moment
	for _, e := range events {
		moments = append(moments, e.Moment())
	}
	var err error
	switch {
	case asSVG:
		title := fmt.Sprintf("Contact %s, %s", events[0].Contact.ID, events[0].At.Local().Format(time.DateTime))
		_, err = io.WriteString(w, story.Picture(title, moments))
	case asMermaid:
		_, err = io.WriteString(w, story.Mermaid(moments))
	default:
		err = story.Trace(w, moments, time.Local)
	}
	return err
}
