package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

type historyAnswer struct {
	Body struct {
		Events []event `json:"events" doc:"oldest first"`
	}
}

func (s *server) historyRoutes(api huma.API) {
	huma.Register(api, huma.Operation{
		OperationID: "history", Method: http.MethodGet, Path: "/v1/contacts/{id}/history",
		Summary:     "The events of a contact so far, also of one that is over",
		Description: "The same events that the stream sends, without waiting for more.",
		Errors:      []int{http.StatusNotFound, http.StatusServiceUnavailable},
	}, s.history)
}

func (s *server) history(ctx context.Context, in *ContactPath) (*historyAnswer, error) {
	answer := new(historyAnswer)
	for e, err := range s.Journal.History(ctx, in.ID) {
		if err != nil {
			return nil, s.journalProblem(in.ID, err)
		}
		answer.Body.Events = append(answer.Body.Events, event{e.Seq, e.At, e.Contact, e.Events, e.Notified, e.Trace})
	}
	if len(answer.Body.Events) == 0 {
		return nil, neverWas(in.ID)
	}
	return answer, nil
}
