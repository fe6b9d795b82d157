package media

import (
	"math"
	"testing"
)

// testTones are what parties speak in tests and demonstrations.
var testTones = []float64{440, 620, 800, 1000, 1300, 1600, 2000}

// windows cuts sound that is repeated for ever into pieces of 100 ms that
// begin at odd places, and brings it through a codec.
func windows(sound []int16, codec Codec) [][]int16 {
	twice := codec.Decode(nil, codec.Encode(nil, append(sound, sound...)))
	var all [][]int16
	for at := 0; at < len(sound); at += 333 {
		all = append(all, twice[at:at+rate/10])
	}
	return all
}

func TestHoldAudioIsKnownByItsTone(t *testing.T) {
	hold, err := builtInHold()
	if err != nil {
		t.Fatal(err)
	}
	if seconds := float64(len(hold)) / rate; seconds < 4 || seconds > 8 {
		t.Errorf("hold audio is %v s long, want 4 to 8", seconds)
	}
	for _, codec := range []Codec{PCMU, PCMA} {
		for i, w := range windows(hold, codec) {
			if got := level(w, 250); got < 600 || got > 1400 {
				t.Errorf("window %d: 250 Hz has amplitude %.0f, want about 1000", i, got)
			}
			for _, hz := range testTones {
				if got := level(w, hz); got > 120 {
					t.Errorf("window %d: %.0f Hz has amplitude %.0f", i, hz, got)
				}
			}
		}
	}
}

func TestHoldAudioIsGentleAndHasNoSeam(t *testing.T) {
	hold, err := builtInHold()
	if err != nil {
		t.Fatal(err)
	}
	before := hold[len(hold)-1]
	for i, v := range hold {
		if math.Abs(float64(v)) > 12000 {
			t.Fatalf("sample %d is %d: too loud", i, v)
		}
		if math.Abs(float64(v)-float64(before)) > 2500 {
			t.Fatalf("between samples %d and %d is a step of %d", i-1, i, v-before)
		}
		before = v
	}
}

func TestComfortNoiseHasNoTone(t *testing.T) {
	for i, w := range windows(comfortNoise(), PCMU) {
		for hz := 100.0; hz < 3900; hz += 10 {
			if got := level(w, hz); got > 12 {
				t.Errorf("window %d: %.0f Hz has amplitude %.1f", i, hz, got)
			}
		}
	}
}

func TestALoopGoesRound(t *testing.T) {
	l := newLoop([]int16{0, 1000, 2000})
	got := make([]byte, 7)
	l.copyAt(4, got, PCMA)
	want := PCMA.Encode(nil, []int16{1000, 2000, 0, 1000, 2000, 0, 1000})
	if string(got) != string(want) {
		t.Errorf("got % x, want % x", got, want)
	}
}
