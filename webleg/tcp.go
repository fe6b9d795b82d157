package webleg

import (
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/logging"

	"holdfast/lobby"
)

// Limits on TCP connections, which anyone can open. Pion limits a frame (RFC 4571)
// to 8 kB, and the first frame of a connection to 512 bytes.
const (
	mostProven        = 4096             // open at a time; one more is not taken
	mostStrangers     = 512              // open at a time, without an authentic check so far
	mostStrangersFrom = 32               // of these, from one source
	provenWithin      = 5 * time.Second  // from the start of a connection to its first authentic check
	unknownFor        = time.Millisecond // how long the mux expects an unknown session to begin; none ever does
	mostWaiting       = 8 << 10          // bytes to write; packets beyond are dropped
	mostUnread        = 16               // packets of a session
	acceptAgain       = 50 * time.Millisecond
)

// An acceptor accepts the TCP connections of browsers whose networks block UDP (RFC
// 6544). A connection is a stranger's until pion has found a check on it authentic.
// The acceptor closes it if that takes too long, and the oldest ones if there are too
// many; see package lobby. It does not limit proven connections from one source: a
// company's agents may share an address. No stranger's connection ends or prevents one of
// them.
type acceptor struct {
	net.Listener
	within    time.Duration
	strangers *lobby.Lobby

	mu     sync.Mutex // guards the fields below
	closed bool
	open   map[netip.AddrPort]*tcpConn
	proven int
}

func newAcceptor(l net.Listener, within time.Duration) *acceptor {
	return &acceptor{
		Listener: l, within: within, strangers: lobby.New(mostStrangers, mostStrangersFrom), open: map[netip.AddrPort]*tcpConn{},
	}
}

// newTCPMux makes a mux of an acceptor's connections.
func newTCPMux(a *acceptor, log logging.LeveledLogger) *ice.TCPMuxDefault {
	return ice.NewTCPMuxDefault(ice.TCPMuxParams{
		Listener: a, Logger: log, ReadBufferSize: mostUnread, WriteBufferSize: mostWaiting,
		FirstStunBindTimeout: provenWithin, AliveDurationForConnFromStun: unknownFor,
	})
}

// Accept implements net.Listener. It returns no error but that of a closed listener:
// after any other, such as too many open files, pion would accept no more.
func (a *acceptor) Accept() (net.Conn, error) {
	for {
		conn, err := a.Listener.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return nil, err
		case err != nil:
			<-time.After(acceptAgain)
			continue
		}
		if c := a.admit(conn); c != nil {
			return c, nil
		}
		_ = conn.Close()
	}
}

// admit returns the connection, or nil if it exceeds a limit.
func (a *acceptor) admit(conn net.Conn) *tcpConn {
	from := addressOf(conn.RemoteAddr())
	c := &tcpConn{Conn: conn, by: a, from: from}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetWriteBuffer(mostWaiting) // audio that waits longer is worthless
	}
	if !a.add(c) {
		return nil
	}
	place := a.strangers.Enter(lobby.Source(from.Addr()), func() { _ = c.Close() })
	a.mu.Lock()
	defer a.mu.Unlock()
	c.place = place
	if c.proven || a.open[from] != c { // by now
		place.Leave()
	}
	return c
}

func (a *acceptor) add(c *tcpConn) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed || a.proven >= mostProven {
		return false
	}
	a.open[c.from] = c
	c.late = time.AfterFunc(a.within, func() { _ = c.Close() })
	return true
}

// prove notes that an authentic check has arrived from an address.
func (a *acceptor) prove(from netip.AddrPort) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if c := a.open[from]; c != nil {
		c.prove()
	}
}

// Close implements net.Listener. It also closes all connections, because pion waits
// for those that have sent nothing.
func (a *acceptor) Close() error {
	err := a.Listener.Close()
	a.mu.Lock()
	a.closed = true
	var open []*tcpConn
	for _, c := range a.open {
		open = append(open, c)
	}
	a.mu.Unlock()
	for _, c := range open {
		_ = c.Close()
	}
	return err
}

// A tcpConn is a TCP connection of an acceptor.
type tcpConn struct {
	net.Conn
	by   *acceptor
	from netip.AddrPort
	late *time.Timer

	place  *lobby.Guest // guarded by by.mu, and so is proven; nil: not entered yet
	proven bool
}

// prove makes it a known browser's; by.mu is locked.
func (c *tcpConn) prove() {
	if !c.proven {
		c.proven = true
		c.by.proven++
		c.leave()
	}
}

// leave ends its time as a stranger's; by.mu is locked.
func (c *tcpConn) leave() {
	c.late.Stop()
	if c.place != nil {
		c.place.Leave()
	}
}

// Close implements net.Conn.
func (c *tcpConn) Close() error {
	c.by.mu.Lock()
	if c.by.open[c.from] == c {
		delete(c.by.open, c.from)
		c.leave()
		if c.proven {
			c.by.proven--
		}
	}
	c.by.mu.Unlock()
	return c.Conn.Close()
}

// addressOf returns the address of a TCP connection's end.
func addressOf(end net.Addr) netip.AddrPort {
	tcp, ok := end.(*net.TCPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	at := tcp.AddrPort()
	return netip.AddrPortFrom(at.Addr().Unmap().WithZone(""), at.Port())
}

// A guardedMux is the TCP connections as one session sees them.
type guardedMux struct {
	*ice.TCPMuxDefault
	guard *guard
}

// GetConnByUfrag implements ice.TCPMux.
func (m guardedMux) GetConnByUfrag(ufrag string, isIPv6 bool, local net.IP) (net.PacketConn, error) {
	conn, err := m.TCPMuxDefault.GetConnByUfrag(ufrag, isIPv6, local)
	if err != nil {
		return nil, err
	}
	return &guardedConns{conn, m.guard}, nil
}

// guardedConns are the TCP connections of a session, with only the packets that its
// guard admits.
type guardedConns struct {
	net.PacketConn
	guard *guard
}

// ReadFrom implements net.PacketConn. It skips the end of a connection, after which
// pion would read from no other.
func (s *guardedConns) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		n, from, err := s.PacketConn.ReadFrom(b)
		if err != nil && from != nil {
			continue
		}
		if err != nil || s.guard.admits(b[:n], source{addressOf(from), true}) {
			return n, from, err
		}
	}
}
