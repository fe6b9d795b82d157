package switchboard

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"holdfast/call"
)

// recoverSet is a second process whose clock was set by so much before it
// started.
func recoverSet(old *bench, by time.Duration) *bench {
	old.t.Helper()
	b := recoverBench(old)
	b.s.options.Now = func() time.Time { return time.Now().Round(0).Add(by) }
	if n, err := b.s.Recover(b.t.Context()); n != 1 || err != nil {
		b.t.Fatalf("recovered %d, %v", n, err)
	}
	synctest.Wait()
	return b
}

// A target that has rung for 5 s of its 20 s when the server is killed rings
// for 15 s more, whatever the clock says by then.
func TestClockSetBackBeforeARestartMakesNobodyWaitLonger(t *testing.T) {
	for _, by := range []time.Duration{-time.Minute, -time.Hour, -24 * time.Hour} {
		inBubble(t, func(old *bench) {
			old.reach()
			old.pass(5 * time.Second)
			old.deliver(target, "180") // an entry
			b := recoverSet(old, by)
			b.pass(14 * time.Second)
			b.wantStage(call.Reaching)
			b.pass(2 * time.Second)
			b.wantStage(call.Talking)
			if b.trace.count("-> 3 CANCEL") != 1 {
				t.Errorf("sent %q", b.trace.sent())
			}
			b.close()
			b = recoverSet(b, by-time.Hour) // once more: it stays decided
			c, _ := b.s.Contact("c1")
			if c.Transfer != nil || c.Past[0].Reason != call.NoAnswer || len(c.Connections) != 2 {
				t.Errorf("the contact is %+v", c)
			}
			b.close()
		})
	}
}

// A clock that was set forward looks like a long time without a server: the
// target has rung for long enough, but for the time to be heard answering, and
// the customer is the agent's again.
func TestClockSetForwardBeforeARestartLosesNobody(t *testing.T) {
	inBubble(t, func(old *bench) {
		old.reach()
		b := recoverSet(old, time.Hour)
		b.pass(4 * time.Second)
		b.wantStage(call.Reaching)
		b.pass(2 * time.Second)
		b.wantStage(call.Talking)
		c, _ := b.s.Contact("c1")
		if c.Transfer != nil || c.Past[0].Reason != call.NoAnswer || len(c.Connections) != 2 {
			t.Errorf("the contact is %+v", c)
		}
		if _, err := b.request(time.Second, transferTo("+15550123")); err != nil {
			t.Errorf("another transfer: %v", err)
		}
		b.pass(19 * time.Second)
		b.wantStage(call.Reaching)
		b.pass(2 * time.Second)
		b.wantStage(call.Talking)
		b.close()
	})
}

// Who picked up while no server ran, after they had rung for long enough, says so
// again, and is heard.
func TestWhoAnsweredWhileNoServerRanIsHeard(t *testing.T) {
	inBubble(t, func(old *bench) {
		old.reach()
		b := recoverSet(old, time.Hour)
		b.pass(4 * time.Second)
		b.deliver(target, "200")
		b.pass(time.Second)
		b.wantStage(call.Talking)
		c, _ := b.s.Contact("c1")
		if c.Transfer != nil || c.Past[0].Outcome != call.Completed {
			t.Errorf("the contact is %+v", c)
		}
		b.close()
	})
}

// While a process runs, a contact's time goes by the monotonic clock, which
// nobody sets. (A bubble has none.)
func TestClockSetWhileTheServerRunsIsNotNoticed(t *testing.T) {
	d := newDesk(New(Options{}), call.Contact{ID: "c1"}, 1)
	if !strings.Contains(d.start.String(), " m=") {
		t.Errorf("the desk counts its time from %s, by the clock on the wall", d.start)
	}
	first := d.now()
	if !strings.HasSuffix(first.String(), " UTC") {
		t.Errorf("the contact's time is %s", first)
	}
	d.start = d.start.Add(-time.Minute) // a minute passes
	if passed := d.now().Sub(first).Round(time.Second); passed != time.Minute {
		t.Errorf("after a minute the contact's time is %s later", passed)
	}
}
