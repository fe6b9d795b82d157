package panel

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
)

// closeCode is why a connection is closed. Codes below 4000 are those of RFC 6455.
type closeCode = websocket.StatusCode

const (
	goingAway     = websocket.StatusGoingAway
	tryAgainLater = websocket.StatusTryAgainLater
	pageClosed    = closeCode(4000) // by the page
	replaced      = closeCode(4001) // the same window has connected again
	sessionOver   = closeCode(4002) // the agent has logged out
)

// The page and the server must both notice within 2 s that the network is gone.
const (
	beatEvery   = 500 * time.Millisecond  // the page gets a beat and its browser a ping
	pongWithin  = 1400 * time.Millisecond // the browser answers a ping by then
	lostWithin  = 2 * time.Second         // a message sent so long before the connection ended may be lost
	writeWithin = 10 * time.Second
	mostUnsent  = 256 // messages; a page that has more to come is too slow
	mostBytes   = 16 << 20
)

// The WebSocket protocols of an embedded page: ours, which is agreed on, and one that
// only carries the token of its session.
const (
	pageProtocol  = "holdfast"
	tokenProtocol = "token."
)

// A socket is one connection of a page. It sends messages in order.
type socket struct {
	session string // the hash of its token
	out     chan []byte
	unsent  atomic.Int64  // bytes in out
	heard   atomic.Uint64 // messages of the page so far

	once sync.Once
	end  chan struct{} // closed by close
	code closeCode
	why  string
}

func newSocket(session string) *socket {
	return &socket{session: session, out: make(chan []byte, mostUnsent), end: make(chan struct{})}
}

// send reports false when the queue is full.
func (k *socket) send(b []byte) bool {
	if k.unsent.Load() > mostBytes {
		return false
	}
	select {
	case k.out <- b:
		k.unsent.Add(int64(len(b)))
		return true
	default:
		return false
	}
}

// put sends a queued message to the page.
func (k *socket) put(conn *websocket.Conn, b []byte, limit time.Duration) bool {
	k.unsent.Add(-int64(len(b)))
	return send(conn, b, limit)
}

func send(conn *websocket.Conn, b []byte, limit time.Duration) bool {
	return within(limit, func(ctx context.Context) error { return conn.Write(ctx, websocket.MessageText, b) })
}

// close closes the connection after sending the queued messages.
func (k *socket) close(code closeCode, why string) {
	k.once.Do(func() {
		k.code, k.why = code, why
		close(k.end)
	})
}

// pageID is how windows may name themselves.
var pageID = regexp.MustCompile(`^[0-9a-zA-Z-]{8,64}$`)

// serveSocket connects a window of a logged-in agent.
func (p *Panel) serveSocket(w http.ResponseWriter, r *http.Request) {
	agent, session, ok := p.sessionOf(r)
	id := r.URL.Query().Get("page")
	switch {
	case !ok:
		turnAway(w, http.StatusUnauthorized, "log in first")
		return
	case !ownOrigin(r):
		turnAway(w, http.StatusForbidden, "only the page of this server may connect")
		return
	case !pageID.MatchString(id):
		turnAway(w, http.StatusBadRequest, "page must name the window")
		return
	case !p.stations[agent].slow():
		turnAway(w, http.StatusServiceUnavailable, "the server stops")
		return
	}
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{pageProtocol}})
	if err != nil {
		return // Accept has answered
	}
	conn.SetReadLimit(longestMessage)
	s, k := p.stations[agent], newSocket(session)
	if !s.do(func() { s.attach(id, k) }) {
		_ = conn.Close(goingAway, "the server stops")
		return
	}
	var running sync.WaitGroup
	running.Go(func() { k.write(conn) })
	running.Go(func() { k.watch(conn) })
	closed := p.read(conn, s, k)
	s.do(func() { s.left(k, closed) })
	k.close(goingAway, "")
	running.Wait()
}

// ownOrigin reports whether a request comes from a page of this server.
func ownOrigin(r *http.Request) bool {
	u, err := url.Parse(r.Header.Get("Origin"))
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.Host == r.Host
}

// read handles the page's messages until the connection ends, and reports whether the
// page has been closed.
func (p *Panel) read(conn *websocket.Conn, s *station, k *socket) (closed bool) {
	for {
		kind, b, err := conn.Read(context.Background()) // ends with conn
		if err != nil {
			code := websocket.CloseStatus(err)
			return code == goingAway || code == pageClosed
		}
		k.heard.Add(1)
		if !s.slow() {
			return false
		}
		var m any
		if err = errors.New("not a text message"); kind == websocket.MessageText {
			m, err = parse(b)
		}
		s.do(func() {
			page := s.pageOn(k)
			switch {
			case page == nil:
			case err != nil:
				if p.odd.AllowN(s.now(), 1) {
					p.log.Info("a page sent an invalid message", "agent", s.account.Agent, "err", err)
				}
				page.send(problem{err.Error()})
			default:
				page.take(m)
			}
		})
	}
}

// watch ends a connection whose network is gone. Browsers answer pings by themselves,
// also while a page is hidden, frozen or busy. Messages show as well as an answer
// that the page is there, because a page that sends many is read slowly.
func (k *socket) watch(conn *websocket.Conn) {
	every := time.NewTicker(beatEvery)
	defer every.Stop()
	for {
		select {
		case <-every.C:
			before := k.heard.Load()
			if !within(pongWithin, conn.Ping) && k.heard.Load() == before {
				_ = conn.CloseNow()
				return
			}
		case <-k.end:
			return
		}
	}
}

// write sends the queued messages, and beats.
func (k *socket) write(conn *websocket.Conn) {
	every := time.NewTicker(beatEvery)
	defer every.Stop()
	alive := encode(beat{})
	for {
		select {
		case b := <-k.out:
			if !k.put(conn, b, writeWithin) {
				_ = conn.CloseNow()
				return
			}
		case <-every.C:
			if !send(conn, alive, writeWithin) {
				_ = conn.CloseNow()
				return
			}
		case <-k.end:
			k.flush(conn)
			_ = conn.Close(k.code, k.why)
			return
		}
	}
}

// flush sends the queued messages.
func (k *socket) flush(conn *websocket.Conn) {
	for {
		select {
		case b := <-k.out:
			if !k.put(conn, b, time.Second) {
				return
			}
		default:
			return
		}
	}
}

func within(limit time.Duration, act func(context.Context) error) bool {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	return act(ctx) == nil
}
