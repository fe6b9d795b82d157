package client

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// A Session is a browser in which an agent is logged in to their page, or a page
// there that embeds it.
type Session struct {
	ID       string    `json:"id"`
	Begun    time.Time `json:"begun"`
	Until    time.Time `json:"until"`
	Used     time.Time `json:"used"`
	Embedded bool      `json:"embedded"` // ends with the session of the browser
	Windows  int       `json:"windows"`  // that are connected
}

// Sessions are where an agent is logged in, oldest first.
func (c *Client) Sessions(ctx context.Context, agent string) ([]Session, error) {
	answer, err := ask[struct{ Sessions []Session }](ctx, c, http.MethodGet, agentPath(agent)+"/sessions", nil)
	return answer.Sessions, err
}

// EndSessions logs an agent out of the browser whose session has that id or, if it is
// empty, everywhere. It returns how many sessions have ended. Calls in their windows
// lose their audio.
func (c *Client) EndSessions(ctx context.Context, agent, id string) (ended int, err error) {
	path := agentPath(agent) + "/sessions"
	if id != "" {
		path += "/" + url.PathEscape(id)
	}
	answer, err := ask[struct{ Ended int }](ctx, c, http.MethodDelete, path, nil)
	return answer.Ended, err
}
