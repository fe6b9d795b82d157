package holdfasttest

import (
	"maps"
	"slices"
	"strings"
	"time"

	"holdfast/softphone"
)

// played is what the server itself lets people hear, as Hears names it, with the
// tones by which it is known.
var played = map[string]float64{
	"hold audio":  softphone.HoldTone,
	"queue audio": softphone.QueueTone,
	"park audio":  softphone.ParkTone,
	"ringback":    softphone.RingbackTone,
	"whisper":     softphone.WhisperTone,
	"prompt":      softphone.ConfirmTone,
}

// Tone is by which somebody is known, or what the server plays: "hold audio",
// "queue audio", "park audio", "ringback", the "whisper" before a call, and the
// "prompt" to press 1.
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

// Hears waits until somebody hears all of these, named as for Tone, at once.
func (b *Bed) Hears(who string, whom ...string) {
	b.t.Helper()
	want := b.tones(whom)
	if err := b.Heard(who).AwaitTones(b.Soon(), want...); err != nil {
		b.t.Fatalf("%s does not hear %s, %.0f Hz: %v", the(who), strings.Join(whom, " and "), want, err)
	}
}

// HearsOnly is Hears, and then checks that for a while they hear nothing else.
func (b *Bed) HearsOnly(who string, whom ...string) {
	b.t.Helper()
	b.Hears(who, whom...)
	b.hearsNothingBut(b.afterwards(who), who, whom)
}

// HearEachOther waits until each of these people hears all the others, and then
// checks that for a while they hear nothing else.
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

// look is how long a stretch of audio is in which people are told apart.
const look = 100 * time.Millisecond

// afterwards is from when on somebody hears what has not been on its way before.
func (b *Bed) afterwards(who string) time.Duration {
	b.t.Helper()
	return (b.Heard(who).Length() + 2*look).Round(look)
}

func (b *Bed) hearsNothingBut(from time.Duration, who string, whom []string) {
	b.t.Helper()
	heard, to := b.Heard(who), from+3*look
	if err := heard.AwaitLength(b.Soon(), to); err != nil {
		b.t.Fatalf("%s hears nothing: %v", the(who), err)
	}
	want := b.tones(whom)
	for name, tone := range b.known() {
		if hears := heard.EverHears(tone, from, to); hears != slices.Contains(want, tone) {
			b.t.Errorf("%s hears %s: %t, want only %s", the(who), name, hears, strings.Join(whom, " and "))
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

// known are the tones of all people, and of what the server plays, by name.
func (b *Bed) known() map[string]float64 {
	all := maps.Clone(played)
	for name, p := range b.people {
		all[name] = p.tone
	}
	return all
}

// NeverHears checks that somebody has not heard another in their latest call,
// for longer than the click with which one tone ends and the next begins.
func (b *Bed) NeverHears(who, whom string) {
	b.t.Helper()
	const click = 100 * time.Millisecond
	for _, s := range b.Heard(who).Heard(b.Tone(whom)) {
		if len(s.Tones) > 0 && s.To-s.From > click {
			b.t.Errorf("%s has heard %s from %s to %s", the(who), whom, s.From, s.To)
		}
	}
}
