package holdfast

import (
	"bytes"
	"context"
	stdlog "log"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Limits on HTTP connections, which must not use up what calls need: each call needs
// sockets, too. Connecting needs neither a key nor a password.
const (
	mostConnections = 4096             // to one address; one more waits until another has ended
	headersWithin   = 5 * time.Second  // from the first byte
	requestWithin   = 20 * time.Second // longer than a login waits for its turn
	responseWithin  = 30 * time.Second // of the page: from the end of the headers; a WebSocket has limits of its own
	idleFor         = time.Minute      // between requests
	longestHeaders  = 32 << 10         // bytes
)

// httpServer makes an HTTP server that waits for nobody for ever. Its responses may
// take as long as they like, such as a stream of events.
func httpServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: headersWithin, ReadTimeout: requestWithin, IdleTimeout: idleFor, MaxHeaderBytes: longestHeaders,
		ErrorLog: stdlog.New(complaints{log}, "", 0),
	}
}

// complaints are what an HTTP server logs. A stranger can make handshakes fail as often
// as they like, so these are logged at level Debug.
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

// A limited listener has a limited number of connections open at a time.
type limited struct {
	net.Listener
	open chan struct{} // holds a value for each connection
}

func limit(l net.Listener, most int) net.Listener {
	return limited{l, make(chan struct{}, most)}
}

// Accept implements net.Listener.
func (l limited) Accept() (net.Conn, error) {
	l.open <- struct{}{}
	conn, err := l.Listener.Accept()
	if err != nil {
		<-l.open
		return nil, err
	}
	return &counted{Conn: conn, closed: sync.OnceFunc(func() { <-l.open })}, nil
}

// A counted connection makes room for another when it is closed.
type counted struct {
	net.Conn
	closed func()
}

// Close implements net.Conn.
func (c *counted) Close() error {
	defer c.closed()
	return c.Conn.Close()
}
