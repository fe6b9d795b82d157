package switchboard

import (
	"errors"
	"strings"
	"testing"
	"time"

	"holdfast/call"
)

// hold asks ana to hold the customer, or to take them off hold.
func (b *bench) hold(on bool) error {
	var ev call.Event = call.ResumeRequested{By: ana, Connection: customer}
	if on {
		ev = call.HoldRequested{By: ana, Connection: customer}
	}
	_, err := b.request(time.Second, ev)
	return err
}

// Requests that change a contact again and again are refused, and granted again
// later; those that change nothing are not counted, and what comes in on lines is
// heard all the time.
func TestRequestsArePaced(t *testing.T) {
	inBubble(t, func(b *bench) {
		b.talk()
		for i := range requestBurst {
			if err := b.hold(i%2 == 0); err != nil {
				t.Fatalf("request %d: %v", i, err)
			}
		}
		var refusal *call.Refusal
		if err := b.hold(true); !errors.As(err, &refusal) || refusal.Code != TooManyRequests {
			t.Errorf("after %d requests: %v, want %s", requestBurst, err, TooManyRequests)
		}
		if err := b.hold(false); err != nil { // it is so already
			t.Errorf("what changes nothing: %v", err)
		}
		if _, err := b.request(time.Second, call.SwapRequested{By: ana}); !errors.As(err, &refusal) || refusal.Code != call.NotConsulting {
			t.Errorf("what cannot be: %v", err)
		}
		b.deliver(customer, "refresh")
		if got := b.trace.count("-> 1 200 to refresh"); got != 1 {
			t.Errorf("the customer's line was answered %d times, want once", got)
		}
		b.pass(time.Second)
		granted := 0
		for i := range 40 {
			if b.hold(i%2 == 0) == nil {
				granted++
			}
		}
		if want := 2*int(time.Second/requestEvery) - 1; granted < want/2 || granted > want {
			t.Errorf("a second later %d requests were granted", granted)
		}
	})
}

// A countingRouter counts who is about to talk.
type countingRouter struct {
	everybody
	resumed int
}

func (r *countingRouter) Resume(call.Contact, call.ConnectionID) error {
	r.resumed++
	return nil
}

// Routing does not hear of a request that comes too soon.
func TestRoutingHearsOnlyOfWhatIsGranted(t *testing.T) {
	inBubble(t, func(b *bench) {
		router := &countingRouter{}
		b.s.options.Router = router
		b.talk()
		for i := range requestBurst + 1 {
			if err := b.hold(i%2 == 0); (err == nil) != (i < requestBurst) {
				t.Fatalf("request %d: %v", i, err)
			}
		}
		b.pass(requestEvery)
		if err := b.hold(true); err != nil {
			t.Fatal(err)
		}
		before := router.resumed
		if err := b.hold(false); err == nil {
			t.Error("it was granted")
		}
		if router.resumed != before {
			t.Error("routing heard of a request that was refused")
		}
	})
}

// A request that is planned again, because the journal failed, counts once.
func TestARequestCountsOnce(t *testing.T) {
	inBubble(t, func(b *bench) {
		b.talk()
		for i := range requestBurst - 1 {
			if err := b.hold(i%2 == 0); err != nil {
				t.Fatal(err)
			}
		}
		b.journal.set(inTurn([]fault{fails, fails, fails}))
		if _, err := b.request(20*time.Second, call.ResumeRequested{By: ana, Connection: customer}); err != nil {
			t.Errorf("the last that is granted: %v", err)
		}
	})
}

// A line of the trace has an end.
func TestLongLinesAreCut(t *testing.T) {
	line := stamp(time.Now(), "<- 486 "+strings.Repeat("é", 5000))
	if len(line) > lineMost+30 || !strings.HasSuffix(line, "é…") {
		t.Errorf("the line is %q", line)
	}
}
