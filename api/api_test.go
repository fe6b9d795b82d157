package api

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"holdfast/call"
)

// read decodes an answer with the status that is wanted.
func read[T any](t *testing.T, m *memory, status int, method, path, body string, header ...string) T {
	t.Helper()
	answer, text := send(handler(m), method, path, body, header...)
	if answer.Code != status {
		t.Fatalf("%s %s: got %d, want %d: %s", method, path, answer.Code, status, text)
	}
	want := "application/json"
	if status >= 400 {
		want = "application/problem+json"
	}
	if got := answer.Header().Get("Content-Type"); got != want {
		t.Errorf("%s %s: Content-Type is %q, want %q", method, path, got, want)
	}
	var v T
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%s %s: %v: %s", method, path, err, text)
	}
	return v
}

type contactList struct{ Contacts []call.Contact }

func TestContacts(t *testing.T) {
	m := newMemory()
	if list := read[contactList](t, m, 200, "GET", "/v1/contacts", ""); list.Contacts == nil || len(list.Contacts) != 0 {
		t.Errorf("got %v, want an empty list", list.Contacts)
	}
	talking(t, m, "c2")
	m.happens(t, "c1", arrived)
	list := read[contactList](t, m, 200, "GET", "/v1/contacts", "")
	if len(list.Contacts) != 2 || list.Contacts[0].ID != "c1" || list.Contacts[1].Stage != call.Talking {
		t.Errorf("got %+v", list.Contacts)
	}
	if c := read[call.Contact](t, m, 200, "GET", "/v1/contacts/c1", ""); c.Stage != call.Offering || len(c.Connections) != 2 {
		t.Errorf("got %+v", c)
	}
}

func TestContactsThatAreOverAreNotListed(t *testing.T) {
	m := newMemory()
	m.contacts["c1"] = call.Contact{ID: "c1", Stage: call.Over}
	if list := read[contactList](t, m, 200, "GET", "/v1/contacts", ""); len(list.Contacts) != 0 {
		t.Errorf("a contact that is over is listed: %+v", list.Contacts)
	}
}

func TestAContactThatIsOverIsReadFromTheJournal(t *testing.T) {
	m := newMemory()
	talking(t, m, "c1")
	m.happens(t, "c1", call.HungUp{Connection: 1})
	if c := read[call.Contact](t, m, 200, "GET", "/v1/contacts/c1", ""); c.Stage != call.Over || c.EndedBy != call.Customer || c.EndReason != call.Goodbye {
		t.Errorf("got %+v", c)
	}
	if p := read[Problem](t, m, 404, "GET", "/v1/contacts/c9", ""); p.Detail != "there has never been a contact c9" {
		t.Errorf("got %q", p.Detail)
	}
	if p := read[Problem](t, m, 404, "POST", "/v1/contacts/c1/hold", ""); p.Detail != "there is no contact c1 now" {
		t.Errorf("got %q", p.Detail)
	}
	m.broken = errors.New("disk full")
	read[Problem](t, m, 503, "GET", "/v1/contacts/c1", "")
}

func TestTransfer(t *testing.T) {
	m := newMemory()
	talking(t, m, "c1")
	answer, text := send(handler(m), "POST", "/v1/contacts/c1/transfers", `{"target":"cardiology","ringFor":"7s"}`)
	var transfer call.Transfer
	if err := json.Unmarshal([]byte(text), &transfer); err != nil || answer.Code != 201 {
		t.Fatalf("got %d %s", answer.Code, text)
	}
	if got := answer.Header().Get("Location"); got != "/v1/contacts/c1/transfers/t1" {
		t.Errorf("Location is %q", got)
	}
	if transfer.Kind != call.Cold || transfer.By != 2 || transfer.RingFor.String() != "7s" || transfer.Target().Name != "cardiology" {
		t.Errorf("got %+v", transfer)
	}
	m.happens(t, "c1", call.Failed{Connection: 3, Reason: call.Busy, Detail: "486 Busy Here"})
	got := read[call.Transfer](t, m, 200, "GET", "/v1/contacts/c1/transfers/t1", "")
	if got.Outcome != call.TransferFailed || got.Attempts[0].Detail != "486 Busy Here" {
		t.Errorf("got %+v", got)
	}
	read[Problem](t, m, 404, "GET", "/v1/contacts/c1/transfers/t2", "")
}

// The same key is the same transfer, however often and wherever it is given.
func TestTransferKeys(t *testing.T) {
	m := newMemory()
	talking(t, m, "c1")
	const path = "/v1/contacts/c1/transfers"
	read[call.Transfer](t, m, 201, "POST", path, `{"target":"cardiology","key":"k"}`)
	entries := len(m.entries)
	if again := read[call.Transfer](t, m, 200, "POST", path, `{"target":"cardiology"}`, "Idempotency-Key", "k"); again.ID != "t1" {
		t.Errorf("got %+v", again)
	}
	p := read[Problem](t, m, 409, "POST", path, `{"target":"surgery","key":"other"}`)
	if p.Detail != "a transfer to cardiology is under way" || p.Code != call.TransferUnderWay || p.Transfer == nil || p.Transfer.ID != "t1" {
		t.Errorf("got %+v", p)
	}
	read[Problem](t, m, 422, "POST", path, `{"target":"cardiology","key":"a"}`, "Idempotency-Key", "b")
	if len(m.entries) != entries {
		t.Errorf("%d entries were written for requests that change nothing", len(m.entries)-entries)
	}
	m.happens(t, "c1", call.Failed{Connection: 3, Reason: call.Busy})
	read[call.Transfer](t, m, 201, "POST", path, `{"target":"surgery","key":"l"}`)
	if old := read[call.Transfer](t, m, 200, "POST", path, `{"target":"cardiology","key":"k"}`); old.Reason != call.Busy {
		t.Errorf("got %+v, want the transfer that has ended", old)
	}
}

func TestTransferIsRefused(t *testing.T) {
	m := newMemory()
	talking(t, m, "c1")
	m.happens(t, "parked", arrived, call.Answered{Connection: 2}, call.Lost{Connection: 2}, call.Failed{Connection: 3, Reason: call.Busy})
	for _, test := range []struct {
		contact, body string
		status        int
		detail        string
	}{
		{"c1", `{"target":"moon"}`, 403, "the moon may not be dialled"},
		{"c1", `{"target":"nobody"}`, 404, "nobody is called nobody"},
		{"c1", `{"target":"030"}`, 422, "030 is not a phone number"},
		{"c1", `{"target":"ana"}`, 409, "that would be a transfer to yourself"},
		{"c1", `{"target":"cardiology","ringFor":"forever"}`, 422, `ringFor "forever" is not a duration of at most 1h; write it like "20s"`},
		{"c1", `{"target":"cardiology","ringFor":"2h"}`, 422, `ringFor "2h" is not a duration of at most 1h; write it like "20s"`},
		{"c1", `{"target":"cardiology","by":7}`, 409, "you are not in this contact any more"},
		{"c1", `{"target":"cardiology","kind":"tepid"}`, 422, "validation failed"},
		{"c1", `{}`, 422, "give either target or targets, not both"},
		{"c1", `{"target":"cardiology","targets":["surgery"]}`, 422, "give either target or targets, not both"},
		{"c1", `{"targets":[]}`, 422, "validation failed"},
		{"c1", `{"targets":["cardiology",""]}`, 422, "validation failed"},
		{"c1", `{"targets":["cardiology","moon"]}`, 403, "the moon may not be dialled"},
		{"c1", `{"targets":["cardiology","surgery","nobody"],"parallel":true}`, 404, "nobody is called nobody"},
		{"c1", `{"targets":["cardiology","ana"]}`, 409, "that would be a transfer to yourself"},
		{"c1", `{"target":"cardiology","confirm":"1"}`, 422, "validation failed"},
		{"c1", `{"targte":"cardiology"}`, 422, "validation failed"},
		{"c1", `{"target":`, 400, ""},
		{"c1", `{"target":"` + strings.Repeat("x", 20000) + `"}`, 413, ""},
		{"c9", `{"target":"cardiology"}`, 404, "there is no contact c9 now"},
		{"c1>", `{"target":"cardiology"}`, 422, "validation failed"},
		{"parked", `{"target":"cardiology"}`, 409, "no agent is in this contact; it is parked"},
	} {
		p := read[Problem](t, m, test.status, "POST", "/v1/contacts/"+test.contact+"/transfers", test.body)
		if test.detail != "" && p.Detail != test.detail {
			t.Errorf("%s: got %q, want %q", test.body, p.Detail, test.detail)
		}
	}
	if c, _ := m.Contact("c1"); c.Stage != call.Talking || c.Transfer != nil {
		t.Errorf("refused requests have changed the contact: %+v", c)
	}
}

func TestCancel(t *testing.T) {
	m := newMemory()
	talking(t, m, "c1")
	read[call.Transfer](t, m, 201, "POST", "/v1/contacts/c1/transfers", `{"target":"cardiology"}`)
	for range 2 { // asking again for what is so is granted
		if got := read[call.Transfer](t, m, 200, "DELETE", "/v1/contacts/c1/transfers/t1", ""); got.Outcome != call.Cancelled {
			t.Errorf("got %+v", got)
		}
	}
	read[Problem](t, m, 404, "DELETE", "/v1/contacts/c1/transfers/t2", "")

	read[call.Transfer](t, m, 201, "POST", "/v1/contacts/c1/transfers", `{"target":"cardiology"}`)
	m.happens(t, "c1", call.Answered{Connection: 4})
	if p := read[Problem](t, m, 409, "DELETE", "/v1/contacts/c1/transfers/t2", ""); p.Detail != "cardiology has just answered" {
		t.Errorf("got %q", p.Detail)
	}
	m.happens(t, "c1", call.Joined{Connections: []call.ConnectionID{1, 4}})
	if p := read[Problem](t, m, 409, "DELETE", "/v1/contacts/c1/transfers/t2", ""); p.Detail != "transfer t2 has ended already: completed" {
		t.Errorf("got %q", p.Detail)
	}
}

func TestHoldAndResume(t *testing.T) {
	m := newMemory()
	talking(t, m, "c1")
	if c := read[call.Contact](t, m, 200, "POST", "/v1/contacts/c1/hold", ""); c.Connections[0].State != call.Held {
		t.Errorf("got %+v, want the customer held", c.Connections)
	}
	if c := read[call.Contact](t, m, 200, "POST", "/v1/contacts/c1/resume", `{"connection":1,"by":2}`); c.Connections[0].State != call.Connected {
		t.Errorf("got %+v, want the customer connected", c.Connections)
	}
	if p := read[Problem](t, m, 409, "POST", "/v1/contacts/c1/hold", `{"connection":2}`); p.Detail != "an agent cannot be held" {
		t.Errorf("got %q", p.Detail)
	}
}

func TestPickUp(t *testing.T) {
	m := newMemory()
	m.happens(t, "c1", arrived, call.Answered{Connection: 2}, call.Lost{Connection: 2}, call.Failed{Connection: 3, Reason: call.Busy})
	read[Problem](t, m, 422, "POST", "/v1/contacts/c1/pickup", `{"agent":"cardiology"}`)
	read[Problem](t, m, 404, "POST", "/v1/contacts/c1/pickup", `{"agent":"eve"}`)
	c := read[call.Contact](t, m, 200, "POST", "/v1/contacts/c1/pickup", `{"agent":"ben"}`)
	if c.Stage != call.Returning || c.Agent.Address != "ben" {
		t.Errorf("got %+v", c)
	}
}

// Nothing is done while the journal cannot write it down, and the answer says
// when to ask again.
func TestFrozen(t *testing.T) {
	m := newMemory()
	talking(t, m, "c1")
	m.broken = errors.New("disk full")
	answer, text := send(handler(m), "POST", "/v1/contacts/c1/transfers", `{"target":"cardiology"}`)
	if answer.Code != 503 || answer.Header().Get("Retry-After") != "1" || strings.Contains(text, "disk full") {
		t.Errorf("got %d, Retry-After %q: %s", answer.Code, answer.Header().Get("Retry-After"), text)
	}
}

func TestForeignWebPages(t *testing.T) {
	m := newMemory()
	talking(t, m, "c1")
	const path = "/v1/contacts/c1/hold"
	for _, header := range [][]string{
		{"Host", "evil.example.com"},
		{"Host", "evil.example.com:8080"},
		{"Host", ""},
		{"Host", "192.0.2.1:8080"},
		{"Origin", "http://evil.example.com"},
		{"Sec-Fetch-Site", "cross-site"},
	} {
		read[Problem](t, m, 403, "POST", path, "", header...)
	}
	for _, host := range []string{"localhost", "127.0.0.1:8080", "[::1]:8080", "[::1]"} {
		read[call.Contact](t, m, 200, "POST", path, "", "Host", host)
	}
}

func TestHealth(t *testing.T) {
	m := newMemory()
	talking(t, m, "c1")
	got := read[struct {
		Version  string
		Contacts int
	}](t, m, 200, "GET", "/healthz", "")
	if got.Version != "test" || got.Contacts != 1 {
		t.Errorf("got %+v", got)
	}
	m.broken = errors.New("disk full")
	if p := read[Problem](t, m, 503, "GET", "/healthz", ""); !strings.HasSuffix(p.Detail, ": disk full") {
		t.Errorf("got %q", p.Detail)
	}
}

// Before the server is ready, everybody is asked to come again.
func TestUnready(t *testing.T) {
	h := Unready(Options{Health: func(context.Context) error { return errors.New("disk full") }})
	for _, path := range []string{"/healthz", "/v1/contacts"} {
		answer, text := send(h, "GET", path, "")
		if answer.Code != 503 || answer.Header().Get("Retry-After") != "1" || !strings.Contains(text, "disk full") {
			t.Errorf("%s: got %d, %s", path, answer.Code, text)
		}
	}
}

// The description must speak of everything a contact has.
func TestOpenAPI(t *testing.T) {
	answer, text := send(handler(newMemory()), "GET", "/openapi.json", "")
	if answer.Code != 200 {
		t.Fatalf("got %d", answer.Code)
	}
	var document struct {
		Paths      map[string]map[string]struct{ Summary string }
		Components struct {
			Schemas map[string]struct {
				Properties map[string]struct{ Description string }
			}
		}
	}
	if err := json.Unmarshal([]byte(text), &document); err != nil {
		t.Fatal(err)
	}
	for path, methods := range document.Paths {
		for method, operation := range methods {
			if operation.Summary == "" {
				t.Errorf("%s %s has no summary", method, path)
			}
		}
	}
	for schema := range descriptions {
		for property, p := range document.Components.Schemas[schema].Properties {
			if p.Description == "" {
				t.Errorf("%s.%s has no description", schema, property)
			}
		}
	}
}
