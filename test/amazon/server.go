package amazon

import (
	"embed"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
)

//go:embed site
var site embed.FS

// Start serves a new agent until the test ends. library is the file of Amazon Connect
// Streams that the shared worker runs. The browser must accept any certificate: the
// worker uses no WebSocket without TLS.
func Start(t testing.TB, library string) *Service {
	t.Helper()
	streams, err := os.ReadFile(library)
	if err != nil {
		t.Fatalf("reading the library: %v", err)
	}
	s := New()
	mux := http.NewServeMux()
	mux.Handle("/", s.OwnPages())
	mux.HandleFunc("GET /worker", serveFile("worker.html"))
	mux.HandleFunc("GET /worker.js", serveFile("worker.js"))
	mux.HandleFunc("GET /connect-streams.js", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		_, _ = w.Write(streams) // a browser that is gone
	})
	mux.HandleFunc("POST /api", s.serveCTI)
	mux.HandleFunc("POST /api/", s.serveCTI)
	mux.HandleFunc("GET /transport", serveTransport)
	server := httptest.NewUnstartedServer(mux)
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // browsers that close connections
	server.EnableHTTP2 = true                           // requests that are never answered must not use up the connections
	server.StartTLS()
	t.Cleanup(func() {
		server.CloseClientConnections() // polls may last long
		server.Close()
	})
	origin := strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
	s.WorkerPage, s.OwnPage = origin+"/worker", origin+"/own"
	s.socket = "wss" + strings.TrimPrefix(origin, "https") + "/transport"
	return s
}

// OwnPages serves the agent's page of our own at /own, also without TLS.
func (s *Service) OwnPages() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /own", serveFile("own.html"))
	mux.HandleFunc("GET /own.js", serveFile("own.js"))
	mux.HandleFunc("GET /page", s.servePage)
	mux.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	return mux
}

func serveFile(name string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { http.ServeFileFS(w, r, site, "site/"+name) }
}
