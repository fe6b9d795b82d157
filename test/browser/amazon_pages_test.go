package browser

import (
	"net/http"
	"testing"
)

// serveConnect serves the package of connect/, as it lies there, and pages that transfer
// by it.
func (c *CRM) serveConnect(t *testing.T) {
	t.Helper()
	c.site.Handle("GET /connect/", http.StripPrefix("/connect/", http.FileServer(http.Dir(connectDir))))
	for at, file := range map[string]string{
		"/plain": "plain.html", "/plain.js": "plain.js",
		"/engine": "engine.html", "/engine.js": "engine.js",
		"/engine-sdk": "engine_sdk.html", "/engine_sdk.js": "engine_sdk.js",
	} {
		c.site.HandleFunc("GET "+at, func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, "testdata/"+file) })
	}
}
