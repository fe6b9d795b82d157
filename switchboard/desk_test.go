package switchboard

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"holdfast/call"
)

func TestWholeContactIsWrittenDownAheadOfTheWire(t *testing.T) {
	inBubble(t, func(b *bench) {
		b.journal.set(always(slow))
		b.open()
		b.wantSent(0, "-> 1 100") // nothing else before the entry has landed
		b.pass(time.Second)
		b.deliver(ana, "180")
		b.wantSent(1, "-> 1 180", "-> 2 INVITE", "-> 2 INVITE again")
		b.deliver(ana, "200")
		b.pass(time.Second)
		b.wantSent(4, "-> 2 ACK", "-> 1 200")
		if _, err := b.request(time.Second, transferTo("+15550123")); err != nil {
			t.Fatal(err)
		}
		b.deliver(target, "180", "200")
		b.pass(time.Second)
		b.wantSent(6, "-> 3 INVITE", "-> 3 ACK", "-> 2 BYE")
		b.deliver(ana, "200 to BYE")
		b.deliver(customer, "BYE")
		b.pass(time.Second)
		b.deliver(target, "200 to BYE")
		b.pass(time.Second)
		b.wantSent(9, "-> 1 200 to BYE", "-> 3 BYE")
		b.wantWriteAhead()
		b.wantOver()
	})
}

func TestWriteAheadCheckFindsASenderThatSendsFirst(t *testing.T) {
	right := []traced{
		{sent: "-> 1 100", class: Exempt},
		{written: []string{"12:00:00.000 -> 1 180", "12:00:00.000 -> 2 INVITE"}},
		{sent: "-> 1 180"}, {sent: "-> 2 INVITE"},
	}
	if err := checkWriteAhead(right); err != nil {
		t.Error(err)
	}
	wrong := slices.Clone(right)
	wrong[1], wrong[2] = wrong[2], wrong[1]
	if checkWriteAhead(wrong) == nil {
		t.Error("a message sent ahead of its entry was not found")
	}
	twice := append(slices.Clone(right), traced{sent: "-> 2 INVITE"})
	if checkWriteAhead(twice) == nil {
		t.Error("a message recorded once and sent twice was not found")
	}
}

func TestExemptAnswersDoNotWaitForTheJournal(t *testing.T) {
	inBubble(t, func(b *bench) {
		b.reach()
		n := b.sent()
		b.journal.set(always(slow))
		b.deliver(target, "486") // being written for 300 ms
		b.deliver(customer, "OPTIONS")
		b.deliver(ana, "200", "BYE")
		b.wantSent(n, "-> 3 ACK", "-> 1 200 to OPTIONS", "-> 2 ACK again", "-> 2 200 to BYE")
		b.wantStage(call.Reaching)
		b.pass(time.Second)
		b.wantStage(call.Returning)
		b.wantSent(n+4, "-> 4 INVITE", "-> 4 INVITE again") // and no second answer to BYE
		b.wantWriteAhead()
	})
}

func TestCancelIsNotMistakenWhileItsInviteIsBeingWritten(t *testing.T) {
	inBubble(t, func(b *bench) {
		b.journal.set(always(slow))
		b.open()
		b.deliver(customer, "INVITE", "CANCEL")
		b.pass(time.Second)
		b.deliver(ana, "487")
		b.pass(time.Second)
		b.wantSent(0, "-> 1 100", "-> 1 100", "-> 1 180", "-> 2 INVITE", "-> 1 200 to CANCEL", "-> 1 487", "-> 2 CANCEL")
		b.wantWriteAhead()
		b.wantOver()
	})
}

func TestWhatChangesNothingIsNotWrittenDown(t *testing.T) {
	inBubble(t, func(b *bench) {
		b.talk()
		n := len(b.journal.entries())
		b.deliver(customer, "OPTIONS", "OPTIONS")
		b.deliver(ana, "200")
		if got := len(b.journal.entries()); got != n {
			t.Errorf("%d entries became %d", n, got)
		}
		b.deliver(customer, "refresh") // of a leg's memory alone: that is worth one
		if got := len(b.journal.entries()); got != n+1 {
			t.Errorf("%d entries became %d, want one more", n, got)
		}
		lines := strings.Join(b.journal.last().Trace, "\n")
		for _, want := range []string{"<- OPTIONS", "-> 1 200 to OPTIONS", "<- 200", "-> 2 ACK again", "<- refresh", "-> 1 200 to refresh"} {
			if strings.Count(lines, want) == 0 {
				t.Errorf("%q is not in the entry's lines:\n%s", want, lines)
			}
		}
		if strings.Contains(lines, "INVITE") {
			t.Errorf("lines of an earlier entry were repeated:\n%s", lines)
		}
	})
}

// A key is written down where it decides something, and nowhere else.
func TestKeysThatMeanNothingAreNotWrittenDown(t *testing.T) {
	keys := func(b *bench) (n int) {
		for _, e := range b.journal.entries() {
			for _, r := range e.Events {
				if _, is := r.Event.(call.Pressed); is {
					n++
				}
			}
		}
		return n
	}
	inBubble(t, func(b *bench) {
		b.talk()
		n := len(b.journal.entries())
		b.deliver(customer, "INFO 1", "INFO 1")
		if got := len(b.journal.entries()); got == n || keys(b) != 0 {
			t.Errorf("%d entries became %d, with %d keys", n, got, keys(b))
		}
		ask := transferTo("+15550123")
		ask.Confirm = true
		if _, err := b.request(time.Second, ask); err != nil {
			t.Fatal(err)
		}
		b.deliver(target, "200", "INFO 1")
		if b.pass(time.Second); keys(b) != 1 {
			t.Errorf("%d keys were written down, want the one that took the customer", keys(b))
		}
	})
}

func TestEntryHasEverythingToCarryOn(t *testing.T) {
	inBubble(t, func(b *bench) {
		b.talk()
		b.deliver(customer, "BYE")
		e := b.journal.last()
		if e.Version != EntryVersion || e.Owner != "n1" || e.Epoch != 1 || e.Step != uint64(len(b.journal.entries())) {
			t.Errorf("entry is version %d, owner %q, epoch %d, step %d", e.Version, e.Owner, e.Epoch, e.Step)
		}
		if len(e.Events) != 1 || e.Events[0].Event != (call.HungUp{Connection: customer}) {
			t.Errorf("events: %v", e.Events)
		}
		if len(e.Notified) != 1 || e.Notified[0].Connection != ana || e.Notified[0].Reason != call.CustomerLeft {
			t.Errorf("told: %v", e.Notified)
		}
		if len(e.Legs) != 1 || e.Legs[ana].Kind != fakeKind {
			t.Errorf("legs: %v, want Ana's, who has not said 200 to our BYE", e.Legs)
		}
		if _, err := time.Parse("15:04:05.000", strings.Fields(e.Trace[0])[0]); err != nil {
			t.Error(err)
		}
	})
}

func TestLegIsKeptUntilItIsGone(t *testing.T) {
	inBubble(t, func(b *bench) {
		b.reach()
		b.deliver(customer, "BYE")
		b.wantStage(call.Over)
		b.deliver(ana, "200 to BYE")
		if b.s.LegCount() != 1 {
			t.Errorf("%d legs, want the target's", b.s.LegCount())
		}
		b.deliver(target, "200") // it crossed our CANCEL
		b.wantStage(call.Over)
		b.deliver(target, "200 to BYE")
		want := []string{"-> 3 CANCEL", "-> 3 ACK", "-> 3 BYE"}
		if got := b.trace.sent(); !slices.Equal(got[len(got)-3:], want) {
			t.Errorf("sent %q at the end, want %q", got, want)
		}
		b.wantWriteAhead()
		b.wantOver()
		if b.s.Deliver("c1", target, msg("BYE")) {
			t.Error("a message was taken for a leg that is gone")
		}
		last := b.journal.last().Trace
		if len(last) != 1 || !strings.HasSuffix(last[0], "<- 200 to BYE") {
			t.Errorf("last words are %q", last)
		}
	})
}

func TestDeadlines(t *testing.T) {
	inBubble(t, func(b *bench) {
		b.reach()
		rules := call.DefaultRules()
		b.pass(time.Duration(rules.RingFor) - time.Millisecond)
		if b.trace.count("-> 3 INVITE again") != 1 {
			t.Errorf("the leg's deadline was told %d times, want once", b.trace.count("-> 3 INVITE again"))
		}
		b.wantStage(call.Reaching)
		b.pass(time.Millisecond)
		b.wantStage(call.Talking)
		if b.trace.count("-> 3 CANCEL") != 1 {
			t.Errorf("sent %q, want a CANCEL to the target", b.trace.sent())
		}
		b.wantWriteAhead()
	})
}

func TestWhoCannotBeDialledHasFailed(t *testing.T) {
	tests := []struct {
		name   string
		number string
		noDial error
		reason call.Reason
		detail string
	}{
		{"not found by the lines", "+15550123", &DialError{call.NotFound, "no trunk"}, call.NotFound, "no trunk"},
		{"no port", "+15550123", errors.New("out of ports"), call.LineError, "out of ports"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			inBubble(t, func(b *bench) {
				b.talk()
				b.lines.noDial = test.noDial
				c, err := b.request(time.Second, transferTo(test.number))
				if err != nil {
					t.Fatal(err)
				}
				a := c.Past[0].Attempts[0]
				if c.Stage != call.Talking || a.Reason != test.reason || a.Detail != test.detail {
					t.Errorf("stage %s, attempt failed with %q %q", c.Stage, a.Reason, a.Detail)
				}
			})
		})
	}
}

// A transfer that names a target who may not be dialled is not begun.
func TestDeniedTargetIsRefused(t *testing.T) {
	inBubble(t, func(b *bench) {
		b.talk()
		ask := transferTo("+15550123")
		ask.Others = []call.Endpoint{{Kind: call.PhoneNumber, Address: "+1900"}}
		_, err := b.request(time.Second, ask)
		var denied *DialError
		if !errors.As(err, &denied) || denied.Reason != call.Denied {
			t.Errorf("got %v, want that +1900 is denied", err)
		}
		b.wantStage(call.Talking)
	})
}

func TestWhoIsJoinedIsToldToTheContact(t *testing.T) {
	inBubble(t, func(b *bench) {
		b.room.deaf[target] = true
		b.reach()
		b.deliver(target, "200")
		b.wantStage(call.Joining)
		n := len(b.journal.entries())
		b.deliver(customer, "refresh") // joined are the same: no news
		if got := len(b.journal.entries()); got != n+1 {
			t.Errorf("%d entries became %d, want one more", n, got)
		}
		delete(b.room.deaf, target)
		b.deliver(target, "refresh") // now audio has been agreed
		b.wantStage(call.Talking)
		if b.trace.count("-> 2 BYE") != 1 {
			t.Errorf("Ana was not released: %q", b.trace.sent())
		}
		b.wantWriteAhead()
	})
}

func TestRefusedRequestChangesNothing(t *testing.T) {
	inBubble(t, func(b *bench) {
		b.reach()
		n, sent := len(b.journal.entries()), b.sent()
		_, err := b.request(time.Second, transferTo("+15550177"))
		var refusal *call.Refusal
		if !errors.As(err, &refusal) {
			t.Errorf("err is %v, want a refusal", err)
		}
		if len(b.journal.entries()) != n || b.sent() != sent {
			t.Error("a refused request has left traces")
		}
		if _, err := b.s.Request(b.t.Context(), "c2", transferTo("+15550177")); !errors.Is(err, ErrNoContact) {
			t.Errorf("err is %v, want ErrNoContact", err)
		}
	})
}

func TestArchiveIsTriedUntilItWorks(t *testing.T) {
	inBubble(t, func(b *bench) {
		b.journal.noShelf = 3
		b.talk()
		b.deliver(customer, "BYE")
		b.deliver(ana, "200 to BYE")
		b.pass(time.Second)
		b.wantOver()
	})
}

func TestPanicStopsOneDeskAndNotItsSound(t *testing.T) {
	inBubble(t, func(b *bench) {
		b.talk()
		audio := b.room.audio
		b.deliver(ana, "bug")
		b.deliver(customer, "OPTIONS") // taken, and left unanswered
		if _, err := b.request(time.Second, transferTo("+15550123")); !errors.Is(err, ErrBroken) {
			t.Errorf("err is %v, want ErrBroken", err)
		}
		if b.room.closed || len(b.room.audio) != len(audio) {
			t.Error("the audio of the contact was touched")
		}
		b.lines.open = nil // they stay open with the desk
	})
}

func TestFloodIsBounded(t *testing.T) {
	inBubble(t, func(b *bench) {
		b.talk()
		b.journal.set(always(fails))
		b.deliver(customer, "refresh") // freezes the contact
		for range traceMost {
			b.deliver(customer, "refresh")
		}
		b.deliver(ana, "refresh") // what another line says is kept
		b.journal.set(nil)
		b.pass(2 * time.Second)
		if got := b.trace.count("-> 1 200 to refresh"); got != waitingMost {
			t.Errorf("%d messages were kept, want %d", got, waitingMost)
		}
		if got := b.trace.count("-> 2 200 to refresh"); got != 1 {
			t.Errorf("ana's line was answered %d times, want once", got)
		}
		if got := len(b.journal.last().Trace); got != traceMost+1+waitingMost+1 {
			t.Errorf("%d lines were written, want %d of what came, a note, and what was sent", got, traceMost)
		}
		b.deliver(customer, "BYE") // and life goes on
		b.wantStage(call.Over)
	})
}

func TestCloseEndsNoContact(t *testing.T) {
	inBubble(t, func(b *bench) {
		b.talk()
		n := b.sent()
		taken := call.Withdrawn{Connection: 2, Number: 1}
		if b.s.Post("c2", taken) {
			t.Error("a contact that never was takes facts")
		}
		b.journal.set(always(slow))
		b.deliver(customer, "refresh") // in flight: it is waited for
		b.close()
		synctest.Wait()
		b.wantSent(n, "-> 1 200 to refresh")
		if len(b.journal.archived) != 0 {
			t.Error("a contact that goes on was archived")
		}
		if !b.s.Post("c1", taken) {
			t.Error("a contact that goes on is said to have ended")
		}
		if err := b.s.Open("c2", fakeLeg{lines: b.lines, ID: customer}, msg("INVITE")); !errors.Is(err, ErrClosed) {
			t.Errorf("err is %v, want ErrClosed", err)
		}
		if _, err := b.request(time.Second, transferTo("+1")); !errors.Is(err, ErrNoContact) {
			t.Errorf("err is %v, want ErrNoContact", err)
		}
	})
}
