package panel

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"
)

// However many strangers embed the page, the log stays short.
func TestStrangersInTheLog(t *testing.T) {
	var log bytes.Buffer
	now := time.Date(2026, 11, 28, 9, 0, 0, 0, time.UTC)
	w := newWorld(t, func(o *Options) {
		o.Log, o.Now = slog.New(slog.NewTextHandler(&log, nil)), func() time.Time { return now }
	})
	b := browse(t, w)
	for range 3 * oddBurst {
		b.fetch("GET", "/ccp-v2/", "", "Sec-Fetch-Dest", "iframe", "Referer", "https://evil.example/")
	}
	w.panel.Close()
	if n := strings.Count(log.String(), "evil.example"); n == 0 || n > oddBurst {
		t.Errorf("%d lines of the log are about strangers", n)
	}
}

// A pipes listener accepts connections in memory.
type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) {
	if c, ok := <-p; ok {
		return c, nil
	}
	return nil, net.ErrClosed
}

func (p pipes) Close() error   { return nil }
func (p pipes) Addr() net.Addr { return &net.TCPAddr{} }

// A page that sends without end is read slowly, also if it connects anew each time.
func TestFloods(t *testing.T) {
	const messages, connections = 1000, 300
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		connect := w.wire(t)
		conn, began := connect(), time.Now()
		go func() { // ends with conn
			for range messages {
				_ = conn.Write(t.Context(), websocket.MessageText, []byte(`{"type":"mute","muted":null}`))
			}
		}()
		for answers := 0; answers < messages; {
			_, b, err := conn.Read(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(b, []byte(`"type":"muted"`)) {
				answers++
			}
		}
		if took, least := time.Since(began), (messages-messageBurst)*messageEvery; took < least-time.Second {
			t.Errorf("%d messages took %s, want %s", messages, took, least)
		}
		began = time.Now()
		for range connections {
			_ = conn.CloseNow()
			conn = connect()
		}
		_ = conn.CloseNow()
		if took, least := time.Since(began), (connections-messageBurst)*messageEvery; took < least-time.Second {
			t.Errorf("%d connections took %s, want %s", connections, took, least)
		}
		synctest.Wait()
	})
}

// Long responses, which a directory with many names has, do not fill the memory: few
// are remembered, and few wait for a page that does not read.
func TestLongResponses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		ana := w.open(t, "ana", "window-1")
		ana.hears()
		page := ana.s.pages[0]
		long := strings.Repeat("x", mostRepeated/4)
		for i := range mostRemembered / 2 {
			ana.s.do(func() {
				a := &asked{id: fmt.Sprint(i), by: ana.s.now().Add(answerWithin)}
				page.remember(a)
				page.respond(a, response{a.id, "", long, nil})
			})
			ana.hears()
		}
		if n := len(page.asked); n > 5 {
			t.Errorf("%d long responses are remembered", n)
		}
		for range mostUnsent / 2 {
			ana.s.do(func() { ana.s.sendAll(echoed{Event: "contact::view", Data: json.RawMessage(`"` + long + `"`)}) })
		}
		synctest.Wait()
		select {
		case <-ana.socket.end:
		default:
			t.Errorf("%d bytes wait for a page that does not read", ana.socket.unsent.Load())
		}
	})
}
