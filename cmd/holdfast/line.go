package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"holdfast/call"
	"holdfast/client"
)

func muteCommand() *cobra.Command {
	var off bool
	cmd := contactCommand(&cobra.Command{
		Use:   "mute CONTACT",
		Short: "Have nobody hear the agent, or everybody again",
		Args:  cobra.ExactArgs(1),
	}, func(ctx context.Context, c *client.Client, contact call.Contact, _ []string) (string, error) {
		_, err := c.Mute(ctx, contact.ID, !off)
		if off {
			return "the agent is heard again", err
		}
		return "nobody hears the agent", err
	})
	cmd.Flags().BoolVar(&off, "off", false, "have everybody hear the agent again")
	return cmd
}

func digitsCommand() *cobra.Command {
	var to int
	cmd := contactCommand(&cobra.Command{
		Use:   "digits CONTACT DIGITS",
		Short: "Press keys of a telephone: 0 to 9, * and #",
		Long: `Digits presses keys on the line of the target who is connected, or else on the
customer's; --to says on whose, by the connection that "contacts" shows.`,
		Args: cobra.ExactArgs(2),
	}, func(ctx context.Context, c *client.Client, contact call.Contact, args []string) (string, error) {
		_, err := c.Digits(ctx, contact.ID, call.ConnectionID(to), args[0])
		return fmt.Sprintf("pressing %s", args[0]), err
	})
	cmd.Flags().IntVar(&to, "to", 0, "number of the `connection`")
	return cmd
}

func recordCommand() *cobra.Command {
	var off bool
	cmd := contactCommand(&cobra.Command{
		Use:   "record CONTACT",
		Short: "Record what the customer says and hears, or no longer",
		Args:  cobra.ExactArgs(1),
	}, func(ctx context.Context, c *client.Client, contact call.Contact, _ []string) (string, error) {
		_, err := c.Record(ctx, contact.ID, !off)
		if off {
			return "the customer is not recorded any more", err
		}
		return "the customer is recorded", err
	})
	cmd.Flags().BoolVar(&off, "off", false, "end the recording")
	return cmd
}
