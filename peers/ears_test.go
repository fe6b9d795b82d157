package peers

import (
	"maps"
	"slices"
	"strings"
	"time"

	"holdfast/softphone"
)

const (
	// moment is the longest that all three may be in the same sound.
	moment = 500 * time.Millisecond
	// glimpse is the shortest that somebody must be heard to have been heard.
	glimpse = 200 * time.Millisecond
)

// An ear is what somebody hears, and whom they must have heard in the end.
type ear struct {
	sound    *softphone.Recording
	expected []string // one after the other
}

func (e *ear) expect(whom string) {
	if n := len(e.expected); n == 0 || e.expected[n-1] != whom {
		e.expected = append(e.expected, whom)
	}
}

// whom tells whom they have heard, one after the other. A moment in which all
// three are in the same sound does not count, nor does what is nobody's sound.
func (e *ear) whom() []string {
	var heard []string
	for _, span := range e.sound.Heard(slices.Collect(maps.Keys(voices))...) {
		took := span.To - span.From
		if len(span.Tones) == 0 || took < glimpse || len(span.Tones) > 1 && took < moment {
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
	hears(s.t, who, e.sound, tone(whom))
	must(s.t, e.sound.AwaitLength(soon(s.t), e.sound.Length()+glimpse))
	e.expect(whom)
}

// heardWhom checks that everybody has heard those they were waited for to hear,
// in that order, and nobody else.
func (s *stage) heardWhom() {
	s.t.Helper()
	for who, e := range s.ears {
		if got := e.whom(); !s.brief && !slices.Equal(got, e.expected) {
			s.t.Errorf("the %s heard %v, want %v: %s", who, got, e.expected, e.sound.Summary(voices))
		}
	}
}
