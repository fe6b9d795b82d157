package softphone

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"holdfast/media"
)

// said is a tone for so many milliseconds.
func said(ms int, tones ...float64) []int16 {
	out := make([]int16, ms*rate/1000)
	for _, tone := range tones {
		for i := range out {
			out[i] += int16(loudest * math.Sin(2*math.Pi*tone*float64(i)/rate))
		}
	}
	return out
}

// heldAudio is an arpeggio below 400 Hz over a faint tone of 250 Hz.
func heldAudio(ms int) []int16 {
	notes := []float64{196, 261.6, 329.6, 392, 329.6, 261.6}
	out := make([]int16, ms*rate/1000)
	for i := range out {
		note := notes[i/(rate*3/10)%len(notes)]
		second := float64(i) / rate
		out[i] = int16(5000*math.Sin(2*math.Pi*note*second) + 600*math.Sin(2*math.Pi*HoldTone*second))
	}
	return out
}

func noise(ms int, amplitude int) []int16 {
	dice := rand.New(rand.NewPCG(1, 2))
	out := make([]int16, ms*rate/1000)
	for i := range out {
		out[i] = int16(dice.IntN(2*amplitude+1) - amplitude)
	}
	return out
}

// throughLine is what becomes of audio on a line, and back again: two laws.
func throughLine(pcm []int16) []int16 {
	for _, law := range []media.Codec{media.PCMA, media.PCMU} {
		pcm = law.Decode(nil, law.Encode(nil, pcm))
	}
	return pcm
}

var everybody = Voices{440: "ana", 620: "ben", 800: "customer", 1000: "cardiology", 1300: "x", 1600: "y", 2000: "z"}

func TestSummary(t *testing.T) {
	tests := []struct {
		name  string
		audio [][]int16
		want  string
	}{
		{"nothing", [][]int16{said(300)}, "0.0–0.3s nothing"},
		{"one voice", [][]int16{said(1000, 440)}, "0.0–1.0s ana"},
		{"three at once", [][]int16{said(500, 440, 800, 1000)}, "0.0–0.5s ana+customer+cardiology"},
		{"four at once", [][]int16{said(500, 440, 620, 800, 1000)}, "0.0–0.5s ana+ben+customer+cardiology"},
		{"hold audio", [][]int16{heldAudio(2000)}, "0.0–2.0s hold"},
		{"comfort noise", [][]int16{noise(1000, 60)}, "0.0–1.0s nothing"},
		{"loud noise", [][]int16{noise(1000, 1000)}, "0.0–1.0s nothing"},
		{"a voice in noise", [][]int16{mixed(said(1000, 620), noise(1000, 1500))}, "0.0–1.0s ben"},
		{"a cold transfer", [][]int16{said(1200, 440), heldAudio(2800), said(2000, 1000)},
			"0.0–1.2s ana; 1.2–4.0s hold; 4.0–6.0s cardiology"},
		{"a change between two looks", [][]int16{said(1050, 440), said(950, 1000)},
			"0.0–1.1s ana; 1.1–2.0s cardiology"},
		{"a short hole", [][]int16{said(500, 440), said(200), said(500, 440)},
			"0.0–0.5s ana; 0.5–0.7s nothing; 0.7–1.2s ana"},
		{"too faint", [][]int16{quieter(said(500, 440), 40)}, "0.0–0.5s nothing"},
		{"a weak line", [][]int16{quieter(said(500, 440), 10)}, "0.0–0.5s ana"},
		{"somebody else on hold audio", [][]int16{heldAudio(500), mixed(heldAudio(500), said(500, 620)), heldAudio(500)},
			"0.0–0.5s hold; 0.5–1.0s hold+ben; 1.0–1.5s hold"},
		{"an agent who was not released", [][]int16{said(500, 440), said(300, 440, 1000), said(500, 1000)},
			"0.0–0.5s ana; 0.5–0.8s ana+cardiology; 0.8–1.3s cardiology"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := recorded(throughLine(slices.Concat(tt.audio...)))
			if got := r.Summary(everybody); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// Every party's tone alone is heard as that party and nobody else, whatever
// its phase and wherever the look begins.
func TestNobodyIsTakenForAnother(t *testing.T) {
	for tone, name := range everybody {
		audio := throughLine(said(1000, tone))[37:]
		for _, s := range Heard(audio, 250, 440, 620, 800, 1000, 1300, 1600, 2000) {
			if !slices.Equal(s.Tones, []float64{tone}) {
				t.Errorf("%s (%v Hz) is heard as %v at %v", name, tone, s.Tones, s.From)
			}
		}
	}
}

func TestHears(t *testing.T) {
	r := recorded(slices.Concat(said(1000, 440), said(400), said(600, 620)))
	tests := []struct {
		tone     float64
		from, to time.Duration
		all, any bool
	}{
		{440, 0, time.Second, true, true},
		{440, 0, 2 * time.Second, false, true}, // it stops half way
		{440, time.Second, 2 * time.Second, false, false},
		{620, 1400 * time.Millisecond, 2 * time.Second, true, true},
		{620, 0, time.Second, false, false},
		{620, time.Second, time.Hour, false, true}, // longer than the recording
		{440, 0, 0, false, false},
	}
	for _, tt := range tests {
		if got := r.Hears(tt.tone, tt.from, tt.to); got != tt.all {
			t.Errorf("Hears(%v, %v, %v) = %v", tt.tone, tt.from, tt.to, got)
		}
		if got := r.EverHears(tt.tone, tt.from, tt.to); got != tt.any {
			t.Errorf("EverHears(%v, %v, %v) = %v", tt.tone, tt.from, tt.to, got)
		}
	}
}

func mixed(a, b []int16) []int16 {
	out := slices.Clone(a)
	for i := range min(len(a), len(b)) {
		out[i] += b[i]
	}
	return out
}

func quieter(a []int16, times int16) []int16 {
	out := slices.Clone(a)
	for i := range out {
		out[i] /= times
	}
	return out
}
