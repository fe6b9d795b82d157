package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"holdfast/client"
)

func queuesCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "queues",
		Short: "Show the queues, and who waits in them",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := connect(cmd)
			if err != nil {
				return err
			}
			all, err := c.Queues(cmd.Context())
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), all)
			}
			return tabulateQueues(cmd.OutOrStdout(), all)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, as the HTTP interface has it")
	return cmd
}

func tabulateQueues(w io.Writer, all []client.Queue) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "QUEUE\tAGENTS\tWAITING")
	for _, q := range all {
		var waiting []string
		for _, who := range q.Waiting {
			said := fmt.Sprintf("%s for %s", who.Contact, age(who.Since))
			if who.OfferedTo != "" {
				said += ", offered to " + who.OfferedTo
			}
			waiting = append(waiting, said)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\n", q.Name, strings.Join(q.Agents, " "), cmp.Or(strings.Join(waiting, "; "), "nobody"))
	}
	return table.Flush()
}
