package client

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"holdfast/call"
	"holdfast/notation"
	"holdfast/story"
)

// An Event is one transition of a contact.
type Event struct {
	Seq      uint64           `json:"seq"` // its place in the journal
	At       time.Time        `json:"at"`
	Contact  call.Contact     `json:"contact"`  // afterwards
	Events   notation.History `json:"events"`   // in order
	Notified []call.Notify    `json:"notified"` // the notices sent to agents
	Trace    []string         `json:"trace"`    // one per message on the wire since the last event
}

// Moment returns the event as package story takes it.
func (e Event) Moment() story.Moment {
	m := story.Moment{At: e.At, Contact: e.Contact, Notified: e.Notified, Trace: e.Trace}
	for _, timed := range e.Events {
		m.Events = append(m.Events, timed.Event)
	}
	return m
}

const (
	firstPause = 100 * time.Millisecond
	lastPause  = 2 * time.Second
)

// Events yields the events of all contacts, after the event with sequence after or,
// when that is 0, from about now on, until ctx ends. A stream that is cut, even by a
// restart of the server, goes on after the last event seen, so none is missed and
// none comes twice. An error is the last thing it yields: the server could not be
// asked even once, or it has refused, or an event cannot be understood.
func (c *Client) Events(ctx context.Context, after uint64) iter.Seq2[Event, error] {
	return c.follow(ctx, "", after)
}

// EventsOf is Events of one contact; when after is 0, from its beginning. It
// does not end with the contact.
func (c *Client) EventsOf(ctx context.Context, id call.ContactID, after uint64) iter.Seq2[Event, error] {
	return c.follow(ctx, id, after)
}

// History is all that has happened in a contact so far, oldest first.
func (c *Client) History(ctx context.Context, id call.ContactID) ([]Event, error) {
	answer, err := ask[struct{ Events []Event }](ctx, c, http.MethodGet, contactPath(id, "history"), nil)
	return answer.Events, err
}

func (c *Client) follow(ctx context.Context, id call.ContactID, after uint64) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		s := stream{client: c, contact: id, after: after}
		for pause := firstPause; ; pause = min(2*pause, lastPause) {
			before := s.after
			err := s.read(ctx, func(e Event) bool { return yield(e, nil) })
			switch {
			case s.stopped || ctx.Err() != nil:
				return
			case !s.begun || isFinal(err):
				yield(Event{}, err)
				return
			case s.after > before:
				pause = firstPause
			}
			select {
			case <-time.After(pause):
			case <-ctx.Done():
				return
			}
		}
	}
}

// errUnreadable: an event was not understood, perhaps because the server is
// newer than the client. Reading it again would not help.
var errUnreadable = errors.New("reading an event")

func isFinal(err error) bool {
	var refused *Problem
	return errors.Is(err, errUnreadable) ||
		errors.As(err, &refused) && refused.Status < http.StatusInternalServerError
}

// A stream is the position of a reader of events, and why it ended.
type stream struct {
	client  *Client
	contact call.ContactID // empty: all
	after   uint64         // the last event seen
	begun   bool           // the server has answered at least once
	stopped bool           // the reader has stopped
}

// read reads events until the stream is cut, or the reader stops.
func (s *stream) read(ctx context.Context, tell func(Event) bool) error {
	query := url.Values{}
	if s.contact != "" {
		query.Set("contact", string(s.contact))
	}
	if s.after > 0 {
		query.Set("after", strconv.FormatUint(s.after, 10))
	}
	answer, err := s.client.send(ctx, http.MethodGet, "/v1/events?"+query.Encode(), http.NoBody, "Accept", "text/event-stream")
	if err != nil {
		return err
	}
	defer closeBody(answer)
	s.begun = true
	for lines := bufio.NewReader(answer.Body); ; {
		data, err := s.nextData(lines)
		if err != nil {
			return err
		}
		var e Event
		if err := json.Unmarshal(data, &e); err != nil {
			return fmt.Errorf("%w: %w", errUnreadable, err)
		}
		s.after = e.Seq
		if !tell(e) {
			s.stopped = true
			return nil
		}
	}
}

// nextData is the data of the next event of a stream that puts it on one line.
// It ignores a line that was cut short. An id without data, such as the server sends
// before the first event, also sets the position.
func (s *stream) nextData(lines *bufio.Reader) ([]byte, error) {
	var id uint64
	var name string
	for {
		line, err := lines.ReadString('\n')
		if err == io.EOF {
			return nil, io.ErrUnexpectedEOF
		}
		if err != nil {
			return nil, err
		}
		switch field, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": "); {
		case line == "\n":
			s.after, name = max(s.after, id), ""
		case field == "event":
			name = value
		case field == "data" && name != "" && name != "transition": // is of no contact
		case field == "id":
			id, _ = strconv.ParseUint(value, 10, 64) // 0, which changes nothing, if it is not a number
		case field == "data":
			return []byte(value), nil
		}
	}
}
