package api

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"holdfast/hostcheck"
)

const key, otherKey = "a-key-of-the-dialler", "a-key-of-the-panel"

func keyedHandler(log *slog.Logger) http.Handler {
	m := newMemory()
	return Handler(Options{
		Board: m, Journal: m, Directory: people{}, Version: "test", Log: log,
		Keys:  []string{key, otherKey},
		Names: hostcheck.Names{Address: netip.MustParseAddr("192.0.2.1"), Public: []string{"holdfast.example.com"}},
	})
}

func TestKeys(t *testing.T) {
	var log strings.Builder
	h := keyedHandler(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	for _, test := range []struct {
		path, authorization string
		status              int
		challenge           string
	}{
		{"/v1/contacts", "Bearer " + key, 200, ""},
		{"/v1/contacts", "bearer  " + otherKey, 200, ""},
		{"/openapi.json", "Bearer " + key, 200, ""},
		{"/v1/contacts", "", 401, `Bearer realm="holdfast"`},
		{"/openapi.json", "", 401, `Bearer realm="holdfast"`},
		{"/nowhere", "", 401, `Bearer realm="holdfast"`},
		{"/v1/contacts", "Basic " + key, 401, `Bearer realm="holdfast"`},
		{"/v1/contacts", "Bearer", 401, `Bearer realm="holdfast"`},
		{"/v1/contacts", "Bearer ", 401, `Bearer realm="holdfast", error="invalid_token"`},
		{"/v1/contacts", "Bearer " + key + "x", 401, `Bearer realm="holdfast", error="invalid_token"`},
		{"/v1/contacts", "Bearer " + key[1:], 401, `Bearer realm="holdfast", error="invalid_token"`},
		{"/healthz", "", 200, ""},
	} {
		answer, text := send(h, "GET", test.path, "", "Authorization", test.authorization)
		if answer.Code != test.status || answer.Header().Get("WWW-Authenticate") != test.challenge {
			t.Errorf("%s with %q: got %d, challenge %q", test.path, test.authorization, answer.Code, answer.Header().Get("WWW-Authenticate"))
		}
		if wanted := "application/problem+json"; test.status == 401 && answer.Header().Get("Content-Type") != wanted {
			t.Errorf("%s with %q: %s: %s", test.path, test.authorization, answer.Header().Get("Content-Type"), text)
		}
		if strings.Contains(text, key) {
			t.Errorf("%s tells a key: %s", test.path, text)
		}
	}
	if strings.Contains(log.String(), key) {
		t.Errorf("a key is logged: %s", &log)
	}
}

// What was damaged has names in it, for which one must show a key.
func TestDamageIsNotToldToStrangers(t *testing.T) {
	m := newMemory()
	o := Options{
		Board: m, Journal: m, Directory: people{}, Log: slog.New(slog.DiscardHandler),
		Damage: func() []string { return []string{"stream ROUTING: agent ana", "stream CONTACTS: contact c1"} },
	}
	for _, test := range []struct {
		keys        []string
		shown, want string
	}{
		{nil, "", `"damage":["stream ROUTING: agent ana","stream CONTACTS: contact c1"]`},
		{[]string{key}, key, `"damage":["stream ROUTING: agent ana","stream CONTACTS: contact c1"]`},
		{[]string{key}, "", `"damage":["2 places in the journal; show a key to see which"]`},
		{[]string{key}, otherKey, `"damage":["2 places in the journal; show a key to see which"]`},
	} {
		o.Keys = test.keys
		answer, text := send(Handler(o), "GET", "/healthz", "", "Authorization", "Bearer "+test.shown)
		if answer.Code != 200 || !strings.Contains(text, test.want) {
			t.Errorf("%v with %q: got %d, %s", test.keys, test.shown, answer.Code, text)
		}
	}
}

// Why the server does nothing names files, for which one must show a key.
func TestReasonIsNotToldToStrangers(t *testing.T) {
	o := Options{Keys: []string{key}, Log: slog.New(slog.DiscardHandler), Health: func(context.Context) error { return errors.New("disk full") }}
	for name, h := range map[string]http.Handler{"ready": Handler(o), "not ready": Unready(o)} {
		for shown, told := range map[string]bool{key: true, "": false, otherKey + "x": false} {
			answer, text := send(h, "GET", "/healthz", "", "Authorization", "Bearer "+shown)
			if answer.Code != 503 || strings.Contains(text, "disk full") != told {
				t.Errorf("%s, with %q: got %d, %s", name, shown, answer.Code, text)
			}
		}
	}
}

// With keys the server may be reached from elsewhere, but only by its address and
// names: other names may be those of a web page (DNS rebinding).
func TestAddress(t *testing.T) {
	h := keyedHandler(slog.New(slog.DiscardHandler))
	for host, status := range map[string]int{
		"192.0.2.1:8080": 200, "192.0.2.1": 200, "localhost:8080": 200,
		"holdfast.example.com:8443": 200, "Holdfast.example.com": 200,
		"192.0.2.2:8080": 403, "evil.example.com": 403, "holdfast.example.com.": 403, "holdfast.example.com.evil.example": 403, "": 403,
	} {
		if answer, text := send(h, "GET", "/v1/contacts", "", "Authorization", "Bearer "+key, "Host", host); answer.Code != status {
			t.Errorf("%s: got %d, want %d: %s", host, answer.Code, status, text)
		}
	}
}

func TestNothingIsThere(t *testing.T) {
	m := newMemory()
	if p := read[Problem](t, m, 404, "GET", "/v2", ""); p.Detail != "nothing is at /v2" {
		t.Errorf("got %q", p.Detail)
	}
	answer, text := send(handler(m), "PUT", "/v1/contacts", "")
	if allow := answer.Header().Get("Allow"); answer.Code != 405 || allow != "GET, HEAD" || !strings.Contains(text, "/v1/contacts does not take PUT") {
		t.Errorf("got %d, Allow %q: %s", answer.Code, allow, text)
	}
}

// A connection is known by a request that shows a key; any is if nobody is asked for one.
func TestRecognised(t *testing.T) {
	for _, keys := range [][]string{{key}, nil} {
		m, seen := newMemory(), 0
		h := Handler(Options{Board: m, Journal: m, Directory: people{}, Keys: keys, Recognised: func(*http.Request) { seen++ }})
		for _, test := range []struct {
			path, authorization string
			known               bool
		}{
			{"/v1/contacts", "Bearer " + key, true},
			{"/v1/contacts", "Bearer " + key + "x", keys == nil},
			{"/v1/contacts", "", keys == nil},
			{"/healthz", "", keys == nil},
			{"/healthz", "Bearer " + key, true},
		} {
			seen = 0
			send(h, "GET", test.path, "", "Authorization", test.authorization)
			if got := seen == 1; got != test.known {
				t.Errorf("with %d keys, %s with %q: seen %d times", len(keys), test.path, test.authorization, seen)
			}
		}
	}
}
