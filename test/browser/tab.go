package browser

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"holdfast/softphone"
)

// A Tab is a page in a browser. What its Frame does, it does in the page itself.
type Tab struct {
	Frame

	browser *Browser
	url     string          // of the first page
	ctx     context.Context //nolint:containedctx // to chromedp a context is a tab
	close   func()
	heard   softphone.Recording

	mu       sync.Mutex // guards what follows
	contexts []*runtime.ExecutionContextDescription
	console  []string
	loaded   time.Time
	logged   []Logged
	more     chan struct{} // closed and replaced when something is logged
}

// Open opens a page in a new tab, and waits until it has loaded.
func (b *Browser) Open(url string) *Tab {
	b.t.Helper()
	tab := &Tab{browser: b, url: url, more: make(chan struct{})}
	tab.Frame = Frame{tab: tab}
	tab.ctx, tab.close = chromedp.NewContext(b.ctx, chromedp.WithListener(tab.event))
	if err := tab.prepare(); err != nil {
		b.t.Fatalf("opening a tab: %v", err)
	}
	b.tabs = append(b.tabs, tab)
	tab.Load(url)
	return tab
}

// prepare opens the tab, and has every document in it tell what it plays.
func (tab *Tab) prepare() error {
	if err := chromedp.Do(tab.ctx); err != nil {
		return err
	}
	for _, name := range []string{heardBinding, logBinding} {
		if _, err := chromedp.Call(tab.ctx, runtime.AddBinding, runtime.AddBindingParams{Name: name}); err != nil {
			return err
		}
	}
	ears := page.AddScriptToEvaluateOnNewDocumentParams{Source: earsScript}
	if _, err := chromedp.Call(tab.ctx, page.AddScriptToEvaluateOnNewDocument, ears); err != nil {
		return err
	}
	messages := chromedp.Console(tab.ctx)
	go func() { // ends with the tab
		for m, err := range messages {
			if err == nil {
				tab.said(m.String())
			}
		}
	}()
	return nil
}

// Load loads a page, and waits until it has loaded.
func (tab *Tab) Load(url string) {
	tab.browser.t.Helper()
	tab.do("loading "+url, chromedp.Navigate(url))
}

// Reload loads the page again, and waits until it has loaded.
func (tab *Tab) Reload() {
	tab.browser.t.Helper()
	tab.do("loading the page again", chromedp.Reload())
}

// Freeze has the browser freeze the page, as it does with one that nobody has looked at
// for long, or wake it up.
func (tab *Tab) Freeze(on bool) {
	tab.browser.t.Helper()
	to := page.SetWebLifecycleStateStateActive
	if on {
		to = page.SetWebLifecycleStateStateFrozen
	}
	ctx, cancel := tab.soon()
	defer cancel()
	if _, err := chromedp.Call(ctx, page.SetWebLifecycleState, page.SetWebLifecycleStateParams{State: to}); err != nil {
		tab.browser.t.Fatalf("freezing the page: %v", err)
	}
}

// Close closes the tab.
func (tab *Tab) Close() { tab.close() }

// soon returns a context of the tab for one step.
func (tab *Tab) soon() (context.Context, context.CancelFunc) {
	return context.WithTimeout(tab.ctx, patience)
}

func (tab *Tab) do(what string, action chromedp.Action[chromedp.Void]) {
	tab.browser.t.Helper()
	ctx, cancel := tab.soon()
	defer cancel()
	if err := chromedp.Do(ctx, action); err != nil {
		tab.browser.t.Fatalf("%s: %v", what, err)
	}
}

// Heard is what a person at the page hears: the streams that the media elements
// of all its documents play, one load after the other. What is silent counts as
// no packet.
func (tab *Tab) Heard() *softphone.Recording { return &tab.heard }

// Loaded is when the page finished loading last.
func (tab *Tab) Loaded() time.Time {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	return tab.loaded
}

// Console is what the console of the page has shown, such as "error: no audio",
// or "exception: TypeError: …" for what nobody caught.
func (tab *Tab) Console() []string {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	return slices.Clone(tab.console)
}

func (tab *Tab) said(line string) {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	tab.console = append(tab.console, line)
}

// Screenshot writes what the page looks like as name.png into the directory that
// HOLDFAST_SCREENSHOTS names, if it names one.
func (tab *Tab) Screenshot(name string) {
	tab.browser.t.Helper()
	dir := os.Getenv("HOLDFAST_SCREENSHOTS")
	if dir == "" {
		return
	}
	ctx, cancel := tab.soon()
	defer cancel()
	png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err == nil {
		err = errors.Join(os.MkdirAll(dir, 0o755), os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644))
	}
	if err != nil {
		tab.browser.t.Errorf("the screenshot %s: %v", name, err)
	}
}

// event takes what the browser tells of the tab, in order.
func (tab *Tab) event(event any) {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	switch e := event.(type) {
	case *page.EventLoadEventFired:
		tab.loaded = time.Now()
	case *runtime.EventExecutionContextCreated:
		tab.contexts = append(tab.contexts, e.Context)
	case *runtime.EventExecutionContextDestroyed:
		tab.contexts = slices.DeleteFunc(tab.contexts, func(c *runtime.ExecutionContextDescription) bool {
			return c.UniqueID == e.ExecutionContextUniqueID
		})
	case *runtime.EventExecutionContextsCleared:
		tab.contexts = nil
	case *runtime.EventBindingCalled:
		if err := tab.told(e.Name, e.Payload); err != nil {
			tab.console = append(tab.console, "exception: "+err.Error())
		}
	}
}

// told takes what a script of ours tells.
func (tab *Tab) told(binding, payload string) error {
	if binding == heardBinding {
		return hear(&tab.heard, payload)
	}
	return tab.log(payload)
}
