package media

import (
	"holdfast/call"
	"net/netip"
	"testing"

	"github.com/pion/rtp"
)

// void is a transport that sends nowhere, in no time.
type void struct{}

func (void) Send([]byte) error { return nil }
func (void) Close() error      { return nil }

// still is an engine whose rooms are ticked by hand.
func still(tb testing.TB) *Engine {
	tb.Helper()
	e, err := newEngine(Options{})
	if err != nil {
		tb.Fatal(err)
	}
	return e
}

// standing is a room in which n legs hear each other.
func standing(e *Engine, n int) (*Room, []*Leg) {
	r := &Room{engine: e, id: "c1"}
	var numbers []call.ConnectionID
	for i := call.ConnectionID(1); i <= call.ConnectionID(n); i++ {
		l, err := r.Join(i, void{})
		if err != nil {
			panic(err)
		}
		l.Set(Stream{Remote: netip.AddrPortFrom(peers, uint16(4000+i)), Events: eventsType, Send: true, Receive: true})
		numbers = append(numbers, i)
	}
	r.Set(everyone(numbers...))
	return r, r.legs
}

func TestSoundIsMadeWithoutAllocation(t *testing.T) {
	three, legs := standing(still(t), 3)
	packet := newSource(0, PCMU, 440).next(frame)
	slot := int64(0)
	if n := testing.AllocsPerRun(1000, func() {
		slot++
		for _, l := range legs {
			l.receive(l.stream.Remote, packet)
		}
		packet.Timestamp += frame
		packet.SequenceNumber++
		three.tick(slot)
	}); n != 0 {
		t.Errorf("mixing three: %v allocations in a slot", n)
	}
	_, two := standing(still(t), 2)
	if n := testing.AllocsPerRun(1000, func() {
		two[0].receive(two[0].stream.Remote, packet)
		packet.Timestamp += frame
		packet.SequenceNumber++
	}); n != 0 {
		t.Errorf("relaying: %v allocations for a packet", n)
	}
}

// BenchmarkMixThree is a slot of a room in which three speak: three packets
// in, three mixed ones out, without the sockets.
func BenchmarkMixThree(b *testing.B) {
	r, legs := standing(still(b), 3)
	packet := newSource(0, PCMU, 440).next(frame)
	b.ReportAllocs()
	for slot := int64(0); b.Loop(); slot++ {
		for _, l := range legs {
			l.receive(l.stream.Remote, packet)
		}
		packet.Timestamp += frame
		r.tick(slot)
	}
}

// BenchmarkRelay is a packet from one leg to another, from reading to writing,
// without the socket.
func BenchmarkRelay(b *testing.B) {
	_, legs := standing(still(b), 2)
	source := newSource(0, PCMU, 440).next(frame)
	wire, err := source.Marshal()
	if err != nil {
		b.Fatal(err)
	}
	var packet rtp.Packet
	b.ReportAllocs()
	for b.Loop() {
		if err := packet.Unmarshal(wire); err != nil {
			b.Fatal(err)
		}
		packet.SequenceNumber, packet.Timestamp = source.SequenceNumber, source.Timestamp
		source.SequenceNumber++
		source.Timestamp += frame
		legs[0].receive(legs[0].stream.Remote, &packet)
	}
}

// FuzzPacket throws datagrams at a room, as the network may.
func FuzzPacket(f *testing.F) {
	source := newSource(0, PCMU, 440)
	for _, samples := range []int{80, frame, widest} {
		b, err := source.next(samples).Marshal()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, b)
	}
	event := source.next(0)
	event.PayloadType, event.Payload = eventsType, []byte{5, 0x8a, 0, 160}
	b, err := event.Marshal()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b, b)
	e := still(f)
	f.Fuzz(func(t *testing.T, one, other []byte) {
		for n := 2; n <= 3; n++ {
			r, legs := standing(e, n)
			for slot := range int64(4) {
				legs[0].datagram(legs[0].stream.Remote, one)
				legs[1].datagram(netip.AddrPortFrom(peers, 9999), other)
				legs[1].datagram(legs[1].stream.Remote, other)
				r.tick(slot)
			}
			for _, l := range legs {
				if l.out.relay.pending >= frame {
					t.Fatalf("%d samples wait for a packet of %d", l.out.relay.pending, frame)
				}
			}
		}
	})
}
