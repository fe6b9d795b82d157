package switchboard

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"holdfast/call"
)

func TestFrozenContactTalksOnAndThaws(t *testing.T) {
	for _, f := range []fault{fails, lands, hangs, tarry} {
		inBubble(t, func(b *bench) {
			b.reach()
			sent := b.sent()
			b.journal.set(always(f))
			b.deliver(target, "200")
			b.pass(appendWithin)
			b.wantHears(customer, call.Hearing{Audio: call.HoldAudio}) // as recorded
			sets := b.room.sets
			b.pass(10 * time.Second)
			b.deliver(customer, "OPTIONS")
			b.wantSent(sent, "-> 1 200 to OPTIONS")
			b.wantStage(call.Reaching)
			if b.room.sets != sets || b.room.closed {
				t.Error("the room of a frozen contact was touched")
			}
			b.journal.set(nil)
			b.pass(appendMost + retryMost)
			b.wantSent(sent+1, "-> 3 ACK", "-> 2 BYE")
			b.wantStage(call.Talking)
			b.wantWriteAhead()
		})
	}
}

func TestJournalThatIsMerelySlowGetsDone(t *testing.T) {
	inBubble(t, func(b *bench) {
		b.talk()
		b.journal.set(always(crawls)) // 5 s for each entry
		if c, err := b.request(time.Minute, transferTo("+15550123")); err != nil || c.Stage != call.Reaching {
			t.Errorf("stage %s, err %v", c.Stage, err)
		}
		b.wantWriteAhead()
	})
}

func TestCustomerNeedNotWaitForAnEntryInFlight(t *testing.T) {
	inBubble(t, func(b *bench) {
		b.reach()
		b.journal.set(always(hangs))
		b.deliver(ana, "refresh")
		b.pass(9 * time.Second) // by now each entry is given several seconds
		sent := b.sent()
		b.deliver(customer, "BYE")
		b.pass(500 * time.Millisecond)
		b.wantSent(sent, "-> 1 200 to BYE", "-> 2 BYE", "-> 3 CANCEL")
	})
}

func TestRepetitionOfWhatIsNotRecordedWaitsToo(t *testing.T) {
	inBubble(t, func(b *bench) {
		b.reach()
		b.journal.set(always(fails))
		sent := b.sent()
		b.deliver(target, "200", "200")
		b.pass(3 * time.Second)
		b.wantSent(sent)
		b.journal.set(nil)
		b.pass(time.Second)
		b.wantSent(sent, "-> 3 ACK", "-> 3 ACK again", "-> 2 BYE")
		b.wantWriteAhead()
	})
}

func TestCustomerWhoLeavesAFrozenContactFreesTheOthers(t *testing.T) {
	for _, f := range []fault{fails, hangs, tarry} {
		inBubble(t, func(b *bench) {
			b.reach()
			b.deliver(target, "180")
			b.journal.set(always(f))
			sent := b.sent()
			b.deliver(ana, "refresh") // has to wait
			b.deliver(customer, "BYE")
			b.pass(appendWithin)
			b.wantSent(sent, "-> 1 200 to BYE", "-> 2 BYE", "-> 3 CANCEL")
			b.wantStage(call.Reaching) // as far as it is written down
			b.deliver(ana, "200 to BYE")
			b.deliver(target, "200") // it crossed our CANCEL
			b.pass(5 * time.Second)
			b.wantSent(sent+3, "-> 3 BYE")

			b.journal.set(nil)
			b.pass(2 * time.Second)
			b.deliver(target, "200 to BYE")
			b.pass(2 * time.Second)
			b.wantSent(sent+4, "-> 2 200 to refresh", "-> 3 ACK")
			b.wantOver()
		})
	}
}

func TestTargetAskedForAndLostInOneTransitionIsNeverRung(t *testing.T) {
	inBubble(t, func(b *bench) {
		b.talk()
		b.journal.set(always(fails))
		sent := b.sent()
		answered := make(chan error, 1)
		go func() {
			_, err := b.s.Request(b.t.Context(), "c1", transferTo("+15550123"))
			answered <- err
		}()
		b.pass(time.Second)
		b.deliver(customer, "BYE")
		b.wantSent(sent, "-> 1 200 to BYE", "-> 2 BYE")
		b.journal.set(nil)
		b.deliver(ana, "200 to BYE")
		b.pass(2 * time.Second)
		if err := <-answered; err != nil {
			t.Errorf("the request, which was granted and then abandoned, gave %v", err)
		}
		b.wantSent(sent + 2)
		b.wantOver()
	})
}

func TestRequestWhoseWaiterHasGoneIsNotCarriedOut(t *testing.T) {
	for _, f := range []fault{fails, lands, hangs, tarry} {
		inBubble(t, func(b *bench) {
			b.talk()
			b.journal.set(always(f))
			sent := b.sent()
			if _, err := b.request(3*time.Second+50*time.Millisecond, transferTo("+15550123")); !errors.Is(err, ErrUnavailable) {
				t.Fatalf("err is %v, want ErrUnavailable", err)
			}
			b.journal.set(nil)
			b.pass(5 * time.Second)
			b.wantSent(sent)
			b.wantStage(call.Talking)
			// An entry that had landed must not stand for a successor to find.
			if last := b.journal.last(); last.Contact.Stage != call.Talking || len(last.Legs) != 2 {
				t.Errorf("the journal says %s with %d legs", last.Contact.Stage, len(last.Legs))
			}
		})
	}
}

func TestRequestBehindAnEntryInFlightMayGo(t *testing.T) {
	inBubble(t, func(b *bench) {
		b.talk()
		b.journal.set(always(slow))
		b.deliver(customer, "refresh")
		began := time.Now()
		if _, err := b.request(100*time.Millisecond, transferTo("+15550123")); !errors.Is(err, ErrUnavailable) {
			t.Errorf("err is %v, want ErrUnavailable", err)
		}
		if took := time.Since(began); took != 100*time.Millisecond {
			t.Errorf("it took %s", took)
		}
		b.pass(time.Second)
		b.wantStage(call.Talking)
	})
}

func TestRequestInFlightIsAnsweredByTheJournal(t *testing.T) {
	inBubble(t, func(b *bench) {
		b.talk()
		b.journal.set(always(slow))
		c, err := b.request(100*time.Millisecond, transferTo("+15550123"))
		if err != nil || c.Stage != call.Reaching {
			t.Errorf("stage %s, err %v; want the transfer that was written down", c.Stage, err)
		}
		if b.trace.count("-> 3 INVITE") != 1 {
			t.Error("the target was not rung")
		}
	})
}

func TestFencedDeskFallsSilent(t *testing.T) {
	inBubble(t, func(b *bench) {
		b.reach()
		b.journal.set(always(fenced))
		sent := b.sent()
		if _, err := b.request(time.Second, call.CancelRequested{By: ana}); !errors.Is(err, ErrFenced) {
			t.Errorf("err is %v, want ErrFenced", err)
		}
		b.wantSent(sent)
		if !b.room.closed || len(b.lines.still()) > 0 {
			t.Error("audio or legs of a lost contact were kept")
		}
		if len(b.journal.archived) > 0 {
			t.Error("somebody else's contact was archived")
		}
		if b.s.Deliver("c1", customer, msg("BYE")) {
			t.Error("a message was taken for somebody else's contact")
		}
	})
}

func TestNobodyIsLetInWhileTheJournalIsDown(t *testing.T) {
	inBubble(t, func(b *bench) {
		b.talk()
		b.journal.set(always(hangs))
		b.deliver(customer, "refresh")
		b.pass(appendWithin)
		leg := fakeLeg{lines: b.lines, ID: customer, Epoch: 1}
		if err := b.s.Open("c2", leg, msg("INVITE")); !errors.Is(err, ErrUnavailable) {
			t.Errorf("err is %v, want ErrUnavailable", err)
		}
		b.journal.set(nil)
		b.pass(2 * time.Second)
		b.lines.opened(customer)
		if err := b.s.Open("c2", leg, msg("INVITE")); err != nil {
			t.Error(err)
		}
		if err := b.s.Open("c2", leg, msg("INVITE")); err == nil {
			t.Error("one id was given to two contacts")
		}
		synctest.Wait()
		if got := len(b.s.Contacts()); got != 2 {
			t.Errorf("%d contacts, want 2", got)
		}
	})
}

// recoverBench is a second process at the journal of a first one, which was
// killed: it goes on, fenced, in the same bubble.
func recoverBench(b *bench) *bench {
	return newBench(b.t, &trace{}, b.journal).at(b.journal)
}

func (b *bench) at(j *fakeJournal) *bench {
	b.trace = b.lines.trace
	j.trace = b.trace
	b.s.options.Node = "n2"
	return b
}

func TestRecoveryTakesOverAndResumes(t *testing.T) {
	inBubble(t, func(old *bench) {
		old.reach()
		b := recoverBench(old)
		b.journal.set(always(slow))
		n, err := b.s.Recover(b.t.Context())
		if n != 1 || err != nil {
			t.Fatalf("recovered %d, %v", n, err)
		}
		synctest.Wait()
		// The customer first, and not even an exempt message ahead of the claim.
		b.wantSent(0, "-> 1 setting", "-> 1 resumed", "-> 2 setting", "-> 2 resumed", "-> 3 setting", "-> 3 resumed")
		if err := checkClaimedFirst(b.trace.events); err != nil {
			t.Error(err)
		}
		e := b.journal.entries()
		last, before := e[len(e)-1], e[len(e)-2]
		if last.Epoch != 2 || last.Owner != "n2" || last.Step != before.Step+1 || last.Events[0].Event != (call.Recovered{}) {
			t.Errorf("the claim is %+v", last)
		}
		if len(b.room.audio) != 2 {
			t.Errorf("audio after recovery: %v", b.room.audio)
		}
		b.deliver(target, "200") // and the transfer goes on
		b.pass(time.Second)
		b.wantStage(call.Talking)

		sent := old.sent()
		old.deliver(customer, "BYE") // the one that was thought dead
		if got := old.trace.sent()[sent:]; !slices.Equal(got, []string{"-> 1 200 to BYE"}) {
			t.Errorf("a fenced desk has sent %q", got)
		}
		b.close()
	})
}

// checkClaimedFirst finds any message ahead of the first entry.
func checkClaimedFirst(events []traced) error {
	if len(events) > 0 && events[0].sent != "" {
		return errors.New(events[0].sent + " went out before the contact was claimed")
	}
	return nil
}

func TestClaimCheckFindsAMessageAheadOfIt(t *testing.T) {
	if checkClaimedFirst([]traced{{sent: "-> 1 setting", class: Exempt}, {written: []string{"x"}}}) == nil {
		t.Error("a message ahead of the claim was not found")
	}
}

func TestRecoveryWithoutALineLosesOnlyThatParty(t *testing.T) {
	inBubble(t, func(old *bench) {
		old.reach()
		b := recoverBench(old)
		b.lines.broken[target] = true
		if n, err := b.s.Recover(b.t.Context()); n != 1 || err != nil {
			t.Fatalf("recovered %d, %v", n, err)
		}
		synctest.Wait()
		b.wantStage(call.Talking)
		c, _ := b.s.Contact("c1")
		if a := c.Past[0].Attempts[0]; a.Reason != call.Unreachable || a.Detail != "restoring the line: no port is free" {
			t.Errorf("the attempt ended with %q %q", a.Reason, a.Detail)
		}
		b.close()
	})
}

func TestRecoveryGoesOnPastWhatItCannotRead(t *testing.T) {
	inBubble(t, func(old *bench) {
		old.talk()
		b := recoverBench(old)
		b.journal.corrupt = errors.New("entry 7 of contact.c7: unknown version 9")
		if n, err := b.s.Recover(b.t.Context()); n != 1 || err != nil {
			t.Errorf("recovered %d, %v", n, err)
		}
		synctest.Wait()
		b.close()
	})
}

func TestRecoveryFailsIfItCannotReadTheJournal(t *testing.T) {
	inBubble(t, func(old *bench) {
		old.talk()
		b := recoverBench(old)
		b.journal.failing = errors.New("the journal does not answer")
		if n, err := b.s.Recover(b.t.Context()); n != 0 || !errors.Is(err, b.journal.failing) {
			t.Errorf("recovered %d, %v", n, err)
		}
		b.close()
	})
}

func TestRecoveryLeavesWhatSomebodyElseHasTaken(t *testing.T) {
	inBubble(t, func(old *bench) {
		old.talk()
		b := recoverBench(old)
		b.journal.set(always(fenced))
		if n, err := b.s.Recover(b.t.Context()); n != 0 || err != nil {
			t.Errorf("recovered %d, %v", n, err)
		}
		b.wantSent(0)
		b.close()
	})
}

func TestRecoveryWithoutAJournalIsTriedOn(t *testing.T) {
	inBubble(t, func(old *bench) {
		old.talk()
		b := recoverBench(old)
		b.journal.set(always(fails))
		ctx, cancel := context.WithTimeout(b.t.Context(), 3*time.Second)
		defer cancel()
		if n, err := b.s.Recover(ctx); n != 0 || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("recovered %d, %v", n, err)
		}
		b.wantSent(0)
		b.journal.set(nil)
		b.pass(2 * time.Second)
		b.wantSent(0, "-> 1 setting", "-> 1 resumed", "-> 2 setting", "-> 2 resumed")
		b.close()
	})
}

func TestRecoveryArchivesWhatWasOver(t *testing.T) {
	inBubble(t, func(old *bench) {
		old.journal.noShelf = 1 << 20
		old.talk()
		old.deliver(customer, "BYE")
		old.deliver(ana, "200 to BYE")
		old.close()
		old.journal.noShelf = 0
		b := recoverBench(old)
		if n, err := b.s.Recover(b.t.Context()); n != 1 || err != nil {
			t.Errorf("recovered %d, %v", n, err)
		}
		synctest.Wait()
		b.wantSent(0)
		b.wantOver()
		b.close()
	})
}
