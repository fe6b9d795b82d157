package panel

import (
	"context"
	"errors"

	"holdfast/call"
	"holdfast/switchboard"
)

// A streamError is why a request was not carried out, in the shape that Streams
// has for it. The page makes of it what suits both kinds of Streams pages: those
// that read message and type, and those that parse the error as JSON.
type streamError struct {
	Type        string   `json:"type"`
	Message     string   `json:"message"`
	Code        string   `json:"code,omitempty"` // of a refusal of ours; docs/REFUSALS.md has them
	Stack       []string `json:"stack"`
	RetryStatus string   `json:"retryStatus"`
	StatusCode  int      `json:"statusCode"`
}

// refusal is an error of ours about what a page has asked for.
type refusal struct{ kind, text string }

func (r *refusal) Error() string { return r.text }

// Types of errors, in Streams' words as far as it has some.
const (
	invalidState      = "InvalidStateException"
	badEndpoint       = "BadEndpointException"
	invalidParameter  = "InvalidParameterException"
	contactNotFound   = "ContactNotFoundException"
	noSuchConnection  = "ConnectionNotFound"
	notSupported      = "NotSupported"
	quotaExceeded     = "QuotaExceededException"
	serviceError      = "InternalServiceError"
	requestTimedOut   = "RequestTimedOut"
	noSuchAgentState  = "InvalidAgentStateException"
	handlerNotFound   = "handlerNotFound" // of the SDK
	noResult          = "noResult"        // of the SDK
	statusUnavailable = 503
)

func refuse(kind, text string) error { return &refusal{kind, text} }

// errorFor is the error of a request as its page gets it.
func errorFor(err error) *streamError {
	kind, status := serviceError, 500
	var code string
	var ours *refusal
	var refused *call.Refusal
	var undialable *switchboard.DialError
	text := err.Error()
	switch {
	case errors.As(err, &ours):
		kind, status = ours.kind, 400
	case errors.As(err, &refused):
		kind, status, code = invalidState, 409, string(refused.Code)
	case errors.As(err, &undialable):
		kind, status, text = badEndpoint, 400, undialable.Detail
	case errors.Is(err, switchboard.ErrNoContact):
		kind, status = contactNotFound, 404
	case errors.Is(err, switchboard.ErrUnavailable), errors.Is(err, switchboard.ErrClosed):
		status, text = statusUnavailable, "The server cannot record anything at the moment; nothing has been done."
	case errors.Is(err, context.DeadlineExceeded):
		kind, status = requestTimedOut, statusUnavailable
	}
	return &streamError{kind, text, code, []string{}, "none", status}
}

// data is what a Streams page without a failure handler gets.
func (e *streamError) data() map[string]string {
	return map[string]string{"type": e.Type, "message": e.Message}
}
