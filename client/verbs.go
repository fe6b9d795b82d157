package client

import (
	"context"
	"net/http"

	"holdfast/call"
)

// Hold puts the customer on hold.
func (c *Client) Hold(ctx context.Context, id call.ContactID) (call.Contact, error) {
	return c.verb(ctx, id, "hold")
}

// Resume takes the customer off hold.
func (c *Client) Resume(ctx context.Context, id call.ContactID) (call.Contact, error) {
	return c.verb(ctx, id, "resume")
}

// HoldParty puts any party on hold.
func (c *Client) HoldParty(ctx context.Context, id call.ContactID, connection call.ConnectionID) (call.Contact, error) {
	return ask[call.Contact](ctx, c, http.MethodPost, contactPath(id, "hold"), map[string]any{"connection": connection})
}

// ResumeParty takes any party off hold.
func (c *Client) ResumeParty(ctx context.Context, id call.ContactID, connection call.ConnectionID) (call.Contact, error) {
	return ask[call.Contact](ctx, c, http.MethodPost, contactPath(id, "resume"), map[string]any{"connection": connection})
}

// Swap connects the agent who consults a target to the other one of customer
// and target, and puts the first on hold.
func (c *Client) Swap(ctx context.Context, id call.ContactID) (call.Contact, error) {
	return c.verb(ctx, id, "swap")
}

// Conference lets agent, customer and consulted target all hear each other.
func (c *Client) Conference(ctx context.Context, id call.ContactID) (call.Contact, error) {
	return c.verb(ctx, id, "conference")
}

// Complete gives the customer to the consulted target. The agent is released
// as soon as the two are in two-way audio, which is after it returns.
func (c *Client) Complete(ctx context.Context, id call.ContactID) (call.Contact, error) {
	return c.verb(ctx, id, "complete")
}

// Leave releases the agent while a target rings or is consulted; the transfer
// continues.
func (c *Client) Leave(ctx context.Context, id call.ContactID) (call.Contact, error) {
	return c.verb(ctx, id, "leave")
}

// End ends the contact and drops all parties.
func (c *Client) End(ctx context.Context, id call.ContactID) (call.Contact, error) {
	return c.verb(ctx, id, "end")
}

// Mute mutes or unmutes the agent.
func (c *Client) Mute(ctx context.Context, id call.ContactID, muted bool) (call.Contact, error) {
	return ask[call.Contact](ctx, c, http.MethodPost, contactPath(id, "mute"), map[string]any{"muted": muted})
}

// Digits sends DTMF digits to a party: 0 means the connected target, or else
// the customer.
func (c *Client) Digits(ctx context.Context, id call.ContactID, on call.ConnectionID, digits string) (call.Contact, error) {
	body := map[string]any{"digits": digits}
	if on != 0 {
		body["connection"] = on
	}
	return ask[call.Contact](ctx, c, http.MethodPost, contactPath(id, "digits"), body)
}

// Record starts or stops the recording of the customer, with the audio they
// hear.
func (c *Client) Record(ctx context.Context, id call.ContactID, on bool) (call.Contact, error) {
	return ask[call.Contact](ctx, c, http.MethodPost, contactPath(id, "record"), map[string]any{"on": on})
}

// PickUp puts a parked customer through to an agent.
func (c *Client) PickUp(ctx context.Context, id call.ContactID, agent string) (call.Contact, error) {
	return ask[call.Contact](ctx, c, http.MethodPost, contactPath(id, "pickup"), map[string]any{"agent": agent})
}

func (c *Client) verb(ctx context.Context, id call.ContactID, verb string) (call.Contact, error) {
	return ask[call.Contact](ctx, c, http.MethodPost, contactPath(id, verb), nil)
}
