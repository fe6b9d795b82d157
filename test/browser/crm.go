package browser

import (
	_ "embed"
	"net"
	"net/http"
	"net/url"
	"os"
	"testing"
)

//go:embed testdata/crm.html
var crmPage []byte

//go:embed testdata/crm.js
var crmScript []byte

// A CRM is a web site with a page that embeds the agent's page by the library, as
// an integrator would write it. It logs what the library tells it (Tab.Logged),
// and does what scripts call:
//
//	crm.transfer(endpoint)        // cold, by the calls of the brief
//	crm.sampleTransfer(endpoint)  // in the order of a sample of AWS
//	crm.number("+15550100")       // an endpoint
//	crm.quickConnect("reception") // a promise of an endpoint
//	crm.agent(), crm.contact(), crm.ringing(), crm.leg("inbound") // of Streams
//	crm.asked("resume", told => crm.leg("inbound").resume(told)) // any call
type CRM struct {
	// Origin is that of the page, such as "http://localhost:40000".
	Origin string
}

// ServeCRM serves the page at an origin of its own until the test ends. If
// HOLDFAST_BRIEF names the file of the brief, the page transfers by its code.
func ServeCRM(t testing.TB) *CRM {
	t.Helper()
	Need(t)
	brief, err := briefScript()
	if err != nil {
		t.Fatal(err)
	}
	library, err := os.ReadFile(os.Getenv(insideEnv))
	if err != nil {
		t.Fatalf("reading the library: %v", err)
	}
	site := http.NewServeMux()
	for path, file := range map[string]struct {
		kind string
		text []byte
	}{
		"/{$}":                {"text/html", crmPage},
		"/crm.js":             {"text/javascript", crmScript},
		"/connect-streams.js": {"text/javascript", library},
		"/brief.js":           {"text/javascript", brief},
		"/favicon.ico":        {"image/x-icon", nil},
	} {
		site.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", file.kind+"; charset=utf-8")
			_, _ = w.Write(file.text) // a browser that is gone
		})
	}
	return &CRM{Origin: serve(t, site)}
}

// serve serves a site until the test ends, and returns its origin.
func serve(t testing.TB, site http.Handler) string {
	t.Helper()
	door, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("serving pages: %v", err)
	}
	server := &http.Server{Handler: site}
	go func() { _ = server.Serve(door) }() // ends with the server
	t.Cleanup(func() { _ = server.Close() })
	_, port, _ := net.SplitHostPort(door.Addr().String())
	return "http://localhost:" + port
}

// Page is the address of the page around the agent's page at ccp.
func (c *CRM) Page(ccp string) string {
	return c.Origin + "/?" + url.Values{"ccp": {ccp}}.Encode()
}
