package browser

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A firefoxWindow is a tab in Firefox.
type firefoxWindow struct {
	program *firefoxProgram
	tab     *Tab
	id      string
	ctx     context.Context //nolint:containedctx // ends with the tab
	stop    func()
}

func (w *firefoxWindow) context() context.Context { return w.ctx }

func (w *firefoxWindow) call(ctx context.Context, method string, params object, into any) error {
	params["context"] = w.id
	return w.program.bidi.call(ctx, method, params, into)
}

func (w *firefoxWindow) close() {
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	_ = w.call(ctx, "browsingContext.close", object{}, nil) // the browser may have ended
	w.stop()
}

func (w *firefoxWindow) load(ctx context.Context, url string) error {
	if url == "" {
		return w.call(ctx, "browsingContext.reload", object{"wait": "complete"}, nil)
	}
	return w.call(ctx, "browsingContext.navigate", object{"url": url, "wait": "complete"}, nil)
}

func (w *firefoxWindow) screenshot(ctx context.Context) ([]byte, error) {
	var taken struct{ Data []byte }
	err := w.call(ctx, "browsingContext.captureScreenshot", object{}, &taken)
	return taken.Data, err
}

func (w *firefoxWindow) click(ctx context.Context, x, y float64) error {
	return w.perform(ctx, object{
		"type": "pointer", "id": "mouse", "parameters": object{"pointerType": "mouse"}, "actions": []object{
			{"type": "pointerMove", "x": int(x), "y": int(y)}, {"type": "pointerDown", "button": 0}, {"type": "pointerUp", "button": 0},
		},
	})
}

func (w *firefoxWindow) write(ctx context.Context, text string) error {
	var keys []object
	for _, key := range text {
		keys = append(keys, object{"type": "keyDown", "value": string(key)}, object{"type": "keyUp", "value": string(key)})
	}
	return w.perform(ctx, object{"type": "key", "id": "keyboard", "actions": keys})
}

func (w *firefoxWindow) perform(ctx context.Context, what object) error {
	return w.call(ctx, "input.performActions", object{"actions": []object{what}}, nil)
}

func (w *firefoxWindow) run(ctx context.Context, origin, script string) (json.RawMessage, error) {
	document := w.id
	if origin != "" {
		var err error
		if document, err = w.documentOf(ctx, origin); err != nil {
			return nil, err
		}
	}
	var result struct {
		Result           remote
		ExceptionDetails *struct{ Text string }
	}
	ask := object{"expression": script, "target": object{"context": document}, "awaitPromise": true}
	if err := w.program.bidi.call(ctx, "script.evaluate", ask, &result); err != nil {
		return nil, err
	}
	if result.ExceptionDetails != nil {
		return nil, errors.New(result.ExceptionDetails.Text)
	}
	value, err := result.Result.plain()
	if err != nil {
		return nil, fmt.Errorf("reading a result: %w", err)
	}
	return json.Marshal(value)
}

// A documentTree is a document and those that it embeds.
type documentTree struct {
	Context  string
	URL      string
	Children []documentTree
}

// documentOf returns the latest document of an origin, embedded or not.
func (w *firefoxWindow) documentOf(ctx context.Context, origin string) (string, error) {
	var tree struct{ Contexts []documentTree }
	if err := w.program.bidi.call(ctx, "browsingContext.getTree", object{"root": w.id}, &tree); err != nil {
		return "", err
	}
	if len(tree.Contexts) == 1 {
		all := append(tree.Contexts, tree.Contexts[0].Children...)
		w.program.frames(w, all)
		for _, d := range slices.Backward(all) {
			if strings.HasPrefix(d.URL, origin+"/") {
				return d.Context, nil
			}
		}
	}
	return "", fmt.Errorf("there is no document of %s", origin)
}
