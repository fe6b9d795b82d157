package browser

import (
	"fmt"
	"net/http"
	"os/exec"
	"sync"
	"testing"
)

// buildEngine builds what a page loads to have the engine.
var buildEngine = sync.OnceValue(func() error {
	if said, err := exec.Command("../../scripts/wasm").CombinedOutput(); err != nil {
		return fmt.Errorf("building the engine: %w\n%s", err, said)
	}
	return nil
})

// serveConnect serves the package of connect/, as it lies there, and pages that transfer
// by it.
func (c *CRM) serveConnect(t *testing.T) {
	t.Helper()
	if err := buildEngine(); err != nil {
		t.Fatal(err)
	}
	files := http.StripPrefix("/connect/", http.FileServer(http.Dir(connectDir)))
	c.site.Handle("GET /connect/", files)
	c.site.HandleFunc("GET /connect/dist/worker.js", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "script-src 'self' 'wasm-unsafe-eval'")
		files.ServeHTTP(w, r)
	})
	c.site.HandleFunc("GET /strict", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "script-src 'self'")
		http.ServeFile(w, r, "testdata/engine.html")
	})
	for at, file := range map[string]string{
		"/plain": "plain.html", "/plain.js": "plain.js",
		"/engine": "engine.html", "/engine.js": "engine.js",
		"/engine-sdk": "engine_sdk.html", "/engine_sdk.js": "engine_sdk.js",
		"/engine_crm.js": "engine_crm.js", "/connect/dist/measured.js": "measured.js",
	} {
		c.site.HandleFunc("GET "+at, func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, "testdata/"+file) })
	}
}
