package switchboard

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"holdfast/call"
)

// otherPhone is an agent's call from another phone, to go on with a call there.
func (b *bench) otherPhone(id call.ConnectionID, agent string, refuse func(error)) Replacement {
	return Replacement{
		Connection: id, Agent: call.Endpoint{Kind: call.AgentEndpoint, Address: agent}, First: msg("INVITE replaces"),
		Open: func(contact call.ContactID, id call.ConnectionID, epoch uint16) (Leg, Incoming, error) {
			if b.lines.noDial != nil {
				return nil, nil, b.lines.noDial
			}
			leg := fakeLeg{lines: b.lines, contact: contact, ID: id, Epoch: epoch}
			b.lines.opened(leg.key())
			return leg, msg("INVITE replaces"), nil
		},
		Refuse: refuse,
	}
}

// replaces has an agent call from another phone, and returns why that was refused.
func (b *bench) replaces(id call.ConnectionID, agent string) (refused *[]error) {
	b.t.Helper()
	refused = &[]error{}
	if err := b.s.Replace("c1", b.otherPhone(id, agent, func(err error) { *refused = append(*refused, err) })); err != nil {
		b.t.Fatal(err)
	}
	synctest.Wait()
	return refused
}

func TestAnotherPhone(t *testing.T) {
	inBubble(t, func(b *bench) {
		b.talk()
		b.journal.set(always(slow))
		n := b.sent()
		refused := b.replaces(ana, "ana")
		b.deliver(3, "OPTIONS") // finds the line that is being written down
		b.wantSent(n)
		b.pass(time.Second)
		b.wantSent(n, "-> 3 100", "-> 3 200", "-> 2 BYE", "-> 3 200 to OPTIONS")
		b.deliver(ana, "200 to BYE")
		b.wantHears(customer, call.Hearing{From: []call.ConnectionID{3}})
		b.deliver(3, "BYE")
		b.pass(time.Second)
		b.deliver(customer, "200 to BYE")
		b.pass(time.Second)
		b.wantOver()
		b.wantWriteAhead()
		if len(*refused) > 0 {
			t.Errorf("refused: %v", *refused)
		}
	})
}

// A phone that rings is picked up from another.
func TestAnotherPhonePicksUp(t *testing.T) {
	inBubble(t, func(b *bench) {
		b.open()
		n := b.sent()
		b.replaces(ana, "ana")
		b.wantSent(n, "-> 3 100", "-> 3 200", "-> 2 CANCEL", "-> 1 200")
		b.deliver(ana, "487")
		b.wantStage(call.Talking)
		b.wantWriteAhead()
	})
}

// A line that cannot take the place of another is refused, and changes nothing.
func TestAnotherPhoneIsRefused(t *testing.T) {
	for name, test := range map[string]struct {
		id    call.ConnectionID
		agent string
		open  error
		code  call.Code
	}{
		"another's":   {ana, "ben", nil, call.NotYourCall},
		"ended":       {7, "ana", nil, CannotReplace},
		"without one": {ana, "ana", &DialError{call.LineError, "no port is free"}, ""},
	} {
		inBubble(t, func(b *bench) {
			b.talk()
			b.lines.noDial = test.open
			n, entries := b.sent(), len(b.journal.entries())
			refused := *b.replaces(test.id, test.agent)
			var refusal *call.Refusal
			switch {
			case len(refused) != 1:
				t.Errorf("%s: refused %v", name, refused)
			case test.open != nil && !errors.Is(refused[0], test.open):
				t.Errorf("%s: %v", name, refused[0])
			case test.open == nil && (!errors.As(refused[0], &refusal) || refusal.Code != test.code):
				t.Errorf("%s: %v, want %s", name, refused[0], test.code)
			}
			b.wantSent(n)
			if got := len(b.journal.entries()); got != entries {
				t.Errorf("%s: %d entries became %d", name, entries, got)
			}
		})
	}
	inBubble(t, func(b *bench) {
		if err := b.s.Replace("c1", Replacement{}); !errors.Is(err, ErrNoContact) {
			t.Errorf("err is %v", err)
		}
	})
}

// While the journal fails, the old line goes on, and the new one is opened anew for each
// try.
func TestAnotherPhoneWhileTheJournalIsDown(t *testing.T) {
	for _, f := range []fault{fails, lands, hangs, tarry} {
		inBubble(t, func(b *bench) {
			b.talk()
			b.journal.set(always(f))
			n := b.sent()
			b.replaces(ana, "ana")
			b.pass(5 * time.Second)
			b.wantSent(n)
			b.journal.set(nil)
			b.pass(appendMost + retryMost)
			b.wantSent(n, "-> 3 100", "-> 3 200", "-> 2 BYE")
			b.deliver(ana, "200 to BYE")
			b.wantStage(call.Talking)
			b.wantWriteAhead()
		})
	}
}

// The customer leaves while the new line is written down: it is answered and ended.
func TestAnotherPhoneForACustomerWhoLeaves(t *testing.T) {
	inBubble(t, func(b *bench) {
		b.talk()
		b.journal.set(always(fails))
		b.replaces(ana, "ana")
		b.deliver(customer, "BYE")
		b.pass(time.Second)
		b.journal.set(nil)
		b.pass(10 * time.Second)
		b.deliver(ana, "200 to BYE")
		b.deliver(3, "200 to BYE")
		b.pass(10 * time.Second)
		if b.trace.count("-> 3 200") != 1 || b.trace.count("-> 3 BYE") != 1 {
			t.Errorf("sent %q", b.trace.sent())
		}
		b.wantOver()
	})
}
