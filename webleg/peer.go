package webleg

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/webrtc/v4"
)

// A peer is a session of pion's.
type peer struct {
	pc        *webrtc.PeerConnection
	track     track
	to        receiver
	awayAfter time.Duration

	// What pion has told last. It tells of each transport in order, but of both
	// together it does not, so tell puts them together.
	ice     atomic.Int64  // a webrtc.ICETransportState
	dtls    atomic.Int64  // a webrtc.DTLSTransportState
	changed chan struct{} // holds one token when either has changed
	up      atomic.Bool   // packets may be sent

	closing chan struct{}
	running sync.WaitGroup // tell and read

	mu      sync.Mutex // guards what follows
	closed  bool
	reading bool
}

func newPeer(pc *webrtc.PeerConnection, to receiver, awayAfter time.Duration) *peer {
	p := &peer{pc: pc, to: to, awayAfter: awayAfter, changed: make(chan struct{}, 1), closing: make(chan struct{})}
	pc.OnTrack(func(t *webrtc.TrackRemote, _ *webrtc.RTPReceiver) { p.begin(t) })
	dtls := pc.SCTP().Transport()
	dtls.ICETransport().OnConnectionStateChange(func(s webrtc.ICETransportState) { p.change(&p.ice, int64(s)) })
	dtls.OnStateChange(func(s webrtc.DTLSTransportState) { p.change(&p.dtls, int64(s)) })
	p.running.Go(p.tell)
	return p
}

// answer answers the offer. Gathering our one candidate takes no network.
func (p *peer) answer(ctx context.Context, o offer) (string, error) {
	if _, err := p.pc.AddTrack(&p.track); err != nil {
		return "", fmt.Errorf("adding our track: %w", err)
	}
	if err := p.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: o.sdp}); err != nil {
		return "", fmt.Errorf("taking the offer: %w", err)
	}
	answer, err := p.pc.CreateAnswer(nil)
	if err != nil {
		return "", fmt.Errorf("making the answer: %w", err)
	}
	gathered := webrtc.GatheringCompletePromise(p.pc)
	if err := p.pc.SetLocalDescription(answer); err != nil {
		return "", fmt.Errorf("taking our answer: %w", err)
	}
	select {
	case <-gathered:
		return p.pc.LocalDescription().SDP, nil
	case <-ctx.Done():
		return "", fmt.Errorf("gathering our candidate: %w", ctx.Err())
	}
}

func (p *peer) send(packet []byte) error {
	if !p.up.Load() {
		return nil
	}
	return p.track.send(packet)
}

func (p *peer) close() {
	p.mu.Lock()
	first := !p.closed
	p.closed = true
	p.mu.Unlock()
	if first {
		p.up.Store(false)
		close(p.closing)
		_ = p.pc.GracefulClose() // nothing can be done about a session that does not close
	}
	p.running.Wait()
}

// change notes a state. Pion calls it with its own locks held.
func (p *peer) change(which *atomic.Int64, state int64) {
	which.Store(state)
	select {
	case p.changed <- struct{}{}:
	default: // it will be looked at anyway
	}
}

// tell tells the receiver how the session is until it is closed.
func (p *peer) tell() {
	var told string // why it is down, once that has been told
	for {
		select {
		case <-p.changed:
		case <-p.closing:
			return
		}
		up, reason := p.status()
		switch was := p.up.Swap(up); {
		case up && !was:
			told = ""
			p.to.connected()
		case !up && reason != "" && reason != told:
			told = reason
			p.to.lost(reason)
		}
	}
}

// status is whether packets flow, and if they cannot, why.
func (p *peer) status() (up bool, reason string) {
	ice, dtls := webrtc.ICETransportState(p.ice.Load()), webrtc.DTLSTransportState(p.dtls.Load())
	switch {
	case dtls == webrtc.DTLSTransportStateClosed:
		return false, "the browser has ended it"
	case dtls == webrtc.DTLSTransportStateFailed:
		return false, "the browser's keys do not fit its offer"
	case ice == webrtc.ICETransportStateDisconnected || ice == webrtc.ICETransportStateFailed:
		return false, fmt.Sprintf("no packet for %s", p.awayAfter)
	}
	connected := ice == webrtc.ICETransportStateConnected || ice == webrtc.ICETransportStateCompleted
	return connected && dtls == webrtc.DTLSTransportStateConnected, ""
}

// begin reads a track, the first there is: the offer has only one.
func (p *peer) begin(t *webrtc.TrackRemote) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed && !p.reading {
		p.reading = true
		p.running.Go(func() { p.read(t) })
	}
}

// read takes packets until the session ends.
func (p *peer) read(t *webrtc.TrackRemote) {
	buf := make([]byte, 1500)
	for {
		n, _, err := t.Read(buf)
		switch {
		case err == nil:
			p.to.packet(buf[:n])
		case errors.Is(err, webrtc.ErrCodecNotFound): // a packet of a kind that was not agreed
		default:
			return
		}
	}
}
