package client

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"holdfast/call"
	"holdfast/routing"
)

func TestRoutingRequests(t *testing.T) {
	ctx := t.Context()
	for want, request := range map[string]func(c *Client) (string, error){
		"GET /v1/agents/ana%20b": func(c *Client) (string, error) {
			a, err := c.Agent(ctx, "ana b")
			return a.Name, err
		},
		`PUT /v1/agents/ana/status {"reason":"lunch","state":"not-ready"}`: func(c *Client) (string, error) {
			a, err := c.SetStatus(ctx, "ana", routing.Status{State: routing.NotReady, Reason: "lunch"})
			return a.Name, err
		},
		`PUT /v1/agents/ana/status {"state":"available"}`: func(c *Client) (string, error) {
			a, err := c.SetStatus(ctx, "ana", routing.Status{State: routing.Available})
			return a.Name, err
		},
		`POST /v1/agents/ana/clear {"connection":2,"contact":"c1"}`: func(c *Client) (string, error) {
			a, err := c.Clear(ctx, "ana", routing.SegmentID{Contact: "c1", Connection: 2})
			return a.Name, err
		},
		"GET /v1/queues/doctors": func(c *Client) (string, error) {
			q, err := c.Queue(ctx, "doctors")
			return q.Name, err
		},
	} {
		c, asked := answering(t, 200, `{"name":"it"}`)
		if got, err := request(c); err != nil || got != "it" || *asked != want {
			t.Errorf("got %q and %v; asked %q, want %q", got, err, *asked, want)
		}
	}
}

func TestRoutingLists(t *testing.T) {
	c, asked := answering(t, 200, `{"agents":[{"name":"ana"}],"queues":[{"name":"doctors"}],"endpoints":[{"name":"cardiology"}]}`)
	if a, err := c.Agents(t.Context()); err != nil || len(a) != 1 || a[0].Name != "ana" || *asked != "GET /v1/agents" {
		t.Errorf("got %v and %v of %s", a, err, *asked)
	}
	if q, err := c.Queues(t.Context()); err != nil || len(q) != 1 || q[0].Name != "doctors" || *asked != "GET /v1/queues" {
		t.Errorf("got %v and %v of %s", q, err, *asked)
	}
	if e, err := c.Endpoints(t.Context()); err != nil || len(e) != 1 || e[0].Name != "cardiology" || *asked != "GET /v1/endpoints" {
		t.Errorf("got %v and %v of %s", e, err, *asked)
	}
}

// The key and the wish to wait are in the header.
func TestHeaders(t *testing.T) {
	var header http.Header
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header = r.Header
		_, _ = io.WriteString(w, `{"id":"t1"}`)
	}))
	defer server.Close()
	c := New(server.URL)
	c.UseKey("a-key-of-the-dialler")
	tr, err := c.Transfer(t.Context(), call.ContactID("c1"), TransferRequest{Target: "cardiology", Wait: 30 * time.Second})
	if err != nil || tr.ID != "t1" {
		t.Fatalf("got %+v and %v", tr, err)
	}
	if got := header.Get("Authorization"); got != "Bearer a-key-of-the-dialler" {
		t.Errorf("Authorization is %q", got)
	}
	if got := header.Get("Prefer"); got != "wait=30" {
		t.Errorf("Prefer is %q", got)
	}
}

func TestHistory(t *testing.T) {
	c, asked := answering(t, 200, `{"events":[{"seq":3},{"seq":5}]}`)
	if e, err := c.History(t.Context(), "c1"); err != nil || len(e) != 2 || e[1].Seq != 5 || *asked != "GET /v1/contacts/c1/history" {
		t.Errorf("got %v and %v of %s", e, err, *asked)
	}
}
