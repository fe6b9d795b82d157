package amazon

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
)

// A page is a loaded agent's page of our own. The page itself only passes messages on;
// their order is made here.
type page struct {
	service *Service
	mail    chan any
	// The lock of the service guards the fields below.
	count int      // of updates
	held  *update  // by Reordered
	late  []update // by Delayed, in order
	shown shown    // the snapshot that the page around has got
	sdk   map[topic]bool
}

// A post is a message to the page around.
type post struct {
	Event string `json:"event"`
	Data  any    `json:"data"`
}

// A toPage is a message to our page: one for the page around, or one for its port.
type toPage struct {
	Post *post `json:"post,omitempty"`
	Port any   `json:"port,omitempty"`
}

// A fromPage is a message from our page: one of the page around, or one of its port.
type fromPage struct {
	Post *struct {
		Event string
		Data  json.RawMessage
	}
	Port *portMessage
}

// servePage is the WebSocket of our page.
func (s *Service) servePage(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer func() { _ = conn.CloseNow() }()
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	p := &page{service: s, mail: make(chan any, 1<<12), sdk: map[topic]bool{}}
	go func() { // ends with ctx
		for {
			select {
			case m := <-p.mail:
				if wsjson.Write(ctx, conn, m) != nil {
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	p.post("acknowledge", object{"id": "own-page"})
	now, stop := s.follow(p.take)
	defer stop()
	p.show(now)
	go p.repeat(ctx)
	for {
		var m fromPage
		if err := wsjson.Read(ctx, conn, &m); err != nil {
			return
		}
		switch {
		case m.Port != nil:
			p.port(ctx, *m.Port)
		case m.Post != nil:
			p.receive(ctx, m.Post.Event, m.Post.Data)
		}
	}
}

// post makes the page around get a message.
func (p *page) post(event string, data any) { p.send(toPage{Post: &post{event, data}}) }

// send never blocks: a page that reads nothing loses messages.
func (p *page) send(m toPage) {
	select {
	case p.mail <- m:
	default:
	}
}

// repeat shows the snapshot again each second where updates are lost or reordered.
func (p *page) repeat(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			p.again()
		case <-ctx.Done():
			return
		}
	}
}

func (p *page) again() {
	p.service.mu.Lock()
	defer p.service.mu.Unlock()
	if p.service.is(Dropped) || p.service.is(Reordered) {
		p.showLocked(p.service.update())
	}
}

// take is called for each update, with the lock of the service held.
func (p *page) take(u update) {
	s := p.service
	p.count++
	switch {
	case s.is(Delayed):
		p.late = append(p.late, u)
		time.AfterFunc(400*time.Millisecond, p.showLate)
	case s.is(Dropped):
		if p.count%2 == 0 {
			p.showLocked(u)
		}
	case s.is(Repeated):
		p.showLocked(u)
		p.showLocked(u)
	case s.is(Reordered):
		if p.held == nil {
			p.held = &u
			time.AfterFunc(150*time.Millisecond, p.release)
			return
		}
		p.showLocked(u)
		p.showLocked(*p.held)
		p.held = nil
	default:
		p.showLocked(u)
	}
}

func (p *page) showLate() {
	p.service.mu.Lock()
	defer p.service.mu.Unlock()
	p.showLocked(p.late[0])
	p.late = p.late[1:]
}

func (p *page) release() {
	p.service.mu.Lock()
	defer p.service.mu.Unlock()
	if p.held != nil {
		p.showLocked(*p.held)
		p.held = nil
	}
}

func (p *page) show(u update) {
	p.service.mu.Lock()
	defer p.service.mu.Unlock()
	p.showLocked(u)
}

func (p *page) showLocked(u update) {
	before := p.shown
	p.shown = u.shown
	p.post("agent::update", object{"snapshot": u.snapshot, "configuration": whole()})
	for _, publication := range changes(before, p.shown) {
		p.publish(publication)
	}
}

// receive takes a message of Streams.
func (p *page) receive(ctx context.Context, event string, data json.RawMessage) {
	switch event {
	case "synchronize": //nolint:misspell // the library has it so
		p.post("acknowledge", nil)
	case "api_request":
		p.request(ctx, data)
	case "master_request":
		var r struct {
			RequestID string
			Params    struct{ Topic string }
		}
		if json.Unmarshal(data, &r) == nil {
			p.post("master_response", object{
				"event": "master_response", "requestId": r.RequestID, "err": nil,
				"data": object{"masterId": "own-page", "isMaster": false, "takeOver": false, "topic": r.Params.Topic},
			})
		}
	}
}

func (p *page) request(ctx context.Context, data json.RawMessage) {
	var r struct {
		RequestID string
		Method    string
		Params    ctiInput
	}
	if json.Unmarshal(data, &r) != nil {
		return
	}
	response := object{"event": "api_response", "requestId": r.RequestID, "data": object{}, "err": nil}
	if r.Method == "getEndpoints" {
		response["data"] = object{"endpoints": []Endpoint{Cardiology, Ben}}
		p.post("api_response", response)
		return
	}
	finish := p.service.begin(request{r.Method, r.Params.ContactID, r.Params.ConnectionID, r.Params.Endpoint})
	go func() { // ends with ctx
		_, err := finish(ctx)
		if errors.Is(err, errSwallowed) {
			return
		}
		if refused := new(refusal); errors.As(err, &refused) {
			response["data"], response["err"] = nil, p.error(refused)
		}
		p.post("api_response", response)
	}()
}

// error returns a refusal as the worker passes it on, or as an object.
func (p *page) error(r *refusal) any {
	p.service.mu.Lock()
	defer p.service.mu.Unlock()
	if p.service.is(ErrorObjects) {
		return object{"type": r.kind, "message": r.text}
	}
	text, _ := json.Marshal(object{"type": r.kind, "message": r.text, "stack": []string{}, "retryStatus": "none", "statusCode": 400}) // only strings
	return string(text)
}
