package api

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"holdfast/call"
	"holdfast/switchboard"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// A memory is a board and a journal in one: contacts decided by package call,
// and every transition remembered.
type memory struct {
	mu       sync.Mutex
	contacts map[call.ContactID]call.Contact
	entries  []switchboard.Entry
	grown    chan struct{} // closed and replaced when an entry is added
	broken   error         // of the journal
	behind   error         // why work is turned away
	routing  Routing       // nil: none, and no agent logs in
	phones   Phones        // nil: not shown

	noRecording bool
}

func newMemory() *memory {
	return &memory{contacts: map[call.ContactID]call.Contact{}, grown: make(chan struct{})}
}

func (m *memory) health(context.Context) error { return m.broken }

func (m *memory) Request(_ context.Context, id call.ContactID, ev call.Event) (call.Contact, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.broken != nil {
		return call.Contact{}, m.broken
	}
	if err := permit(ev); err != nil {
		return call.Contact{}, err
	}
	return m.step(id, ev)
}

func (m *memory) step(id call.ContactID, ev call.Event) (call.Contact, error) {
	c := m.contacts[id]
	c.ID = id
	c, commands, err := call.Step(c, noon, ev)
	if err != nil {
		return c, err
	}
	if len(commands) == 0 && reflect.DeepEqual(c, m.contacts[id]) {
		return c, nil
	}
	e := switchboard.Entry{
		At: noon, Contact: c, Events: []call.Timed{{At: noon, Event: ev}},
		Legs: nil, Trace: []string{"12:00:00.000 a line"}, Seq: uint64(len(m.entries) + 1),
	}
	for _, command := range commands {
		if tell, ok := command.(call.Notify); ok {
			e.Notified = append(e.Notified, tell)
		}
	}
	m.entries = append(m.entries, e)
	m.contacts[id] = c
	if c.Stage == call.Over {
		delete(m.contacts, id)
	}
	close(m.grown)
	m.grown = make(chan struct{})
	return c, nil
}

// happens feeds facts into a contact.
func (m *memory) happens(t *testing.T, id call.ContactID, facts ...call.Event) {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, ev := range facts {
		if _, err := m.step(id, ev); err != nil {
			t.Fatal(err)
		}
	}
}

func (m *memory) AdmitsWork() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.behind
}

func (m *memory) Contacts() []call.Contact {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Collect(maps.Values(m.contacts))
}

func (m *memory) Contact(id call.ContactID) (call.Contact, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c, ok := m.contacts[id]
	return c, ok
}

func (m *memory) after(seq uint64) ([]switchboard.Entry, chan struct{}) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.entries[min(int(seq), len(m.entries)):]), m.grown
}

func (m *memory) History(_ context.Context, id call.ContactID) iter.Seq2[switchboard.Entry, error] {
	return func(yield func(switchboard.Entry, error) bool) {
		entries, _ := m.after(0)
		if m.broken != nil {
			yield(switchboard.Entry{}, m.broken)
			return
		}
		for _, e := range entries {
			if e.Contact.ID == id && !yield(e, nil) {
				return
			}
		}
	}
}

func (m *memory) Follow(ctx context.Context, after uint64) iter.Seq2[switchboard.Entry, error] {
	return func(yield func(switchboard.Entry, error) bool) {
		for {
			entries, grown := m.after(after)
			for _, e := range entries {
				if !yield(e, nil) {
					return
				}
				after = e.Seq
			}
			select {
			case <-grown:
			case <-ctx.Done():
				return
			}
		}
	}
}

func (m *memory) Last(context.Context) (uint64, error) {
	entries, _ := m.after(0)
	return uint64(len(entries)), m.broken
}

// people is a directory: cardiology and ana are there, the moon is denied.
type people struct{}

func (people) Endpoints() []call.Endpoint {
	return []call.Endpoint{
		{Kind: call.URI, Address: "sip:cardiology@127.0.0.1", Name: "cardiology"},
		{Kind: call.AgentEndpoint, Address: "ana", Name: "ana"},
	}
}

func (people) Endpoint(written string) (call.Endpoint, error) {
	switch written {
	case "cardiology", "surgery", "moon":
		return call.Endpoint{Kind: call.URI, Address: "sip:" + written + "@127.0.0.1", Name: written}, nil
	case "ana", "ben":
		return call.Endpoint{Kind: call.AgentEndpoint, Address: written}, nil
	case "030":
		return call.Endpoint{}, errors.New("030 is not a phone number")
	}
	return call.Endpoint{}, &switchboard.DialError{Reason: call.NotFound, Detail: "nobody is called " + written}
}

// permit refuses the moon, as the switchboard does.
func permit(ev call.Event) error {
	ask, ok := ev.(call.TransferRequested)
	if ok && slices.ContainsFunc(append(ask.Others, ask.Target), func(e call.Endpoint) bool { return e.Name == "moon" }) {
		return &switchboard.DialError{Reason: call.Denied, Detail: "the moon may not be dialled"}
	}
	return nil
}

var arrived = call.Arrived{
	Customer: call.Endpoint{Kind: call.PhoneNumber, Address: "+4930123"},
	Agent:    call.Endpoint{Kind: call.AgentEndpoint, Address: "ana"},
}

// talking begins a contact in which the customer talks to ana.
func talking(t *testing.T, m *memory, id call.ContactID) {
	t.Helper()
	m.happens(t, id, arrived, call.Answered{Connection: 2})
}

func handler(m *memory) http.Handler {
	return Handler(Options{Board: m, Journal: m, Directory: people{}, Routing: m.routing, Sessions: m.sessions(), Phones: m.phones, Version: "test", Recording: !m.noRecording, Log: slog.New(slog.DiscardHandler), Health: m.health})
}

// sessions are those of ana, who is logged in once.
func (m *memory) sessions() Sessions {
	if m.routing == nil {
		return nil
	}
	return logins{m}
}

type logins struct{ *memory }

func (l logins) Sessions(agent string) ([]Session, bool) {
	return []Session{{ID: "0123456789ab", Begun: noon, Until: noon, Used: noon, Windows: 1}}, strings.EqualFold(agent, "ana")
}

func (l logins) EndSessions(_ context.Context, _, id string) (int, error) {
	if l.broken != nil {
		return 0, l.broken
	}
	if id != "" && id != "0123456789ab" {
		return 0, nil
	}
	return 1, nil
}

// send makes a request to localhost and returns the answer with its body.
func send(h http.Handler, method, path, body string, header ...string) (*httptest.ResponseRecorder, string) {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Host = "localhost:8080"
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w, w.Body.String()
}

// deadlined is a recorder that takes write deadlines.
type deadlined struct{ *httptest.ResponseRecorder }

func (deadlined) SetWriteDeadline(time.Time) error { return nil }
