package webleg

import (
	"errors"
	"strings"
	"sync/atomic"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// A track sends packets as media made them, with their payload type, sequence
// number and timestamp; only the SSRC is the session's. Pion's own tracks set the
// payload type of the codec, also on telephone-events.
type track struct {
	to     atomic.Pointer[bound]
	header rtp.Header // of the packet being sent; here to save an allocation
}

// bound is where a track sends its packets.
type bound struct {
	webrtc.TrackLocalWriter
	ssrc uint32
}

// send sends a packet, or drops it before Bind. Calls must not overlap.
func (t *track) send(packet []byte) error {
	to := t.to.Load()
	if to == nil {
		return nil
	}
	n, err := t.header.Unmarshal(packet)
	if err != nil {
		return err
	}
	t.header.SSRC = to.ssrc
	_, err = to.WriteRTP(&t.header, packet[n:])
	return err
}

// Bind implements webrtc.TrackLocal.
func (t *track) Bind(c webrtc.TrackLocalContext) (webrtc.RTPCodecParameters, error) {
	for _, codec := range c.CodecParameters() {
		if codec.PayloadType == pcmu && strings.EqualFold(codec.MimeType, webrtc.MimeTypePCMU) {
			t.to.Store(&bound{c.WriteStream(), uint32(c.SSRC())})
			return codec, nil
		}
	}
	return webrtc.RTPCodecParameters{}, errors.New("no PCMU was agreed")
}

// Unbind implements webrtc.TrackLocal.
func (t *track) Unbind(webrtc.TrackLocalContext) error {
	t.to.Store(nil)
	return nil
}

// ID implements webrtc.TrackLocal.
func (t *track) ID() string { return "audio" }

// RID implements webrtc.TrackLocal.
func (t *track) RID() string { return "" }

// StreamID implements webrtc.TrackLocal.
func (t *track) StreamID() string { return "holdfast" }

// Kind implements webrtc.TrackLocal.
func (t *track) Kind() webrtc.RTPCodecType { return webrtc.RTPCodecTypeAudio }
