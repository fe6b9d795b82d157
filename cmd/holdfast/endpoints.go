package main

import (
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"
)

func endpointsCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "endpoints",
		Short: "Show whom a transfer can name",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := connect(cmd)
			if err != nil {
				return err
			}
			all, err := c.Endpoints(cmd.Context())
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), all)
			}
			table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			fmt.Fprintln(table, "NAME\tKIND\tADDRESS")
			for _, e := range all {
				fmt.Fprintf(table, "%s\t%s\t%s\n", e.Name, e.Kind, e.Address)
			}
			return table.Flush()
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, as the HTTP interface has it")
	return cmd
}
