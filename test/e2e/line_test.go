package e2e

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"holdfast"
	"holdfast/call"
	"holdfast/client"
	"holdfast/softphone"
)

// digits has the agent press keys, on that line or where it is meant.
func (h *house) digits(t *testing.T, on call.ConnectionID, keys string) {
	t.Helper()
	if _, err := h.client.Digits(soon(t), h.contact, on, keys); err != nil {
		t.Fatal(err)
	}
}

// pressed waits until a phone has heard these keys, and no others.
func pressed(t *testing.T, who string, c *softphone.Call, keys string) {
	t.Helper()
	if err := c.Recording().AwaitDigits(soon(t), keys); err != nil {
		t.Fatalf("%s: %v", who, err)
	}
	if got := c.Recording().Digits(); got != keys {
		t.Errorf("%s has heard the keys %s, want %s", who, got, keys)
	}
}

func TestKeysArePressed(t *testing.T) {
	for name, phoneOf := range map[string]func(*testing.T, string, float64) *softphone.Phone{
		"in the audio": phone, "by INFO": infoPhone,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := openHouseOf(t, phoneOf(t, "cardiology", cardiologyTone), nil)
			h.consult(t)
			h.digits(t, 0, "12#")
			pressed(t, "cardiology", h.cardiologyCall, "12#")
			h.digits(t, 1, "*")
			pressed(t, "the customer", h.customerCall, "*")
			h.restart(t)
			h.hearsConsultation(t)
			h.digits(t, 3, "9")
			pressed(t, "cardiology", h.cardiologyCall, "12#9") // nothing twice
			h.customerCall.HangUp()
			h.anaCall.HangUp()
			h.over(t)
		})
	}
}

func TestRingingIsHeardByWhoeverWaits(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	h.cardiology.Answering(softphone.Behaviour{Do: softphone.RingForever})
	h.talk(t)
	h.asks(t, client.TransferRequest{Target: "cardiology", Kind: call.Warm})
	h.cardiologyCall = rung(t, h.cardiology)
	hears(t, "ana", h.anaCall, softphone.RingbackTone)
	hearsOnly(t, "the customer", h.customerCall, softphone.HoldTone)
	neverHears(t, "the customer", h.customerCall.Recording(), softphone.RingbackTone)
	h.cardiologyCall.Answer()
	h.hearsConsultation(t)
	h.customerCall.HangUp()
	h.anaCall.HangUp()
	h.over(t)
}

// A line that has its own way of ringing is heard instead.
func TestRingingIsNotHeardOverEarlyMedia(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	h.cardiology.Answering(softphone.Behaviour{Do: softphone.RingForever, EarlyMedia: true})
	h.talk(t)
	h.transfer(t)
	hearsOnly(t, "ana", h.anaCall, cardiologyTone)
	neverHears(t, "ana", h.anaCall.Recording(), softphone.RingbackTone)
	h.customerCall.HangUp()
	h.over(t)
}

// TestRecordingOfAWarmTransfer: what the customer said is on the left, and all
// that they heard on the right, from when ana wanted it, across a hand-over and
// a restart.
func TestRecordingOfAWarmTransfer(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	h := openHouse(t, func(o *holdfast.Options) {
		o.Config.Media.RecordDir, o.Config.Media.RecordAll = dir, false
	})
	h.talk(t)
	if _, err := h.client.Record(soon(t), h.contact, true); err != nil {
		t.Fatal(err)
	}
	hearsOnly(t, "the customer", h.customerCall, anaTone)
	h.asks(t, client.TransferRequest{Target: "cardiology", Kind: call.Warm})
	h.cardiologyCall = rung(t, h.cardiology)
	h.await(t, func(c call.Contact) bool { return c.Stage == call.Consulting })
	h.hearsConsultation(t)
	h.does(t, h.client.Complete)
	h.handedOver(t)
	h.restart(t) // whatever was recorded is on the disk

	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 1 {
		t.Fatalf("recordings: %v, %v; want the customer's alone", files, err)
	}
	said, heard := readRecording(t, filepath.Join(dir, string(h.contact)+"-leg1-requested.wav"))
	if !said.Hears(customerTone, 0, said.Length()-200*time.Millisecond) {
		t.Error("what the customer said is not on the left all the time")
	}
	var order []float64
	for _, s := range heard.Heard(customerTone, anaTone, cardiologyTone, softphone.HoldTone) {
		for _, tone := range s.Tones {
			if !slices.Contains(order, tone) {
				order = append(order, tone)
			}
		}
	}
	if want := []float64{anaTone, softphone.HoldTone}; len(order) != 3 || !slices.Equal(order[:2], want) || order[2] != cardiologyTone {
		t.Errorf("on the right are in turn %v; want ana, hold audio and cardiology", order)
	}
	neverHears(t, "who listens to the left", said, anaTone)
	neverHears(t, "who listens to the left", said, softphone.HoldTone)
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
	h := openHouse(t, nil)
	h.talk(t)
	if _, err := h.client.Record(soon(t), h.contact, true); err == nil {
		t.Error("a recording was promised that cannot be")
	}
	h.customerCall.HangUp()
	h.over(t)
}
