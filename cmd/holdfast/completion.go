package main

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"holdfast/call"
	"holdfast/client"
)

// A choice returns the words that a shell offers for an argument, with remarks,
// given the arguments before it.
type choice func(ctx context.Context, c *client.Client, before []string) []cobra.Completion

// offer lets a shell offer words for the arguments of a command; the last
// choice is also for all that follow. Without a server nothing is offered.
func offer(choices ...choice) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		enough := cmd.Args(cmd, args) == nil && cmd.Args(cmd, append(slices.Clone(args), "")) != nil
		c, err := connect(cmd)
		if enough || err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return choices[min(len(args), len(choices)-1)](cmd.Context(), c, args), cobra.ShellCompDirectiveNoFileComp
	}
}

func liveContacts(ctx context.Context, c *client.Client, _ []string) []cobra.Completion {
	contacts, err := c.Contacts(ctx)
	if err != nil {
		return nil
	}
	var all []cobra.Completion
	for _, contact := range contacts {
		all = append(all, cobra.CompletionWithDesc(string(contact.ID), string(contact.Stage)+": "+people(contact)))
	}
	return append(all, agentsIn(contacts)...)
}

// agentsIn are the agents whose names identify a contact.
func agentsIn(contacts []call.Contact) []cobra.Completion {
	var all []cobra.Completion
	for _, contact := range contacts {
		for _, x := range contact.Connections {
			if x.Endpoint.Kind == call.AgentEndpoint && len(contactsOf(contacts, x.Endpoint.Address)) == 1 {
				all = append(all, cobra.CompletionWithDesc(x.Endpoint.Address, "the agent in "+string(contact.ID)))
			}
		}
	}
	return all
}

// targets are the endpoints that a transfer can name.
func targets(ctx context.Context, c *client.Client, _ []string) []cobra.Completion {
	return named(ctx, c, func(call.EndpointKind) bool { return true })
}

func agentNames(ctx context.Context, c *client.Client, _ []string) []cobra.Completion {
	return named(ctx, c, func(k call.EndpointKind) bool { return k == call.AgentEndpoint })
}

func named(ctx context.Context, c *client.Client, wanted func(call.EndpointKind) bool) []cobra.Completion {
	endpoints, err := c.Endpoints(ctx)
	if err != nil {
		return nil
	}
	var all []cobra.Completion
	for _, e := range endpoints {
		remark := strings.TrimSuffix(string(e.Kind)+" "+e.Address, " "+e.Name)
		if wanted(e.Kind) {
			all = append(all, cobra.CompletionWithDesc(e.Name, remark))
		}
	}
	return all
}

var kinds = []cobra.Completion{
	cobra.CompletionWithDesc(string(call.Cold), "the agent leaves after the target has picked up"),
	cobra.CompletionWithDesc(string(call.Warm), "the agent talks to the target first"),
	cobra.CompletionWithDesc(string(call.Blind), "the agent leaves while the target rings"),
}

// offerKinds lets a shell offer them for the flag --kind.
func offerKinds(cmd *cobra.Command) {
	offer := cobra.FixedCompletions(kinds, cobra.ShellCompDirectiveNoFileComp)
	if err := cmd.RegisterFlagCompletionFunc("kind", offer); err != nil {
		panic(err) // the flag does not exist
	}
}

func choosableStates(context.Context, *client.Client, []string) []cobra.Completion {
	return []cobra.Completion{"available", "not-ready", "offline"}
}

// afterCallWork are the contacts for which the agent named before has some.
func afterCallWork(ctx context.Context, c *client.Client, before []string) []cobra.Completion {
	agent, err := c.Agent(ctx, before[0])
	if err != nil {
		return nil
	}
	var all []cobra.Completion
	for _, id := range contactsAfter(agent) {
		all = append(all, string(id))
	}
	return all
}
