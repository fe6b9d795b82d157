// Command genaudio makes the built-in hold audio: a soft arpeggio that rocks
// between two chords, over a constant weak tone of 250 Hz by which hold audio
// can be recognised. All notes lie below 400 Hz, are multiples of 10 Hz and
// keep away from 250 Hz, so that an analysis in windows of 100 ms can tell the
// tone from the notes, and either from a test tone of 440 Hz and above.
//
//	go run ./media/genaudio media/hold.wav
package main

import (
	"errors"
	"fmt"
	"log"
	"math"
	"os"

	"holdfast/media"
)

const (
	rate   = 8000
	beat   = rate * 2 / 5 // samples between two notes
	marker = 250          // Hz
)

// Two bars for each chord. Both are in just intonation over 40 Hz: 3:4:5 and
// their octaves.
var (
	notes = []float64{180, 300, 360, 300, 180, 300, 360, 300, 160, 320, 200, 320, 160, 320, 200, 320}
	bass  = []float64{120, 120, 160, 160} // one for each bar of four notes
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: genaudio file.wav")
	}
	if err := write(os.Args[1]); err != nil {
		log.Fatal(err)
	}
}

func write(name string) error {
	f, err := os.Create(name)
	if err != nil {
		return fmt.Errorf("making hold audio: %w", err)
	}
	if err := media.WriteWAV(f, compose(), rate, 1); err != nil {
		return errors.Join(err, f.Close())
	}
	return f.Close()
}

func compose() []int16 {
	loop := make([]float64, len(notes)*beat)
	for i, hz := range notes {
		strike(loop, i*beat, hz, 3000, 0.7)
	}
	for i, hz := range bass {
		strike(loop, 4*i*beat, hz, 1800, 1.2)
	}
	samples := make([]int16, len(loop))
	for i, v := range loop {
		v += 1000 * math.Sin(2*math.Pi*marker*float64(i)/rate)
		samples[i] = int16(math.Round(v))
	}
	return samples
}

// strike adds a note that swells for 60 ms and fades with the time constant
// fade, in seconds. What sounds beyond the end sounds at the beginning, so the
// loop has no seam.
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
