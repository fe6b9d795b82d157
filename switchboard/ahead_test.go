package switchboard

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"holdfast/call"
)

// heardWrong returns how what is heard differs from what is recorded, or "": while
// an entry is being written it may.
func (b *bench) heardWrong() string {
	c, known := b.s.Contact("c1")
	writing, failed := b.journal.state()
	if !known || writing || failed && !hasConnection(c, customer) {
		return ""
	}
	if got, want := b.room.hears(), call.Hears(c); len(got)+len(want) > 0 && !reflect.DeepEqual(got, want) {
		return fmt.Sprintf("heard is %v, want %v", got, want)
	}
	if failed {
		return "" // what the last entry has may not be what was acted on
	}
	for id, m := range b.journal.last().Legs {
		var leg fakeLeg
		if err := json.Unmarshal(m.Memory, &leg); err != nil {
			return err.Error()
		}
		if got, want := b.lines.isTuned(id), leg.State == "up"; got != want {
			return fmt.Sprintf("leg %d has its audio: %t, want %t", id, got, want)
		}
	}
	return ""
}

func (b *bench) wantHeardAsRecorded() {
	b.t.Helper()
	if wrong := b.heardWrong(); wrong != "" {
		b.t.Error(wrong)
	}
}

// wantHears wants a party to hear these, or an audio.
func (b *bench) wantHears(id call.ConnectionID, want call.Hearing) {
	b.t.Helper()
	want.Connection = id
	for _, h := range b.room.hears() {
		if h.Connection == id && reflect.DeepEqual(h, want) {
			return
		}
	}
	b.t.Errorf("heard is %v, want %+v", b.room.hears(), want)
}

func TestAudioDoesNotWaitForTheDisk(t *testing.T) {
	inBubble(t, func(b *bench) {
		b.reach()
		n := b.sent()
		b.journal.set(always(slow))
		b.deliver(target, "200")
		b.wantHears(customer, call.Hearing{From: []call.ConnectionID{target}})
		if !b.lines.isTuned(target) {
			t.Error("the target has no audio yet")
		}
		b.wantSent(n) // but nobody is told before it is recorded
		b.pass(time.Second)
		b.wantStage(call.Talking)
		b.wantHears(customer, call.Hearing{From: []call.ConnectionID{target}})
		b.wantWriteAhead()
	})
}

// What a person asks for has not happened until it is recorded.
func TestRequestIsNotHeardAhead(t *testing.T) {
	inBubble(t, func(b *bench) {
		b.talk()
		b.journal.set(always(hangs))
		if _, err := b.request(500*time.Millisecond, call.HoldRequested{By: ana, Connection: customer}); err == nil {
			t.Error("granted without a journal")
		}
		b.wantHears(customer, call.Hearing{From: []call.ConnectionID{ana}})
	})
}

// A caller who has not been answered is sent no audio.
func TestCallerIsNotHeardBeforeTheAnswer(t *testing.T) {
	inBubble(t, func(b *bench) {
		b.open()
		b.journal.set(always(slow))
		b.deliver(ana, "200")
		if b.lines.isTuned(customer) || len(b.room.hears()) > 0 {
			t.Errorf("heard ahead of the answer: %v", b.room.hears())
		}
		b.pass(time.Second)
		b.wantHears(ana, call.Hearing{From: []call.ConnectionID{customer}})
	})
}

// A recording outlives the process: it waits for its entry.
func TestRecordingDoesNotPrecede(t *testing.T) {
	inBubble(t, func(b *bench) {
		b.open()
		c := call.Contact{Connections: []call.Connection{{ID: 1, Party: call.Customer, State: call.Connected}}, Recorded: true}
		mix, may := call.HearsAhead(nil, c, nil)
		if !may || len(mix) != 1 || mix[0].Recorded {
			t.Errorf("ahead is heard %v", mix)
		}
		if mix, _ = call.HearsAhead(call.Hears(c), c, nil); !mix[0].Recorded {
			t.Errorf("a recording was ended: %v", mix)
		}
	})
}

// An entry that is not written, or not by us, is not heard any more.
func TestWhatIsHeardAheadIsTakenBack(t *testing.T) {
	for name, stuck := range map[string]bool{"": false, "planted: it is not": true} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(b *bench) {
				b.reach()
				b.journal.set(always(hangs))
				b.deliver(target, "200")
				b.wantHears(customer, call.Hearing{From: []call.ConnectionID{target}})
				b.room.stick(stuck)
				b.pass(appendWithin)
				if wrong := b.heardWrong(); (wrong != "") != stuck {
					t.Errorf("with the fault %t: %q", stuck, wrong)
				}
				b.room.stick(false)
				b.journal.set(nil)
				b.pass(3 * time.Second)
				b.wantStage(call.Talking)
				b.wantHears(customer, call.Hearing{From: []call.ConnectionID{target}})
			})
		})
	}
}

// After a restart people are heard before the contact is claimed, unless another
// process may have it.
func TestRecoveryIsHeardBeforeTheClaim(t *testing.T) {
	for name, shared := range map[string]bool{"a directory": false, "a cluster": true} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(old *bench) {
				old.reach()
				b := recoverBench(old)
				b.journal.shared = shared
				b.journal.set(always(crawls))
				done := make(chan error)
				go func() {
					_, err := b.s.Recover(context.Background())
					done <- err
				}()
				synctest.Wait()
				if heard := len(b.room.hears()) > 0; heard == shared {
					t.Errorf("shared: %t, heard before the claim: %t", shared, heard)
				}
				b.wantSent(0)
				b.pass(1500 * time.Millisecond) // the first entry was not written in time
				if heard := len(b.room.hears()) > 0; heard == shared {
					t.Errorf("shared: %t, heard while the claim is tried again: %t", shared, heard)
				}
				if err := <-done; err != nil {
					t.Error(err)
				}
				synctest.Wait()
				b.wantHears(customer, call.Hearing{Audio: call.HoldAudio})
				b.wantHeardAsRecorded()
				b.close()
			})
		})
	}
}
