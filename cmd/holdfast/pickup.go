package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"holdfast/call"
	"holdfast/client"
)

func pickUpCommand() *cobra.Command {
	return contactCommand(&cobra.Command{
		Use:   "pickup CONTACT AGENT",
		Short: "Put a parked customer through to an agent",
		Args:  cobra.ExactArgs(2),

		ValidArgsFunction: offer(liveContacts, agentNames),
	}, func(ctx context.Context, c *client.Client, contact call.Contact, args []string) (string, error) {
		picked, err := c.PickUp(ctx, contact.ID, args[0])
		if err == nil && picked.Stage == call.Parked {
			return "", fmt.Errorf("%s cannot be reached now; the customer is still parked", picked.Agent)
		}
		return fmt.Sprintf("%s is being rung", picked.Agent), err
	})
}
