package api

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"holdfast/call"
)

type transferRequest struct {
	ContactPath
	HeaderKey string `header:"Idempotency-Key" maxLength:"128" doc:"the same as key in the body"`
	Prefer    string `header:"Prefer" maxLength:"255" example:"wait=30" doc:"wait=N puts the answer off until the transfer is decided or its target is being consulted, for at most N seconds, and at most 120 (RFC 7240)"`
	Body      struct {
		Target    string            `json:"target,omitempty" minLength:"1" maxLength:"255" example:"cardiology" doc:"the target: the name of an endpoint or agent, a phone number, or a sip: address"`
		Targets   []string          `json:"targets,omitempty" minItems:"1" maxItems:"20" minLength:"1" maxLength:"255" doc:"instead of target, several in order: when one fails, the next is tried"`
		Kind      string            `json:"kind,omitempty" enum:"cold,warm,blind" default:"cold" doc:"cold: the agent leaves only after the target has picked up; warm: the agent talks to the target first; blind: the agent leaves while the target rings"`
		Parallel  bool              `json:"parallel,omitempty" doc:"all targets ring at once, and the first to answer has the customer"`
		Resume    bool              `json:"resume,omitempty" doc:"the customer is taken off hold when the transfer fails or is cancelled"`
		Supersede bool              `json:"supersede,omitempty" doc:"a transfer whose targets only ring is cancelled in favour of this one"`
		RingFor   string            `json:"ringFor,omitempty" maxLength:"16" example:"20s" doc:"how long each target may ring; as configured when empty"`
		Key       string            `json:"key,omitempty" maxLength:"128" doc:"the same key again is the same transfer"`
		By        call.ConnectionID `json:"by,omitempty" minimum:"1" doc:"the connection of the agent who asks; the agent with the customer when empty"`
		Confirm   bool              `json:"confirm,omitempty" doc:"a target who answers must press 1 to take the customer, because a voicemail is not a person"`
		Whisper   bool              `json:"whisper,omitempty" doc:"a target who answers first hears who is calling"`
	}
}

type transferPath struct {
	ContactPath
	TID string `path:"tid" maxLength:"16" pattern:"^t[0-9]+$" doc:"the transfer's id"`
}

type transferAnswer struct {
	Status   int
	Location string `header:"Location"`
	Applied  string `header:"Preference-Applied" doc:"wait, if the answer was put off as preferred"`
	Body     call.Transfer
}

func (s *server) transferRoutes(api huma.API) {
	const path = "/v1/contacts/{id}/transfers"
	huma.Register(api, huma.Operation{
		OperationID: "transfer", MaxBodyBytes: longestBody, Method: http.MethodPost, Path: path,
		Summary:       "Transfer the customer",
		Description:   "Answers as soon as the first target is dialled, or, for a key that is known, 200 with the transfer that has it; with Prefer: wait=N, when it is decided. While another transfer is under way the answer is 409 with that one.",
		DefaultStatus: http.StatusCreated,
		Errors:        []int{http.StatusForbidden, http.StatusNotFound, http.StatusConflict, http.StatusServiceUnavailable},
	}, s.transfer)
	describeRepeat(api.OpenAPI().Paths[path].Post)
	huma.Register(api, huma.Operation{
		OperationID: "showTransfer", Method: http.MethodGet, Path: path + "/{tid}",
		Summary: "One transfer, also one that has ended",
		Errors:  []int{http.StatusNotFound, http.StatusServiceUnavailable},
	}, s.showTransfer)
	huma.Register(api, huma.Operation{
		OperationID: "cancelTransfer", Method: http.MethodDelete, Path: path + "/{tid}",
		Summary:     "Take a transfer back, also after the target of a warm one was talked to",
		Description: "The customer is with the agent again: on hold, unless the transfer was to resume or they took part in the consultation.",
		Errors:      []int{http.StatusNotFound, http.StatusConflict, http.StatusServiceUnavailable},
	}, s.cancelTransfer)
}

func (s *server) transfer(ctx context.Context, in *transferRequest) (*transferAnswer, error) {
	key, err := in.key()
	if err != nil {
		return nil, err
	}
	contact, live := s.Board.Contact(in.ID)
	if !live {
		return nil, gone(in.ID)
	}
	status := http.StatusCreated
	if withKey(contact, key) != nil {
		status = http.StatusOK
	}
	ev, err := s.transferEvent(in, key)
	if err != nil {
		return nil, err
	}
	ev.By = cmp.Or(in.Body.By, actingAgent(contact))
	contact, err = s.ask(ctx, in.ID, ev)
	if err != nil {
		return nil, err
	}
	t := newest(contact)
	if key != "" {
		t = withKey(contact, key)
	}
	if t == nil {
		return nil, refused(contactChanged, "the contact has changed in the meantime; it is "+string(contact.Stage))
	}
	return s.settled(ctx, in, status, t), nil
}

func (in *transferRequest) key() (string, error) {
	if in.HeaderKey != "" && in.Body.Key != "" && in.HeaderKey != in.Body.Key {
		return "", problem(http.StatusUnprocessableEntity, "the Idempotency-Key header and key in the body differ; give one of them")
	}
	return cmp.Or(in.HeaderKey, in.Body.Key), nil
}

// transferEvent is the request without the agent who makes it.
func (s *server) transferEvent(in *transferRequest, key string) (call.TransferRequested, error) {
	ask := &in.Body
	ev := call.TransferRequested{
		Kind: call.Kind(ask.Kind), Parallel: ask.Parallel,
		Manner: call.Manner{Confirm: ask.Confirm, Whisper: ask.Whisper, Resume: ask.Resume},
		Key:    key, Supersede: ask.Supersede,
	}
	var err error
	if ev.RingFor, err = ringFor(ask.RingFor); err != nil {
		return ev, err
	}
	targets, err := s.targets(in)
	if err != nil {
		return ev, err
	}
	ev.Target, ev.Others = targets[0], targets[1:]
	return ev, nil
}

// ringFor reads how long to ring; zero when the request does not have it.
func ringFor(written string) (call.Duration, error) {
	if written == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(written)
	if err != nil || d <= 0 || d > time.Hour {
		return 0, problem(http.StatusUnprocessableEntity,
			fmt.Sprintf(`ringFor %q is not a duration of at most 1h; write it like "20s"`, written))
	}
	return call.Duration(d), nil
}

// targets returns the endpoints that the request names.
func (s *server) targets(in *transferRequest) ([]call.Endpoint, error) {
	written := in.Body.Targets
	if in.Body.Target != "" {
		written = append([]string{in.Body.Target}, written...)
	}
	if len(written) == 0 || in.Body.Target != "" && len(in.Body.Targets) > 0 {
		return nil, problem(http.StatusUnprocessableEntity, "give either target or targets, not both")
	}
	var targets []call.Endpoint
	for _, w := range written {
		target, err := s.Directory.Endpoint(w)
		if err != nil {
			return nil, directoryProblem(err)
		}
		targets = append(targets, target)
	}
	return targets, nil
}

func (s *server) showTransfer(ctx context.Context, in *transferPath) (*transferAnswer, error) {
	contact, err := s.find(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	t := withID(contact, in.TID)
	if t == nil {
		return nil, noTransfer(in)
	}
	return answer(http.StatusOK, in.ID, t), nil
}

func (s *server) cancelTransfer(ctx context.Context, in *transferPath) (*transferAnswer, error) {
	contact, live := s.Board.Contact(in.ID)
	if !live {
		return nil, gone(in.ID)
	}
	t := withID(contact, in.TID)
	switch {
	case t == nil:
		return nil, noTransfer(in)
	case t.Outcome == call.Cancelled:
		return answer(http.StatusOK, in.ID, t), nil
	case t.Outcome != "":
		return nil, refused(call.TransferEnded, fmt.Sprintf("transfer %s has ended already: %s", t.ID, t.Outcome))
	}
	contact, err := s.request(ctx, in.ID, 0, func(_ call.Contact, by call.ConnectionID) call.Event {
		return call.CancelRequested{By: by, Transfer: in.TID}
	})
	if err != nil {
		return nil, err
	}
	return answer(http.StatusOK, in.ID, withID(contact, in.TID)), nil
}

func noTransfer(in *transferPath) error {
	return problem(http.StatusNotFound, fmt.Sprintf("contact %s has no transfer %s", in.ID, in.TID))
}

func answer(status int, id call.ContactID, t *call.Transfer) *transferAnswer {
	return &transferAnswer{Status: status, Location: fmt.Sprintf("/v1/contacts/%s/transfers/%s", id, t.ID), Body: *t}
}

func newest(c call.Contact) *call.Transfer {
	list := c.Transfers()
	if len(list) == 0 {
		return nil
	}
	return &list[len(list)-1]
}

func withID(c call.Contact, id string) *call.Transfer {
	for _, t := range c.Transfers() {
		if t.ID == id {
			return &t
		}
	}
	return nil
}

// withKey finds no transfer for an empty key.
func withKey(c call.Contact, key string) *call.Transfer {
	for _, t := range c.Transfers() {
		if key != "" && t.Key == key {
			return &t
		}
	}
	return nil
}
