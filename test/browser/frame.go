package browser

import (
	"context"
	"encoding/json"
	"strconv"
	"time"
)

// A Frame is a document in a tab: the page itself, or one that it embeds.
type Frame struct {
	tab    *Tab
	origin string // empty: that of the page itself
}

// In is the embedded document of an origin, such as "http://localhost:8090". It
// may come later, and come anew after a load.
func (tab *Tab) In(origin string) Frame { return Frame{tab, origin} }

// Do runs JavaScript in the frame. If that results in a promise, Do waits for it;
// "void" in front of it does without.
func (f Frame) Do(script string) {
	f.tab.browser.t.Helper()
	f.Read(script, nil)
}

// Read is Do, and stores the result, as encoding/json does.
func (f Frame) Read(script string, into any) {
	f.tab.browser.t.Helper()
	ctx, cancel := f.tab.soon()
	defer cancel()
	result, err := f.run(ctx, script)
	if err == nil && into != nil {
		err = json.Unmarshal(result, into)
	}
	if err != nil {
		f.tab.browser.t.Fatalf("running %s in %s: %v", script, f, err)
	}
}

// Await waits until a JavaScript expression is true in the frame. It counts as
// false while the frame does not exist, or while the expression throws.
func (f Frame) Await(expression string) {
	f.tab.browser.t.Helper()
	ctx, cancel := f.tab.soon()
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		result, err := f.run(ctx, "!!("+expression+")")
		if string(result) == "true" {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			f.tab.browser.t.Fatalf("in %s it never becomes true that %s (%v)", f, expression, err)
		}
	}
}

// Click clicks with the mouse on the first element that a CSS selector finds,
// when it is there and enabled.
func (f Frame) Click(selector string) {
	f.tab.browser.t.Helper()
	element := "document.querySelector(" + strconv.Quote(selector) + ")"
	f.Await(element + "?.disabled !== true && " + element + "?.checkVisibility()")
	var at, frame struct{ X, Y float64 }
	f.Read("(() => { const e = "+element+"; e.scrollIntoView({ block: 'nearest' });"+
		"const r = e.getBoundingClientRect(); return { x: r.x + r.width / 2, y: r.y + r.height / 2 } })()", &at)
	if f.origin != "" {
		f.tab.Read("(() => { const e = [...document.querySelectorAll('iframe')].find(e => e.src.startsWith("+
			strconv.Quote(f.origin)+")); const r = e.getBoundingClientRect();"+
			"return { x: r.x + e.clientLeft, y: r.y + e.clientTop } })()", &frame)
	}
	f.tab.do("clicking on "+selector, func(ctx context.Context) error { return f.tab.window.click(ctx, at.X+frame.X, at.Y+frame.Y) })
}

// Type clicks on an element and types text into it.
func (f Frame) Type(selector, text string) {
	f.tab.browser.t.Helper()
	f.Click(selector)
	f.tab.do("typing into "+selector, func(ctx context.Context) error { return f.tab.window.write(ctx, text) })
}

// String returns the path to the frame.
func (f Frame) String() string {
	if f.origin == "" {
		return "the page"
	}
	return "the frame of " + f.origin
}

// run runs JavaScript, and returns its result.
func (f Frame) run(ctx context.Context, script string) (json.RawMessage, error) {
	return f.tab.window.run(ctx, f.origin, script)
}
