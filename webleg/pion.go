package webleg

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/logging"
	"github.com/pion/webrtc/v4"
)

const (
	// socketBuffer is for packets that arrive while the reader of the socket is
	// not scheduled: 300 legs send 15 in a millisecond.
	socketBuffer = 4 << 20
	// looks is how often within AwayAfter pion checks for packets.
	looks = 10
)

// peers is an answerer on pion/webrtc.
type peers struct {
	engine    webrtc.MediaEngine
	settings  webrtc.SettingEngine
	mux       ice.UDPMux
	at        netip.AddrPort
	awayAfter time.Duration
}

// listen binds the socket that all browsers send to.
func listen(address netip.AddrPort, awayAfter time.Duration) (*peers, error) {
	if !address.Addr().IsValid() || address.Addr().IsUnspecified() {
		return nil, errors.New("not an address that browsers can send to")
	}
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(address))
	if err != nil {
		return nil, err
	}
	if err := errors.Join(conn.SetReadBuffer(socketBuffer), conn.SetWriteBuffer(socketBuffer)); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	// Pion would log odd packets from strangers. Whatever matters here reaches us
	// as an error or a state.
	quiet := &logging.DefaultLoggerFactory{DefaultLogLevel: logging.LogLevelDisabled, Writer: io.Discard}
	p := &peers{
		mux:       webrtc.NewICEUDPMux(quiet.NewLogger("mux"), conn),
		at:        conn.LocalAddr().(*net.UDPAddr).AddrPort(),
		awayAfter: awayAfter,
	}
	for _, codec := range codecs {
		if err := p.engine.RegisterCodec(codec, webrtc.RTPCodecTypeAudio); err != nil {
			return nil, errors.Join(err, p.close())
		}
	}
	p.settings = p.lite(quiet)
	return p, nil
}

// codecs are the codecs in answers. The payload types are those of the offer.
var codecs = []webrtc.RTPCodecParameters{
	{PayloadType: pcmu, RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypePCMU, ClockRate: 8000}},
	{PayloadType: 101, RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: "audio/telephone-event", ClockRate: 8000}},
}

// lite returns settings that make pion an ICE-lite agent. The failed timeout is 0, so
// a session that is down becomes connected again when packets return.
func (p *peers) lite(quiet logging.LoggerFactory) webrtc.SettingEngine {
	s := webrtc.SettingEngine{LoggerFactory: quiet}
	s.SetLite(true)
	s.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	s.SetIncludeLoopbackCandidate(true)
	s.DisableActiveTCP(true) // connect to nobody
	s.SetICETimeouts(p.awayAfter, 0, p.awayAfter/looks)
	s.SetFireOnTrackBeforeFirstRTP(true)
	if p.at.Addr().Is4() {
		s.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	} else {
		s.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP6})
	}
	return s
}

func (p *peers) address() netip.AddrPort { return p.at }

func (p *peers) close() error { return p.mux.Close() }

func (p *peers) answer(ctx context.Context, o offer, to receiver) (session, string, error) {
	g := newGuard(p.mux, o.streams)
	settings := p.settings
	settings.SetICEUDPMux(g)
	settings.SetICEBindingRequestHandler(g.checked)
	// No interceptors. NACK, transport-wide congestion control and simulcast are for
	// video, and G.711 has no rate that receiver reports could change. The registry
	// is empty on purpose: without one, pion registers all of these.
	api := webrtc.NewAPI(webrtc.WithMediaEngine(&p.engine), webrtc.WithInterceptorRegistry(&interceptor.Registry{}),
		webrtc.WithSettingEngine(settings))
	pc, err := api.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return nil, "", fmt.Errorf("making a peer connection: %w", err)
	}
	s := newPeer(pc, to, p.awayAfter)
	sdp, err := s.answer(ctx, o)
	if err != nil {
		s.close()
		return nil, "", err
	}
	return s, sdp, nil
}
