package panel

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"
)

// wire serves the page in memory, so that time is that of the bubble, and returns a
// function that connects a window of ana's.
func (w *world) wire(t *testing.T) (connect func() *websocket.Conn) {
	t.Helper()
	token, err := w.panel.sessions.open(t.Context(), "ana")
	if err != nil {
		t.Fatal(err)
	}
	l := make(pipes)
	server := &http.Server{Handler: w.panel.Handler()}
	go func() { _ = server.Serve(l) }() // ends when l is closed
	t.Cleanup(func() { close(l) })
	client := &http.Client{Transport: &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		l <- theirs
		return ours, nil
	}}}
	header := http.Header{"Origin": {"http://localhost"}, "Cookie": {"holdfast_session=" + token}}
	return func() *websocket.Conn {
		t.Helper()
		conn, _, err := websocket.Dial(t.Context(), "http://localhost/ccp-v2/socket?page=window-1", //nolint:bodyclose // Dial sees to it
			&websocket.DialOptions{HTTPClient: client, HTTPHeader: header})
		if err != nil {
			t.Fatal(err)
		}
		return conn
	}
}

// A page that is hidden for a working day answers nothing but pings. It stays
// connected, and gets the call that comes then.
func TestHiddenForHours(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		conn := w.wire(t)()
		defer conn.CloseNow()
		const hours = 8 * time.Hour
		time.AfterFunc(hours, func() { w.customerCalls("c1", agentNamed("ana")) })
		began, last, updates := time.Now(), time.Now(), 0
		for {
			_, b, err := conn.Read(t.Context())
			if err != nil {
				t.Fatalf("the connection ends after %v: %v", time.Since(began), err)
			}
			if quiet := time.Since(last); quiet > beatEvery {
				t.Fatalf("after %v nothing arrives for %v", time.Since(began), quiet)
			}
			last = time.Now()
			if strings.HasPrefix(string(b), `{"type":"update"`) {
				updates++
			}
			if bytes.Contains(b, []byte(`"c1_2"`)) {
				break
			}
		}
		if took := time.Since(began); took > hours+beatEvery {
			t.Errorf("the call that comes after %v is shown after %v", hours, took)
		}
		if least := int(hours / repeatEvery); updates < least {
			t.Errorf("%d updates, want %d", updates, least)
		}
		if got := w.noted(); strings.Contains(got, "ana") {
			t.Errorf("noted %s", got)
		}
	})
}

// A browser that is gone without a word is noticed within 2 s.
func TestNetworkIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		conn := w.wire(t)()
		defer conn.CloseNow()
		s := w.panel.stations["ana"]
		there := func() (is bool) {
			s.do(func() { is = len(s.pages) == 1 && s.pages[0].isThere() })
			synctest.Wait()
			return is
		}
		for range 20 { // beats and the like
			if _, _, err := conn.Read(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if !there() {
			t.Fatal("the window is not there")
		}
		pass(beatEvery)
		if !there() {
			t.Error("the window counts as gone too early")
		}
		pass(2*time.Second - beatEvery)
		if there() {
			t.Error("after 2 s the window still counts as there")
		}
	})
}
