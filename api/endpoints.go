package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"holdfast/call"
)

type endpointsAnswer struct {
	Body struct {
		Endpoints []call.Endpoint `json:"endpoints" doc:"as the configuration has them: endpoints, then agents, then queues"`
	}
}

func (s *server) endpointRoutes(api huma.API) {
	huma.Register(api, huma.Operation{
		OperationID: "listEndpoints", Method: http.MethodGet, Path: "/v1/endpoints",
		Summary: "All endpoints that a transfer can name",
	}, s.listEndpoints)
}

func (s *server) listEndpoints(context.Context, *struct{}) (*endpointsAnswer, error) {
	answer := new(endpointsAnswer)
	answer.Body.Endpoints = append([]call.Endpoint{}, s.Directory.Endpoints()...)
	return answer, nil
}
