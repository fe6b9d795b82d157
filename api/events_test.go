package api

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"holdfast/call"
	"holdfast/notation"
	"holdfast/switchboard"
)

// A reader reads the stream of events of a server.
type reader struct {
	t      *testing.T
	lines  *bufio.Scanner
	cancel func()
}

func follow(t *testing.T, m *memory, query string, header ...string) *reader {
	t.Helper()
	server := httptest.NewServer(handler(m))
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(func() { cancel(); server.Close() })
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/v1/events"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { answer.Body.Close() })
	if answer.StatusCode != 200 || answer.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("got %d %s", answer.StatusCode, answer.Header.Get("Content-Type"))
	}
	return &reader{t, bufio.NewScanner(answer.Body), cancel}
}

type told struct {
	Seq     uint64
	Contact call.Contact
	Events  notation.History
	Trace   []string
}

// next waits for the next event; its id must be its sequence.
func (r *reader) next() told {
	r.t.Helper()
	var id string
	for r.lines.Scan() {
		line := r.lines.Text()
		if value, ok := strings.CutPrefix(line, "id: "); ok {
			id = value
		}
		if data, ok := strings.CutPrefix(line, "data: "); ok {
			var e told
			if err := json.Unmarshal([]byte(data), &e); err != nil {
				r.t.Fatal(err)
			}
			if seq, _ := json.Marshal(e.Seq); string(seq) != id {
				r.t.Errorf("event %d has the id %q", e.Seq, id)
			}
			return e
		}
	}
	r.t.Fatalf("the stream has ended: %v", r.lines.Err())
	return told{}
}

func TestEventsOfAContact(t *testing.T) {
	m := newMemory()
	talking(t, m, "c0")
	talking(t, m, "c1")
	talking(t, m, "c2")
	r := follow(t, m, "?contact=c1")
	if e := r.next(); e.Seq != 3 || notation.EventName(e.Events[0].Event) != "Arrived" || len(e.Trace) != 1 {
		t.Errorf("got %+v, want c1's arrival", e)
	}
	if e := r.next(); e.Seq != 4 || e.Contact.Stage != call.Talking {
		t.Errorf("got %+v, want c1's answer", e)
	}
	m.happens(t, "c2", call.HungUp{Connection: 1})
	m.happens(t, "c1", call.HungUp{Connection: 1})
	if e := r.next(); e.Seq != 8 || e.Contact.Stage != call.Over {
		t.Errorf("got %+v, want c1's end", e)
	}
}

func TestEventsGoOnAfterACut(t *testing.T) {
	m := newMemory()
	talking(t, m, "c1")
	r := follow(t, m, "?after=1")
	if e := r.next(); e.Seq != 2 {
		t.Errorf("got %+v", e)
	}
	r.cancel()
	m.happens(t, "c1", call.HungUp{Connection: 1})
	if e := follow(t, m, "?after=1", "Last-Event-ID", "2").next(); e.Seq != 3 {
		t.Errorf("got %+v, want what happened during the cut", e)
	}
}

func TestEventsBeginNow(t *testing.T) {
	m := newMemory()
	talking(t, m, "c1") // at noon of another day
	m.mu.Lock()
	m.entries[1].At = m.entries[1].At.AddDate(1000, 0, 0)
	m.mu.Unlock()
	if e := follow(t, m, "").next(); e.Seq != 2 {
		t.Errorf("got %+v, want only what is new", e)
	}
}

// However long the journal is, a stream that begins now reads only its end, and
// says first where that is.
func TestEventsBeginNowInALongJournal(t *testing.T) {
	m := newMemory()
	m.entries = make([]switchboard.Entry, 10_000)
	for i := range m.entries {
		m.entries[i] = switchboard.Entry{Seq: uint64(i + 1), At: time.Now(), Contact: call.Contact{ID: "c1"}}
	}
	r := follow(t, m, "")
	if r.lines.Scan(); r.lines.Text() != "id: 10000" {
		t.Errorf("the stream begins with %q", r.lines.Text())
	}
	if e := r.next(); e.Seq != 10_000-overlapEntries+1 {
		t.Errorf("the first event is %d", e.Seq)
	}
}

func TestEventsOfNobody(t *testing.T) {
	m := newMemory()
	read[Problem](t, m, 404, "GET", "/v1/events?contact=c1", "")
	read[Problem](t, m, 422, "GET", "/v1/events", "", "Last-Event-ID", "x")
	read[Problem](t, m, 422, "GET", "/v1/events?contcat=c1", "")
	m.broken = errors.New("the disk is gone")
	read[Problem](t, m, 503, "GET", "/v1/events", "")
}

// A quiet stream shows that it is alive, and leaves nothing behind.
func TestQuietStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		m.grown = make(chan struct{}) // of this bubble
		ctx, cancel := context.WithTimeout(t.Context(), 2*keepAlive+keepAlive/2)
		defer cancel()
		w := &deadlined{ResponseRecorder: httptest.NewRecorder()}
		r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/v1/events", nil)
		r.Host = "localhost"
		handler(m).ServeHTTP(w, r)
		if n := strings.Count(w.Body.String(), ": still here\n\n"); n != 2 {
			t.Errorf("%d signs of life: %s", n, w.Body)
		}
	})
}

// As many read events as there may be; one more is refused with a sentence until one of
// them has gone. Requests that are refused for another reason take no place.
func TestReadersOfEventsAreLimited(t *testing.T) {
	m := newMemory()
	server := httptest.NewServer(handler(m))
	defer server.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	open := func(ctx context.Context, query string) *http.Response {
		t.Helper()
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/v1/events"+query, nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		return answer
	}
	for range mostReaders + 1 {
		answer := open(ctx, "?contact=nowhere")
		answer.Body.Close()
		if answer.StatusCode != 404 {
			t.Fatalf("events of no contact: %s", answer.Status)
		}
	}
	one, leave := context.WithCancel(ctx)
	for n := range mostReaders {
		by := ctx
		if n == 0 {
			by = one
		}
		answer := open(by, "")
		defer answer.Body.Close()
		if answer.StatusCode != 200 {
			t.Fatalf("reader %d: %s", n, answer.Status)
		}
	}
	answer := open(ctx, "")
	if answer.StatusCode == 200 {
		t.Fatal("one more is served")
	}
	text, _ := io.ReadAll(answer.Body)
	answer.Body.Close()
	if answer.StatusCode != 503 || answer.Header.Get("Retry-After") == "" || !strings.Contains(string(text), "128 readers of events are connected") {
		t.Errorf("one more: %s %s", answer.Status, text)
	}
	leave()
	for { // until the server has noticed
		answer := open(ctx, "")
		answer.Body.Close()
		if answer.StatusCode == 200 {
			break
		}
	}
	cancel()
}
