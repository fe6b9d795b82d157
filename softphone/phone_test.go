package softphone

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"holdfast/media"
	"holdfast/sipua"
)

const (
	anasTone = 440.0
	bensTone = 620.0
)

func start(t *testing.T, o Options) *Phone {
	t.Helper()
	p, err := Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// anaAndBen are two phones; ben does b about his calls.
func anaAndBen(t *testing.T, b Behaviour) (ana, ben *Phone) {
	t.Helper()
	ana = start(t, Options{User: "ana", Tone: anasTone})
	ben = start(t, Options{User: "ben", Tone: bensTone})
	ben.Answering(b)
	return ana, ben
}

func dial(t *testing.T, from, to *Phone) (caller, callee *Call) {
	t.Helper()
	caller, err := from.Dial(patient(t), to.URI())
	if err != nil {
		t.Fatal(err)
	}
	return caller, incoming(t, to)
}

func incoming(t *testing.T, p *Phone) *Call {
	t.Helper()
	c, err := p.Incoming(patient(t))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func ring(t *testing.T, from, to *Phone) (caller, callee *Call) {
	t.Helper()
	caller, err := from.Ring(to.URI())
	if err != nil {
		t.Fatal(err)
	}
	wait(t, "the call rings", caller.Rang())
	return caller, incoming(t, to)
}

func wait(t *testing.T, what string, done <-chan struct{}) {
	t.Helper()
	select {
	case <-done:
	case <-patient(t).Done():
		t.Fatalf("waiting in vain: %s", what)
	}
}

func hears(t *testing.T, c *Call, tones ...float64) {
	t.Helper()
	if err := c.Recording().AwaitTones(patient(t), tones...); err != nil {
		t.Fatalf("%s: %v", c.phone.options.User, err)
	}
}

func ended(t *testing.T, c *Call, by End) {
	t.Helper()
	wait(t, "the call ends", c.Ended())
	if got := c.EndedBy(); got != by {
		t.Errorf("%s: ended by %q (%v), want %q", c.phone.options.User, got, c.Err(), by)
	}
}

func TestPhonesHearEachOther(t *testing.T) {
	t.Parallel()
	for _, law := range []media.Codec{media.PCMU, media.PCMA} {
		ana := start(t, Options{User: "ana", Tone: anasTone, Codec: law})
		ben := start(t, Options{User: "ben", Tone: bensTone, Codec: law})
		anas, bens := dial(t, ana, ben)
		hears(t, anas, bensTone)
		hears(t, bens, anasTone)
		if anas.CallID() != bens.CallID() || bens.Peer() != ana.URI() {
			t.Errorf("%s calls in %s, ben is called by %s in %s", ana.URI(), anas.CallID(), bens.Peer(), bens.CallID())
		}
		if by, err := anas.EndedBy(), anas.Err(); by != "" || err != nil {
			t.Errorf("ended by %q (%v) already", by, err)
		}
		anas.HangUp()
		ended(t, anas, Self)
		ended(t, bens, Peer)
		if anas.Recording().EverHears(anasTone, 0, anas.Recording().Length()) {
			t.Errorf("ana hears herself: %s", anas.Recording().Summary(everybody))
		}
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		do   Action
		text string
	}{{Busy, "486 Busy Here"}, {Decline, "603 Decline"}, {404, "404 Not Found"}, {599, "599 Refused"}} {
		ana, ben := anaAndBen(t, Behaviour{Do: tt.do})
		_, err := ana.Dial(patient(t), ben.URI())
		var refused *Refused
		if !errors.As(err, &refused) || refused.Status != int(tt.do) || refused.Text != tt.text {
			t.Errorf("%d: %v", tt.do, err)
		}
		ended(t, incoming(t, ben), Self)
	}
}

func TestNoCommonCodec(t *testing.T) {
	t.Parallel()
	ana := start(t, Options{User: "ana", Codec: media.PCMA})
	ben := start(t, Options{User: "ben", Codec: media.PCMU})
	_, err := ana.Dial(patient(t), ben.URI())
	var refused *Refused
	if !errors.As(err, &refused) || refused.Status != 488 {
		t.Errorf("A-law to µ-law: %v", err)
	}
}

func TestRingsFirst(t *testing.T) {
	t.Parallel()
	ana, ben := anaAndBen(t, Behaviour{After: 200 * ms})
	before := time.Now()
	anas, _ := ring(t, ana, ben)
	wait(t, "ben answers", anas.Answered())
	if rang := time.Since(before); rang < 200*ms {
		t.Errorf("answered after %v", rang)
	}
}

func TestPickedUpByHand(t *testing.T) {
	t.Parallel()
	ana, ben := anaAndBen(t, Behaviour{Do: RingForever})
	anas, bens := ring(t, ana, ben)
	bens.Answer()
	wait(t, "ben answers", anas.Answered())
	hears(t, bens, anasTone)
}

func TestGivenUpWhileItRings(t *testing.T) {
	t.Parallel()
	ana, ben := anaAndBen(t, Behaviour{Do: RingForever})
	anas, bens := ring(t, ana, ben)
	anas.HangUp()
	ended(t, anas, Self)
	ended(t, bens, Cancelled)
	if isClosed(bens.Answered()) {
		t.Error("ben has answered")
	}
	if said := bens.Reason(); said != "" {
		t.Errorf("ana said why she gave up: %s", said)
	}
}

func TestDialGivesUpWithItsContext(t *testing.T) {
	t.Parallel()
	ana, ben := anaAndBen(t, Behaviour{Do: RingForever})
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("thought better of it")
	go func() {
		if _, err := ben.Incoming(ctx); err == nil {
			cancel(why)
		}
	}()
	if _, err := ana.Dial(ctx, ben.URI()); !errors.Is(err, why) {
		t.Errorf("dialling ended with %v", err)
	}
}

// The answer crosses the CANCEL: ben has answered, and ana ends the call that
// she does not want any more.
func TestAnswerCrossesCancel(t *testing.T) {
	t.Parallel()
	ana, ben := anaAndBen(t, Behaviour{Do: AnswerLate})
	anas, bens := ring(t, ana, ben)
	anas.HangUp()
	wait(t, "ben answers late", bens.Answered())
	ended(t, bens, Peer)
	ended(t, anas, Self)
	if isClosed(anas.Answered()) {
		t.Error("ana took the answer for one she wanted")
	}
}

func TestEarlyMedia(t *testing.T) {
	t.Parallel()
	ana, ben := anaAndBen(t, Behaviour{Do: RingForever, EarlyMedia: true})
	anas, bens := ring(t, ana, ben)
	hears(t, anas, bensTone)
	if isClosed(anas.Answered()) {
		t.Fatal("answered already")
	}
	bens.Answer()
	wait(t, "ben answers", anas.Answered())
	hears(t, bens, anasTone)
}

func TestHoldAndResume(t *testing.T) {
	t.Parallel()
	ana, ben := anaAndBen(t, Behaviour{})
	anas, bens := dial(t, ana, ben)
	hears(t, anas, bensTone)
	hears(t, bens, anasTone)
	if err := anas.Hold(patient(t)); err != nil {
		t.Fatal(err)
	}
	onHold := bens.Recording().Length() + 100*ms
	if err := bens.Recording().AwaitLength(patient(t), onHold); err != nil {
		t.Fatal(err)
	}
	fromBen := len(anas.Recording().Packets()) // what was on its way has come
	if err := bens.Recording().AwaitLength(patient(t), onHold+500*ms); err != nil {
		t.Fatal(err)
	}
	if bens.Recording().EverHears(anasTone, onHold, onHold+500*ms) {
		t.Errorf("ben is on hold and hears ana: %s", bens.Recording().Summary(everybody))
	}
	if n := len(anas.Recording().Packets()) - fromBen; n > 0 {
		t.Errorf("ben is on hold and sends, %d packets in half a second", n)
	}
	if err := anas.Resume(patient(t)); err != nil {
		t.Fatal(err)
	}
	hears(t, anas, bensTone)
	hears(t, bens, anasTone)
	if err := bens.Hold(patient(t)); err != nil { // who was called may hold as well
		t.Fatal(err)
	}
}

func TestHangsUpOnCue(t *testing.T) {
	t.Parallel()
	ana, ben := anaAndBen(t, Behaviour{HangUpAfter: 300 * ms})
	anas, bens := dial(t, ana, ben)
	ended(t, anas, Peer)
	ended(t, bens, Self)
	if length := anas.Recording().Length(); length < 200*ms {
		t.Errorf("hung up after %v of audio, not 300ms", length)
	}
}

// The far end moves its audio to another address: ben follows at once, hears
// on, and his recording goes on.
func TestFollowsANewAddress(t *testing.T) {
	t.Parallel()
	ana, ben := anaAndBen(t, Behaviour{})
	anas, bens := dial(t, ana, ben)
	hears(t, bens, anasTone)
	moved := speaker(t, 1000, media.PCMU, bens.audio.address())
	ana.do(func() {
		anas.session.address = moved.address()
		anas.apply(anas.dialog.Invite(time.Now(), anas.session.offer()))
	})
	hears(t, bens, 1000)
	if err := moved.recording.AwaitTones(patient(t), bensTone); err != nil {
		t.Error(err)
	}
	if !bens.Recording().EverHears(anasTone, 0, bens.Recording().Length()) {
		t.Errorf("what ben heard before is lost: %s", bens.Recording().Summary(everybody))
	}
}

func TestDigitsInACall(t *testing.T) {
	t.Parallel()
	ana, ben := anaAndBen(t, Behaviour{})
	anas, bens := dial(t, ana, ben)
	if err := anas.SendDigits("1#"); err != nil {
		t.Fatal(err)
	}
	if err := bens.Recording().AwaitDigits(patient(t), "1#"); err != nil {
		t.Error(err)
	}
	if err := anas.SendDigits("1x"); err == nil {
		t.Error("x was taken for a digit")
	}
}

func TestNobodyThere(t *testing.T) {
	t.Parallel()
	ana := start(t, Options{User: "ana"})
	free, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := "sip:nobody@" + free.LocalAddr().String()
	free.Close()
	_, err = ana.Dial(patient(t), nobody)
	var refused *Refused
	if !errors.As(err, &refused) || refused.Status != 0 || !strings.Contains(refused.Text, "unreachable") {
		t.Errorf("calling nobody: %v", err)
	}
}

func TestSilent(t *testing.T) {
	t.Parallel()
	ana, ben := anaAndBen(t, Behaviour{Do: Silent})
	_, err := ana.Dial(patient(t), ben.URI())
	var refused *Refused
	if !errors.As(err, &refused) || refused.Status != 0 || !strings.Contains(refused.Text, "no answer") {
		t.Errorf("calling the silent: %v", err)
	}
}

func TestSwitchedOff(t *testing.T) {
	t.Parallel()
	ana, ben := anaAndBen(t, Behaviour{})
	anas, bens := dial(t, ana, ben)
	ben.Close()
	ended(t, bens, Self)
	if !errors.Is(bens.Err(), ErrClosed) {
		t.Errorf("switched off, and the call ended with %v", bens.Err())
	}
	if isClosed(anas.Ended()) {
		t.Error("a phone that is switched off has said goodbye")
	}
	if _, err := ben.Dial(patient(t), ana.URI()); !errors.Is(err, ErrClosed) {
		t.Errorf("dialling when switched off: %v", err)
	}
	if _, err := ben.Incoming(patient(t)); !errors.Is(err, ErrClosed) {
		t.Errorf("waiting for a call when switched off: %v", err)
	}
	bens.HangUp() // does nothing
	ben.Close()
}

// The far end is killed and comes back at the same address with what it had
// written down: ben's call goes on as if nothing had happened.
func TestSurvivesARestartOfTheFarEnd(t *testing.T) {
	t.Parallel()
	ana, ben := anaAndBen(t, Behaviour{})
	anas, bens := dial(t, ana, ben)
	hears(t, bens, anasTone)
	rtp := anas.audio.address()
	ana.Close()
	memory := anas.dialog.Memory()
	if err := bens.Recording().AwaitTones(shortly(t), anasTone); err == nil {
		t.Fatal("ana is gone and still heard")
	}

	again := start(t, Options{Address: ana.Address(), User: "ana"})
	audio, err := startAudio(rtp, 1000, false, discard)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(audio.close)
	call := newCall(again, audio, ben.URI())
	call.dialog, err = sipua.Restore(again.local, 2, memory)
	if err != nil {
		t.Fatal(err)
	}
	call.id = call.dialog.CallID()
	call.session.version = 9
	close(call.answered)
	again.do(func() {
		again.calls[call.id] = call
		call.apply(call.dialog.Resume(time.Now()))
		call.apply(call.dialog.Invite(time.Now(), call.session.offer()))
	})
	hears(t, bens, 1000)
	hears(t, call, bensTone)
	if gap := bens.Recording().LongestGap(); gap < 300*ms {
		t.Errorf("ben's longest gap is %v, and ana was gone for longer", gap)
	}
	bens.HangUp()
	ended(t, call, Peer)
}

// shortly is a context that ends after what is too short for patience.
func shortly(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 300*ms)
	t.Cleanup(cancel)
	return ctx
}
