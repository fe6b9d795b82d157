package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"holdfast/call"
	"holdfast/client"
	"holdfast/routing"
)

func agentsCommand() *cobra.Command {
	cmd := tableCommand(&cobra.Command{
		Use:   "agents",
		Short: "Show the agents' states, or set one",
	}, "AGENT\tSTATE\tFOR\tPHONE\tCONTACTS", agentRow, (*client.Client).Agents)
	cmd.AddCommand(setStateCommand(), clearCommand(), sessionsCommand(), logOutCommand())
	return cmd
}

func agentRow(a client.Agent) string {
	lasted := "always"
	if !a.Since.IsZero() {
		lasted = age(a.Since).String()
	}
	return fmt.Sprintf("%s\t%s\t%s\t%s\t%s", a.Name, stateOf(a), lasted, phoneOf(a.Phone), atWork(a))
}

// phoneOf is how an agent's phone is reached. Whether one at a fixed address is there is
// not known.
func phoneOf(p *client.Phone) string {
	switch {
	case p == nil:
		return "unknown"
	case p.Kind == "fixed":
		return "always at " + p.Address
	case p.Kind == "browser":
		return "browser"
	case len(p.Registrations) == 0 && p.Lost == nil:
		return "never registered"
	case len(p.Registrations) == 0:
		return fmt.Sprintf("not registered for %s (%s)", age(p.Lost.At), p.Lost.Reason)
	}
	last := p.Registrations[len(p.Registrations)-1]
	left := max(time.Until(last.Until).Round(time.Second), 0)
	text := fmt.Sprintf("registered %s ago, for %s more, from %s", age(last.Since), left, last.From)
	if last.UserAgent != "" {
		text += " (" + last.UserAgent + ")"
	}
	if more := len(p.Registrations) - 1; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// stateOf is an agent's state, and their next one.
func stateOf(a client.Agent) string {
	state := string(a.State)
	if a.State == routing.NotReady && a.Status.Reason != "" {
		state += " (" + a.Status.Reason + ")"
	}
	if a.Next.State != "" {
		state += ", then " + string(a.Next.State)
	}
	return state
}

// atWork lists the customers of an agent.
func atWork(a client.Agent) string {
	var list []string
	for _, s := range a.Segments {
		list = append(list, string(s.Contact)+":"+string(s.State))
	}
	if a.Reservation != nil {
		list = append(list, string(a.Reservation.Contact)+":offered")
	}
	return cmp.Or(strings.Join(list, " "), "none")
}

func setStateCommand() *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use:   "set AGENT available|not-ready|offline",
		Short: "Set an agent's status",
		Long: `Set changes an agent's status: whether they may be offered customers. If the agent
has a customer, the status takes effect afterwards.`,
		Example: "  holdfast agents set ana available\n  holdfast agents set ana not-ready --reason lunch",
		Args:    cobra.ExactArgs(2),

		ValidArgsFunction: offer(agentNames, choosableStates),
		RunE: func(cmd *cobra.Command, args []string) error {
			if reason != "" && args[1] != "not-ready" {
				return errors.New("--reason goes with not-ready")
			}
			c, err := connect(cmd)
			if err != nil {
				return err
			}
			agent, err := c.SetStatus(cmd.Context(), args[0], routing.Status{State: routing.AgentState(args[1]), Reason: reason})
			return sayState(cmd, agent, err)
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "a name for not-ready, such as lunch")
	return cmd
}

func clearCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "clear AGENT [CONTACT]",
		Short: "End an agent's after-call work",
		Long: `Clear ends an agent's after-call work for a contact or, without CONTACT, for all
contacts.`,
		Args: cobra.RangeArgs(1, 2),

		ValidArgsFunction: offer(agentNames, afterCallWork),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := connect(cmd)
			if err != nil {
				return err
			}
			agent, err := clearWork(cmd.Context(), c, args[0], args[1:])
			return sayState(cmd, agent, err)
		},
	}
}

// clearWork ends the after-call work for the contact that is named, or all.
func clearWork(ctx context.Context, c *client.Client, name string, contact []string) (client.Agent, error) {
	agent, err := c.Agent(ctx, name)
	if err != nil {
		return agent, err
	}
	done := contactsAfter(agent)
	if len(done) == 0 {
		return agent, fmt.Errorf("%s has no after-call work", agent.Name)
	}
	if len(contact) > 0 {
		id, err := pick(done, contact[0], "in "+agent.Name+"'s after-call work")
		if err != nil {
			return agent, err
		}
		done = []call.ContactID{id}
	}
	for _, segment := range agent.Segments {
		if segment.State != routing.AfterCallWork || !slices.Contains(done, segment.Contact) {
			continue
		}
		if agent, err = c.Clear(ctx, agent.Name, segment.SegmentID); err != nil {
			return agent, err
		}
	}
	return agent, nil
}

// contactsAfter are those for which an agent has after-call work.
func contactsAfter(a client.Agent) []call.ContactID {
	var all []call.ContactID
	for _, segment := range a.Segments {
		if segment.State == routing.AfterCallWork && !slices.Contains(all, segment.Contact) {
			all = append(all, segment.Contact)
		}
	}
	return all
}

// sayState prints an agent's state after a request, unless it was refused.
func sayState(cmd *cobra.Command, a client.Agent, err error) error {
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s is %s\n", a.Name, stateOf(a))
	return err
}
