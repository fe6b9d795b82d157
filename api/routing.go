package api

import (
	"context"
	"errors"
	"net/http"

	"holdfast/call"
	"holdfast/routing"
)

// A Routing knows the state of agents and the customers waiting in queues. A
// *call.Refusal from it is the reason why nothing was done.
type Routing interface {
	// State is all agents and queues, in the order of the configuration.
	State() routing.State
	// Agent is the agent of that name, in any case.
	Agent(name string) (routing.Agent, bool)
	// SetStatus makes an agent available, not-ready or offline, now or after
	// the customers they have.
	SetStatus(ctx context.Context, agent string, status routing.Status) error
	// Clear ends an agent's after-call work in a segment.
	Clear(ctx context.Context, agent string, id routing.SegmentID) error
}

// routing is the server's Routing, or an error if it has none.
func (s *server) routing() (Routing, error) {
	if s.Routing == nil {
		return nil, problem(http.StatusNotImplemented, "this server keeps no states of agents and no queues")
	}
	return s.Routing, nil
}

// routingProblem turns an error of the Router into the client's problem.
func (s *server) routingProblem(err error) error {
	var refusal *call.Refusal
	if errors.As(err, &refusal) {
		return refused(refusal.Code, refusal.Text)
	}
	s.Log.Warn("a request to the routing was not carried out", "error", err)
	return retrySoon("the journal is not available, so nothing was done; try again")
}
