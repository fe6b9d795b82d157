package media

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io"
)

//go:generate go run ./genaudio audio

// builtIn holds the built-in audios. Each can be recognised by its tones; see
// genaudio.
//
//go:embed audio
var builtIn embed.FS

// audioNames are what Audios are called that come from a file.
var audioNames = map[Audio]string{
	Hold: "hold", Queue: "queue", Park: "park", Ringback: "ringback", Comfort: "comfort", Whisper: "whisper", Confirm: "confirm",
}

// builtInAudio is the audio of an audio that nobody has replaced.
func builtInAudio(a Audio) ([]int16, error) {
	wav, err := builtIn.ReadFile("audio/" + audioNames[a] + ".wav")
	if err != nil {
		return nil, fmt.Errorf("built-in audio: %w", err)
	}
	samples, err := ReadAudio(bytes.NewReader(wav))
	if err != nil {
		return nil, fmt.Errorf("built-in %s audio: %w", audioNames[a], err)
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

// copyAt fills dst with what comes after played samples.
func (l *loop) copyAt(played int, dst []byte, codec Codec) {
	audio := l[codec]
	for len(dst) > 0 {
		n := copy(dst, audio[played%len(audio):])
		dst, played = dst[n:], played+n
	}
}

// prompt reports whether an audio is played once. Comfort noise follows it.
func (a Audio) prompt() bool { return a == Whisper || a == Confirm }

// An audios is every Audio, ready to be played.
type audios [Confirm + 1]loop

// newAudios are the built-in ones, but for those that are given.
func newAudios(given map[Audio][]int16) (*audios, error) {
	all := &audios{Silence: newLoop([]int16{0})}
	for a := range audioNames {
		samples := given[a]
		if len(samples) == 0 {
			var err error
			if samples, err = builtInAudio(a); err != nil {
				return nil, err
			}
		}
		all[a] = newLoop(samples)
	}
	return all, nil
}

// copyAt fills dst with what an audio sounds like after played samples.
func (all *audios) copyAt(a Audio, played int, dst []byte, codec Codec) {
	if a.prompt() {
		left := max(0, len(all[a][codec])-played)
		if left < len(dst) {
			all[Comfort].copyAt(played, dst[left:], codec)
			dst = dst[:left]
		}
	}
	all[a].copyAt(played, dst, codec)
}

// ends reports whether a prompt comes to its end in the frame after played
// samples.
func (all *audios) ends(a Audio, played int) bool {
	length := len(all[a][PCMU])
	return a.prompt() && played < length && played+frame >= length
}
