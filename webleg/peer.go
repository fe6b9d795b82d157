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

// A peer is a session on pion/webrtc.
type peer struct {
	pc        *webrtc.PeerConnection
	track     track
	to        receiver
	awayAfter time.Duration

	// The last states that pion has reported. It reports those of each transport
	// in order, but not the state of the whole connection; report combines them.
	ice     atomic.Int64  // a webrtc.ICETransportState
	dtls    atomic.Int64  // a webrtc.DTLSTransportState
	changed chan struct{} // full when one of these has changed
	up      atomic.Bool   // packets may be sent

	packets atomic.Uint64 // received so far
	quiet   atomic.Bool   // in doubt, and no packet has arrived since

	closing chan struct{}
	running sync.WaitGroup // report, read and doubt

	mu      sync.Mutex // guards the fields below
	closed  bool
	reading bool
}

func newPeer(pc *webrtc.PeerConnection, to receiver, awayAfter time.Duration) *peer {
	p := &peer{pc: pc, to: to, awayAfter: awayAfter, changed: make(chan struct{}, 1), closing: make(chan struct{})}
	pc.OnTrack(func(t *webrtc.TrackRemote, _ *webrtc.RTPReceiver) { p.begin(t) })
	dtls := pc.SCTP().Transport()
	dtls.ICETransport().OnConnectionStateChange(func(s webrtc.ICETransportState) { p.change(&p.ice, int64(s)) })
	dtls.OnStateChange(func(s webrtc.DTLSTransportState) { p.change(&p.dtls, int64(s)) })
	p.running.Go(p.report)
	return p
}

// answer answers the offer. Gathering our candidates needs no network.
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
		return "", fmt.Errorf("gathering our candidates: %w", ctx.Err())
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
		_ = p.pc.GracefulClose() // an error leaves nothing to do
	}
	p.running.Wait()
}

// doubtFor is how long a session in doubt may be without a packet. A browser sends
// one every 20 ms, also while the agent is muted.
const doubtFor = 300 * time.Millisecond

func (p *peer) doubt() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return
	}
	before := p.packets.Load()
	p.running.Go(func() { // ends after doubtFor, or with close
		select {
		case <-time.After(doubtFor):
		case <-p.closing:
			return
		}
		if p.packets.Load() == before {
			p.quiet.Store(true)
			p.wake()
		}
	})
}

// change stores a state. Pion calls it with its own locks held.
func (p *peer) change(which *atomic.Int64, state int64) {
	which.Store(state)
	p.wake()
}

// wake makes report look at the states.
func (p *peer) wake() {
	select {
	case p.changed <- struct{}{}:
	default: // report has not looked yet
	}
}

// report reports to the receiver whether the session is up, until it is closed.
func (p *peer) report() {
	var reported string // the last reason for being down
	for {
		select {
		case <-p.changed:
		case <-p.closing:
		}
		select {
		case <-p.closing: // also when the change is that it was closed
			return
		default:
		}
		up, reason := p.status()
		switch was := p.up.Swap(up); {
		case up && !was:
			reported = ""
			p.to.connected()
		case !up && reason != "" && reason != reported:
			reported = reason
			p.to.lost(reason)
		}
	}
}

// status returns whether packets flow, or why they cannot. An empty reason means
// that the session is still being set up.
func (p *peer) status() (up bool, reason string) {
	ice, dtls := webrtc.ICETransportState(p.ice.Load()), webrtc.DTLSTransportState(p.dtls.Load())
	switch {
	case dtls == webrtc.DTLSTransportStateClosed:
		return false, "closed by the browser"
	case dtls == webrtc.DTLSTransportStateFailed:
		return false, "the DTLS handshake failed"
	case ice == webrtc.ICETransportStateDisconnected || ice == webrtc.ICETransportStateFailed:
		return false, fmt.Sprintf("no packet for %s", p.awayAfter)
	case p.quiet.Load():
		return false, "the connection of the agent's page broke, and no packet came"
	}
	connected := ice == webrtc.ICETransportStateConnected || ice == webrtc.ICETransportStateCompleted
	return connected && dtls == webrtc.DTLSTransportStateConnected, ""
}

// begin reads the first track. The offer has only one.
func (p *peer) begin(t *webrtc.TrackRemote) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed && !p.reading {
		p.reading = true
		p.running.Go(func() { p.read(t) })
	}
}

// read reads packets until the session ends.
func (p *peer) read(t *webrtc.TrackRemote) {
	buf := make([]byte, 1500)
	for {
		n, _, err := t.Read(buf)
		switch {
		case err == nil:
			p.packets.Add(1)
			if p.quiet.CompareAndSwap(true, false) {
				p.wake()
			}
			p.to.packet(buf[:n])
		case errors.Is(err, webrtc.ErrCodecNotFound): // a payload type that was not agreed
		default:
			return
		}
	}
}
