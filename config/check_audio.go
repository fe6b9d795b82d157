package config

import (
	"errors"
	"fmt"
	"os"

	"holdfast/call"
	"holdfast/media"
)

// audios are those that are played in the place of the built-in ones.
func (c *checker) audios(d *document) map[call.Audio][]int16 {
	all := map[call.Audio][]int16{}
	for _, a := range []struct {
		key   string
		file  text
		audio call.Audio
	}{
		{"hold", d.Audio.Hold, call.HoldAudio},
		{"queue", d.Audio.Queue, call.QueueAudio},
		{"park", d.Audio.Park, call.ParkAudio},
		{"ringback", d.Audio.Ringback, call.RingbackAudio},
		{"comfort", d.Audio.Comfort, call.ComfortNoise},
		{"whisper", d.Audio.Whisper, call.WhisperPrompt},
		{"confirm", d.Audio.Confirm, call.ConfirmPrompt},
	} {
		if a.file == "" {
			continue
		}
		samples, err := readAudio(string(a.file))
		if err != nil {
			c.wrong("audio."+a.key, "%q cannot be played: %s", a.file, err)
			continue
		}
		all[a.audio] = samples
	}
	return all
}

// longestAudio bounds the part of an audio file that is read: half an hour at 48
// kHz.
const longestAudio = 180 << 20

func readAudio(name string) ([]int16, error) {
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, errors.New("it is not a file")
	case info.Size() > longestAudio:
		return nil, fmt.Errorf("it is longer than %d MB", longestAudio>>20)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return media.ReadAudio(f)
}
