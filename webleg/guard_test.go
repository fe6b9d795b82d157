package webleg

import (
	"encoding/binary"
	"net"
	"net/netip"
	"regexp"
	"runtime"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/stun/v4"

	"holdfast/call"
)

// A browser that sends from ever new RTP sources does not fill the memory, and is
// heard as before. (Not parallel: it looks at the memory of the process.)
func TestManyStreams(t *testing.T) {
	h := newHouse(t, newJournal(), Options{}, nil)
	b := h.talks("c1", theCustomer)
	h.ear("c1", 1).hears(t, ana)
	before := heap()
	to := b.track.to.Load()
	payload := make([]byte, 1100)
	for ssrc := range uint32(500) {
		for seq := range uint16(20) {
			_, _ = to.WriteRTP(&rtp.Header{Version: 2, PayloadType: pcmu, SequenceNumber: seq, SSRC: 1000 + ssrc}, payload)
		}
		if ssrc%10 == 0 { // slowly enough for the socket's buffer
			b.until(t, b.count(), "a packet", func(since []heard) bool { return len(since) > 0 })
		}
	}
	h.ear("c1", 1).hears(t, ana)
	if grown := heap() - before; grown > 3<<20 {
		t.Errorf("500 RTP sources take %d kB", grown>>10)
	}
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// A stranger sends checks (STUN requests) as somebody does who has overheard them
// or, as a hostile browser, knows the password.
type stranger struct {
	t    *testing.T
	conn *net.UDPConn
}

func newStranger(t *testing.T, to netip.AddrPort) *stranger {
	t.Helper()
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(to))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &stranger{t, conn}
}

// asks sends a check, and reports whether it is answered within that time.
func (s *stranger) asks(check []byte, within time.Duration) bool {
	s.t.Helper()
	if _, err := s.conn.Write(check); err != nil {
		s.t.Fatal(err)
	}
	_ = s.conn.SetReadDeadline(time.Now().Add(within))
	_, err := s.conn.Read(make([]byte, 1500))
	return err == nil
}

// An attribute of a check.
type attribute struct {
	kind  stun.AttrType
	value []byte
}

func (a attribute) AddTo(m *stun.Message) error { m.Add(a.kind, a.value); return nil }

// checkAs makes a new check as the browser would that nominates its address.
func checkAs(t *testing.T, b *browser) []byte {
	t.Helper()
	find := func(sdp, what string) string {
		return regexp.MustCompile(`a=` + what + `:(\S+)`).FindStringSubmatch(sdp)[1]
	}
	ours, theirs := b.pc.CurrentRemoteDescription().SDP, b.pc.CurrentLocalDescription().SDP
	m, err := stun.Build(stun.BindingRequest, stun.TransactionID,
		stun.NewUsername(find(ours, "ice-ufrag")+":"+find(theirs, "ice-ufrag")),
		attribute{stun.AttrUseCandidate, nil}, attribute{stun.AttrPriority, binary.BigEndian.AppendUint32(nil, 1<<30)},
		attribute{stun.AttrICEControlling, make([]byte, 8)}, stun.NewShortTermIntegrity(find(ours, "ice-pwd")), stun.Fingerprint)
	if err != nil {
		t.Fatal(err)
	}
	return m.Raw
}

// A check that has been overheard does not move the audio to whoever sends it again.
func TestOverheardCheck(t *testing.T) {
	t.Parallel()
	h := newHouse(t, newJournal(), Options{}, nil)
	b, network := h.talksThrough("c1", theCustomer)
	b.hears(t, theCustomer)
	thief := newStranger(t, h.legs.Address())
	for range 3 {
		check := network.awaitCheck(t)
		b.hears(t, theCustomer) // it has been dealt with
		for range 10 {
			if thief.asks(check, 20*time.Millisecond) {
				t.Fatal("an overheard check is answered to another address")
			}
		}
	}
	b.hears(t, theCustomer)
	h.ear("c1", 1).hears(t, ana)
}

// A browser may move, but a session does not remember addresses without end.
func TestManyAddresses(t *testing.T) {
	t.Parallel()
	h := newHouse(t, newJournal(), Options{}, nil)
	b := h.talks("c1", theCustomer)
	moved := newStranger(t, h.legs.Address())
	if !moved.asks(checkAs(t, b), patiently) {
		t.Fatal("a browser that has moved is not answered")
	}
	answered := 1
	for range 2 * mostAddresses {
		if newStranger(t, h.legs.Address()).asks(checkAs(t, b), 50*time.Millisecond) {
			answered++
		}
	}
	if answered > mostAddresses {
		t.Errorf("%d addresses are answered, want %d at most", answered, mostAddresses)
	}
	if !moved.asks(checkAs(t, b), patiently) {
		t.Error("an address that was answered is not any more")
	}
	h.ear("c1", 1).hears(t, ana)
	if got := stateOf(h.journal.contact("c1"), 2); got != call.Connected {
		t.Errorf("ana is %s", got)
	}
}
