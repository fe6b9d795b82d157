package media

import (
	"holdfast/call"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestStartRefusesWhatCannotWork(t *testing.T) {
	for _, c := range []struct {
		options Options
		want    string
	}{
		{Options{FirstPort: 4001, LastPort: 4001}, "no even port between 4001 and 4001"},
		{Options{FirstPort: 4002, LastPort: 4000}, "no even port between 4002 and 4000"},
		{Options{LastPort: 4000}, "no even port between 0 and 4000"},
		{Options{FirstPort: 65535, LastPort: 65535}, "no even port between 65535 and 65535"},
		{Options{Address: netip.MustParseAddr("203.0.113.77")}, "203.0.113.77"},
	} {
		e, err := Start(c.options)
		if err == nil {
			e.Close()
			t.Errorf("%+v: no error", c.options)
		} else if !strings.Contains(err.Error(), c.want) {
			t.Errorf("got error %q, want one with %q", err, c.want)
		}
	}
}

// freePorts finds an even port and three more after it that nobody uses now.
func freePorts(t *testing.T) uint16 {
	t.Helper()
	for range 50 {
		probe, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			t.Fatal(err)
		}
		first := localPort(probe) &^ 3
		probe.Close()
		free := first < 65000
		for port := first; free && port < first+4; port++ {
			c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: int(port)})
			if free = err == nil; free {
				c.Close()
			}
		}
		if free {
			return first
		}
	}
	t.Fatal("no four free ports in a row")
	return 0
}

func TestPortsAreEvenAndRunOutWithAWord(t *testing.T) {
	first := freePorts(t)
	e := begin(t, Options{FirstPort: first, LastPort: first + 3})
	room := e.Room("c1")
	one, err1 := room.Open(1, 0)
	two, err2 := room.Open(2, 0)
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	if one.Port() != first || two.Port() != first+2 {
		t.Errorf("ports %d and %d, want %d and %d", one.Port(), two.Port(), first, first+2)
	}
	if _, err := room.Open(3, 0); err == nil || !strings.Contains(err.Error(), "are in use") {
		t.Errorf("with all ports in use the error is %v", err)
	}
	if _, err := room.Open(3, first); err == nil || !strings.Contains(err.Error(), "address already in use") {
		t.Errorf("for a port in use the error is %v", err)
	}
	one.Close()
	again, err := room.Open(1, first)
	if err != nil {
		t.Fatalf("binding a port just closed: %v", err)
	}
	if again.Port() != first {
		t.Errorf("port %d, want %d", again.Port(), first)
	}
}

func TestALegIsOpenOnce(t *testing.T) {
	room := begin(t, Options{}).Room("c1")
	l, err := room.Open(1, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := room.Open(1, 0); err == nil || err.Error() != "opening leg 1 of room c1: it is open already" {
		t.Errorf("opening it again: %v", err)
	}
	l.Close()
	l.Close()
	l.Set(Stream{Remote: netip.MustParseAddrPort("127.0.0.1:9"), Send: true, Receive: true})
	if got := room.Set(call.Mix{{Connection: 1}}); len(got) != 0 {
		t.Errorf("a closed leg is in the room: %v", got)
	}
	if _, err := room.Open(1, 0); err != nil {
		t.Errorf("opening it after it was closed: %v", err)
	}
}

func TestClosedRoomsStayClosed(t *testing.T) {
	e := begin(t, Options{})
	room := e.Room("c1")
	if e.Room("c1") != room {
		t.Error("the same id is another room")
	}
	l, err := room.Open(1, 0)
	if err != nil {
		t.Fatal(err)
	}
	room.Close()
	room.Close()
	if _, err := room.Open(2, 0); err == nil {
		t.Error("a leg was opened in a closed room")
	}
	if c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: int(l.Port())}); err != nil {
		t.Errorf("its port is not free: %v", err)
	} else {
		c.Close()
	}
	if e.Room("c1") == room {
		t.Error("a closed room is found again")
	}
	e.Close()
	e.Close()
	if _, err := e.Room("c2").Open(1, 0); err == nil {
		t.Error("a leg was opened in a closed engine")
	}
}

// A stalled wire takes a second for its first packet.
type stalled struct {
	wire
	once sync.Once
}

func (s *stalled) WriteToUDPAddrPort(b []byte, to netip.AddrPort) (int, error) {
	s.once.Do(func() { time.Sleep(time.Second) }) //nolint:forbidigo // in a bubble
	return s.wire.WriteToUDPAddrPort(b, to)
}

func TestDelayIsMadeUpForWithoutABurst(t *testing.T) {
	bubble(t, 1, func(r *Room, p []*party) {
		var wire stalled
		r.mu.Lock()
		p[1].out = newOut(&socket{conn: &wire}, r.engine.slot())
		r.mu.Unlock()
		begun := time.Now()
		r.Set(call.Mix{{Connection: 1, Audio: call.HoldAudio}})
		pass(60)
		heard := wire.rest()
		if n := len(heard); n < 11 || n > 11+maxBehind+1 {
			t.Errorf("%d packets in 1.2 s of which one was lost", n)
		}
		last := heard[len(heard)-1]
		clock := uint32(last.at.Sub(begun) * rate / time.Second)
		if audio := last.Timestamp - heard[0].Timestamp; clock-audio > 2*frame {
			t.Errorf("the timestamps have grown by %d in %d samples of time", audio, clock)
		}
	})
}
