package main

import (
	"context"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"holdfast/client"
)

// tableCommand is a command that shows all there are of something: as a table
// with these columns, of which row is one, or as JSON.
func tableCommand[T any](cmd *cobra.Command, columns string, row func(T) string, all func(*client.Client, context.Context) ([]T, error)) *cobra.Command {
	var asJSON bool
	cmd.Args = cobra.NoArgs
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := connect(cmd)
		if err != nil {
			return err
		}
		list, err := all(c, cmd.Context())
		if err != nil {
			return err
		}
		if asJSON {
			return printJSON(cmd.OutOrStdout(), list)
		}
		table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, columns)
		for _, one := range list {
			fmt.Fprintln(table, row(one))
		}
		return table.Flush()
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, as the HTTP interface has it")
	return cmd
}
