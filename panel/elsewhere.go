package panel

import (
	"encoding/json"
	"net/http"
	"strings"
)

// elsewhere is shown at an address where nothing is.
const elsewhere = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Holdfast</title>
<main>
<h1>There is nothing at this address</h1>
<p>The agents' page is at <a href="` + path + `">` + path + `</a>.</p>
</main>
`

// serveElsewhere answers requests for paths that do not exist: a browser gets a link
// to the page, and a program that looks for the HTTP interface gets a problem (RFC
// 9457).
func (p *Panel) serveElsewhere(w http.ResponseWriter, r *http.Request) {
	if !strings.HasPrefix(r.URL.Path, "/v1/") {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(http.StatusNotFound)
		_, _ = w.Write([]byte(elsewhere)) // the browser may be gone
		return
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(http.StatusNotFound)
	_ = json.NewEncoder(w).Encode(map[string]any{ // the program may be gone
		"title": http.StatusText(http.StatusNotFound), "status": http.StatusNotFound,
		"detail": "this is the address of the agents' page; the HTTP interface is at that of [api] listen, usually port 8080",
	})
}
