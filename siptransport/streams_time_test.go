package siptransport

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"holdfast/sipua"
)

// bubble is a wire's streams without sockets, for tests in virtual time.
func bubble(t *testing.T) (*streams, chan sipua.Received, chan netip.AddrPort) {
	in, unreachable := make(chan sipua.Received, 10), make(chan netip.AddrPort, 10)
	s := newStreams(Options{
		Receive:     func(m sipua.Received) { in <- m },
		Unreachable: func(a netip.AddrPort) { unreachable <- a },
		Log:         slog.New(slog.DiscardHandler),
	}, func(ctx context.Context, _ netip.AddrPort) (net.Conn, error) {
		<-ctx.Done() // nobody answers
		return nil, ctx.Err()
	})
	s.listener = noListener{}
	return s, in, unreachable
}

type noListener struct{ net.Listener }

func (noListener) Close() error { return nil }

// from is a connection from far to s.
func (s *streams) from(t *testing.T, far netip.AddrPort) *plug {
	ours, theirs := net.Pipe()
	s.take(ours, far)
	return plugIn(t, theirs)
}

func TestTCPWaitsSoLongAndNoLonger(t *testing.T) {
	half := strings.ReplaceAll(goodOptions, "\n", "\r\n")[:50]
	for _, c := range []struct {
		name string
		says []string // one each 6 s
		want time.Duration
	}{
		{"nothing", nil, idleFirst},
		{"half a message", []string{half}, halfWithin},
		{"a message byte by byte", strings.Split(half, ""), halfWithin},
		{"a ping", []string{sipua.Ping}, idleMost},
		{"a ping and a pong", []string{sipua.Ping, sipua.Pong}, 6*time.Second + idleMost},
		{"a message", []string{strings.ReplaceAll(goodOptions, "\n", "\r\n")}, idleMost},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, _, _ := bubble(t)
				began := time.Now()
				p := s.from(t, peers)
				go func() {
					_, _ = io.Copy(io.Discard, p)
					if took := time.Since(began); took != c.want {
						t.Errorf("it lasted %s, want %s", took, c.want)
					}
				}()
				for i, text := range c.says {
					if i > 0 {
						time.Sleep(6 * time.Second) //nolint:forbidigo // in a bubble
					}
					_, _ = io.WriteString(p, text)
				}
				s.done.Wait()
				if n := len(s.addresses()); n != 0 {
					t.Errorf("%d connections are left", n)
				}
			})
		})
	}
}

func TestTCPDoesNotWaitForASilentHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _, unreachable := bubble(t)
		began := time.Now()
		if err := s.send(overTCP(numbered(t, 1, peers)), "x"); err != nil {
			t.Fatal(err)
		}
		if got, took := <-unreachable, time.Since(began); got != peers || took != dialWithin {
			t.Errorf("%s is unreachable after %s", got, took)
		}
		_ = s.send(overTCP(numbered(t, 1, peers)), "x")
		_ = s.close() // while it is being called
		if err := s.send(overTCP(numbered(t, 1, peers)), "x"); err == nil {
			t.Error("closed, and sends")
		}
	})
}

// TestTCPFarEndThatDoesNotRead: it is given up, and nobody waits for it.
func TestTCPFarEndThatDoesNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _, _ := bubble(t)
		s.from(t, peers)
		refused := 0
		for range 2 * maxQueue {
			if err := s.send(overTCP(numbered(t, 1, peers)), "x"); err != nil {
				refused++
			}
		}
		if refused < maxQueue-1 {
			t.Errorf("%d messages are kept", 2*maxQueue-refused)
		}
		time.Sleep(writeWithin + dialWithin) //nolint:forbidigo // in a bubble
		synctest.Wait()
		if n := len(s.addresses()); n != 0 {
			t.Errorf("%d connections are left", n)
		}
		s.done.Wait()
	})
}

func TestTCPConnectionsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _, _ := bubble(t)
		for port := range uint16(maxPerHost + 10) {
			s.from(t, netip.AddrPortFrom(peers.Addr(), 1000+port))
		}
		if n := len(s.addresses()); n != maxPerHost {
			t.Errorf("%d connections from one host", n)
		}
		time.Sleep(time.Second) //nolint:forbidigo // in a bubble
		host := peers.Addr()
		for n := range maxStreams - 1 {
			if n%200 == 0 {
				host = host.Next()
			}
			s.from(t, netip.AddrPortFrom(host, uint16(1000+n)))
		}
		left := 0
		for far := range s.addresses() {
			if far.Addr() == peers.Addr() {
				left++
			}
		}
		if n := len(s.addresses()); n != maxStreams || left != 1 {
			t.Errorf("%d connections, of the oldest %d", n, left)
		}
		_ = s.close()
	})
}

// addresses are the far ends there are connections to.
func (s *streams) addresses() map[netip.AddrPort]bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := map[netip.AddrPort]bool{}
	for far := range s.open {
		found[far] = true
	}
	return found
}

func TestTCPAnswersGoByViaWhenTheirConnectionIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, in, unreachable := bubble(t)
		p := s.from(t, netip.MustParseAddrPort("192.0.2.2:40000"))
		p.say(strings.ReplaceAll(goodOptions, "\n", "\r\n"))
		answer := sipua.OptionsOK(<-in)
		if err := s.send(answer, answer.SIP.String()); err != nil {
			t.Fatal(err)
		}
		if got := p.hear(); !strings.HasPrefix(got, "SIP/2.0 200") {
			t.Fatalf("heard %q", got)
		}
		_ = p.Close()
		synctest.Wait()
		if err := s.send(answer, answer.SIP.String()); err != nil {
			t.Fatal(err)
		}
		// The port of the Via, at the address that the question came from.
		if to := <-unreachable; to.String() != "192.0.2.2:5070" {
			t.Errorf("a connection is made to %s", to)
		}
	})
}

// TestStrangersEndNoConnection: whatever connects and however often, a trunk keeps its
// connections, and so does a phone that has registered over one.
func TestStrangersEndNoConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _, _ := bubble(t)
		trunk, phone := netip.MustParseAddrPort("198.51.100.2:5060"), netip.MustParseAddrPort("203.0.113.9:40000")
		registered := false
		s.options.Peer = func(at netip.AddrPort) Peer {
			switch {
			case at.Addr() == trunk.Addr(), at == phone && registered:
				return Known
			case at.Addr().Is4() && at.Addr().As4()[0] == 192: // no phone may be there
				return Stranger
			}
			return Guest
		}
		s.from(t, trunk)
		s.from(t, phone)
		registered = true
		synctest.Wait()
		begun := runtime.NumGoroutine()
		for n := range 2100 {
			s.from(t, netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, byte(n >> 8), byte(n)}), 5060))
		}
		synctest.Wait()
		// Goroutines that other tests have begun may end now, so a few more or less say nothing.
		if n := len(s.addresses()); n != 2 || runtime.NumGoroutine() > begun+100 {
			t.Errorf("2,100 strangers have %d connections and %d goroutines", n-2, runtime.NumGoroutine()-begun)
		}
		for n := range 2100 { // each at an address of its own, and many at the phone's
			s.from(t, netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(n >> 8), byte(n)}), 5060))
			s.from(t, netip.AddrPortFrom(phone.Addr(), uint16(1000+n)))
			time.Sleep(time.Millisecond) //nolint:forbidigo // in a bubble
		}
		synctest.Wait()
		open := s.addresses()
		if !open[trunk] || !open[phone] {
			t.Errorf("the trunk's connection is open: %t, the phone's: %t", open[trunk], open[phone])
		}
		if n := len(open); n != maxGuests+2 {
			t.Errorf("%d connections are open, want %d", n, maxGuests+2)
		}
		_ = s.close()
		synctest.Wait()
		if n := s.guests.Len(); n != 0 {
			t.Errorf("%d guests are left", n)
		}
	})
}

// TestAnswersToStrangersEndNoConnection: a stranger who is gone before the answer is
// written, and names a place that takes no connection, costs no trunk its connection.
func TestAnswersToStrangersEndNoConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _, _ := bubble(t)
		trunk := netip.MustParseAddrPort("198.51.100.2:5060")
		s.options.Peer = func(at netip.AddrPort) Peer {
			if at.Addr() == trunk.Addr() {
				return Known
			}
			return Guest
		}
		s.from(t, trunk)
		for n := range maxStreams + 50 {
			m := received(t, strings.Replace(goodOptions, "10.0.0.7:5070", fmt.Sprintf("10.0.0.7:%d", 1000+n), 1))
			m.From, m.Transport = netip.AddrPortFrom(peers.Addr(), uint16(1000+n)), sipua.TCP
			answer := sipua.OptionsOK(m)
			if err := s.send(answer, answer.SIP.String()); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Microsecond) //nolint:forbidigo // in a bubble
		}
		synctest.Wait()
		if open := s.addresses(); !open[trunk] || len(open) > maxGuestsFrom+1 {
			t.Errorf("the trunk's connection is open: %t, among %d", open[trunk], len(open))
		}
		_ = s.close()
	})
}
