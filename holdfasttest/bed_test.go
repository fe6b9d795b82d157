package holdfasttest_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast/call"
	"holdfast/client"
	"holdfast/holdfasttest"
	"holdfast/softphone"
)

func TestBed(t *testing.T) {
	bed := holdfasttest.Start(t, nil)
	bed.Phone("cardiology").Answering(softphone.Behaviour{After: 200 * time.Millisecond})
	bed.Talk()
	bed.Transfer(client.TransferRequest{Target: "cardiology"})
	bed.Rung("cardiology")
	bed.Hears("customer", "hold audio")
	bed.Restart()
	bed.HearEachOther("customer", "cardiology")
	bed.NeverHears("cardiology", "ana")
	bed.Ended("ana")
	bed.HangUp("customer")
	if c := bed.Over(); len(c.Past) != 1 || c.Past[0].Outcome != call.Completed {
		t.Errorf("the transfers were %+v", c.Past)
	}
}

// TestBedNotices: what does not go as a method says fails the test.
func TestBedNotices(t *testing.T) {
	bed := holdfasttest.Start(t, nil)
	bed.Talk()
	for want, play := range map[string]func(*holdfasttest.Bed){
		"the customer does not hear cardiology, [800] Hz": func(b *holdfasttest.Bed) { b.Hears("customer", "cardiology") },
		"ana hears customer: true, want only ":            func(b *holdfasttest.Bed) { b.HearsOnly("ana") },
		"the customer hears ana: true, want only ":        func(b *holdfasttest.Bed) { b.HearEachOther("customer") },
		"the customer has heard ana from ":                func(b *holdfasttest.Bed) { b.NeverHears("customer", "ana") },
		"nobody is called \"eve\"":                        func(b *holdfasttest.Bed) { b.Hears("customer", "eve") },
		"cardiology has no call":                          func(b *holdfasttest.Bed) { b.HangUp("cardiology") },
		"the line of the customer does not end":           func(b *holdfasttest.Bed) { b.Ended("customer") },
		"a transfer to eve: ":                             func(b *holdfasttest.Bed) { b.Transfer(client.TransferRequest{Target: "eve"}) },
		"the contact is talking":                          func(b *holdfasttest.Bed) { b.Settled() },
		"1 contacts are still there":                      func(b *holdfasttest.Bed) { b.Idle() },
	} {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		err := holdfasttest.Try(ctx, func(t holdfasttest.T) { play(bed.On(t)) })
		cancel()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestTry(t *testing.T) {
	var did []string
	err := holdfasttest.Try(t.Context(), func(t holdfasttest.T) {
		t.Cleanup(func() { did = append(did, "first") })
		t.Cleanup(func() { did = append(did, "second") })
		t.Errorf("one")
		t.Fatalf("two")
		t.Errorf("three")
	})
	if err == nil || err.Error() != "one\ntwo" {
		t.Errorf("got %v", err)
	}
	if want := []string{"second", "first"}; !slices.Equal(did, want) {
		t.Errorf("cleaned up %v, want %v", did, want)
	}
	if err := holdfasttest.Try(t.Context(), func(holdfasttest.T) {}); err != nil {
		t.Errorf("got %v", err)
	}
}
