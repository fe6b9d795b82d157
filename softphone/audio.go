package softphone

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/pion/rtp"

	"holdfast/media"
)

const (
	frame    = rate / 50 // samples in a packet
	ptime    = 20 * time.Millisecond
	loudest  = 6000 // amplitude of our tone: four of them fit into a sum
	lateness = 100 * time.Millisecond
)

// Audio is the RTP of one call: a socket, and the goroutine that plays a tone
// on it and records the audio that comes. It goes on even if the far end is
// gone.
type audio struct {
	conn      atomic.Pointer[net.UDPConn]
	recording *Recording
	log       *slog.Logger
	done      sync.WaitGroup

	// agreed is nil until there is something agreed.
	agreed atomic.Pointer[media.Stream]
	mute   atomic.Bool  // plays silence instead of its tone
	begins atomic.Int64 // when it sends its first packet, in nanoseconds since 1970
	sent   atomic.Int64
	digits chan byte     // DTMF to be sent
	mirror bool          // agrees with any sender
	late   time.Duration // for how long it sends nothing at first

	// The fields below belong to the goroutine.
	voice  oscillator
	packet rtp.Packet
	event  event
	heard  event
}

// startAudio opens a socket at address and begins to listen.
func startAudio(address netip.AddrPort, tone float64, mirror bool, log *slog.Logger) (*audio, error) {
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(address))
	if err != nil {
		return nil, fmt.Errorf("opening an RTP socket: %w", err)
	}
	s := &audio{
		recording: &Recording{},
		log:       log,
		digits:    make(chan byte, 64),
		mirror:    mirror,
		voice:     oscillator{step: 2 * math.Pi * tone / rate},
		packet: rtp.Packet{Header: rtp.Header{
			Version: 2, Marker: true, SSRC: rand.Uint32(),
			SequenceNumber: uint16(rand.Uint32()), Timestamp: rand.Uint32(),
		}},
	}
	s.conn.Store(conn)
	s.done.Go(s.run)
	return s, nil
}

func (s *audio) address() netip.AddrPort {
	return s.conn.Load().LocalAddr().(*net.UDPAddr).AddrPort()
}

// move goes on from another port. The old one is dead.
func (s *audio) move() error {
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(s.address().Addr(), 0)))
	if err != nil {
		return fmt.Errorf("opening an RTP socket: %w", err)
	}
	return s.conn.Swap(conn).Close()
}

// agree sets the stream agreed with the far end, from the next packet on.
func (s *audio) agree(stream media.Stream) {
	s.recording.begin(time.Now())
	s.begins.CompareAndSwap(0, time.Now().Add(s.late).UnixNano())
	s.agreed.Store(&stream)
}

func (s *audio) close() {
	_ = s.conn.Load().Close() // ends run; a second time only returns an error
	s.done.Wait()
}

// run sends a packet every 20 ms and takes the packets that come in between.
func (s *audio) run() {
	buffer := make([]byte, 2048)
	next := time.Now()
	for {
		conn := s.conn.Load()
		if conn.SetReadDeadline(next) != nil && conn == s.conn.Load() {
			return // closed
		}
		n, from, err := conn.ReadFromUDPAddrPort(buffer)
		now := time.Now()
		switch {
		case err == nil:
			s.receive(now, netip.AddrPortFrom(from.Addr().Unmap(), from.Port()), buffer[:n])
		case isTimeout(err):
			s.send()
			if next = next.Add(ptime); now.Sub(next) > lateness {
				next = now
			}
		case errors.Is(err, syscall.ECONNREFUSED): // the far end is down; it may come back
		case conn != s.conn.Load(): // moved
		default:
			if !errors.Is(err, net.ErrClosed) {
				s.log.Warn("receiving audio", "error", err)
			}
			return
		}
	}
}

func isTimeout(err error) bool {
	var e net.Error
	return errors.As(err, &e) && e.Timeout()
}

// send sends the next 20 ms of our audio, if the peer wants to receive.
func (s *audio) send() {
	s.packet.Timestamp += frame
	stream := s.agreed.Load()
	if stream == nil || !stream.Send || !stream.Remote.IsValid() || time.Now().UnixNano() < s.begins.Load() {
		s.packet.Marker = true
		return
	}
	if stream.Events == 0 || !s.sendEvent(stream) {
		var pcm [frame]int16
		if !s.mute.Load() {
			s.voice.say(pcm[:])
		}
		s.write(stream, stream.PayloadType, stream.Codec.Encode(nil, pcm[:]))
	}
}

func (s *audio) write(stream *media.Stream, payloadType uint8, payload []byte) {
	s.packet.PayloadType, s.packet.Payload = payloadType, payload
	s.packet.SequenceNumber++
	raw, err := s.packet.Marshal()
	if err != nil {
		panic(fmt.Sprintf("softphone: our own packet: %v", err))
	}
	s.packet.Marker = false
	s.sent.Add(1)
	if _, err := s.conn.Load().WriteToUDPAddrPort(raw, stream.Remote); err != nil {
		s.log.Debug("sending audio", "to", stream.Remote, "error", err)
	}
}

// receive records a packet that belongs to the agreed stream.
func (s *audio) receive(now time.Time, from netip.AddrPort, raw []byte) {
	var p rtp.Packet
	if err := p.Unmarshal(raw); err != nil || p.Version != 2 {
		return
	}
	if s.mirror {
		s.agreeWith(from, p.PayloadType)
	}
	stream := s.agreed.Load()
	if stream == nil || !isPeer(stream.Remote, from) {
		return
	}
	switch {
	case p.PayloadType == stream.PayloadType:
		s.recording.add(now, p.SSRC, p.Timestamp, stream.Codec.Decode(nil, p.Payload))
	case p.PayloadType == stream.Events && stream.Events != 0:
		s.hearEvent(p.Timestamp, p.Payload)
	}
}

// agreeWith agrees with the sender of a packet, by its payload type.
func (s *audio) agreeWith(peer netip.AddrPort, pt uint8) {
	last := s.agreed.Load()
	if last != nil && last.Remote == peer && (last.PayloadType == pt || last.Events == pt) {
		return
	}
	for _, codec := range []media.Codec{media.PCMU, media.PCMA} {
		if payloadType(codec) == pt {
			s.agree(media.Stream{
				Remote: peer, Codec: codec, PayloadType: pt, Events: ourEvents,
				Send: true, Receive: true,
			})
		}
	}
}

// isPeer reports whether a packet from there may be the peer's: we drop all
// others. A peer on hold in the old way has no address.
func isPeer(remote, from netip.AddrPort) bool {
	return remote == from || remote.Addr().IsUnspecified()
}

// An oscillator is a tone that goes on where it stopped.
type oscillator struct{ phase, step float64 }

func (o *oscillator) say(pcm []int16) {
	if o.step == 0 {
		return
	}
	for i := range pcm {
		pcm[i] = int16(loudest * math.Sin(o.phase))
		o.phase = math.Mod(o.phase+o.step, 2*math.Pi)
	}
}

// discard is the log of who wants none.
var discard = slog.New(slog.DiscardHandler)
