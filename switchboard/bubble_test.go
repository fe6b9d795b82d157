package switchboard

import (
	"context"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"holdfast/call"
)

// The people of these tests, by connection.
const (
	customer call.ConnectionID = 1
	ana      call.ConnectionID = 2 // the agent
	target   call.ConnectionID = 3
)

// A bench is a switchboard with everything around it made of fakes. It runs in
// a bubble of testing/synctest.
type bench struct {
	t       *testing.T
	s       *Switchboard
	trace   *trace
	journal *fakeJournal
	lines   *fakeLegs
	room    *fakeRoom
}

// inBubble runs test at a fresh bench, and afterwards wants every goroutine
// gone and every message sent in order with the journal.
func inBubble(t *testing.T, test func(*bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		tr := &trace{}
		b := newBench(t, tr, &fakeJournal{trace: tr, live: map[call.ContactID][]kept{}})
		test(b)
		b.close()
	})
}

func newBench(t *testing.T, tr *trace, j *fakeJournal) *bench {
	b := &bench{t: t, trace: tr, journal: j, room: &fakeRoom{deaf: map[call.ConnectionID]bool{}}}
	b.lines = &fakeLegs{
		trace: tr, open: map[call.ConnectionID]int{}, tuned: map[call.ConnectionID]bool{}, broken: map[call.ConnectionID]bool{}, at: map[call.ConnectionID]call.Place{}, held: map[call.ConnectionID]int{},
		dialled: call.Endpoint{Kind: call.PhoneNumber, Address: "+15550177"},
		arrival: call.Arrived{
			Customer: call.Endpoint{Kind: call.PhoneNumber, Address: "+15550100"},
			Called:   "+15550199",
			Agent:    call.Endpoint{Kind: call.AgentEndpoint, Address: "ana"},
		},
	}
	b.s = New(Options{
		Node: "n1", Journal: j, Rooms: b.room, Directory: fakeDirectory{denied: "+1900"},
		Log: slog.New(slog.DiscardHandler),
	})
	b.s.Legs = b.lines
	return b
}

func (b *bench) close() {
	b.t.Helper()
	if err := b.s.Close(context.Background()); err != nil {
		b.t.Error(err)
	}
	b.s.Release()
	if len(b.lines.twice) > 0 {
		b.t.Errorf("lines %v were held twice at once", b.lines.twice)
	}
	if open := b.lines.still(); len(open) > 0 {
		b.t.Errorf("legs %v were not closed exactly once", open)
	}
}

func (b *bench) pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// open begins the contact with the customer's INVITE.
func (b *bench) open() {
	b.t.Helper()
	b.begin("INVITE")
}

// begin begins the contact with a message on the line of connection 1.
func (b *bench) begin(first msg) {
	b.t.Helper()
	b.lines.opened(1)
	b.lines.holds(1, 1)
	if err := b.s.Open("c1", fakeLeg{lines: b.lines, ID: 1, Epoch: 1, Line: 1}, first); err != nil {
		b.t.Fatal(err)
	}
	synctest.Wait()
}

func (b *bench) deliver(id call.ConnectionID, messages ...msg) {
	b.t.Helper()
	for _, m := range messages {
		if !b.s.Deliver("c1", id, m) {
			b.t.Errorf("%q was not delivered to %d", m, id)
		}
	}
	synctest.Wait()
}

// talk has the customer and Ana talking.
func (b *bench) talk() {
	b.t.Helper()
	b.open()
	b.deliver(ana, "200")
	b.wantStage(call.Talking)
}

// reach has Ana's target rung.
func (b *bench) reach() {
	b.t.Helper()
	b.talk()
	if _, err := b.request(time.Second, transferTo("+15550123")); err != nil {
		b.t.Fatal(err)
	}
	b.wantStage(call.Reaching)
}

func transferTo(number string) call.TransferRequested {
	return call.TransferRequested{By: ana, Kind: call.Cold, Target: call.Endpoint{Kind: call.PhoneNumber, Address: number}}
}

func (b *bench) request(within time.Duration, ev call.Event) (call.Contact, error) {
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	c, err := b.s.Request(ctx, "c1", ev)
	synctest.Wait()
	return c, err
}

func (b *bench) wantStage(want call.Stage) {
	b.t.Helper()
	c, ok := b.s.Contact("c1")
	if !ok || c.Stage != want {
		b.t.Errorf("stage is %q, want %q", c.Stage, want)
	}
}

// wantSent wants these messages, in order, after the first n.
func (b *bench) wantSent(n int, want ...string) {
	b.t.Helper()
	if got := b.trace.sent()[n:]; !slices.Equal(got, want) {
		b.t.Errorf("sent\n %q, want\n %q", got, want)
	}
}

func (b *bench) sent() int { return len(b.trace.sent()) }

// wantWriteAhead wants that nothing was sent before it was recorded.
func (b *bench) wantWriteAhead() {
	b.t.Helper()
	if err := checkWriteAhead(b.trace.events); err != nil {
		b.t.Error(err)
	}
}

// wantOver wants the contact archived and everything given back.
func (b *bench) wantOver() {
	b.t.Helper()
	if _, ok := b.s.Contact("c1"); ok {
		b.t.Error("the contact is still there")
	}
	if !slices.Equal(b.journal.archived, []call.ContactID{"c1"}) {
		b.t.Errorf("archived: %v", b.journal.archived)
	}
	if open := b.lines.still(); len(open) > 0 {
		b.t.Errorf("legs %v are still open", open)
	}
	if !b.room.closed {
		b.t.Error("the room is still open")
	}
}
