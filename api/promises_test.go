package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"holdfast/call"
)

// A promise is how an operation is granted, and how it is refused in ways that
// no schema tells.
type promise struct {
	world   func(*testing.T) *memory // nil: withRouting
	path    string
	body    string
	status  int // of the good answer; 0: 200
	refused []refusal
}

// A refusal is what is different from the request that is granted; what is
// empty is not.
type refusal struct {
	status     int
	world      func(*testing.T) *memory
	path, body string
	header     []string
}

// c1 is a contact in which the customer talks to ana.
func c1(t *testing.T) *memory {
	m := withRouting()
	talking(t, m, "c1")
	return m
}

func then(before func(*testing.T) *memory, facts ...call.Event) func(*testing.T) *memory {
	return func(t *testing.T) *memory {
		m := before(t)
		m.happens(t, "c1", facts...)
		return m
	}
}

func failing(before func(*testing.T) *memory) func(*testing.T) *memory {
	return func(t *testing.T) *memory {
		m := before(t)
		m.broken = errors.New("disk full")
		m.routing = twoAgents{newAgents().state, m.broken}
		return m
	}
}

func noRouting(*testing.T) *memory { return newMemory() }

var (
	asked      = call.TransferRequested{By: 2, Kind: call.Warm, Target: call.Endpoint{Kind: call.URI, Address: "sip:cardiology@127.0.0.1", Name: "cardiology"}, Key: "k"}
	ringing    = then(c1, asked)
	talkingTo  = then(ringing, call.Answered{Connection: 3})
	unanswered = then(c1, asked, call.Failed{Connection: 3, Reason: call.Busy})
	over       = then(c1, call.HungUp{Connection: 1})
	parked     = then(withArrival, call.Answered{Connection: 2}, call.Lost{Connection: 2}, call.Failed{Connection: 3, Reason: call.Busy})
)

func withArrival(t *testing.T) *memory {
	m := withRouting()
	m.happens(t, "c1", arrived)
	return m
}

// doing is the promise of a verb of a contact: granted there, refused elsewhere.
func doing(verb, body string, granted, refused func(*testing.T) *memory) promise {
	return promise{
		world: granted, path: "/v1/contacts/c1/" + verb, body: body,
		refused: []refusal{
			{status: 404, path: "/v1/contacts/c9/" + verb},
			{status: 409, world: refused},
			{status: 503, world: failing(granted)},
		},
	}
}

var promises = map[string]promise{
	"health":        {path: "/healthz", refused: []refusal{{status: 503, world: failing(c1)}}},
	"listContacts":  {world: unanswered, path: "/v1/contacts"},
	"listEndpoints": {path: "/v1/endpoints"},
	"showContact": {world: unanswered, path: "/v1/contacts/c1", refused: []refusal{
		{status: 404, path: "/v1/contacts/c9"},
		{status: 503, world: failing(over)},
	}},
	"transfer": {world: c1, path: transfers, body: `{"target":"cardiology","kind":"warm","ringFor":"7s","key":"k","by":2}`, status: 201, refused: []refusal{
		{status: 200, world: ringing},
		{status: 201, body: `{"targets":["cardiology","surgery"],"parallel":true}`},
		{status: 403, body: `{"target":"moon"}`},
		{status: 404, body: `{"target":"nobody"}`},
		{status: 404, path: "/v1/contacts/c9/transfers"},
		{status: 409, world: ringing, body: `{"target":"surgery"}`},
		{status: 409, world: parked},
		{status: 422, body: `{"target":"030"}`},
		{status: 422, header: []string{"Idempotency-Key", "another"}},
		{status: 503, world: failing(c1)},
	}},
	"showTransfer": {world: unanswered, path: transfers + "/t1", refused: []refusal{
		{status: 404, path: transfers + "/t9"},
		{status: 503, world: failing(over)},
	}},
	"cancelTransfer": {world: ringing, path: transfers + "/t1", refused: []refusal{
		{status: 404, path: transfers + "/t9"},
		{status: 409, world: unanswered},
		{status: 503, world: failing(ringing)},
	}},
	"hold":       doing("hold", `{"connection":1,"by":2}`, c1, parked),
	"resume":     doing("resume", "", then(c1, call.HoldRequested{By: 2, Connection: 1}), parked),
	"pickUp":     doing("pickup", `{"agent":"ben"}`, parked, c1),
	"swap":       doing("swap", "", talkingTo, c1),
	"conference": doing("conference", "", talkingTo, c1),
	"complete":   doing("complete", `{"by":2}`, talkingTo, c1),
	"leave":      doing("leave", "", talkingTo, c1),
	"end":        doing("end", "", c1, parked),
	"mute":       doing("mute", `{"muted":true}`, c1, parked),
	"digits":     doing("digits", `{"digits":"12#"}`, c1, parked),
	"record":     doing("record", `{"on":true}`, c1, parked),
	"events": {world: over, path: "/v1/events?contact=c1", refused: []refusal{
		{status: 404, path: "/v1/events?contact=c9"},
		{status: 200, path: "/v1/events?after=1"},
		{status: 422, path: "/v1/events?after=-1"},
		{status: 422, path: "/v1/events?after=x"},
		{status: 422, header: []string{"Last-Event-ID", "x"}},
		{status: 503, world: failing(over)},
	}},
	"history": {world: over, path: "/v1/contacts/c1/history", refused: []refusal{
		{status: 200, world: ringing},
		{status: 404, path: "/v1/contacts/c9/history"},
		{status: 503, world: failing(over)},
	}},
	"listAgents": {path: "/v1/agents", refused: []refusal{{status: 501, world: noRouting}}},
	"showAgent": {path: "/v1/agents/ana", refused: []refusal{
		{status: 404, path: "/v1/agents/eve"},
		{status: 501, world: noRouting},
	}},
	"setStatus": {path: "/v1/agents/ana/status", body: `{"state":"not-ready","reason":"lunch"}`, refused: []refusal{
		{status: 404, path: "/v1/agents/eve/status"},
		{status: 409, body: `{"state":"offline"}`},
		{status: 501, world: noRouting},
		{status: 503, world: failing(c1)},
	}},
	"clear": {path: "/v1/agents/ben/clear", body: `{"contact":"c2","connection":2}`, refused: []refusal{
		{status: 404, path: "/v1/agents/eve/clear"},
		{status: 409, body: `{"contact":"c1","connection":2}`},
		{status: 501, world: noRouting},
		{status: 503, world: failing(c1)},
	}},
	"listSessions": {path: "/v1/agents/Ana/sessions", refused: []refusal{
		{status: 404, path: "/v1/agents/eve/sessions"},
		{status: 501, world: noRouting},
	}},
	"endSessions": {path: "/v1/agents/ana/sessions", refused: []refusal{
		{status: 404, path: "/v1/agents/eve/sessions"},
		{status: 501, world: noRouting},
		{status: 503, world: failing(c1)},
	}},
	"endSession": {path: "/v1/agents/ana/sessions/0123456789ab", refused: []refusal{
		{status: 404, path: "/v1/agents/ana/sessions/9"},
		{status: 404, path: "/v1/agents/eve/sessions/0123456789ab"},
		{status: 501, world: noRouting},
		{status: 503, world: failing(c1)},
	}},
	"listQueues": {path: "/v1/queues", refused: []refusal{{status: 501, world: noRouting}}},
	"showQueue": {path: "/v1/queues/doctors", refused: []refusal{
		{status: 404, path: "/v1/queues/night"},
		{status: 501, world: noRouting},
	}},
}

func in(world func(*testing.T) *memory) func(*testing.T) http.Handler {
	return func(t *testing.T) http.Handler {
		if world == nil {
			return handler(withRouting())
		}
		return handler(world(t))
	}
}

func (p promise) good(operation) request {
	status := p.status
	if status == 0 {
		status = 200
	}
	return request{name: "good", path: p.path, body: p.body, status: status, handler: in(p.world)}
}

func (p promise) refusals(o operation) []request {
	var all []request
	for _, different := range p.refused {
		r := p.good(o)
		r.name, r.status, r.header = "refused", different.status, different.header
		if different.world != nil {
			r.handler = in(different.world)
		}
		if different.path != "" {
			r.path = different.path
		}
		if different.body != "" {
			r.body = different.body
		}
		all = append(all, r)
	}
	return all
}

// spoilt are all requests that are wrong in a way that can be read off the
// description.
func spoilt(p promise, o operation) []request {
	all := []request{
		p.but("another name", 403, func(r *request) { r.header = []string{"Host", "evil.example.com"} }),
		p.but("a foreign page", 403, func(r *request) { r.header = []string{"Sec-Fetch-Site", "cross-site"} }),
		p.but("an unknown query", 422, func(r *request) { r.path += joint(r.path) + "zzz=1" }),
	}
	if o.method == http.MethodGet { // may be asked by any page; it cannot read the answer
		all = slices.Delete(all, 1, 2)
	}
	for _, parameter := range o.Parameters {
		for _, bad := range parameter.Schema.wrongTexts() {
			all = append(all, p.but("bad "+parameter.Name, 422, func(r *request) {
				switch parameter.In {
				case "path":
					r.path = inPath(o, r.path, parameter.Name, bad)
				case "query":
					r.path = fmt.Sprintf("%s%s%s=%s", strings.Split(r.path, "?")[0], "?", parameter.Name, bad)
				case "header":
					r.header = []string{parameter.Name, bad}
				}
			}))
		}
	}
	if o.RequestBody != nil {
		all = append(all, spoiltBodies(p, o.RequestBody.Content["application/json"].Schema)...)
	}
	return all
}

func (p promise) but(name string, status int, spoil func(*request)) request {
	r := p.good(operation{})
	r.name, r.status = name, status
	spoil(&r)
	return r
}

func joint(path string) string {
	if strings.Contains(path, "?") {
		return "&"
	}
	return "?"
}

// inPath is a path with another value for a parameter.
func inPath(o operation, path, name, value string) string {
	parts := strings.Split(path, "/")
	for i, part := range strings.Split(o.path, "/") {
		if part == "{"+name+"}" {
			parts[i] = value
		}
	}
	return strings.Join(parts, "/")
}

func spoiltBodies(p promise, s schema) []request {
	body := func(name, body string, status int, header ...string) request {
		return p.but(name, status, func(r *request) { r.body, r.header = body, header })
	}
	all := []request{
		body("half a body", `{"x":`, 400),
		body("no object", `[]`, 422),
		body("a text", `"x"`, 422),
		body("an unknown field", `{"zzz":1}`, 422),
		body("too much", `{"x":"`+strings.Repeat("x", 2*longestBody)+`"}`, 413),
		body("another type", `muted=true`, 415, "Content-Type", "application/x-www-form-urlencoded"),
	}
	for name, property := range s.Properties {
		for _, bad := range property.wrongValues() {
			fields := map[string]any{}
			if p.body != "" {
				if err := json.Unmarshal([]byte(p.body), &fields); err != nil {
					panic(err)
				}
			}
			fields[name] = bad
			spoilt, err := json.Marshal(fields)
			if err != nil {
				panic(err)
			}
			all = append(all, body("bad "+name, string(spoilt), 422))
		}
	}
	return all
}

// wrongTexts are values for a parameter that its schema does not have.
func (s schema) wrongTexts() []string {
	var all []string
	if s.MaxLength > 0 {
		all = append(all, strings.Repeat("1", s.MaxLength+1))
	}
	if s.Pattern != "" {
		all = append(all, "%3Cx%3E")
	}
	if s.is("integer") {
		all = append(all, "x", "-1", "1.5")
	}
	return all
}

// wrongValues are values for a field that its schema does not have.
func (s schema) wrongValues() []any {
	var all []any
	for kind, value := range map[string]any{"string": "x", "integer": 7, "boolean": true, "array": []string{"x"}, "object": map[string]any{}} {
		if !s.is(kind) {
			all = append(all, value)
		}
	}
	switch {
	case s.is("integer"):
		all = append(all, 1.5)
		if s.Minimum != nil {
			all = append(all, *s.Minimum-1)
		}
	case s.is("string"):
		all = append(all, anyOf(s.wrongTexts())...)
		if s.MinLength != nil && *s.MinLength > 0 {
			all = append(all, "")
		}
		if s.Enum != nil {
			all = append(all, "zzz")
		}
	case s.is("array"):
		for _, bad := range s.Items.wrongValues() {
			all = append(all, []any{bad})
		}
		all = append(all, slices.Repeat([]string{"cardiology"}, s.MaxItems+1))
		if s.MinItems != nil && *s.MinItems > 0 {
			all = append(all, []any{})
		}
	}
	return all
}

func (s schema) is(kind string) bool {
	kinds, several := s.Type.([]any)
	return s.Type == any(kind) || several && slices.Contains(kinds, any(kind))
}

func anyOf(texts []string) []any {
	var all []any
	for _, t := range texts {
		all = append(all, t)
	}
	return all
}
