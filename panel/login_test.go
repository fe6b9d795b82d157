package panel

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"holdfast/call"
	"holdfast/routing"
)

func TestLogIn(t *testing.T) {
	w := newWorld(t, nil)
	b := browse(t, w)
	if status, text, _ := b.logIn("ana", "guess"); status != 401 || !strings.Contains(text, "The name or the password is wrong.") {
		t.Errorf("a wrong password: %d %s", status, text)
	}
	if status, _, _ := b.logIn("nobody", "sesame"); status != 401 {
		t.Errorf("a wrong name: %d", status)
	}
	if status, _, _ := b.fetch("GET", "/ccp-v2/session", ""); status != 401 {
		t.Errorf("without logging in: %d", status)
	}
	status, _, h := b.logIn("Ana ", "sesame")
	cookie := h.Get("Set-Cookie")
	for _, want := range []string{"Path=/ccp-v2/", "Max-Age=57600", "HttpOnly", "SameSite=Lax"} {
		if !strings.Contains(cookie, want) {
			t.Errorf("the cookie %q lacks %s", cookie, want)
		}
	}
	if status != 200 {
		t.Fatalf("the right password: %d", status)
	}
	if status, text, _ := b.fetch("GET", "/ccp-v2/session", ""); status != 200 || !strings.Contains(text, `"ana"`) {
		t.Errorf("logged in: %d %s", status, text)
	}
	if status, _, _ := b.fetch("POST", "/ccp-v2/login", `{"name":"ana","password":"sesame"}`, "Origin", "https://elsewhere.example", "Sec-Fetch-Site", "cross-site"); status != 403 {
		t.Errorf("logging in from another page: %d", status)
	}
	_, _, h = b.fetch("POST", "/ccp-v2/login", `{"name":"ana","password":"sesame"}`, "Origin", strings.Replace(b.server.URL, "http", "https", 1))
	if !strings.Contains(h.Get("Set-Cookie"), "; Secure;") {
		t.Errorf("with TLS, the cookie is %q", h.Get("Set-Cookie"))
	}
	if status, _, _ := b.fetch("POST", "/ccp-v2/login", strings.Repeat("x", longestLogin+1)); status != 400 {
		t.Errorf("a request to log in that is too long: %d", status)
	}
}

// The log names the account for which a wrong password was given, and no name that
// may be a password written in the wrong field.
func TestWrongPasswordIsLogged(t *testing.T) {
	var logged bytes.Buffer
	t.Run("wrong passwords", func(t *testing.T) { // whose end is that of all who log
		b := browse(t, newWorld(t, func(o *Options) { o.Log = slog.New(slog.NewTextHandler(&logged, nil)) }))
		b.logIn("Ana", "s3cret")
		b.logIn("s3cret", "s3cret")
	})
	if got := logged.String(); strings.Count(got, "agent=ana source=127.0.0.1") != 1 || !strings.Contains(got, "a name that no account has") || strings.Contains(got, "s3cret") {
		t.Errorf("logged:\n%s", got)
	}
}

// Two servers on one machine do not log each other out: the cookie of each has its
// port in its name.
func TestCookieName(t *testing.T) {
	for host, want := range map[string]string{
		"localhost:8090": "holdfast_session_8090", "localhost:8091": "holdfast_session_8091", "[::1]:8090": "holdfast_session_8090",
		"holdfast.example.com": "holdfast_session", "localhost:x=y;": "holdfast_session", "localhost:": "holdfast_session",
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Host = host
		if got := cookieName(r); got != want {
			t.Errorf("%s: got %s, want %s", host, got, want)
		}
	}
	w, other := newWorld(t, nil), newWorld(t, nil)
	b := browse(t, w)
	b.logIn("ana", "sesame")
	there := httptest.NewServer(other.panel.Handler())
	t.Cleanup(there.Close)
	here := b.server
	b.server = there
	b.logIn("ben", "sesame")
	b.server = here
	if status, text, _ := b.fetch("GET", "/ccp-v2/session", ""); status != 200 || !strings.Contains(text, `"ana"`) {
		t.Errorf("after a login at another port: %d %s", status, text)
	}
}

// Ten wrong passwords delay the account and the source, ever longer, and nobody
// who is logged in.
func TestWrongPasswords(t *testing.T) {
	var passed atomic.Int64
	pass := func(d time.Duration) { passed.Add(int64(d)) }
	w := newWorld(t, func(o *Options) {
		o.Now = func() time.Time { return time.Date(2026, 11, 28, 9, 0, 0, int(passed.Load()), time.UTC) }
	})
	b := browse(t, w)
	if status, _, _ := b.logIn("ana", "sesame"); status != 200 {
		t.Fatal("ana cannot log in")
	}
	guesser := b.another()
	for range freeAttempts {
		if status, _, _ := guesser.logIn("ana", "guess"); status != 401 {
			t.Fatalf("a wrong password: %d", status)
		}
	}
	status, text, h := guesser.logIn("ana", "sesame")
	if status != 429 || h.Get("Retry-After") != "1" || !strings.Contains(text, "Try again in 1 s.") {
		t.Errorf("after ten wrong ones: %d %s, retry after %q", status, text, h.Get("Retry-After"))
	}
	if status, _, _ := guesser.logIn("ben", "sesame"); status != 200 {
		t.Errorf("another agent at the same source: %d", status)
	}
	if status, _, _ := b.fetch("GET", "/ccp-v2/session", ""); status != 200 {
		t.Errorf("ana, who is logged in: %d", status)
	}
	pass(time.Second)
	if status, _, _ := guesser.logIn("ana", "guess"); status != 401 {
		t.Error("the delay does not end")
	}
	if _, _, h := guesser.logIn("ana", "guess"); h.Get("Retry-After") != "2" {
		t.Errorf("the delay does not grow: %s", h.Get("Retry-After"))
	}
	pass(forgetAttempts + longestDelay)
	if status, _, _ := guesser.logIn("ana", "sesame"); status != 200 {
		t.Errorf("a quarter of an hour later: %d", status)
	}
}

// However many guess, what is remembered is bounded.
func TestManySources(t *testing.T) {
	now := time.Date(2026, 11, 28, 9, 0, 0, 0, time.UTC)
	a := newAttempts(func() time.Time { return now }, mostRecalled, freeAttempts)
	for i := range mostRecalled + 200 {
		now = now.Add(time.Millisecond)
		a.wrong(fmt.Sprintf("source %d", i))
	}
	if n := len(a.failed); n > mostRecalled {
		t.Errorf("%d sources are remembered", n)
	}
}

// What a stranger learns and does by guessing: a name that no account has responds
// like one that has, an account stays delayed whatever else is guessed, and the agent
// can log in where they have before.
func TestGuesses(t *testing.T) {
	now := time.Date(2026, 11, 28, 9, 0, 0, 0, time.UTC)
	g := newGuesses(func() time.Time { return now })
	at := func(name string, source int) login {
		return login{name: name, account: name == "ana", source: fmt.Sprintf("198.51.100.%d", source)}
	}
	g.right(at("ana", 1000)) // her office
	for i := range freeTogether {
		g.wrong(at("ana", i))
		g.wrong(at("Zoe", i+freeTogether))
	}
	for _, name := range []string{"ana", "zoe"} {
		if wait := g.delay(at(name, 999)); wait != time.Second {
			t.Errorf("after a hundred guesses from as many sources, %s waits %s", name, wait)
		}
	}
	if wait := g.delay(at("ana", 1000)); wait != 0 {
		t.Errorf("ana waits %s where she has logged in before", wait)
	}
	for i := range mostRecalled + 50 {
		now = now.Add(time.Microsecond)
		g.wrong(at(fmt.Sprintf("name %d", i), 2000+i))
	}
	if wait := g.delay(at("ana", 999)); wait <= 0 {
		t.Error("other guesses have made those for ana forgotten")
	}
	for range freeAttempts {
		g.wrong(at("ana", 1000))
	}
	if wait := g.delay(at("ana", 1000)); wait <= 0 {
		t.Error("where ana has logged in before, anything can be guessed")
	}
	for i := range mostRecalled + 50 {
		g.right(at("ana", i))
	}
	if n := len(g.familiar); n > mostRecalled {
		t.Errorf("%d places are remembered", n)
	}
}

// A stranger at one address, who goes on for a day, delays neither agents at that address
// nor the agent whose password they guess, at another one.
func TestStrangerDelaysNoAgent(t *testing.T) {
	now := time.Date(2026, 11, 29, 0, 0, 0, 0, time.UTC)
	g := newGuesses(func() time.Time { return now })
	stranger := login{name: "ana", account: true, source: "203.0.113.9"}
	g.right(login{name: "ben", account: true, source: stranger.source})
	for _, name := range []string{"ana", "ben"} {
		stranger.name = name
		guesses := 0
		for begin := now; now.Sub(begin) < 24*time.Hour; now = now.Add(time.Second) {
			if g.delay(stranger) == 0 {
				g.wrong(stranger)
				guesses++
			}
		}
		if guesses > 400 {
			t.Errorf("%d guesses a day about %s", guesses, name)
		}
		for _, l := range []login{
			{name: name, account: true, source: "198.51.100.7"},
			{name: "cleo", account: true, source: stranger.source},
		} {
			if wait := g.delay(l); wait != 0 {
				t.Errorf("after a day of guesses about %s, %s at %s waits %s", name, l.name, l.source, wait)
			}
		}
	}
}

func TestSource(t *testing.T) {
	tests := []struct{ remote, forwarded, want string }{
		{"192.0.2.7:1000", "", "192.0.2.7"},
		{"192.0.2.7:1000", "198.51.100.1", "192.0.2.7"}, // nobody there is our proxy
		{"127.0.0.1:1000", "", "127.0.0.1"},
		{"127.0.0.1:1000", "203.0.113.9, 198.51.100.1", "198.51.100.1"},
		{"[::1]:1000", "nonsense", "::1"},
		{"127.0.0.1:1000", "198.51.100.1:4711", "198.51.100.1"},
		{"127.0.0.1:1000", "2001:db8::1", "2001:db8::/64"},
		{"127.0.0.1:1000", "[2001:db8::2]:4711", "2001:db8::/64"},
		{"127.0.0.1:1000", "2001:db8::3%eth0", "2001:db8::/64"},
		{"127.0.0.1:1000", "::ffff:198.51.100.1", "198.51.100.1"},
	}
	for _, test := range tests {
		r := httptest.NewRequest("POST", "/", nil)
		r.RemoteAddr = test.remote
		if test.forwarded != "" {
			r.Header.Set("X-Forwarded-For", test.forwarded)
		}
		if got := sourceOf(r); got != test.want {
			t.Errorf("from %s for %q: got %s, want %s", test.remote, test.forwarded, got, test.want)
		}
	}
}

// A session outlives the server, and ends with logging out, in time, and with a
// new password.
func TestSessions(t *testing.T) {
	now := time.Date(2026, 11, 28, 9, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	store := &memory{}
	logins := map[string]string{"ana": "1", "ben": "1"}
	open := func() *sessions {
		s, err := readSessions(t.Context(), Options{Store: store, Now: clock, SessionFor: workingDay, IdleFor: longBreak}, logins)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := open()
	token, err := s.open(t.Context(), "ana")
	if err != nil {
		t.Fatal(err)
	}
	if items, _ := store.All(t.Context(), sessionKind); bytes.Contains(items[0].Data, []byte(token)) {
		t.Error("the token itself is kept")
	}
	other := open() // another life, or another server
	agent, hash, ok := other.agent(token, "")
	if !ok || agent != "ana" {
		t.Fatalf("after a restart the session is %q's, %v", agent, ok)
	}
	if _, err := other.open(t.Context(), "ana"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.open(t.Context(), "ana"); err != nil { // which does not know of the one before
		t.Errorf("after somebody else has written: %v", err)
	}
	logins["ana"] = "2"
	if _, _, ok := open().agent(token, ""); ok {
		t.Error("the session outlives the password")
	}
	logins["ana"] = "1"
	now = now.Add(workingDay)
	if _, _, ok := open().agent(token, ""); ok {
		t.Error("the session does not end with the day")
	}
	now = now.Add(-time.Second)
	if err := s.revoke(t.Context(), "ana", hash); err != nil {
		t.Fatal(err)
	}
	if _, _, ok := open().agent(token, ""); ok {
		t.Error("the session outlives logging out")
	}
	for range 3 * mostSessions {
		if _, err := s.open(t.Context(), "ana"); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(s.known["ana"]); n != mostSessions {
		t.Errorf("ana has %d sessions, want %d at most", n, mostSessions)
	}
}

// Logging out ends every window of the session, and not in the middle of a call.
func TestLogOut(t *testing.T) {
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
	w.customerCalls("c1", agentNamed("ana"))
	if status, text, _ := b.fetch("POST", "/ccp-v2/logout", "{}"); status != 409 || !strings.Contains(text, "A call rings: take it or reject it first.") {
		t.Errorf("while a call rings: %d %s", status, text)
	}
	w.post("c1", call.Answered{Connection: 2})
	if status, text, _ := b.fetch("POST", "/ccp-v2/logout", "{}"); status != 409 || !strings.Contains(text, "You are in a call.") {
		t.Errorf("in a call: %d %s", status, text)
	}
	w.post("c1", call.HungUp{Connection: 1})
	if err := w.dispatcher.Clear(t.Context(), "ana", routing.SegmentID{Contact: "c1", Connection: 2}); err != nil {
		t.Fatal(err)
	}
	if status, text, _ := b.fetch("POST", "/ccp-v2/logout", "{}"); status != 200 {
		t.Errorf("logging out: %d %s", status, text)
	}
	if _, err := b.await(conn, "loggedOut"); err != nil {
		t.Errorf("the window is not told: %v", err)
	}
	if _, err := b.await(conn, "nothing"); websocket.CloseStatus(err) != sessionOver {
		t.Errorf("the window's connection ends with %v", err)
	}
	if status, _, _ := b.fetch("GET", "/ccp-v2/session", ""); status != 401 {
		t.Errorf("after logging out: %d", status)
	}
	if a, _ := w.dispatcher.Agent("ana"); a.State != "offline" {
		t.Errorf("ana is %s, want offline", a.State)
	}
}

// A connection is known by a request of an agent who is logged in.
func TestRecognised(t *testing.T) {
	var seen atomic.Int32
	b := browse(t, newWorld(t, func(o *Options) { o.Recognised = func(*http.Request) { seen.Add(1) } }))
	b.fetch("GET", "/ccp-v2/", "")
	b.fetch("GET", "/ccp-v2/session", "")
	b.logIn("ana", "guess")
	if n := seen.Load(); n != 0 {
		t.Errorf("%d requests of strangers are recognised", n)
	}
	b.logIn("ana", "sesame")
	b.fetch("GET", "/ccp-v2/session", "")
	token, frame := b.token(), b.another()
	frame.shows("Authorization", "Bearer "+token)
	if n := seen.Load(); n != 2 {
		t.Errorf("%d requests of an agent who is logged in are recognised, want 2", n)
	}
}
