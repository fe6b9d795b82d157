package browser

import (
	"context"
	"encoding/json"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// patience is how long one step may take, on a machine that is busy with others.
const patience = 30 * time.Second

// A Kind is a browser that tests can drive.
type Kind string

// The kinds of browsers.
const (
	Chromium Kind = "Chromium"
	Firefox  Kind = "Firefox"
)

// A Browser is a headless browser with a profile of its own, whose microphone plays
// a tone. A method that does not succeed fails the test, and so does an exception
// that a page does not catch. It is for one goroutine.
type Browser struct {
	t       testing.TB
	launch  func() (program, error)
	tabs    []*Tab
	program program // nil: it has ended
}

// A program is the running program of a browser.
type program interface {
	// open opens an empty tab. Scripts in it report to that Tab.
	open(tab *Tab) (window, error)
	// group returns the process group of all its processes.
	group() int
	// quit closes the browser as a person does.
	quit() error
	// end ends the program, if it has not ended, and waits for it.
	end()
}

// A window is a tab as the program of the browser has it.
type window interface {
	// context returns a context that ends with the tab.
	context() context.Context
	// load loads a page and waits until it has loaded; without a URL, the page that
	// is there.
	load(ctx context.Context, url string) error
	// run runs JavaScript in the document of an origin (empty: the page itself),
	// waits for a promise that results, and returns the result.
	run(ctx context.Context, origin, script string) (json.RawMessage, error)
	// click clicks with the mouse.
	click(ctx context.Context, x, y float64) error
	// write presses keys.
	write(ctx context.Context, text string) error
	// screenshot returns a picture of the page, as PNG.
	screenshot(ctx context.Context) ([]byte, error)
	close()
}

// Start starts Chromium, whose microphone plays a tone (Hz, whole; 0: silence). It
// ends with the test. Without a browser to use, the test is skipped.
func Start(t testing.TB, tone float64) *Browser {
	t.Helper()
	return StartKind(t, Chromium, tone)
}

// StartKind is Start for any kind of browser.
func StartKind(t testing.TB, kind Kind, tone float64) *Browser {
	t.Helper()
	Need(t)
	dir := t.TempDir()
	b := &Browser{t: t}
	switch kind {
	case Chromium:
		voice := filepath.Join(dir, "voice.wav")
		if err := writeVoice(voice, tone); err != nil {
			t.Fatalf("writing the voice of a browser: %v", err)
		}
		b.launch = func() (program, error) { return launchChromium(filepath.Join(dir, "profile"), voice) }
	case Firefox:
		b.launch = func() (program, error) { return launchFirefox(filepath.Join(dir, "profile"), tone) }
	}
	t.Cleanup(func() {
		b.Kill()
		b.lookBack()
	})
	b.Restart()
	return b
}

// Restart starts the browser again with the same profile, after Kill or Quit.
func (b *Browser) Restart() {
	b.t.Helper()
	started, err := b.launch()
	if err != nil {
		b.t.Fatalf("starting a browser: %v", err)
	}
	b.program = started
}

// Kill kills the browser, as a crash does. Data it has not saved is lost, such as a
// login of the last half minute; Quit and Restart save it. Again: nothing.
func (b *Browser) Kill() {
	b.t.Helper()
	if b.program == nil {
		return
	}
	_ = syscall.Kill(-b.program.group(), syscall.SIGKILL) // it may have ended already
	b.awaitEnd()
}

// Quit closes the browser, as a person does. It saves its data.
func (b *Browser) Quit() {
	b.t.Helper()
	if err := b.program.quit(); err != nil {
		b.t.Errorf("closing a browser: %v", err)
	}
	b.awaitEnd()
}

// awaitEnd waits until no process of the browser is left.
func (b *Browser) awaitEnd() {
	b.t.Helper()
	group := b.program.group()
	b.program.end()
	b.program = nil
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for late := time.After(patience); syscall.Kill(-group, syscall.SIGKILL) == nil; {
		select {
		case <-tick.C:
		case <-late:
			b.t.Fatal("the processes of a browser do not end")
		}
	}
}

// lookBack fails the test for uncaught exceptions, and logs the pages if the test
// has failed.
func (b *Browser) lookBack() {
	b.t.Helper()
	for _, tab := range b.tabs {
		for _, said := range tab.Console() {
			if strings.HasPrefix(said, "exception: ") {
				b.t.Errorf("in %s: %s", tab.url, said)
			}
		}
	}
	for _, tab := range b.tabs {
		if b.t.Failed() {
			b.t.Logf("the console of %s:\n%s", tab.url, strings.Join(tab.Console(), "\n"))
		}
	}
}
