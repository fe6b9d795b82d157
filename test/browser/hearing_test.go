package browser

import (
	"maps"
	"slices"
	"strings"
	"time"

	"holdfast/softphone"
)

const (
	// listen is for how long somebody must hear what they should, and nothing else.
	listen = 500 * time.Millisecond
	// click is the longest that something may seem to be heard that is not: on a
	// busy machine browsers click.
	click = 100 * time.Millisecond
)

// hears waits until who hears all of sources, and nothing else, for a while.
func (s *stage) hears(who string, sources ...string) {
	s.t.Helper()
	r, ctx := s.Heard(who), s.Soon()
	for {
		from := r.Length()
		if err := r.AwaitLength(ctx, from+listen); err != nil {
			s.t.Fatalf("%s does not hear %s alone (%v): %s", who, strings.Join(sources, " and "), err, r.Summary(s.voices()))
		}
		if s.hearsOnly(r, from, sources) {
			return
		}
	}
}

// meet waits until each of these people hears all the others, and nothing else.
func (s *stage) meet(people ...string) {
	s.t.Helper()
	for i, who := range people {
		s.hears(who, slices.Delete(slices.Clone(people), i, i+1)...)
	}
}

// hearsOnly reports whether a recording has the sources, and nothing else, from then
// on for a while.
func (s *stage) hearsOnly(r *softphone.Recording, from time.Duration, sources []string) bool {
	to := from + listen
	for tone, name := range s.voices() {
		wanted := slices.Contains(sources, name)
		for _, span := range r.Heard(tone) {
			if took := min(span.To, to) - max(span.From, from); took > click && wanted != (len(span.Tones) > 0) {
				return false
			}
		}
	}
	return true
}

// recordings are what somebody has heard, in all their tabs and calls.
func (s *stage) recordings(who string) (all []*softphone.Recording) {
	if a := s.agents[who]; a != nil {
		return a.heard
	}
	for _, c := range s.Calls(who) {
		all = append(all, c.Recording())
	}
	return all
}

// voices has the names of all tones that can be heard.
func (s *stage) voices() softphone.Voices {
	v := softphone.Voices{}
	for _, name := range []string{"hold audio", "queue audio", "park audio", "ringback", "customer", "the second customer", "cardiology"} {
		v[s.Tone(name)] = name
	}
	for name := range s.agents {
		v[toneOf[name]] = name
	}
	return v
}

// glimpse is the shortest time that somebody must be heard to have been heard.
const glimpse = 200 * time.Millisecond

// heardBy returns whom somebody has heard since a moment, one after the other.
func (s *stage) heardBy(who string, since time.Time) (all []string) {
	voices := s.voices()
	for _, r := range s.recordings(who) {
		for _, span := range r.Heard(slices.Collect(maps.Keys(voices))...) {
			ends := r.Began().Add(span.To)
			if len(span.Tones) == 0 || span.To-span.From < glimpse || ends.Before(since.Add(glimpse)) {
				continue
			}
			var names []string
			for _, tone := range span.Tones {
				names = append(names, voices[tone])
			}
			if name := strings.Join(names, " and "); len(all) == 0 || all[len(all)-1] != name {
				all = append(all, name)
			}
		}
	}
	return all
}

// silence is the longest time since a moment in which the customer heard no tone.
// Comfort noise counts as silence here.
func (s *stage) silence(since time.Time) (longest time.Duration) {
	for _, r := range s.recordings("customer") {
		first := true
		for _, span := range r.Heard(slices.Collect(maps.Keys(s.voices()))...) {
			if len(span.Tones) > 0 {
				first = false
			} else if !first {
				longest = max(longest, span.To-max(span.From, r.At(since)))
			}
		}
	}
	return longest
}
