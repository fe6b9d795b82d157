package panel

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	cdpbrowser "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"

	browsers "holdfast/test/browser"
)

// A visitors log has what came to the agents' page from inside another page.
type visitors struct {
	mu      sync.Mutex
	tokens  int // that were asked for
	cookies int // of WebSockets
	shown   int // tokens of WebSockets
}

func (v *visitors) count() (tokens, cookies, shown int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.tokens, v.cookies, v.shown
}

func (v *visitors) watch(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v.mu.Lock()
		switch r.URL.Path {
		case "/ccp-v2/token":
			v.tokens++
		case "/ccp-v2/socket":
			if _, shown := shownToken(r); shown {
				v.shown++
			}
			v.cookies += len(r.Cookies())
		}
		v.mu.Unlock()
		next.ServeHTTP(w, r)
	})
}

// The agents' page works in a page at another site, in a browser that sends no cookie
// there: by the token that the window in which the agent logs in hands over, whether
// Amazon's library has opened that window or the button in the frame. The first page
// around counts as on the internet: Chromium keeps the frame from it until that is
// allowed, and the window says so. The second page has ours over HTTPS, and forges
// tokens. Neither gets a message of ours.
func TestPageAtAnotherSite(t *testing.T) {
	browsers.Need(t)
	d := &desktop{}
	d.serve(t, "localhost") // and the agents' page is at 127.0.0.1
	d.screen = chromium(t, withMicrophone, chromedp.Flag("disable-popup-blocking", true), chromedp.Flag("test-third-party-cookie-phaseout", true),
		chromedp.Flag("ignore-certificate-errors", true),
		chromedp.Flag("ip-address-space-overrides", strings.Replace(d.around.URL, "http://localhost", "127.0.0.1", 1)+"=public"))
	var seen visitors
	pages := d.server.Config.Handler
	d.server.Config.Handler = seen.watch(typing(pages))
	d.everywhere(noMedia)

	d.visit(d.url())
	d.until(`connect.core.loginWindow?.closed === false`)
	d.does(`window.stolen = [];
		window.addEventListener("message", (e) => e.data?.holdfast && window.stolen.push(e.data));
		connect.core.loginWindow.postMessage({ holdfast: "wanted" }, "*")`)
	d.window().shows("allow “local network access” in the settings for that page")
	d.shoot("44 desktop on the internet")
	if n := value[int](d.screen, `window.stolen.length`); n > 0 {
		t.Errorf("the page around got %d messages of the window", n)
	}
	command(d.screen, cdpbrowser.SetPermission, cdpbrowser.SetPermissionParams{
		Permission: &cdpbrowser.PermissionDescriptor{Name: "loopback-network"}, Setting: cdpbrowser.PermissionSettingGranted, Origin: d.around.URL,
	})
	d.visit(d.url())
	d.until(`document.querySelector("#agent").textContent.startsWith("ana: ")`)
	d.frameHasAudio()
	d.reload()
	d.until(`document.querySelector("#agent").textContent.startsWith("ana: ")`)
	d.frameHasAudio()
	if tokens, cookies, shown := seen.count(); tokens != 1 || cookies != 0 || shown < 2 {
		t.Errorf("the frame got %d tokens and showed one %d times, and %d cookies; want one token, also when it was loaded again, and no cookie", tokens, shown, cookies)
	}
	d.does(`connect.core.getUpstream().sendUpstream(connect.EventType.TERMINATE)`)
	d.hasLoggedOut()

	d.visit("about:blank")
	secure := httptest.NewTLSServer(seen.watch(pressing(typing(pages))))
	t.Cleanup(secure.Close)
	d.visit(d.crm.Page(secure.URL + "/ccp-v2/"))
	d.does(`setInterval(() => frames[0]?.postMessage({ holdfast: "token", token: "forged" }, "*"), 20)`)
	d.until(`connect.agent.initialized`)
	d.frameHasAudio()
	if tokens, cookies, _ := seen.count(); tokens != 2 || cookies != 0 {
		t.Errorf("by the button the frame got %d tokens and showed %d cookies, want one more token and no cookie", tokens-1, cookies)
	}
}

// window waits for the window that is opened to log in.
func (d *desktop) window() *screen {
	d.t.Helper()
	for late := time.Now().Add(patience); time.Now().Before(late); {
		targets, err := chromedp.Targets(d.ctx)
		if err != nil {
			d.t.Fatal(err)
		}
		for _, x := range targets {
			if x.Type == "page" && strings.HasPrefix(x.URL, d.server.URL) {
				ctx, cancel := chromedp.NewContext(d.ctx, chromedp.WithTargetID(x.TargetID))
				d.t.Cleanup(cancel)
				return &screen{d.t, ctx}
			}
		}
		value[bool](d.screen, `new Promise((done) => setTimeout(done, 30, true))`)
	}
	d.t.Fatal("no window is opened")
	return nil
}

// pressing has the frame's button pressed.
func pressing(next http.Handler) http.Handler {
	return adding(next, `
if (isEmbedded) setTimeout(() => embedded.checkVisibility() && embedded.querySelector("button").click(), 500);`)
}
