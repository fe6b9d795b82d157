package journal

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"holdfast/call"
	"holdfast/switchboard"
)

// full is an entry with everything in it.
func full() switchboard.Entry {
	e := entry("g1", 7)
	e.Version = switchboard.EntryVersion
	e.Contact.Rules = call.DefaultRules()
	e.Contact.Agent = call.Endpoint{Kind: call.AgentEndpoint, Address: "ana"}
	e.Contact.LastConnection = 2
	e.Contact.Connections = []call.Connection{
		{ID: 1, Party: call.Customer, Endpoint: call.Endpoint{Kind: call.PhoneNumber, Address: "+41445550101"}, State: call.Held, Since: noon},
		{ID: 2, Party: call.Agent, Endpoint: e.Contact.Agent, State: call.Connected, Since: noon},
	}
	e.Legs = map[call.ConnectionID]switchboard.LegMemory{
		1: {Kind: "sip", Memory: json.RawMessage(`{"callID":"x"}`)}, 2: {Kind: "web", Memory: json.RawMessage(`{"page":"y"}`)},
	}
	e.Events = []call.Timed{
		{At: noon, Event: call.HoldRequested{By: 2, Connection: 1}},
		{At: noon, Event: call.HungUp{Connection: 3}},
	}
	e.Notified = []call.Notify{{Connection: 2, Reason: call.Busy, Text: "cardiology is busy"}}
	e.Trace = []string{"<- 486 Busy Here (INVITE)", "-> ACK"}
	return e
}

func TestAppendKeepsTheWholeEntry(t *testing.T) {
	j := open(t, t.TempDir())
	want := full()
	want.Seq = mustAppend(t, j, want, 0)
	for got, err := range j.Live(t.Context()) {
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v (%v)\nwant %+v", got, err, want)
		}
	}
}

func TestLiveIsSortedByArrival(t *testing.T) {
	j := open(t, t.TempDir())
	for i, minutes := range []int{3, 1, 2} {
		e := entry(fmt.Sprint("c", i), 1)
		e.Contact.Arrived = noon.Add(time.Duration(minutes) * time.Minute)
		e.Step = 2
		mustAppend(t, j, e, mustAppend(t, j, entry(fmt.Sprint("c", i), 1), 0))
	}
	if got, want := steps(j.Live(t.Context())), "4:c1/2 6:c2/2 2:c0/2"; got != want {
		t.Errorf("live: %s, want %s", got, want)
	}
}

func TestAnEmptyJournalHasNobodyLive(t *testing.T) {
	j := open(t, t.TempDir())
	if got := steps(j.Live(t.Context())); got != "" {
		t.Errorf("live: %s", got)
	}
	if got := history(t, j, "nobody"); got != "" {
		t.Errorf("history: %s", got)
	}
}

func TestWhatCannotBeReadHidesNobody(t *testing.T) {
	j := open(t, t.TempDir())
	live(t, j, "a", 1)
	broken := map[string]string{
		"newer": `{"version":99,"contact":{"id":"newer"}}`,
		"json":  `{"version":1,`,
		"none":  `{}`,
		"liar":  `{"version":1,"contact":{"id":"somebody"}}`,
		"event": `{"version":1,"contact":{"id":"event"},"events":[{"event":"Unheard"}]}`,
		"empty": ``,
	}
	for id, data := range broken {
		if _, err := j.js.PublishMsg(t.Context(), &nats.Msg{Subject: "contact." + id, Data: []byte(data)}); err != nil {
			t.Fatal(err)
		}
	}
	live(t, j, "z", 2)

	var said []string
	entries := 0
	for _, err := range j.Live(t.Context()) {
		if err != nil {
			said = append(said, err.Error())
		} else {
			entries++
		}
	}
	if entries != 2 || len(said) != len(broken) {
		t.Errorf("%d entries and %d errors, want 2 and %d", entries, len(said), len(broken))
	}
	all := strings.Join(said, "\n")
	for id := range broken {
		if !strings.Contains(all, " of contact."+id+":") {
			t.Errorf("nothing said of %s in:\n%s", id, all)
		}
	}
	if !strings.Contains(all, "a newer Holdfast wrote it (version 99") {
		t.Errorf("nothing said of the version in:\n%s", all)
	}
}

func TestLiveFindsAThousand(t *testing.T) {
	j := open(t, t.TempDir())
	crowd(t, j, 1000)
	begin := time.Now()
	n := 0
	for _, err := range j.Live(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	t.Logf("%d contacts within %v", n, time.Since(begin))
	if n != 1000 {
		t.Errorf("%d contacts, want 1000", n)
	}
}

// Whom the reader has not been given, Live asks for by name.
func TestLiveAsksForWhomItsReaderOverlooks(t *testing.T) {
	j := open(t, t.TempDir())
	live(t, j, "a", 2)
	live(t, j, "b", 1)
	archive(t, j, "c", 2)
	msgs, err := j.collectLast(t.Context(), j.contacts, "contact.*")
	if err != nil || len(msgs) != 2 {
		t.Fatalf("%d messages (%v), want 2", len(msgs), err)
	}
	for given, want := range []string{"[contact.a:2 contact.b:3]", "[contact.b:3]", "[]"} {
		var last []message
		for _, m := range msgs[:given] {
			last = append(last, messageIn(m))
		}
		missed, err := j.overlooked(t.Context(), last)
		var got []string
		for _, m := range missed {
			got = append(got, fmt.Sprintf("%s:%d", m.subject, m.seq))
		}
		slices.Sort(got)
		if fmt.Sprint(got) != want || err != nil {
			t.Errorf("given %d, asked for %v (%v), want %s", given, got, err, want)
		}
	}
}

// An error that passes costs nobody their contact.
func TestLiveOutlastsAPassingError(t *testing.T) {
	t.Parallel()
	j := open(t, t.TempDir())
	mustAppend(t, j, fat("a", 2, 3), mustAppend(t, j, fat("a", 1, 3), 0))
	forgetful(t, j, "a", 1)
	if got, want := steps(j.Live(t.Context())), "2:a/2"; got != want {
		t.Errorf("live: %s, want %s", got, want)
	}
}

// A contact is not taken for archived because its last entry is not found.
func TestNotFoundIsNotArchived(t *testing.T) {
	j := open(t, t.TempDir())
	archive(t, j, "a", 1)
	if m, err := j.last(t.Context(), "contact.a"); m != nil || err != nil {
		t.Errorf("an archived contact is %v, %v", m, err)
	}
	if _, err := j.last(t.Context(), "contact.b"); err == nil {
		t.Error("one that is nowhere is taken for archived")
	}
}

// crowd writes n contacts of one entry each.
func crowd(t testing.TB, j *Journal, n int) {
	t.Helper()
	done := make(chan error)
	for w := range 20 {
		go func() {
			var err error
			for i := w; i < n && err == nil; i += 20 {
				e := full()
				e.Contact.ID = call.ContactID(fmt.Sprint("c", i))
				_, err = j.Append(t.Context(), e, 0)
			}
			done <- err
		}()
	}
	for range 20 {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
}

// BenchmarkLive reads a thousand contacts; 300 ms is what a restart may spend
// on it.
func BenchmarkLive(b *testing.B) {
	j := open(b, b.TempDir())
	crowd(b, j, 1000)
	for b.Loop() {
		readLive(b, j)
	}
}

func readLive(b *testing.B, j *Journal) (n int) {
	b.Helper()
	for _, err := range j.Live(b.Context()) {
		if err != nil {
			b.Fatal(err)
		}
		n++
	}
	return n
}

// BenchmarkLiveOfManyEntries opens a journal with five thousand contacts of three to
// ten entries each, all but the first with what has changed, and reads them.
func BenchmarkLiveOfManyEntries(b *testing.B) {
	dir := b.TempDir()
	j, err := Open(b.Context(), Options{Dir: dir, Owner: "one", SyncInterval: time.Hour, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	for i := range 5000 {
		e, last := full(), uint64(0)
		e.Contact.ID = call.ContactID(fmt.Sprint("c", i))
		for e.Step = 1; e.Step <= uint64(3+i%8); e.Step++ {
			e.Contact.LastConnection++
			e.Contact.Connections[0].Since = noon.Add(time.Duration(e.Step) * time.Second)
			last = mustAppend(b, j, e, last)
		}
	}
	if err := j.Close(); err != nil {
		b.Fatal(err)
	}
	var opening, reading time.Duration
	for b.Loop() {
		began := time.Now()
		j, err := Open(b.Context(), Options{Dir: dir, Owner: "one", Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			b.Fatal(err)
		}
		opened := time.Now()
		if n := readLive(b, j); n != 5000 {
			b.Fatalf("%d contacts live", n)
		}
		opening, reading = opening+opened.Sub(began), reading+time.Since(opened)
		if err := j.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(opening.Milliseconds())/float64(b.N), "ms/open")
	b.ReportMetric(float64(reading.Milliseconds())/float64(b.N), "ms/read")
}

// BenchmarkDraft is what it takes to work out what an entry has to hold.
func BenchmarkDraft(b *testing.B) {
	j := &Journal{}
	e := full()
	d, err := j.draft(e)
	if err != nil {
		b.Fatal(err)
	}
	j.landed(d, 1)
	e.Step++
	e.Contact.LastConnection++
	for b.Loop() {
		if d, err = j.draft(e); err != nil || d.isWhole() {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(d.all.Data)), "B/whole")
	b.ReportMetric(float64(len(d.m.Data)), "B/entry")
}

func FuzzDecode(f *testing.F) {
	m, err := encode(full())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(m.Data)
	f.Add([]byte(`{"version":1,"contact":{"id":"g1"}}`))
	f.Add([]byte(`{"version":2}`))
	f.Add([]byte(`{"version":1,"contact":{"id":"g1"},"events":[null],"legs":{"1":null}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		d := &decoder{fetch: func(string, uint64) (message, error) { return message{}, errNoEntry }}
		e, err := d.entry(message{"contact.g1", 1, 0, data})
		if err != nil {
			return
		}
		e.Owner = "one"
		m, err := encode(e)
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		again, err := d.entry(message{"contact.g1", 1, 0, m.Data})
		if err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
		twice, err := encode(again)
		if err != nil || !bytes.Equal(twice.Data, m.Data) {
			t.Errorf("written %s, then %s (%v)", m.Data, twice.Data, err)
		}
	})
}
