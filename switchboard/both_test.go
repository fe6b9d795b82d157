package switchboard

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"holdfast/call"
)

// A transfer and the customer's leaving that are taken in together ask for no line: the
// call to the target stays as it is.
func TestLineIsNotAskedForInVain(t *testing.T) {
	for _, f := range []fault{slow, fails} {
		inBubble(t, func(b *bench) {
			b.talk()
			b.dials("180", "200")
			b.journal.set(always(f))
			b.deliver(ana, "refresh")
			b.deliver(ana, "REFER consulted")
			b.deliver(customer, "BYE")
			b.pass(time.Second)
			b.journal.set(nil)
			b.pass(10 * time.Second)
			if c, _ := b.s.Contact(second); c.Stage != call.Talking || b.lines.held[cardiology] != 1 {
				t.Errorf("ana's other call is %s", timeless(c))
			}
			b.hangUp()
			b.say(anaAgain, "BYE")
			b.hangUp()
			b.wantNothingLeft()
		})
	}
}

// A line that comes to take the place of another gets an answer, also if the customer
// leaves while the journal is down.
func TestAnotherPhoneComesTooLate(t *testing.T) {
	inBubble(t, func(b *bench) {
		b.talk()
		b.journal.set(always(hangs))
		b.deliver(ana, "refresh")
		b.deliver(customer, "BYE")
		refused := b.replaces(ana, "ana")
		b.pass(10 * time.Second)
		b.journal.set(nil)
		b.pass(20 * time.Second)
		if len(*refused) != 1 {
			t.Errorf("refused: %v", *refused)
		}
		b.deliver(ana, "200 to BYE")
		b.pass(10 * time.Second)
		b.wantOver()
	})
}

// A phone has given up a call that waits for the journal too long. It gets no answer that
// would end the line it was to replace.
func TestAnotherPhoneHasGivenUp(t *testing.T) {
	inBubble(t, func(b *bench) {
		b.talk()
		b.journal.set(always(fails))
		refused := b.replaces(ana, "ana")
		b.pass(askedWithin + time.Second)
		b.journal.set(nil)
		b.pass(appendMost + retryMost)
		if len(*refused) != 1 || b.trace.count("-> 2 BYE") != 0 {
			t.Errorf("refused: %v, sent %q", *refused, b.trace.sent())
		}
		b.wantStage(call.Talking)
	})
}

// The target of the second call goes on with another phone, and is given at once, while the
// journal is down.
func TestLineThatHasJustReplacedAnotherIsGiven(t *testing.T) {
	inBubble(t, func(b *bench) {
		b.talk()
		b.lines.dialled = call.Endpoint{Kind: call.AgentEndpoint, Address: "ben"}
		b.dials("180", "200")
		b.journal.refuse(second)
		if err := b.s.Replace(second, b.otherPhone(2, "ben", func(err error) { t.Error(err) })); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		b.deliver(ana, "REFER consulted")
		b.pass(3 * time.Second)
		b.journal.refuse("")
		b.pass(10 * time.Second)
		c, _ := b.s.Contact("c1")
		if c.Stage != call.Talking || len(c.Connections) != 2 || c.Connections[1].ID != target {
			t.Errorf("the contact is %s", timeless(c))
		}
		if other, is := b.s.Contact(second); is && other.Stage != call.Over {
			t.Errorf("the second contact is %s", timeless(other))
		}
		b.say(cardiology, "200 to BYE")
	})
}

// Ana asks to connect two customers who have both called her. The first leaves, and the
// second stays with her: if their line were on its way to the first, it would be ended (P1).
func TestCallerIsNotGiven(t *testing.T) {
	inBubble(t, func(b *bench) {
		b.talk()
		b.lines.arrival.Customer.Address = "+15550144"
		b.lines.opened(101)
		b.lines.holds(101, 1)
		if err := b.s.Open(second, fakeLeg{lines: b.lines, contact: second, ID: 1, Epoch: 1, Line: 101}, msg("INVITE")); err != nil {
			t.Fatal(err)
		}
		b.pass(time.Millisecond)
		b.say(102, "200")
		b.journal.set(always(slow))
		b.lines.names = 2
		b.deliver(ana, "REFER consulted")
		b.pass(350 * time.Millisecond)
		b.deliver(customer, "BYE")
		b.pass(10 * time.Second)
		if c, _ := b.s.Contact(second); c.Stage != call.Talking || b.trace.count("-> 3 BYE") > 0 {
			t.Errorf("the second contact is %s", timeless(c))
		}
	})
}

// A line that calls a desk which ends without having taken it in is refused.
func TestAnotherPhoneCallsADeskThatEnds(t *testing.T) {
	inBubble(t, func(b *bench) {
		b.talk()
		b.journal.set(always(fenced))
		if refused := *b.replaces(ana, "ana"); len(refused) != 1 || !errors.Is(refused[0], ErrUnavailable) {
			t.Errorf("refused: %v", refused)
		}
	})
}
