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

func agentsCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "agents",
		Short: "Show how the agents are, or say how one wants to be",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := connect(cmd)
			if err != nil {
				return err
			}
			all, err := c.Agents(cmd.Context())
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), all)
			}
			return tabulateAgents(cmd.OutOrStdout(), all)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, as the HTTP interface has it")
	cmd.AddCommand(setStateCommand())
	return cmd
}

func tabulateAgents(w io.Writer, all []client.Agent) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "AGENT\tSTATE\tFOR\tCONTACTS")
	for _, a := range all {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", a.Name, stateOf(a), age(a.Since), atWork(a))
	}
	return table.Flush()
}

// stateOf is how an agent is, and what comes next.
func stateOf(a client.Agent) string {
	state := a.State
	if a.Reason != "" {
		state += " (" + a.Reason + ")"
	}
	if a.Next != "" {
		state += ", then " + a.Next
	}
	return state
}

// atWork is with whom an agent has to do.
func atWork(a client.Agent) string {
	var list []string
	for _, s := range a.Stays {
		list = append(list, string(s.Contact)+":"+s.State)
	}
	if a.Offer != nil {
		list = append(list, string(a.Offer.Contact)+":offered")
	}
	return cmp.Or(strings.Join(list, " "), "none")
}

func setStateCommand() *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use:   "set AGENT available|not-ready|offline",
		Short: "Say how an agent wants to be",
		Long: `Set says whether an agent may be offered customers. One who has a customer is so
afterwards.`,
		Example: "  holdfast agents set ana available\n  holdfast agents set ana not-ready --reason lunch",
		Args:    cobra.ExactArgs(2),

		ValidArgsFunction: offer(agentNames, choosableStates),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := connect(cmd)
			if err != nil {
				return err
			}
			agent, err := c.SetState(cmd.Context(), args[0], args[1], reason)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s is %s\n", agent.Name, stateOf(agent))
			return err
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "a name for not-ready, such as lunch")
	return cmd
}
