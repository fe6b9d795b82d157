package browser

import (
	_ "embed"
	"io"
	"math"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"holdfast/media"
	"holdfast/softphone"
)

//go:embed testdata/rig.html
var rigPage []byte

// A rig is the other side of a page with a phone: it says a tone to each page
// that is loaded, and hears it.
type rig struct {
	t     testing.TB
	api   *webrtc.API
	tone  float64
	url   string
	heard softphone.Recording

	mu    sync.Mutex // guards what follows
	peers []*webrtc.PeerConnection
}

func newRig(t testing.TB, tone float64) *rig {
	t.Helper()
	var engine webrtc.MediaEngine
	pcmu := webrtc.RTPCodecParameters{RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypePCMU, ClockRate: 8000}}
	if err := engine.RegisterCodec(pcmu, webrtc.RTPCodecTypeAudio); err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, tone: tone, api: webrtc.NewAPI(webrtc.WithMediaEngine(&engine), webrtc.WithInterceptorRegistry(&interceptor.Registry{}))}
	door := http.NewServeMux()
	door.HandleFunc("GET /", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(rigPage) })
	door.HandleFunc("POST /offer", r.offered)
	t.Cleanup(r.hangUp)
	r.url = serve(t, door)
	return r
}

// hangUp ends all sessions.
func (r *rig) hangUp() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, pc := range r.peers {
		_ = pc.Close()
	}
	r.peers = nil
}

func (r *rig) offered(w http.ResponseWriter, ask *http.Request) {
	sdp, err := io.ReadAll(ask.Body)
	if err != nil {
		r.t.Error(err)
		return
	}
	pc, err := r.api.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		r.t.Error(err)
		return
	}
	r.mu.Lock()
	r.peers = append(r.peers, pc)
	r.mu.Unlock()
	track, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypePCMU, ClockRate: 8000}, "audio", "rig")
	if err != nil {
		r.t.Error(err)
		return
	}
	_, _ = pc.AddTrack(track)
	pc.OnTrack(func(remote *webrtc.TrackRemote, _ *webrtc.RTPReceiver) { r.hear(remote) })
	pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		if s == webrtc.PeerConnectionStateConnected {
			go r.say(pc, track)
		}
	})
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: string(sdp)}); err != nil {
		r.t.Error(err)
		return
	}
	answer, err := pc.CreateAnswer(nil)
	if err != nil {
		r.t.Error(err)
		return
	}
	gathered := webrtc.GatheringCompletePromise(pc)
	_ = pc.SetLocalDescription(answer)
	<-gathered
	_, _ = io.WriteString(w, pc.LocalDescription().SDP)
}

func (r *rig) hear(remote *webrtc.TrackRemote) {
	for {
		p, _, err := remote.ReadRTP()
		if err != nil {
			return
		}
		r.heard.Add(time.Now(), int(p.Timestamp), media.PCMU.Decode(nil, p.Payload))
	}
}

// say says the tone until the session ends.
func (r *rig) say(pc *webrtc.PeerConnection, track *webrtc.TrackLocalStaticRTP) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	p := rtp.Packet{Header: rtp.Header{Version: 2}}
	for at := 0; pc.ConnectionState() == webrtc.PeerConnectionStateConnected; at += frame {
		pcm := make([]int16, frame)
		for i := range pcm {
			pcm[i] = int16(6000 * math.Sin(2*math.Pi*r.tone*float64(at+i)/rate))
		}
		p.SequenceNumber++
		p.Timestamp += frame
		p.Payload = media.PCMU.Encode(nil, pcm)
		if track.WriteRTP(&p) != nil {
			return
		}
		<-tick.C
	}
}

// A page in a browser and a phone that others wrote hear each other, and nothing
// else, from each load on.
func TestEars(t *testing.T) {
	needTime(t)
	r := newRig(t, 440)
	b := Start(t, 620)
	tab := b.Open(r.url)
	talk := func() {
		t.Helper()
		hears(t, tab.Heard(), 440)
		hears(t, &r.heard, 620)
	}
	talk()

	tab.Do("document.querySelector('audio').pause()")
	falls(t, tab.Heard())
	tab.Do("document.querySelector('audio').play()")
	talk()

	r.hangUp()
	falls(t, tab.Heard())
	tab.Reload()
	talk()
	t.Logf("the rig was heard %v after the load", first(tab.Heard(), 440, tab.Loaded()))

	b.Kill()
	falls(t, &r.heard)
	b.Restart()
	tab = b.Open(r.url)
	talk()
	t.Logf("the rig was heard %v after the load", first(tab.Heard(), 440, tab.Loaded()))
}

// The library and our CRM around a page that stands in for the agent's.
func TestCRM(t *testing.T) {
	r := newRig(t, 440)
	crm := ServeCRM(t)
	tab := Start(t, 620).Open(crm.Page(r.url))
	hears(t, tab.Heard(), 440)
	hears(t, &r.heard, 620)

	frame := tab.In(r.url)
	frame.Type("input", "not now")
	frame.Await("document.querySelector('input').value === 'not now'")
	frame.Click("button")
	falls(t, tab.Heard())
	frame.Click("button")
	hears(t, tab.Heard(), 440)

	tab.Await("crm.contact()")
	tab.Do("void crm.transfer(crm.number('+15550100'))")
	tab.AwaitLogged("the end of the contact", func(l Logged) bool { return l.Event == "contact::ended" })
	tab.Await("crm.agent().getState().name === 'AfterCallWork'")
	wantAsked(t, frame, "holdConnection", "createAdditionalConnection", "conferenceConnections", "destroyConnection")
	if !slices.Contains(tab.Console(), "log: Cold transfer complete") {
		t.Error("the page does not say that it is complete")
	}
	tab.Screenshot("rig")

	tab.Reload()
	tab.Await("crm.contact()")
	tab.Do("crm.quickConnect('cardiology').then(crm.sampleTransfer)")
	wantAsked(t, frame, "getEndpoints", "createAdditionalConnection", "destroyConnection")
	tab.Do("crm.asked('resume', told => crm.leg('inbound').resume(told)).catch(() => {})")
	refused := tab.AwaitLogged("a refusal", func(l Logged) bool { return l.Event == "refused" })
	if want := `refused {"name":"resume","error":"there is no resumeConnection here"}`; refused.String() != want {
		t.Errorf("got %s, want %s", refused, want)
	}
}

func wantAsked(t *testing.T, f Frame, want ...string) {
	t.Helper()
	var got []string
	if f.Read("asked", &got); !slices.Equal(got, want) {
		t.Errorf("the page asked for %q, want %q", got, want)
	}
}
