package api

import (
	"context"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"holdfast/routing"
)

type queuePath struct {
	Name string `path:"name" maxLength:"64" doc:"the queue's name"`
}

type queueAnswer struct {
	Body routing.Queue
}

type queuesAnswer struct {
	Body struct {
		Queues []routing.Queue `json:"queues" doc:"in the order of the configuration"`
	}
}

func (s *server) queueRoutes(api huma.API) {
	huma.Register(api, huma.Operation{
		OperationID: "listQueues", Method: http.MethodGet, Path: "/v1/queues",
		Summary: "All queues, and the customers waiting in them", Errors: []int{http.StatusNotImplemented},
	}, s.listQueues)
	huma.Register(api, huma.Operation{
		OperationID: "showQueue", Method: http.MethodGet, Path: "/v1/queues/{name}",
		Summary: "One queue", Errors: []int{http.StatusNotFound, http.StatusNotImplemented},
	}, s.showQueue)
}

func (s *server) listQueues(context.Context, *struct{}) (*queuesAnswer, error) {
	r, err := s.routing()
	if err != nil {
		return nil, err
	}
	answer := new(queuesAnswer)
	answer.Body.Queues = append([]routing.Queue{}, r.State().Queues...)
	return answer, nil
}

func (s *server) showQueue(_ context.Context, in *queuePath) (*queueAnswer, error) {
	r, err := s.routing()
	if err != nil {
		return nil, err
	}
	for _, q := range r.State().Queues {
		if strings.EqualFold(q.Name, in.Name) {
			return &queueAnswer{q}, nil
		}
	}
	return nil, problem(http.StatusNotFound, "no queue is called "+in.Name)
}
