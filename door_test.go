package holdfast

import (
	"bufio"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
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

func TestLimitedListener(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPipes()
		l := limit(p, 2)
		accepted := make(chan net.Conn, 3)
		done := make(chan struct{})
		go func() {
			defer close(done)
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				accepted <- conn
			}
		}()
		go func() { // ends when the third connection is accepted
			for range 3 {
				p.dial()
			}
		}()
		synctest.Wait()
		if n := len(accepted); n != 2 {
			t.Errorf("%d connections are open, want 2", n)
		}
		first := <-accepted
		for range 2 { // closing it again makes no more room
			if err := first.Close(); err != nil {
				t.Error(err)
			}
		}
		synctest.Wait()
		if n := len(accepted); n != 2 {
			t.Errorf("%d connections are open after one has been closed, want 2", n)
		}
		(<-accepted).Close()
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		<-done
	})
}
