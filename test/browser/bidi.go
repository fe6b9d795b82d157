package browser

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/coder/websocket"
)

// A bidi is a connection to a browser that speaks WebDriver BiDi
// (https://w3c.github.io/webdriver-bidi).
type bidi struct {
	conn  *websocket.Conn
	event func(method string, params json.RawMessage) // one after the other
	ctx   context.Context                             //nolint:containedctx // ends with the connection
	stop  func()
	done  sync.WaitGroup // read

	mu      sync.Mutex // guards the fields below
	last    int
	waiting map[int]chan<- message
}

// A message comes from the browser: an event, or the answer to a command.
type message struct {
	ID      int             `json:"id"`
	Type    string          `json:"type"`
	Method  string          `json:"method"`
	Params  json.RawMessage `json:"params"`
	Result  json.RawMessage `json:"result"`
	Error   string          `json:"error"`
	Message string          `json:"message"`
}

// dialBidi connects to a browser, which calls event for each event.
func dialBidi(ctx context.Context, url string, event func(method string, params json.RawMessage)) (*bidi, error) {
	conn, answer, err := websocket.Dial(ctx, url, nil)
	if err != nil {
		return nil, fmt.Errorf("connecting to the browser: %w", err)
	}
	if answer.Body != nil {
		_ = answer.Body.Close()
	}
	conn.SetReadLimit(-1) // screenshots are long
	b := &bidi{conn: conn, event: event, waiting: map[int]chan<- message{}}
	b.ctx, b.stop = context.WithCancel(context.Background())
	b.done.Go(b.read)
	return b, nil
}

// close closes the connection. Commands that wait for an answer fail.
func (b *bidi) close() {
	b.stop()
	_ = b.conn.CloseNow()
	b.done.Wait()
}

// read takes messages until the connection ends.
func (b *bidi) read() {
	defer b.stop()
	for {
		_, text, err := b.conn.Read(b.ctx)
		if err != nil {
			return
		}
		var m message
		if json.Unmarshal(text, &m) != nil {
			continue
		}
		if m.Type == "event" {
			b.event(m.Method, m.Params)
			continue
		}
		b.mu.Lock()
		waits := b.waiting[m.ID]
		delete(b.waiting, m.ID)
		b.mu.Unlock()
		if waits != nil {
			waits <- m
		}
	}
}

// An object is the parameters of a command.
type object map[string]any

// call makes the browser carry out a command, and stores the result unless into is
// nil.
func (b *bidi) call(ctx context.Context, method string, params object, into any) error {
	answer := make(chan message, 1)
	b.mu.Lock()
	b.last++
	id := b.last
	b.waiting[id] = answer
	b.mu.Unlock()
	text, err := json.Marshal(object{"id": id, "method": method, "params": params})
	if err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	if err := b.conn.Write(b.ctx, websocket.MessageText, text); err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	select {
	case m := <-answer:
		if m.Error != "" {
			return fmt.Errorf("%s: %s: %s", method, m.Error, m.Message)
		}
		if into == nil {
			return nil
		}
		return json.Unmarshal(m.Result, into)
	case <-b.ctx.Done():
		return fmt.Errorf("%s: the browser has ended", method)
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", method, ctx.Err())
	}
}

// A remote value is the result of a script.
type remote struct {
	Type  string          `json:"type"`
	Value json.RawMessage `json:"value"`
}

// plain returns a remote value as encoding/json would have decoded it. Other values
// are nil.
func (r remote) plain() (any, error) {
	switch r.Type {
	case "string", "boolean", "number": // a number that JSON does not have is a string
		var value any
		err := json.Unmarshal(r.Value, &value)
		return value, err
	case "array":
		var members []remote
		if err := json.Unmarshal(r.Value, &members); err != nil {
			return nil, err
		}
		values := make([]any, len(members))
		for i, m := range members {
			value, err := m.plain()
			if err != nil {
				return nil, err
			}
			values[i] = value
		}
		return values, nil
	case "object":
		return r.members()
	}
	return nil, nil
}

// members returns an object, which comes as pairs of a key and a value.
func (r remote) members() (map[string]any, error) {
	var pairs [][2]json.RawMessage
	if err := json.Unmarshal(r.Value, &pairs); err != nil {
		return nil, err
	}
	values := map[string]any{}
	for _, pair := range pairs {
		var key string
		var value remote
		if err := errors.Join(json.Unmarshal(pair[0], &key), json.Unmarshal(pair[1], &value)); err != nil {
			return nil, err
		}
		var err error
		if values[key], err = value.plain(); err != nil {
			return nil, err
		}
	}
	return values, nil
}
