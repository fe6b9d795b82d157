package call_test

import (
	"testing"
	"time"

	"holdfast/call"
)

// BenchmarkColdTransfer plays a whole cold transfer; it reports the time of
// one step.
func BenchmarkColdTransfer(b *testing.B) {
	now := time.Unix(1e9, 0)
	events := []call.Event{
		call.Arrived{Customer: at("customer"), Agent: at("ana")},
		call.Rang{Connection: 2},
		call.Answered{Connection: 2},
		call.TransferRequested{By: 2, Kind: call.Cold, Target: at("cardiology")},
		call.Rang{Connection: 3},
		call.Answered{Connection: 3},
		call.Joined{Connections: []call.ConnectionID{1, 2, 3}},
		call.HungUp{Connection: 1},
	}
	b.ReportAllocs()
	steps := 0
	for b.Loop() {
		c := call.Contact{ID: "bench"}
		for _, ev := range events {
			var err error
			if c, _, err = call.Step(c, now, ev); err != nil {
				b.Fatal(err)
			}
			call.Hears(c)
			steps++
		}
		if c.Stage != call.Over {
			b.Fatal("the contact is not over")
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(steps), "ns/step")
}
