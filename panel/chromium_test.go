package panel

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	browsers "holdfast/test/browser"
)

// patience is how long a page is waited for.
const patience = 20 * time.Second

// A screen is a window of a real browser.
type screen struct {
	t   *testing.T
	ctx context.Context //nolint:containedctx // to chromedp a context is a window
}

// chromium starts a browser of its own, if HOLDFAST_BROWSER asks for one. Unlike
// those of package test/browser, its windows are small or wide, light or dark, and
// may have no microphone; they never have audio.
func chromium(t *testing.T, flags ...chromedp.ExecAllocatorOption) *screen {
	t.Helper()
	browsers.Need(t)
	options := []chromedp.ExecAllocatorOption{chromedp.UserDataDir(t.TempDir()), chromedp.Flag("headless", "new")}
	for _, flag := range []string{
		"no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-background-networking", "disable-component-update",
		"disable-sync", "use-fake-device-for-media-stream",
	} {
		options = append(options, chromedp.Flag(flag, true))
	}
	allocator, stop := chromedp.NewExecAllocator(context.Background(), append(options, flags...)...)
	t.Cleanup(stop)
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(func() {
		_ = chromedp.Cancel(ctx) // which lets it put its things away
		cancel()
	})
	s := &screen{t, ctx}
	s.visit("about:blank") // which starts it
	return s
}

// withMicrophone lets pages use the (fake) microphone without asking.
var withMicrophone = chromedp.Flag("use-fake-ui-for-media-stream", true)

// tab is another window of the same browser.
func (s *screen) tab() *screen {
	ctx, cancel := chromedp.NewContext(s.ctx)
	s.t.Cleanup(cancel)
	two := &screen{s.t, ctx}
	two.visit("about:blank")
	return two
}

func (s *screen) visit(url string) {
	s.t.Helper()
	if err := chromedp.Do(s.ctx, chromedp.Navigate(url)); err != nil {
		s.t.Fatalf("visiting %s: %v", url, err)
	}
}

func (s *screen) reload() {
	s.t.Helper()
	if err := chromedp.Do(s.ctx, chromedp.Reload()); err != nil {
		s.t.Fatalf("loading the page anew: %v", err)
	}
}

// command has the browser do something for this window.
func command[P, R any](s *screen, c cdp.Command[P, R], p P) R {
	s.t.Helper()
	result, err := chromedp.Call(s.ctx, c, p)
	if err != nil {
		s.t.Fatalf("%s: %v", c.Method, err)
	}
	return result
}

// value is what an expression of JavaScript gives, or its promise.
func value[T any](s *screen, expression string) T {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.ctx, patience+5*time.Second)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		s.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// does runs statements of JavaScript.
func (s *screen) does(statements string) {
	s.t.Helper()
	value[bool](s, fmt.Sprintf("(async () => { %s; return true; })()", statements))
}

// noMedia has WebRTC connect to nobody, and say that it has.
const noMedia = `window.RTCPeerConnection = class {
  connectionState = "new"; localDescription = null; #senders = [];
  addTrack(track) { this.#senders.push({ track, replaceTrack: async (t) => {} }); }
  getSenders() { return this.#senders; }
  getTransceivers() { return []; }
  async createOffer() { return { type: "offer", sdp: "v=0\r\na=mid:0\r\n" }; }
  async setLocalDescription(d) { this.localDescription = d; }
  async setRemoteDescription() { setTimeout(() => { this.connectionState = "connected"; this.onconnectionstatechange?.(); }, 10); }
  close() { this.connectionState = "closed"; }
};`

// everywhere runs a script in every page before its own.
func (s *screen) everywhere(script string) {
	s.t.Helper()
	command(s, cdppage.AddScriptToEvaluateOnNewDocument, cdppage.AddScriptToEvaluateOnNewDocumentParams{Source: script})
}

// until waits until an expression of JavaScript is true.
func (s *screen) until(expression string) {
	s.t.Helper()
	wait := `new Promise((done) => {
		const late = Date.now() + %d;
		const look = () => { if (%s) done(true); else if (Date.now() > late) done(false); else setTimeout(look, 30); };
		look(); })`
	if !value[bool](s, fmt.Sprintf(wait, patience.Milliseconds(), expression)) {
		s.t.Fatalf("waited in vain for %s; the page shows\n%s", expression, value[string](s, "document.body.innerText"))
	}
}

// shows waits until a text is to be seen.
func (s *screen) shows(text string) {
	s.t.Helper()
	s.until(fmt.Sprintf("document.body.innerText.includes(%q)", text))
}

// press presses a button by the words on it.
func (s *screen) press(words string) {
	s.t.Helper()
	find := fmt.Sprintf(`[...document.querySelectorAll("button, summary")].find((b) => b.checkVisibility() && !b.disabled && (b.innerText.trim() === %q || b.ariaLabel === %q))`, words, words)
	s.until(find)
	s.does(find + ".click()")
}

// logIn logs in at the page.
func (s *screen) logIn(name, password string) {
	s.t.Helper()
	s.until(`document.querySelector("#login").checkVisibility()`)
	s.does(fmt.Sprintf(`const form = document.querySelector("#login form");
		form.elements.name.value = %q; form.elements.password.value = %q; setTimeout(() => form.requestSubmit(), 100)`, name, password))
}

// shoot takes pictures of the page as it is: as small as Amazon's iframe and wide,
// light and dark, if HOLDFAST_SCREENSHOTS names a directory for them.
func (s *screen) shoot(name string) {
	s.t.Helper()
	dir := os.Getenv("HOLDFAST_SCREENSHOTS")
	if dir == "" {
		return
	}
	for _, look := range []struct {
		name          string
		width, height int64
		scheme        string
	}{{"narrow", 320, 465, "light"}, {"dark", 320, 465, "dark"}, {"wide", 900, 560, "light"}} {
		command(s, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: look.width, Height: look.height, DeviceScaleFactor: 1})
		command(s, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: look.scheme}}, //nolint:misspell // that is its name
		})
		picture := command(s, cdppage.CaptureScreenshot, cdppage.CaptureScreenshotParams{}).Data
		file := filepath.Join(dir, strings.ReplaceAll(name, " ", "-")+"."+look.name+".png")
		if err := os.WriteFile(file, picture, 0o644); err != nil {
			s.t.Fatal(err)
		}
	}
}
