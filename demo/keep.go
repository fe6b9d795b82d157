package demo

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"holdfast/media"
	"holdfast/softphone"
	"holdfast/story"
)

// keep writes what everybody heard, a file for each call, and the timeline.
func (a *act) keep(name, title string) error {
	calls := map[*person]int{}
	for _, l := range a.lines {
		if l.Recording().Length() == 0 {
			continue
		}
		calls[l.who]++
		file := name + "-" + l.who.name
		if n := calls[l.who]; n > 1 {
			file += fmt.Sprint("-", n)
		}
		if err := writeWAV(filepath.Join(a.dir, file+".wav"), l.Recording().Samples()); err != nil {
			return err
		}
	}
	picture := story.Timeline(fmt.Sprintf("%s (%s)", title, a.contact), a.moments, a.tracks())
	return os.WriteFile(filepath.Join(a.dir, name+".svg"), []byte(picture), 0o644)
}

func writeWAV(path string, samples []int16) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(media.WriteWAV(f, samples, 8000, 1), f.Close())
}

// tracks are what everybody heard as rows of the timeline, one for each person.
func (a *act) tracks() []story.Track {
	var all []story.Track
	for _, p := range a.people {
		heard := story.Track{Name: p.name + " heard"}
		for _, l := range a.lines {
			if l.who == p {
				heard.Spans = append(heard.Spans, a.spans(l)...)
			}
		}
		if len(heard.Spans) > 0 {
			all = append(all, heard)
		}
	}
	return all
}

// spans tell who was heard when in a call.
func (a *act) spans(l *line) []story.Span {
	voices := softphone.Voices{holdAudio.tone: "hold", parkAudio.tone: "park"}
	for _, p := range a.people {
		voices[p.tone] = p.name
	}
	var tones []float64
	for tone := range voices {
		tones = append(tones, tone)
	}
	var spans []story.Span
	began := l.Recording().Began()
	for _, s := range l.Recording().Heard(tones...) {
		label := ""
		for i, tone := range s.Tones {
			if i > 0 {
				label += "+"
			}
			label += voices[tone]
		}
		if label != "" {
			spans = append(spans, story.Span{From: began.Add(s.From), To: began.Add(s.To), Label: label})
		}
	}
	return spans
}
