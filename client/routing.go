package client

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"holdfast/call"
)

// An Agent is how somebody who answers customers is.
type Agent struct {
	Name     string    `json:"name"`
	State    string    `json:"state"`              // available, not-ready, offline, reserved, busy, after-call-work or away
	Reason   string    `json:"reason,omitempty"`   // a name for not-ready
	Next     string    `json:"next,omitempty"`     // how they will be after the customers they have now
	Since    time.Time `json:"since,omitzero"`     // when State began; zero: it has never been another
	Offer    *Offer    `json:"offer,omitempty"`    // the customer they are being offered
	Segments []Segment `json:"segments,omitempty"` // their parts in contacts, oldest first
}

// An Offer is a customer whom an agent is being offered.
type Offer struct {
	Contact    call.ContactID    `json:"contact"`
	Connection call.ConnectionID `json:"connection"` // the one that the customer waits or will talk under
	Queue      string            `json:"queue,omitempty"`
	Until      time.Time         `json:"until"` // when it will have been missed
}

// A Segment is one agent's part in a contact.
type Segment struct {
	Contact    call.ContactID    `json:"contact"`
	Connection call.ConnectionID `json:"connection"` // the one that the customer waited or talks under
	Queue      string            `json:"queue,omitempty"`
	State      string            `json:"state"` // talking, holding or after-call-work
	Since      time.Time         `json:"since"`
	ClearBy    time.Time         `json:"clearBy,omitzero"` // when after-call work ends by itself
}

// A Queue is where customers wait for one of several agents.
type Queue struct {
	Name    string    `json:"name"`
	Agents  []string  `json:"agents"`
	Waiting []Waiting `json:"waiting"` // first come, first served
}

// A Waiting is a customer in a queue.
type Waiting struct {
	Contact    call.ContactID    `json:"contact"`
	Connection call.ConnectionID `json:"connection,omitempty"` // the one that they wait under
	Since      time.Time         `json:"since"`
	OfferedTo  string            `json:"offeredTo,omitempty"`
}

// Endpoints are everybody whom a transfer can name.
func (c *Client) Endpoints(ctx context.Context) ([]call.Endpoint, error) {
	answer, err := ask[struct{ Endpoints []call.Endpoint }](ctx, c, http.MethodGet, "/v1/endpoints", nil)
	return answer.Endpoints, err
}

// Agents are all there are, in the order of the configuration.
func (c *Client) Agents(ctx context.Context) ([]Agent, error) {
	answer, err := ask[struct{ Agents []Agent }](ctx, c, http.MethodGet, "/v1/agents", nil)
	return answer.Agents, err
}

// Agent is one of them.
func (c *Client) Agent(ctx context.Context, name string) (Agent, error) {
	return ask[Agent](ctx, c, http.MethodGet, agentPath(name), nil)
}

// SetState has an agent be available, not-ready or offline, now or after the
// customers they have. reason is a name for not-ready and may be empty.
func (c *Client) SetState(ctx context.Context, name, state, reason string) (Agent, error) {
	body := map[string]any{"state": state}
	if reason != "" {
		body["reason"] = reason
	}
	return ask[Agent](ctx, c, http.MethodPut, agentPath(name)+"/state", body)
}

// Clear ends an agent's after-call work for a contact. The connection is that of
// the Stay.
func (c *Client) Clear(ctx context.Context, name string, contact call.ContactID, connection call.ConnectionID) (Agent, error) {
	return ask[Agent](ctx, c, http.MethodPost, agentPath(name)+"/clear", map[string]any{"contact": contact, "connection": connection})
}

// Queues are all there are, in the order of the configuration.
func (c *Client) Queues(ctx context.Context) ([]Queue, error) {
	answer, err := ask[struct{ Queues []Queue }](ctx, c, http.MethodGet, "/v1/queues", nil)
	return answer.Queues, err
}

// Queue is one of them.
func (c *Client) Queue(ctx context.Context, name string) (Queue, error) {
	return ask[Queue](ctx, c, http.MethodGet, "/v1/queues/"+url.PathEscape(name), nil)
}

func agentPath(name string) string { return "/v1/agents/" + url.PathEscape(name) }
