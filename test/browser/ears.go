package browser

import (
	_ "embed"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"time"

	"holdfast/softphone"
)

// heardBinding is the function by which documents report the audio that they play.
const heardBinding = "holdfastHeard"

//go:embed testdata/ears.js
var earsScript string

// earsWorker is the worker of the ears in Firefox, and earsWorkerPath where it loads it.
//
//go:embed testdata/ears_worker.js
var earsWorker string

const earsWorkerPath = "/holdfast-ears-worker.js"

// rate is that of the audio that the ears report, and frame is the part that counts as
// one packet of a recording.
const (
	rate  = 8000
	frame = rate / 50
)

// A heard is 100 ms or so of audio that a media element has played.
type heard struct {
	At     float64 `json:"at"`     // of the first sample, in ms since 1970
	Before uint32  `json:"before"` // samples of the stream before it
	PCM    string  `json:"pcm"`    // 16-bit samples, little-endian, in base64
}

// hear adds the audio that a document has played to a recording. A silent frame is not a
// packet, as in a recording that comes from a WAV file.
func hear(into *softphone.Recording, payload string) error {
	var h heard
	if err := json.Unmarshal([]byte(payload), &h); err != nil {
		return fmt.Errorf("hearing: %w", err)
	}
	raw, err := base64.StdEncoding.DecodeString(h.PCM)
	if err != nil {
		return fmt.Errorf("hearing: %w", err)
	}
	samples := make([]int16, len(raw)/2)
	for i := range samples {
		samples[i] = int16(binary.LittleEndian.Uint16(raw[2*i:]))
	}
	for at := 0; at+frame <= len(samples); at += frame {
		if audible(samples[at : at+frame]) {
			moment := time.UnixMicro(int64(1000*h.At) + int64(at)*1e6/rate)
			into.Add(moment, int(h.Before)+at, samples[at:at+frame])
		}
	}
	return nil
}

// audible: louder than silence after its way through G.711.
func audible(samples []int16) bool {
	for _, s := range samples {
		if s > 8 || s < -8 {
			return true
		}
	}
	return false
}
