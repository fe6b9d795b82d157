package media

import (
	"holdfast/call"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/rtp"
)

// In a bubble time is as exact as the schedule, and takes none. Its legs have a
// wire instead of a socket.
type wire struct {
	mu    sync.Mutex // guards what follows
	heard []sent
	dead  error // what sending gives
}

type sent struct {
	at time.Time
	to netip.AddrPort
	rtp.Packet
}

func (w *wire) WriteToUDPAddrPort(b []byte, to netip.AddrPort) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.dead != nil {
		return 0, w.dead
	}
	s := sent{at: time.Now(), to: to}
	if err := s.Unmarshal(slices.Clone(b)); err != nil {
		return 0, err
	}
	w.heard = append(w.heard, s)
	return len(b), nil
}

// breaks has sending give an error, or nil none any more.
func (w *wire) breaks(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.dead = err
}

// Close does nothing: a wire has no end.
func (w *wire) Close() error { return nil }

// rest returns what was heard since the last call.
func (w *wire) rest() []sent {
	w.mu.Lock()
	defer w.mu.Unlock()
	heard := w.heard
	w.heard = nil
	return heard
}

// A party is a leg on a wire, and what its peer would say.
type party struct {
	*Leg
	wire
	says *source
}

var peers = netip.MustParseAddr("192.0.2.1")

func (p *party) address() netip.AddrPort { return netip.AddrPortFrom(peers, uint16(4000+2*p.number)) }

func join(r *Room, number call.ConnectionID, codec Codec) *party {
	p := &party{}
	s := &socket{conn: &p.wire}
	l, err := r.join(number, s, func(l *Leg) { l.socket = s })
	if err != nil {
		panic(err)
	}
	p.Leg = l
	payloadType := [...]uint8{PCMU: 0, PCMA: 8}[codec]
	p.Set(Stream{Remote: p.address(), Codec: codec, PayloadType: payloadType, Events: eventsType, Send: true, Receive: true})
	p.says = newSource(payloadType, codec, float64(300*number))
	return p
}

// speakFor has the party say what belongs to a slot, in packets of that many
// samples.
func (p *party) speakFor(slot, samples int) {
	for at := slot * frame; at < (slot+1)*frame; at++ {
		if at%samples == 0 {
			p.speak(samples)
		}
	}
}

// speak has the party say a packet of that many samples.
func (p *party) speak(samples int) { p.receive(p.address(), p.says.next(samples)) }

// key has the party send a packet of an event of that length so far.
func (p *party) key(length uint16) {
	packet := &rtp.Packet{Header: p.says.header, Payload: []byte{5, 10, byte(length >> 8), byte(length)}}
	packet.PayloadType, packet.Marker = eventsType, length == frame
	p.says.header.SequenceNumber++
	p.receive(p.address(), packet)
}

// bubble runs a test in a room with parties 1 to n, in steps of 20 ms.
func bubble(t *testing.T, n int, test func(r *Room, p []*party)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		e := begin(t, Options{})
		defer e.Close()
		r := e.Room("c1")
		p := make([]*party, n+1)
		for i := 1; i <= n; i++ {
			p[i] = join(r, call.ConnectionID(i), Codec(i%2))
		}
		time.Sleep(5 * time.Millisecond) //nolint:forbidigo // in a bubble; what follows comes between two ticks
		test(r, p)
	})
}

// pass lets slots of 20 ms pass.
func pass(slots int) {
	time.Sleep(time.Duration(slots) * slotTime) //nolint:forbidigo // in a bubble
	synctest.Wait()
}

// talk lets slots pass in each of which the parties speak.
func talk(slots int, who ...*party) {
	for range slots {
		for _, p := range who {
			p.speak(frame)
		}
		pass(1)
	}
}

// continuous complains where a stream towards a leg breaks its promises: one
// SSRC, no sequence number left out, timestamps that grow with the audio and
// keep to the wall clock, and never more than 100 ms without a packet.
func continuous(heard []sent) (wrong string) {
	var end uint32
	var voice bool
	for i, h := range heard {
		first := heard[0]
		clock := first.Timestamp + uint32(h.at.Sub(first.at)*rate/time.Second)
		switch {
		case h.SSRC != first.SSRC:
			return "another SSRC"
		case h.SequenceNumber != first.SequenceNumber+uint16(i):
			return "a sequence number is missing"
		case i > 0 && h.at.Sub(heard[i-1].at) > 100*time.Millisecond:
			return "no packet for " + h.at.Sub(heard[i-1].at).String()
		case h.PayloadType == eventsType:
			continue
		case len(h.Payload) != frame:
			return "a packet is not 20 ms long"
		case voice && int32(h.Timestamp-end) < 0:
			return "a timestamp goes back"
		case max(int32(h.Timestamp-clock), int32(clock-h.Timestamp)) > 10*frame:
			return "a timestamp is far from the wall clock"
		}
		end, voice = h.Timestamp+frame, true
	}
	return ""
}
