package api

import (
	"strings"
	"testing"

	"holdfast/call"
)

const transfers = "/v1/contacts/c1/transfers"

// stateOf is how the connection with that number is; empty when it is not there.
func stateOf(c call.Contact, id call.ConnectionID) call.State {
	for _, who := range c.Connections {
		if who.ID == id {
			return who.State
		}
	}
	return ""
}

// consulting begins a contact in which ana, 2, talks to cardiology, 3, while
// the customer, 1, waits.
func consulting(t *testing.T, m *memory) {
	t.Helper()
	talking(t, m, "c1")
	if tr := read[call.Transfer](t, m, 201, "POST", transfers, `{"target":"cardiology","kind":"warm"}`); tr.Kind != call.Warm {
		t.Fatalf("got %+v", tr)
	}
	m.happens(t, "c1", call.Answered{Connection: 3})
}

func TestConsultation(t *testing.T) {
	m := newMemory()
	consulting(t, m)
	for _, step := range []struct {
		verb, body       string
		customer, target call.State
	}{
		{"swap", "", call.Connected, call.Held},
		{"swap", `{"by":2}`, call.Held, call.Connected},
		{"conference", "", call.Connected, call.Connected},
	} {
		c := read[call.Contact](t, m, 200, "POST", "/v1/contacts/c1/"+step.verb, step.body)
		if c.Stage != call.Consulting || stateOf(c, 1) != step.customer || stateOf(c, 3) != step.target {
			t.Errorf("%s: got %s, customer %s, target %s", step.verb, c.Stage, stateOf(c, 1), stateOf(c, 3))
		}
	}
	if c := read[call.Contact](t, m, 200, "POST", "/v1/contacts/c1/complete", ""); c.Stage != call.Joining {
		t.Errorf("completing: got %s", c.Stage)
	}
	m.happens(t, "c1", call.Joined{Connections: []call.ConnectionID{1, 2, 3}})
	if tr := read[call.Transfer](t, m, 200, "GET", transfers+"/t1", ""); tr.Outcome != call.Completed {
		t.Errorf("got %+v", tr)
	}
}

func TestLeaving(t *testing.T) {
	m := newMemory()
	consulting(t, m)
	if c := read[call.Contact](t, m, 200, "POST", "/v1/contacts/c1/leave", ""); c.Stage != call.Joining || stateOf(c, 2) != call.Connected {
		t.Errorf("while consulting: got %s, ana %s", c.Stage, stateOf(c, 2))
	}
	m = newMemory()
	talking(t, m, "c1")
	read[call.Transfer](t, m, 201, "POST", transfers, `{"target":"cardiology"}`)
	if c := read[call.Contact](t, m, 200, "POST", "/v1/contacts/c1/leave", ""); c.Stage != call.Reaching || stateOf(c, 2) != "" {
		t.Errorf("while reaching: got %s, ana %s", c.Stage, stateOf(c, 2))
	}
}

func TestEnding(t *testing.T) {
	m := newMemory()
	talking(t, m, "c1")
	if c := read[call.Contact](t, m, 200, "POST", "/v1/contacts/c1/end", ""); c.Stage != call.Over || c.EndedBy != call.Agent || c.EndReason != call.Requested {
		t.Errorf("got %s, ended by %s, %s", c.Stage, c.EndedBy, c.EndReason)
	}
	read[Problem](t, m, 404, "POST", "/v1/contacts/c1/end", "")
}

func TestMute(t *testing.T) {
	m := newMemory()
	talking(t, m, "c1")
	for _, muted := range []bool{true, false} {
		body := map[bool]string{true: `{"muted":true}`, false: `{"muted":false,"by":2}`}[muted]
		if c := read[call.Contact](t, m, 200, "POST", "/v1/contacts/c1/mute", body); c.Connections[1].Muted != muted {
			t.Errorf("%s: got %+v", body, c.Connections[1])
		}
	}
	read[Problem](t, m, 422, "POST", "/v1/contacts/c1/mute", `{}`)
}

func TestVerbsAreRefused(t *testing.T) {
	m := newMemory()
	talking(t, m, "c1")
	for verb, want := range map[string]string{
		"swap":       "nobody is being consulted",
		"conference": "nobody is being consulted",
		"complete":   "nobody is being consulted",
		"leave":      "nobody else is with the customer; end the contact instead",
	} {
		if p := read[Problem](t, m, 409, "POST", "/v1/contacts/c1/"+verb, ""); p.Detail != want {
			t.Errorf("%s: got %q, want %q", verb, p.Detail, want)
		}
		if p := read[Problem](t, m, 409, "POST", "/v1/contacts/c1/"+verb, `{"by":9}`); !strings.HasPrefix(p.Detail, "you are not in this contact") {
			t.Errorf("%s by nobody: got %q", verb, p.Detail)
		}
		read[Problem](t, m, 404, "POST", "/v1/contacts/c9/"+verb, "")
		read[Problem](t, m, 422, "POST", "/v1/contacts/c1/"+verb, `{"who":2}`)
	}
}

func TestTransferToAList(t *testing.T) {
	m := newMemory()
	talking(t, m, "c1")
	tr := read[call.Transfer](t, m, 201, "POST", transfers, `{"targets":["cardiology","surgery"],"resume":true,"key":"k"}`)
	if len(tr.Attempts) != 1 || len(tr.Remaining) != 1 || tr.Remaining[0].Name != "surgery" || !tr.Resume {
		t.Errorf("in turn: got %+v", tr)
	}
	if again := read[call.Transfer](t, m, 200, "POST", transfers, `{"targets":["cardiology","surgery"],"key":"k"}`); again.ID != tr.ID {
		t.Errorf("the same key: got %+v", again)
	}
	tr = read[call.Transfer](t, m, 201, "POST", transfers, `{"targets":["surgery","cardiology"],"parallel":true,"supersede":true}`)
	if len(tr.Attempts) != 2 || len(tr.Remaining) != 0 {
		t.Errorf("all at once: got %+v", tr)
	}
	if old := read[call.Transfer](t, m, 200, "GET", transfers+"/t1", ""); old.Reason != call.Superseded {
		t.Errorf("the one before: got %+v", old)
	}
}

func TestBlindTransfer(t *testing.T) {
	m := newMemory()
	talking(t, m, "c1")
	read[call.Transfer](t, m, 201, "POST", transfers, `{"target":"cardiology","kind":"blind"}`)
	if c, _ := m.Contact("c1"); stateOf(c, 2) != "" || c.Stage != call.Reaching {
		t.Errorf("got %s, ana %s", c.Stage, stateOf(c, 2))
	}
	p := read[Problem](t, m, 409, "DELETE", transfers+"/t1", "")
	if p.Detail != "no agent is in this contact; it is reaching" {
		t.Errorf("got %q", p.Detail)
	}
}
