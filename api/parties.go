package api

import (
	"context"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"holdfast/call"
)

type holdRequest struct {
	ContactPath
	Body *struct {
		Connection call.ConnectionID `json:"connection,omitempty" minimum:"1" doc:"the party's connection; the customer's when empty"`
		By         call.ConnectionID `json:"by,omitempty" minimum:"1" doc:"the connection of the agent who asks; the agent with the customer when empty"`
	}
}

type pickUpRequest struct {
	ContactPath
	Body struct {
		Agent string `json:"agent" minLength:"1" maxLength:"64" example:"ana" doc:"the name of the agent who gets the customer"`
	}
}

func (s *server) partyRoutes(api huma.API) {
	errors := []int{http.StatusNotFound, http.StatusConflict, http.StatusServiceUnavailable}
	huma.Register(api, huma.Operation{
		OperationID: "hold", MaxBodyBytes: longestBody, Method: http.MethodPost, Path: "/v1/contacts/{id}/hold",
		Summary: "Put a party on hold", Errors: errors,
	}, s.hold)
	huma.Register(api, huma.Operation{
		OperationID: "resume", MaxBodyBytes: longestBody, Method: http.MethodPost, Path: "/v1/contacts/{id}/resume",
		Summary: "Take a party off hold", Errors: errors,
	}, s.resume)
	huma.Register(api, huma.Operation{
		OperationID: "pickUp", MaxBodyBytes: longestBody, Method: http.MethodPost, Path: "/v1/contacts/{id}/pickup",
		Summary: "Put a parked customer through to an agent", Errors: errors,
	}, s.pickUp)
}

func (s *server) hold(ctx context.Context, in *holdRequest) (*contactAnswer, error) {
	return s.holding(ctx, in, func(by, whom call.ConnectionID) call.Event {
		return call.HoldRequested{By: by, Connection: whom}
	})
}

func (s *server) resume(ctx context.Context, in *holdRequest) (*contactAnswer, error) {
	return s.holding(ctx, in, func(by, whom call.ConnectionID) call.Event {
		return call.ResumeRequested{By: by, Connection: whom}
	})
}

func (s *server) holding(ctx context.Context, in *holdRequest, ev func(by, whom call.ConnectionID) call.Event) (*contactAnswer, error) {
	var by, whom call.ConnectionID
	if in.Body != nil {
		by, whom = in.Body.By, in.Body.Connection
	}
	return contactAnswered(s.request(ctx, in.ID, by, func(c call.Contact, by call.ConnectionID) call.Event {
		if whom == 0 {
			whom = customerOf(c)
		}
		return ev(by, whom)
	}))
}

func customerOf(c call.Contact) call.ConnectionID {
	for _, who := range c.Connections {
		if who.Party == call.Customer {
			return who.ID
		}
	}
	return 0
}

func (s *server) pickUp(ctx context.Context, in *pickUpRequest) (*contactAnswer, error) {
	if _, live := s.Board.Contact(in.ID); !live {
		return nil, gone(in.ID)
	}
	agent, err := s.Directory.Endpoint(in.Body.Agent)
	if err != nil {
		return nil, directoryProblem(err)
	}
	if agent.Kind != call.AgentEndpoint {
		return nil, problem(http.StatusUnprocessableEntity, fmt.Sprintf("%s is not an agent", agent))
	}
	return contactAnswered(s.ask(ctx, in.ID, call.PickUpRequested{Agent: agent}))
}
