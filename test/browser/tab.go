package browser

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"holdfast/softphone"
)

// A Tab is a page in a browser. Its Frame is the page itself.
type Tab struct {
	Frame

	browser *Browser
	url     string // of the first page
	window  window
	heard   softphone.Recording

	mu      sync.Mutex // guards the fields below
	console []string
	loaded  time.Time
	logged  []Logged
	more    chan struct{} // closed and replaced when something is logged
}

// Open opens a page in a new tab, and waits until it has loaded.
func (b *Browser) Open(url string) *Tab {
	b.t.Helper()
	tab := &Tab{browser: b, url: url, more: make(chan struct{})}
	tab.Frame = Frame{tab: tab}
	var err error
	if tab.window, err = b.program.open(tab); err != nil {
		b.t.Fatalf("opening a tab: %v", err)
	}
	b.tabs = append(b.tabs, tab)
	tab.Load(url)
	return tab
}

// Load loads a page, and waits until it has loaded.
func (tab *Tab) Load(url string) {
	tab.browser.t.Helper()
	tab.do("loading "+url, func(ctx context.Context) error { return tab.window.load(ctx, url) })
}

// Reload loads the page again, and waits until it has loaded.
func (tab *Tab) Reload() {
	tab.browser.t.Helper()
	tab.do("loading the page again", func(ctx context.Context) error { return tab.window.load(ctx, "") })
}

// Freeze makes the browser freeze the page, as it does with one that has long been in
// the background, or wake it up. Only Chromium can be asked to.
func (tab *Tab) Freeze(on bool) {
	tab.browser.t.Helper()
	w, can := tab.window.(*chromiumWindow)
	if !can {
		tab.browser.t.Fatal("this browser freezes no pages")
	}
	tab.do("freezing the page", func(ctx context.Context) error { return w.freeze(ctx, on) })
}

// Close closes the tab.
func (tab *Tab) Close() { tab.window.close() }

// soon returns a context of the tab for one step.
func (tab *Tab) soon() (context.Context, context.CancelFunc) {
	return context.WithTimeout(tab.window.context(), patience)
}

func (tab *Tab) do(what string, step func(context.Context) error) {
	tab.browser.t.Helper()
	ctx, cancel := tab.soon()
	defer cancel()
	if err := step(ctx); err != nil {
		tab.browser.t.Fatalf("%s: %v", what, err)
	}
}

// Heard is the audio that a person at the page hears: the streams that the media
// elements of all its documents play, one load after the other. A silent frame does not
// count as a packet.
func (tab *Tab) Heard() *softphone.Recording { return &tab.heard }

// Loaded is when the page finished loading last.
func (tab *Tab) Loaded() time.Time {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	return tab.loaded
}

func (tab *Tab) hasLoaded() {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	tab.loaded = time.Now()
}

// Console is the lines of the page's console, such as "error: no audio", or "exception:
// TypeError: …" for an uncaught exception.
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

// Screenshot writes a picture of the page as name.png into the directory that
// HOLDFAST_SCREENSHOTS names, if it names one.
func (tab *Tab) Screenshot(name string) {
	tab.browser.t.Helper()
	dir := os.Getenv("HOLDFAST_SCREENSHOTS")
	if dir == "" {
		return
	}
	ctx, cancel := tab.soon()
	defer cancel()
	png, err := tab.window.screenshot(ctx)
	if err == nil {
		err = errors.Join(os.MkdirAll(dir, 0o755), os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644))
	}
	if err != nil {
		tab.browser.t.Errorf("the screenshot %s: %v", name, err)
	}
}

// told takes a report from one of our scripts.
func (tab *Tab) told(binding, payload string) {
	var err error
	if binding == heardBinding {
		err = hear(&tab.heard, payload)
	} else {
		err = tab.log(payload)
	}
	if err != nil {
		tab.said("exception: " + err.Error())
	}
}
