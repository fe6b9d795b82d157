package browser

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
)

// firefox is the name of the browser on this machine.
func firefox() string {
	if _, err := exec.LookPath("firefox-esr"); err != nil {
		return "firefox"
	}
	return "firefox-esr"
}

// firefoxPreferences are those of a browser whose microphone plays a tone, that plays audio
// at once, and that does not look for a network other than that of the tests. Firefox finds
// its addresses only if a page has the permission for a microphone.
const firefoxPreferences = `
user_pref("media.navigator.streams.fake", true);
user_pref("media.navigator.audio.fake_frequency", %d);
user_pref("permissions.default.microphone", 1);
user_pref("media.autoplay.default", 0);
user_pref("media.autoplay.blocking_policy", 0);
user_pref("network.manage-offline-status", false);
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
user_pref("browser.startup.page", 0);
user_pref("browser.sessionstore.resume_from_crash", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
`

// A firefoxProgram is a running Firefox.
type firefoxProgram struct {
	process *exec.Cmd
	bidi    *bidi

	mu      sync.Mutex // guards windows
	windows map[string]*firefoxWindow
}

// launchFirefox starts Firefox with a profile. Its microphone plays a tone.
func launchFirefox(profile string, tone float64) (program, error) {
	preferences := fmt.Sprintf(firefoxPreferences, int(tone))
	if err := errors.Join(os.MkdirAll(profile, 0o700), os.WriteFile(filepath.Join(profile, "user.js"), []byte(preferences), 0o600)); err != nil {
		return nil, fmt.Errorf("making a profile: %w", err)
	}
	f := &firefoxProgram{windows: map[string]*firefoxWindow{}}
	f.process = exec.Command(firefox(), "--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", "0", "about:blank")
	f.process.SysProcAttr = ownGroup()
	f.process.Env = append(os.Environ(), "HOME="+profile, "MOZ_DISABLE_CONTENT_SANDBOX=1") // which root does without
	out, err := f.process.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := f.process.Start(); err != nil {
		return nil, err
	}
	if err := f.connect(bufio.NewScanner(out)); err != nil {
		f.end()
		return nil, err
	}
	return f, nil
}

// connect finds out where the browser listens for us, and begins a session.
func (f *firefoxProgram) connect(lines *bufio.Scanner) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	found := make(chan string, 1)
	go func() { // ends with the process
		where := regexp.MustCompile(`WebDriver BiDi listening on (ws://\S+)`)
		for lines.Scan() {
			if url := where.FindStringSubmatch(lines.Text()); url != nil {
				found <- url[1]
			}
		}
		close(found)
	}()
	var url string
	select {
	case url = <-found:
	case <-ctx.Done():
	}
	if url == "" {
		return errors.New("it does not listen for us")
	}
	var err error
	if f.bidi, err = dialBidi(ctx, url+"/session", f.event); err != nil {
		return err
	}
	if err := f.bidi.call(ctx, "session.new", object{"capabilities": object{}}, nil); err != nil {
		return err
	}
	events := []string{"log.entryAdded", "script.message", "browsingContext.load", "network.beforeRequestSent"}
	if err := f.bidi.call(ctx, "session.subscribe", object{"events": events}, nil); err != nil {
		return err
	}
	worker := object{"type": "pattern", "pathname": earsWorkerPath}
	return f.bidi.call(ctx, "network.addIntercept", object{"phases": []string{"beforeRequestSent"}, "urlPatterns": []object{worker}}, nil)
}

// provide answers a request for the worker of our ears. The policy of a page (CSP) may
// allow it no worker but those of its own origin.
func (f *firefoxProgram) provide(request string) {
	ctx, cancel := context.WithTimeout(f.bidi.ctx, patience)
	defer cancel()
	kind := object{"name": "Content-Type", "value": object{"type": "string", "value": "text/javascript"}}
	_ = f.bidi.call(ctx, "network.provideResponse", object{ // without it the page plays no audio
		"request": request, "statusCode": 200, "headers": []object{kind}, "body": object{"type": "string", "value": earsWorker},
	}, nil)
}

func (f *firefoxProgram) group() int { return f.process.Process.Pid }

func (f *firefoxProgram) quit() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return errors.Join(f.bidi.call(ctx, "browser.close", object{}, nil), f.process.Wait())
}

func (f *firefoxProgram) end() {
	_ = f.process.Process.Kill() // it may have ended
	_ = f.process.Wait()
	if f.bidi != nil {
		f.bidi.close()
	}
}

// open implements program. Every document in the tab reports the audio that it plays.
func (f *firefoxProgram) open(tab *Tab) (window, error) {
	ctx, cancel := context.WithTimeout(f.bidi.ctx, patience)
	defer cancel()
	var made struct{ Context string }
	if err := f.bidi.call(ctx, "browsingContext.create", object{"type": "tab"}, &made); err != nil {
		return nil, err
	}
	w := &firefoxWindow{program: f, tab: tab, id: made.Context}
	w.ctx, w.stop = context.WithCancel(f.bidi.ctx)
	f.mu.Lock()
	f.windows[w.id] = w
	f.mu.Unlock()
	var channels []object
	for _, name := range []string{heardBinding, logBinding} {
		channels = append(channels, object{"type": "channel", "value": object{"channel": w.id + " " + name}})
	}
	script := fmt.Sprintf("(heard, log) => { window.%s = heard; window.%s = log; %s }", heardBinding, logBinding, earsScript)
	return w, f.bidi.call(ctx, "script.addPreloadScript", object{"functionDeclaration": script, "arguments": channels, "contexts": []string{w.id}}, nil)
}

// event takes the browser's events of its tabs.
func (f *firefoxProgram) event(method string, params json.RawMessage) {
	var e struct {
		Context string
		Channel string
		Data    remote
		Type    string
		Method  string
		Level   string
		Text    string
		Source  struct{ Context string }

		IsBlocked bool
		Request   struct{ Request string }
	}
	if json.Unmarshal(params, &e) != nil {
		return
	}
	switch method {
	case "browsingContext.load":
		if w := f.window(e.Context); w != nil {
			w.tab.hasLoaded()
		}
	case "script.message":
		id, binding, _ := strings.Cut(e.Channel, " ")
		payload, err := e.Data.plain()
		if w := f.window(id); w != nil && err == nil {
			w.tab.told(binding, fmt.Sprint(payload))
		}
	case "network.beforeRequestSent":
		if e.IsBlocked {
			go f.provide(e.Request.Request) // ends with the answer, or the browser
		}
	case "log.entryAdded":
		f.log(e.Source.Context, e.Type, e.Method, e.Level, e.Text)
	}
}

// log takes an entry of the console: an exception, or a line that a script logs.
func (f *firefoxProgram) log(context, kind, method, level, text string) {
	w := f.window(context)
	switch {
	case w == nil:
	case kind == "javascript" && level == "error":
		w.tab.said("exception: " + text)
	case method != "":
		w.tab.said(method + ": " + text)
	default:
		w.tab.said(level + ": " + text)
	}
}

// window returns the tab that a document is in, or nil.
func (f *firefoxProgram) window(context string) *firefoxWindow {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.windows[context]
}

// frames notes which documents are in a tab, so that their console is the tab's.
func (f *firefoxProgram) frames(w *firefoxWindow, documents []documentTree) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, d := range documents {
		f.windows[d.Context] = w
	}
}
