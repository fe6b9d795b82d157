package e2e

import (
	"context"
	"fmt"
	"math"
	"math/cmplx"
	"slices"
	"testing"
	"time"

	"holdfast"
	"holdfast/call"
	"holdfast/client"
	"holdfast/config"
	"holdfast/holdfasttest"
	"holdfast/softphone"
	"holdfast/switchboard"
)

// How much BenchmarkAnswerToSound measures.
const (
	callsBehind = 100
	transfers   = 200
)

// BenchmarkAnswerToSound measures how long it takes from a target's 200 OK until the
// first packet with the target's voice is at the customer, in 200 transfers with 100
// calls behind. The target's phone speaks every 20 ms and does not wait for us, so
// 10 ms of it, on average, are the phone's own. On a slow disk it must take no longer.
func BenchmarkAnswerToSound(b *testing.B) {
	for name, write := range map[string]time.Duration{"disk": 0, "slow": 10 * time.Millisecond} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				bed := crowded(b, write)
				var took []time.Duration
				for range transfers {
					took = append(took, answerToSound(bed))
				}
				slices.Sort(took)
				for _, percent := range []int{50, 90, 99} {
					ms := float64(took[percent*(len(took)-1)/100]) / float64(time.Millisecond)
					b.ReportMetric(ms, fmt.Sprintf("p%d-ms", percent))
				}
			}
		})
	}
}

// crowded is a bed with calls behind, on a disk that takes so much longer to write.
func crowded(b *testing.B, write time.Duration) *holdfasttest.Bed {
	bed := holdfasttest.Start(b, func(bed *holdfasttest.Bed) {
		c, phone := &bed.Options.Config, bed.Add("crowd", softphone.Options{}).URI()
		for i := range callsBehind {
			name := fmt.Sprintf("crowd%d", i)
			c.Agents = append(c.Agents, config.Agent{Name: name, Address: phone, Capacity: 1})
			c.Routes = append([]config.Route{{Called: name, Agent: name}}, c.Routes...)
		}
		holdfasttest.WatchJournal(&bed.Options, func(j holdfast.Journal) holdfast.Journal { return lateJournal{j, write} })
	})
	for i := range callsBehind {
		bed.Dial("customer", fmt.Sprintf("crowd%d", i))
	}
	bed.Phone("cardiology").Answering(softphone.Behaviour{After: 50 * time.Millisecond})
	return bed
}

// A lateJournal takes a while to write.
type lateJournal struct {
	holdfast.Journal
	write time.Duration
}

func (j lateJournal) Append(ctx context.Context, e switchboard.Entry, after uint64) (uint64, error) {
	<-time.After(j.write)
	return j.Journal.Append(ctx, e, after)
}

// answerToSound plays one transfer and returns how long the customer waited for the
// target's voice.
func answerToSound(all *holdfasttest.Bed) time.Duration {
	bed := all.For("customer")
	bed.Talk()
	bed.Transfer(client.TransferRequest{Target: "cardiology"})
	bed.Rung("cardiology")
	first := firstHeard(bed.Heard("customer"), bed.Tone("cardiology"))
	bed.Settled()
	bed.HangUp("customer")
	bed.Ended("customer", "ana", "cardiology")
	bed.Await(func(c call.Contact) bool { return c.Stage == call.Over })
	return first.Sub(bed.Heard("cardiology").Began())
}

// firstHeard waits for the first packet with a tone, and returns when it came. At
// first the agent may be heard besides.
func firstHeard(heard *softphone.Recording, tone float64) time.Time {
	const packet = 160 // samples
	for seen := time.Duration(0); ; <-time.After(500 * time.Microsecond) {
		if length := heard.Length(); length > seen {
			seen = length
			samples, packets := heard.Samples(), heard.Packets()
			if hears(samples[len(samples)-packet:], tone) {
				return heard.Began().Add(packets[len(packets)-1])
			}
		}
	}
}

// hears reports whether a good part of the power of some audio is in one tone.
func hears(samples []int16, tone float64) bool {
	var sum complex128
	var power float64
	for i, s := range samples {
		sum += complex(float64(s), 0) * cmplx.Exp(complex(0, -2*math.Pi*tone*float64(i)/8000))
		power += float64(s) * float64(s)
	}
	n := float64(len(samples))
	return power > 0 && 2*real(sum*cmplx.Conj(sum))/n/power > 0.2
}
