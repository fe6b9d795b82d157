package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"holdfast/call"
)

// answering starts a server that notes what it is asked and gives one answer.
func answering(t *testing.T, status int, answer string) (*Client, *string) {
	t.Helper()
	asked := new(string)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		*asked = strings.TrimSpace(fmt.Sprintf("%s %s %s", r.Method, r.URL, body))
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(server.Close)
	return New(server.URL + "/"), asked
}

func TestRequests(t *testing.T) {
	ctx := t.Context()
	for want, request := range map[string]func(c *Client) (string, error){
		"GET /v1/contacts/c1": func(c *Client) (string, error) {
			contact, err := c.Contact(ctx, "c1")
			return string(contact.ID), err
		},
		`POST /v1/contacts/c1/transfers {"by":2,"key":"k","kind":"cold","ringFor":"7s","target":"cardiology"}`: func(c *Client) (string, error) {
			transfer, err := c.Transfer(ctx, "c1", TransferRequest{Target: "cardiology", Kind: call.Cold, RingFor: 7 * time.Second, Key: "k", By: 2})
			return transfer.ID, err
		},
		`POST /v1/contacts/c1/transfers {"target":"ben"}`: func(c *Client) (string, error) {
			transfer, err := c.Transfer(ctx, "c1", TransferRequest{Target: "ben"})
			return transfer.ID, err
		},
		`POST /v1/contacts/c1/transfers {"kind":"warm","parallel":true,"resume":true,"supersede":true,"targets":["ben","cardiology"]}`: func(c *Client) (string, error) {
			transfer, err := c.Transfer(ctx, "c1", TransferRequest{
				Target: "ben", Others: []string{"cardiology"}, Kind: call.Warm, Parallel: true, Resume: true, Supersede: true,
			})
			return transfer.ID, err
		},
		"DELETE /v1/contacts/c1/transfers/t1": func(c *Client) (string, error) {
			transfer, err := c.Cancel(ctx, "c1", "t1")
			return transfer.ID, err
		},
		"POST /v1/contacts/c1/hold": func(c *Client) (string, error) {
			contact, err := c.Hold(ctx, "c1")
			return string(contact.ID), err
		},
		`POST /v1/contacts/c1/hold {"connection":3}`: func(c *Client) (string, error) {
			contact, err := c.HoldParty(ctx, "c1", 3)
			return string(contact.ID), err
		},
		"POST /v1/contacts/c%2F1/resume": func(c *Client) (string, error) {
			contact, err := c.Resume(ctx, "c/1")
			return string(contact.ID), err
		},
		`POST /v1/contacts/c1/resume {"connection":3}`: func(c *Client) (string, error) {
			contact, err := c.ResumeParty(ctx, "c1", 3)
			return string(contact.ID), err
		},
		"POST /v1/contacts/c1/swap": func(c *Client) (string, error) {
			contact, err := c.Swap(ctx, "c1")
			return string(contact.ID), err
		},
		"POST /v1/contacts/c1/conference": func(c *Client) (string, error) {
			contact, err := c.Conference(ctx, "c1")
			return string(contact.ID), err
		},
		"POST /v1/contacts/c1/complete": func(c *Client) (string, error) {
			contact, err := c.Complete(ctx, "c1")
			return string(contact.ID), err
		},
		"POST /v1/contacts/c1/leave": func(c *Client) (string, error) {
			contact, err := c.Leave(ctx, "c1")
			return string(contact.ID), err
		},
		"POST /v1/contacts/c1/end": func(c *Client) (string, error) {
			contact, err := c.End(ctx, "c1")
			return string(contact.ID), err
		},
		`POST /v1/contacts/c1/mute {"muted":false}`: func(c *Client) (string, error) {
			contact, err := c.Mute(ctx, "c1", false)
			return string(contact.ID), err
		},
		`POST /v1/contacts/c1/digits {"connection":3,"digits":"1#"}`: func(c *Client) (string, error) {
			contact, err := c.Digits(ctx, "c1", 3, "1#")
			return string(contact.ID), err
		},
		`POST /v1/contacts/c1/digits {"digits":"1"}`: func(c *Client) (string, error) {
			contact, err := c.Digits(ctx, "c1", 0, "1")
			return string(contact.ID), err
		},
		`POST /v1/contacts/c1/record {"on":true}`: func(c *Client) (string, error) {
			contact, err := c.Record(ctx, "c1", true)
			return string(contact.ID), err
		},
		`POST /v1/contacts/c1/transfers {"confirm":true,"target":"ben","whisper":true}`: func(c *Client) (string, error) {
			transfer, err := c.Transfer(ctx, "c1", TransferRequest{Target: "ben", Confirm: true, Whisper: true})
			return transfer.ID, err
		},
		`POST /v1/contacts/c1/pickup {"agent":"ana"}`: func(c *Client) (string, error) {
			contact, err := c.PickUp(ctx, "c1", "ana")
			return string(contact.ID), err
		},
	} {
		c, asked := answering(t, 200, `{"id":"answered"}`)
		id, err := request(c)
		if *asked != want || id != "answered" || err != nil {
			t.Errorf("asked %s and got %q, %v; want %s", *asked, id, err, want)
		}
	}
}

func TestContacts(t *testing.T) {
	c, _ := answering(t, 200, `{"contacts":[{"id":"c1","stage":"talking"},{"id":"c2"}]}`)
	contacts, err := c.Contacts(t.Context())
	if err != nil || len(contacts) != 2 || contacts[0].Stage != call.Talking {
		t.Errorf("got %+v, %v", contacts, err)
	}
}

func TestProblems(t *testing.T) {
	for _, test := range []struct {
		status       int
		answer, want string
	}{
		{409, `{"detail":"a transfer is under way","code":"transfer-under-way","transfer":{"id":"t1"}}`, "a transfer is under way"},
		{422, `{"detail":"validation failed","errors":[{"message":"too long","location":"body.target"}]}`, "target: too long"},
		{502, `<html>`, "the server answered 502 Bad Gateway"},
		{404, `<html>`, "the server answered 404 Not Found; is this the address of the HTTP interface?"},
	} {
		c, _ := answering(t, test.status, test.answer)
		_, err := c.Hold(t.Context(), "c1")
		var p *Problem
		if !errors.As(err, &p) || p.Status != test.status || p.Error() != test.want {
			t.Errorf("%s: got %v", test.answer, err)
		}
		if test.status == 409 && (p.Code != call.TransferUnderWay || p.Transfer.ID != "t1") {
			t.Errorf("got %q and %+v, want the transfer that is under way", p.Code, p.Transfer)
		}
	}
}

func TestAnswerThatIsNone(t *testing.T) {
	c, _ := answering(t, 200, `{"contacts":`)
	if contacts, err := c.Contacts(t.Context()); err == nil {
		t.Errorf("half an answer was read as %v", contacts)
	}
}

func TestNoServer(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	c := New(server.URL)
	if _, err := c.Contacts(t.Context()); !errors.Is(err, ErrNoServer) {
		t.Errorf("got %v, want %v", err, ErrNoServer)
	}
	for _, err := range c.Events(t.Context(), 0) {
		if !errors.Is(err, ErrNoServer) {
			t.Errorf("got %v, want %v", err, ErrNoServer)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Contacts(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}

// eventServer tells one part of a stream to each reader who comes, and then
// cuts them off. An empty part is a server that is in trouble.
func eventServer(t *testing.T, parts ...string) (*Client, *[]string) {
	t.Helper()
	asked := new([]string)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := len(*asked) // readers come one after another
		*asked = append(*asked, r.URL.String())
		if n >= len(parts) || parts[n] == "" {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		_, _ = io.WriteString(w, parts[n])
	}))
	t.Cleanup(server.Close)
	return New(server.URL), asked
}

func eventText(seq int, id string) string {
	return fmt.Sprintf(": hello\n\nevent: transition\nid: %d\ndata: {\"seq\":%d,\"contact\":{\"id\":%q}}\n\n", seq, seq, id)
}

func TestEventsGoOnAfterACut(t *testing.T) {
	half := strings.TrimSuffix(eventText(3, "c1"), "}}\n\n")
	c, asked := eventServer(t, eventText(1, "c1")+eventText(2, "c1")+half, "", eventText(3, "c1")+eventText(7, "c1"))
	var seen []uint64
	for e, err := range c.EventsOf(t.Context(), "c1", 0) {
		if err != nil || e.Contact.ID != "c1" {
			t.Fatalf("got %+v, %v", e, err)
		}
		if seen = append(seen, e.Seq); e.Seq == 7 {
			break
		}
	}
	if got, want := fmt.Sprint(seen), "[1 2 3 7]"; got != want {
		t.Errorf("saw %s, want %s", got, want)
	}
	want := "[/v1/events?contact=c1 /v1/events?after=2&contact=c1 /v1/events?after=2&contact=c1]"
	if got := fmt.Sprint(*asked); got != want {
		t.Errorf("asked %s, want %s", got, want)
	}
}

// A reader who is cut off before the first event goes on where the server said
// that the stream begins.
func TestEventsGoOnAfterACutBeforeTheFirst(t *testing.T) {
	c, asked := eventServer(t, "id: 41\n: hello\n\nid: 42\n", eventText(42, "c1"))
	for e, err := range c.Events(t.Context(), 0) {
		if err != nil || e.Seq != 42 {
			t.Fatalf("got %+v, %v", e, err)
		}
		break
	}
	if got, want := fmt.Sprint(*asked), "[/v1/events? /v1/events?after=41]"; got != want {
		t.Errorf("asked %s, want %s", got, want)
	}
}

func TestEventsThatCannotGoOn(t *testing.T) {
	for _, parts := range [][]string{
		{""}, // no answer at all
		{"data: {\"seq\":1,\"events\":[{\"event\":\"FromTheFuture\",\"data\":{}}]}\n\n"},
	} {
		c, asked := eventServer(t, parts...)
		yielded := 0
		for e, err := range c.Events(t.Context(), 5) {
			if yielded++; err == nil {
				t.Errorf("got %+v, want an error", e)
			}
		}
		if yielded != 1 || fmt.Sprint(*asked) != "[/v1/events?after=5]" {
			t.Errorf("yielded %d times after asking %v", yielded, *asked)
		}
	}
}

func TestEventsEndWithTheContext(t *testing.T) {
	c, _ := eventServer(t, eventText(1, "c1"))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for e, err := range c.Events(ctx, 0) {
		if err != nil {
			t.Errorf("got %v after %+v", err, e)
		}
		cancel()
	}
}
