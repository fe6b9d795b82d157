package panel

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"holdfast/hostcheck"
)

// This file attacks the page: with requests of other web pages, with names that point
// here, and with tokens that are stolen, too old or in the wrong place.

// lookalikes are origins that resemble the one of a server at a URL.
func lookalikes(server string) []string {
	at, _ := url.Parse(server)
	host, port := at.Hostname(), at.Port()
	return []string{
		"https://evil.example", "null", "file://", "http://" + host, "http://" + host + ":1" + port, "http://" + host + ".:" + port,
		"http://" + host + ".evil.example:" + port, "http://evil-" + host + ":" + port, "http://evil.example/" + at.Host,
		"http://" + at.Host + "@evil.example", "http://" + at.Host + ".evil.example", "http://127.0.0。1:" + port, "http://xn--127.0.0.1:" + port,
	}
}

// Another web page can neither log an agent in nor out, nor get a token: a browser adds
// where the request comes from.
func TestRequestsOfOtherPages(t *testing.T) {
	b := browse(t, newWorld(t, nil))
	b.logIn("ana", "sesame")
	headers := [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}}
	for _, origin := range lookalikes(b.server.URL) {
		headers = append(headers, []string{"Origin", origin}, []string{"Origin", origin, "Sec-Fetch-Site", "cross-site"})
	}
	for _, path := range []string{"login", "logout", "token"} {
		for _, header := range headers {
			status, text, h := b.fetch("POST", "/ccp-v2/"+path, `{"name":"ben","password":"sesame"}`, header...)
			if status != 403 || h.Get("Set-Cookie") != "" || strings.Contains(text, `"token"`) {
				t.Errorf("%s with %q: %d %s, cookie %q", path, header, status, text, h.Get("Set-Cookie"))
			}
		}
	}
	if status, text, _ := b.fetch("GET", "/ccp-v2/session", ""); status != 200 || !strings.Contains(text, `"ana"`) {
		t.Errorf("afterwards: %d %s", status, text)
	}
}

// Nor can it open a WebSocket with the agent's cookie.
func TestSocketsOfOtherPages(t *testing.T) {
	b := browse(t, newWorld(t, nil))
	b.logIn("ana", "sesame")
	for _, origin := range append(lookalikes(b.server.URL), "", strings.ToUpper(strings.Replace(b.server.URL, "127.0.0.1", "localhost", 1))) {
		status, _, _ := b.fetch("GET", "/ccp-v2/socket?page=window-1", "", "Origin", origin, "Connection", "Upgrade",
			"Upgrade", "websocket", "Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA==")
		if status != 403 {
			t.Errorf("a WebSocket of %q: %d", origin, status)
		}
	}
}

// An attacker who controls a network can serve a page under our name without TLS. For a browser
// without HSTS and schemeful SameSite, the agent's cookie counts there, too.
func TestPageWithoutTLS(t *testing.T) {
	w := newWorld(t, nil)
	server := httptest.NewTLSServer(w.panel.Handler())
	t.Cleanup(server.Close)
	b := (&browser{t: t, server: server}).another()
	b.logIn("ana", "sesame")
	upgrade := []string{"Connection", "Upgrade", "Upgrade", "websocket", "Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA=="}
	for origin, want := range map[string][2]int{strings.Replace(server.URL, "https:", "http:", 1): {403, 403}, server.URL: {200, 101}} {
		token, _, _ := b.fetch("POST", "/ccp-v2/token", "{}", "Origin", origin)
		r, _ := http.NewRequest("GET", server.URL+"/ccp-v2/socket?page=window-1", nil)
		for i := 0; i < len(upgrade); i += 2 {
			r.Header.Set(upgrade[i], upgrade[i+1])
		}
		r.Header.Set("Origin", origin)
		answer, err := b.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if got := [2]int{token, answer.StatusCode}; got != want {
			t.Errorf("a token and a WebSocket for %s: %v, want %v", origin, got, want)
		}
	}
}

// A page whose name has been made to point here is of our origin for the browser. Its
// name gives it away.
func TestNameThatPointsHere(t *testing.T) {
	w := newWorld(t, func(o *Options) {
		o.Names = hostcheck.Names{Address: netip.MustParseAddr("192.0.2.1"), Public: []string{"holdfast.example.com"}}
	})
	ask := func(method, path, host string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, path, strings.NewReader(`{"name":"ana","password":"sesame"}`))
		r.Host = host
		r.Header.Set("Origin", "http://"+host)
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		answer := httptest.NewRecorder()
		w.panel.Handler().ServeHTTP(answer, r)
		return answer
	}
	for host, status := range map[string]int{
		"holdfast.example.com": 200, "holdfast.example.com:8443": 200, "192.0.2.1:8090": 200, "localhost:8090": 200, "[::1]:8090": 200,
		"evil.example:8090": 403, "holdfast.example.com.": 403, "holdfast.example.com.evil.example": 403, "192.0.2.2:8090": 403, "localhost.evil.example": 403,
	} {
		if got := ask("POST", "/ccp-v2/login", host); got.Code != status {
			t.Errorf("logging in at %s: got %d, want %d: %s", host, got.Code, status, got.Body)
		}
	}
	for _, request := range []string{"GET /", "GET /ccp-v2/", "GET /ccp-v2/main.js", "GET /ccp-v2/session", "GET /ccp-v2/socket", "POST /ccp-v2/logout", "POST /ccp-v2/token", "GET /v1/contacts"} {
		method, path, _ := strings.Cut(request, " ")
		if got := ask(method, path, "evil.example"); got.Code != 403 || !strings.Contains(got.Body.String(), "[http] names") {
			t.Errorf("%s: %d %s", request, got.Code, got.Body)
		}
	}
}

// Without approved origins no page embeds ours, whatever the browser understands; and
// the window in which an agent logs in can always reach the page that has opened it.
func TestHeadersAgainstEmbedding(t *testing.T) {
	for origins, deny := range map[string]string{"": "DENY", "https://crm.example.com": ""} {
		b := browse(t, newWorld(t, func(o *Options) { o.Origins = strings.Fields(origins) }))
		for _, path := range []string{"/ccp-v2/", "/ccp-v2/main.js", "/ccp-v2/session", "/nothing"} {
			_, _, h := b.fetch("GET", path, "")
			if h.Get("X-Frame-Options") != deny || h.Get("Cross-Origin-Opener-Policy") != "" {
				t.Errorf("%s with origins %q: %v", path, origins, h)
			}
		}
		status, _, h := b.fetch("GET", "/ccp-v2/", "", "Sec-Fetch-Dest", "iframe", "Referer", "https://evil.example/")
		if status != 403 || h.Get("X-Frame-Options") != "" {
			t.Errorf("the explanation with origins %q: %d %v", origins, status, h)
		}
	}
}

// token asks for the token of an embedded page.
func (b *browser) token() string {
	b.t.Helper()
	status, text, _ := b.fetch("POST", "/ccp-v2/token", "{}")
	_, after, _ := strings.Cut(text, `"token":"`)
	token, _, _ := strings.Cut(after, `"`)
	if status != 200 || len(token) != 52 {
		b.t.Fatalf("asking for a token: %d %s", status, text)
	}
	return token
}

// shows asks who is logged in, with a header such as a token.
func (b *browser) shows(header ...string) int {
	b.t.Helper()
	status, _, _ := b.fetch("GET", "/ccp-v2/session", "", header...)
	return status
}

// embed opens the connection of an embedded page, which shows a token.
func (b *browser) embed(token string) (*websocket.Conn, error) {
	at, _ := url.Parse(b.server.URL)
	ctx, cancel := context.WithTimeout(b.t.Context(), 10*time.Second)
	defer cancel()
	conn, _, err := websocket.Dial(ctx, b.server.URL+"/ccp-v2/socket?page=window-1", &websocket.DialOptions{ //nolint:bodyclose // Dial sees to it
		HTTPClient: &b.Client, HTTPHeader: http.Header{"Origin": {"http://" + at.Host}}, Subprotocols: []string{"holdfast", "token." + token},
	})
	if err == nil {
		b.t.Cleanup(func() { conn.CloseNow() })
	}
	return conn, err
}

// A token is for an embedded page: without a cookie, at the address where it was given
// out, in a header. It is neither a cookie nor part of a URL, and asks for no other.
func TestTokenInTheWrongPlace(t *testing.T) {
	b := browse(t, newWorld(t, nil))
	_, _, h := b.logIn("ana", "sesame")
	name, cookie, _ := strings.Cut(strings.Split(h.Get("Set-Cookie"), ";")[0], "=")
	token, frame := b.token(), b.another()
	conn, err := frame.embed(token)
	if err != nil || conn.Subprotocol() != "holdfast" {
		t.Fatalf("connecting with the token: %v", err)
	}
	if _, err := frame.await(conn, "hello"); err != nil {
		t.Fatal(err)
	}
	if status := frame.shows("Authorization", "Bearer "+token); status != 200 {
		t.Errorf("the token: %d", status)
	}
	for what, header := range map[string][]string{
		"a cookie as a token":                   {"Authorization", "Bearer " + cookie},
		"a token as a cookie":                   {"Cookie", name + "=" + token},
		"another token":                         {"Authorization", "Bearer " + token[1:] + "A"},
		"no token":                              {"Authorization", "Bearer "},
		"the name of the agent":                 {"Authorization", "Bearer ana"},
		"the hash that is stored, as a token":   {"Authorization", "Bearer " + hashToken(token)},
		"a token in another scheme":             {"Authorization", "Basic " + token},
		"a token that nothing is asked with":    {"X-Token", token},
		"a token as a protocol of another name": {"Sec-WebSocket-Protocol", "holdfast, " + token},
	} {
		if status := frame.shows(header...); status != 401 {
			t.Errorf("%s: %d", what, status)
		}
	}
	if status := b.shows("Authorization", "Bearer "+token[1:]+"A"); status != 401 {
		t.Errorf("a wrong token beside the right cookie: %d", status)
	}
	if status, _, _ := frame.fetch("GET", "/ccp-v2/session?token="+token, ""); status != 401 {
		t.Errorf("a token in the URL: %d", status)
	}
	if status, _, _ := frame.fetch("POST", "/ccp-v2/token", "{}", "Authorization", "Bearer "+token); status != 401 {
		t.Errorf("a token that asks for another: %d", status)
	}
	elsewhere := frame.another()
	elsewhere.server = &httptest.Server{URL: strings.Replace(b.server.URL, "127.0.0.1", "localhost", 1)}
	if status := elsewhere.shows("Authorization", "Bearer "+token); status != 401 {
		t.Errorf("a token at another of our addresses: %d", status)
	}
	status, _, _ := frame.fetch("GET", "/ccp-v2/socket?page=window-2", "", "Origin", "https://evil.example", "Sec-WebSocket-Protocol", "holdfast, token."+token,
		"Connection", "Upgrade", "Upgrade", "websocket", "Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA==")
	if status != 403 {
		t.Errorf("a token that another page shows: %d", status)
	}
}

// A token ends with the login that asked for it, and that login with the token: after
// logging out on either side neither counts, and the window is closed.
func TestTokenAfterLoggingOut(t *testing.T) {
	b := browse(t, newWorld(t, nil))
	for _, side := range []string{"the browser", "the embedded page"} {
		b.logIn("ana", "sesame")
		token, frame := b.token(), b.another()
		conn, err := frame.embed(token)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := frame.await(conn, "hello"); err != nil {
			t.Fatal(err)
		}
		var status int
		var text string
		if side == "the browser" {
			status, text, _ = b.fetch("POST", "/ccp-v2/logout", "{}")
		} else {
			status, text, _ = frame.fetch("POST", "/ccp-v2/logout", "{}", "Authorization", "Bearer "+token)
		}
		if status != 200 {
			t.Fatalf("logging out in %s: %d %s", side, status, text)
		}
		if _, err := frame.await(conn, "nothing"); websocket.CloseStatus(err) != sessionOver {
			t.Errorf("after logging out in %s the window's connection ends with %v", side, err)
		}
		if status := frame.shows("Authorization", "Bearer "+token); status != 401 {
			t.Errorf("the token after logging out in %s: %d", side, status)
		}
		if _, err := frame.embed(token); err == nil {
			t.Errorf("after logging out in %s the token connects", side)
		}
		if status := b.shows(); status != 401 {
			t.Errorf("the cookie after logging out in %s: %d", side, status)
		}
	}
}

// Sessions end a while after their last window, and after some hours in any case.
func TestExpiredToken(t *testing.T) {
	var passed atomic.Int64
	w := newWorld(t, func(o *Options) {
		o.Now = func() time.Time { return time.Date(2026, 11, 29, 9, 0, 0, int(passed.Load()), time.UTC) }
		o.SessionFor, o.IdleFor = 8*time.Hour, time.Hour
	})
	pass := func(d time.Duration) { passed.Add(int64(d)) }
	b := browse(t, w)
	b.logIn("ana", "sesame")
	token, frame := b.token(), b.another()
	for range 7 {
		pass(59 * time.Minute)
		if status := frame.shows("Authorization", "Bearer "+token); status != 200 {
			t.Fatalf("a token that is used: %d", status)
		}
	}
	if status := b.shows(); status != 200 {
		t.Errorf("the cookie, whose embedded page is used: %d", status)
	}
	pass(time.Hour)
	for what, status := range map[string]int{"token": frame.shows("Authorization", "Bearer "+token), "cookie": b.shows()} {
		if status != 401 {
			t.Errorf("the %s after an hour in which nothing used it: %d", what, status)
		}
	}
	b.logIn("ana", "sesame")
	token = b.token()
	for range 9 {
		pass(55 * time.Minute)
		frame.shows("Authorization", "Bearer "+token)
		b.shows()
	}
	for what, status := range map[string]int{"token": frame.shows("Authorization", "Bearer "+token), "cookie": b.shows()} {
		if status != 401 {
			t.Errorf("the %s after eight hours in which it was used: %d", what, status)
		}
	}
}

// A frame that forgets its token at each load gets another, and the oldest gives way;
// the browser stays logged in.
func TestManyTokens(t *testing.T) {
	b := browse(t, newWorld(t, nil))
	b.logIn("ana", "sesame")
	first := b.token()
	var last string
	for range 3 * mostSessions {
		last = b.token()
	}
	frame := b.another()
	if status := frame.shows("Authorization", "Bearer "+first); status != 401 {
		t.Errorf("the first of many tokens: %d", status)
	}
	if status := frame.shows("Authorization", "Bearer "+last); status != 200 {
		t.Errorf("the last token: %d", status)
	}
	if status := b.shows(); status != 200 {
		t.Errorf("the cookie: %d", status)
	}
}

// What is known of an agent's sessions names each; one can be ended, with those of its
// embedded pages, or all.
func TestEndSessions(t *testing.T) {
	w := newWorld(t, nil)
	b := browse(t, w)
	b.logIn("ana", "sesame")
	token, frame := b.token(), b.another()
	conn, err := frame.embed(token)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := frame.await(conn, "hello"); err != nil {
		t.Fatal(err)
	}
	other := b.another()
	other.logIn("ana", "sesame")
	list, known := w.panel.Sessions("Ana")
	if !known || len(list) != 3 || list[0].Embedded || !list[1].Embedded || list[1].Windows != 1 || list[2].Windows != 0 {
		t.Fatalf("ana's sessions are %+v", list)
	}
	if _, known := w.panel.Sessions("eve"); known {
		t.Error("eve has sessions")
	}
	if n, err := w.panel.EndSessions(t.Context(), "ana", "no such"); n != 0 || err != nil {
		t.Errorf("ending what there is not: %d, %v", n, err)
	}
	if n, err := w.panel.EndSessions(t.Context(), "ana", list[0].ID); n != 2 || err != nil {
		t.Errorf("ending the browser's: %d, %v", n, err)
	}
	if _, err := frame.await(conn, "nothing"); websocket.CloseStatus(err) != sessionOver {
		t.Errorf("the window's connection ends with %v", err)
	}
	if status := b.shows(); status != 401 {
		t.Errorf("a browser whose session was ended: %d", status)
	}
	if status := other.shows(); status != 200 {
		t.Errorf("another browser: %d", status)
	}
	if n, err := w.panel.EndSessions(t.Context(), "ana", ""); n != 1 || err != nil {
		t.Errorf("ending all: %d, %v", n, err)
	}
	if a, _ := w.dispatcher.Agent("ana"); other.shows() != 401 || a.Status.State != "offline" {
		t.Errorf("after all were ended: %d, and ana wants to be %s", other.shows(), a.Status.State)
	}
}

// A login that is ended by request ends in the middle of a call, too: its window loses
// the audio at once.
func TestEndSessionsInACall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		ana := talking(t, w)
		w.noted()
		if n, err := w.panel.EndSessions(t.Context(), "ana", ""); n != 1 || err != nil {
			t.Fatalf("ended %d sessions, %v", n, err)
		}
		synctest.Wait()
		if got := w.noted(); ana.socket.code != sessionOver || !strings.Contains(got, "Disconnect c1_2") {
			t.Errorf("the window is closed with %d; noted %s", ana.socket.code, got)
		}
	})
}
