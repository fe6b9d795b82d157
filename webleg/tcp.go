package webleg

import (
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/logging"
)

// Limits on TCP connections, which anyone can open. Pion limits a frame (RFC 4571)
// to 8 kB, and the first frame of a connection to 512 bytes.
const (
	mostConnections = 4096            // open at a time
	mostStrangers   = 32              // open from one source, without an authentic check so far
	provenWithin    = 5 * time.Second // from the start of a connection to its first authentic check
	mostWaiting     = 8 << 10         // bytes to write; packets beyond are dropped
	mostUnread      = 16              // packets of a session
	acceptAgain     = 50 * time.Millisecond
)

// An acceptor accepts the TCP connections of browsers whose networks block UDP (RFC
// 6544). A connection is a stranger's until pion has found a check on it authentic.
// The acceptor closes it if that takes too long, and limits the strangers from one
// source. It does not limit proven connections from one source: a company's agents
// may share an address.
type acceptor struct {
	net.Listener
	within time.Duration

	mu        sync.Mutex // guards what follows
	closed    bool
	open      map[netip.AddrPort]*tcpConn
	strangers map[netip.Prefix]int
}

func newAcceptor(l net.Listener, within time.Duration) *acceptor {
	return &acceptor{Listener: l, within: within, open: map[netip.AddrPort]*tcpConn{}, strangers: map[netip.Prefix]int{}}
}

// newTCPMux makes a mux of an acceptor's connections.
func newTCPMux(a *acceptor, log logging.LeveledLogger) *ice.TCPMuxDefault {
	return ice.NewTCPMuxDefault(ice.TCPMuxParams{
		Listener: a, Logger: log, ReadBufferSize: mostUnread, WriteBufferSize: mostWaiting,
		FirstStunBindTimeout: provenWithin, AliveDurationForConnFromStun: provenWithin,
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
	c := &tcpConn{Conn: conn, by: a, from: from, source: sourceOf(from.Addr())}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetWriteBuffer(mostWaiting) // audio that waits longer is worthless
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed || len(a.open) >= mostConnections || a.strangers[c.source] >= mostStrangers {
		return nil
	}
	a.open[from] = c
	a.strangers[c.source]++
	c.late = time.AfterFunc(a.within, func() { _ = c.Close() })
	return c
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
	by     *acceptor
	from   netip.AddrPort
	source netip.Prefix

	proven bool // guarded by by.mu
	late   *time.Timer
}

// prove makes room for another stranger; by.mu is locked.
func (c *tcpConn) prove() {
	if c.proven {
		return
	}
	c.proven = true
	c.late.Stop()
	if c.by.strangers[c.source]--; c.by.strangers[c.source] == 0 {
		delete(c.by.strangers, c.source)
	}
}

// Close implements net.Conn.
func (c *tcpConn) Close() error {
	c.by.mu.Lock()
	if c.by.open[c.from] == c {
		delete(c.by.open, c.from)
		c.prove()
	}
	c.by.mu.Unlock()
	return c.Conn.Close()
}

// sourceOf returns what counts as one source: an IPv4 address, or an IPv6 network,
// of which a stranger has as many addresses as they like.
func sourceOf(ip netip.Addr) netip.Prefix {
	bits := 64
	if ip.Is4() {
		bits = 32
	}
	source, _ := ip.Prefix(bits)
	return source
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
