package panel

import (
	"context"
	"slices"
	"time"

	"holdfast/call"
)

const (
	mostWaiting    = 32      // requests of one page that have no response yet
	mostRemembered = 64      // responses of one page, to be sent again
	mostRepeated   = 1 << 20 // bytes of these
)

// A page is a window of an agent's browser, across all its connections. It belongs
// to its station; a goroutine of its own performs its requests, in order.
type page struct {
	id      string // of the window's own choice
	station *station
	socket  *socket   // nil: there is none at the moment
	since   time.Time // of the socket
	leftAt  time.Time
	work    chan func() // closed with the page
	asked   []*asked    // oldest first
	follows bool        // the page around follows topics of the SDK
	left    frame       // the frame shown when the last socket ended
}

// asked is a request of a page, and its response.
type asked struct {
	id        string
	namespace string    // of the SDK; empty: of Streams
	by        time.Time // when it must have its response
	response  []byte    // nil: not yet
	at        time.Time // of the response

	outcome *outcome // nil: not yet, or responded
}

func (p *page) isThere() bool { return p.socket != nil }

// attach gives the window of that id a connection.
func (s *station) attach(id string, k *socket) {
	if !s.panel.sessions.holds(s.account.Agent, k.session) { // it has ended while the window connected
		k.close(sessionOver, sessionEnded)
		return
	}
	i := slices.IndexFunc(s.pages, func(p *page) bool { return p.id == id })
	if i < 0 {
		if len(s.pages) >= mostPages && !s.forgetPage() {
			k.close(tryAgainLater, "too many windows are open")
			return
		}
		p := &page{id: id, station: s, work: make(chan func(), mostWaiting)}
		s.panel.running.Go(p.run)
		s.pages = append(s.pages, p)
		i = len(s.pages) - 1
	}
	p := s.pages[i]
	p.detach(replaced, "this window is connected again")
	p.socket, p.since = k, s.now()
	wasGone := !s.present.Swap(true)
	s.goneBy = time.Time{}
	if wasGone && !s.account.Desk {
		s.panel.options.Routing.Back(s.account.Agent)
	}
	p.send(s.hello())
	p.send(s.update(s.shown))
	p.send(s.parked)
	p.send(muted{s.muted})
	switch s.audio {
	case "", id:
		s.moveAudio(id)
	default:
		p.send(s.audioFor(p))
	}
	p.repeatResponses()
	if topics := changes(p.left, s.shown); p.follows && len(topics) > 0 {
		p.send(published{topics, false})
	}
}

// forgetPage makes room: it forgets the page that has been gone longest. It is false
// if none has gone.
func (s *station) forgetPage() bool {
	longest := -1
	for i, p := range s.pages {
		if !p.isThere() && (longest < 0 || p.leftAt.Before(s.pages[longest].leftAt)) {
			longest = i
		}
	}
	if longest < 0 {
		return false
	}
	close(s.pages[longest].work)
	s.pages = slices.Delete(s.pages, longest, longest+1)
	return true
}

func (s *station) hello() hello {
	h := hello{
		Agent: s.account.Agent, Boot: s.panel.boot, Phone: !s.account.Desk, Origins: s.panel.options.Origins,
		Endpoints: []targetView{},
	}
	if h.Origins == nil {
		h.Origins = []string{}
	}
	for _, c := range choices(s.panel.options.NotReady) {
		h.Statuses = append(h.Statuses, status{string(c.State), c.Reason})
	}
	for _, e := range s.panel.options.Directory.Endpoints() {
		if e.Kind != call.AgentEndpoint || e.Address != s.account.Agent {
			h.Endpoints = append(h.Endpoints, targetView{e.String(), string(e.Kind)})
		}
	}
	return h
}

// left handles the end of a page's connection. If the page has been closed, its
// audio has ended as well. If only the connection was lost, audio may go on.
func (s *station) left(k *socket, closed bool) {
	i := slices.IndexFunc(s.pages, func(p *page) bool { return p.socket == k })
	if i < 0 {
		return // it has another one
	}
	p := s.pages[i]
	p.detach(goingAway, "")
	if s.audio == p.id {
		s.audioBy = s.now().Add(audioAfter)
		if closed {
			s.eachLine(s.panel.options.Lines.Disconnect)
			s.passAudio()
		} else {
			s.eachLine(s.panel.options.Lines.Doubt)
			s.passLostAudio()
		}
	}
	if !slices.ContainsFunc(s.pages, (*page).isThere) {
		s.goneBy = s.now().Add(goneAfter)
	}
}

// passLostAudio passes the audio on if its window is not connected and no line has
// audio: the browser is gone, so there is no point in waiting for it.
func (s *station) passLostAudio() {
	if !s.audioBy.IsZero() && s.audio != "" && !slices.ContainsFunc(s.shown.segments, s.hasAudio) {
		s.passAudio()
	}
}

// passAudio gives the audio of a window that is gone to the window that replaces
// it, which was opened just now or is opened next.
func (s *station) passAudio() {
	for _, p := range slices.Backward(s.pages) {
		if p.isThere() && s.now().Sub(p.since) < audioAfter {
			s.moveAudio(p.id)
			return
		}
	}
	s.audio = ""
	s.sendAudio()
}

// releaseAudio gives the audio of a window that does not come back to any other
// window, or to the next that is opened.
func (s *station) releaseAudio() {
	if i := slices.IndexFunc(s.pages, (*page).isThere); i >= 0 {
		s.moveAudio(s.pages[i].id)
		return
	}
	s.audio, s.audioBy = "", time.Time{}
}

// moveAudio gives the agent's audio to a page.
func (s *station) moveAudio(id string) {
	s.audio, s.audioBy = id, time.Time{}
	s.sendAudio()
}

// takeAudio gives the agent's audio to the page in which the agent asks for it. A window
// that is not connected cannot get the message, and its microphone must not be heard.
func (s *station) takeAudio(p *page) {
	if s.audio != p.id && !s.audioBy.IsZero() {
		s.eachLine(s.panel.options.Lines.Disconnect)
	}
	s.moveAudio(p.id)
}

func (s *station) sendAudio() {
	for _, p := range s.pages {
		p.send(s.audioFor(p))
	}
}

func (s *station) audioFor(p *page) audio {
	return audio{Here: s.audio == p.id, Elsewhere: s.audio != p.id && s.audio != ""}
}

// run performs the page's requests until work is closed.
func (p *page) run() {
	for act := range p.work {
		act()
	}
}

// do queues work for run, which leaves it out if the session of the connection has ended
// by then. It reports false when the queue is full.
func (p *page) do(act func()) bool {
	sessions, agent, session := p.station.panel.sessions, p.station.account.Agent, p.socket.session
	work := func() {
		if !sessions.ended(agent, session) {
			act()
		}
	}
	select {
	case p.work <- work:
		return true
	default:
		return false
	}
}

func (p *page) send(m any) { p.sendBytes(encode(m)) }

func (p *page) sendBytes(b []byte) {
	if p.socket != nil && !p.socket.send(b) {
		p.socket.close(tryAgainLater, "the page does not keep up")
	}
}

func (p *page) detach(code closeCode, why string) {
	if p.socket != nil {
		p.socket.close(code, why)
		p.socket, p.leftAt, p.left = nil, p.station.now(), p.station.shown
	}
}

// take handles a message of the page.
func (p *page) take(m any) {
	s := p.station
	switch m := m.(type) {
	case request:
		p.ask(m)
	case offer:
		p.offer(m)
	case mute:
		if m.Muted == nil || !p.do(func() { s.mute(*m.Muted) }) {
			p.send(muted{s.muted})
		}
	case takeOver:
		s.takeAudio(p)
	case echo:
		s.sendAll(echoed(m))
	case subscribe:
		p.follows = true
		if now := append(current(s.shown, m), s.transfers.current(m)...); now != nil {
			p.send(published{now, true})
		}
	}
}

// ask performs a request. The same requestId again is the same request.
func (p *page) ask(m request) {
	s := p.station
	if i := slices.IndexFunc(p.asked, func(a *asked) bool { return a.id == m.RequestID }); i >= 0 {
		if b := p.asked[i].response; b != nil {
			p.sendBytes(b)
		}
		return
	}
	a := &asked{id: m.RequestID, namespace: m.Namespace, by: s.now().Add(answerWithin)}
	p.remember(a)
	accepted := p.do(func() {
		if !s.now().Before(a.by) {
			return // it has timed out
		}
		ctx, cancel := context.WithTimeout(context.Background(), answerWithin)
		defer cancel()
		o, err := s.perform(ctx, m)
		s.do(func() { p.performed(a, o, err) })
	})
	if !accepted {
		p.fail(a, refuse(quotaExceeded, "too many requests are waiting"))
	}
}

// remember adds a request, and forgets old ones that have their response.
func (p *page) remember(a *asked) {
	p.asked = append(p.asked, a)
	now, over, bytes := p.station.now(), len(p.asked)-mostRemembered, -mostRepeated
	for _, x := range p.asked {
		bytes += len(x.response)
	}
	p.asked = slices.DeleteFunc(p.asked, func(x *asked) bool {
		old := x.response != nil && (over > 0 || bytes > 0 || now.Sub(x.at) > keepPage)
		if old {
			over, bytes = over-1, bytes-len(x.response)
		}
		return old
	})
}

// performed takes the outcome of a request.
func (p *page) performed(a *asked, o outcome, err error) {
	if a.response != nil {
		return // it has timed out
	}
	if err != nil {
		p.station.refresh()
		p.fail(a, err)
		return
	}
	a.outcome = &o
	p.station.refresh() // which settles it if its effect shows
}

// settle responds to the requests whose effect has been shown.
func (p *page) settle() {
	for _, a := range p.asked {
		if a.response != nil || a.outcome == nil {
			continue
		}
		done, err := a.outcome.shows(p.station.shown.segments)
		switch {
		case err != nil:
			p.fail(a, err)
		case done:
			p.respond(a, response{a.id, a.namespace, a.outcome.data, nil})
		}
	}
}

func (p *page) fail(a *asked, err error) {
	e := errorFor(err)
	p.respond(a, response{a.id, a.namespace, e.data(), e})
}

// respond sends a response, and the update that shows its effect once more: a
// Streams page begins to watch only when it has the response. The SDK has
// subscriptions instead, and a page that asks the SDK whenever it gets an update must
// not get another for it.
func (p *page) respond(a *asked, r response) {
	a.response, a.at, a.outcome = encode(r), p.station.now(), nil
	p.sendBytes(a.response)
	if a.namespace == "" {
		p.send(p.station.update(p.station.shown))
	}
}

// repeatResponses sends a window that has reconnected the responses it may have
// missed. The SDK logs an error for one that it has had.
func (p *page) repeatResponses() {
	some := false
	for _, a := range p.asked {
		had := a.namespace != "" && a.at.Before(p.leftAt.Add(-lostWithin))
		if a.response != nil && !had {
			p.sendBytes(a.response)
			some = true
		}
	}
	if some {
		p.send(p.station.update(p.station.shown))
	}
}

// deadline is when expire has something to do; zero: never.
func (p *page) deadline() time.Time {
	var first time.Time
	if !p.isThere() {
		first = p.leftAt.Add(keepPage)
	}
	for _, a := range p.asked {
		if a.response == nil {
			first = call.Earlier(first, a.by)
		}
	}
	return first
}

func (p *page) expire(now time.Time) {
	for _, a := range p.asked {
		if a.response == nil && call.Due(a.by, now) {
			p.fail(a, refuse(requestTimedOut, "The request had no effect in time; check the call before you try again."))
		}
	}
}

// pageOn is the page with that connection, or nil: it has another one.
func (s *station) pageOn(k *socket) *page {
	if i := slices.IndexFunc(s.pages, func(p *page) bool { return p.socket == k }); i >= 0 {
		return s.pages[i]
	}
	return nil
}
