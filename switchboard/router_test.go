package switchboard

import (
	"sync/atomic"
	"testing"
	"time"

	"holdfast/call"
)

// elsewhere is a Router on which everybody talks to somebody else.
type elsewhere struct{ everybody }

func (elsewhere) Resume(call.Contact, call.ConnectionID) error {
	return &call.Refusal{Code: "talks-to-another", Text: "put the other customer on hold first"}
}

// Who talks to somebody else may hand a customer on hold over, but neither take
// them off hold nor consult anybody about them.
func TestTalksToSomebodyElse(t *testing.T) {
	var c call.Contact
	for _, ev := range []call.Event{
		call.Arrived{Agent: call.Endpoint{Kind: call.AgentEndpoint, Address: "ana"}},
		call.Answered{Connection: 2},
		call.HoldRequested{By: 2, Connection: 1},
	} {
		var err error
		if c, _, err = call.Step(c, time.Time{}, ev); err != nil {
			t.Fatal(err)
		}
	}
	tr := transition{contact: c, now: time.Now(), desk: newDesk(New(Options{Directory: fakeDirectory{}, Router: elsewhere{}}), c, 1)}
	target := call.Endpoint{Kind: call.PhoneNumber, Address: "+15550100"}
	for _, test := range []struct {
		ask call.Request
		may bool
	}{
		{call.ResumeRequested{By: 2, Connection: 1}, false},
		{call.TransferRequested{By: 2, Kind: call.Warm, Target: target}, false},
		{call.TransferRequested{By: 2, Kind: call.Cold, Target: target}, true},
		{call.HoldRequested{By: 2, Connection: 1}, true},
	} {
		if err := tr.may(&input{}, test.ask); (err == nil) != test.may {
			t.Errorf("%+v: %v", test.ask, err)
		}
	}
}

// A slowRouter takes its time to hear of a change.
type slowRouter struct {
	everybody
	told atomic.Bool
}

func (r *slowRouter) Changed(call.Contact, []call.Timed) {
	<-time.After(time.Second)
	r.told.Store(true)
}

// When all contacts are taken over the router knows of each of them: before that it
// must not offer anybody to anybody.
func TestRecoveryTellsTheRouter(t *testing.T) {
	inBubble(t, func(old *bench) {
		old.talk()
		b := recoverBench(old)
		router := &slowRouter{}
		b.s.options.Router = router
		if n, err := b.s.Recover(b.t.Context()); n != 1 || err != nil || !router.told.Load() {
			t.Errorf("recovered %d, %v; the router knows: %v", n, err, router.told.Load())
		}
		b.close()
	})
}
