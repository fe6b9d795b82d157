package webleg

import (
	"context"
	"encoding/json"
	"iter"
	"log/slog"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"holdfast/call"
	"holdfast/media"
	"holdfast/notation"
	"holdfast/switchboard"
)

var loopback = netip.MustParseAddrPort("127.0.0.1:0")

// A house is a switchboard with web legs for agents, and phones in this process
// for customers and targets.
type house struct {
	t       testing.TB
	journal *journal
	engine  *media.Engine
	board   *switchboard.Switchboard
	legs    *Legs
	phones  *phones
	closed  sync.Once
}

// newHouse makes a house with that journal; o configures its legs. If a is nil,
// they have a real socket.
func newHouse(t testing.TB, j *journal, o Options, a answerer) *house {
	t.Helper()
	engine, err := media.Start(media.Options{})
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, journal: j, engine: engine}
	h.board = switchboard.New(switchboard.Options{
		Node: "n1", Journal: j, Rooms: rooms{engine}, Directory: anyone{}, Log: slog.New(slog.DiscardHandler),
	})
	h.phones = &phones{engine: engine, ears: map[place]*ear{}, keys: map[place]chan<- byte{}}
	o.Engine, o.Log = engine, slog.New(slog.DiscardHandler)
	if !o.Address.IsValid() {
		o.Address = loopback
	}
	if o.Board == nil {
		o.Board = h.board
	}
	if o.Present == nil {
		o.Present = func(string) bool { return true }
	}
	if a == nil {
		h.legs, err = Start(o)
	} else {
		h.legs = newLegs(o, a)
	}
	if err != nil {
		t.Fatal(err)
	}
	h.board.Legs = both{h.legs, h.phones}
	t.Cleanup(h.close)
	return h
}

func (h *house) close() {
	h.closed.Do(func() {
		if err := h.board.Close(context.Background()); err != nil {
			h.t.Error(err)
		}
		h.board.Release()
		if err := h.legs.Close(); err != nil {
			h.t.Error(err)
		}
		if err := h.engine.Close(); err != nil {
			h.t.Error(err)
		}
	})
}

// calls makes a customer call ana.
func (h *house) calls(id call.ContactID, tone float64) {
	h.t.Helper()
	leg, err := h.phones.open(place{id, 1}, tone, "talking")
	if err != nil {
		h.t.Fatal(err)
	}
	if err := h.board.Open(id, leg, arrival{}); err != nil {
		h.t.Fatal(err)
	}
	h.until(id, "ana rings", func(c call.Contact) bool { return stateOf(c, 2) == call.Connecting })
}

func (h *house) ear(id call.ContactID, connection call.ConnectionID) *ear {
	return h.phones.ear(place{id, connection})
}

func (h *house) asks(id call.ContactID, r call.Request) {
	h.t.Helper()
	if _, err := h.board.Request(context.Background(), id, r); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) accepts(id call.ContactID) {
	h.t.Helper()
	h.asks(id, call.AcceptRequested{By: 2})
}

// talks makes ana talk to a customer in a browser.
func (h *house) talks(id call.ContactID, customer float64) *browser {
	h.t.Helper()
	h.calls(id, customer)
	b := newBrowser(h.t, ana)
	b.connect(h.legs, id, 2)
	h.accepts(id)
	h.is(id, 2, call.Connected)
	return b
}

// is waits until a connection is in a state.
func (h *house) is(id call.ContactID, c call.ConnectionID, want call.State) {
	h.t.Helper()
	h.until(id, string(want), func(contact call.Contact) bool { return stateOf(contact, c) == want })
}

// until waits until the journal has the contact as ok wants it, and the desk has
// acted on that entry.
func (h *house) until(id call.ContactID, what string, ok func(call.Contact) bool) {
	h.t.Helper()
	deadline := time.After(patiently)
	for {
		more := h.journal.next()
		c := h.journal.contact(id)
		if ok(c) {
			_, _ = h.board.Request(context.Background(), id, call.MuteRequested{}) // refused, once earlier inputs are dealt with
			return
		}
		select {
		case <-more:
		case <-deadline:
			h.t.Fatalf("never came: %s; %+v", what, c)
		}
	}
}

func stateOf(c call.Contact, id call.ConnectionID) call.State {
	for _, x := range c.Connections {
		if x.ID == id {
			return x.State
		}
	}
	return ""
}

type rooms struct{ *media.Engine }

func (r rooms) Room(id call.ContactID) switchboard.Room { return r.Engine.Room(id) }

type anyone struct{}

func (anyone) Permit(call.Endpoint) error              { return nil }
func (anyone) Canonical(e call.Endpoint) call.Endpoint { return e }

// both makes web legs for agents and phones for other parties.
type both struct {
	web    *Legs
	phones *phones
}

func (b both) Dial(id call.ContactID, epoch uint16, d call.Dial) (switchboard.Leg, error) {
	if d.To.Kind == call.AgentEndpoint {
		return b.web.Dial(id, epoch, d)
	}
	return b.phones.open(place{id, d.Connection}, cleo, "ringing")
}

func (b both) Restore(id call.ContactID, c call.ConnectionID, epoch uint16, m switchboard.LegMemory) (switchboard.Leg, error) {
	if m.Kind == Kind {
		return b.web.Restore(id, c, epoch, m)
	}
	var p phone
	if err := json.Unmarshal(m.Memory, &p); err != nil {
		return nil, err
	}
	return b.phones.open(place{id, c}, p.Tone, p.State)
}

// A journal keeps entries in memory.
type journal struct {
	mu      sync.Mutex // guards what follows
	seq     uint64
	entries map[call.ContactID][]switchboard.Entry
	more    chan struct{} // closed and replaced at each entry
	hangs   bool          // Append waits for the end of its context
}

func newJournal() *journal {
	return &journal{entries: map[call.ContactID][]switchboard.Entry{}, more: make(chan struct{})}
}

func (j *journal) next() <-chan struct{} {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.more
}

func (j *journal) Exclusive() bool { return true }

func (j *journal) Append(ctx context.Context, e switchboard.Entry, _ uint64) (uint64, error) {
	j.mu.Lock()
	hangs := j.hangs
	j.mu.Unlock()
	if hangs {
		<-ctx.Done()
		return 0, ctx.Err()
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.seq++
	e.Seq = j.seq
	j.entries[e.Contact.ID] = append(j.entries[e.Contact.ID], e)
	close(j.more)
	j.more = make(chan struct{})
	return j.seq, nil
}

func (j *journal) hang(is bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.hangs = is
}

func (j *journal) Live(context.Context) iter.Seq2[switchboard.Entry, error] {
	j.mu.Lock()
	defer j.mu.Unlock()
	var last []switchboard.Entry
	for _, entries := range j.entries {
		last = append(last, entries[len(entries)-1])
	}
	return func(yield func(switchboard.Entry, error) bool) {
		for _, e := range last {
			if e.Contact.Stage != call.Over && !yield(e, nil) {
				return
			}
		}
	}
}

func (j *journal) Archive(context.Context, call.ContactID) error { return nil }

func (j *journal) History(context.Context, call.ContactID) iter.Seq2[switchboard.Entry, error] {
	panic("a desk does not read")
}

func (j *journal) Follow(context.Context, uint64) iter.Seq2[switchboard.Entry, error] {
	panic("a desk does not read")
}

func (j *journal) Last(context.Context) (uint64, error) { panic("a desk does not read") }

// contact returns a contact as it was last written.
func (j *journal) contact(id call.ContactID) call.Contact {
	j.mu.Lock()
	defer j.mu.Unlock()
	if n := len(j.entries[id]); n > 0 {
		return j.entries[id][n-1].Contact
	}
	return call.Contact{}
}

// story returns the names of a contact's events, with the reason for a loss. It
// leaves out Joined, which comes whenever the audio has changed.
func (j *journal) story(id call.ContactID) []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	var all []string
	for _, e := range j.entries[id] {
		for _, timed := range e.Events {
			switch ev := timed.Event.(type) {
			case call.Joined:
			case call.Lost:
				all = append(all, "Lost: "+ev.Detail)
			default:
				all = append(all, notation.EventName(ev))
			}
		}
	}
	return all
}

// memories returns the memories of ana's leg, without repetitions.
func (j *journal) memories(id call.ContactID) []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	var all []string
	for _, e := range j.entries[id] {
		if m, ok := e.Legs[2]; ok {
			all = append(all, string(m.Memory))
		}
	}
	return slices.Compact(all)
}

func (h *house) wantStory(id call.ContactID, want ...string) {
	h.t.Helper()
	if got := h.journal.story(id); !slices.Equal(got, want) {
		h.t.Errorf("the story is %q, want %q", got, want)
	}
}

// talksThrough is talks, through a relay.
func (h *house) talksThrough(id call.ContactID, customer float64) (*browser, *relay) {
	h.t.Helper()
	h.calls(id, customer)
	b := newBrowser(h.t, ana)
	r := b.connectThrough(h.legs, id, 2)
	h.accepts(id)
	h.is(id, 2, call.Connected)
	h.ear(id, 1).hears(h.t, ana)
	return b, r
}
