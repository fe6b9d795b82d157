package media

import (
	"holdfast/call"
	"math"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pion/rtp"
)

const (
	eventsType = 101
	patiently  = 5 * time.Second // for what must happen; far more than it takes
)

// A phone is a party on a real socket: it speaks a tone every 20 ms and keeps
// what it hears.
type phone struct {
	t     *testing.T
	conn  *net.UDPConn
	codec Codec

	mu    sync.Mutex // guards what follows
	heard []heard
	more  chan struct{} // closed and replaced at each packet
}

type heard struct {
	at time.Time
	rtp.Packet
}

// newPhone makes a silent phone: it sends only what it is told to.
func newPhone(t *testing.T, codec Codec) *phone {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	p := &phone{t: t, conn: conn, codec: codec, more: make(chan struct{})}
	var running sync.WaitGroup
	running.Go(p.listen)
	t.Cleanup(func() { conn.Close(); running.Wait() })
	return p
}

func (p *phone) address() netip.AddrPort { return p.conn.LocalAddr().(*net.UDPAddr).AddrPort() }

func (p *phone) payloadType() uint8 { return [...]uint8{PCMU: 0, PCMA: 8}[p.codec] }

func (p *phone) stream() Stream {
	return Stream{
		Remote: p.address(), Codec: p.codec, PayloadType: p.payloadType(),
		Events: eventsType, Send: true, Receive: true,
	}
}

func (p *phone) listen() {
	buf := make([]byte, 2048)
	for {
		n, err := p.conn.Read(buf)
		if err != nil {
			return
		}
		var packet rtp.Packet
		if err := packet.Unmarshal(slices.Clone(buf[:n])); err != nil {
			p.t.Errorf("a phone got what is no RTP: %v", err)
			return
		}
		p.mu.Lock()
		p.heard = append(p.heard, heard{time.Now(), packet})
		close(p.more)
		p.more = make(chan struct{})
		p.mu.Unlock()
	}
}

// speak makes the phone send a tone to a port until the test ends.
func (p *phone) speak(port uint16, hz float64) {
	quit := make(chan struct{})
	var running sync.WaitGroup
	running.Go(func() {
		ticker := time.NewTicker(20 * time.Millisecond)
		defer ticker.Stop()
		source := newSource(p.payloadType(), p.codec, hz)
		for {
			p.send(port, source.next(frame))
			select {
			case <-ticker.C:
			case <-quit:
				return
			}
		}
	})
	p.t.Cleanup(func() { close(quit); running.Wait() })
}

func (p *phone) send(port uint16, packet *rtp.Packet) {
	b, err := packet.Marshal()
	if err != nil {
		p.t.Error(err)
	}
	if _, err := p.conn.WriteToUDPAddrPort(b, netip.AddrPortFrom(p.address().Addr(), port)); err != nil {
		p.t.Errorf("a phone could not send: %v", err)
	}
}

// all is everything heard so far.
func (p *phone) all() []heard {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.heard)
}

// until waits until ok finds what it wants in the packets heard since from, and
// returns them.
func (p *phone) until(from int, what string, ok func([]heard) bool) []heard {
	p.t.Helper()
	deadline := time.After(patiently)
	for {
		p.mu.Lock()
		since, more := slices.Clone(p.heard[from:]), p.more
		p.mu.Unlock()
		if ok(since) {
			return since
		}
		select {
		case <-more:
		case <-deadline:
			p.t.Fatalf("never came: %s; %d packets heard", what, len(since))
		}
	}
}

// hears waits until 200 ms in a row hold each of those tones and none of the
// others, and nothing is missing in them.
func (p *phone) hears(tones, others []float64) {
	p.t.Helper()
	p.until(len(p.all()), "the right tones", func(since []heard) bool {
		audio := p.decode(since)
		if len(audio) < rate/5 {
			return false
		}
		audio = audio[len(audio)-rate/5:]
		for _, hz := range tones {
			if level(audio, hz) < 500 {
				return false
			}
		}
		for _, hz := range others {
			if level(audio, hz) > 100 {
				return false
			}
		}
		return true
	})
}

func (p *phone) decode(packets []heard) []int16 {
	var audio []int16
	for _, h := range packets {
		if h.PayloadType == p.payloadType() {
			audio = p.codec.Decode(audio, h.Payload)
		}
	}
	return audio
}

// level is the amplitude of a tone in audio (Goertzel).
func level(audio []int16, hz float64) float64 {
	c := 2 * math.Cos(2*math.Pi*hz/rate)
	var a, b float64
	for _, v := range audio {
		a, b = float64(v)+c*a-b, a
	}
	return 2 * math.Sqrt(max(a*a+b*b-c*a*b, 0)) / float64(len(audio))
}

// A source makes the packets of somebody who speaks a tone.
type source struct {
	header rtp.Header
	codec  Codec
	hz     float64
	at     int
}

func newSource(payloadType uint8, codec Codec, hz float64) *source {
	return &source{codec: codec, hz: hz, header: rtp.Header{
		Version: 2, PayloadType: payloadType, SSRC: uint32(hz), SequenceNumber: 65530, Timestamp: 1<<32 - 3000,
	}}
}

func (s *source) next(samples int) *rtp.Packet {
	pcm := make([]int16, samples)
	for i := range pcm {
		pcm[i] = int16(4000 * math.Sin(2*math.Pi*s.hz*float64(s.at+i)/rate))
	}
	p := &rtp.Packet{Header: s.header, Payload: s.codec.Encode(nil, pcm)}
	s.at += samples
	s.header.SequenceNumber++
	s.header.Timestamp += uint32(samples)
	return p
}

// begin starts an engine for a test.
func begin(t *testing.T, o Options) *Engine {
	t.Helper()
	e, err := Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

// open opens a leg for a phone.
func open(t *testing.T, r *Room, number call.ConnectionID, p *phone) *Leg {
	t.Helper()
	l, err := r.Open(number, 0)
	if err != nil {
		t.Fatal(err)
	}
	l.Set(p.stream())
	return l
}

// everyone is the mix in which all hear all others.
func everyone(legs ...call.ConnectionID) call.Mix {
	var mix call.Mix
	for _, l := range legs {
		others := slices.DeleteFunc(slices.Clone(legs), func(o call.ConnectionID) bool { return o == l })
		mix = append(mix, call.Hearing{Connection: l, From: others})
	}
	return mix
}
