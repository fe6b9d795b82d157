package holdfasttest

import (
	"maps"
	"slices"
	"strings"
	"time"

	"holdfast/softphone"
)

// played has the tones that the server plays.
var played = map[string]float64{
	"hold audio":  softphone.HoldTone,
	"queue audio": softphone.QueueTone,
	"park audio":  softphone.ParkTone,
	"ringback":    softphone.RingbackTone,
	"whisper":     softphone.WhisperTone,
	"prompt":      softphone.ConfirmTone,
}

// Tone returns the tone (Hz) of a person, or of an audio that the server plays: "hold
// audio", "queue audio", "park audio", "ringback", the "whisper" before a call, or the
// "prompt" to press 1. The methods below take the same names.
func (b *Bed) Tone(name string) float64 {
	b.t.Helper()
	if tone, known := played[name]; known {
		return tone
	}
	p := b.people[name]
	if p == nil {
		b.t.Fatalf("nobody is called %q", name)
	}
	return p.tone
}

// Hears waits until the person who hears all of sources at the same time.
func (b *Bed) Hears(who string, sources ...string) {
	b.t.Helper()
	want := b.tones(sources)
	if err := b.Heard(who).AwaitTones(b.Soon(), want...); err != nil {
		b.t.Fatalf("%s does not hear %s, %.0f Hz: %v", the(who), strings.Join(sources, " and "), want, err)
	}
}

// HearsOnly waits like Hears, and then checks that the person hears nothing else for more
// than 100 of the next 300 ms.
func (b *Bed) HearsOnly(who string, sources ...string) {
	b.t.Helper()
	b.Hears(who, sources...)
	b.hearsNothingBut(b.afterwards(who), who, sources)
}

// HearEachOther is HearsOnly for each of these people, with all the others as
// sources.
func (b *Bed) HearEachOther(people ...string) {
	b.t.Helper()
	others := func(i int) []string { return slices.Delete(slices.Clone(people), i, i+1) }
	for i, who := range people {
		b.Hears(who, others(i)...)
	}
	from := make([]time.Duration, len(people))
	for i, who := range people {
		from[i] = b.afterwards(who)
	}
	for i, who := range people {
		b.hearsNothingBut(from[i], who, others(i))
	}
}

// look is the shortest stretch of audio in which tones can be distinguished.
const look = 100 * time.Millisecond

// afterwards returns the time in who's recording from which on it holds nothing
// that is on its way now.
func (b *Bed) afterwards(who string) time.Duration {
	b.t.Helper()
	return (b.Heard(who).Length() + 2*look).Round(look)
}

func (b *Bed) hearsNothingBut(from time.Duration, who string, sources []string) {
	b.t.Helper()
	heard, to := b.Heard(who), from+3*look
	if err := heard.AwaitLength(b.Soon(), to); err != nil {
		b.t.Fatalf("%s hears nothing: %v", the(who), err)
	}
	want := b.tones(sources)
	for name, tone := range b.known() {
		looks := 0
		for at := from; at < to; at += look {
			if heard.EverHears(tone, at, at+look) {
				looks++
			}
		}
		// One look may hold the edge of a gap, where packets were late: it has all tones.
		hears := looks > 1 || looks == 1 && slices.Contains(want, tone)
		if hears != slices.Contains(want, tone) {
			b.t.Errorf("%s hears %s: %t, want only %s", the(who), name, hears, strings.Join(sources, " and "))
		}
	}
}

func (b *Bed) tones(names []string) (all []float64) {
	b.t.Helper()
	for _, name := range names {
		all = append(all, b.Tone(name))
	}
	return all
}

// known returns the tones of all people, and of the server's audios, by name.
func (b *Bed) known() map[string]float64 {
	all := maps.Clone(played)
	for name, p := range b.people {
		all[name] = p.tone
	}
	return all
}

// NeverHears checks that the person has not heard source in their latest call. It ignores
// 100 ms, as long as the click at the beginning of another tone.
func (b *Bed) NeverHears(who, source string) {
	b.t.Helper()
	const click = 100 * time.Millisecond
	for _, s := range b.Heard(who).Heard(b.Tone(source)) {
		if len(s.Tones) > 0 && s.To-s.From > click {
			b.t.Errorf("%s has heard %s from %s to %s", the(who), source, s.From, s.To)
		}
	}
}
