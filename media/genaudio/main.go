// Command genaudio makes the built-in audios. Each but the comfort noise can be
// recognised by tones of its own: all of them are multiples of 10 Hz, 40 Hz and
// more away from each other, from every note and from the tones that parties
// speak in tests (440, 620, 800, 1000 and 1300 Hz), so that an analysis in windows of
// 100 ms can distinguish them. The music of those who wait rocks softly between two
// chords whose notes lie below 400 Hz.
//
//	go run ./media/genaudio media/audio
package main

import (
	"errors"
	"fmt"
	"log"
	"math"
	"os"
	"path/filepath"

	"holdfast/media"
)

const rate = 8000

// audios are made by name.
var audios = map[string]func() []float64{
	"hold.wav":     hold.play,
	"queue.wav":    queue.play,
	"park.wav":     park.play,
	"ringback.wav": ringback,
	"comfort.wav":  comfort,
	"whisper.wav":  whisper,
	"confirm.wav":  confirm,
}

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: genaudio directory")
	}
	for name, play := range audios {
		if err := write(filepath.Join(os.Args[1], name), rounded(play())); err != nil {
			log.Fatal(err)
		}
	}
}

func write(name string, samples []int16) error {
	f, err := os.Create(name)
	if err != nil {
		return fmt.Errorf("making an audio: %w", err)
	}
	if err := media.WriteWAV(f, samples, rate, 1); err != nil {
		return errors.Join(err, f.Close())
	}
	return f.Close()
}

func rounded(audio []float64) []int16 {
	samples := make([]int16, len(audio))
	for i, v := range audio {
		samples[i] = int16(math.Round(v))
	}
	return samples
}

// A tune is music over a constant weak tone, its marker.
type tune struct {
	beat   int // samples between two notes
	notes  []float64
	bass   []float64 // one for each bar of four notes
	marker float64   // Hz
}

// The chords are in just intonation over 40 Hz (3:4:5 and their octaves) or over
// 50 Hz.
var (
	hold = tune{
		beat:   rate * 2 / 5,
		notes:  []float64{180, 300, 360, 300, 180, 300, 360, 300, 160, 320, 200, 320, 160, 320, 200, 320},
		bass:   []float64{120, 120, 160, 160},
		marker: 250,
	}
	queue = tune{
		beat:   rate / 2,
		notes:  []float64{150, 200, 300, 200, 150, 180, 300, 180},
		bass:   []float64{100, 120},
		marker: 540,
	}
	park = tune{
		beat:   rate * 4 / 5,
		notes:  []float64{120, 180, 300, 180, 160, 200, 320, 200},
		bass:   []float64{120, 160},
		marker: 720,
	}
)

func (t tune) play() []float64 {
	loop := make([]float64, len(t.notes)*t.beat)
	for i, hz := range t.notes {
		strike(loop, i*t.beat, hz, 3000, 0.7)
	}
	for i, hz := range t.bass {
		strike(loop, 4*i*t.beat, hz, 1800, 1.2)
	}
	sing(loop, t.marker, 1000)
	return loop
}

// ringback is the tone that a caller hears while the far end rings: 2 s of two tones, 4
// s of nothing. No country's own pair is as far from 440 Hz.
func ringback() []float64 {
	loop := make([]float64, 6*rate)
	burst := loop[:2*rate]
	sing(burst, 400, 2500)
	sing(burst, 480, 2500)
	soften(burst)
	return loop
}

// comfort is a second of faint noise without a tone.
func comfort() []float64 {
	audio := make([]float64, rate)
	seed := uint32(1)
	for i := range audio {
		// Marsaglia's xorshift.
		seed ^= seed << 13
		seed ^= seed >> 17
		seed ^= seed << 5
		audio[i] = float64(seed%97) - 48
	}
	return audio
}

// whisper announces a call that is being handed over: a bell, twice.
func whisper() []float64 {
	audio := make([]float64, 2*rate)
	chime(audio, 0, 900)
	chime(audio, 3*rate/4, 900)
	return audio
}

// confirm asks for a key: three beeps.
func confirm() []float64 {
	audio := make([]float64, 3*rate/2)
	for at := range 3 {
		beep := audio[at*rate/2:][:3*rate/10]
		sing(beep, 1150, 5000)
		soften(beep)
	}
	return audio
}

// sing adds a constant tone.
func sing(audio []float64, hz, loudness float64) {
	for i := range audio {
		audio[i] += loudness * math.Sin(2*math.Pi*hz*float64(i)/rate)
	}
}

// soften takes the clicks off both ends, so that a burst is heard at its own place only.
func soften(audio []float64) {
	const edge = rate / 25
	for i := range edge {
		part := (1 - math.Cos(math.Pi*float64(i)/edge)) / 2
		audio[i] *= part
		audio[len(audio)-1-i] *= part
	}
}

// chime adds a bell that has faded when the audio ends.
func chime(audio []float64, at int, hz float64) {
	rest := audio[at:]
	bell := make([]float64, len(rest))
	sing(bell, hz, 6000)
	soften(bell)
	for i := range rest {
		rest[i] += bell[i] * math.Exp(-float64(i)/(rate*0.3))
	}
}

// strike adds a note that swells for 60 ms and fades with the time constant
// fade, in seconds. A part beyond the end is added at the beginning, so the loop has no
// seam.
func strike(loop []float64, at int, hz, loudness, fade float64) {
	const swell = 0.06
	for i := range int(5 * fade * rate) {
		t := float64(i) / rate
		envelope := math.Exp(-t / fade)
		if t < swell {
			envelope *= (1 - math.Cos(math.Pi*t/swell)) / 2
		}
		loop[(at+i)%len(loop)] += loudness * envelope * math.Sin(2*math.Pi*hz*t)
	}
}
