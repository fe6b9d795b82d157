package media

import (
	"holdfast/call"
	"slices"
	"testing"
)

func TestTwoAreRelayedInTheirOwnLaws(t *testing.T) {
	room := begin(t, Options{}).Room("c1")
	ana, bob := newPhone(t, PCMU), newPhone(t, PCMA)
	a, b := open(t, room, 1, ana), open(t, room, 2, bob)
	ana.speak(a.Port(), 440)
	bob.speak(b.Port(), 1000)
	if got := room.Set(everyone(2, 1)); !slices.Equal(got, []call.ConnectionID{2, 1}) {
		t.Errorf("in the room: %v, want 2 and 1", got)
	}
	ana.hears([]float64{1000}, []float64{440})
	bob.hears([]float64{440}, []float64{1000})
}

func TestThreeHearTheOthersAndNotThemselves(t *testing.T) {
	room := begin(t, Options{}).Room("c1")
	ana, bob, cleo := newPhone(t, PCMU), newPhone(t, PCMA), newPhone(t, PCMU)
	room.Set(everyone(1, 2, 3)) // before anyone is there
	ana.speak(open(t, room, 1, ana).Port(), 440)
	bob.speak(open(t, room, 2, bob).Port(), 1000)
	cleo.speak(open(t, room, 3, cleo).Port(), 1600)
	ana.hears([]float64{1000, 1600}, []float64{440})
	bob.hears([]float64{440, 1600}, []float64{1000})
	cleo.hears([]float64{440, 1000}, []float64{1600})
}

func TestWhoeverIsOnHoldHearsHoldAudioOnly(t *testing.T) {
	room := begin(t, Options{}).Room("c1")
	ana, bob := newPhone(t, PCMU), newPhone(t, PCMA)
	a, b := open(t, room, 1, ana), open(t, room, 2, bob)
	ana.speak(a.Port(), 440)
	bob.speak(b.Port(), 1000)
	room.Set(call.Mix{{Connection: 1, Audio: call.HoldAudio}, {Connection: 2, Audio: call.ComfortNoise}})
	ana.hears([]float64{250}, []float64{440, 620, 800, 1000, 1300, 1600, 2000})
	bob.hears(nil, []float64{250, 440, 620, 800, 1000, 1300, 1600, 2000})
	room.Set(everyone(1, 2))
	ana.hears([]float64{1000}, []float64{250, 440})
	bob.hears([]float64{440}, []float64{250, 1000})
}
