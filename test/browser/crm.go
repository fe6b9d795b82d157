package browser

import (
	_ "embed"
	"net"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

//go:embed testdata/crm.html
var crmPage []byte

//go:embed testdata/crm.js
var crmScript []byte

//go:embed testdata/sdk.html
var sdkPage []byte

//go:embed testdata/sdk.js
var sdkScript []byte

// A CRM is a web site with two pages that embed the agent's page, as an integrator
// would write them: one by the library, and one by the Amazon Connect SDK alone. They
// log the events they get (Tab.Logged). Both have functions for scripts:
//
//	crm.isThere(), crm.isRinging(), crm.isOver()
//	crm.accept(), crm.resume() // promises
//	crm.consult("cardiology")  // adds a third party
//	crm.handOver("cardiology") // a cold transfer, step by step
//
// The page by the library has more:
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
	site   *http.ServeMux
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
	for at, file := range map[string]struct {
		kind string
		text []byte
	}{
		"/{$}":                {"text/html", crmPage},
		"/crm.js":             {"text/javascript", crmScript},
		"/connect-streams.js": {"text/javascript", library},
		"/brief.js":           {"text/javascript", brief},
		"/alone":              {"text/html", sdkPage},
		"/sdk.js":             {"text/javascript", sdkScript},
		"/favicon.ico":        {"image/x-icon", nil},
	} {
		site.HandleFunc("GET "+at, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", file.kind+"; charset=utf-8")
			_, _ = w.Write(file.text) // a browser that is gone
		})
	}
	site.Handle("GET /sdk/", http.StripPrefix("/sdk/", modules(os.Getenv(sdkEnv))))
	return &CRM{serve(t, site), site}
}

// modules serves ES modules of npm packages. These import each other without ".js" or
// "/index.js", which bundlers add.
func modules(dir string) http.Handler {
	files := http.FileServer(http.Dir(dir))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		file := filepath.Join(dir, filepath.FromSlash(path.Clean("/"+r.URL.Path)))
		for _, end := range []string{".js", "/index.js"} {
			if _, err := os.Stat(file + end); err == nil {
				http.Redirect(w, r, "/sdk/"+r.URL.Path+end, http.StatusFound) // relative imports start there
				return
			}
		}
		files.ServeHTTP(w, r)
	})
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

// Page is the address of the page by the library around the agent's page at ccp.
func (c *CRM) Page(ccp string) string { return c.at("/", ccp) }

// SDKPage is the address of the page by the SDK alone around the agent's page at ccp.
func (c *CRM) SDKPage(ccp string) string { return c.at("/alone", ccp) }

func (c *CRM) at(page, ccp string) string {
	page, query, _ := strings.Cut(page, "?")
	values, _ := url.ParseQuery(query) // ours
	values.Set("ccp", ccp)
	return c.Origin + page + "?" + values.Encode()
}
