package webleg

import (
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pion/rtp"

	"holdfast/media"
	"holdfast/softphone"
)

const (
	patiently = 10 * time.Second // for what must happen; far more than it takes
	frame     = 160              // samples in a packet
)

// The tone of each party, in Hz.
const (
	theCustomer = 600.0
	another     = 800.0
	ana         = 1000.0
	cleo        = 1500.0
)

// An ear keeps the RTP packets that a party hears.
type ear struct {
	mu    sync.Mutex // guards what follows
	heard []heard
	more  chan struct{} // closed and replaced at each packet
}

type heard struct {
	at time.Time
	rtp.Packet
}

func newEar() *ear { return &ear{more: make(chan struct{})} }

func (e *ear) take(packet []byte) {
	h := heard{at: time.Now()}
	if err := h.Unmarshal(slices.Clone(packet)); err != nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.heard = append(e.heard, h)
	close(e.more)
	e.more = make(chan struct{})
}

func (e *ear) since(from int) ([]heard, <-chan struct{}) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.heard[from:]), e.more
}

func (e *ear) count() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.heard)
}

// until waits until ok accepts the packets since from, and returns them.
func (e *ear) until(t testing.TB, from int, what string, ok func([]heard) bool) []heard {
	t.Helper()
	deadline := time.After(patiently)
	for {
		since, more := e.since(from)
		if ok(since) {
			return since
		}
		select {
		case <-more:
		case <-deadline:
			t.Fatalf("never came: %s; %d packets were heard", what, len(since))
		}
	}
}

// hears waits until 200 ms of what is heard from now on contain exactly those
// voices; without any voice, noise.
func (e *ear) hears(t testing.TB, voices ...float64) {
	t.Helper()
	e.until(t, e.count(), "the right voices", func(since []heard) bool {
		audio := samples(since)
		if len(audio) < 20*frame {
			return false
		}
		audio = audio[len(audio)-10*frame:]
		spans := softphone.Heard(audio, theCustomer, another, ana, cleo, softphone.HoldTone)
		return len(spans) == 1 && slices.Equal(spans[0].Tones, voices) && slices.Max(audio) > 0
	})
}

func samples(packets []heard) []int16 {
	var audio []int16
	for _, h := range packets {
		if h.PayloadType == pcmu {
			audio = media.PCMU.Decode(audio, h.Payload)
		}
	}
	return audio
}

// everyFrame calls f every 20 ms until quit is closed.
func everyFrame(quit <-chan struct{}, f func()) {
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for {
		f()
		select {
		case <-ticker.C:
		case <-quit:
			return
		}
	}
}

// A voice makes packets of a tone.
type voice struct {
	header rtp.Header
	tone   float64
	at     int
}

func newVoice(tone float64) *voice {
	return &voice{tone: tone, header: rtp.Header{
		Version: 2, PayloadType: pcmu, SSRC: uint32(tone), SequenceNumber: 65500, Timestamp: 1<<32 - 9000,
	}}
}

func (v *voice) next() []byte {
	pcm := make([]int16, frame)
	for i := range pcm {
		pcm[i] = int16(5000 * math.Sin(2*math.Pi*v.tone*float64(v.at+i)/8000))
	}
	v.at += frame
	v.header.SequenceNumber++
	v.header.Timestamp += frame
	return marshal(v.header, media.PCMU.Encode(nil, pcm))
}

// key returns a key as a browser sends it: seven packets of growing duration, the
// last three with the end bit.
func (v *voice) key(payloadType uint8, digit byte) (packets [][]byte) {
	for i := range 7 {
		v.header.SequenceNumber++
		h := v.header
		h.PayloadType, h.Marker = payloadType, i == 0
		length, end := uint16(min(i+1, 5)*frame), byte(0)
		if i >= 4 {
			end = 0x80
		}
		packets = append(packets, marshal(h, []byte{digit, end | 10, byte(length >> 8), byte(length)}))
	}
	return packets
}

func marshal(h rtp.Header, payload []byte) []byte {
	b, err := (&rtp.Packet{Header: h, Payload: payload}).Marshal()
	if err != nil {
		panic(err)
	}
	return b
}
