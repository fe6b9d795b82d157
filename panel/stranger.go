package panel

import (
	"html/template"
	"net/http"
)

// stranger is shown inside a page that is not approved. It has no function.
var stranger = template.Must(template.New("stranger").Parse(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Holdfast</title>
<link rel="stylesheet" href="/ccp-v2/base.css">
<link rel="stylesheet" href="/ccp-v2/page.css">
<body class="plain">
<main class="notice" role="alert">
<h1>This page may not be embedded here</h1>
<p>The page around this one, <b>{{.}}</b>, is not approved.</p>
<p>If it should be, add it to the configuration of Holdfast and start the server again:</p>
<pre>[panel]
origins = ["{{.}}"]</pre>
</main>
`))

func (p *Panel) serveStranger(w http.ResponseWriter, origin string) {
	if p.odd.AllowN(p.options.Now(), 1) {
		p.log.Warn("the agents' page is embedded by a page that is not in [panel] origins", "origin", origin)
	}
	h := w.Header()
	h.Del("X-Frame-Options") // the page around shows it
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'")
	w.WriteHeader(http.StatusForbidden)
	_ = stranger.Execute(w, origin) // the browser may be gone
}
