package webleg

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/logging"
	"github.com/pion/stun/v4"
	"github.com/pion/webrtc/v4"

	"holdfast/call"
)

// A browser is an agent's page: a full ICE agent on loopback that sends a tone.
type browser struct {
	t     testing.TB
	pc    *webrtc.PeerConnection
	track track // sends packets unchanged, as the server's does
	*ear
	voice   *voice
	says    sync.Mutex // guards voice
	quit    chan struct{}
	running sync.WaitGroup
	ended   sync.Once
}

// newBrowser makes a browser that sends its tone as soon as it is connected.
func newBrowser(t testing.TB, tone float64) *browser {
	t.Helper()
	return browserOf(t, browserAPI(t, func(*webrtc.SettingEngine) {}), tone)
}

func browserOf(t testing.TB, api *webrtc.API, tone float64) *browser {
	t.Helper()
	pc, err := api.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	b := &browser{t: t, pc: pc, ear: newEar(), voice: newVoice(tone), quit: make(chan struct{})}
	t.Cleanup(b.close)
	if _, err := pc.AddTrack(&b.track); err != nil {
		t.Fatal(err)
	}
	pc.OnTrack(func(t *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		buf := make([]byte, 1500)
		for {
			n, _, err := t.Read(buf)
			if err != nil {
				return
			}
			b.take(buf[:n])
		}
	})
	b.running.Go(func() { everyFrame(b.quit, b.say) })
	return b
}

func browserAPI(t testing.TB, change func(*webrtc.SettingEngine)) *webrtc.API {
	t.Helper()
	var engine webrtc.MediaEngine
	for _, codec := range append([]webrtc.RTPCodecParameters{
		{PayloadType: 111, RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2}},
		{PayloadType: 126, RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: "audio/telephone-event", ClockRate: 8000}},
	}, codecs[0]) {
		if err := engine.RegisterCodec(codec, webrtc.RTPCodecTypeAudio); err != nil {
			t.Fatal(err)
		}
	}
	s := webrtc.SettingEngine{LoggerFactory: &logging.DefaultLoggerFactory{Writer: io.Discard}}
	s.SetIncludeLoopbackCandidate(true)
	s.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	s.SetIPFilter(func(ip net.IP) bool { return ip.IsLoopback() })
	change(&s)
	return webrtc.NewAPI(webrtc.WithMediaEngine(&engine), webrtc.WithSettingEngine(s),
		webrtc.WithInterceptorRegistry(&interceptor.Registry{}))
}

func (b *browser) say() {
	b.says.Lock()
	defer b.says.Unlock()
	_ = b.track.send(b.voice.next()) // fails before there is a session
}

// press presses a key.
func (b *browser) press(digit byte) {
	b.says.Lock()
	defer b.says.Unlock()
	for _, packet := range b.voice.key(126, digit) {
		_ = b.track.send(packet)
	}
}

// offer returns the page's offer, with all its candidates.
func (b *browser) offer() string {
	b.t.Helper()
	offer, err := b.pc.CreateOffer(nil)
	if err != nil {
		b.t.Fatal(err)
	}
	gathered := webrtc.GatheringCompletePromise(b.pc)
	if err := b.pc.SetLocalDescription(offer); err != nil {
		b.t.Fatal(err)
	}
	<-gathered
	return b.pc.LocalDescription().SDP
}

func (b *browser) accept(answer string) {
	b.t.Helper()
	if err := b.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}); err != nil {
		b.t.Fatalf("%v: %s", err, answer)
	}
}

// connect makes a session for a connection.
func (b *browser) connect(l *Legs, contact call.ContactID, connection call.ConnectionID) {
	b.t.Helper()
	answer, err := l.Connect(context.Background(), contact, connection, b.offer())
	if err != nil {
		b.t.Fatal(err)
	}
	b.accept(answer)
}

// connectThrough makes a session whose packets pass through a relay.
func (b *browser) connectThrough(l *Legs, contact call.ContactID, connection call.ConnectionID) *relay {
	b.t.Helper()
	answer, err := l.Connect(context.Background(), contact, connection, b.offer())
	if err != nil {
		b.t.Fatal(err)
	}
	r := newRelay(b.t, l.Address())
	port := regexp.MustCompile(`(typ host|127\.0\.0\.1 )` + strconv.Itoa(int(l.Address().Port())))
	if !port.MatchString(answer) {
		b.t.Fatalf("our port is not in the answer: %s", answer)
	}
	b.accept(port.ReplaceAllString(answer, "${1}"+strconv.Itoa(int(r.port()))))
	return r
}

// close ends the session as closing the page does.
func (b *browser) close() {
	b.ended.Do(func() {
		close(b.quit)
		b.running.Wait()
		if err := b.pc.GracefulClose(); err != nil {
			b.t.Error(err)
		}
	})
}

// A relay is a network between a browser and the server that can stall.
type relay struct {
	conn    *net.UDPConn
	us      netip.AddrPort
	stalled atomic.Bool
	lost    atomic.Int64 // packets
	checks  chan []byte  // the browser's last check (STUN request)
}

func newRelay(t testing.TB, us netip.AddrPort) *relay {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{conn: conn, us: us, checks: make(chan []byte, 1)}
	var running sync.WaitGroup
	running.Go(r.run)
	t.Cleanup(func() { conn.Close(); running.Wait() })
	return r
}

func (r *relay) port() uint16 { return r.conn.LocalAddr().(*net.UDPAddr).AddrPort().Port() }

func (r *relay) run() {
	var browser netip.AddrPort
	buf := make([]byte, 2048)
	for {
		n, from, err := r.conn.ReadFromUDPAddrPort(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		from = netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
		to := browser
		if from != r.us {
			browser, to = from, r.us
		}
		if from != r.us && stun.IsMessage(buf[:n]) {
			r.overhear(buf[:n])
		}
		if r.stalled.Load() {
			r.lost.Add(1)
			continue
		}
		if err == nil && to.IsValid() {
			_, _ = r.conn.WriteToUDPAddrPort(buf[:n], to)
		}
	}
}

func (r *relay) overhear(check []byte) {
	select {
	case <-r.checks:
	default: // the one before has been taken
	}
	r.checks <- slices.Clone(check)
}

// awaitCheck waits for a check of the browser.
func (r *relay) awaitCheck(t testing.TB) []byte {
	t.Helper()
	select {
	case check := <-r.checks:
		return check
	case <-time.After(patiently):
		t.Fatal("the browser sends no check")
		return nil
	}
}
