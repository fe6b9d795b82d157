package browser

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"slices"
	"sync"
	"syscall"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"holdfast/media"
)

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

// A chromiumProgram is a running Chromium.
type chromiumProgram struct {
	ctx  context.Context //nolint:containedctx // to chromedp a context is a browser
	stop func()
}

// launchChromium starts Chromium with a profile. Its microphone repeats the WAV file
// voice. It accepts the certificates of simulated services.
func launchChromium(profile, voice string) (program, error) {
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(chromium()),
		chromedp.NoSandbox, // which root does without
		chromedp.DisableGPU,
		chromedp.WindowSize(1280, 900),
		chromedp.Flag("user-data-dir", profile),
		chromedp.Flag("use-fake-device-for-media-stream", true),
		chromedp.Flag("use-fake-ui-for-media-stream", true), // pages may use the microphone
		chromedp.Flag("use-file-for-fake-audio-capture", voice),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("hide-crash-restore-bubble", true),
		chromedp.Flag("ignore-certificate-errors", true),
		chromedp.ModifyCmdFunc(func(c *exec.Cmd) { c.SysProcAttr = ownGroup() }),
	)
	all, end := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, _ := chromedp.NewContext(all) // end cancels it
	if err := chromedp.Do(ctx); err != nil {
		end()
		return nil, err
	}
	return &chromiumProgram{ctx, end}, nil
}

// ownGroup makes a program begin a process group, which ends with this program.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

func (c *chromiumProgram) group() int { return chromedp.FromContext(c.ctx).Browser.Process().Pid }

func (c *chromiumProgram) end() { c.stop() }

func (c *chromiumProgram) quit() error {
	ctx, cancel := context.WithTimeout(c.ctx, patience)
	defer cancel()
	return chromedp.Cancel(ctx)
}

// open implements program. Every document in the tab reports the audio that it
// plays.
func (c *chromiumProgram) open(tab *Tab) (window, error) {
	w := &chromiumWindow{tab: tab}
	w.ctx, w.stop = chromedp.NewContext(c.ctx, chromedp.WithListener(w.event))
	if err := chromedp.Do(w.ctx); err != nil {
		return nil, err
	}
	for _, name := range []string{heardBinding, logBinding} {
		if _, err := chromedp.Call(w.ctx, runtime.AddBinding, runtime.AddBindingParams{Name: name}); err != nil {
			return nil, err
		}
	}
	ears := page.AddScriptToEvaluateOnNewDocumentParams{Source: earsScript}
	if _, err := chromedp.Call(w.ctx, page.AddScriptToEvaluateOnNewDocument, ears); err != nil {
		return nil, err
	}
	messages := chromedp.Console(w.ctx)
	go func() { // ends with the tab
		for m, err := range messages {
			if err == nil {
				tab.said(m.String())
			}
		}
	}()
	return w, nil
}

// A chromiumWindow is a tab in Chromium.
type chromiumWindow struct {
	tab  *Tab
	ctx  context.Context //nolint:containedctx // to chromedp a context is a tab
	stop func()

	mu       sync.Mutex // guards contexts
	contexts []*runtime.ExecutionContextDescription
}

func (w *chromiumWindow) context() context.Context { return w.ctx }

func (w *chromiumWindow) close() { w.stop() }

func (w *chromiumWindow) load(ctx context.Context, url string) error {
	if url == "" {
		return chromedp.Do(ctx, chromedp.Reload())
	}
	return chromedp.Do(ctx, chromedp.Navigate(url))
}

func (w *chromiumWindow) freeze(ctx context.Context, on bool) error {
	to := page.SetWebLifecycleStateStateActive
	if on {
		to = page.SetWebLifecycleStateStateFrozen
	}
	_, err := chromedp.Call(ctx, page.SetWebLifecycleState, page.SetWebLifecycleStateParams{State: to})
	return err
}

func (w *chromiumWindow) click(ctx context.Context, x, y float64) error {
	return chromedp.Do(ctx, chromedp.MouseClickXY(x, y))
}

func (w *chromiumWindow) write(ctx context.Context, text string) error {
	return chromedp.Do(ctx, chromedp.KeyEvent(text))
}

func (w *chromiumWindow) screenshot(ctx context.Context) ([]byte, error) {
	return chromedp.Run(ctx, chromedp.CaptureScreenshot())
}

func (w *chromiumWindow) run(ctx context.Context, origin, script string) (json.RawMessage, error) {
	yes := true
	ask := runtime.EvaluateParams{Expression: script, AwaitPromise: &yes, ReturnByValue: &yes}
	if origin != "" {
		if ask.UniqueContextID = w.contextOf(origin); ask.UniqueContextID == "" {
			return nil, fmt.Errorf("there is no document of %s", origin)
		}
	}
	answer, err := chromedp.Call(ctx, runtime.Evaluate, ask)
	if err != nil {
		return nil, err
	}
	if answer.ExceptionDetails != nil {
		return nil, &chromedp.ExceptionError{ExceptionDetails: answer.ExceptionDetails}
	}
	return json.RawMessage(answer.Result.Value), nil
}

// contextOf is where the scripts of the latest document of an origin run; empty:
// there is none.
func (w *chromiumWindow) contextOf(origin string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range slices.Backward(w.contexts) {
		var of struct{ IsDefault bool } // not of an extension
		if c.Origin == origin && json.Unmarshal(c.AuxData, &of) == nil && of.IsDefault {
			return c.UniqueID
		}
	}
	return ""
}

// event takes the browser's events of the tab, in order.
func (w *chromiumWindow) event(event any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch e := event.(type) {
	case *page.EventLoadEventFired:
		w.tab.hasLoaded()
	case *runtime.EventExecutionContextCreated:
		w.contexts = append(w.contexts, e.Context)
	case *runtime.EventExecutionContextDestroyed:
		w.contexts = slices.DeleteFunc(w.contexts, func(c *runtime.ExecutionContextDescription) bool {
			return c.UniqueID == e.ExecutionContextUniqueID
		})
	case *runtime.EventExecutionContextsCleared:
		w.contexts = nil
	case *runtime.EventBindingCalled:
		w.tab.told(e.Name, e.Payload)
	}
}
