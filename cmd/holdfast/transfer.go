package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"holdfast/call"
	"holdfast/client"
)

func transferCommand() *cobra.Command {
	var ask client.TransferRequest
	var kind string
	var wait, asJSON bool
	cmd := &cobra.Command{
		Use:   "transfer CONTACT TARGET",
		Short: "Hand the customer to somebody else",
		Long: `Transfer holds the customer and rings the target: an endpoint or agent of the
configuration by name, a phone number, or a sip: address. In a cold transfer the
agent leaves only after the target has picked up. With --wait it tells what
happens until the transfer is decided, and exits with 0 only if it completed.`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			ask.Target, ask.Kind = args[1], call.Kind(kind)
			return transfer(cmd, args[0], ask, wait, asJSON)
		},
	}
	cmd.Flags().StringVar(&kind, "kind", string(call.Cold), "when the agent leaves; cold: after the target has picked up")
	cmd.Flags().DurationVar(&ask.RingFor, "ring-for", 0, "how long the target may ring, such as 20s; as configured when not given")
	cmd.Flags().StringVar(&ask.Key, "key", "", "idempotency `key`: the same key again is the same transfer")
	cmd.Flags().BoolVar(&wait, "wait", false, "wait until the transfer is decided, and tell what happens")
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

// A progress tells how a transfer goes, each thing once.
type progress struct {
	out   terminal
	quiet bool
	told  map[string]bool
}

// follow tells what happens until the transfer is decided. The error says why
// it did not complete.
func (p *progress) follow(ctx context.Context, c *client.Client, id call.ContactID, t call.Transfer) (call.Transfer, error) {
	var contact call.Contact
	for e, err := range c.EventsOf(ctx, id, 0) {
		if err != nil {
			return t, fmt.Errorf("waiting for the transfer: %w", err)
		}
		contact = e.Contact
		now := transferOf(contact, t.ID)
		if now == nil {
			continue
		}
		t = *now
		p.tell(t)
		if t.Outcome != "" {
			break
		}
	}
	if t.Outcome == "" {
		return t, fmt.Errorf("the transfer to %s is still under way; `holdfast cancel %s` takes it back", t.Target(), id)
	}
	return t, decided(t, contact)
}

// decided is nil only for a transfer that completed.
func decided(t call.Transfer, c call.Contact) error {
	if t.Outcome == call.Completed {
		return nil
	}
	detail := t.Attempts[len(t.Attempts)-1].Detail
	return fmt.Errorf("the transfer to %s has not completed: %s%s", t.Target(), why(t.Reason, detail), whereabouts(c))
}

// whereabouts is how the customer is now, as the end of a sentence.
func whereabouts(c call.Contact) string {
	switch c.Stage {
	case call.Returning:
		return fmt.Sprintf("; %s is being rung back", c.Agent)
	case call.Parked:
		return "; the customer is parked"
	case call.Talking:
		for _, who := range c.Connections {
			if who.Party == call.Customer && who.State == call.Held {
				return "; the customer is on hold"
			}
		}
	case call.Offering, call.Dialling, call.Reaching, call.Consulting, call.Joining, call.Finishing, call.Over:
	}
	return ""
}

func (p *progress) tell(t call.Transfer) {
	a := t.Attempts[len(t.Attempts)-1]
	p.once(plain, a.Dialled, "dialling "+t.Target().String()+"…")
	p.once(plain, a.Rang, "ringing…")
	p.once(plain, a.Answered, "answered…")
	if t.Outcome == call.Completed {
		p.once(green, t.Ended, fmt.Sprintf("completed: %s has the customer", t.Target()))
	}
}

func (p *progress) once(c colour, when time.Time, text string) {
	if p.quiet || when.IsZero() || p.told[text] {
		return
	}
	if p.told == nil {
		p.told = map[string]bool{}
	}
	p.told[text] = true
	fmt.Fprintln(p.out, p.out.paint(c, text))
}

func transferOf(c call.Contact, id string) *call.Transfer {
	if c.Transfer != nil && c.Transfer.ID == id {
		return c.Transfer
	}
	for i := range c.Past {
		if c.Past[i].ID == id {
			return &c.Past[i]
		}
	}
	return nil
}
