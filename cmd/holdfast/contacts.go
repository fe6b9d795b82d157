package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"holdfast/call"
	"holdfast/client"
	"holdfast/story"
)

func contactsCommand() *cobra.Command {
	var asJSON, watch bool
	cmd := &cobra.Command{
		Use:   "contacts [CONTACT]",
		Short: "Show the live contacts, or everything about one",
		Long: `Contacts shows the parties in each live contact and their states; with a contact's
id, also one that is over, its transfers with every attempt. With --watch it
goes on to print events as they happen, until it is interrupted.`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: offer(liveContacts),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := connect(cmd)
			if err != nil {
				return err
			}
			ctx, show := cmd.Context(), shower{c, newTerminal(cmd.OutOrStdout()), asJSON}
			switch {
			case watch && len(args) == 0:
				return show.events(c.Events(ctx, 0))
			case len(args) == 0:
				return show.all(ctx)
			case watch:
				return show.watch(ctx, args[0])
			}
			return show.one(ctx, args[0])
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, as the HTTP interface has it")
	cmd.Flags().BoolVarP(&watch, "watch", "w", false, "print events as they happen")
	return cmd
}

// A shower shows contacts.
type shower struct {
	client *client.Client
	terminal
	asJSON bool
}

func (s shower) all(ctx context.Context) error {
	contacts, err := s.client.Contacts(ctx)
	if err != nil {
		return err
	}
	if s.asJSON {
		return printJSON(s, contacts)
	}
	if len(contacts) == 0 {
		_, err := fmt.Fprintln(s, "no contact is live")
		return err
	}
	table := tabwriter.NewWriter(s, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "CONTACT\tSTAGE\tAGE\tPEOPLE")
	for _, c := range contacts {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", c.ID, c.Stage, age(c.Arrived), people(c))
	}
	return table.Flush()
}

// one shows a live contact, or, when none is meant, one of the past.
func (s shower) one(ctx context.Context, written string) error {
	contact, err := findAny(ctx, s.client, written)
	if err != nil {
		return err
	}
	if s.asJSON {
		return printJSON(s, contact)
	}
	s.describe(contact)
	return nil
}

func (s shower) watch(ctx context.Context, written string) error {
	contact, err := find(ctx, s.client, written)
	if err != nil {
		return err
	}
	return s.events(s.client.EventsOf(ctx, contact.ID, 0))
}

func (s shower) events(events iter.Seq2[client.Event, error]) error {
	names := map[call.ContactID]story.Names{}
	for e, err := range events {
		if err != nil {
			return err
		}
		if s.asJSON {
			if err := json.NewEncoder(s).Encode(e); err != nil {
				return err
			}
			continue
		}
		id := e.Contact.ID
		if names[id] == nil {
			names[id] = story.Names{}
		}
		s.tell(e, names[id])
		if e.Contact.Stage == call.Over {
			delete(names, id)
		}
	}
	return nil
}

// tell prints an event in the words of a story, with the state of all parties
// afterwards.
func (s shower) tell(e client.Event, names story.Names) {
	names.Meet(e.Contact)
	when := s.paint(grey, e.At.Local().Format(time.TimeOnly)+" "+string(e.Contact.ID))
	happened := names.Happened(e.Moment())
	for _, line := range happened {
		fmt.Fprintf(s, "%s %s\n", when, line)
	}
	if len(happened) > 0 {
		fmt.Fprintf(s, "%s %s\n", when, s.paint(stageColour(e.Contact.Stage), "= "+names.State(e.Contact)))
	}
}

func (s shower) describe(c call.Contact) {
	fmt.Fprintf(s, "%s  %s\n", c.ID, s.paint(stageColour(c.Stage), string(c.Stage)))
	fmt.Fprintf(s, "  arrived %s, agent responsible: %s\n", c.Arrived.Local().Format(time.DateTime), c.Agent)
	if c.Stage == call.Over {
		fmt.Fprintf(s, "  over %s, ended by: %s (%s)\n", c.Over.Local().Format(time.DateTime), c.EndedBy, c.EndReason)
	}
	if c.Recorded {
		fmt.Fprintln(s, "  the customer is recorded")
	}
	for _, who := range c.Connections {
		fmt.Fprintf(s, "  %d  %s %s, %s for %s\n", who.ID, who.Party, who.Endpoint, who.Shown(), age(who.Since))
	}
	for _, t := range c.Past {
		s.transfer(t)
	}
	if c.Transfer != nil {
		s.transfer(*c.Transfer)
	}
}

func (s shower) transfer(t call.Transfer) {
	fmt.Fprintf(s, "  %s  %s transfer to %s: %s\n", t.ID, t.Kind, t.Target(), outcome(t))
	for _, a := range t.Attempts {
		line := "dialled " + a.Dialled.Local().Format(time.TimeOnly)
		if !a.Rang.IsZero() {
			line += fmt.Sprintf(", rang after %s", since(a.Dialled, a.Rang))
		}
		if !a.Answered.IsZero() {
			line += fmt.Sprintf(", answered after %s", since(a.Dialled, a.Answered))
		}
		if !a.Ended.IsZero() {
			line += fmt.Sprintf(", ended after %s: %s", since(a.Dialled, a.Ended), why(a.Reason, a.Detail))
		}
		fmt.Fprintf(s, "      %s: %s\n", a.Target, line)
	}
}

func outcome(t call.Transfer) string {
	switch {
	case t.Outcome == "":
		return "under way"
	case t.Reason == "":
		return string(t.Outcome)
	}
	return fmt.Sprintf("%s (%s)", t.Outcome, t.Reason)
}

// why is a reason with the far end's words about it.
func why(r call.Reason, detail string) string {
	if detail == "" {
		return string(r)
	}
	return fmt.Sprintf("%s (%s)", r, detail)
}

func people(c call.Contact) string {
	var list []string
	for _, who := range c.Connections {
		name := string(who.Party)
		if who.Party != call.Customer {
			name = who.Endpoint.String()
		}
		list = append(list, name+":"+string(who.Shown()))
	}
	return strings.Join(list, " ")
}

func stageColour(s call.Stage) colour {
	switch s {
	case call.Talking:
		return green
	case call.Offering, call.Dialling, call.Reaching, call.Consulting, call.Joining:
		return yellow
	case call.Returning, call.Parked:
		return red
	case call.Finishing, call.Over:
	}
	return plain
}

func age(from time.Time) time.Duration { return time.Since(from).Truncate(time.Second) }

func since(from, to time.Time) time.Duration { return to.Sub(from).Round(100 * time.Millisecond) }

func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
