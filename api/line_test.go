package api

import (
	"strings"
	"testing"

	"holdfast/call"
)

// wantAsked complains if the last event was another.
func wantAsked(t *testing.T, m *memory, want call.Event) {
	t.Helper()
	entries, _ := m.after(0)
	if got := entries[len(entries)-1].Events[0].Event; got != want {
		t.Errorf("asked for %+v, want %+v", got, want)
	}
}

func TestDigits(t *testing.T) {
	m := newMemory()
	talking(t, m, "c1")
	read[call.Contact](t, m, 200, "POST", "/v1/contacts/c1/digits", `{"digits":"12#"}`)
	wantAsked(t, m, call.DigitsRequested{By: 2, Connection: 1, Digits: "12#"})
	for body, status := range map[string]int{
		`{"digits":""}`: 422, `{"digits":"12 A"}`: 422, `{}`: 422,
		`{"digits":"1","connection":9}`: 409, `{"digits":"1","by":9}`: 409,
	} {
		read[Problem](t, m, status, "POST", "/v1/contacts/c1/digits", body)
	}
	m = newMemory()
	consulting(t, m)
	read[call.Contact](t, m, 200, "POST", "/v1/contacts/c1/digits", `{"digits":"0"}`)
	wantAsked(t, m, call.DigitsRequested{By: 2, Connection: 3, Digits: "0"})
	read[call.Contact](t, m, 200, "POST", "/v1/contacts/c1/digits", `{"digits":"0","connection":1}`)
	wantAsked(t, m, call.DigitsRequested{By: 2, Connection: 1, Digits: "0"})
}

func TestRecord(t *testing.T) {
	m := newMemory()
	talking(t, m, "c1")
	for _, on := range []bool{true, false} {
		body := map[bool]string{true: `{"on":true}`, false: `{"on":false,"by":2}`}[on]
		if c := read[call.Contact](t, m, 200, "POST", "/v1/contacts/c1/record", body); c.Recorded != on {
			t.Errorf("%s: recorded %t", body, c.Recorded)
		}
	}
	read[Problem](t, m, 422, "POST", "/v1/contacts/c1/record", `{}`)
	m.noRecording = true
	if p := read[Problem](t, m, 409, "POST", "/v1/contacts/c1/record", `{"on":true}`); !strings.Contains(p.Detail, "record_dir in [media]") {
		t.Errorf("without a place for it: %q", p.Detail)
	}
}

func TestConfirmAndWhisper(t *testing.T) {
	m := newMemory()
	talking(t, m, "c1")
	if tr := read[call.Transfer](t, m, 201, "POST", transfers, `{"target":"cardiology","confirm":true,"whisper":true}`); !tr.Confirm || !tr.Whisper {
		t.Errorf("got %+v", tr)
	}
	m.happens(t, "c1", call.Answered{Connection: 3})
	if c, _ := m.Contact("c1"); stateOf(c, 3) != call.Screening {
		t.Errorf("cardiology is %s", stateOf(c, 3))
	}
}
