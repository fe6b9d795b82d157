package softphone

import (
	"context"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"holdfast/media"
)

// rate is how many samples of G.711 make a second.
const rate = 8000

// tolerance is how far off its time a packet may come before that counts as a
// jump and not as jitter.
const tolerance = 200 * time.Millisecond

// A Recording is the audio that a phone has heard. Audio stands where it was
// heard: time zero is when the audio of the call was agreed, and where nothing
// came there is silence. All methods may be called by any goroutine, also
// while it grows, which it does by 16 kB a second. The zero value is an empty
// recording.
type Recording struct {
	mu       sync.Mutex
	began    time.Time
	samples  []int16
	arrivals []time.Duration
	digits   []byte
	grown    chan struct{} // closed when something is added; nil while no method waits

	// The RTP stream being heard: timestamp first stands at sample start.
	ssrc, first uint32
	start       int
}

// Began is when time zero was: the zero time while nothing has been agreed.
func (r *Recording) Began() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.began
}

// At is where in the recording a moment is: negative if before its time zero.
func (r *Recording) At(moment time.Time) time.Duration { return moment.Sub(r.Began()) }

// Samples is the audio heard so far, 8 kHz mono.
func (r *Recording) Samples() []int16 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.samples)
}

// Length is how long the recording is, up to the end of the last packet.
func (r *Recording) Length() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return duration(len(r.samples))
}

// Packets returns the times at which RTP packets with audio arrived, in order.
func (r *Recording) Packets() []time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.arrivals)
}

// Digits are the DTMF digits heard as telephone-events (RFC 4733), or in INFO
// requests.
func (r *Recording) Digits() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return string(r.digits)
}

// LongestGap is the longest time without an RTP packet between the first one
// and the last. Without any packet the whole recording is a gap.
func (r *Recording) LongestGap() time.Duration {
	packets := r.Packets()
	if len(packets) == 0 {
		return r.Length()
	}
	return r.LongestGapWithin(packets[0], packets[len(packets)-1])
}

// LongestGapWithin is the longest time without an RTP packet from one time to
// another, including those before the first packet and after the last.
func (r *Recording) LongestGapWithin(from, to time.Duration) time.Duration {
	var longest time.Duration
	last := from
	for _, at := range r.Packets() {
		if at < from || at > to {
			continue
		}
		longest = max(longest, at-last)
		last = at
	}
	return max(longest, to-last)
}

// AwaitLength waits until the recording is at least d long.
func (r *Recording) AwaitLength(ctx context.Context, d time.Duration) error {
	err := r.await(ctx, func() bool { return duration(len(r.samples)) >= d })
	if err != nil {
		return fmt.Errorf("waiting for %v of audio, %v heard: %w", d, r.Length(), err)
	}
	return nil
}

// AwaitTones waits until all these tones (Hz) are heard at the same time, for
// 200 ms, in audio that arrives from now on.
func (r *Recording) AwaitTones(ctx context.Context, tones ...float64) error {
	r.mu.Lock()
	from := len(r.samples)
	r.mu.Unlock()
	last := func() bool {
		n := len(r.samples)
		return n-from >= 2*window &&
			len(present(r.samples[n-window:], tones)) == len(tones) &&
			len(present(r.samples[n-2*window:n-window], tones)) == len(tones)
	}
	if err := r.await(ctx, last); err != nil {
		return fmt.Errorf("waiting for %v Hz, %d packets heard: %w", tones, len(r.Packets()), err)
	}
	return nil
}

// AwaitDigits waits until the digits heard end with these.
func (r *Recording) AwaitDigits(ctx context.Context, digits string) error {
	err := r.await(ctx, func() bool {
		return len(r.digits) >= len(digits) && string(r.digits[len(r.digits)-len(digits):]) == digits
	})
	if err != nil {
		return fmt.Errorf("waiting for the digits %s, %q heard: %w", digits, r.Digits(), err)
	}
	return nil
}

// await waits until met, which is called with the lock held each time the
// recording has grown.
func (r *Recording) await(ctx context.Context, met func() bool) error {
	for {
		r.mu.Lock()
		if met() {
			r.mu.Unlock()
			return nil
		}
		if r.grown == nil {
			r.grown = make(chan struct{})
		}
		grown := r.grown
		r.mu.Unlock()
		select {
		case <-grown:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// begin sets time zero, once.
func (r *Recording) begin(now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.began.IsZero() {
		r.began = now
	}
}

// add writes down the audio of a packet. Within a stream it is placed by the
// RTP timestamps; a new stream, or one that has jumped, is placed by the time
// of its arrival.
func (r *Recording) add(now time.Time, ssrc, timestamp uint32, audio []int16) {
	r.begin(now)
	r.mu.Lock()
	defer r.mu.Unlock()
	at := now.Sub(r.began)
	place := r.start + int(int32(timestamp-r.first))
	off := at - duration(place)
	if len(r.arrivals) == 0 || ssrc != r.ssrc || off.Abs() > tolerance {
		place = samples(at)
		r.ssrc, r.first, r.start = ssrc, timestamp, place
	}
	r.arrivals = append(r.arrivals, at)
	r.put(max(place, 0), audio)
	r.grew()
}

// Add adds audio that a phone other than ours has heard just now, after so many
// samples before. It stands for one packet.
func (r *Recording) Add(now time.Time, before int, audio []int16) {
	r.add(now, 0, uint32(before), audio)
}

// put writes audio at a place, with silence before it where nothing was heard.
func (r *Recording) put(place int, audio []int16) {
	if missing := place + len(audio) - len(r.samples); missing > 0 {
		r.samples = append(r.samples, make([]int16, missing)...)
	}
	copy(r.samples[place:], audio)
}

func (r *Recording) addDigit(digit byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.digits = append(r.digits, digit)
	r.grew()
}

func (r *Recording) grew() {
	if r.grown != nil {
		close(r.grown)
		r.grown = nil
	}
}

// ReadRecording reads a WAV file that another phone has recorded, one
// Recording for each of its channels. A WAV knows nothing of packets: for
// these recordings each 20 ms that are not digital silence count as one.
func ReadRecording(wav io.Reader) ([]*Recording, error) {
	samples, hertz, channels, err := media.ReadWAV(wav)
	if err != nil {
		return nil, fmt.Errorf("reading a recording: %w", err)
	}
	if hertz%rate != 0 {
		return nil, fmt.Errorf("reading a recording: %d Hz is not a multiple of %d Hz", hertz, rate)
	}
	recordings := make([]*Recording, channels)
	for i := range recordings {
		recordings[i] = recorded(channel(samples, i, channels, hertz/rate))
	}
	return recordings, nil
}

// channel takes one channel out of interleaved samples, each of its samples
// the mean of so many.
func channel(interleaved []int16, index, channels, each int) []int16 {
	var out []int16
	step := channels * each
	for at := 0; at+step <= len(interleaved); at += step {
		sum := 0
		for i := range each {
			sum += int(interleaved[at+i*channels+index])
		}
		out = append(out, int16(sum/each))
	}
	return out
}

func recorded(audio []int16) *Recording {
	r := &Recording{samples: audio}
	for at := 0; at+frame <= len(audio); at += frame {
		if slices.ContainsFunc(audio[at:at+frame], audible) {
			r.arrivals = append(r.arrivals, duration(at))
		}
	}
	return r
}

// audible: louder than silence after its way through G.711.
func audible(sample int16) bool { return sample > 8 || sample < -8 }

func duration(samples int) time.Duration {
	return time.Duration(samples) * time.Second / rate
}

func samples(d time.Duration) int { return int(d * rate / time.Second) }
