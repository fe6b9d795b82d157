package panel

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// A browser is somebody at the page, without a screen.
type browser struct {
	t      *testing.T
	server *httptest.Server
	http.Client
}

func browse(t *testing.T, w *world) *browser {
	t.Helper()
	server := httptest.NewServer(w.panel.Handler())
	t.Cleanup(server.Close)
	return (&browser{t: t, server: server}).another()
}

// another is a browser that shares nothing with this one.
func (b *browser) another() *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		b.t.Fatal(err)
	}
	c := *b.server.Client()
	c.Jar = jar
	return &browser{b.t, b.server, c}
}

func (b *browser) fetch(method, path string, body string, header ...string) (status int, text string, h http.Header) {
	b.t.Helper()
	r, err := http.NewRequest(method, b.server.URL+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer, err := b.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer answer.Body.Close()
	read, err := io.ReadAll(answer.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return answer.StatusCode, string(read), answer.Header
}

func (b *browser) logIn(name, password string) (status int, text string, h http.Header) {
	b.t.Helper()
	return b.fetch("POST", "/ccp-v2/login", fmt.Sprintf(`{"name":%q,"password":%q}`, name, password))
}

// connect opens a window's connection.
func (b *browser) connect(window string) (*websocket.Conn, error) {
	b.t.Helper()
	at, _ := url.Parse(b.server.URL)
	ctx, cancel := context.WithTimeout(b.t.Context(), 10*time.Second)
	defer cancel()
	conn, _, err := websocket.Dial(ctx, b.server.URL+"/ccp-v2/socket?page="+window, &websocket.DialOptions{ //nolint:bodyclose // Dial sees to it
		HTTPClient: &b.Client, HTTPHeader: http.Header{"Origin": {"http://" + at.Host}},
	})
	if err == nil {
		b.t.Cleanup(func() { conn.CloseNow() })
	}
	return conn, err
}

// await reads until a message of that type comes.
func (b *browser) await(conn *websocket.Conn, kind string) (map[string]any, error) {
	ctx, cancel := context.WithTimeout(b.t.Context(), 10*time.Second)
	defer cancel()
	for {
		_, text, err := conn.Read(ctx)
		if err != nil {
			return nil, err
		}
		var m map[string]any
		if err := json.Unmarshal(text, &m); err != nil {
			return nil, err
		}
		if m["type"] == kind {
			return m, nil
		}
	}
}

func TestEmbedding(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Origins = []string{"https://crm.example.com", "http://localhost:3000"} })
	b := browse(t, w)
	tests := []struct {
		what, path string
		header     []string
		status     int
		contains   string
		ancestors  string
	}{
		{"alone", "/ccp-v2/", []string{"Sec-Fetch-Dest", "document"}, 200, `id="desk"`, "frame-ancestors https://crm.example.com http://localhost:3000"},
		{"where Amazon has it", "/connect/ccp-v2/", nil, 200, `id="desk"`, "frame-ancestors https://crm"},
		{"approved", "/ccp-v2/", []string{"Sec-Fetch-Dest", "iframe", "Referer", "https://crm.example.com/a"}, 200, `id="desk"`, "frame-ancestors https://crm"},
		{"not approved", "/ccp-v2/", []string{"Sec-Fetch-Dest", "iframe", "Referer", "https://evil.example/"}, 403, `origins = ["https://evil.example"]`, ""},
		{"almost approved", "/connect/ccp-v2/", []string{"Sec-Fetch-Dest", "iframe", "Referer", "http://crm.example.com/"}, 403, "is not approved", ""},
		{"with markup", "/ccp-v2/", []string{"Sec-Fetch-Dest", "iframe", "Referer", "https://a%3Cscript%3E.example/"}, 200, "", "frame-ancestors"},
		{"silent", "/ccp-v2/", []string{"Sec-Fetch-Dest", "iframe"}, 200, `id="desk"`, "frame-ancestors https://crm"},
	}
	for _, test := range tests {
		status, text, h := b.fetch("GET", test.path, "", test.header...)
		if status != test.status || !strings.Contains(text, test.contains) || !strings.Contains(h.Get("Content-Security-Policy"), test.ancestors) {
			t.Errorf("%s: %d, %q, %.200s", test.what, status, h.Get("Content-Security-Policy"), text)
		}
	}
	for _, path := range []string{"main.js", "base.css", "icons.svg"} {
		if status, _, h := b.fetch("GET", "/ccp-v2/"+path, ""); status != 200 || h.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %d, %v", path, status, h)
		}
	}
	if status, _, _ := b.fetch("GET", "/ccp-v2/nothing.js", ""); status != 404 {
		t.Errorf("what there is not: %d", status)
	}
}

// Every response keeps other pages from embedding it: errors, redirects and files,
// too.
func TestNothingIsEmbedded(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Origins = []string{"https://crm.example.com"} })
	b := browse(t, w)
	b.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	for _, request := range []string{
		"GET /", "GET /ccp-v2", "GET /ccp-v2/", "GET /connect/ccp-v2/", "GET /ccp-v2/index.html", "GET /ccp-v2/main.js",
		"GET /ccp-v2/icon.svg", "GET /ccp-v2/nothing", "GET /ccp-v2/session", "GET /ccp-v2/socket", "GET /nothing",
		"POST /ccp-v2/login", "POST /ccp-v2/logout", "PUT /ccp-v2/", "GET /ccp-v2/..%2fpage.go", "GET //evil.example/",
	} {
		method, path, _ := strings.Cut(request, " ")
		status, _, h := b.fetch(method, path, "")
		if policy := h.Get("Content-Security-Policy"); !strings.HasSuffix(policy, "; frame-ancestors https://crm.example.com") {
			t.Errorf("%s: %d with the policy %q", request, status, policy)
		}
	}
	status, _, h := b.fetch("POST", "/ccp-v2/logout", "", "Origin", "https://crm.example.com")
	if status != 403 || !strings.Contains(h.Get("Content-Security-Policy"), "frame-ancestors") {
		t.Errorf("from another page: %d with the policy %q", status, h.Get("Content-Security-Policy"))
	}
}

func TestSocketIsRefused(t *testing.T) {
	w := newWorld(t, nil)
	b := browse(t, w)
	if _, err := b.connect("window-1"); err == nil {
		t.Error("connected without logging in")
	}
	b.logIn("ana", "sesame")
	for _, header := range [][]string{
		{"Origin", "https://elsewhere.example"}, {"Origin", "null"}, {}, {"Origin", "file://" + strings.TrimPrefix(b.server.URL, "http://")},
	} {
		header = append(header, "Connection", "Upgrade", "Upgrade", "websocket", "Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA==")
		if status, _, _ := b.fetch("GET", "/ccp-v2/socket?page=window-1", "", header...); status != 403 {
			t.Errorf("connecting with %v: %d", header[:2], status)
		}
	}
	if _, err := b.connect("x"); err == nil {
		t.Error("connected without the name of a window")
	}
}

// Nonsense is answered, and what is far too long ends that connection; nobody else
// notices.
func TestSocketNonsense(t *testing.T) {
	w := newWorld(t, nil)
	b := browse(t, w)
	b.logIn("ana", "sesame")
	good, err := b.connect("window-1")
	if err != nil {
		t.Fatal(err)
	}
	bad, err := b.connect("window-2")
	if err != nil {
		t.Fatal(err)
	}
	for _, nonsense := range []string{"nonsense", `{"type":"hello"}`, `{"type":"request"}`} {
		if err := bad.Write(t.Context(), websocket.MessageText, []byte(nonsense)); err != nil {
			t.Fatal(err)
		}
		if m, err := b.await(bad, "problem"); err != nil || m["text"] == "" {
			t.Errorf("after %s: %v, %v", nonsense, m, err)
		}
	}
	bad.Write(t.Context(), websocket.MessageBinary, []byte{1, 2, 3})
	if m, err := b.await(bad, "problem"); err != nil || m["text"] != "not a text message" {
		t.Errorf("after bytes: %v, %v", m, err)
	}
	go bad.Write(t.Context(), websocket.MessageText, bytes.Repeat([]byte("x"), 1<<20)) // ends with the connection
	if _, err := b.await(bad, "nothing"); websocket.CloseStatus(err) != websocket.StatusMessageTooBig {
		t.Errorf("after a megabyte: %v", err)
	}
	if err := good.Write(t.Context(), websocket.MessageText, []byte(`{"type":"request","requestId":"1","method":"getEndpoints"}`)); err != nil {
		t.Fatal(err)
	}
	if m, err := b.await(good, "response"); err != nil || m["err"] != nil {
		t.Errorf("the other window: %v, %v", m, err)
	}
}

// When the server stops, the page hears it and comes back by itself.
func TestStop(t *testing.T) {
	w := newWorld(t, nil)
	b := browse(t, w)
	b.logIn("ana", "sesame")
	conn, err := b.connect("window-1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.await(conn, "hello"); err != nil {
		t.Fatal(err)
	}
	w.panel.Close()
	if _, err := b.await(conn, "nothing"); websocket.CloseStatus(err) != goingAway {
		t.Errorf("the connection ends with %v", err)
	}
}

// Nothing is elsewhere: a browser gets a link to the page, a program is told that the
// HTTP interface is not here.
func TestElsewhere(t *testing.T) {
	b := browse(t, newWorld(t, nil))
	status, text, h := b.fetch("GET", "/foo", "")
	if status != 404 || h.Get("Content-Type") != "text/html; charset=utf-8" || !strings.Contains(text, `<a href="/ccp-v2/">`) {
		t.Errorf("/foo: %d %v %s", status, h, text)
	}
	status, text, h = b.fetch("GET", "/v1/contacts", "")
	if status != 404 || h.Get("Content-Type") != "application/problem+json" || !strings.Contains(text, "[api] listen") {
		t.Errorf("the HTTP interface: %d %v %s", status, h, text)
	}
}
