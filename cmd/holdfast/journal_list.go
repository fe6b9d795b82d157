package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"holdfast/call"
	"holdfast/journal"
)

func listCommand(at *place) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "Show all contacts in the journal and how they ended",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return at.look(cmd, func(l *journal.Look) error {
				all, err := keptContacts(cmd.Context(), l, cmd.ErrOrStderr())
				if err != nil {
					return err
				}
				if asJSON {
					return printJSON(cmd.OutOrStdout(), all)
				}
				return tabulate(cmd.OutOrStdout(), all)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON: the contacts as they were last, each with its number of entries")
	return cmd
}

// A kept contact is one as the journal has it last.
type kept struct {
	Contact call.Contact `json:"contact"`
	Entries int          `json:"entries"`
}

// keptContacts are all contacts in the journal, those who arrived first at the
// front. An entry that cannot be read gives a warning and is skipped.
func keptContacts(ctx context.Context, l *journal.Look, warnings io.Writer) ([]kept, error) {
	byID := map[call.ContactID]kept{}
	for e, err := range l.Entries(ctx) {
		switch {
		case err != nil && e.Seq == 0:
			return nil, err
		case err != nil:
			fmt.Fprintln(warnings, err)
		default:
			byID[e.Contact.ID] = kept{e.Contact, byID[e.Contact.ID].Entries + 1}
		}
	}
	return slices.SortedFunc(maps.Values(byID), func(a, b kept) int {
		return cmp.Or(a.Contact.Arrived.Compare(b.Contact.Arrived), cmp.Compare(a.Contact.ID, b.Contact.ID))
	}), nil
}

func tabulate(w io.Writer, all []kept) error {
	if len(all) == 0 {
		_, err := fmt.Fprintln(w, "no contact is in the journal")
		return err
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "CONTACT\tBEGAN\tSTAGE\tTRANSFERS\tENTRIES")
	for _, k := range all {
		c := k.Contact
		stage := string(c.Stage)
		if c.Stage == call.Over {
			stage = fmt.Sprintf("over after %s, ended by: %s (%s)", since(c.Arrived, c.Over), c.EndedBy, c.EndReason)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%d\n", c.ID, c.Arrived.Local().Format(time.DateTime), stage, transfers(c), k.Entries)
	}
	return table.Flush()
}

// transfers are the results of a contact's transfers, in a few words.
func transfers(c call.Contact) string {
	var said []string
	for _, t := range c.Transfers() {
		said = append(said, fmt.Sprintf("%s: %s", t.Target(), outcome(t)))
	}
	return cmp.Or(strings.Join(said, ", "), "none")
}
