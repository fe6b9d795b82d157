package holdfast_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"holdfast/api"
	"holdfast/call"
	"holdfast/client"
	"holdfast/directory"
	"holdfast/media"
	"holdfast/notation"
	"holdfast/routing"
	"holdfast/sipleg"
	"holdfast/sipua"
	"holdfast/switchboard"
	"holdfast/webleg"
)

// shapes holds one of everything that is written down or sent. The files are
// compared with what the code writes, and read by the code that reads such things.
//
//	go test . -run Shapes -update
//
// writes them anew. Until the first release that is how a shape is changed. After
// it, what is in these files must stay readable.
const shapes = "testdata/v1-draft/"

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func TestShapesOfTheJournal(t *testing.T) {
	hasShape(t, "contact.json", ringing(t))
	hasShape(t, "contact-over.json", over(t))
	id := routing.SegmentID{Contact: "c3", Connection: 2}
	hasShape(t, "agent.json", routing.Agent{
		Name: "ana", Capacity: 2, AfterCall: call.Duration(20 * time.Second), Grace: call.Duration(30 * time.Second),
		Status: routing.Status{State: routing.Available}, Next: routing.Status{State: routing.NotReady, Reason: "lunch"},
		Reservation: &routing.Reservation{SegmentID: id, Queue: "sales", Number: 2, Until: noon.Add(30 * time.Second)},
		Segments: []routing.Segment{
			{SegmentID: routing.SegmentID{Contact: "c1", Connection: 2}, Queue: "sales", State: routing.AfterCallWork, Since: noon, ClearBy: noon.Add(20 * time.Second)},
			{SegmentID: routing.SegmentID{Contact: "c2", Connection: 4}, State: routing.Holding, Since: noon},
		},
		AwayUntil: noon.Add(30 * time.Second), IdleSince: noon, State: routing.Away, Since: noon,
	})
	hasShape(t, "queue.json", routing.Queue{
		Name: "sales", Agents: []string{"ana", "ben"}, OfferFor: call.Duration(20 * time.Second), AskAgain: call.Duration(10 * time.Second),
		Entries: []*routing.Entry{{
			SegmentID: id, Priority: 1, Returned: true, Callback: customer, Since: noon, OfferedTo: "ana", Offers: 2,
			Rejected: []routing.Rejection{{Agent: "ben", Until: noon.Add(10 * time.Second)}, {Agent: "cem"}},
		}},
	})
	hasShape(t, "registration.json", directory.Registration{Bindings: []sipua.Binding{{
		Contact: "<sip:ana@192.168.1.20:5060>", Address: "sip:ana@203.0.113.9:1027;transport=tcp", From: netip.MustParseAddrPort("203.0.113.9:1027"),
		Until: noon.Add(time.Hour), Order: "7 a84b4c76e66710", Since: noon, UserAgent: "Desk 1.2",
	}}})
	hasShape(t, "registration-lost.json", directory.Registration{Lost: &sipua.Loss{Binding: sipua.Binding{
		Contact: "<sip:ana@192.168.1.20:5060>", Address: "sip:ana@192.168.1.20:5060", From: netip.MustParseAddrPort("192.168.1.20:5060"),
		Until: noon.Add(time.Minute), Order: "8 a84b4c76e66710", Since: noon,
	}, At: noon.Add(time.Minute), Reason: sipua.Expired}})
}

// hasShape compares a golden file with how v is written, and v with what is read
// from it.
func hasShape[T any](t *testing.T, file string, v T) {
	t.Helper()
	written, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	sameAs(t, shapes+file, string(written)+"\n")
	var again T
	if err := json.Unmarshal([]byte(read(t, shapes+file)), &again); err != nil {
		t.Fatalf("reading %s: %v", file, err)
	}
	if twice, err := json.MarshalIndent(again, "", "  "); err != nil || !bytes.Equal(twice, written) {
		t.Errorf("%s is read as something else (%v)", file, err)
	}
}

// ringing is the entry of a contact in which a first transfer has failed and a
// second one rings.
func ringing(t *testing.T) switchboard.Entry {
	t.Helper()
	rules := call.DefaultRules()
	rules.Fallback = call.Endpoint{Kind: call.QueueEndpoint, Address: "sales"}
	rules.CallerID = call.Endpoint{Kind: call.PhoneNumber, Address: "+4930100"}
	e := switchboard.Entry{Version: switchboard.EntryVersion, Owner: "one", Epoch: 1, At: noon, Contact: call.Contact{ID: "c1"}}
	e = after(t, e,
		call.Arrived{Customer: customer, Called: "+4930100", Agent: ana, Rules: rules},
		call.Answered{Connection: 2},
		call.RecordRequested{By: 2, On: true},
		call.TransferRequested{By: 2, Kind: call.Cold, Target: cardiology, Manner: call.Manner{Confirm: true, Resume: true}, Key: "k1"},
		call.Failed{Connection: 3, Reason: call.Busy, Detail: "486 Busy Here"},
		call.TransferRequested{By: 2, Kind: call.Warm, Target: cardiology, Others: []call.Endpoint{reception}, RingFor: call.Duration(90 * time.Second)},
		call.Rang{Connection: 4}, call.Rang{Connection: 4, EarlyMedia: true},
	)
	e.Trace = []string{"12:00:10.500 <- 180 Ringing (INVITE) cardiology"}
	e.Legs = legs(t)
	return e
}

// over is the last entry of that contact.
func over(t *testing.T) switchboard.Entry {
	t.Helper()
	e := ringing(t)
	e.Events, e.Notified, e.Legs, e.Trace = nil, nil, nil, []string{"12:00:18.000 -> 200 OK (BYE) customer"}
	return after(t, e,
		call.Answered{Connection: 4},
		call.SwapRequested{By: 2},
		call.CompleteRequested{By: 2},
		call.Joined{Connections: []call.ConnectionID{1, 2, 4}},
		call.HungUp{Connection: 1},
	)
}

// after takes events into the contact of an entry, 1.5 s apart.
func after(t *testing.T, e switchboard.Entry, events ...call.Event) switchboard.Entry {
	t.Helper()
	for _, ev := range events {
		e.Step, e.At = e.Step+1, e.At.Add(1500*time.Millisecond)
		c, commands, err := call.Step(e.Contact, e.At, ev)
		if err != nil {
			t.Fatal(err)
		}
		e.Contact, e.Events = c, append(e.Events, call.Timed{At: e.At, Event: ev})
		for _, c := range commands {
			if told, ok := c.(call.Notify); ok {
				e.Notified = append(e.Notified, told)
			}
		}
	}
	return e
}

// legs is what the legs of the golden entry remember, as legs write it that were
// restored from it.
func legs(t *testing.T) map[call.ConnectionID]switchboard.LegMemory {
	t.Helper()
	var golden switchboard.Entry
	if err := json.Unmarshal([]byte(read(t, shapes+"contact.json")), &golden); err != nil {
		t.Fatal(err)
	}
	engine, err := media.Start(media.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer engine.Close()
	local := sipua.Local{Address: netip.MustParseAddrPort("127.88.0.1:5060"), Transport: sipua.UDP}
	browsers, err := webleg.Start(webleg.Options{Address: netip.MustParseAddrPort("127.0.0.1:0"), Engine: engine})
	if err != nil {
		t.Fatal(err)
	}
	defer browsers.Close()
	kinds := map[string]switchboard.Legs{
		"sip": sipleg.New(sipleg.Options{Local: local, Engine: engine, Log: slog.New(slog.DiscardHandler)}),
		"web": browsers,
	}
	seen := map[string]bool{}
	for id, m := range golden.Legs {
		if seen[m.Kind] = true; kinds[m.Kind] == nil {
			t.Fatalf("no leg is of kind %q", m.Kind)
		}
		leg, err := kinds[m.Kind].Restore("c1", id, 1, m)
		if err != nil {
			t.Fatal(err)
		}
		golden.Legs[id] = switchboard.LegMemory{Kind: leg.Kind(), Memory: leg.Memory()}
		leg.Close()
	}
	if len(seen) != len(kinds) {
		t.Errorf("contact.json has legs of kinds %v, want one of each of %d", seen, len(kinds))
	}
	return golden.Legs
}

// TestShapesOfEvents: a server streams a golden entry as is written, and a
// client reads it.
func TestShapesOfEvents(t *testing.T) {
	e := ringing(t)
	e.Seq = 7
	server := httptest.NewServer(api.Handler(api.Options{Journal: oneEntry{e}, Version: "v1-draft"}))
	defer server.Close()
	sameAs(t, shapes+"stream.txt", ask(t, server.URL+"/v1/events?after=6"))

	golden := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, read(t, shapes+"stream.txt"))
	}))
	defer golden.Close()
	for got, err := range client.New(golden.URL).Events(t.Context(), 6) {
		want := client.Event{Seq: 7, At: e.At, Contact: e.Contact, Events: e.Events, Notified: e.Notified, Trace: e.Trace}
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("read %+v (%v)\nwant %+v", got, err, want)
		}
		break
	}
}

// oneEntry is a journal with one entry.
type oneEntry struct{ switchboard.Entry }

func (j oneEntry) Last(context.Context) (uint64, error) { return j.Seq, nil }

func (j oneEntry) History(ctx context.Context, _ call.ContactID) iter.Seq2[switchboard.Entry, error] {
	return j.Follow(ctx, 0)
}

func (j oneEntry) Follow(context.Context, uint64) iter.Seq2[switchboard.Entry, error] {
	return func(yield func(switchboard.Entry, error) bool) { yield(j.Entry, nil) }
}

// ask returns what a server answers.
func ask(t *testing.T, url string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s: got %s, %v: %s", url, answer.Status, err, text)
	}
	return string(text)
}

func TestShapesOfHTTP(t *testing.T) {
	server := httptest.NewServer(api.Handler(api.Options{Version: "v1-draft"}))
	defer server.Close()
	var text bytes.Buffer
	if err := json.Indent(&text, []byte(ask(t, server.URL+"/openapi.json")), "", "  "); err != nil {
		t.Fatal(err)
	}
	sameAs(t, shapes+"openapi.json", strings.TrimSpace(text.String())+"\n")
}

// TestShapesOfTheCore: one of every event and of every command, a queue's
// connection, and a mix.
func TestShapesOfTheCore(t *testing.T) {
	var history notation.History
	for _, ev := range everyEvent {
		history = append(history, call.Timed{At: noon, Event: ev})
	}
	hasShape(t, "events.json", history)
	hasShape(t, "commands.json", everyCommand)
	hasShape(t, "queued.json", call.Connection{
		ID: 4, Party: call.Target, Endpoint: reception, State: call.Connecting, Since: noon,
		Offer: call.Offer{Number: 2, Agent: ana, Ended: call.NoAnswer},
	})
	hasShape(t, "holding.json", call.Connection{ID: 2, Party: call.Agent, Endpoint: ana, State: call.Connected, Since: noon, Holding: true})
	hasShape(t, "mix.json", call.Mix{
		{Connection: 1, Audio: call.HoldAudio, Recorded: true},
		{Connection: 2, From: []call.ConnectionID{3}},
		{Connection: 3, From: []call.ConnectionID{2}, Before: call.RingbackAudio},
	})
	for file, names := range map[string][]string{
		"events.json":   declaring(t, "call/event.go", "connection"),
		"commands.json": declaring(t, "call/command.go", "isCommand"),
	} {
		for _, name := range names {
			if !strings.Contains(read(t, shapes+file), `"`+name+`"`) {
				t.Errorf("%s has no %s", file, name)
			}
		}
	}
}
