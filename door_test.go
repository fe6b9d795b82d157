package holdfast

import (
	"bufio"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A pipes listener accepts in-memory connections.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
	close  func()
}

func newPipes() *pipes {
	p := &pipes{conns: make(chan net.Conn), closed: make(chan struct{})}
	p.close = sync.OnceFunc(func() { close(p.closed) })
	return p
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.close(); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

func (p *pipes) dial() net.Conn {
	ours, theirs := net.Pipe()
	p.conns <- theirs
	return ours
}

// Whoever sends nothing, or very slowly, is not waited for for ever.
func TestHTTPServerIsNotHeldOpen(t *testing.T) {
	tests := []struct {
		what, sends string
		ends        time.Duration
	}{
		{"nothing", "", headersWithin},
		{"half of the headers", "GET / HTTP/1.1\r\n", headersWithin},
		{"half of the body", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{", requestWithin},
		{"one request", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", idleFor},
	}
	for _, test := range tests {
		synctest.Test(t, func(t *testing.T) {
			l := newPipes()
			server := httpServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }), slog.Default())
			done := make(chan error)
			go func() { done <- server.Serve(l) }()
			conn, began := l.dial(), time.Now()
			if _, err := io.WriteString(conn, test.sends); err != nil {
				t.Fatal(err)
			}
			if _, err := io.Copy(io.Discard, conn); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(began); took > test.ends+time.Second {
				t.Errorf("a connection with %s lasts %s, want %s", test.what, took, test.ends)
			}
			if err := server.Close(); err != nil {
				t.Error(err)
			}
			<-done
		})
	}
}

// A response may take longer than a request, such as a stream of events.
func TestHTTPServerRespondsForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newPipes()
		server := httpServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			select {
			case <-r.Context().Done():
				t.Error("the request has ended")
			case <-time.After(10 * requestWithin):
			}
		}), slog.Default())
		done := make(chan error)
		go func() { done <- server.Serve(l) }()
		for _, sends := range []string{"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"} {
			conn := l.dial()
			if _, err := io.WriteString(conn, sends); err != nil {
				t.Fatal(err)
			}
			r, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatalf("after %s: %v", sends, err)
			}
			if r.StatusCode != http.StatusOK {
				t.Errorf("after %s: %s", sends, r.Status)
			}
			if err := errors.Join(r.Body.Close(), conn.Close()); err != nil {
				t.Error(err)
			}
		}
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		<-done
		synctest.Wait()
	})
}

func TestHTTPServerReadsNoLongHeaders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newPipes()
		server := httpServer(http.NotFoundHandler(), slog.Default())
		done := make(chan error)
		go func() { done <- server.Serve(l) }()
		conn := l.dial()
		go func() { // ends when the server closes conn
			_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\nX: "+strings.Repeat("x", 2*longestHeaders))
		}()
		r, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		if r.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
			t.Errorf("long headers: %s", r.Status)
		}
		r.Body.Close()
		_, _ = io.Copy(io.Discard, conn) // until it is closed
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		<-done
	})
}

// A response that is not read is not written for ever, whether it is one or many.
func TestHTTPServerIsNotLeftUnread(t *testing.T) {
	for what, sends := range map[string]string{
		"a response":      "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
		"many responses":  strings.Repeat("GET / HTTP/1.1\r\nHost: x\r\n\r\n", 100),
		"a long response": "GET /long HTTP/1.1\r\nHost: x\r\n\r\n",
	} {
		synctest.Test(t, func(t *testing.T) {
			p := newPipes()
			server := httpServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.WriteString(w, strings.Repeat("x", 8+len(r.URL.Path)*pieceSize))
			}), slog.Default())
			done := make(chan error)
			go func() { done <- server.Serve(httpDoor(p)) }()
			conn, began := p.dial(), time.Now()
			go func() { _, _ = io.WriteString(conn, sends) }() // ends when the server closes conn
			time.Sleep(2 * readWithin)                         //nolint:forbidigo // in a bubble
			synctest.Wait()
			n, err := io.Copy(io.Discard, conn)
			if took := time.Since(began); took > 2*readWithin || n > 0 {
				t.Errorf("%s that is not read: the connection lasts %s, then come %d bytes, %v", what, took, n, err)
			}
			if err := server.Close(); err != nil {
				t.Error(err)
			}
			<-done
		})
	}
}

// A response may be read slowly: what counts is that it is.
func TestHTTPServerIsReadSlowly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPipes()
		const pieces = 20
		server := httpServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write(make([]byte, pieces*pieceSize))
		}), slog.Default())
		done := make(chan error)
		go func() { done <- server.Serve(httpDoor(p)) }()
		conn := p.dial()
		if _, err := io.WriteString(conn, "GET / HTTP/1.0\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		n := 0
		for b := make([]byte, pieceSize/2); ; time.Sleep(readWithin / 4) { //nolint:forbidigo // in a bubble
			got, err := conn.Read(b)
			if n += got; err != nil {
				break
			}
		}
		if n < pieces*pieceSize {
			t.Errorf("%d bytes came", n)
		}
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		<-done
	})
}

// Strangers get in one after the other, and end no connection that is known.
func TestDoor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPipes()
		d := newDoor(p, 2, 3, 1)
		accept := func() (ours, theirs net.Conn) {
			go func() { ours = p.dial() }() // ends at once
			theirs, err := d.Accept()
			if err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			return ours, theirs
		}
		isOpen := func(conn net.Conn) bool {
			_ = conn.SetReadDeadline(time.Now().Add(time.Millisecond))
			_, err := conn.Read(make([]byte, 1))
			return errors.Is(err, os.ErrDeadlineExceeded)
		}
		var known []net.Conn
		var their []net.Conn
		for range 3 { // one more than may be known
			conn, theirs := accept()
			recognised((&http.Request{}).WithContext(rememberVisitor(t.Context(), theirs)))
			known, their = append(known, conn), append(their, theirs)
		}
		var strangers []net.Conn
		for range 5 {
			conn, _ := accept()
			strangers = append(strangers, conn)
		}
		for i, want := range []bool{true, true, false} {
			if got := isOpen(known[i]); got != want {
				t.Errorf("known connection %d is open: %t", i, got)
			}
		}
		for i, want := range []bool{false, false, true, true, true} {
			if got := isOpen(strangers[i]); got != want {
				t.Errorf("stranger %d is open: %t", i, got)
			}
		}
		for range 2 { // closing it again makes no more room
			_ = their[0].Close()
		}
		for i := range 2 {
			conn, theirs := accept()
			theirs.(*visitor).recognise()
			if got := theirs.(*visitor).known; got != (i == 0) || !isOpen(conn) {
				t.Errorf("after one was closed, connection %d is known: %t", i, got)
			}
		}
	})
}

// What a program of this machine connects is of no source, over TLS as well.
func TestSourceOfVisitor(t *testing.T) {
	for at, want := range map[string]string{
		"127.0.0.1:1": "invalid Prefix", "[::1]:1": "invalid Prefix",
		"192.0.2.1:1": "192.0.2.1/32", "[::ffff:192.0.2.1]:1": "192.0.2.1/32", "[2001:db8::1]:1": "2001:db8::/64",
	} {
		if got := sourceOf(net.TCPAddrFromAddrPort(netip.MustParseAddrPort(at))).String(); got != want {
			t.Errorf("%s is of %s, want %s", at, got, want)
		}
	}
	v := &visitor{door: newDoor(nil, 1, 1, 1)}
	v.place = v.door.strangers.Enter(netip.Prefix{}, func() {})
	recognised((&http.Request{}).WithContext(rememberVisitor(t.Context(), tls.Server(v, &tls.Config{}))))
	if !v.known || v.door.strangers.Len() != 0 {
		t.Error("over TLS a connection stays a stranger's")
	}
}
