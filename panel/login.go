package panel

import (
	"encoding/json"
	"fmt"
	"math"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"holdfast/routing"
)

const (
	longestLogin = 4 << 10 // bytes of a request to log in
	hashingMost  = 1       // passwords that are checked at a time; calls need the machine, too
)

// sessionOf returns the logged-in agent, and the hash of the session's token. A request
// that shows a token is that of an embedded page; its cookie, if the browser sends one,
// does not count.
func (p *Panel) sessionOf(r *http.Request) (agent, hash string, ok bool) {
	if token, shown := shownToken(r); shown {
		agent, hash, ok = p.sessions.agent(token, r.Host)
	} else {
		agent, hash, ok = p.cookieSession(r)
	}
	if ok && p.options.Recognised != nil {
		p.options.Recognised(r)
	}
	return agent, hash, ok
}

func (p *Panel) cookieSession(r *http.Request) (agent, hash string, ok bool) {
	c, err := r.Cookie(cookieName(r))
	if err != nil {
		return "", "", false
	}
	return p.sessions.agent(c.Value, "")
}

// shownToken returns the token of a request. Pages can set no header of a WebSocket but
// its protocols, so there the token is one of these. It is never part of a URL, which
// servers log and browsers remember.
func shownToken(r *http.Request) (token string, shown bool) {
	if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return token, true
	}
	for protocol := range strings.SplitSeq(strings.Join(r.Header.Values("Sec-Websocket-Protocol"), ","), ",") {
		if token, ok := strings.CutPrefix(strings.TrimSpace(protocol), tokenProtocol); ok {
			return token, true
		}
	}
	return "", false
}

// cookieName has the port at which the browser finds us: cookies ignore ports, and
// another server on the same machine would replace ours.
func cookieName(r *http.Request) string {
	const name = "holdfast_session"
	_, port, err := net.SplitHostPort(r.Host)
	if n, wrong := strconv.ParseUint(port, 10, 16); err == nil && wrong == nil {
		return fmt.Sprintf("%s_%d", name, n)
	}
	return name
}

// serveSession returns the logged-in agent.
func (p *Panel) serveSession(w http.ResponseWriter, r *http.Request) {
	agent, _, ok := p.sessionOf(r)
	if !ok {
		turnAway(w, http.StatusUnauthorized, "no agent is logged in")
		return
	}
	writeJSON(w, http.StatusOK, map[string]string{"agent": agent})
}

// serveLogin begins a session.
func (p *Panel) serveLogin(w http.ResponseWriter, r *http.Request) {
	var ask struct{ Name, Password string }
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, longestLogin)).Decode(&ask); err != nil {
		turnAway(w, http.StatusBadRequest, "name and password cannot be read")
		return
	}
	select {
	case p.hashing <- struct{}{}:
	case <-r.Context().Done():
		return
	case <-time.After(readWithin):
		turnAway(w, http.StatusServiceUnavailable, "Too many people are logging in. Try again in a moment.")
		return
	}
	agent, wait := p.check(ask.Name, ask.Password, sourceOf(r))
	<-p.hashing
	switch {
	case wait > 0:
		seconds := int(math.Ceil(wait.Seconds()))
		w.Header().Set("Retry-After", strconv.Itoa(seconds))
		turnAway(w, http.StatusTooManyRequests, fmt.Sprintf("Too many wrong passwords. Try again in %d s.", seconds))
	case agent == "":
		turnAway(w, http.StatusUnauthorized, "The name or the password is wrong.")
	default:
		p.begin(w, r, agent)
	}
}

// check returns the agent of that name if the password is right, or how long to
// wait before it may be checked.
func (p *Panel) check(name, word, source string) (agent string, wait time.Duration) {
	l := login{name: strings.TrimSpace(name), source: source}
	hash := p.options.Accounts[0].Login // checked for a name that no account has: the response takes as long
	if s := p.stationOf(l.name); s != nil {
		l.name, l.account, hash = s.account.Agent, true, s.account.Login
	}
	if wait := p.guesses.delay(l); wait > 0 {
		return "", wait
	}
	if !hash.Matches(word) || !l.account {
		p.guesses.wrong(l)
		if l.account {
			p.log.Info("a wrong password", "agent", l.name, "source", source)
		} else { // the text may be a password in the wrong field
			p.log.Info("a name that no account has", "source", source)
		}
		return "", 0
	}
	p.guesses.right(l)
	return l.name, 0
}

func (p *Panel) begin(w http.ResponseWriter, r *http.Request, agent string) {
	token, err := p.sessions.open(r.Context(), agent)
	if err != nil {
		p.log.Error("logging an agent in", "agent", agent, "err", err)
		turnAway(w, http.StatusServiceUnavailable, notRecorded)
		return
	}
	p.setCookie(w, r, token, int((p.options.SessionFor + lastCall).Seconds()))
	writeJSON(w, http.StatusOK, map[string]string{"agent": agent})
}

func (p *Panel) setCookie(w http.ResponseWriter, r *http.Request, value string, maxAge int) {
	http.SetCookie(w, &http.Cookie{
		Name: cookieName(r), Value: value, Path: path, MaxAge: maxAge, HttpOnly: true,
		Secure: isSecure(r), SameSite: http.SameSiteLaxMode,
	})
}

// serveToken begins the session of a page that is embedded at another site, where the
// browser sends no cookie. The window in which the agent has logged in asks for it, by
// its cookie, and hands the token to that page.
func (p *Panel) serveToken(w http.ResponseWriter, r *http.Request) {
	agent, hash, ok := p.cookieSession(r)
	if !ok {
		turnAway(w, http.StatusUnauthorized, "log in first")
		return
	}
	token, err := p.sessions.embed(r.Context(), agent, hash, r.Host)
	switch {
	case err != nil:
		p.log.Error("beginning the session of an embedded page", "agent", agent, "err", err)
		turnAway(w, http.StatusServiceUnavailable, notRecorded)
	case token == "":
		turnAway(w, http.StatusUnauthorized, "log in first")
	default:
		w.Header().Set("Cache-Control", "no-store")
		writeJSON(w, http.StatusOK, map[string]string{"token": token})
	}
}

// notRecorded is for agents who log in or out while the journal takes nothing.
const notRecorded = "The server cannot write its journal at the moment. Try again soon."

// serveLogout ends the session and sets the agent offline. An agent in a call must
// hang up first.
func (p *Panel) serveLogout(w http.ResponseWriter, r *http.Request) {
	agent, hash, ok := p.sessionOf(r)
	if !ok {
		p.setCookie(w, r, "", -1)
		writeJSON(w, http.StatusOK, struct{}{})
		return
	}
	s := p.stations[agent]
	if why := s.inCall(); why != "" {
		turnAway(w, http.StatusConflict, why)
		return
	}
	if err := p.options.Routing.SetStatus(r.Context(), agent, routing.Status{State: routing.Offline}); err != nil {
		p.log.Warn("an agent who logs out could not be set offline", "agent", agent, "err", err)
	}
	if err := p.sessions.revoke(r.Context(), agent, hash); err != nil {
		p.log.Error("logging an agent out", "agent", agent, "err", err)
		turnAway(w, http.StatusServiceUnavailable, notRecorded)
		return
	}
	s.do(s.endSessions)
	p.setCookie(w, r, "", -1)
	writeJSON(w, http.StatusOK, struct{}{})
}

// inCall is why an agent whose phone is the page cannot log out, or "".
func (s *station) inCall() string {
	all := s.segments()
	talks := func(x segment) bool { return legState(x.own.State) != connecting }
	switch {
	case s.account.Desk, len(all) == 0:
		return ""
	case slices.ContainsFunc(all, talks):
		return "You are in a call. Hang up or hand the customer over first."
	}
	return "A call rings: take it or reject it first."
}

const sessionEnded = "the session has ended" // why a window is closed

// logOut closes all windows of a session and cuts its audio.
func (s *station) logOut(session string) {
	cut := s.offered == session
	for _, p := range s.pages {
		if p.isThere() && p.socket.session == session {
			p.send(loggedOut{})
			p.detach(sessionOver, sessionEnded)
			if s.audio == p.id {
				s.audio, cut = "", true
			}
		}
	}
	if cut {
		s.cutAudio()
	}
	if s.audio == "" {
		s.releaseAudio()
	}
	if !slices.ContainsFunc(s.pages, (*page).isThere) {
		s.goneBy = s.now()
	}
}

// endSessions closes the windows of sessions that have ended since they connected, and
// cuts the audio of such a session, whose window may have dropped its connection.
func (s *station) endSessions() {
	for _, p := range s.pages {
		if p.isThere() && !s.panel.sessions.holds(s.account.Agent, p.socket.session) {
			s.logOut(p.socket.session)
		}
	}
	if s.offered != "" && s.panel.sessions.ended(s.account.Agent, s.offered) {
		s.logOut(s.offered)
	}
}

// isSecure reports whether the browser uses TLS, to us or to a proxy. Browsers send
// the origin of the page with every POST; not every proxy adds a header for it.
func isSecure(r *http.Request) bool {
	return cameOverTLS(r) || strings.HasPrefix(r.Header.Get("Origin"), "https://")
}

// cameOverTLS reports whether a request has come over TLS, to us or to a proxy on this
// machine that reports it.
func cameOverTLS(r *http.Request) bool {
	return r.TLS != nil || fromLoopback(r) && r.Header.Get("X-Forwarded-Proto") == "https"
}

func fromLoopback(r *http.Request) bool {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && at.Addr().Unmap().IsLoopback()
}

// sourceOf returns the address that a request comes from, as a proxy on this
// machine reports it if there is one. All addresses of an IPv6 network count as one
// source, because a client has very many of them.
func sourceOf(r *http.Request) string {
	if f := r.Header.Values("X-Forwarded-For"); len(f) > 0 && fromLoopback(r) {
		last := f[len(f)-1]
		if source, ok := parseSource(strings.TrimSpace(last[strings.LastIndexByte(last, ',')+1:])); ok {
			return source
		}
	}
	if source, ok := parseSource(r.RemoteAddr); ok {
		return source
	}
	return r.RemoteAddr
}

// parseSource reads an address, with or without a port.
func parseSource(written string) (source string, ok bool) {
	at, err := netip.ParseAddr(written)
	if err != nil {
		withPort, err := netip.ParseAddrPort(written)
		if err != nil {
			return "", false
		}
		at = withPort.Addr()
	}
	if at = at.Unmap().WithZone(""); at.Is4() || at.IsLoopback() {
		return at.String(), true
	}
	network, err := at.Prefix(64)
	return network.String(), err == nil
}
