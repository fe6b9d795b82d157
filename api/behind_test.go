package api

import (
	"net/http"
	"testing"

	"holdfast/switchboard"
)

// While the journal is behind, who asks for work is told to come back; what ends or
// answers something is carried out, and everything can be looked at.
func TestBehind(t *testing.T) {
	m := ringing(t)
	m.behind = switchboard.ErrBusy
	for _, verb := range work {
		answer, _ := send(handler(m), "POST", "/v1/contacts/c1/"+verb, `{"target": "cardiology"}`)
		if answer.Code != http.StatusServiceUnavailable || answer.Header().Get("Retry-After") != "1" {
			t.Errorf("%s: %d, Retry-After %q, want 503 and 1", verb, answer.Code, answer.Header().Get("Retry-After"))
		}
		if got := answer.Header().Get("Content-Type"); got != "application/problem+json" {
			t.Errorf("%s: Content-Type is %q", verb, got)
		}
	}
	for _, asked := range [][2]string{
		{"GET", "/v1/contacts/c1"}, {"DELETE", "/v1/contacts/c1/transfers/t1"}, {"POST", "/v1/contacts/c1/end"},
	} {
		if answer, text := send(handler(m), asked[0], asked[1], ""); answer.Code != http.StatusOK {
			t.Errorf("%s %s: %d: %s", asked[0], asked[1], answer.Code, text)
		}
	}
}
