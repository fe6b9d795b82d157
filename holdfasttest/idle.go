package holdfasttest

import (
	"context"
	"fmt"
	"slices"

	"holdfast/client"
	"holdfast/routing"
)

// AwaitIdle waits until the server has no live contact, and no agent has a customer
// or is reserved for one. It does not wait for after-call work. If ctx ends first,
// the error lists them.
func AwaitIdle(ctx context.Context, c *client.Client) error {
	return retry(ctx, func(ctx context.Context) error { return left(ctx, c) })
}

// left returns an error that lists the contacts and agents for which AwaitIdle
// still waits, or nil.
func left(ctx context.Context, c *client.Client) error {
	contacts, err := c.Contacts(ctx)
	if err != nil {
		return err
	}
	if len(contacts) > 0 {
		return fmt.Errorf("%d contacts are still there", len(contacts))
	}
	agents, err := c.Agents(ctx)
	for _, a := range agents {
		if a.Reservation != nil || slices.ContainsFunc(a.Segments, func(s routing.Segment) bool { return s.State != routing.AfterCallWork }) {
			return fmt.Errorf("%s is still %s", a.Name, a.State)
		}
	}
	return err
}
