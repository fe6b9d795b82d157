package switchboard

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"holdfast/call"
)

// crowded is a second process with so many claims to write that one more, if it is not
// urgent, has to wait for as long as wait.
func crowded(old *bench, wait time.Duration) *bench {
	b := recoverBench(old)
	const each = 50 * time.Millisecond
	for range flyingMost * wait / each {
		go func() {
			_ = b.s.writes.do(b.s.stop, newTurn(claiming), func() error { <-time.After(each); return nil })
		}()
	}
	synctest.Wait()
	return b
}

// occupy has the journal's hands full for a while.
func (b *bench) occupy(d time.Duration) {
	for range flyingMost {
		go func() {
			_ = b.s.writes.do(nil, newTurn(talking), func() error { <-time.After(d); return nil })
		}()
	}
	synctest.Wait()
}

// recovers recovers the one contact.
func (b *bench) recovers() {
	b.t.Helper()
	if n, err := b.s.Recover(b.t.Context()); n != 1 || err != nil {
		b.t.Fatalf("recovered %d, %v", n, err)
	}
	synctest.Wait()
}

// A caller who rings an agent does not wait for a crowd in a queue to be claimed.
func TestClaimOfACallerWhoRings(t *testing.T) {
	inBubble(t, func(old *bench) {
		old.open()
		b := crowded(old, 2*time.Second)
		b.recovers()
		b.pass(100 * time.Millisecond)
		if b.trace.count("-> 1 resumed") != 1 {
			t.Error("the contact is not claimed yet")
		}
		b.pass(10 * time.Second) // the crowd goes
		b.close()
	})
}

// Nor does a customer in a queue to whom something happens.
func TestClaimOfAContactThatIsOffered(t *testing.T) {
	for what, happens := range map[string]func(*bench){
		"nothing":  func(*bench) {},
		"an offer": func(b *bench) { b.s.Post("c1", call.Offered{Connection: 2, Number: 1, Agent: b.lines.arrival.Agent}) },
		"a CANCEL": func(b *bench) { b.deliver(customer, "CANCEL") },
	} {
		inBubble(t, func(old *bench) {
			agent := old.lines.arrival.Agent
			old.lines.arrival.Agent = call.Endpoint{Kind: call.QueueEndpoint, Address: "sales"}
			old.open()
			b := crowded(old, 2*time.Second)
			b.lines.arrival.Agent = agent
			b.recovers()
			b.pass(100 * time.Millisecond)
			happens(b)
			b.pass(100 * time.Millisecond)
			if claimed, want := b.trace.count("-> 1 resumed") == 1, what != "nothing"; claimed != want {
				t.Errorf("%s happens: claimed %t, want %t", what, claimed, want)
			}
			b.pass(10 * time.Second) // the crowd goes
			b.close()
		})
	}
}

// An agent who answers while the contact waits to be claimed gets it, even if the claim
// takes longer than they may ring.
func TestAnsweredBeforeTheClaim(t *testing.T) {
	inBubble(t, func(old *bench) {
		old.open()
		c, _ := old.s.Contact("c1")
		old.pass(time.Until(c.Deadline()) - time.Second)
		old.close()
		b := recoverBench(old)
		b.occupy(5500 * time.Millisecond)
		b.recovers()
		b.pass(4 * time.Second)
		b.deliver(ana, "200")
		b.pass(2 * time.Second)
		b.wantStage(call.Talking)
		b.close()
	})
}

// A stop does not wait for claims, and is not the journal's failure.
func TestAStopWhileClaimsWait(t *testing.T) {
	inBubble(t, func(old *bench) {
		old.lines.arrival.Agent = call.Endpoint{Kind: call.QueueEndpoint, Address: "sales"}
		old.open()
		old.close()
		b := recoverBench(old)
		var log bytes.Buffer
		b.s.options.Log = slog.New(slog.NewTextHandler(&log, nil))
		b.occupy(5 * time.Second)
		b.recovers()
		began := time.Now()
		b.close()
		if took := time.Since(began); took != 0 {
			t.Errorf("it took %s", took)
		}
		if log.Len() > 0 {
			t.Errorf("logged: %s", &log)
		}
		b.pass(10 * time.Second)
		if e := b.journal.last(); e.Epoch != 1 {
			t.Errorf("the last entry is of epoch %d", e.Epoch)
		}
	})
}

// Nor is an archiving that a stop puts off.
func TestAStopWhileAContactWaitsToBeArchived(t *testing.T) {
	inBubble(t, func(b *bench) {
		var log bytes.Buffer
		b.s.options.Log = slog.New(slog.NewTextHandler(&log, nil))
		b.talk()
		for range archivingMost { // others are being archived
			go func() {
				_ = b.s.writes.do(nil, newTurn(archiving), func() error { <-time.After(5 * time.Second); return nil })
			}()
		}
		b.deliver(customer, "BYE")
		b.deliver(ana, "200 to BYE")
		b.close()
		if log.Len() > 0 {
			t.Errorf("logged: %s", &log)
		}
		if len(b.journal.archived) > 0 {
			t.Error("it was archived")
		}
		b.pass(10 * time.Second)
	})
}

// A line that is lost, and a customer who is parked for that, are in the log.
func TestLossesAreLogged(t *testing.T) {
	inBubble(t, func(b *bench) {
		var log bytes.Buffer
		b.s.options.Log = slog.New(slog.NewTextHandler(&log, nil))
		b.talk()
		b.s.Post("c1", call.Lost{Connection: ana, Detail: "no answer"})
		synctest.Wait()
		b.wantStage(call.Returning)
		b.deliver(3, "486")
		b.wantStage(call.Parked)
		for _, want := range []string{"level=WARN msg=\"a line is lost\" contact=c1 connection=2", "the customer is parked"} {
			if strings.Count(log.String(), want) != 1 {
				t.Errorf("%q is not once in the log:\n%s", want, &log)
			}
		}
		b.hangUp()
	})
}
