package media

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io"

	"holdfast/call"
)

//go:generate go run ./genaudio audio

// builtIn holds the built-in audios. Each can be recognised by its tones; see
// genaudio.
//
//go:embed audio
var builtIn embed.FS

// files are the built-in audios by their files in builtIn.
var files = map[call.Audio]string{
	call.HoldAudio: "hold", call.QueueAudio: "queue", call.ParkAudio: "park", call.RingbackAudio: "ringback",
	call.ComfortNoise: "comfort", call.WhisperPrompt: "whisper", call.ConfirmPrompt: "confirm",
}

// builtInAudio reads the samples of a built-in audio.
func builtInAudio(a call.Audio) ([]int16, error) {
	wav, err := builtIn.ReadFile("audio/" + files[a] + ".wav")
	if err != nil {
		return nil, fmt.Errorf("built-in %s: %w", a, err)
	}
	samples, err := ReadAudio(bytes.NewReader(wav))
	if err != nil {
		return nil, fmt.Errorf("built-in %s: %w", a, err)
	}
	return samples, nil
}

// ReadAudio reads a WAV file to be played: 16-bit PCM in one channel, at 8 kHz
// or a multiple of it.
func ReadAudio(wav io.Reader) ([]int16, error) {
	samples, hertz, channels, err := ReadWAV(wav)
	switch {
	case err != nil:
		return nil, err
	case channels != 1:
		return nil, fmt.Errorf("it has %d channels; it may have only one", channels)
	case hertz%rate != 0:
		return nil, fmt.Errorf("it has %d samples a second; it may have 8000 or a multiple of that", hertz)
	case len(samples) < hertz/rate*frame:
		return nil, errors.New("it is shorter than 20 ms")
	}
	return thinned(samples, hertz/rate), nil
}

// thinned is audio with the mean of so many samples in the place of each.
func thinned(samples []int16, each int) []int16 {
	if each == 1 {
		return samples
	}
	out := make([]int16, len(samples)/each)
	for i := range out {
		sum := 0
		for _, v := range samples[i*each : (i+1)*each] {
			sum += int(v)
		}
		out[i] = int16(sum / each)
	}
	return out
}

// A loop is audio that is repeated for ever, ready in both laws.
type loop [2][]byte

func newLoop(samples []int16) loop {
	return loop{PCMU: PCMU.Encode(nil, samples), PCMA: PCMA.Encode(nil, samples)}
}

// copyAt fills dst with the samples that follow the first played ones.
func (l *loop) copyAt(played int, dst []byte, codec Codec) {
	audio := l[codec]
	for len(dst) > 0 {
		n := copy(dst, audio[played%len(audio):])
		dst, played = dst[n:], played+n
	}
}

// A clip is an audio ready to be played: for ever, or, a prompt, once.
type clip struct {
	loop
	prompt bool
	after  *clip // the audio that follows a prompt
}

// clips holds every audio; the one without a name is silence.
type clips map[call.Audio]*clip

// newClips prepares the given audios, and the built-in ones for the rest.
func newClips(given map[call.Audio][]int16) (clips, error) {
	all := clips{"": {loop: newLoop([]int16{0})}}
	for a := range files {
		samples := given[a]
		if len(samples) == 0 {
			var err error
			if samples, err = builtInAudio(a); err != nil {
				return nil, err
			}
		}
		all[a] = &clip{loop: newLoop(samples)}
	}
	for _, a := range []call.Audio{call.WhisperPrompt, call.ConfirmPrompt} {
		all[a].prompt, all[a].after = true, all[call.ComfortNoise]
	}
	return all, nil
}

// of returns the clip of an audio; silence if there is none.
func (all clips) of(a call.Audio) *clip {
	if c := all[a]; c != nil {
		return c
	}
	return all[""]
}

// copyAt fills dst with the clip's samples that follow the first played ones.
func (c *clip) copyAt(played int, dst []byte, codec Codec) {
	if c.prompt {
		remaining := max(0, len(c.loop[codec])-played)
		if remaining < len(dst) {
			c.after.copyAt(played, dst[remaining:], codec)
			dst = dst[:remaining]
		}
	}
	c.loop.copyAt(played, dst, codec)
}

// ends reports whether a prompt ends in the frame after played samples.
func (c *clip) ends(played int) bool {
	length := len(c.loop[PCMU])
	return c.prompt && played < length && played+frame >= length
}
