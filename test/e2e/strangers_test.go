package e2e

import (
	"math"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/rtp"

	"holdfast/call"
	"holdfast/client"
	"holdfast/holdfasttest"
	"holdfast/media"
	"holdfast/softphone"
)

// A stranger sends audio to every RTP port of the server, all the time.
type stranger struct {
	tone float64
	got  atomic.Int64 // packets that the server has sent there
}

// The ports that the servers of these tests have.
const portsOfAServer = 24

// intrude starts a stranger at host. The server may be away.
func intrude(t *testing.T, host string, tone float64, first uint16) *stranger {
	t.Helper()
	conn, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(host), 0)))
	if err != nil {
		t.Fatal(err)
	}
	s := &stranger{tone: tone}
	var running sync.WaitGroup
	running.Go(func() { s.listen(conn) })
	running.Go(func() { s.speak(conn, first) })
	t.Cleanup(func() { _ = conn.Close(); running.Wait() })
	return s
}

func (s *stranger) listen(conn *net.UDPConn) {
	buf := make([]byte, 2048)
	for {
		if _, _, err := conn.ReadFromUDPAddrPort(buf); err != nil {
			return
		}
		s.got.Add(1)
	}
}

// speak sends a packet to each port every 20 ms until conn is closed.
func (s *stranger) speak(conn *net.UDPConn, first uint16) {
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for n := uint16(0); ; n++ {
		p := rtp.Packet{Header: rtp.Header{Version: 2, SSRC: 0x57a, SequenceNumber: n, Timestamp: uint32(n) * 160}}
		p.Payload = media.PCMU.Encode(nil, s.says(int(n)*160))
		raw, err := p.Marshal()
		if err != nil {
			panic(err)
		}
		for port := first; port < first+portsOfAServer; port += 2 {
			to := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), port)
			if _, err := conn.WriteToUDPAddrPort(raw, to); err != nil {
				return
			}
		}
		<-ticker.C
	}
}

// says returns 20 ms of the stranger's tone.
func (s *stranger) says(at int) []int16 {
	pcm := make([]int16, 160)
	for i := range pcm {
		pcm[i] = int16(6000 * math.Sin(2*math.Pi*s.tone*float64(at+i)/8000))
	}
	return pcm
}

// ranges is where the last server of these tests has its ports.
var ranges atomic.Int32

// portRange returns the first of the ports for a server, which are free just now.
func portRange(t *testing.T) uint16 {
	t.Helper()
	for range 100 {
		first := uint16(20000 + portsOfAServer*ranges.Add(1))
		free := true
		for port := first; port < first+portsOfAServer && free; port += 2 {
			conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: int(port)})
			if free = err == nil; free {
				_ = conn.Close()
			}
		}
		if free {
			return first
		}
	}
	t.Fatal("no ports are free")
	return 0
}

// besieged is a house whose RTP ports strangers send to: one from another host,
// one from the phones' own. Phones behind a NAT have SDP that names no place where
// they can be reached.
func besieged(t *testing.T, nat bool) (h *house, other, same *stranger) {
	first := portRange(t)
	other = intrude(t, "127.0.0.66", 1700, first)
	same = &stranger{}
	if !nat { // behind a NAT, another program at the address may be first
		same = intrude(t, "127.0.0.1", 1900, first)
	}
	h = open(t, func(b *holdfasttest.Bed) {
		b.Options.Config.Media.FirstPort, b.Options.Config.Media.LastPort = first, first+portsOfAServer-1
		for _, name := range []string{"customer", "ana", "cardiology"} {
			o := softphone.Options{Late: 300 * time.Millisecond} // the strangers are first
			if nat {
				o.SDPHost = netip.MustParseAddr("127.88.0.1")
			}
			b.Add(name, o)
		}
	})
	return h, other, same
}

// TestStrangersAreNeitherHeardNorSilencing: before, at and after the lock, at
// customer, agent and target, before and after a re-INVITE and a restart.
func TestStrangersAreNeitherHeardNorSilencing(t *testing.T) {
	for name, nat := range map[string]bool{"phones where SDP says": false, "phones behind a NAT": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, other, same := besieged(t, nat)
			h.Talk()
			h.refresh("customer", "ana")
			h.HearEachOther("customer", "ana")
			h.Restart()
			h.HearEachOther("customer", "ana")
			before := same.got.Load()
			h.Transfer(client.TransferRequest{Target: "cardiology", Kind: call.Warm})
			h.Rung("cardiology")
			h.Hears("cardiology", "ana")
			h.Do(h.Client.Conference)
			h.HearEachOther("customer", "ana", "cardiology")
			h.Do(h.Client.Complete)
			h.Ended("ana")
			h.refresh("cardiology")
			h.HearEachOther("customer", "cardiology")
			h.Restart()
			h.HearEachOther("customer", "cardiology")
			for _, who := range []string{"customer", "ana", "cardiology"} {
				h.neverHears(who, other)
			}
			if n := other.got.Load(); n != 0 {
				t.Errorf("another host was sent %d packets", n)
			}
			t.Logf("a program at the phones' address was sent %d packets, %d of them before the target was rung", same.got.Load(), before)
			h.HangUp("customer")
			h.Over()
		})
	}
}

// refresh has phones offer what they have offered before, twice.
func (h *house) refresh(names ...string) {
	h.t.Helper()
	for _, name := range names {
		c := h.Call(name)
		if err := c.Hold(h.Soon()); err != nil {
			h.t.Fatal(err)
		}
		if err := c.Resume(h.Soon()); err != nil {
			h.t.Fatal(err)
		}
	}
}

func (h *house) neverHears(who string, s *stranger) {
	h.t.Helper()
	for _, c := range h.Calls(who) {
		if c.Recording().EverHears(s.tone, 0, c.Recording().Length()) {
			h.t.Errorf("%s hears a stranger: %s", who, c.Recording().Summary(softphone.Voices{s.tone: "stranger"}))
		}
	}
}

// TestNATGivesPhonesOtherPorts: each party's audio goes on from another port, and
// is back both ways within 2 s, whether SDP names the first port or not.
func TestNATGivesPhonesOtherPorts(t *testing.T) {
	t.Parallel()
	h := open(t, func(b *holdfasttest.Bed) {
		b.Add("customer", softphone.Options{SDPHost: netip.MustParseAddr("127.88.0.1")})
		b.Add("cardiology", softphone.Options{SDPHost: netip.MustParseAddr("127.88.0.1")})
	})
	h.Talk()
	h.moved("customer", "ana")
	h.moved("ana", "customer")
	h.Restart()
	h.HearEachOther("customer", "ana")
	h.moved("customer", "ana")
	h.transfer()
	h.Ended("ana")
	h.HearEachOther("customer", "cardiology")
	h.moved("cardiology", "customer")
	h.HangUp("customer")
	h.Over()
}

// moved has the NAT of who give it another port.
func (h *house) moved(who, with string) {
	h.t.Helper()
	heard := h.Heard(who)
	from := heard.At(time.Now())
	if err := h.Call(who).MoveAudio(); err != nil {
		h.t.Fatal(err)
	}
	h.HearEachOther(who, with)
	gap := heard.LongestGapWithin(from, heard.At(time.Now()))
	h.t.Logf("%s was without audio for %s", who, gap)
	if gap > holdfasttest.Silence {
		h.t.Errorf("%s was without audio for %s", who, gap)
	}
}
