package main

import (
	"errors"

	"github.com/spf13/cobra"

	"holdfast/call"
	"holdfast/client"
)

func transferCommand() *cobra.Command {
	var ask client.TransferRequest
	var kind string
	var wait, asJSON bool
	cmd := &cobra.Command{
		Use:   "transfer CONTACT TARGET...",
		Short: "Transfer the customer",
		Long: `Transfer holds the customer and rings the target: an endpoint or agent of the
configuration by name, a phone number, or a sip: address. Of several targets
the next one is tried when one fails, or, with --parallel, all ring at once and
the first to answer has the customer.

In a cold transfer the agent leaves only after the target has picked up, in a
blind one at once, and in a warm one the agent first talks to the target; then
"complete", "conference", "swap" or "cancel" continue it.

With --wait it prints the progress until the transfer is decided, and exits with
0 only if it completed; of a warm one, until the agent talks to the target.`,
		Args:              cobra.MinimumNArgs(2),
		ValidArgsFunction: offer(liveContacts, targets),
		RunE: func(cmd *cobra.Command, args []string) error {
			ask.Target, ask.Others, ask.Kind = args[1], args[2:], call.Kind(kind)
			return transfer(cmd, args[0], ask, wait, asJSON)
		},
	}
	cmd.Flags().StringVar(&kind, "kind", string(call.Cold), "when the agent leaves: cold, warm or blind")
	offerKinds(cmd)
	cmd.Flags().BoolVar(&ask.Parallel, "parallel", false, "ring all targets at once")
	cmd.Flags().BoolVar(&ask.Confirm, "confirm", false, "require a target who answers to press 1 to take the customer")
	cmd.Flags().BoolVar(&ask.Whisper, "whisper", false, "announce the caller to a target who answers")
	cmd.Flags().BoolVar(&ask.Resume, "resume", false, "take the customer off hold when the transfer fails or is cancelled")
	cmd.Flags().BoolVar(&ask.Supersede, "supersede", false, "cancel a transfer that only rings in favour of this one")
	cmd.Flags().DurationVar(&ask.RingFor, "ring-for", 0, "how long each target may ring, such as 20s; as configured when not given")
	cmd.Flags().StringVar(&ask.Key, "key", "", "idempotency `key`: the same key again is the same transfer")
	cmd.Flags().BoolVar(&wait, "wait", false, "wait until the transfer is decided or the agent talks to the target, and print its progress")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the transfer as JSON, and nothing else")
	return cmd
}

func transfer(cmd *cobra.Command, written string, ask client.TransferRequest, wait, asJSON bool) error {
	c, err := connect(cmd)
	if err != nil {
		return err
	}
	contact, err := find(cmd.Context(), c, written)
	if err != nil {
		return err
	}
	t, err := c.Transfer(cmd.Context(), contact.ID, ask)
	if err != nil {
		return err
	}
	p := progress{out: newTerminal(cmd.OutOrStdout()), quiet: asJSON}
	p.tell(t)
	if wait {
		t, err = p.follow(cmd.Context(), c, contact.ID, t)
	}
	if asJSON {
		err = errors.Join(printJSON(p.out, t), err)
	}
	return err
}
