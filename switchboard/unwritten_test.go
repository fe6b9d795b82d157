package switchboard

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"holdfast/call"
)

// calls begins another contact.
func (b *bench) calls(id call.ContactID) error {
	b.lines.opened(customer)
	err := b.s.Open(id, fakeLeg{lines: b.lines, ID: customer, Epoch: 1}, msg("INVITE"))
	if err != nil {
		b.lines.closed(customer)
	}
	synctest.Wait()
	return err
}

// A new contact whose entry can never be written keeps nobody else out, and is let go of
// when its customer has gone.
func TestAContactThatCannotBeWritten(t *testing.T) {
	inBubble(t, func(b *bench) {
		b.journal.refused = "c1"
		b.open()
		b.pass(appendMost + 2*retryMost)
		if err := b.calls("c2"); err != nil {
			t.Errorf("another contact: %v", err)
		}
		if _, written := b.s.Contact("c2"); !written {
			t.Error("the other contact is not written")
		}
		b.deliver(customer, "CANCEL")
		b.pass(abandonAfter)
		if b.s.desk("c1") == nil {
			t.Error("it is let go of although the journal took nothing for a while")
		}
		if err := b.calls("c3"); err != nil {
			t.Error(err)
		}
		b.pass(2 * retryMost)
		if b.s.desk("c1") != nil {
			t.Error("it is still there")
		}
	})
}

// A reservingRouter takes a while to store a reservation.
type reservingRouter struct {
	everybody
	takes time.Duration
}

func (r reservingRouter) Settled(ctx context.Context, _ call.ContactID) error {
	select {
	case <-time.After(r.takes):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// A slow disk is no reason to turn away a caller with nobody ahead, but a reservation that
// does not get done is.
func TestASlowReservation(t *testing.T) {
	for takes, want := range map[time.Duration]int{400 * time.Millisecond: 0, time.Hour: 1} {
		inBubble(t, func(b *bench) {
			b.s.options.Router = reservingRouter{takes: takes}
			b.journal.set(always(slow))
			var away atomic.Int32
			b.lines.opened(customer)
			leg := patientLeg{fakeLeg{lines: b.lines, ID: customer, Epoch: 1}}
			if err := b.s.Open("c1", leg, invite{"INVITE", &away, nil}); err != nil {
				t.Fatal(err)
			}
			b.pass(time.Second)
			if rung := b.trace.count("-> 2 INVITE"); away.Load() != 0 || rung != 1-want {
				t.Errorf("%s: turned away %d times, rung %d times", takes, away.Load(), rung)
			}
			b.pass(appendMost)
			if int(away.Load()) != want {
				t.Errorf("%s: turned away %d times, want %d", takes, away.Load(), want)
			}
		})
	}
}
