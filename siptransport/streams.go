package siptransport

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"

	"holdfast/lobby"
	"holdfast/sipua"
)

const (
	dialWithin  = 3 * time.Second // sooner than a target counts as unreachable
	writeWithin = 5 * time.Second

	maxQueue      = 256 // packets that wait for a connection
	maxUnanswered = 256 // packets that are sent again when a connection breaks

	// resendFor is how long after it went a packet is worth sending again.
	resendFor = 5 * time.Second
)

// streams are a wire's TCP connections. Losing a connection does not end a dialog: the
// next send reconnects. We do not connect to strangers, and a connection from a phone
// that may not have registered yet only ever displaces others of its kind.
type streams struct {
	options  Options
	listener net.Listener
	dial     func(context.Context, netip.AddrPort) (net.Conn, error)
	done     sync.WaitGroup
	guests   *lobby.Lobby

	mu     sync.Mutex
	open   map[netip.AddrPort]*stream // by the far end
	closed bool
}

// A stream is one connection, or the attempt to make it.
type stream struct {
	far    netip.AddrPort
	theirs bool // they have connected
	queue  chan *packet
	end    context.CancelFunc

	// Guarded by the mutex of the streams.
	guest      bool         // it is in the lobby, or is about to enter it
	place      *lobby.Guest // there
	used       time.Time    // when something came or went last
	unanswered []packet     // unanswered requests, and packets that could not be written
}

// A packet is a message on its way.
type packet struct {
	text  string
	to    netip.AddrPort // where to connect to if need be
	peer  Peer           // the kind of peer there
	asks  string         // the transaction of which an answer is expected
	at    time.Time      // when it went
	again bool           // it was on a connection that broke
}

// listenTCP opens the streams of a wire at the address of its datagrams.
func listenTCP(o Options, at netip.AddrPort) (*streams, error) {
	l, err := net.ListenTCP("tcp", net.TCPAddrFromAddrPort(at))
	if err != nil {
		return nil, err
	}
	from := net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(at.Addr(), 0))}
	s := newStreams(o, func(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
		return from.DialContext(ctx, "tcp", to.String())
	})
	s.listener = l
	s.done.Go(s.accept)
	return s, nil
}

func newStreams(o Options, dial func(context.Context, netip.AddrPort) (net.Conn, error)) *streams {
	return &streams{options: o, dial: dial, guests: lobby.New(maxGuests, maxGuestsFrom), open: map[netip.AddrPort]*stream{}}
}

// close ends all connections; when it returns nothing is received any more.
func (s *streams) close() error {
	err := s.listener.Close()
	s.mu.Lock()
	s.closed = true
	for _, st := range s.open {
		st.end()
	}
	s.mu.Unlock()
	s.done.Wait()
	return err
}

// send puts a message on the connection to where it goes. A response whose connection
// is gone goes to the address in its Via (RFC 3261 §18.2.2).
func (s *streams) send(m sipua.Message, text string) error {
	p := packet{text: text, to: m.To, peer: Known}
	switch msg := m.SIP.(type) {
	case *sip.Request:
		if msg.Method != sip.ACK {
			p.asks = sipua.TransactionOf(msg)
		}
	case *sip.Response:
		if via := viaAddress(msg.Via()); via.IsValid() {
			p.to = via
		}
		if s.options.peer(p.to) != Known {
			p.peer = Guest // a stranger's request must not use up the connections of others
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if st := s.open[m.To]; st != nil {
		return st.put(p)
	}
	return s.put(p)
}

// viaAddress is where a Via wants responses that have lost their connection.
func viaAddress(via *sip.ViaHeader) netip.AddrPort {
	if via == nil {
		return netip.AddrPort{}
	}
	host := via.Params.GetOr("received", via.Host)
	return sipua.AddressOf(sip.Uri{Host: host, Port: via.Port})
}

// put puts a packet on the connection to where it may connect, which is made if
// there is none. The mutex is held.
func (s *streams) put(p packet) error {
	st := s.open[p.to]
	if st == nil {
		if s.closed {
			return net.ErrClosed
		}
		var ctx context.Context
		st, ctx = s.add(p.to, false, p.peer)
		s.done.Go(func() {
			if p.peer == Guest {
				s.host(st)
			}
			s.connect(ctx, st)
		})
	}
	return st.put(p)
}

func (st *stream) put(p packet) error {
	select {
	case st.queue <- &p:
		return nil
	default:
		return fmt.Errorf("%s reads too slowly: %d messages wait for it", st.far, maxQueue)
	}
}

// connect makes a connection and carries it to its end.
func (s *streams) connect(ctx context.Context, st *stream) {
	soon, cancel := context.WithTimeout(ctx, dialWithin)
	defer cancel()
	conn, err := s.dial(soon, st.far)
	if err == nil {
		s.carry(ctx, st, conn)
		return
	}
	lost := s.remove(st)
	if ctx.Err() != nil {
		return
	}
	s.options.Log.Debug("connecting for SIP", "to", st.far, "lost", len(lost), "error", err)
	if s.options.Unreachable != nil {
		s.options.Unreachable(st.far)
	}
}

// accept takes connections.
func (s *streams) accept() {
	for {
		conn, err := s.listener.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil: // for example, out of files: others may be closed soon
			s.options.Log.Error("taking connections for SIP", "error", err)
			<-time.After(100 * time.Millisecond)
			continue
		}
		far := unmapped(conn.RemoteAddr().(*net.TCPAddr).AddrPort())
		s.take(conn, far)
	}
}

// carry carries messages over a connection until it ends, and then sends again the
// messages that may have been lost with it.
func (s *streams) carry(ctx context.Context, st *stream, conn net.Conn) {
	context.AfterFunc(ctx, func() { _ = conn.Close() })
	var writing sync.WaitGroup
	writing.Go(func() { s.write(ctx, st, conn) })
	err := s.read(st, conn)
	st.end()
	writing.Wait()
	s.options.Log.Debug("a connection for SIP has ended", "with", st.far, "error", err)
	lost := s.remove(st)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range lost {
		if err := s.put(p); err != nil {
			s.options.Log.Debug("sending again", "to", p.to, "error", err)
		}
	}
}

// remove forgets a stream, and returns the packets that are worth sending again, once.
func (s *streams) remove(st *stream) (lost []packet) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open[st.far] == st {
		delete(s.open, st.far)
	}
	if st.place != nil {
		st.place.Leave()
	}
	lost = st.unanswered
	for len(st.queue) > 0 {
		lost = append(lost, *<-st.queue)
	}
	lost = slices.DeleteFunc(lost, func(p packet) bool { return p.again || p.text == sipua.Pong || p.old() })
	for i := range lost {
		lost[i].again = true
	}
	return lost
}

// old reports whether it was sent too long ago to be sent again.
func (p packet) old() bool { return !p.at.IsZero() && time.Since(p.at) > resendFor }

// write writes the packets put on the stream.
func (s *streams) write(ctx context.Context, st *stream, conn net.Conn) {
	for {
		select {
		case next := <-st.queue:
			p := *next
			p.at = time.Now()
			s.keep(st, p, p.asks != "")
			_ = conn.SetWriteDeadline(p.at.Add(writeWithin))
			if _, err := io.WriteString(conn, p.text); err != nil {
				s.keep(st, p, p.asks == "")
				st.end()
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

// keep takes note that a packet goes, and keeps it if the stream may still keep it.
func (s *streams) keep(st *stream, p packet, keep bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st.used = p.at
	if !keep {
		return
	}
	st.unanswered = append(slices.DeleteFunc(st.unanswered, packet.old), p)
	if len(st.unanswered) > maxUnanswered {
		st.unanswered = st.unanswered[1:]
	}
}

// heard takes note that something came; msg is nil for a ping.
func (s *streams) heard(st *stream, msg sip.Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st.used = time.Now()
	if res, ok := msg.(*sip.Response); ok {
		answered := sipua.TransactionOf(res)
		st.unanswered = slices.DeleteFunc(st.unanswered, func(p packet) bool { return p.asks == answered })
	}
}

// read hands on messages until the connection ends.
func (s *streams) read(st *stream, conn net.Conn) error {
	in := &patient{Conn: conn, idle: idleMost}
	if st.theirs {
		in.idle = idleFirst
	}
	frames := bufio.NewScanner(in)
	frames.Buffer(nil, len(sipua.Pong)+sipua.MaxMessage)
	frames.Split(in.split)
	for frames.Scan() {
		if string(frames.Bytes()) == sipua.Ping {
			s.heard(st, nil)
			if err := st.put(packet{text: sipua.Pong}); err != nil {
				return err
			}
			continue
		}
		msg, err := sipua.Parse(frames.Bytes())
		if err != nil {
			s.options.Log.Debug("malformed SIP", "from", st.far, "error", err)
		}
		if msg != nil {
			s.heard(st, msg)
			s.options.Receive(sipua.Received{SIP: msg, From: st.far, Transport: sipua.TCP, Fault: err})
		}
	}
	return frames.Err()
}
