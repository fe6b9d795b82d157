package api

import (
	"context"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"holdfast/call"
)

// AgentPath is the part of a path that names an agent. It is exported only
// because what is embedded in a request is not filled in otherwise.
type AgentPath struct {
	Name string `path:"name" maxLength:"64" doc:"the agent's name"`
}

type stateRequest struct {
	AgentPath
	Body struct {
		State  string `json:"state" enum:"available,not-ready,offline" doc:"how the agent wants to be, now or after the customers they have"`
		Reason string `json:"reason,omitempty" maxLength:"64" example:"lunch" doc:"a name for not-ready"`
	}
}

type clearRequest struct {
	AgentPath
	Body struct {
		Contact    call.ContactID    `json:"contact" minLength:"1" maxLength:"64" pattern:"^[A-Za-z0-9_-]+$" doc:"whose after-call work is done"`
		Connection call.ConnectionID `json:"connection" minimum:"1" doc:"that of the segment"`
	}
}

type agentAnswer struct {
	Body Agent
}

type agentsAnswer struct {
	Body struct {
		Agents []Agent `json:"agents" doc:"in the order of the configuration"`
	}
}

func (s *server) agentRoutes(api huma.API) {
	const path = "/v1/agents"
	huma.Register(api, huma.Operation{
		OperationID: "listAgents", Method: http.MethodGet, Path: path,
		Summary: "All agents, and how they are", Errors: []int{http.StatusNotImplemented},
	}, s.listAgents)
	huma.Register(api, huma.Operation{
		OperationID: "showAgent", Method: http.MethodGet, Path: path + "/{name}",
		Summary: "One agent", Errors: []int{http.StatusNotFound, http.StatusNotImplemented},
	}, s.showAgent)
	errors := []int{http.StatusNotFound, http.StatusConflict, http.StatusNotImplemented, http.StatusServiceUnavailable}
	huma.Register(api, huma.Operation{
		OperationID: "setState", MaxBodyBytes: longestBody, Method: http.MethodPut, Path: path + "/{name}/state",
		Summary:     "Say whether an agent may be offered customers",
		Description: "An agent who has a customer is so afterwards; until then the answer has it as next.",
		Errors:      errors,
	}, s.setState)
	huma.Register(api, huma.Operation{
		OperationID: "clear", MaxBodyBytes: longestBody, Method: http.MethodPost, Path: path + "/{name}/clear",
		Summary: "End an agent's after-call work for a contact", Errors: errors,
	}, s.clear)
}

func (s *server) listAgents(context.Context, *struct{}) (*agentsAnswer, error) {
	routing, err := s.routing()
	if err != nil {
		return nil, err
	}
	answer := new(agentsAnswer)
	answer.Body.Agents = append([]Agent{}, routing.Agents()...)
	return answer, nil
}

func (s *server) showAgent(_ context.Context, in *AgentPath) (*agentAnswer, error) {
	routing, err := s.routing()
	if err != nil {
		return nil, err
	}
	for _, a := range routing.Agents() {
		if strings.EqualFold(a.Name, in.Name) {
			return &agentAnswer{a}, nil
		}
	}
	return nil, problem(http.StatusNotFound, "no agent is called "+in.Name)
}

func (s *server) setState(ctx context.Context, in *stateRequest) (*agentAnswer, error) {
	return s.atWork(ctx, func(ctx context.Context, routing Routing) (Agent, error) {
		return routing.SetState(ctx, in.Name, in.Body.State, in.Body.Reason)
	})
}

func (s *server) clear(ctx context.Context, in *clearRequest) (*agentAnswer, error) {
	return s.atWork(ctx, func(ctx context.Context, routing Routing) (Agent, error) {
		return routing.Clear(ctx, in.Name, in.Body.Contact, in.Body.Connection)
	})
}

// atWork takes an agent's request to routing.
func (s *server) atWork(ctx context.Context, do func(context.Context, Routing) (Agent, error)) (*agentAnswer, error) {
	routing, err := s.routing()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	agent, err := do(ctx, routing)
	if err != nil {
		return nil, s.routingProblem(err)
	}
	return &agentAnswer{agent}, nil
}
