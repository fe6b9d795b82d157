package panel

import (
	"context"
	"errors"

	"holdfast/call"
	"holdfast/routing"
	"holdfast/switchboard"
)

// A streamError is why a request was not carried out, in the shape that Streams
// has for it. The page turns it into a form for both kinds of Streams pages: those
// that read message and type, and those that parse the error as JSON.
type streamError struct {
	Type        string   `json:"type"`
	Message     string   `json:"message"`
	Code        string   `json:"code,omitempty"` // for programs; docs/REFUSALS.md has most of them
	Stack       []string `json:"stack"`
	RetryStatus string   `json:"retryStatus"`
	StatusCode  int      `json:"statusCode"`
}

// refusal is this package's error about a page's request.
type refusal struct {
	code call.Code
	text string
}

func (r *refusal) Error() string { return r.text }

func refuse(code call.Code, text string) error { return &refusal{code, text} }

// The codes of requests refused before they reach a contact. Each comment is a row of
// docs/REFUSALS.md.
const (
	invalidState     call.Code = "wrong-moment"      // the contact or the agent is not in a state in which this can be done
	badEndpoint      call.Code = "bad-target"        // the target is missing, or cannot be read
	invalidParameter call.Code = "bad-parameter"     // the page sends a parameter that is not as it must be
	contactNotFound  call.Code = "no-such-contact"   // the agent is not in that contact, or not any more
	transferNotFound call.Code = "no-such-transfer"  // the agent has not asked for that transfer, or it has been forgotten
	notSupported     call.Code = "not-supported"     // the page asks for something that Holdfast does not do
	handlerNotFound  call.Code = "handlerNotFound"   // the page calls a command of the Amazon Connect SDK that Holdfast does not have
	noResult         call.Code = "noResult"          // the page asks by the Amazon Connect SDK for something that the contact does not have
	requestTimedOut  call.Code = "request-timed-out" // the request was not carried out in time, or it is not known whether it was

	noSuchConnection = call.PartyHasLeft
	quotaExceeded    = switchboard.TooManyRequests
	noSuchAgentState = routing.UnknownState
)

// Codes of failures for which the page is not to blame.
const (
	unavailable   = "unavailable"    // nothing can be recorded at the moment; nothing was done
	internalError = "internal-error" // the server's log has it
)

// streamsTypes are Streams' types of errors for our refusals.
var streamsTypes = map[call.Code]string{
	invalidState:     "InvalidStateException",
	badEndpoint:      "BadEndpointException",
	invalidParameter: "InvalidParameterException",
	contactNotFound:  "ContactNotFoundException",
	transferNotFound: "ContactNotFoundException",
	notSupported:     "NotSupported",
	handlerNotFound:  string(handlerNotFound),
	noResult:         string(noResult),
	requestTimedOut:  "RequestTimedOut",
	noSuchConnection: "ConnectionNotFound",
	quotaExceeded:    "QuotaExceededException",
	noSuchAgentState: "InvalidAgentStateException",
}

// errorFor is the error of a request as its page gets it.
func errorFor(err error) *streamError {
	var ours *refusal
	var refused *call.Refusal
	var undialable *switchboard.DialError
	e := &streamError{Message: err.Error(), Stack: []string{}, RetryStatus: "none"}
	is := func(kind string, code call.Code, status int) {
		e.Type, e.Code, e.StatusCode = kind, string(code), status
	}
	switch {
	case errors.As(err, &ours):
		is(streamsType(ours.code), ours.code, 400)
	case errors.As(err, &refused):
		is(streamsTypes[invalidState], refused.Code, 409)
	case errors.As(err, &undialable):
		is(streamsTypes[badEndpoint], call.Code(undialable.Reason), 400)
		e.Message = undialable.Detail
	case errors.Is(err, switchboard.ErrNoContact):
		is(streamsTypes[contactNotFound], contactNotFound, 404)
	case errors.Is(err, switchboard.ErrUnavailable), errors.Is(err, switchboard.ErrClosed):
		is("InternalServiceError", unavailable, 503)
		e.Message = "The server cannot write its journal at the moment; nothing has been done."
	case errors.Is(err, context.DeadlineExceeded):
		is(streamsTypes[requestTimedOut], requestTimedOut, 503)
	default:
		is("InternalServiceError", internalError, 500)
	}
	return e
}

// streamsType returns Streams' type for one of our refusals. Other codes are reasons
// why a target cannot be dialled.
func streamsType(code call.Code) string {
	if kind, known := streamsTypes[code]; known {
		return kind
	}
	return streamsTypes[badEndpoint]
}

// data is the data that a Streams page without a failure handler gets.
func (e *streamError) data() map[string]string {
	return map[string]string{"type": e.Type, "message": e.Message}
}
