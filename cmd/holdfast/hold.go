package main

import (
	"context"

	"github.com/spf13/cobra"

	"holdfast/call"
	"holdfast/client"
)

func holdCommand() *cobra.Command {
	return contactCommand(&cobra.Command{
		Use:   "hold CONTACT",
		Short: "Put the customer on hold",
		Args:  cobra.ExactArgs(1),
	}, func(ctx context.Context, c *client.Client, contact call.Contact, _ []string) (string, error) {
		_, err := c.Hold(ctx, contact.ID)
		return "the customer is on hold", err
	})
}

func resumeCommand() *cobra.Command {
	return contactCommand(&cobra.Command{
		Use:   "resume CONTACT",
		Short: "Take the customer off hold",
		Args:  cobra.ExactArgs(1),
	}, func(ctx context.Context, c *client.Client, contact call.Contact, _ []string) (string, error) {
		_, err := c.Resume(ctx, contact.ID)
		return "the customer is off hold", err
	})
}
