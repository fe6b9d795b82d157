package switchboard

import (
	"errors"
	"slices"
	"testing"
	"time"

	"holdfast/call"
)

// otherPhone is a call from another phone of ana's.
type otherPhone struct {
	lines *fakeLegs
	err   error // why it cannot be taken
}

func (o otherPhone) Join(_ call.ContactID, id call.ConnectionID, epoch uint16) (Leg, Incoming, error) {
	if o.err != nil {
		return nil, nil, o.err
	}
	o.lines.opened(id)
	return fakeLeg{lines: o.lines, ID: id, Epoch: epoch}, msg("REPLACES"), nil
}

func (o otherPhone) TurnAway(err error) Outgoing {
	if err != nil {
		return out{o.lines.trace, "-> new " + err.Error(), Journaled}
	}
	return out{o.lines.trace, "-> new 603", Journaled}
}

func (otherPhone) Trace() string { return "<- INVITE Replaces" }

// replace has ana's other phone call in the place of a line.
func (b *bench) replace(id call.ConnectionID, err error) {
	b.t.Helper()
	if !b.s.Replace(call.Place{Contact: "c1", Connection: id}, otherPhone{b.lines, err}) {
		b.t.Error("there is no such contact")
	}
	b.pass(time.Millisecond)
}

// The new line is answered, the old one ends, and the contact goes on with the new one,
// also in another process.
func TestLineReplacesAnother(t *testing.T) {
	inBubble(t, func(b *bench) {
		b.talk()
		n := b.sent()
		b.replace(ana, nil)
		b.wantSent(n, "-> 3 100", "-> 3 200", "-> 2 BYE")
		b.deliver(ana, "200 to BYE")
		c, _ := b.s.Contact("c1")
		if len(c.Connections) != 2 || c.Connections[1].ID != 3 || c.Connections[1].State != call.Connected {
			t.Errorf("the connections are %+v", c.Connections)
		}
		n = b.sent()
		b.deliver(3, "refresh")
		b.wantSent(n, "-> 3 200 to refresh")
		b.deliver(1, "BYE")
		b.deliver(3, "200 to BYE")
		b.wantWriteAhead()
		b.wantOver()
	})
}

// A call that cannot be taken, or comes too late, is turned away, and costs nobody a line.
func TestLineThatDoesNotReplace(t *testing.T) {
	inBubble(t, func(b *bench) {
		b.talk()
		n := b.sent()
		b.replace(ana, errors.New("no port"))
		b.replace(7, nil)
		b.replace(1, nil) // the customer's
		b.wantSent(n, "-> new no port", "-> new 603", "-> new 603")
		b.wantStage(call.Talking)
		if b.s.Replace(call.Place{Contact: "c2", Connection: 2}, otherPhone{lines: b.lines}) {
			t.Error("a contact that is not there takes a line")
		}
	})
}

// While the journal does not work nothing is answered. When it does, the line is taken
// once, however often that was planned.
func TestLineReplacesWhileTheJournalIsDown(t *testing.T) {
	inBubble(t, func(b *bench) {
		b.talk()
		n := b.sent()
		b.journal.set(always(fails))
		b.replace(ana, nil)
		b.pass(3 * time.Second)
		b.wantSent(n)
		b.journal.set(always(works))
		b.pass(5 * time.Second)
		b.wantSent(n, "-> 3 100", "-> 3 200", "-> 2 BYE")
		if open := b.lines.still(); !slices.Equal(slices.Sorted(slices.Values(open)), []call.ConnectionID{1, 2, 3}) {
			t.Errorf("legs %v are open", open)
		}
	})
}
