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
	// freePorts is how many ports to try if any will do.
	freePorts = 10
)

// peers is an answerer on pion/webrtc.
type peers struct {
	engine    webrtc.MediaEngine
	settings  webrtc.SettingEngine
	mux       ice.UDPMux
	tcp       *ice.TCPMuxDefault // nil: UDP only
	acceptor  *acceptor          // of tcp
	at        netip.AddrPort
	awayAfter time.Duration
}

// listen binds the sockets that all browsers send to.
func listen(o Options) (*peers, error) {
	if !o.Address.Addr().IsValid() || o.Address.Addr().IsUnspecified() {
		return nil, errors.New("not an address that browsers can send to")
	}
	conn, door, err := bind(o)
	if err != nil {
		return nil, err
	}
	// Pion would log odd packets from strangers. Whatever matters here reaches us
	// as an error or a state.
	quiet := &logging.DefaultLoggerFactory{DefaultLogLevel: logging.LogLevelDisabled, Writer: io.Discard}
	p := &peers{
		mux:       webrtc.NewICEUDPMux(quiet.NewLogger("mux"), conn),
		at:        conn.LocalAddr().(*net.UDPAddr).AddrPort(),
		awayAfter: o.AwayAfter,
	}
	if door != nil {
		p.acceptor = newAcceptor(door, provenWithin)
		p.tcp = newTCPMux(p.acceptor, quiet.NewLogger("mux"))
	}
	for _, codec := range codecs {
		if err := p.engine.RegisterCodec(codec, webrtc.RTPCodecTypeAudio); err != nil {
			return nil, errors.Join(err, p.close())
		}
	}
	p.settings = p.lite(quiet)
	return p, nil
}

// bind binds a UDP socket and, unless that is not wanted, a TCP socket with the same
// port number.
func bind(o Options) (*net.UDPConn, net.Listener, error) {
	for tries := 1; ; tries++ {
		conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(o.Address))
		if err != nil {
			return nil, nil, err
		}
		if err := errors.Join(conn.SetReadBuffer(socketBuffer), conn.SetWriteBuffer(socketBuffer)); err != nil {
			return nil, nil, errors.Join(err, conn.Close())
		}
		if o.UDPOnly {
			return conn, nil, nil
		}
		door, err := net.Listen("tcp", conn.LocalAddr().String())
		if err == nil {
			return conn, door, nil
		}
		// The port that was free for UDP may be in use for TCP.
		if o.Address.Port() != 0 || tries == freePorts {
			return nil, nil, errors.Join(err, conn.Close())
		}
		_ = conn.Close()
	}
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
	s.DisableActiveTCP(true) // open no connections
	s.SetICETimeouts(p.awayAfter, 0, p.awayAfter/looks)
	s.SetFireOnTrackBeforeFirstRTP(true)
	networks := []webrtc.NetworkType{webrtc.NetworkTypeUDP6, webrtc.NetworkTypeTCP6}
	if p.at.Addr().Is4() {
		networks = []webrtc.NetworkType{webrtc.NetworkTypeUDP4, webrtc.NetworkTypeTCP4}
	}
	if p.tcp == nil {
		networks = networks[:1]
	}
	s.SetNetworkTypes(networks)
	return s
}

func (p *peers) address() netip.AddrPort { return p.at }

func (p *peers) close() error {
	if p.tcp == nil {
		return p.mux.Close()
	}
	return errors.Join(p.mux.Close(), p.tcp.Close())
}

func (p *peers) answer(ctx context.Context, o offer, to receiver) (session, string, error) {
	g := newGuard(p.mux, p.acceptor.prove, o.streams)
	settings := p.settings
	settings.SetICEUDPMux(g)
	if p.tcp != nil {
		settings.SetICETCPMux(guardedMux{p.tcp, g})
	}
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
