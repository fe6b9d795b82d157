package switchboard

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"holdfast/call"
)

// The lines of the second contact, in which ana's phone has dialled cardiology.
const (
	anaAgain   call.ConnectionID = 101
	cardiology call.ConnectionID = 102
)

// dials has ana call cardiology from her phone, and cardiology's line report this.
func (b *bench) dials(reports ...msg) {
	b.t.Helper()
	b.lines.opened(anaAgain)
	b.lines.holds(anaAgain, 1)
	leg := fakeLeg{lines: b.lines, contact: second, ID: 1, Epoch: 1, Line: anaAgain}
	if err := b.s.Open(second, leg, msg("DIAL")); err != nil {
		b.t.Fatal(err)
	}
	b.pass(time.Millisecond)
	b.say(cardiology, reports...)
}

// say delivers messages on a line, wherever it is.
func (b *bench) say(line call.ConnectionID, messages ...msg) {
	b.t.Helper()
	at := call.Place{Contact: "c1", Connection: line}
	if line > 100 {
		at = call.Place{Contact: second, Connection: line - 100}
	}
	b.lines.mu.Lock()
	if moved, ok := b.lines.at[line]; ok {
		at = moved
	}
	b.lines.mu.Unlock()
	for _, m := range messages {
		b.s.Deliver(at.Contact, at.Connection, m)
	}
	synctest.Wait()
}

// hangUp has everybody answer what ends their line.
func (b *bench) hangUp() {
	b.t.Helper()
	for range 4 {
		for _, line := range []call.ConnectionID{customer, ana, target, 4, 5, anaAgain, cardiology} {
			b.say(line, "487", "200 to BYE")
		}
		b.pass(5 * time.Second)
	}
}

// wantNothingLeft wants both contacts archived and nothing left of them.
func (b *bench) wantNothingLeft() {
	b.t.Helper()
	if n := b.s.LegCount(); n > 0 || len(b.s.Contacts()) > 0 {
		b.t.Errorf("%d legs are left, and %d contacts", n, len(b.s.Contacts()))
	}
	archived := slices.Sorted(slices.Values(b.journal.archived))
	if !slices.Equal(archived, []call.ContactID{"c1", second}) {
		b.t.Errorf("archived: %v", archived)
	}
	if open := b.lines.still(); len(open) > 0 {
		b.t.Errorf("legs %v are still open", open)
	}
}

// wantHandedOver wants the customer with cardiology, and nobody else there.
func (b *bench) wantHandedOver() {
	b.t.Helper()
	c, _ := b.s.Contact("c1")
	if c.Stage != call.Talking || len(c.Connections) != 2 || c.Past[0].Outcome != call.Completed {
		b.t.Errorf("the contact is %s", timeless(c))
	}
	if b.lines.held[cardiology] != 1 || b.lines.at[cardiology] != (call.Place{Contact: "c1", Connection: target}) {
		b.t.Errorf("cardiology's line is held by %d legs, at %v", b.lines.held[cardiology], b.lines.at[cardiology])
	}
	if b.lines.held[ana] != 0 || b.lines.held[anaAgain] != 0 {
		b.t.Error("ana has a line still")
	}
}

func TestAttendedTransfer(t *testing.T) {
	inBubble(t, func(b *bench) {
		b.lines.shows = true
		b.talk()
		b.dials("180", "200")
		n := b.sent()
		b.deliver(ana, "REFER consulted")
		b.wantSent(n,
			"-> 2 202 to REFER", "-> 101 BYE", "-> 3 setting", "-> 3 resumed",
			"-> 2 NOTIFY completed", "-> 2 BYE", "-> 1 UPDATE +15550177", "-> 3 UPDATE +15550100")
		b.hangUp()
		b.wantHandedOver()
		c, _ := b.s.Contact("c1")
		if got := c.Connections[1].Endpoint; got != b.lines.dialled {
			t.Errorf("the customer is with %+v", got)
		}
		b.deliver(customer, "BYE")
		b.hangUp()
		b.wantNothingLeft()
		b.wantWriteAhead()
	})
}

// Ana does not wait for cardiology to answer: its line rings on in the other contact.
func TestEarlyAttendedTransfer(t *testing.T) {
	inBubble(t, func(b *bench) {
		b.talk()
		b.dials("180")
		n := b.sent()
		b.deliver(ana, "REFER consulted")
		b.wantSent(n, "-> 2 202 to REFER", "-> 101 480", "-> 3 setting", "-> 3 resumed", "-> 2 NOTIFY ringing")
		b.wantStage(call.Reaching)
		b.say(cardiology, "200")
		b.hangUp()
		b.wantHandedOver()
		b.deliver(customer, "BYE")
		b.hangUp()
		b.wantNothingLeft()
		b.wantWriteAhead()
	})
}

// takeOver is a second process in place of one that has died.
func (b *bench) takeOver() *bench {
	b.t.Helper()
	b.journal.bury(b.s.options.Node)
	next := newBench(b.t, &trace{}, b.journal).at(b.journal)
	if _, err := next.s.Recover(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
	synctest.Wait()
	return next
}

// TestKilledAtEachEntryOfAHandOver kills the process after each entry of both contacts:
// before it hears that the entry is written, and after it has acted on it. The customer
// is with cardiology in the end, whose line is never held twice, and nothing is left.
func TestKilledAtEachEntryOfAHandOver(t *testing.T) {
	for _, reports := range [][]msg{{"180"}, {"180", "200"}} {
		for _, untold := range []bool{true, false} {
			for entry, died := 1, true; died; entry++ {
				t.Run(fmt.Sprintf("%v untold=%t entry=%d", reports, untold, entry), func(t *testing.T) {
					inBubble(t, func(old *bench) { died = old.killedAt(entry, untold, reports) })
				})
			}
		}
	}
}

// killedAt reports whether there was such an entry.
func (b *bench) killedAt(entry int, untold bool, reports []msg) bool {
	b.talk()
	b.dials(reports...)
	b.journal.die(entry, untold)
	b.deliver(ana, "REFER consulted")
	b.pass(10 * time.Millisecond)
	if !b.journal.isDead() {
		return false
	}
	next := b.takeOver()
	next.say(cardiology, "200")
	next.hangUp()
	next.wantHandedOver()
	next.wantSilentAbout(b)
	next.deliver(customer, "BYE")
	next.hangUp()
	next.wantNothingLeft()
	next.wantWriteAhead()
	next.close()
	return true
}

// wantSilentAbout wants cardiology not to have been hung up on by either process.
func (b *bench) wantSilentAbout(old *bench) {
	b.t.Helper()
	for _, line := range slices.Concat(old.trace.sent(), b.trace.sent()) {
		if slices.Contains([]string{"-> 3 BYE", "-> 3 CANCEL", "-> 102 BYE", "-> 102 CANCEL"}, line) {
			b.t.Errorf("sent %q", line)
		}
	}
}

// A line that has been taken, and has ended since, is not taken again after a restart,
// though the contact that gave it was not written down since.
func TestLineThatWasTakenAndHasEnded(t *testing.T) {
	inBubble(t, func(old *bench) {
		old.talk()
		old.dials("180", "200")
		old.journal.die(3, false) // the second contact is not written down any more after these
		old.deliver(ana, "REFER consulted")
		if last := old.journal.lastOf(second); last.Legs[2].Given == nil {
			t.Fatal("the line is not in the entry of the contact that gave it")
		}
		old.journal.bury("")
		old.journal.refuse(second)
		old.pass(3 * time.Second)
		old.deliver(target, "BYE")
		old.pass(time.Second)
		old.journal.refuse("")
		b := old.takeOver()
		b.hangUp()
		for _, line := range b.trace.sent() {
			if line == "-> 102 resumed" || line == "-> 3 resumed" {
				t.Errorf("sent %q", line)
			}
		}
		if _, live := b.s.Contact(second); live {
			t.Error("the second contact is still there")
		}
		b.deliver(customer, "BYE")
		b.say(4, "487")
		b.hangUp()
		b.wantNothingLeft()
		b.close()
	})
}

// A line that cannot be given leaves both calls as they were.
func TestLineIsNotGiven(t *testing.T) {
	for name, test := range map[string]struct {
		agent  string // whose phone has made the second call
		older  bool   // that call began first
		before func(*bench)
		want   []string
	}{
		"the call has ended": {"ana", false, func(b *bench) {
			b.say(cardiology, "BYE")
			b.hangUp()
		}, []string{"-> 2 refused: your call to them has ended"}},
		"the call is another agent's": {"ben", false, nil, []string{"-> 2 202 to REFER", "-> 2 NOTIFY over unreachable"}},
		"others are in the call": {"ana", false, func(b *bench) {
			ask := transferTo("+15550188")
			ask.By = 1
			if _, err := b.s.Request(b.t.Context(), second, ask); err != nil {
				b.t.Fatal(err)
			}
		}, []string{"-> 2 202 to REFER", "-> 2 NOTIFY over unreachable"}},
		"the call began first": {"ana", true, nil, []string{"-> 2 refused: transfer from your other call, which began first"}},
	} {
		inBubble(t, func(b *bench) {
			dials := func() {
				b.lines.arrival.Agent.Address = test.agent
				b.dials("180", "200")
				b.lines.arrival.Agent.Address = "ana"
			}
			if test.older {
				dials()
			}
			b.talk()
			if !test.older {
				dials()
			}
			if test.before != nil {
				test.before(b)
			}
			calls := len(b.s.Contacts())
			n := b.sent()
			b.deliver(ana, "REFER consulted")
			b.wantSent(n, test.want...)
			b.wantStage(call.Talking)
			if got := len(b.s.Contacts()); got != calls {
				t.Errorf("%s: %d calls became %d", name, calls, got)
			}
			b.wantWriteAhead()
		})
	}
}

// While the second contact cannot be written down, nothing is given. Once nobody wants the
// line any more, it stays where it is.
func TestLineIsWantedNoMore(t *testing.T) {
	inBubble(t, func(b *bench) {
		b.talk()
		b.dials("180", "200")
		b.journal.refuse(second)
		b.deliver(ana, "REFER consulted")
		b.pass(5 * time.Second)
		b.wantStage(call.Reaching)
		b.deliver(customer, "BYE")
		b.hangUp()
		b.journal.refuse("")
		b.pass(10 * time.Second)
		if c, _ := b.s.Contact(second); c.Stage != call.Talking || b.lines.held[cardiology] != 1 {
			t.Errorf("ana's other call is %s", timeless(c))
		}
		b.say(anaAgain, "BYE")
		b.hangUp()
		b.wantNothingLeft()
		b.wantWriteAhead()
	})
}

// A line that is given while the customer leaves comes and is ended.
func TestLineComesTooLate(t *testing.T) {
	inBubble(t, func(b *bench) {
		b.talk()
		b.dials("180", "200")
		b.journal.set(always(slow))
		b.deliver(ana, "REFER consulted")
		b.pass(350 * time.Millisecond) // the second contact's entry is on its way
		b.deliver(customer, "BYE")
		b.pass(10 * time.Second)
		if b.trace.count("-> 3 BYE") != 1 {
			t.Errorf("sent %q", b.trace.sent())
		}
		b.hangUp()
		b.wantNothingLeft()
		b.wantWriteAhead()
	})
}

// The customer leaves while the journal is down and the line is here: it is ended, and the
// contact that gave it forgets it.
func TestLineComesWhileTheJournalIsDown(t *testing.T) {
	for _, f := range []fault{fails, lands, hangs, tarry} {
		inBubble(t, func(b *bench) {
			b.talk()
			b.dials("180", "200")
			n := 0
			b.journal.set(func() fault {
				if n++; n <= 2 { // that the line is asked for, and given
					return works
				}
				return f
			})
			b.deliver(ana, "REFER consulted")
			b.pass(5 * time.Second)
			b.deliver(customer, "BYE")
			b.pass(5 * time.Second)
			b.journal.set(nil)
			b.pass(20 * time.Second)
			b.hangUp()
			b.wantNothingLeft()
		})
	}
}

// A leg that cannot be restored is a target who cannot be reached.
func TestLineThatCannotBeRestored(t *testing.T) {
	inBubble(t, func(b *bench) {
		b.talk()
		b.dials("180", "200")
		b.lines.broken[target] = true
		n := b.sent()
		b.deliver(ana, "REFER consulted")
		b.wantSent(n, "-> 2 202 to REFER", "-> 101 BYE", "-> 2 NOTIFY over error")
		b.wantStage(call.Talking)
		b.deliver(customer, "BYE")
		b.hangUp()
		b.wantNothingLeft()
	})
}

// A message on a line that is just being given follows the line: it may have been answered
// already, and then it does not come again.
func TestMessageFollowsItsLine(t *testing.T) {
	for name, down := range map[string]bool{"while it is written down": false, "while the journal is down": true} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(b *bench) {
				b.talk()
				b.dials("180", "200")
				b.journal.set(always(slow))
				if down {
					b.journal.refuse(second)
				}
				b.deliver(ana, "REFER consulted")
				b.pass(350 * time.Millisecond) // the second contact's entry is on its way
				b.say(cardiology, "BYE")
				if b.trace.count("-> 102 200 to BYE") != 1 {
					t.Errorf("sent %q", b.trace.sent())
				}
				b.pass(time.Second)
				b.journal.refuse("")
				b.journal.set(nil)
				b.pass(10 * time.Second)
				c, _ := b.s.Contact("c1")
				if c.Stage != call.Talking || len(c.Connections) != 2 || c.Connections[1].ID != ana {
					t.Errorf("the contact is %s", timeless(c))
				}
				b.deliver(customer, "BYE")
				b.hangUp()
				b.wantNothingLeft()
				b.wantWriteAhead()
			})
		})
	}
}
