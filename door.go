package holdfast

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	stdlog "log"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"holdfast/lobby"
)

// Limits on HTTP connections, which must not use up the sockets that calls need.
// Connecting needs neither a key nor a password.
const (
	mostKnown         = 4096             // connections that have shown a key or a login; one more is not taken
	mostStrangers     = 512              // other connections; see package lobby
	mostStrangersFrom = 128              // of these, from one source
	headersWithin     = 5 * time.Second  // from the first byte
	requestWithin     = 20 * time.Second // longer than a login waits for its turn
	responseWithin    = 30 * time.Second // of the page: from the end of the headers; a WebSocket has limits of its own
	readWithin        = 20 * time.Second // in which the client takes pieceSize of a response
	idleFor           = time.Minute      // between requests
	longestHeaders    = 32 << 10         // bytes
	pieceSize         = 16 << 10         // bytes
)

// httpServer makes an HTTP server that limits each wait for a client to send or to
// read. A response as a whole may last for any time, such as a stream of events.
func httpServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		ConnContext: rememberVisitor,
		Handler:     h, ReadHeaderTimeout: headersWithin, ReadTimeout: requestWithin, IdleTimeout: idleFor, MaxHeaderBytes: longestHeaders,
		ErrorLog: stdlog.New(complaints{log}, "", 0),
	}
}

// complaints are the log of an HTTP server. A stranger can make handshakes fail as
// often as they like, so these are logged at level Debug.
type complaints struct{ log *slog.Logger }

// Write implements io.Writer.
func (c complaints) Write(b []byte) (int, error) {
	level := slog.LevelError
	if bytes.Contains(b, []byte("TLS handshake error")) {
		level = slog.LevelDebug
	}
	c.log.Log(context.Background(), level, strings.TrimSpace(string(b)))
	return len(b), nil
}

// A door is a listener whose connections are those of strangers until a request on them
// has shown a key or a login. There are few strangers at a time, and they end no
// connection but their own.
type door struct {
	net.Listener
	strangers *lobby.Lobby
	known     chan struct{} // holds a value for each known connection
}

func newDoor(l net.Listener, most, strangers, from int) *door {
	return &door{Listener: l, strangers: lobby.New(strangers, from), known: make(chan struct{}, most)}
}

// httpDoor puts the limits on a listener for HTTP.
func httpDoor(l net.Listener) *door { return newDoor(l, mostKnown, mostStrangers, mostStrangersFrom) }

// Accept implements net.Listener.
func (d *door) Accept() (net.Conn, error) {
	conn, err := d.Listener.Accept()
	if err != nil {
		return nil, err
	}
	v := &visitor{Conn: conn, door: d}
	v.place = d.strangers.Enter(sourceOf(conn.RemoteAddr()), func() { _ = conn.Close() })
	return v, nil
}

// sourceOf returns the source of a connection; the zero value for a program of this
// machine, which may be a proxy.
func sourceOf(at net.Addr) netip.Prefix {
	tcp, ok := at.(*net.TCPAddr)
	if !ok || tcp.IP.IsLoopback() {
		return netip.Prefix{}
	}
	return lobby.Source(tcp.AddrPort().Addr())
}

// A visitor is a connection of a door.
type visitor struct {
	net.Conn
	door  *door
	place *lobby.Guest

	mu     sync.Mutex // guards the fields below
	known  bool
	closed bool
	until  time.Time // when a response must be written; zero: as long as it is read
}

// Close implements net.Conn.
func (v *visitor) Close() error {
	v.place.Leave()
	v.mu.Lock()
	if v.known && !v.closed {
		<-v.door.known
	}
	v.closed = true
	v.mu.Unlock()
	return v.Conn.Close()
}

// recognise notes that a request on the connection has shown a key or a login. If too
// many have, the connection stays a stranger's.
func (v *visitor) recognise() {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.known || v.closed {
		return
	}
	select {
	case v.door.known <- struct{}{}:
		v.known = true
		v.place.Leave()
	default:
	}
}

// SetDeadline implements net.Conn.
func (v *visitor) SetDeadline(t time.Time) error {
	return errors.Join(v.SetReadDeadline(t), v.SetWriteDeadline(t))
}

// SetWriteDeadline implements net.Conn.
func (v *visitor) SetWriteDeadline(t time.Time) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.until = t
	return v.Conn.SetWriteDeadline(t)
}

// Write implements net.Conn. It fails if the far end does not read for a while.
func (v *visitor) Write(b []byte) (written int, err error) {
	for first := true; first || len(b) > 0 && err == nil; first = false {
		if err := v.Conn.SetWriteDeadline(v.deadline()); err != nil {
			return written, err
		}
		var n int
		n, err = v.Conn.Write(b[:min(len(b), pieceSize)])
		written, b = written+n, b[n:]
	}
	return written, err
}

// deadline is by when the next piece must be written.
func (v *visitor) deadline() time.Time {
	v.mu.Lock()
	defer v.mu.Unlock()
	next := time.Now().Add(readWithin)
	if !v.until.IsZero() && v.until.Before(next) {
		return v.until
	}
	return next
}

// visiting marks the context of a request with its visitor.
type visiting struct{}

func rememberVisitor(ctx context.Context, c net.Conn) context.Context {
	if secure, ok := c.(*tls.Conn); ok {
		c = secure.NetConn()
	}
	return context.WithValue(ctx, visiting{}, c)
}

// recognised notes that a request has shown a key or a login.
func recognised(r *http.Request) {
	if v, ok := r.Context().Value(visiting{}).(*visitor); ok {
		v.recognise()
	}
}
