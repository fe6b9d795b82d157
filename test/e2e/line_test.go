package e2e

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"holdfast/call"
	"holdfast/client"
	"holdfast/holdfasttest"
	"holdfast/softphone"
)

// digits has the agent press keys, on that line or where it is meant.
func (h *house) digits(on call.ConnectionID, keys string) {
	h.t.Helper()
	h.granted(h.Client.Digits(h.Soon(), h.Contact, on, keys))
}

// pressed waits until somebody has heard these keys, and no others.
func (h *house) pressed(who, keys string) {
	h.t.Helper()
	if err := h.Heard(who).AwaitDigits(h.Soon(), keys); err != nil {
		h.t.Fatalf("%s: %v", who, err)
	}
	if got := h.Heard(who).Digits(); got != keys {
		h.t.Errorf("%s has heard the keys %s, want %s", who, got, keys)
	}
}

func TestKeysArePressed(t *testing.T) {
	for name, noEvents := range inTheAudioOrByInfo {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := open(t, withCardiology(softphone.Options{NoEvents: noEvents}))
			h.consult()
			h.digits(0, "12#")
			h.pressed("cardiology", "12#")
			h.digits(1, "*")
			h.pressed("customer", "*")
			h.Restart()
			h.hearsConsultation()
			h.digits(3, "9")
			h.pressed("cardiology", "12#9") // nothing twice
			h.HangUp("customer", "ana")
			h.Over()
		})
	}
}

func TestRingingIsHeardByWhoeverWaits(t *testing.T) {
	t.Parallel()
	h := open(t, nil)
	h.Phone("cardiology").Answering(softphone.Behaviour{Do: softphone.RingForever})
	h.Talk()
	h.Transfer(client.TransferRequest{Target: "cardiology", Kind: call.Warm})
	h.Rung("cardiology")
	h.Hears("ana", "ringback")
	h.HearsOnly("customer", "hold audio")
	h.NeverHears("customer", "ringback")
	h.Call("cardiology").Answer()
	h.hearsConsultation()
	h.HangUp("customer", "ana")
	h.Over()
}

// A line that has its own way of ringing is heard instead.
func TestRingingIsNotHeardOverEarlyMedia(t *testing.T) {
	t.Parallel()
	h := open(t, nil)
	h.Phone("cardiology").Answering(softphone.Behaviour{Do: softphone.RingForever, EarlyMedia: true})
	h.Talk()
	h.transfer()
	h.HearsOnly("ana", "cardiology")
	h.NeverHears("ana", "ringback")
	h.goodbye()
}

// A line that rings and announces audio without sending any is heard ringing until
// audio comes (RFC 3960 §3.2).
func TestRingingIsHeardUntilEarlyMediaComes(t *testing.T) {
	t.Parallel()
	h := open(t, withCardiology(softphone.Options{Late: 2 * time.Second}))
	h.Phone("cardiology").Answering(softphone.Behaviour{Do: softphone.RingForever, EarlyMedia: true, RingsToo: true})
	h.Talk()
	h.transfer()
	h.Hears("ana", "ringback")
	h.HearsOnly("ana", "cardiology")
	h.goodbye()
}

// TestRecordingOfAWarmTransfer: what the customer said is on the left, and all
// that they heard on the right, from when ana wanted it, across a hand-over and
// a restart.
func TestRecordingOfAWarmTransfer(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	h := open(t, func(b *holdfasttest.Bed) {
		b.Options.Config.Media.RecordDir, b.Options.Config.Media.RecordAll = dir, false
	})
	h.Talk()
	h.granted(h.Client.Record(h.Soon(), h.Contact, true))
	h.HearsOnly("customer", "ana")
	h.Transfer(client.TransferRequest{Target: "cardiology", Kind: call.Warm})
	h.Rung("cardiology")
	h.Await(func(c call.Contact) bool { return c.Stage == call.Consulting })
	h.hearsConsultation()
	h.Do(h.Client.Complete)
	h.handedOver()
	h.Restart() // whatever was recorded is on the disk

	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 1 {
		t.Fatalf("recordings: %v, %v; want the customer's alone", files, err)
	}
	said, heard := readRecording(t, filepath.Join(dir, string(h.Contact)+"-leg1-requested.wav"))
	if !said.Hears(h.Tone("customer"), 0, said.Length()-200*time.Millisecond) {
		t.Error("what the customer said is not on the left all the time")
	}
	var order []float64
	ana, hold, cardiology := h.Tone("ana"), h.Tone("hold audio"), h.Tone("cardiology")
	for _, s := range heard.Heard(h.Tone("customer"), ana, cardiology, hold) {
		for _, tone := range s.Tones {
			if !slices.Contains(order, tone) {
				order = append(order, tone)
			}
		}
	}
	if want := []float64{ana, hold, cardiology}; !slices.Equal(order, want) {
		t.Errorf("on the right are in turn %v; want ana, hold audio and cardiology", order)
	}
	h.Listen("who listens to the left", 0, said)
	h.NeverHears("who listens to the left", "ana")
	h.NeverHears("who listens to the left", "hold audio")
}

// readRecording is a recording's left and right.
func readRecording(t *testing.T, name string) (left, right *softphone.Recording) {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	both, err := softphone.ReadRecording(f)
	if err != nil || len(both) != 2 {
		t.Fatalf("%s: %d channels, %v", name, len(both), err)
	}
	return both[0], both[1]
}

func TestRecordingNeedsAPlace(t *testing.T) {
	t.Parallel()
	h := open(t, nil)
	h.Talk()
	if _, err := h.Client.Record(h.Soon(), h.Contact, true); err == nil {
		t.Error("a recording was promised that cannot be")
	}
	h.goodbye()
}
