package softphone

import (
	"context"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/rtp"

	"holdfast/call"
	"holdfast/media"
)

var loopback = netip.MustParseAddrPort("127.0.0.1:0")

// patient is a context that ends the test's patience, not its time.
func patient(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// speaker is audio that says a tone to an address.
func speaker(t *testing.T, tone float64, codec media.Codec, to netip.AddrPort) *audio {
	t.Helper()
	s, err := startAudio(loopback, tone, false, discard)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.close)
	s.agree(media.Stream{
		Remote: to, Codec: codec, PayloadType: payloadType(codec), Events: ourEvents,
		Send: true, Receive: true,
	})
	return s
}

func recorder(t *testing.T, tone float64) *Recorder {
	t.Helper()
	r, err := Record(loopback, tone)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r
}

func TestRecorderHearsAndAnswers(t *testing.T) {
	t.Parallel()
	for _, codec := range []media.Codec{media.PCMU, media.PCMA} {
		r := recorder(t, 620)
		s := speaker(t, 440, codec, r.Address())
		if err := r.Recording().AwaitTones(patient(t), 440); err != nil {
			t.Error(err)
		}
		if err := s.recording.AwaitTones(patient(t), 620); err != nil {
			t.Error(err)
		}
	}
}

func TestRecorderFollowsWhoSpeaks(t *testing.T) {
	t.Parallel()
	r := recorder(t, 1000)
	first := speaker(t, 440, media.PCMU, r.Address())
	if err := first.recording.AwaitTones(patient(t), 1000); err != nil {
		t.Fatal(err)
	}
	first.close()
	second := speaker(t, 620, media.PCMA, r.Address())
	if err := second.recording.AwaitTones(patient(t), 1000); err != nil {
		t.Error(err)
	}
}

func TestRecorderSpeaksFirst(t *testing.T) {
	t.Parallel()
	r, silent := recorder(t, 620), recorder(t, 0)
	r.SayTo(silent.Address())
	if err := silent.Recording().AwaitTones(patient(t), 620); err != nil {
		t.Error(err)
	}
}

func TestDigits(t *testing.T) {
	t.Parallel()
	r := recorder(t, 0)
	s := speaker(t, 440, media.PCMU, r.Address())
	if err := r.Recording().AwaitTones(patient(t), 440); err != nil {
		t.Fatal(err)
	}
	for _, d := range []byte("1229#") {
		s.digits <- d
	}
	if err := r.Recording().AwaitDigits(patient(t), "1229#"); err != nil {
		t.Error(err)
	}
	if err := r.Recording().AwaitTones(patient(t), 440); err != nil {
		t.Errorf("the voice does not come back after the digits: %v", err)
	}
}

// The far end goes away and comes back at the same address: the audio goes on.
func TestSoundSurvivesTheFarEnd(t *testing.T) {
	t.Parallel()
	before := recorder(t, 620)
	address := before.Address()
	s := speaker(t, 440, media.PCMU, address)
	if err := s.recording.AwaitTones(patient(t), 620); err != nil {
		t.Fatal(err)
	}
	before.Close()
	sent := make(chan struct{})
	go func() { // nobody listens for a while
		defer close(sent)
		probe := time.NewTicker(300 * ms)
		defer probe.Stop()
		<-probe.C
	}()
	<-sent
	after, err := Record(address, 1000)
	if err != nil {
		t.Fatal(err)
	}
	defer after.Close()
	if err := after.Recording().AwaitTones(patient(t), 440); err != nil {
		t.Error(err)
	}
	if err := s.recording.AwaitTones(patient(t), 1000); err != nil {
		t.Error(err)
	}
	if gap := s.recording.LongestGap(); gap < 250*ms {
		t.Errorf("the longest gap is %v, and nobody was there for 300ms", gap)
	}
}

func TestStrangersAreNotHeard(t *testing.T) {
	t.Parallel()
	r := recorder(t, 0)
	s := speaker(t, 440, media.PCMU, r.Address())
	stranger, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(s.address()))
	if err != nil {
		t.Fatal(err)
	}
	defer stranger.Close()
	for i := range 50 {
		p := rtp.Packet{
			Header:  rtp.Header{Version: 2, SequenceNumber: uint16(i), Timestamp: uint32(i * frame)},
			Payload: media.PCMU.Encode(nil, said(20, 2000)),
		}
		raw, err := p.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := stranger.Write(raw); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.recording.AwaitLength(patient(t), 300*ms); err != nil {
		t.Fatal(err)
	}
	if s.recording.EverHears(2000, 0, time.Second) {
		t.Errorf("a stranger is heard: %s", s.recording.Summary(everybody))
	}
}

// The server's own hold audio and comfort noise are what they are taken for.
func TestHoldAudioIsRecognised(t *testing.T) {
	t.Parallel()
	engine, err := media.Start(media.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer engine.Close()
	room := engine.Room("c1")
	held, comforted := recorder(t, 0), recorder(t, 0)
	for i, r := range []*Recorder{held, comforted} {
		leg, err := room.Open(call.ConnectionID(i+1), 0)
		if err != nil {
			t.Fatal(err)
		}
		leg.Set(media.Stream{Remote: r.Address(), Codec: media.PCMU, Send: true, Receive: true})
	}
	room.Set(call.Mix{{Connection: 1, Audio: call.HoldAudio}, {Connection: 2, Audio: call.ComfortNoise}})
	for _, r := range []*Recorder{held, comforted} {
		if err := r.Recording().AwaitLength(patient(t), 5*time.Second); err != nil {
			t.Fatal(err)
		}
		for _, s := range r.Recording().Heard(440, 620, 800, 1000, 1300, 1600, 2000) {
			if len(s.Tones) > 0 {
				t.Errorf("%v Hz heard from %v to %v, and nobody speaks", s.Tones, s.From, s.To)
			}
		}
	}
	first := held.Recording().Packets()[0]
	if !held.Recording().Hears(HoldTone, first, 5*time.Second) {
		t.Errorf("hold audio is heard as %s", held.Recording().Summary(nil))
	}
	if comforted.Recording().EverHears(HoldTone, 0, 5*time.Second) {
		t.Errorf("comfort noise is heard as %s", comforted.Recording().Summary(nil))
	}
}
