package switchboard

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"holdfast/call"
)

// A desk phone's transfer key is a request: it is recorded with its effect before the
// phone is answered.
func TestRequestOnALine(t *testing.T) {
	inBubble(t, func(b *bench) {
		b.talk()
		n := b.sent()
		b.journal.set(always(slow))
		b.deliver(ana, "REFER +15550123")
		b.wantSent(n)
		b.pass(time.Second)
		b.wantSent(n, "-> 3 INVITE", "-> 2 202 to REFER", "-> 3 INVITE again")
		b.wantStage(call.Reaching)
		events := b.journal.last().Events
		if ask, ok := events[0].Event.(call.TransferRequested); !ok || !ask.Reported || ask.By != ana {
			t.Errorf("the entry's first event is %#v", events[0].Event)
		}
		b.wantWriteAhead()
	})
}

func TestRequestOnALineIsRefused(t *testing.T) {
	for to, want := range map[string]string{
		"+1900":     "denied: not allowed",
		"+15550100": "that would be a transfer of the customer to themselves",
	} {
		inBubble(t, func(b *bench) {
			b.talk()
			n := b.sent()
			b.deliver(ana, msg("REFER "+to))
			b.wantSent(n, "-> 2 refused: "+want)
			b.wantStage(call.Talking)
			b.wantWriteAhead()
		})
	}
}

// Endpoints of a request on a line are spelled as everybody spells them.
func TestRequestOnALineIsCanonical(t *testing.T) {
	inBubble(t, func(b *bench) {
		b.talk()
		b.deliver(ana, "REFER sip:ben@elsewhere")
		c, _ := b.s.Contact("c1")
		if got := c.Transfer.Target(); got.Kind != call.AgentEndpoint || got.Address != "ben" {
			t.Errorf("the target is %+v", got)
		}
	})
}

func TestRequestsOnALineArePaced(t *testing.T) {
	inBubble(t, func(b *bench) {
		b.talk()
		for i := range requestBurst {
			if err := b.hold(i%2 == 0); err != nil {
				t.Fatal(err)
			}
		}
		n := b.sent()
		b.deliver(ana, "REFER +15550123")
		if sent := b.trace.sent()[n:]; len(sent) != 1 || !strings.HasPrefix(sent[0], "-> 2 refused: there have been too many requests") {
			t.Errorf("sent %q", sent)
		}
	})
}

// A journal that is down for longer than a phone waits for an answer makes a request on
// a line void: its user has gone on.
func TestRequestOnALineThatWaitedTooLong(t *testing.T) {
	for down, granted := range map[time.Duration]bool{10 * time.Second: true, askedWithin + time.Second: false} {
		inBubble(t, func(b *bench) {
			b.talk()
			b.journal.set(always(fails))
			b.deliver(ana, "REFER +15550123")
			b.pass(down)
			b.journal.set(nil)
			b.pass(retryMost)
			if got := b.trace.count("-> 2 202 to REFER") == 1; got != granted {
				t.Errorf("after %s: granted: %t, sent %q", down, got, b.trace.sent())
			}
			b.wantWriteAhead()
		})
	}
}

func TestRequestOnALineWhileTheJournalIsBehind(t *testing.T) {
	inBubble(t, func(b *bench) {
		b.talk()
		b.occupy(10 * time.Second)
		for range roomFor {
			b.s.writes.urgent.begin(time.Now())
		}
		b.pass(time.Second)
		if err := b.s.AdmitsWork(); !errors.Is(err, ErrBusy) {
			t.Fatalf("AdmitsWork: %v", err)
		}
		b.deliver(ana, "REFER +15550123")
		b.pass(20 * time.Second)
		if b.trace.count("-> 2 refused: "+ErrBusy.Error()) != 1 {
			t.Errorf("sent %q", b.trace.sent())
		}
	})
}

// An agent whose phone dials is reserved before anything is sent, and one who cannot be
// reserved dials anyway.
func TestPhoneThatDialsIsReserved(t *testing.T) {
	for _, err := range []error{nil, &DialError{call.Busy, "ana is busy"}} {
		inBubble(t, func(b *bench) {
			router := &dialRouter{err: err}
			b.s.options.Router = router
			b.begin("DIAL")
			b.wantSent(0, "-> 1 100", "-> 2 INVITE")
			if got := router.reserved; len(got) != 2 || got[0] != 1 || got[1] != 2 || !router.settled {
				t.Errorf("reserved %v, settled: %t", got, router.settled)
			}
		})
	}
}

// A dialRouter counts who is reserved; err is for connection 1.
type dialRouter struct {
	everybody
	err      error
	reserved []call.ConnectionID
	settled  bool
}

func (r *dialRouter) Reserve(_ call.Contact, id call.ConnectionID) error {
	r.reserved = append(r.reserved, id)
	if id == 1 {
		return r.err
	}
	return nil
}

func (r *dialRouter) Settled(context.Context, call.ContactID) error {
	r.settled = true
	return nil
}

// An agent's phone dials: its line is connection 1, and the customer's is 2.
func TestPhoneDials(t *testing.T) {
	inBubble(t, func(b *bench) {
		b.begin("DIAL")
		b.wantSent(0, "-> 1 100", "-> 2 INVITE")
		b.deliver(2, "180", "200")
		b.wantSent(2, "-> 1 180", "-> 2 ACK", "-> 1 200")
		b.wantStage(call.Talking)
		b.deliver(1, "BYE")
		b.deliver(2, "200 to BYE")
		b.wantWriteAhead()
		b.wantOver()
	})
}

func TestPhoneDialsWhatIsDenied(t *testing.T) {
	inBubble(t, func(b *bench) {
		b.lines.dialled.Address = "+1900"
		b.begin("DIAL")
		b.wantSent(0, "-> 1 100", "-> 1 480")
		b.wantOver()
	})
}

// The line that asked for a transfer gets a report of its end before its BYE, also when
// its connection has left the contact and only the line is still there.
func TestReportsToALine(t *testing.T) {
	inBubble(t, func(b *bench) {
		b.talk()
		b.deliver(ana, "REFER +15550123")
		n := b.sent()
		b.deliver(target, "180", "180", "200")
		b.wantSent(n, "-> 2 NOTIFY ringing", "-> 3 ACK", "-> 2 NOTIFY completed", "-> 2 BYE")
		b.wantWriteAhead()
	})
	inBubble(t, func(b *bench) {
		b.talk()
		b.deliver(ana, "REFER +15550123")
		if _, err := b.request(time.Second, call.LeaveRequested{By: ana}); err != nil {
			t.Fatal(err)
		}
		n := b.sent()
		b.deliver(target, "486")
		b.wantSent(n, "-> 3 ACK", "-> 2 NOTIFY over busy", "-> 4 INVITE")
	})
}
