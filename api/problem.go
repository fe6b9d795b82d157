package api

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"holdfast/call"
	"holdfast/switchboard"
)

// A Problem is why a request was not carried out (RFC 9457). Its detail is a
// sentence for the person who asked.
type Problem struct {
	huma.ErrorModel
	// Code is the word for a refusal: every 409 has one.
	Code call.Code `json:"code,omitempty" example:"transfer-under-way" doc:"of a refusal (409), what stands in its way: a word that stays the same when the detail is worded anew"`
	// Reason is the short word for it, where a target is the problem.
	Reason call.Reason `json:"reason,omitempty"`
	// Transfer is the one under way that stands in the way of the request.
	Transfer *call.Transfer `json:"transfer,omitempty"`
}

// The codes of requests refused before they reach a contact. Each comment is
// a row of docs/REFUSALS.md.
const (
	contactChanged call.Code = "contact-changed" // the contact has changed in the meantime
	noRecordings   call.Code = "no-recordings"   // the server has no place for recordings
)

// refused is the answer to a request that was refused.
func refused(code call.Code, detail string) *Problem {
	p := problem(http.StatusConflict, detail)
	p.Code = code
	return p
}

func problem(status int, detail string) *Problem {
	return &Problem{ErrorModel: huma.ErrorModel{Title: http.StatusText(status), Status: status, Detail: detail}}
}

// boardProblem turns an error of Board.Request into the client's problem.
func (s *server) boardProblem(id call.ContactID, err error) error {
	var refusal *call.Refusal
	var undialable *switchboard.DialError
	contact, live := s.Board.Contact(id)
	switch {
	case errors.As(err, &refusal):
		p := refused(refusal.Code, refusal.Text)
		p.Transfer = contact.Transfer
		return p
	case errors.As(err, &undialable):
		return directoryProblem(err)
	case !live:
		return gone(id)
	case errors.Is(err, switchboard.ErrBusy): // the switchboard logs it
		return retrySoon(behind)
	}
	s.Log.Warn("a request was not carried out", "contact", id, "error", err)
	return retrySoon("the journal is not available, so nothing was done; try again")
}

func (s *server) journalProblem(id call.ContactID, err error) error {
	s.Log.Warn("reading the journal", "contact", id, "error", err)
	return retrySoon("the journal cannot be read now; try again")
}

func retrySoon(detail string) error {
	return huma.ErrorWithHeaders(problem(http.StatusServiceUnavailable, detail), http.Header{"Retry-After": {"1"}})
}

// directoryProblem turns an error of the Directory into the client's problem.
func directoryProblem(err error) error {
	var undialable *switchboard.DialError
	if !errors.As(err, &undialable) {
		return problem(http.StatusUnprocessableEntity, err.Error())
	}
	status := http.StatusUnprocessableEntity
	if undialable.Reason == call.NotFound {
		status = http.StatusNotFound
	}
	if undialable.Reason == call.Denied {
		status = http.StatusForbidden
	}
	p := problem(status, undialable.Detail)
	p.Reason = undialable.Reason
	return p
}

func gone(id call.ContactID) error {
	return problem(http.StatusNotFound, "there is no contact "+string(id)+" now")
}

func neverWas(id call.ContactID) error {
	return problem(http.StatusNotFound, "there has never been a contact "+string(id))
}

// turnAway answers requests that do not reach the API at all.
func turnAway(status int, why string) http.Handler {
	body, err := json.Marshal(problem(status, why))
	if err != nil {
		panic(err)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(status)
		_, _ = w.Write(body) // the client may have gone, and then the error does not matter
	})
}
