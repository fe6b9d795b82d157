package browser

import (
	"context"
	"errors"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"holdfast/media"
)

// patience is how long one step may take, on a machine that is busy with others.
const patience = 30 * time.Second

// A Browser is a headless Chromium with a profile of its own, whose microphone
// says a tone. Whatever does not go as a method says fails the test, and so does
// an exception that a page does not catch. It is for one goroutine.
type Browser struct {
	t       testing.TB
	profile string
	voice   string // the WAV file that the microphone repeats
	tabs    []*Tab

	ctx   context.Context //nolint:containedctx // to chromedp a context is a browser
	end   func()          // ends the process and waits for it; nil: it has ended
	group int             // of all its processes
}

// Start starts a browser, whose microphone says a tone (Hz, whole; 0: silence).
// It ends with the test. Without a browser to use, the test is skipped.
func Start(t testing.TB, tone float64) *Browser {
	t.Helper()
	Need(t)
	dir := t.TempDir()
	b := &Browser{t: t, profile: filepath.Join(dir, "profile"), voice: filepath.Join(dir, "voice.wav")}
	if err := writeVoice(b.voice, tone); err != nil {
		t.Fatalf("writing the voice of a browser: %v", err)
	}
	t.Cleanup(func() {
		b.Kill()
		b.lookBack()
	})
	b.Restart()
	return b
}

// writeVoice writes a minute of a tone. Where a browser begins the file again, it
// clicks.
func writeVoice(file string, tone float64) error {
	const hertz, loudest = 48000, 6000 // as loud as a softphone
	samples := make([]int16, 60*hertz)
	for i := range samples {
		samples[i] = int16(loudest * math.Sin(2*math.Pi*tone*float64(i)/hertz))
	}
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	return errors.Join(media.WriteWAV(f, samples, hertz, 1), f.Close())
}

// Restart starts the browser again with the same profile, after Kill or Quit.
func (b *Browser) Restart() {
	b.t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(chromium()),
		chromedp.NoSandbox, // which root does without
		chromedp.DisableGPU,
		chromedp.WindowSize(1280, 900),
		chromedp.Flag("user-data-dir", b.profile),
		chromedp.Flag("use-fake-device-for-media-stream", true),
		chromedp.Flag("use-fake-ui-for-media-stream", true), // pages may use the microphone
		chromedp.Flag("use-file-for-fake-audio-capture", b.voice),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("hide-crash-restore-bubble", true),
		chromedp.ModifyCmdFunc(func(c *exec.Cmd) {
			c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
		}),
	)
	all, end := chromedp.NewExecAllocator(context.WithoutCancel(b.t.Context()), options...)
	ctx, _ := chromedp.NewContext(all) // end cancels it
	if err := chromedp.Do(ctx); err != nil {
		end()
		b.t.Fatalf("starting a browser: %v", err)
	}
	b.ctx, b.end = ctx, end
	b.group = chromedp.FromContext(ctx).Browser.Process().Pid
}

// chromium is the name of the browser on this machine.
func chromium() string {
	names := []string{"chromium", "chromium-browser", "google-chrome"}
	for _, name := range names {
		if _, err := exec.LookPath(name); err == nil {
			return name
		}
	}
	return names[0]
}

// Kill kills the browser, as a crash does. What it has not saved is lost, such as
// a login of the last half minute; Quit and Restart save it. Again: nothing.
func (b *Browser) Kill() {
	b.t.Helper()
	if b.end == nil {
		return
	}
	_ = syscall.Kill(-b.group, syscall.SIGKILL) // has it ended already?
	b.awaitEnd()
}

// Quit closes the browser, as a person does. It saves what it knows.
func (b *Browser) Quit() {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Cancel(ctx); err != nil {
		b.t.Errorf("closing a browser: %v", err)
	}
	b.awaitEnd()
}

// awaitEnd waits until no process of the browser is left.
func (b *Browser) awaitEnd() {
	b.t.Helper()
	b.end()
	b.end = nil
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for late := time.After(patience); syscall.Kill(-b.group, syscall.SIGKILL) == nil; {
		select {
		case <-tick.C:
		case <-late:
			b.t.Fatal("the processes of a browser do not end")
		}
	}
}

// lookBack fails the test for exceptions that nobody caught, and tells of the
// pages if the test has failed.
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
