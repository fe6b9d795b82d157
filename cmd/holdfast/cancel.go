package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"holdfast/call"
	"holdfast/client"
)

func cancelCommand() *cobra.Command {
	return contactCommand(&cobra.Command{
		Use:   "cancel CONTACT",
		Short: "Take back the transfer under way; the customer is with the agent again",
		Args:  cobra.ExactArgs(1),
	}, func(ctx context.Context, c *client.Client, contact call.Contact, _ []string) (string, error) {
		if contact.Transfer == nil {
			return "", errors.New("there is no transfer to cancel")
		}
		t, err := c.Cancel(ctx, contact.ID, contact.Transfer.ID)
		if err != nil {
			return "", err
		}
		where := "off hold"
		if now, err := c.Contact(ctx, contact.ID); err != nil {
			return "", err
		} else if held(now, call.Customer) {
			where = "on hold"
		}
		return fmt.Sprintf("the transfer to %s is cancelled; the customer is %s", t.Target(), where), nil
	})
}
