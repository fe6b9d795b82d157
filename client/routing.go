package client

import (
	"context"
	"net/http"
	"net/url"

	"holdfast/call"
	"holdfast/routing"
)

// Endpoints returns all endpoints that a transfer can name.
func (c *Client) Endpoints(ctx context.Context) ([]call.Endpoint, error) {
	answer, err := ask[struct{ Endpoints []call.Endpoint }](ctx, c, http.MethodGet, "/v1/endpoints", nil)
	return answer.Endpoints, err
}

// An Agent is an agent at work, with their phone.
type Agent struct {
	routing.Agent
	Phone *Phone `json:"phone,omitempty"` // nil: the server is older
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

// SetStatus makes an agent available, not-ready or offline, now or after the
// customers they have. The reason of not-ready may be empty.
func (c *Client) SetStatus(ctx context.Context, agent string, status routing.Status) (Agent, error) {
	body := map[string]any{"state": status.State}
	if status.Reason != "" {
		body["reason"] = status.Reason
	}
	return ask[Agent](ctx, c, http.MethodPut, agentPath(agent)+"/status", body)
}

// Clear ends an agent's after-call work in a segment.
func (c *Client) Clear(ctx context.Context, agent string, id routing.SegmentID) (Agent, error) {
	return ask[Agent](ctx, c, http.MethodPost, agentPath(agent)+"/clear", map[string]any{"contact": id.Contact, "connection": id.Connection})
}

// Queues are all there are, in the order of the configuration.
func (c *Client) Queues(ctx context.Context) ([]routing.Queue, error) {
	answer, err := ask[struct{ Queues []routing.Queue }](ctx, c, http.MethodGet, "/v1/queues", nil)
	return answer.Queues, err
}

// Queue is one of them.
func (c *Client) Queue(ctx context.Context, name string) (routing.Queue, error) {
	return ask[routing.Queue](ctx, c, http.MethodGet, "/v1/queues/"+url.PathEscape(name), nil)
}

func agentPath(name string) string { return "/v1/agents/" + url.PathEscape(name) }
