package switchboard

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"holdfast/call"
)

// An act is one thing that somebody does in a random story.
type act struct {
	Who  call.ConnectionID
	What string
	Wait time.Duration // afterwards
}

// acts are stories of any length. Some begin with a transfer to somebody whom ana has
// called from her phone, which chance alone seldom comes to.
func acts(wait *rapid.Generator[time.Duration]) *rapid.Generator[[]act] {
	return rapid.Custom(func(t *rapid.T) []act {
		var story []act
		if rapid.Bool().Draw(t, "attended") {
			story = []act{{ana, "200", 0}, {0, "dial", 0}, {cardiology, "180", 0}, {cardiology, "200", 0}, {ana, "REFER consulted", 0}}
			if rapid.Bool().Draw(t, "early") {
				story = slices.Delete(story, 3, 4)
			}
			for i := range story {
				story[i].Wait = wait.Draw(t, "wait")
			}
		}
		return append(story, anyActs(wait).Draw(t, "acts")...)
	})
}

func anyActs(wait *rapid.Generator[time.Duration]) *rapid.Generator[[]act] {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) act {
		return act{
			Who: rapid.SampledFrom([]call.ConnectionID{1, 2, 3, 4, 5, 1, 2, 3, 4, 5, anaAgain, cardiology, cardiology, 103}).Draw(t, "who"),
			What: rapid.SampledFrom([]string{
				"180", "200", "200", "200", "486", "BYE", "refresh", "OPTIONS", "487", "200 to BYE",
				"transfer", "transfer", "cancel", "hold", "resume",
				"dial", "dial", "REFER +15550166", "REFER consulted", "REFER consulted", "another phone",
			}).Draw(t, "what"),
			Wait: wait.Draw(t, "wait"),
		}
	}), 1, 25)
}

var faults = rapid.SliceOfN(rapid.SampledFrom([]fault{works, works, slow, fails, lands, hangs, tarry}), 0, 60)

// inTurn yields the faults one after the other, and none after that; never
// more than three failures in a row, so that twenty seconds always thaw.
func inTurn(all []fault) func() fault {
	failed := 0
	return func() fault {
		f := works
		if len(all) > 0 {
			f, all = all[0], all[1:]
		}
		if f == works || f == slow {
			failed = 0
		} else if failed++; failed > 3 {
			failed = 0
			return works
		}
		return f
	}
}

func (b *bench) do(a act) {
	requests := map[string]call.Event{
		"transfer": call.TransferRequested{By: a.Who, Kind: call.Cold, Target: call.Endpoint{Kind: call.PhoneNumber, Address: fmt.Sprintf("+1555010%d", a.Who)}},
		"cancel":   call.CancelRequested{By: a.Who},
		"hold":     call.HoldRequested{By: a.Who, Connection: customer},
		"resume":   call.ResumeRequested{By: a.Who, Connection: customer},
	}
	ev, asks := requests[a.What]
	switch {
	case asks:
		_, _ = b.request(time.Minute, ev) // granted or refused: what it does is compared
	case a.What == "dial":
		b.mayDial()
	case a.What == "another phone":
		_ = b.s.Replace("c1", b.otherPhone(a.Who, "ana", func(error) {})) // or it has ended
	case a.Who > 100:
		b.s.Deliver(second, a.Who-100, msg(a.What))
	default:
		b.s.Deliver("c1", a.Who, msg(a.What))
	}
	b.pass(a.Wait)
	b.wantHeardAsRecorded()
}

// mayDial has ana's phone dial in the second contact, once in a story.
func (b *bench) mayDial() {
	if b.s.desk(second) != nil || len(b.journal.entriesOf(second)) > 0 {
		return
	}
	b.lines.opened(anaAgain)
	b.lines.holds(anaAgain, 1)
	leg := fakeLeg{lines: b.lines, contact: second, ID: 1, Epoch: 1, Line: anaAgain}
	if b.s.Open(second, leg, msg("DIAL")) != nil {
		leg.Close()
	}
}

// outcome is what is left to compare of a story: what was sent after each act,
// and the contact as the journal has it, without its times.
type outcome struct {
	wire    []string
	contact string
}

// runStory plays a story slowly, and everybody hangs up at its end.
func runStory(t *testing.T, story []act, fault func() fault) (o outcome) {
	t.Helper()
	inBubble(t, func(b *bench) {
		b.lines.arrival.Rules = call.DefaultRules()
		b.lines.arrival.Rules.OfferFor = call.Duration(24 * time.Hour)
		b.lines.arrival.Rules.RingFor = call.Duration(24 * time.Hour)
		b.lines.arrival.Rules.RecallFor = call.Duration(24 * time.Hour)
		b.lines.arrival.Rules.TakenAfter = 0
		b.journal.set(fault)
		b.open()
		b.pass(20 * time.Second)
		sent := 0
		for _, a := range story {
			b.do(a)
			now := slices.DeleteFunc(b.trace.sent()[sent:], func(line string) bool {
				return strings.HasSuffix(line, "INVITE again")
			})
			sent = b.sent()
			slices.Sort(now)
			o.wire = append(o.wire, fmt.Sprintf("%d %s: %q", a.Who, a.What, now))
		}
		for _, id := range []call.ContactID{"c1", second} {
			if len(b.journal.entriesOf(id)) > 0 {
				o.contact += timeless(b.journal.lastOf(id).Contact) + "\n"
			}
		}
		wantSteps(b)
	})
	return o
}

// timeless is a contact without its times.
func timeless(c call.Contact) string {
	var s strings.Builder
	fmt.Fprintf(&s, "%s ended by %q, %q, last connection %d", c.Stage, c.EndedBy, c.EndReason, c.LastConnection)
	for _, c := range c.Connections {
		fmt.Fprintf(&s, "; %d %s %s", c.ID, c.Party, c.State)
	}
	for _, t := range c.Past {
		fmt.Fprintf(&s, "; %s %s %s", t.ID, t.Outcome, t.Reason)
	}
	return s.String()
}

// wantSteps wants the steps of the journal to be counted without a gap.
func wantSteps(b *bench) {
	b.t.Helper()
	for _, id := range []call.ContactID{"c1", second} {
		for i, e := range b.journal.entriesOf(id) {
			if e.Step != uint64(i)+1 {
				b.t.Errorf("entry %d of %s is step %d", i+1, id, e.Step)
			}
		}
	}
}

func TestFailuresOfTheJournalChangeNothingInTheEnd(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		story := acts(rapid.Just(time.Minute)).Draw(rt, "story") // in which a line goes from one contact to another, too
		failing := faults.Draw(rt, "faults")
		want := runStory(t, story, nil)
		got := runStory(t, story, inTurn(failing))
		if !slices.Equal(got.wire, want.wire) || got.contact != want.contact {
			rt.Fatalf("with failures\n%s\n%s\nwithout\n%s\n%s",
				strings.Join(got.wire, "\n"), got.contact, strings.Join(want.wire, "\n"), want.contact)
		}
	})
}

// TestAnyStoryEnds plays stories in a hurry, with failures and restarts, and
// wants every message recorded first and nothing left when all have hung up.
func TestAnyStoryEnds(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		story := acts(rapid.SampledFrom([]time.Duration{0, 0, 50 * time.Millisecond, 3 * time.Second, 21 * time.Second})).Draw(rt, "story")
		failing := faults.Draw(rt, "faults")
		restart := rapid.IntRange(-1, len(story)-1).Draw(rt, "restart")
		var failure error
		inBubble(t, func(b *bench) {
			failure = hurry(b, story, inTurn(failing), restart)
		})
		if failure != nil {
			rt.Fatal(failure)
		}
	})
}

func hurry(b *bench, story []act, fault func() fault, restart int) error {
	traces := []*trace{b.trace}
	b.journal.set(fault)
	b.open()
	for i, a := range story {
		if i == restart {
			b.close()
			b = newBench(b.t, &trace{}, b.journal).at(b.journal)
			defer b.close()
			traces = append(traces, b.trace)
			if _, err := b.s.Recover(context.Background()); err != nil {
				return err
			}
		}
		b.do(a)
	}
	b.journal.set(nil)
	b.s.Deliver("c1", customer, msg("CANCEL")) // one of these is right
	b.s.Deliver("c1", customer, msg("BYE"))
	b.s.Deliver(second, 1, msg("CANCEL"))
	b.s.Deliver(second, 1, msg("BYE"))
	b.s.Deliver(second, 2, msg("BYE"))
	for range 8 {
		for id := range call.ConnectionID(30) {
			for _, m := range []msg{"487", "200 to BYE"} {
				b.s.Deliver("c1", id, m)
				b.s.Deliver(second, id, m)
			}
		}
		b.pass(5 * time.Second)
	}
	if n := b.s.LegCount(); n > 0 || len(b.s.Contacts()) > 0 {
		c, _ := b.s.Contact("c1")
		return fmt.Errorf("%d legs are left; the contact is %s", n, timeless(c))
	}
	wantSteps(b)
	for _, tr := range traces {
		if err := checkWriteAhead(withoutEndings(tr.events)); err != nil {
			return err
		}
	}
	return nil
}

// withoutEndings leaves out what may be sent unrecorded when the customer has
// left.
func withoutEndings(events []traced) []traced {
	return slices.DeleteFunc(slices.Clone(events), func(e traced) bool { return e.class == Ending })
}
