package softphone

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
)

// The frequencies (Hz) by which a server's audio is recognised: the audio for
// waiting parties, and the prompt for a target who has answered.
const (
	HoldTone     = 250.0
	QueueTone    = 540.0
	ParkTone     = 720.0
	RingbackTone = 400.0 // 2 s of it, and 4 s of nothing
	WhisperTone  = 900.0
	ConfirmTone  = 1150.0
)

const (
	window   = rate / 10 // the samples that one look for tones takes
	faintest = 250       // amplitude below which a tone is not heard, 42 dB below full scale
	masking  = 30        // a tone so many times fainter than another is its distortion
)

// A Span is a stretch of audio with the same tones in it from end to end.
type Span struct {
	From, To time.Duration
	Tones    []float64 // Hz, rising; none: none of those looked for
}

// Voices are the names of people by the frequency of their tone (Hz).
type Voices map[float64]string

// Heard returns which of these tones (Hz) are heard when, in spans that follow
// one another without a gap. It looks at 100 ms at a time, so that is how
// exact it is; it does not report two tones as heard together if they overlap
// for one look only, because one ends in it and the other begins. Tones must
// be 30 Hz or more apart.
func Heard(samples []int16, tones ...float64) []Span {
	tones = slices.Sorted(slices.Values(tones))
	var spans []Span
	for at := 0; at+window <= len(samples); at += window {
		now := present(samples[at:at+window], tones)
		if n := len(spans); n > 0 && slices.Equal(spans[n-1].Tones, now) {
			spans[n-1].To = duration(at + window)
			continue
		}
		spans = append(spans, Span{duration(at), duration(at + window), now})
	}
	return withoutCrossings(spans)
}

// withoutCrossings merges a single look that holds the tones before it and the
// tones after it, and nothing more, into the one before.
func withoutCrossings(spans []Span) []Span {
	var out []Span
	for i, s := range spans {
		n := len(out)
		if n > 0 && i+1 < len(spans) && s.To-s.From == duration(window) && crosses(s, out[n-1], spans[i+1]) {
			out[n-1].To = s.To
			continue
		}
		if n > 0 && slices.Equal(out[n-1].Tones, s.Tones) {
			out[n-1].To = s.To
			continue
		}
		out = append(out, s)
	}
	return out
}

// crosses reports whether s holds exactly the tones of its two neighbours,
// each of which has one that the other has not.
func crosses(s, before, after Span) bool {
	both := slices.Concat(before.Tones, after.Tones)
	slices.Sort(both)
	both = slices.Compact(both)
	return slices.Equal(s.Tones, both) && len(both) > len(before.Tones) && len(both) > len(after.Tones)
}

// Heard returns which of these tones (Hz) the recording holds when.
func (r *Recording) Heard(tones ...float64) []Span { return Heard(r.Samples(), tones...) }

// Hears reports whether a tone (Hz) is heard all the time from one time to
// another, give or take a look or two: in nine tenths of it.
func (r *Recording) Hears(tone float64, from, to time.Duration) bool {
	return to > from && r.heardFor(tone, from, to) >= (to-from)*9/10
}

// EverHears reports whether a tone (Hz) is heard at any time from one time to
// another.
func (r *Recording) EverHears(tone float64, from, to time.Duration) bool {
	return r.heardFor(tone, from, to) > 0
}

// heardFor is how much of the time from one time to another a tone is heard.
func (r *Recording) heardFor(tone float64, from, to time.Duration) time.Duration {
	var total time.Duration
	for _, s := range r.Heard(tone) {
		if len(s.Tones) > 0 {
			total += max(0, min(s.To, to)-max(s.From, from))
		}
	}
	return total
}

// Summary returns on one line who was heard when, such as "0.0–1.2s ana;
// 1.2–4.0s hold; 4.0–6.0s cardiology+ana". Hold audio is known without being
// named, and any other audio counts as nothing.
func (r *Recording) Summary(voices Voices) string {
	names := maps.Clone(voices)
	if names == nil {
		names = Voices{}
	}
	if names[HoldTone] == "" {
		names[HoldTone] = "hold"
	}
	var lines []string
	for _, s := range r.Heard(slices.Collect(maps.Keys(names))...) {
		lines = append(lines, fmt.Sprintf("%.1f–%.1fs %s", s.From.Seconds(), s.To.Seconds(), names.of(s.Tones)))
	}
	return strings.Join(lines, "; ")
}

func (v Voices) of(tones []float64) string {
	if len(tones) == 0 {
		return "nothing"
	}
	var names []string
	for _, t := range tones {
		names = append(names, v[t])
	}
	return strings.Join(names, "+")
}

// present returns which tones a window of samples holds, in the order given.
func present(samples []int16, tones []float64) []float64 {
	loud := make([]float64, len(tones))
	for i, tone := range tones {
		loud[i] = loudness(samples, tone)
	}
	var found []float64
	for i, tone := range tones {
		if loud[i] >= faintest && loud[i] >= slices.Max(loud)/masking {
			found = append(found, tone)
		}
	}
	return found
}

// loudness is the amplitude of one tone in samples, by Goertzel's algorithm
// under a Hann window, which keeps neighbouring tones out.
func loudness(samples []int16, tone float64) float64 {
	coefficient := 2 * math.Cos(2*math.Pi*tone/rate)
	var last, beforeLast float64
	for i, weight := range hann {
		last, beforeLast = weight*float64(samples[i])+coefficient*last-beforeLast, last
	}
	power := last*last + beforeLast*beforeLast - coefficient*last*beforeLast
	return 2 * math.Sqrt(max(power, 0)) / (window / 2) // the weights' sum
}

var hann = func() (weights [window]float64) {
	for i := range weights {
		weights[i] = 0.5 - 0.5*math.Cos(2*math.Pi*float64(i)/window)
	}
	return weights
}()
