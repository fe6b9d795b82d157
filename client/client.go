// Package client talks to a Holdfast server over HTTP: contacts, transfers, agents, queues
// and a stream of events. It never decides anything about a contact; the server's answers
// come back as values of package call.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"holdfast/call"
)

// A Client speaks to one server. Any number of goroutines may use it.
type Client struct {
	server string
	key    string
	http   http.Client
}

// New returns a client of the server at a URL such as http://127.0.0.1:8080.
// It sends nothing yet.
func New(server string) *Client {
	return &Client{server: strings.TrimSuffix(server, "/")}
}

// UseKey sets the key that the client shows, one of the server's configuration. It must
// come before the first request.
func (c *Client) UseKey(key string) { c.key = key }

// ErrNoServer means that no server answers where the client looks for it.
var ErrNoServer = errors.New("no server answers")

// A Problem is the server's reason for refusing a request (RFC 9457).
type Problem struct {
	Status int    `json:"status"` // as in HTTP: 409 is a refusal, 503 try again
	Detail string `json:"detail"` // a sentence for the person who asked

	Code     call.Code      `json:"code"`     // of a refusal; docs/REFUSALS.md lists them
	Reason   call.Reason    `json:"reason"`   // where a target is the problem
	Transfer *call.Transfer `json:"transfer"` // the one that stands in the way
	Errors   []struct {
		Message  string `json:"message"`
		Location string `json:"location"`
	} `json:"errors"` // the faults of the request, one by one
}

// Error returns the faults of the request, one by one, or else the detail.
func (p *Problem) Error() string {
	if len(p.Errors) == 0 {
		return p.Detail
	}
	var pieces []string
	for _, e := range p.Errors {
		pieces = append(pieces, strings.TrimPrefix(e.Location, "body.")+": "+e.Message)
	}
	return strings.Join(pieces, "; ")
}

// A TransferRequest describes a transfer.
type TransferRequest struct {
	Target    string            // the target: a name, a phone number or a sip: address
	Others    []string          // the targets to try, in order, when Target fails
	Kind      call.Kind         // empty: cold
	Parallel  bool              // all targets ring at once; the first to answer has the customer
	Confirm   bool              // a target who answers must press 1 to take the customer
	Whisper   bool              // a target who answers first hears an announcement of the caller
	Resume    bool              // when it fails or is cancelled, the customer is taken off hold
	Supersede bool              // a transfer that only rings is cancelled in favour of this one
	RingFor   time.Duration     // for each target; 0: as the server is configured
	Key       string            // the same key again is the same transfer; may be empty
	By        call.ConnectionID // the agent who asks; 0: the one with the customer
	Wait      time.Duration     // how long the answer may be put off until it is decided, in whole seconds; at most two minutes
}

// body is the request as the server wants it, without the fields that are not set.
func (t TransferRequest) body() map[string]any {
	body := map[string]any{"target": t.Target}
	if len(t.Others) > 0 {
		body = map[string]any{"targets": append([]string{t.Target}, t.Others...)}
	}
	for name, said := range map[string]bool{
		"parallel": t.Parallel, "confirm": t.Confirm, "whisper": t.Whisper, "resume": t.Resume, "supersede": t.Supersede,
	} {
		if said {
			body[name] = true
		}
	}
	if t.Kind != "" {
		body["kind"] = t.Kind
	}
	if t.RingFor != 0 {
		body["ringFor"] = call.Duration(t.RingFor)
	}
	if t.Key != "" {
		body["key"] = t.Key
	}
	if t.By != 0 {
		body["by"] = t.By
	}
	return body
}

// Contacts are all that are not over, oldest first.
func (c *Client) Contacts(ctx context.Context) ([]call.Contact, error) {
	answer, err := ask[struct{ Contacts []call.Contact }](ctx, c, http.MethodGet, "/v1/contacts", nil)
	return answer.Contacts, err
}

// Contact is one contact, also one that is over.
func (c *Client) Contact(ctx context.Context, id call.ContactID) (call.Contact, error) {
	return ask[call.Contact](ctx, c, http.MethodGet, contactPath(id), nil)
}

// Transfer hands the customer to another endpoint. It returns as soon as the first target
// is dialled, and Events then yields the transfer's progress; with Wait, when it is decided
// or a target is being consulted, or when that has taken too long.
func (c *Client) Transfer(ctx context.Context, id call.ContactID, t TransferRequest) (call.Transfer, error) {
	if t.Wait == 0 {
		return ask[call.Transfer](ctx, c, http.MethodPost, contactPath(id, "transfers"), t.body())
	}
	return askWithin[call.Transfer](ctx, c, answerWithin+t.Wait, http.MethodPost, contactPath(id, "transfers"), t.body(),
		"Prefer", fmt.Sprintf("wait=%d", int(t.Wait.Seconds())))
}

// Cancel takes a transfer back; the customer is with the agent again, on hold
// unless the transfer was to resume or they took part in the consultation.
func (c *Client) Cancel(ctx context.Context, id call.ContactID, transfer string) (call.Transfer, error) {
	return ask[call.Transfer](ctx, c, http.MethodDelete, contactPath(id, "transfers", transfer), nil)
}

func contactPath(id call.ContactID, rest ...string) string {
	path := "/v1/contacts/" + url.PathEscape(string(id))
	for _, part := range rest {
		path += "/" + url.PathEscape(part)
	}
	return path
}

const (
	answerWithin  = 15 * time.Second // the server itself gives up sooner
	longestAnswer = 64 << 20
)

// ask makes one request. An error is a *Problem, or means that the server could not be
// reached.
func ask[T any](ctx context.Context, c *Client, method, path string, body map[string]any) (T, error) {
	return askWithin[T](ctx, c, answerWithin, method, path, body)
}

func askWithin[T any](ctx context.Context, c *Client, within time.Duration, method, path string, body map[string]any, header ...string) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	var result T
	var content io.Reader = http.NoBody
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return result, err
		}
		content = bytes.NewReader(encoded)
	}
	answer, err := c.send(ctx, method, path, content, header...)
	if err != nil {
		return result, err
	}
	defer closeBody(answer)
	if err := json.NewDecoder(io.LimitReader(answer.Body, longestAnswer)).Decode(&result); err != nil {
		return result, fmt.Errorf("reading the answer of %s: %w", c.server, err)
	}
	return result, nil
}

// send returns an answer that is not a problem; the caller must close its body.
func (c *Client) send(ctx context.Context, method, path string, content io.Reader, header ...string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, method, c.server+path, content)
	if err != nil {
		return nil, fmt.Errorf("the server's address is wrong: %w", err)
	}
	r.Header.Set("Content-Type", "application/json")
	if c.key != "" {
		r.Header.Set("Authorization", "Bearer "+c.key)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer, err := c.http.Do(r)
	if err != nil {
		if ctx.Err() != nil {
			return nil, fmt.Errorf("waiting for %s: %w", c.server, ctx.Err())
		}
		return nil, fmt.Errorf("%w at %s: %w", ErrNoServer, c.server, errors.Unwrap(err))
	}
	if answer.StatusCode >= http.StatusBadRequest {
		defer closeBody(answer)
		return nil, problem(answer)
	}
	return answer, nil
}

// closeBody ignores the error: the answer has already been read.
func closeBody(answer *http.Response) { _ = answer.Body.Close() }

func problem(answer *http.Response) error {
	p := new(Problem)
	if err := json.NewDecoder(io.LimitReader(answer.Body, longestAnswer)).Decode(p); err != nil || p.Detail == "" {
		p.Detail = "the server answered " + answer.Status
		if answer.StatusCode < http.StatusInternalServerError {
			p.Detail += "; is this the address of the HTTP interface?"
		}
	}
	p.Status = answer.StatusCode
	return p
}
