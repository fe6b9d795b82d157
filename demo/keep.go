package demo

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"holdfast/media"
	"holdfast/softphone"
	"holdfast/story"
)

// keep writes the audio that each person heard, a file for each call, and the
// timeline.
func (a *act) keep(name, title string) error {
	for _, p := range cast {
		n := 0
		for _, c := range a.Calls(p.name) {
			if c.Recording().Length() == 0 {
				continue
			}
			file := name + "-" + p.name
			if n++; n > 1 {
				file += fmt.Sprint("-", n)
			}
			if err := writeWAV(filepath.Join(a.dir, file+".wav"), c.Recording().Samples()); err != nil {
				return err
			}
		}
	}
	picture := story.Timeline(fmt.Sprintf("%s (%s)", title, a.Contact), a.moments, a.tracks())
	return os.WriteFile(filepath.Join(a.dir, name+".svg"), []byte(picture), 0o644)
}

func writeWAV(path string, samples []int16) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(media.WriteWAV(f, samples, 8000, 1), f.Close())
}

// tracks are the audio that each person heard, as rows of the timeline.
func (a *act) tracks() []story.Track {
	var all []story.Track
	for _, p := range cast {
		heard := story.Track{Name: p.name + " heard"}
		for _, c := range a.Calls(p.name) {
			heard.Spans = append(heard.Spans, a.spans(c.Recording())...)
		}
		if len(heard.Spans) > 0 {
			all = append(all, heard)
		}
	}
	return all
}

// spans are the times at which each voice was heard.
func (a *act) spans(heard *softphone.Recording) []story.Span {
	voices := map[float64]string{a.Tone("hold audio"): "hold", a.Tone("park audio"): "park"}
	for _, p := range cast {
		voices[a.Tone(p.name)] = p.name
	}
	var spans []story.Span
	for _, s := range heard.Heard(slices.Collect(maps.Keys(voices))...) {
		var names []string
		for _, tone := range s.Tones {
			names = append(names, voices[tone])
		}
		if len(names) > 0 {
			spans = append(spans, story.Span{From: heard.Began().Add(s.From), To: heard.Began().Add(s.To), Label: strings.Join(names, "+")})
		}
	}
	return spans
}
