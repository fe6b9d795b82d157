package interop

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"holdfast/call"
)

// An event is something that can become of a transfer.
type event struct {
	what string
	play func(*stage)
	not  map[call.Kind]string // why it cannot be in transfers of a kind
	long time.Duration        // how long it takes at least, if that is long
}

var (
	consults  = map[call.Kind]string{call.Cold: "nobody is consulted", call.Blind: "nobody is consulted"}
	agentGone = map[call.Kind]string{call.Blind: "the agent has left already"}
)

var events = []event{
	{what: "target answers", play: answered},
	{what: "target is busy", play: busy},
	{what: "target is busy, says SIPp", play: refused("486 Busy Here", call.Busy)},
	{what: "target does not answer", play: notAnswered},
	{what: "target does not answer, says SIPp", play: fails("rings", "", ringShort, call.NoAnswer)},
	{what: "target declines (603)", play: refused("603 Decline", call.Declined)},
	{what: "target is not known (404)", play: refused("404 Not Found", call.NotFound)},
	{what: "target is out of service (503)", play: refused("503 Service Unavailable", call.Unreachable)},
	{what: "target sends audio early (183), then answers", play: earlyMedia},
	{what: "target must press 1, and does", play: pressesKey},
	{what: "target must press 1, and does by INFO", play: pressesByInfo},
	{what: "target must press 1, and is a voicemail", play: voicemail},
	{what: "target's 200 crosses our CANCEL", play: fails("crosses", "", ringShort, call.NoAnswer)},
	{what: "target leaves right after its answer", play: leavesAtOnce},
	{what: "target leaves 3 s after the hand-over", play: leavesSoon},
	{what: "target leaves 30 s after the hand-over", play: leavesLater, long: 30 * time.Second},
	{what: "customer leaves while it rings", play: customerLeavesRinging},
	{what: "customer leaves during the consultation", play: customerLeavesConsulting, not: consults},
	{what: "customer leaves just after the hand-over", play: customerLeavesJoined},
	{what: "agent hangs up while it rings, target answers", play: agentLeavesAnswered, not: agentGone},
	{what: "agent hangs up while it rings, nobody answers", play: agentLeavesUnanswered, not: agentGone},
	{what: "agent hangs up during the consultation", play: agentLeavesConsulting, not: consults},
	{what: "nobody is at the target's address", play: nobodyThere},
	{what: "target's host says nothing", play: saysNothing},
	{what: "the ACK to the target's 200 is lost", play: lostACK},
	{what: "target holds (sendonly) and resumes", play: targetHolds("sendonly")},
	{what: "target holds (inactive) and resumes", play: targetHolds("inactive")},
	{what: "customer holds and resumes", play: customerHolds},
	{what: "customer holds and resumes while it rings", play: customerHoldsRinging},
	{what: "customer holds and resumes during the consultation", play: customerHoldsConsulting, not: consults},
	{what: "server restarts while it rings", play: restarts},
	{what: "two targets in turn: busy, answers", play: nextAnswers},
	{what: "two targets at once: one answers", play: oneOfAllAnswers},
}

// A cell is a row of one of the tables.
type cell struct {
	title []string // what happens, and how the agent transfers
	not   string   // why it cannot be
	long  time.Duration
	// play plays until only repetitions of what was said can come, and returns what
	// looks back then.
	play func(*testing.T) (*stage, func() *row)
	row  *row // what was seen, once it has been played
}

// atOnce is how many cells are played at a time: they wait more than they work.
const atOnce = 6

// TestEveryKind plays everything that can become of a cold, a warm and a blind
// transfer, and of one by the key of a desk phone, between phones that others wrote.
// In each cell the customer ends where they belong and is never left in silence,
// everybody hears those they should and nobody else, and no line is left over.
func TestEveryKind(t *testing.T) {
	Need(t, "baresip", "sipp")
	kinds, keys := everyCell(), everyKeyCell()
	queue := slices.Concat(kinds, keys)
	slices.SortStableFunc(queue, func(a, b *cell) int { return cmp.Compare(b.long, a.long) })
	places := make(chan struct{}, atOnce)
	var players sync.WaitGroup
	for _, c := range queue {
		if c.not != "" {
			continue
		}
		places <- struct{}{}
		played := sync.OnceFunc(func() { <-places })
		players.Go(func() {
			defer played()
			t.Run(strings.Join(c.title, "/"), func(t *testing.T) { c.run(t, played) })
		})
	}
	players.Wait()
	tell(t, kinds, keys)
}

func everyCell() (cells []*cell) {
	for _, e := range events {
		for _, kind := range []call.Kind{call.Cold, call.Warm, call.Blind} {
			cells = append(cells, &cell{
				title: []string{e.what, string(kind)}, not: e.not[kind], long: e.long,
				play: func(t *testing.T) (*stage, func() *row) {
					s := setStage(t, kind)
					e.play(s)
					return s, s.row
				},
			})
		}
	}
	return cells
}

func everyKeyCell() (cells []*cell) {
	for _, e := range keyEvents {
		for _, phone := range []string{ofBaresip, ofSIPp} {
			for _, key := range []string{blindKey, attendedKey, earlyKey} {
				cells = append(cells, &cell{
					title: []string{e.what, phone, key},
					play: func(t *testing.T) (*stage, func() *row) {
						k := setKeyStage(t, key, phone, e.target, e.rules)
						e.play(k)
						return k.stage, k.row
					},
				})
			}
		}
	}
	return cells
}

// run plays the cell, and gives its place to another when only repetitions of
// what was said can come.
func (c *cell) run(t *testing.T, played func()) {
	s, seen := c.play(t)
	s.heardWhom()
	for _, phone := range []*baresip{s.customer, s.agent, s.target} {
		if phone != nil {
			phone.StopListening()
		}
	}
	played()
	s.NoLegs()
	c.row = seen()
}

// TestHoldAtThePhone: while an agent's desk phone holds, the customer hears hold
// audio. (baresip records nothing any more after a hold, so what
// the agent hears then is not known.)
func TestHoldAtThePhone(t *testing.T) {
	Need(t, "baresip")
	s := setStage(t, "")
	s.agent.hold()
	s.hears("customer", "hold")
	s.agent.resume()
	s.hears("customer", "agent")
	s.goodbye()
}
