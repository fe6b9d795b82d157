package kill

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/coder/websocket"
	"github.com/pion/webrtc/v4"

	"holdfast/call"
	agents "holdfast/routing"
	"holdfast/softphone"
)

// vera is the agent at the page. Her password is written down as cheaply as can be.
const (
	vera      = "vera"
	veraTone  = 1500
	veraWord  = "sesame"
	veraLogin = "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$iBLAHFT6jhtC9lFPMb3n9A"
)

// A page is vera's page without a browser. It picks up what rings and has a session
// for each call, also with the server after the one that was killed.
type page struct {
	origin string
	api    *webrtc.API
	heard  softphone.Recording
	cookie string // of the login

	// What follows belongs to run.
	conn     *websocket.Conn
	boot     string // of the server that knows the sessions
	here     bool   // the audio is to be here
	calls    []pageCall
	sessions map[string]*session
	offers   map[int]string // the calls that they are for
	asked    int
}

// A pageCall is a call as the page shows it.
type pageCall struct {
	ID    string `json:"id"`
	Phase string `json:"phase"`
}

// atPage begins a contact with vera, who works at the page.
func atPage(c *cell) {
	c.t.Helper()
	veraWorks(c)
	c.calls()
	c.Find()
	c.with(vera)
}

// veraWorks opens vera's page, and has her available.
func veraWorks(c *cell) {
	c.t.Helper()
	p := &page{origin: "http://" + c.SIP.Addr().String() + ":8090", sessions: map[string]*session{}, offers: map[int]string{}}
	var err error
	if p.api, err = webrtcAPI(); err != nil {
		c.t.Fatalf("%v", err)
	}
	c.Eventually(p.logIn)
	c.Eventually(func(ctx context.Context) error {
		_, err := c.Client.SetStatus(ctx, vera, agents.Status{State: agents.Available})
		return err
	})
	ctx, cancel := context.WithCancel(context.WithoutCancel(c.t.Context()))
	var running sync.WaitGroup
	running.Go(func() { p.run(ctx) })
	c.t.Cleanup(func() {
		cancel()
		running.Wait()
	})
	c.Listen(vera, veraTone, &p.heard)
}

func (p *page) logIn(ctx context.Context) error {
	body, err := json.Marshal(map[string]string{"name": vera, "password": veraWord})
	if err != nil {
		return err
	}
	ask, err := http.NewRequestWithContext(ctx, http.MethodPost, p.origin+"/ccp-v2/login", bytes.NewReader(body))
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(ask)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if len(answer.Cookies()) == 0 {
		return fmt.Errorf("logging in: %s", answer.Status)
	}
	p.cookie = answer.Cookies()[0].String()
	return nil
}

// run keeps the page connected until ctx ends.
func (p *page) run(ctx context.Context) {
	for ctx.Err() == nil {
		_ = p.connection(ctx) // it ends with the server, or with ctx
		select {
		case <-ctx.Done():
		case <-time.After(100 * time.Millisecond):
		}
	}
	p.drop()
}

// connection is one connection to the server, from its beginning to its end.
func (p *page) connection(ctx context.Context) (err error) {
	header := http.Header{"Cookie": {p.cookie}, "Origin": {p.origin}}
	p.conn, _, err = websocket.Dial( //nolint:bodyclose // the library closes it
		ctx, p.origin+"/ccp-v2/socket?page=page-of-vera", &websocket.DialOptions{HTTPHeader: header})
	if err != nil {
		return err
	}
	defer p.conn.CloseNow()
	p.conn.SetReadLimit(1 << 20)
	for {
		_, text, err := p.conn.Read(ctx)
		if err != nil {
			return err
		}
		if err := p.receive(ctx, text); err != nil {
			return err
		}
	}
}

func (p *page) receive(ctx context.Context, text []byte) error {
	var m struct {
		Type  string `json:"type"`
		Boot  string `json:"boot"`
		Here  bool   `json:"here"`
		Offer int    `json:"offer"`
		SDP   string `json:"sdp"`
		View  struct {
			Contacts []pageCall `json:"contacts"`
		} `json:"view"`
	}
	if err := json.Unmarshal(text, &m); err != nil {
		return err
	}
	switch m.Type {
	case "hello":
		if p.boot != m.Boot {
			p.drop()
		}
		p.boot = m.Boot
	case "audio":
		p.here = m.Here
		return p.follow(ctx)
	case "update":
		p.calls = m.View.Contacts
		return p.follow(ctx)
	case "answer":
		return p.answered(m.Offer, m.SDP)
	}
	return nil
}

// follow picks up what rings, and has a session for each call.
func (p *page) follow(ctx context.Context) error {
	for _, c := range p.calls {
		switch c.Phase {
		case "ended", "missed", "rejected":
			continue
		case "ringing":
			if err := p.request(ctx, "acceptContact", c.ID); err != nil {
				return err
			}
		}
		if !p.here || p.sessions[c.ID] != nil {
			continue
		}
		s, offer, err := newSession(p.api, veraTone, &p.heard)
		if err != nil {
			return err
		}
		p.asked++
		p.sessions[c.ID], p.offers[p.asked] = s, c.ID
		if err := p.send(ctx, map[string]any{"type": "offer", "contactId": c.ID, "offer": p.asked, "sdp": offer}); err != nil {
			return err
		}
	}
	return nil
}

// answered takes the answer to an offer. Without one the page begins anew, as one
// does that is loaded again.
func (p *page) answered(number int, sdp string) error {
	id := p.offers[number]
	s := p.sessions[id]
	if sdp != "" && s != nil {
		return s.answer(sdp)
	}
	if s != nil {
		s.close()
		delete(p.sessions, id)
	}
	return errors.New("there is no audio")
}

func (p *page) request(ctx context.Context, method, contact string) error {
	p.asked++
	return p.send(ctx, map[string]any{
		"type": "request", "requestId": fmt.Sprint("request ", p.asked), "method": method, "params": map[string]string{"contactId": contact},
	})
}

func (p *page) send(ctx context.Context, m map[string]any) error {
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return p.conn.Write(ctx, websocket.MessageText, text)
}

// drop ends all sessions.
func (p *page) drop() {
	for _, s := range p.sessions {
		s.close()
	}
	clear(p.sessions)
	clear(p.offers)
}

// pageEndings have the agent at a page: in talk, while the target rings, and in a
// consultation.
var pageEndings = []ending{
	{name: "agent at a page", called: "page", kind: call.Warm, begin: atPage, ringFor: ringLong, cardiology: picksUp, play: consultedByVera, outcome: call.Completed},
}

// consultedByVera: vera talks to cardiology, the customer waits, and then cardiology
// has them and vera is released.
func consultedByVera(c *cell) {
	c.stage(call.Consulting)
	c.Hears(vera, "cardiology")
	c.Hears("cardiology", vera)
	c.waits()
	c.insist(c.Client.Complete, func(x call.Contact) bool { return x.Stage != call.Consulting })
	c.with("cardiology")
	c.Await(func(x call.Contact) bool { // cardiology's phone is that of an agent, who stays
		return !slices.ContainsFunc(x.Connections, func(c call.Connection) bool { return c.Endpoint.Address == vera })
	})
	c.goodbye()
}
