package interop

import (
	"maps"
	"slices"
	"strings"
	"time"

	"holdfast/softphone"
)

const (
	// moment is the longest that all three may be in two-way audio.
	moment = 500 * time.Millisecond
	// glimpse is the shortest that somebody must be heard to have been heard.
	glimpse = 200 * time.Millisecond
)

// An ear is what somebody hears, and whom they must have heard in the end.
type ear struct {
	audio    *softphone.Recording
	expected []string // one after the other, and those in parentheses perhaps: all or none
}

func (e *ear) expect(whom string) {
	if n := len(e.expected); n == 0 || e.expected[n-1] != whom {
		e.expected = append(e.expected, whom)
	}
}

// glimpses: this may be heard for so short that nobody can be sure to have heard it.
func (e *ear) glimpses(whom string) { e.expected = append(e.expected, "("+whom+")") }

// asExpected reports whether they have heard those that they should.
func (e *ear) asExpected() bool {
	var without, with []string
	for _, whom := range e.expected {
		name := strings.Trim(whom, "()")
		with = append(with, name)
		if name == whom {
			without = append(without, name)
		}
	}
	got := e.whom()
	return slices.Equal(got, with) || slices.Equal(got, slices.Compact(without))
}

// whom tells whom they have heard, one after the other. A moment in which all
// three are in two-way audio does not count, even if one of them drops out of it
// for a while, nor does what is nobody's audio.
func (e *ear) whom() []string {
	var heard []string
	spans := e.audio.Heard(slices.Collect(maps.Keys(voices))...)
	for i, span := range spans {
		took := span.To - span.From
		shared := len(span.Tones) > 1 || i > 0 && isPartOf(span, spans[i-1]) || i+1 < len(spans) && isPartOf(span, spans[i+1])
		if len(span.Tones) == 0 || took < glimpse || shared && took < moment {
			continue
		}
		var who []string
		for _, tone := range span.Tones {
			who = append(who, voices[tone])
		}
		if name := strings.Join(who, "+"); len(heard) == 0 || heard[len(heard)-1] != name {
			heard = append(heard, name)
		}
	}
	return heard
}

// isPartOf says that one of several who are heard together is heard.
func isPartOf(one, all softphone.Span) bool {
	return len(one.Tones) == 1 && len(all.Tones) > 1 && slices.Contains(all.Tones, one.Tones[0])
}

// tone is by what somebody is recognised, or hold audio.
func tone(whom string) float64 {
	for tone, name := range voices {
		if name == whom {
			return tone
		}
	}
	panic("nobody is called " + whom)
}

// hears waits until somebody hears somebody, or hold audio, for long enough to
// be found again in what they have heard. A customer who has held at a baresip
// is not listened to any more: it records nothing after that.
func (s *stage) hears(who, whom string) {
	s.t.Helper()
	if who == "customer" && s.until != 0 {
		return
	}
	e := s.ears[who]
	hears(s.t, who, e.audio, tone(whom))
	must(s.t, e.audio.AwaitLength(soon(s.t), e.audio.Length()+glimpse))
	e.expect(whom)
}

// heardWhom checks that everybody has heard those they were waited for to hear,
// in that order, and nobody else.
func (s *stage) heardWhom() {
	s.t.Helper()
	for who, e := range s.ears {
		if !s.short && !e.asExpected() {
			s.t.Errorf("the %s heard %v, want %v: %s", who, e.whom(), e.expected, e.audio.Summary(voices))
		}
	}
}
