package switchboard

import (
	"testing"
	"time"

	"holdfast/call"
)

// TestConsultedTargetIsJoined: a target who was consulted is in two-way audio
// already when the agent hands the customer over. The room has nothing new to
// tell then, and the hand-over completes all the same.
func TestConsultedTargetIsJoined(t *testing.T) {
	inBubble(t, func(b *bench) {
		b.talk()
		ask := call.TransferRequested{By: ana, Kind: call.Warm, Target: call.Endpoint{Kind: call.URI, Address: "sip:cardiology@192.0.2.9", Name: "cardiology"}}
		if _, err := b.request(time.Second, ask); err != nil {
			t.Fatal(err)
		}
		b.deliver(target, "180", "200")
		b.wantStage(call.Consulting)
		b.pass(time.Minute)
		if _, err := b.request(time.Second, call.CompleteRequested{By: ana}); err != nil {
			t.Fatal(err)
		}
		b.pass(time.Second)
		b.wantStage(call.Talking)
		c, live := b.s.Contact("c1")
		if !live || len(c.Past) != 1 || c.Past[0].Outcome != call.Completed {
			t.Errorf("the transfer ended as %+v", c.Past)
		}
	})
}
