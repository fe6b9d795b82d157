package main

import (
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"
)

func sessionsCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "sessions AGENT",
		Short: "Show where an agent is logged in to their page",
		Args:  cobra.ExactArgs(1),

		ValidArgsFunction: offer(agentNames),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := connect(cmd)
			if err != nil {
				return err
			}
			list, err := c.Sessions(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), list)
			}
			table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			fmt.Fprintln(table, "SESSION\tIN\tFOR\tWINDOWS\tUNTIL")
			for _, s := range list {
				in := "browser"
				if s.Embedded {
					in = "embedded page"
				}
				fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%s\n", s.ID, in, age(s.Begun), s.Windows, s.Until.Local().Format("2006-01-02 15:04"))
			}
			return table.Flush()
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, as the HTTP interface has it")
	return cmd
}

func logOutCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "logout AGENT [SESSION]",
		Short: "Log an agent out everywhere, or in one browser",
		Long: `Logout ends the sessions of an agent, such as when a laptop is lost. Their windows
close at once, also in a call: its audio is lost as if the agent had closed the
browser.`,
		Args: cobra.RangeArgs(1, 2),

		ValidArgsFunction: offer(agentNames),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := connect(cmd)
			if err != nil {
				return err
			}
			session := ""
			if len(args) > 1 {
				session = args[1]
			}
			ended, err := c.EndSessions(cmd.Context(), args[0], session)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: %s ended\n", args[0], count(ended, "session"))
			return err
		},
	}
	return cmd
}
