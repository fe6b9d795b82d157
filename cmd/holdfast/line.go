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
		Short: "Mute or unmute the agent",
		Args:  cobra.ExactArgs(1),
	}, func(ctx context.Context, c *client.Client, contact call.Contact, _ []string) (string, error) {
		_, err := c.Mute(ctx, contact.ID, !off)
		if off {
			return "the agent is unmuted", err
		}
		return "the agent is muted", err
	})
	cmd.Flags().BoolVar(&off, "off", false, "unmute the agent")
	return cmd
}

func digitsCommand() *cobra.Command {
	var to int
	cmd := contactCommand(&cobra.Command{
		Use:   "digits CONTACT DIGITS",
		Short: "Send DTMF digits: 0 to 9, * and #",
		Long: `Digits sends DTMF digits to the connected target, or else to the customer; --to
names another party by the connection that "contacts" shows.`,
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
		Short: "Record the customer and the audio they hear, or stop",
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
