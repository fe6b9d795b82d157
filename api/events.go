package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"holdfast/call"
	"holdfast/notation"
	"holdfast/switchboard"
)

// An event is a transition of a contact as the stream sends it.
type event struct {
	Seq      uint64           `json:"seq" doc:"its place in the journal"`
	At       time.Time        `json:"at"`
	Contact  call.Contact     `json:"contact" doc:"the contact afterwards"`
	Events   notation.History `json:"events,omitempty" doc:"what happened, in order"`
	Notified []call.Notify    `json:"notified,omitempty" doc:"the notices sent to agents"`
	Trace    []string         `json:"trace,omitempty" doc:"messages on the wire since the last event, one line each"`
}

type eventsRequest struct {
	Contact     call.ContactID `query:"contact" maxLength:"64" pattern:"^[A-Za-z0-9_-]*$" doc:"only this contact, from its beginning"`
	After       uint64         `query:"after" doc:"only events after the one with this seq"`
	LastEventID string         `header:"Last-Event-ID" maxLength:"20" doc:"the same as after; browsers send it when they reconnect"`
}

const (
	// overlap is how far back a stream of new events begins, so that a client that asks
	// for it and acts at the same time sees the effects of its own requests; but no
	// more than so many entries, however busy the journal is.
	overlap        = 2 * time.Second
	overlapEntries = 256
	// mostReaders is how many read events at a time. Each takes about 160 kB of memory,
	// and work for every entry.
	mostReaders = 128
	// keepAlive is how often a quiet stream shows that it is alive.
	keepAlive = 15 * time.Second
	// writeWithin is how long a reader may leave us unread before it is cut
	// off; it may come back and read on from its last event.
	writeWithin = 10 * time.Second
)

func (s *server) eventRoutes(api huma.API) {
	huma.Register(api, huma.Operation{
		OperationID: "events", Method: http.MethodGet, Path: "/v1/events",
		Summary: "Events as they happen",
		Description: "A stream of server-sent events named transition. The data of each is an Event in JSON: seq, at, the contact afterwards, " +
			"the events that led there, the notices sent to agents, and a line for each message on the wire. The id is seq: " +
			"a reader who was cut off goes on with it in Last-Event-ID and misses nothing; the first id comes at once, " +
			"before any event. Without it, and without after and contact, the stream begins now. " +
			"Unless it is of one contact, the stream also has events named phone, when an agent's phone has registered at a new place or is " +
			"not registered at one any more. They have no id and do not come again: a reader who was cut off asks for the agents. " +
			fmt.Sprintf("At most %d readers are served at a time; one more gets 503.", mostReaders),
		Errors: []int{http.StatusNotFound, http.StatusServiceUnavailable},
		Responses: map[string]*huma.Response{"200": {
			Description: "server-sent events",
			Content:     map[string]*huma.MediaType{"text/event-stream": {Schema: &huma.Schema{Type: huma.TypeString}}},
		}},
	}, s.events)
}

func (s *server) events(ctx context.Context, in *eventsRequest) (*huma.StreamResponse, error) {
	select {
	case s.readers <- struct{}{}:
	default:
		return nil, retrySoon(fmt.Sprintf("%d readers of events are connected, which is as many as there may be; close one, or try again later", mostReaders))
	}
	from, err := s.beginning(ctx, in)
	if err != nil {
		<-s.readers
		return nil, err
	}
	wanted := func(e switchboard.Entry) bool {
		return (in.Contact == "" || e.Contact.ID == in.Contact) && !e.At.Before(from.since)
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		defer func() { <-s.readers }()
		_, w := humago.Unwrap(hc)
		out := &stream{w: w, controller: http.NewResponseController(w)}
		ctx, cancel := context.WithCancel(hc.Context())
		defer cancel()
		if in.Contact == "" && s.Phones != nil {
			out.phones = s.followPhones(ctx)
		}
		s.stream(ctx, out, from, wanted)
	}}, nil
}

// A beginning is where in the journal a stream begins.
type beginning struct {
	after uint64    // the sequence before the first entry that is looked at
	since time.Time // events decided before that are left out
	id    uint64    // where a reader that is cut off before the first event goes on
}

func (s *server) beginning(ctx context.Context, in *eventsRequest) (beginning, error) {
	switch {
	case in.LastEventID != "":
		id, err := strconv.ParseUint(in.LastEventID, 10, 64)
		if err != nil {
			return beginning{}, problem(http.StatusUnprocessableEntity, fmt.Sprintf("Last-Event-ID %q is not an id of this stream", in.LastEventID))
		}
		return beginning{after: id, id: id}, nil
	case in.After > 0:
		return beginning{after: in.After, id: in.After}, nil
	case in.Contact == "":
		last, err := s.Journal.Last(ctx)
		if err != nil {
			return beginning{}, s.journalProblem(in.Contact, err)
		}
		return beginning{last - min(last, overlapEntries), time.Now().Add(-overlap), last}, nil
	}
	for e, err := range s.Journal.History(ctx, in.Contact) {
		if err != nil {
			return beginning{}, s.journalProblem(in.Contact, err)
		}
		return beginning{after: e.Seq - 1, id: e.Seq - 1}, nil
	}
	return beginning{}, neverWas(in.Contact)
}

// stream writes the journal's entries until the reader goes or the journal ends. A
// goroutine of its own reads the journal, so that a quiet one does not keep the stream
// from showing that it is alive.
func (s *server) stream(ctx context.Context, out *stream, from beginning, wanted func(switchboard.Entry) bool) {
	ctx, cancel := context.WithCancel(ctx)
	entries := make(chan switchboard.Entry)
	go func() {
		defer close(entries)
		for e, err := range s.Journal.Follow(ctx, from.after) {
			if err != nil { // one entry that cannot be read, or the end
				s.Log.Warn("reading events", "entry", e.Seq, "error", err)
				continue
			}
			if !wanted(e) {
				continue
			}
			select {
			case entries <- e:
			case <-ctx.Done():
				return
			}
		}
	}()
	defer func() {
		cancel()
		for range entries { // until the goroutine above has ended
		}
	}()
	out.run(from.id, entries)
}

// A stream is one reader of server-sent events.
type stream struct {
	w          http.ResponseWriter
	controller *http.ResponseController
	phones     <-chan PhoneEvent // nil: none
}

func (s *stream) run(id uint64, entries <-chan switchboard.Entry) {
	s.w.Header().Set("Content-Type", "text/event-stream")
	s.w.Header().Set("Cache-Control", "no-store")
	alive := time.NewTicker(keepAlive)
	defer alive.Stop()
	err := s.write(fmt.Sprintf("id: %d\n: here is what happens\n\n", id))
	for err == nil {
		select {
		case e, more := <-entries:
			if !more {
				return
			}
			err = s.tell(e)
		case e, more := <-s.phones:
			if !more {
				return
			}
			err = s.tellPhone(e)
		case <-alive.C:
			err = s.write(": still here\n\n")
		}
	}
}

func (s *stream) tell(e switchboard.Entry) error {
	data, err := json.Marshal(event{e.Seq, e.At, e.Contact, e.Events, e.Notified, e.Trace})
	if err != nil {
		return err
	}
	return s.write(fmt.Sprintf("event: transition\nid: %d\ndata: %s\n\n", e.Seq, data))
}

func (s *stream) write(text string) error {
	if err := s.controller.SetWriteDeadline(time.Now().Add(writeWithin)); err != nil {
		return err
	}
	if _, err := s.w.Write([]byte(text)); err != nil {
		return err
	}
	return s.controller.Flush()
}
