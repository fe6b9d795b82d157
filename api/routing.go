package api

import (
	"context"
	"errors"
	"net/http"

	"holdfast/call"
	"holdfast/routing"
)

// A Routing knows how agents are and who waits in queues. A *call.Refusal from it
// says why nothing was done.
type Routing interface {
	// State is all agents and queues, in the order of the configuration.
	State() routing.State
	// Agent is the agent of that name, in any case.
	Agent(name string) (routing.Agent, bool)
	// SetStatus has an agent be available, not-ready or offline, now or after
	// the customers they have.
	SetStatus(ctx context.Context, agent string, status routing.Status) error
	// Clear ends an agent's after-call work in a segment.
	Clear(ctx context.Context, agent string, id routing.SegmentID) error
}

// routing is what knows of agents and queues, or an error while there are none.
func (s *server) routing() (Routing, error) {
	if s.Routing == nil {
		return nil, problem(http.StatusNotImplemented, "this server keeps no states of agents and no queues")
	}
	return s.Routing, nil
}

// routingProblem is what an error of the Router means to whoever asked.
func (s *server) routingProblem(err error) error {
	var refusal *call.Refusal
	if errors.As(err, &refusal) {
		return refused(refusal.Code, refusal.Text)
	}
	s.Log.Warn("a request to the routing was not carried out", "error", err)
	return retrySoon("the journal is not available, so nothing was done; try again")
}
