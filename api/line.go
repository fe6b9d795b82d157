package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"holdfast/call"
)

type digitsRequest struct {
	ContactPath
	Body struct {
		Digits     string            `json:"digits" minLength:"1" maxLength:"64" pattern:"^[0-9*#]+$" example:"1234#" doc:"the keys, in order"`
		Connection call.ConnectionID `json:"connection,omitempty" minimum:"1" doc:"on whose line; when empty, that of the target who is connected, or else the customer's"`
		By         call.ConnectionID `json:"by,omitempty" minimum:"1" doc:"the connection of the agent who asks; the agent with the customer when empty"`
	}
}

type recordRequest struct {
	ContactPath
	Body struct {
		On bool              `json:"on" doc:"whether what the customer says and hears is recorded from now on"`
		By call.ConnectionID `json:"by,omitempty" minimum:"1" doc:"the connection of the agent who asks; the agent with the customer when empty"`
	}
}

func (s *server) lineRoutes(api huma.API) {
	errors := []int{http.StatusNotFound, http.StatusConflict, http.StatusServiceUnavailable}
	huma.Register(api, huma.Operation{
		OperationID: "digits", MaxBodyBytes: longestBody, Method: http.MethodPost, Path: "/v1/contacts/{id}/digits",
		Summary:     "Send DTMF digits on a party's line",
		Description: "Answers before they are all pressed, which takes some 160 ms for each. Keys are not pressed twice, whatever happens to the server.",
		Errors:      errors,
	}, s.digits)
	huma.Register(api, huma.Operation{
		OperationID: "record", MaxBodyBytes: longestBody, Method: http.MethodPost, Path: "/v1/contacts/{id}/record",
		Summary:     "Start or stop the recording of the customer",
		Description: "Into a WAV file in the record_dir of the configuration: the customer's voice on the left, the audio they hear on the right. It goes on, also after a hand-over, until it is ended or the customer leaves.",
		Errors:      errors,
	}, s.record)
}

func (s *server) digits(ctx context.Context, in *digitsRequest) (*contactAnswer, error) {
	return contactAnswered(s.request(ctx, in.ID, in.Body.By, func(c call.Contact, by call.ConnectionID) call.Event {
		on := in.Body.Connection
		if on == 0 {
			on = targetOf(c)
		}
		return call.DigitsRequested{By: by, Connection: on, Digits: in.Body.Digits}
	}))
}

// targetOf is the connected target, or else the customer.
func targetOf(c call.Contact) call.ConnectionID {
	for _, who := range c.Connections {
		if who.Party == call.Target && who.State == call.Connected {
			return who.ID
		}
	}
	return customerOf(c)
}

func (s *server) record(ctx context.Context, in *recordRequest) (*contactAnswer, error) {
	if in.Body.On && !s.Recording {
		return nil, refused(noRecordings, "the server has no place for recordings: set record_dir in [media] of its configuration")
	}
	return s.doing(ctx, in.ID, in.Body.By, func(by call.ConnectionID) call.Event {
		return call.RecordRequested{By: by, On: in.Body.On}
	})
}
