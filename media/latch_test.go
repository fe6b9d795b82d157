package media

import (
	"holdfast/call"
	"net/netip"
	"slices"
	"testing"

	"github.com/pion/rtp"
)

// A stranger is somebody who sends to a leg from another address.
type stranger struct {
	from netip.AddrPort
	says *source
}

func newStranger(port uint16) *stranger {
	return &stranger{netip.AddrPortFrom(netip.MustParseAddr("198.51.100.9"), port), newSource(0, PCMU, 700)}
}

func (s *stranger) send(p *party, packets int) {
	for range packets {
		packet := s.says.next(frame)
		packet.PayloadType = p.stream.PayloadType
		p.receive(s.from, packet)
	}
}

// latching is a bubble in which 2 is heard by 1, and the addresses 2 has been
// found at.
func latching(t *testing.T, test func(listener, p *party, found *[]netip.AddrPort)) {
	t.Helper()
	bubble(t, 2, func(r *Room, p []*party) {
		var found []netip.AddrPort
		s := p[2].stream
		s.Host = netip.MustParseAddr("198.51.100.9")
		p[2].Set(s)
		p[2].Latched(func(a netip.AddrPort) { found = append(found, a) })
		r.Set(call.Mix{{Connection: 1, From: []call.ConnectionID{2}}, {Connection: 2}})
		test(p[1], p[2], &found)
	})
}

// destination is where the leg is sent to.
func destination(p *party) netip.AddrPort {
	p.wire.rest()
	pass(1)
	return p.wire.rest()[0].to
}

func TestLegLocksOnToWhereSoundComesFrom(t *testing.T) {
	latching(t, func(listener, p *party, found *[]netip.AddrPort) {
		home := newStranger(7000)
		home.send(p, 2)
		if got := destination(p); got != p.address() {
			t.Errorf("after two packets it is sent to %v, want the agreed %v", got, p.address())
		}
		home.send(p, 1)
		if got := destination(p); got != home.from {
			t.Errorf("after three packets it is sent to %v, want %v", got, home.from)
		}
		home.send(p, 5)
		newStranger(7001).send(p, 5)
		if len(*found) != 1 || (*found)[0] != home.from {
			t.Errorf("told of %v, want %v once", *found, home.from)
		}
		if heard := listener.rest(); len(heard) != 6 {
			t.Errorf("%d packets passed on, want the 6 since the lock", len(heard))
		}
	})
}

func TestSpoofedSoundIsIgnored(t *testing.T) {
	latching(t, func(listener, p *party, found *[]netip.AddrPort) {
		p.speak(frame)
		newStranger(7000).send(p, 50)
		if got := destination(p); got != p.address() || len(*found) != 0 {
			t.Errorf("sent to %v, told of %v", got, *found)
		}
		if heard := listener.rest(); len(heard) != 1 {
			t.Errorf("%d packets passed on, want 1", len(heard))
		}
	})
}

func TestOnlyAgreedPacketsInSequenceLock(t *testing.T) {
	for what, spoil := range map[string]func(i int, p *rtp.Packet){
		"unknown payload type": func(_ int, p *rtp.Packet) { p.PayloadType = 13 },
		"scattered numbers":    func(i int, p *rtp.Packet) { p.SequenceNumber += uint16(i) },
		"changing sources":     func(i int, p *rtp.Packet) { p.SSRC = uint32(i) },
		"no audio":             func(_ int, p *rtp.Packet) { p.Payload = nil },
	} {
		t.Run(what, func(t *testing.T) {
			latching(t, func(_, p *party, found *[]netip.AddrPort) {
				s := newStranger(7000)
				for i := range 20 {
					packet := s.says.next(frame)
					packet.PayloadType = p.stream.PayloadType
					spoil(i, packet)
					p.receive(s.from, packet)
				}
				if got := destination(p); got != p.address() || len(*found) != 0 {
					t.Errorf("sent to %v, told of %v", got, *found)
				}
			})
		})
	}
}

func TestLegThatMayNotSpeakDoesNotLock(t *testing.T) {
	latching(t, func(_, p *party, found *[]netip.AddrPort) {
		s := p.stream
		s.Receive = false
		p.Set(s)
		newStranger(7000).send(p, 10)
		if got := destination(p); got != p.address() || len(*found) != 0 {
			t.Errorf("sent to %v, told of %v", got, *found)
		}
	})
}

func TestNewRemoteLiftsTheLock(t *testing.T) {
	latching(t, func(listener, p *party, found *[]netip.AddrPort) {
		old, fresh := newStranger(7000), newStranger(7002)
		old.send(p, 3)
		s := p.stream
		p.Set(s) // the same again
		if got := destination(p); got != old.from {
			t.Errorf("setting the same again: sent to %v, want %v", got, old.from)
		}
		s.Remote = netip.AddrPortFrom(peers, 9000)
		p.Set(s)
		listener.rest()
		old.send(p, 10)
		if got := destination(p); got != s.Remote {
			t.Errorf("sent to %v, want the new %v", got, s.Remote)
		}
		if heard := listener.rest(); len(heard) != 0 {
			t.Errorf("%d packets of the old address were passed on", len(heard))
		}
		fresh.send(p, 3)
		if got := destination(p); got != fresh.from || len(*found) != 2 {
			t.Errorf("sent to %v, want %v; told of %v", got, fresh.from, *found)
		}
	})
}

func TestLatchGoesOnAfterARestart(t *testing.T) {
	latching(t, func(_, p *party, found *[]netip.AddrPort) {
		home := newStranger(7000)
		p.Latch(home.from)
		p.Set(p.stream)
		if got := destination(p); got != home.from {
			t.Errorf("sent to %v, want %v", got, home.from)
		}
		newStranger(7001).send(p, 10)
		if got := destination(p); got != home.from || len(*found) != 0 {
			t.Errorf("sent to %v, want %v; told of %v", got, home.from, *found)
		}
	})
}

func TestMutedStreamKeepsTheLock(t *testing.T) {
	latching(t, func(_, p *party, _ *[]netip.AddrPort) {
		home, s := newStranger(7000), p.stream
		home.send(p, 3)
		p.Set(Stream{})
		p.Set(s)
		if got := destination(p); got != home.from {
			t.Errorf("sent to %v, want %v", got, home.from)
		}
	})
}

func TestTheAgreedAddressAlwaysWins(t *testing.T) {
	latching(t, func(listener, p *party, found *[]netip.AddrPort) {
		other := newStranger(7000)
		other.send(p, 5)
		listener.rest()
		p.speak(frame)
		if got := destination(p); got != p.address() {
			t.Errorf("sent to %v, want the agreed %v", got, p.address())
		}
		other.send(p, 5)
		if want := []netip.AddrPort{other.from, p.address()}; !slices.Equal(*found, want) {
			t.Errorf("told of %v, want %v", *found, want)
		}
		if heard := listener.rest(); len(heard) != 1 {
			t.Errorf("%d packets passed on, want the one from the agreed address", len(heard))
		}
	})
}

func TestOtherHostsNeverLock(t *testing.T) {
	latching(t, func(listener, p *party, found *[]netip.AddrPort) {
		other := newStranger(7000)
		other.from = netip.MustParseAddrPort("203.0.113.66:7000")
		for _, what := range []string{"before the lock", "long after the phone's last packet"} {
			listener.rest()
			for range 3 * given {
				other.send(p, 1)
				pass(1)
			}
			other.says.header.SSRC = p.says.header.SSRC // which it should not know
			other.send(p, 10)
			if got := destination(p); got != p.address() || len(*found) != 0 {
				t.Errorf("%s: sent to %v, told of %v", what, got, *found)
			}
			for _, h := range listener.rest() {
				if listener.stream.Codec.Decode(nil, h.Payload[:1])[0] > 100 {
					t.Fatalf("%s: another host is heard", what)
				}
			}
			p.speak(frame)
		}
	})
}

// A NAT that has forgotten a phone gives it another port, and the old one is dead.
func TestAStreamGoesOnFromAnotherPort(t *testing.T) {
	for name, begin := range map[string]func(p *party, home *stranger){
		"agreed address": func(p *party, home *stranger) { home.from = p.address() },
		"latched":        func(*party, *stranger) {},
	} {
		t.Run(name, func(t *testing.T) {
			latching(t, func(listener, p *party, _ *[]netip.AddrPort) {
				home := newStranger(7000)
				begin(p, home)
				for range 50 {
					home.send(p, 1)
					pass(1)
				}
				home.from = netip.AddrPortFrom(home.from.Addr(), 7100)
				listener.rest()
				took := 0
				for destination(p) != home.from {
					if took++; took > 100 {
						t.Fatal("the call is dead for 2 s")
					}
					home.send(p, 1)
				}
				if took > 15 {
					t.Errorf("it took %d ms", took*20)
				}
				listener.rest()
				home.send(p, 1)
				if heard := listener.rest(); len(heard) != 1 {
					t.Errorf("%d packets passed on, want 1", len(heard))
				}
			})
		})
	}
}

// Another program on the phone's host cannot take the place of a phone that
// sends. It can take that of a silent one, until it is silent itself or the
// agreed address sends.
func TestWhoSharesThePhonesAddress(t *testing.T) {
	latching(t, func(_, p *party, _ *[]netip.AddrPort) {
		home, other := newStranger(7000), newStranger(7001)
		other.says.header.SSRC++
		for range 2 * given {
			home.send(p, 1)
			other.send(p, 1)
			pass(1)
		}
		if got := destination(p); got != home.from {
			t.Errorf("sent to %v while the phone at %v sends", got, home.from)
		}
		for range given + enough {
			other.send(p, 1)
			pass(1)
		}
		if got := destination(p); got != other.from {
			t.Errorf("sent to %v, the phone was silent for a second", got)
		}
		for range given + enough {
			home.send(p, 1)
			pass(1)
		}
		if got := destination(p); got != home.from {
			t.Errorf("sent to %v, want the phone again when the other is silent", got)
		}
		other.send(p, 1)
		p.speak(frame)
		if got := destination(p); got != p.address() {
			t.Errorf("sent to %v, want the agreed address", got)
		}
	})
}

// A phone may go on from the NAT's port for the old address in SDP when it has
// offered another one.
func TestTheAddressBeforeIsBelievedAgain(t *testing.T) {
	latching(t, func(_, p *party, _ *[]netip.AddrPort) {
		home, s := newStranger(7000), p.stream
		home.send(p, enough)
		s.Remote = netip.AddrPortFrom(peers, 9000)
		p.Set(s)
		for range given + enough {
			home.send(p, 1)
			pass(1)
		}
		if got := destination(p); got != home.from {
			t.Errorf("sent to %v, want %v", got, home.from)
		}
	})
}

// Someone who forges the private address in the SDP of a phone behind a NAT, from where
// nothing can come, does not silence the phone.
func TestForgedPrivateAddressDoesNotSilence(t *testing.T) {
	for name, agreed := range map[string]string{"RFC 1918": "192.168.1.5:4000", "RFC 6598": "100.64.0.5:4000", "loopback": "127.0.0.1:4000"} {
		t.Run(name, func(t *testing.T) {
			latching(t, func(listener, p *party, _ *[]netip.AddrPort) {
				s := p.stream
				s.Remote = netip.MustParseAddrPort(agreed)
				p.Set(s)
				home, forger := newStranger(7000), newStranger(7001)
				forger.from, forger.says.header.SSRC = s.Remote, 99
				forger.send(p, 1)
				home.send(p, enough)
				listener.rest()
				for slot := range 3 * given {
					home.send(p, 1)
					if slot%10 == 0 {
						forger.send(p, 1)
					}
					pass(1)
				}
				if got := destination(p); got != home.from {
					t.Errorf("sent to %v, want the phone at %v", got, home.from)
				}
				if n := len(listener.rest()); n < 3*given-2 {
					t.Errorf("%d packets passed on, want the phone's %d", n, 3*given)
				}
			})
		})
	}
}
