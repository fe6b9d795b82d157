package panel

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/json"
	"io/fs"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"holdfast/hostcheck"
)

// Where the page is; Amazon's own is at either.
const (
	path      = "/ccp-v2/"
	otherPath = "/connect/ccp-v2/"
)

//go:embed site
var embedded embed.FS

// Handler serves the page and its files, login and socket.
func (p *Panel) Handler() http.Handler {
	site, err := fs.Sub(embedded, "site")
	if err != nil {
		panic(err)
	}
	page, err := fs.ReadFile(site, "index.html")
	if err != nil {
		panic(err)
	}
	index := p.index(page)
	mux := http.NewServeMux()
	mux.Handle("GET "+path+"{$}", index)
	mux.Handle("GET "+otherPath+"{$}", index)
	mux.Handle("GET "+path, http.StripPrefix(path, http.FileServerFS(site)))
	mux.HandleFunc("GET "+path+"session", p.serveSession)
	mux.HandleFunc("GET "+path+"socket", p.serveSocket)
	mux.HandleFunc("POST "+path+"login", p.serveLogin)
	mux.HandleFunc("POST "+path+"logout", p.serveLogout)
	mux.HandleFunc("POST "+path+"token", p.serveToken)
	mux.Handle("GET /{$}", http.RedirectHandler(path, http.StatusFound))
	mux.HandleFunc("GET /", p.serveElsewhere)

	crossOrigin := http.NewCrossOriginProtection()
	crossOrigin.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		turnAway(w, http.StatusForbidden, otherPages)
	}))
	return p.guarded(p.onlyHere(onlyOverTLS(crossOrigin.Handler(mux))))
}

// onlyOverTLS refuses requests over TLS from a page that was loaded without it. The
// page has our name, so CrossOriginProtection would let it pass, but any attacker in
// its network may have written it.
func onlyOverTLS(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if cameOverTLS(r) && strings.HasPrefix(r.Header.Get("Origin"), "http://") {
			turnAway(w, http.StatusForbidden, otherPages)
			return
		}
		next.ServeHTTP(w, r)
	})
}

const otherPages = "requests from other web pages are not taken"

// onlyHere refuses requests that were meant for another name: a web page whose name
// has been made to point at this machine (DNS rebinding) could use ours.
func (p *Panel) onlyHere(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !p.options.Names.Allow(r) {
			turnAway(w, http.StatusForbidden, hostcheck.Refused)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// guarded sets the headers that all responses have. The page has a policy of its
// own. None of them is Cross-Origin-Opener-Policy: the window in which an agent logs
// in must be able to reach the page that has opened it.
func (p *Panel) guarded(next http.Handler) http.Handler {
	policy := p.policy("default-src 'none'")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		if len(p.options.Origins) == 0 { // this header can name no origins
			h.Set("X-Frame-Options", "DENY")
		}
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cache-Control", "no-cache")
		next.ServeHTTP(w, r)
	})
}

// policy is a Content-Security-Policy: the sources a response may load from, and the
// pages that may embed it.
func (p *Panel) policy(loads string) string {
	ancestors := "'none'"
	if len(p.options.Origins) > 0 {
		ancestors = strings.Join(p.options.Origins, " ")
	}
	return loads + "; base-uri 'none'; form-action 'none'; frame-ancestors " + ancestors
}

// index serves the page. Inside a page that is not approved it serves an explanation
// instead.
func (p *Panel) index(page []byte) http.Handler {
	policy := p.policy("default-src 'none'; script-src 'self' " + inline(page) + "; style-src 'self'; img-src 'self' data:; " +
		"media-src 'self' blob:; connect-src 'self'")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Vary", "Referer, Sec-Fetch-Dest, Sec-Fetch-Site")
		if origin, embeds := embedder(r); embeds && !slices.Contains(p.options.Origins, origin) {
			p.serveStranger(w, origin)
			return
		}
		h.Set("Content-Security-Policy", policy)
		h.Set("Permissions-Policy", "microphone=(self), autoplay=(self)")
		_, _ = w.Write(page)
	})
}

// inline is the source of a policy that allows the one script inside a page.
func inline(page []byte) string {
	_, after, _ := bytes.Cut(page, []byte("<script>"))
	script, _, _ := bytes.Cut(after, []byte("</script>"))
	sum := sha256.Sum256(script)
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// embedder returns the origin of the page around ours. A page can keep browsers
// from sending it; the policy then still keeps that page from embedding ours.
func embedder(r *http.Request) (origin string, embeds bool) {
	dest := r.Header.Get("Sec-Fetch-Dest")
	if dest != "iframe" && dest != "frame" && dest != "embed" && dest != "object" {
		return "", false
	}
	u, err := url.Parse(r.Referer())
	if err != nil || u.Host == "" || u.Host == r.Host && r.Header.Get("Sec-Fetch-Site") == "same-origin" {
		return "", false // not sent, or our own page
	}
	return u.Scheme + "://" + u.Host, true
}

// turnAway responds with an error.
func turnAway(w http.ResponseWriter, status int, text string) {
	writeJSON(w, status, map[string]string{"error": text})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the browser may be gone
}
