package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"holdfast"
	"holdfast/call"
	"holdfast/client"
	"holdfast/holdfasttest"
	"holdfast/softphone"
	"holdfast/switchboard"
)

// cuts is how often a reader of events is cut off.
const cuts = 100

// A cutOff is a reader of events who is cut off again and again.
type cutOff struct {
	url    string
	last   string // id of the last event that was read as a whole
	events []client.Event
}

// read reads so many bytes of the stream and takes what is whole of them, or
// less if that is enough. It says whether it has left off within an event.
func (c *cutOff) read(ctx context.Context, length int64, enough func() bool) (within bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.url, http.NoBody)
	if err != nil {
		return false, err
	}
	if c.last != "" {
		r.Header.Set("Last-Event-ID", c.last)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return false, err
	}
	defer answer.Body.Close()
	event := ""
	for lines := bufio.NewReader(io.LimitReader(answer.Body, length)); !enough(); {
		line, err := lines.ReadString('\n')
		event += line
		switch {
		case err == io.EOF:
			return event != "", nil
		case err != nil:
			return false, err
		case line == "\n":
			if err := c.take(event); err != nil {
				return false, err
			}
			event = ""
		}
	}
	return false, nil
}

func (c *cutOff) take(event string) error {
	for line := range strings.Lines(event) {
		field, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		switch field {
		case "id":
			c.last = value
		case "data":
			var e client.Event
			if err := json.Unmarshal([]byte(value), &e); err != nil {
				return err
			}
			if id := strconv.FormatUint(e.Seq, 10); id != c.last {
				return fmt.Errorf("event %s has the id %q", id, c.last)
			}
			c.events = append(c.events, e)
		}
	}
	return nil
}

// TestEventsGoOnAfterAHundredCuts: while contacts come and go, a reader of
// events is cut off anywhere, also within an event, and goes on where it was. It
// has then seen what the journal has, each once.
func TestEventsGoOnAfterAHundredCuts(t *testing.T) {
	var kept holdfast.Journal
	h := open(t, func(b *holdfasttest.Bed) {
		holdfasttest.WatchJournal(&b.Options, func(j holdfast.Journal) holdfast.Journal {
			kept = j
			return j
		})
	})
	h.Phone("cardiology").Answering(softphone.Behaviour{Do: softphone.Busy})
	reader := &cutOff{url: "http://" + h.Server.APIAddress().String() + "/v1/events"}
	if _, err := reader.read(h.Soon(), 9000, func() bool { return reader.last != "" }); err != nil {
		t.Fatal(err)
	}
	within := 0
	read := make(chan error)
	go func() {
		defer close(read)
		dice := rand.New(rand.NewPCG(1, 1)) // where it is cut
		for range cuts {
			cut, err := reader.read(t.Context(), dice.Int64N(4000), func() bool { return false })
			if err != nil {
				read <- err
				return
			}
			if cut {
				within++
			}
		}
	}()
	for more := true; more; {
		h.lives()
		select {
		case err := <-read:
			if more = false; err != nil {
				t.Fatal(err)
			}
		default:
		}
	}
	if _, err := reader.read(h.Soon(), math.MaxInt64, func() bool { return reader.has(h.Contact) }); err != nil {
		t.Fatal(err)
	}
	contacts := compare(t, kept, reader.events)
	t.Logf("%d events of %d contacts were read in %d pieces; %d cuts were within one", len(reader.events), contacts, cuts, within)
	if within < cuts/2 {
		t.Errorf("only %d of %d cuts were within an event", within, cuts)
	}
}

// lives: a contact comes, has a transfer that fails, and goes.
func (h *house) lives() {
	h.t.Helper()
	h.Talk()
	h.transfer()
	h.Settled()
	h.Do(h.Client.Resume)
	h.Do(h.Client.Hold)
	h.goodbye()
}

// has says that the reader knows of the contact's end.
func (c *cutOff) has(id call.ContactID) bool {
	return slices.ContainsFunc(c.events, func(e client.Event) bool {
		return e.Contact.ID == id && e.Contact.Stage == call.Over
	})
}

// compare holds what was read against what the journal has of the contacts, up
// to the last event that was read, and returns how many contacts they are.
func compare(t *testing.T, kept switchboard.Journal, read []client.Event) int {
	t.Helper()
	if len(read) == 0 {
		t.Fatal("nothing was read")
	}
	entries := map[uint64]switchboard.Entry{}
	contacts := map[call.ContactID]bool{}
	last := read[len(read)-1].Seq
	for _, e := range read {
		contacts[e.Contact.ID] = true
	}
	for id := range contacts {
		for e, err := range kept.History(t.Context(), id) {
			if err != nil {
				t.Fatal(err)
			}
			if e.Seq <= last {
				entries[e.Seq] = e
			}
		}
	}
	for i, e := range read {
		if i > 0 && e.Seq <= read[i-1].Seq {
			t.Errorf("event %d came after %d", e.Seq, read[i-1].Seq)
		}
		kept := entries[e.Seq]
		want := client.Event{Seq: kept.Seq, At: kept.At, Contact: kept.Contact, Events: kept.Events, Notified: kept.Notified, Trace: kept.Trace}
		if !bytes.Equal(written(t, e), written(t, want)) {
			t.Errorf("event %d is %s, want %s", e.Seq, written(t, e), written(t, want))
		}
	}
	if len(entries) != len(read) {
		t.Errorf("%d events were read, the journal has %d", len(read), len(entries))
	}
	return len(contacts)
}

func written(t *testing.T, e client.Event) []byte {
	t.Helper()
	text, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
