package kill

import (
	"errors"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"holdfast/media"
	"holdfast/softphone"
)

// A session carries the audio of a page in one call: it says a tone, and adds what it
// hears to a recording.
type session struct {
	pc      *webrtc.PeerConnection
	track   *webrtc.TrackLocalStaticRTP
	tone    float64
	quit    chan struct{}
	running sync.WaitGroup
}

var pcmu = webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypePCMU, ClockRate: 8000}

// webrtcAPI makes peer connections over loopback.
func webrtcAPI() (*webrtc.API, error) {
	var engine webrtc.MediaEngine
	if err := engine.RegisterCodec(webrtc.RTPCodecParameters{RTPCodecCapability: pcmu}, webrtc.RTPCodecTypeAudio); err != nil {
		return nil, err
	}
	var s webrtc.SettingEngine
	s.SetIncludeLoopbackCandidate(true)
	s.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	return webrtc.NewAPI(webrtc.WithMediaEngine(&engine), webrtc.WithSettingEngine(s), webrtc.WithInterceptorRegistry(&interceptor.Registry{})), nil
}

// newSession makes a session and its offer.
func newSession(api *webrtc.API, tone float64, heard *softphone.Recording) (s *session, offer string, err error) {
	pc, err := api.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return nil, "", err
	}
	s = &session{pc: pc, tone: tone, quit: make(chan struct{})}
	if offer, err = s.offer(heard); err != nil {
		return nil, "", errors.Join(fmt.Errorf("making an offer: %w", err), pc.Close())
	}
	s.running.Go(s.say)
	return s, offer, nil
}

func (s *session) offer(heard *softphone.Recording) (sdp string, err error) {
	if s.track, err = webrtc.NewTrackLocalStaticRTP(pcmu, "audio", "page"); err != nil {
		return "", err
	}
	if _, err := s.pc.AddTrack(s.track); err != nil {
		return "", err
	}
	s.pc.OnTrack(func(t *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		for {
			p, _, err := t.ReadRTP()
			if err != nil {
				return
			}
			heard.Add(time.Now(), int(p.Timestamp), media.PCMU.Decode(nil, p.Payload))
		}
	})
	offer, err := s.pc.CreateOffer(nil)
	if err != nil {
		return "", err
	}
	gathered := webrtc.GatheringCompletePromise(s.pc)
	if err := s.pc.SetLocalDescription(offer); err != nil {
		return "", err
	}
	<-gathered
	return s.pc.LocalDescription().SDP, nil
}

func (s *session) answer(sdp string) error {
	return s.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: sdp})
}

// say says the tone until the session is closed; before it is connected, to nobody.
func (s *session) say() {
	const hertz, frame = 8000, 160
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	p := rtp.Packet{Header: rtp.Header{Version: 2}}
	pcm := make([]int16, frame)
	for at := 0; ; at += frame {
		for i := range pcm {
			pcm[i] = int16(6000 * math.Sin(2*math.Pi*s.tone*float64(at+i)/hertz))
		}
		p.SequenceNumber++
		p.Timestamp += frame
		p.Payload = media.PCMU.Encode(nil, pcm)
		_ = s.track.WriteRTP(&p) // a connection that is lost is replaced
		select {
		case <-tick.C:
		case <-s.quit:
			return
		}
	}
}

func (s *session) close() {
	close(s.quit)
	s.running.Wait()
	_ = s.pc.Close() // there is nothing left to lose
}
