package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"holdfast/call"
	"holdfast/routing"
)

// AgentPath is the part of a path that names an agent. It is exported only
// because huma does not fill in an embedded type that is not.
type AgentPath struct {
	Name string `path:"name" maxLength:"64" doc:"the agent's name"`
}

type statusRequest struct {
	AgentPath
	Body struct {
		State  routing.AgentState `json:"state" enum:"available,not-ready,offline" doc:"how the agent wants to be, now or after the customers they have"`
		Reason string             `json:"reason,omitempty" maxLength:"64" example:"lunch" doc:"a name for not-ready"`
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
		Summary: "All agents with their states", Errors: []int{http.StatusNotImplemented},
	}, s.listAgents)
	huma.Register(api, huma.Operation{
		OperationID: "showAgent", Method: http.MethodGet, Path: path + "/{name}",
		Summary: "One agent", Errors: []int{http.StatusNotFound, http.StatusNotImplemented},
	}, s.showAgent)
	errors := []int{http.StatusNotFound, http.StatusConflict, http.StatusNotImplemented, http.StatusServiceUnavailable}
	huma.Register(api, huma.Operation{
		OperationID: "setStatus", MaxBodyBytes: longestBody, Method: http.MethodPut, Path: path + "/{name}/status",
		Summary:     "Set an agent's status",
		Description: "If the agent has a customer, the status takes effect afterwards; until then the answer has it as next.",
		Errors:      errors,
	}, s.setStatus)
	huma.Register(api, huma.Operation{
		OperationID: "clear", MaxBodyBytes: longestBody, Method: http.MethodPost, Path: path + "/{name}/clear",
		Summary: "End an agent's after-call work for a contact", Errors: errors,
	}, s.clear)
}

func (s *server) listAgents(context.Context, *struct{}) (*agentsAnswer, error) {
	r, err := s.routing()
	if err != nil {
		return nil, err
	}
	answer := new(agentsAnswer)
	answer.Body.Agents = []Agent{}
	for _, a := range r.State().Agents {
		answer.Body.Agents = append(answer.Body.Agents, s.withPhone(a))
	}
	return answer, nil
}

func (s *server) showAgent(_ context.Context, in *AgentPath) (*agentAnswer, error) {
	agent, err := s.agent(in.Name)
	if err != nil {
		return nil, err
	}
	return &agentAnswer{s.withPhone(agent)}, nil
}

func (s *server) agent(name string) (routing.Agent, error) {
	r, err := s.routing()
	if err != nil {
		return routing.Agent{}, err
	}
	if a, known := r.Agent(name); known {
		return a, nil
	}
	return routing.Agent{}, problem(http.StatusNotFound, "no agent is called "+name)
}

func (s *server) setStatus(ctx context.Context, in *statusRequest) (*agentAnswer, error) {
	return s.atWork(ctx, in.Name, func(ctx context.Context, agent string) error {
		return s.Routing.SetStatus(ctx, agent, routing.Status(in.Body))
	})
}

func (s *server) clear(ctx context.Context, in *clearRequest) (*agentAnswer, error) {
	return s.atWork(ctx, in.Name, func(ctx context.Context, agent string) error {
		return s.Routing.Clear(ctx, agent, routing.SegmentID(in.Body))
	})
}

// atWork takes a request about an agent to routing, and answers with the agent
// afterwards.
func (s *server) atWork(ctx context.Context, name string, ask func(ctx context.Context, agent string) error) (*agentAnswer, error) {
	agent, err := s.agent(name)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := ask(ctx, agent.Name); err != nil {
		return nil, s.routingProblem(err)
	}
	if agent, err = s.agent(name); err != nil {
		return nil, err
	}
	return &agentAnswer{s.withPhone(agent)}, nil
}
