package softphone

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"holdfast/media"
)

const ms = time.Millisecond

// hear adds packets of a tone to a recording, from at on, arriving as far off
// their time as jitter says.
func hear(r *Recording, at time.Duration, packets int, ssrc uint32, jitter ...time.Duration) {
	voice := oscillator{step: 0.345575} // 440 Hz
	for i := range packets {
		var pcm [frame]int16
		voice.say(pcm[:])
		late := time.Duration(0)
		if len(jitter) > 0 {
			late = jitter[i%len(jitter)]
		}
		r.add(r.began.Add(at+time.Duration(i)*ptime+late), ssrc, uint32(samples(at)+i*frame), pcm[:])
	}
}

func begun() *Recording {
	r := &Recording{}
	r.begin(time.Unix(1000, 0))
	return r
}

func TestSoundStandsWhereItWasHeard(t *testing.T) {
	r := begun()
	hear(r, 500*ms, 25, 1)
	hear(r, 3000*ms, 50, 1)
	if got, want := r.Summary(Voices{440: "ana"}), "0.0–0.5s nothing; 0.5–1.0s ana; 1.0–3.0s nothing; 3.0–4.0s ana"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got, want := r.LongestGap(), 2020*ms; got != want {
		t.Errorf("longest gap %v, want %v", got, want)
	}
	if got, want := r.LongestGapWithin(0, 7*time.Second), 3020*ms; got != want {
		t.Errorf("longest gap until the end %v, want %v", got, want)
	}
	if got, want := r.LongestGapWithin(0, 900*ms), 500*ms; got != want {
		t.Errorf("longest gap at the beginning %v, want %v", got, want)
	}
}

func TestNothingHeardIsOneGap(t *testing.T) {
	if got := begun().LongestGapWithin(0, 5*time.Second); got != 5*time.Second {
		t.Errorf("longest gap of nothing is %v", got)
	}
}

// Jitter, a packet out of order and one twice do not tear the tone apart; the
// packets' times are kept as they were.
func TestJitterLeavesTheToneWhole(t *testing.T) {
	r := begun()
	hear(r, 0, 50, 1, 5*ms, 90*ms, 30*ms, 30*ms, 5*ms)
	for _, s := range r.Heard(440) {
		if len(s.Tones) == 0 {
			t.Errorf("nothing heard from %v to %v", s.From, s.To)
		}
	}
	var want []int16
	voice := oscillator{step: 0.345575}
	for range 50 {
		var pcm [frame]int16
		voice.say(pcm[:])
		want = append(want, pcm[:]...)
	}
	offset := samples(5 * ms)
	if got := r.Samples()[offset : offset+len(want)]; !slices.Equal(got, want) {
		t.Error("the samples are not those that were sent")
	}
	if got := r.Packets()[1]; got != 110*ms {
		t.Errorf("the second packet came at %v", got)
	}
}

// A server that has been restarted speaks in a new stream with new timestamps.
func TestANewStreamIsPlacedByItsArrival(t *testing.T) {
	r := begun()
	hear(r, 0, 50, 1)
	voice := oscillator{step: 0.48695} // 620 Hz
	for i := range 50 {
		var pcm [frame]int16
		voice.say(pcm[:])
		r.add(r.began.Add(1500*ms+time.Duration(i)*ptime), 2, 4_000_000_000+uint32(i*frame), pcm[:])
	}
	if got, want := r.Summary(Voices{440: "ana", 620: "ben"}), "0.0–1.0s ana; 1.0–1.5s nothing; 1.5–2.5s ben"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestAwait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := begun()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		heard := make(chan error, 1)
		go func() { heard <- r.AwaitTones(ctx, 440) }()
		synctest.Wait()
		hear(r, 0, 9, 1)
		synctest.Wait()
		select {
		case err := <-heard:
			t.Fatalf("180 ms are enough: %v", err)
		default:
		}
		hear(r, 180*ms, 11, 1)
		if err := <-heard; err != nil {
			t.Errorf("440 Hz was there: %v", err)
		}
		if err := r.AwaitLength(ctx, 400*ms); err != nil {
			t.Errorf("400 ms were there: %v", err)
		}
		err := r.AwaitTones(ctx, 440, 620)
		if err == nil || !strings.Contains(err.Error(), "[440 620] Hz") {
			t.Errorf("nobody said 620 Hz, and the error is %v", err)
		}
		if err := r.AwaitLength(ctx, time.Second); err == nil {
			t.Error("only 400 ms were there")
		}
	})
}

func TestReadRecording(t *testing.T) {
	left, right := slices.Concat(said(500, 440), said(3000), said(500, 440)), said(4000, 620)
	var interleaved []int16
	for i := range left {
		interleaved = append(interleaved, left[i], left[i], right[i], right[i])
	}
	for i := 0; i+3 < len(interleaved); i += 4 { // left right left right, at 16 kHz
		interleaved[i+1], interleaved[i+2] = interleaved[i+2], interleaved[i+1]
	}
	var wav bytes.Buffer
	if err := media.WriteWAV(&wav, interleaved, 2*rate, 2); err != nil {
		t.Fatal(err)
	}
	recordings, err := ReadRecording(&wav)
	if err != nil {
		t.Fatal(err)
	}
	if len(recordings) != 2 {
		t.Fatalf("%d recordings, want 2", len(recordings))
	}
	voices := Voices{440: "ana", 620: "ben"}
	if got, want := recordings[0].Summary(voices), "0.0–0.5s ana; 0.5–3.5s nothing; 3.5–4.0s ana"; got != want {
		t.Errorf("left: got %s, want %s", got, want)
	}
	if got, want := recordings[1].Summary(voices), "0.0–4.0s ben"; got != want {
		t.Errorf("right: got %s, want %s", got, want)
	}
	if got, want := recordings[0].LongestGap(), 3020*ms; got != want {
		t.Errorf("left: longest gap %v, want %v", got, want)
	}
}

func TestReadRecordingNamesWhatIsWrong(t *testing.T) {
	var wav bytes.Buffer
	if err := media.WriteWAV(&wav, make([]int16, 100), 44100, 1); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadRecording(&wav); err == nil || !strings.Contains(err.Error(), "44100 Hz") {
		t.Errorf("44.1 kHz: %v", err)
	}
	if _, err := ReadRecording(strings.NewReader("RIFX")); err == nil {
		t.Error("no WAV, no error")
	}
}

// A sender that was silent for two seconds and whose timestamps do not know of
// it cannot hide the silence.
func TestTimestampsCannotHideSilence(t *testing.T) {
	r := begun()
	hear(r, 0, 50, 1)
	voice := oscillator{step: 0.345575} // 440 Hz
	for i := range 50 {
		var pcm [frame]int16
		voice.say(pcm[:])
		r.add(r.began.Add(3000*ms+time.Duration(i)*ptime), 1, uint32((50+i)*frame), pcm[:])
	}
	if got, want := r.Summary(Voices{440: "ana"}), "0.0–1.0s ana; 1.0–3.0s nothing; 3.0–4.0s ana"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
