package media

import (
	"holdfast/call"
	"math"
	"slices"
	"testing"
)

// testTones are what parties speak in tests and demonstrations.
var testTones = []float64{440, 620, 800, 1000, 1300, 1600, 2000}

// windows cuts audio that is repeated for ever into pieces of 100 ms that
// begin at odd places, and brings it through a codec.
func windows(audio []int16, codec Codec) [][]int16 {
	twice := codec.Decode(nil, codec.Encode(nil, append(audio, audio...)))
	var all [][]int16
	for at := 0; at < len(audio); at += 333 {
		all = append(all, twice[at:at+rate/10])
	}
	return all
}

// markers are by what tones each audio that lasts is known.
var markers = map[call.Audio][]float64{call.HoldAudio: {250}, call.QueueAudio: {540}, call.ParkAudio: {720}}

// known are the tones that somebody is known by.
var known = append([]float64{250, 540, 720, 400, 480, 900, 1150}, testTones...)

func TestMusicIsKnownByItsTone(t *testing.T) {
	for audio, own := range markers {
		music := builtInSamples(t, audio)
		if seconds := float64(len(music)) / rate; seconds < 4 || seconds > 8 {
			t.Errorf("%s audio is %v s long, want 4 to 8", files[audio], seconds)
		}
		for _, codec := range []Codec{PCMU, PCMA} {
			for i, w := range windows(music, codec) {
				for _, hz := range known {
					got, own := level(w, hz), slices.Contains(own, hz)
					if own && (got < 600 || got > 1400) || !own && got > 120 {
						t.Errorf("%s audio, window %d: %.0f Hz has amplitude %.0f", files[audio], i, hz, got)
					}
				}
			}
		}
	}
}

func TestOtherAudiosAreKnownByTheirTones(t *testing.T) {
	for audio, own := range map[call.Audio][]float64{call.RingbackAudio: {400, 480}, call.WhisperPrompt: {900}, call.ConfirmPrompt: {1150}} {
		for i, w := range windows(builtInSamples(t, audio)[:rate/4], PCMA) {
			for _, hz := range known {
				got, own := level(w, hz), slices.Contains(own, hz)
				if i == 3 && own && got < 600 || !own && got > 150 {
					t.Errorf("%s audio, window %d: %.0f Hz has amplitude %.0f", files[audio], i, hz, got)
				}
			}
		}
	}
}

func TestAudiosAreGentleAndHaveNoSeam(t *testing.T) {
	for audio := range files {
		samples := builtInSamples(t, audio)
		before := samples[len(samples)-1]
		for i, v := range samples {
			if math.Abs(float64(v)) > 12000 {
				t.Fatalf("%s audio: sample %d is %d: too loud", files[audio], i, v)
			}
			if math.Abs(float64(v)-float64(before)) > 5500 {
				t.Fatalf("%s audio: between samples %d and %d is a step of %d", files[audio], i-1, i, v-before)
			}
			before = v
		}
	}
}

func builtInSamples(t *testing.T, a call.Audio) []int16 {
	t.Helper()
	samples, err := builtInAudio(a)
	if err != nil {
		t.Fatal(err)
	}
	return samples
}

func TestComfortNoiseHasNoTone(t *testing.T) {
	for i, w := range windows(builtInSamples(t, call.ComfortNoise), PCMU) {
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
