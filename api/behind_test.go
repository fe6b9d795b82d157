package api

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"testing"

	"holdfast/call"
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

// A noter notes the request that it gets, and carries none out.
type noter struct {
	*memory
	asked call.Event
}

func (n *noter) Request(_ context.Context, _ call.ContactID, ev call.Event) (call.Contact, error) {
	n.asked = ev
	return call.Contact{}, switchboard.ErrUnavailable
}

// The paths that are turned away unread are those of the requests that the switchboard
// would turn away.
func TestWork(t *testing.T) {
	m := ringing(t)
	m.happens(t, "c1", call.Answered{Connection: 2})
	n := &noter{memory: m}
	h := Handler(Options{Board: n, Journal: m, Directory: people{}, Version: "test", Recording: true, Log: slog.New(slog.DiscardHandler), Health: m.health})
	asks := map[string]string{
		"transfers": `{"target": "cardiology"}`, "hold": "", "resume": "", "mute": `{"muted": true}`, "digits": `{"digits": "1"}`,
		"record": `{"on": true}`, "pickup": `{"agent": "ana"}`,
	}
	for _, v := range verbs {
		asks[v.name] = ""
	}
	for name, body := range asks {
		n.asked = nil
		answer, text := send(h, "POST", "/v1/contacts/c1/"+name, body)
		if n.asked == nil {
			t.Errorf("%s puts no request: %d %s", name, answer.Code, text)
			continue
		}
		if got, want := slices.Contains(work, name), switchboard.IsWork(n.asked); got != want {
			t.Errorf("%s, which is %T, is work: %v, want %v", name, n.asked, got, want)
		}
	}
}
