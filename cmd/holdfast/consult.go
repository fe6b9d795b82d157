package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"holdfast/call"
	"holdfast/client"
)

func swapCommand() *cobra.Command {
	return contactCommand(&cobra.Command{
		Use:   "swap CONTACT",
		Short: "While a target is consulted: connect the agent to the other of customer and target",
		Args:  cobra.ExactArgs(1),
	}, func(ctx context.Context, c *client.Client, contact call.Contact, _ []string) (string, error) {
		swapped, err := c.Swap(ctx, contact.ID)
		if err != nil {
			return "", err
		}
		return consultation(swapped), nil
	})
}

func conferenceCommand() *cobra.Command {
	return contactCommand(&cobra.Command{
		Use:   "conference CONTACT",
		Short: "While a target is consulted: let agent, customer and target hear each other",
		Args:  cobra.ExactArgs(1),
	}, func(ctx context.Context, c *client.Client, contact call.Contact, _ []string) (string, error) {
		together, err := c.Conference(ctx, contact.ID)
		if err != nil {
			return "", err
		}
		return consultation(together), nil
	})
}

func completeCommand() *cobra.Command {
	return contactCommand(&cobra.Command{
		Use:   "complete CONTACT",
		Short: "While a target is consulted: give them the customer",
		Args:  cobra.ExactArgs(1),
	}, func(ctx context.Context, c *client.Client, contact call.Contact, _ []string) (string, error) {
		completed, err := c.Complete(ctx, contact.ID)
		if err != nil {
			return "", err
		}
		return handingOver(completed), nil
	})
}

func leaveCommand() *cobra.Command {
	return contactCommand(&cobra.Command{
		Use:   "leave CONTACT",
		Short: "Release the agent while a target rings or is consulted; the transfer continues",
		Args:  cobra.ExactArgs(1),
	}, func(ctx context.Context, c *client.Client, contact call.Contact, _ []string) (string, error) {
		left, err := c.Leave(ctx, contact.ID)
		if err != nil {
			return "", err
		}
		return handingOver(left), nil
	})
}

func endCommand() *cobra.Command {
	return contactCommand(&cobra.Command{
		Use:   "end CONTACT",
		Short: "End the contact and drop all parties",
		Args:  cobra.ExactArgs(1),
	}, func(ctx context.Context, c *client.Client, contact call.Contact, _ []string) (string, error) {
		_, err := c.End(ctx, contact.ID)
		return "the contact is over", err
	})
}

// consultation describes who can hear each other while a target is consulted.
func consultation(c call.Contact) string {
	if c.Transfer == nil {
		return "no target is being consulted any more"
	}
	target := c.Transfer.Target()
	switch {
	case held(c, call.Customer):
		return fmt.Sprintf("%s is with the agent; the customer is on hold", target)
	case held(c, call.Target):
		return fmt.Sprintf("the customer is with the agent; %s is on hold", target)
	}
	return fmt.Sprintf("the customer, the agent and %s hear each other", target)
}

// held reports whether a connection of that party is on hold.
func held(c call.Contact, p call.Party) bool {
	for _, who := range c.Connections {
		if who.Party == p && who.State == call.Held {
			return true
		}
	}
	return false
}

// handingOver describes the state of a customer whose agent has left.
func handingOver(c call.Contact) string {
	switch {
	case c.Transfer == nil:
		return "the agent has left"
	case c.Stage == call.Joining:
		return fmt.Sprintf("%s gets the customer; the agent leaves as soon as they hear each other", c.Transfer.Target())
	}
	return fmt.Sprintf("the agent has left; %s is being rung", c.Transfer.Target())
}
