package panel

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"holdfast/call"
	"holdfast/routing"
)

const (
	repeatEvery  = 15 * time.Second // a Streams page may have missed an update
	audioAfter   = 3 * time.Second  // without its window, the audio goes to another
	goneAfter    = 10 * time.Second // without a window, the agent is lost and not reloading
	startWithin  = 15 * time.Second // windows reconnect by then after a restart
	answerWithin = 10 * time.Second // every request has its response by then
	keepPage     = time.Minute      // a window that reconnects by then gets its responses
	mostPages    = 16               // of one agent
)

// A station has an agent's windows and their content. One goroutine, run, owns it;
// others put functions into its inbox.
type station struct {
	panel   *Panel
	account Account
	present atomic.Bool
	busy    atomic.Bool // the agent is in a call, and the page is their phone

	wake  chan struct{} // contacts or the agent have changed
	inbox chan func()
	lines chan func()   // work for runLines
	pace  *rate.Limiter // of the windows' messages

	transfers transfers

	// mu guards the reports since the last look.
	mu       sync.Mutex
	involved map[call.ContactID]bool // contacts with a segment of the agent, now or before
	over     []call.Contact          // contacts that have ended, with a segment of the agent
	rejected map[string]bool         // names of connections on which the agent rejects

	// The fields below belong to run.
	pages   []*page // in the order in which they came
	shown   frame
	audio   string    // the page that has the agent's audio
	audioBy time.Time // when it goes to another if that page is not back; zero: it is there
	offered string    // the session whose window has offered audio last
	goneBy  time.Time // when the agent counts as lost; zero: they have a page
	muted   bool
	parked  parked // as the pages show it
}

func newStation(p *Panel, a Account) *station {
	s := &station{
		panel: p, account: a, wake: make(chan struct{}, 1), inbox: make(chan func()), lines: make(chan func(), mostWaiting),
		pace:     rate.NewLimiter(rate.Every(messageEvery), messageBurst),
		involved: map[call.ContactID]bool{}, rejected: map[string]bool{},
	}
	s.present.Store(true) // until the time for coming back is over
	return s
}

func (s *station) run() {
	s.goneBy = s.now().Add(startWithin)
	repeat := time.NewTicker(repeatEvery)
	defer repeat.Stop()
	timer := time.NewTimer(0)
	defer timer.Stop()
	s.refresh()
	for {
		select {
		case <-s.panel.stop:
			for _, p := range s.pages {
				p.detach(goingAway, "the server stops")
				close(p.work)
			}
			close(s.lines)
			return
		case <-s.wake:
			s.refresh()
		case act := <-s.inbox:
			act()
		case <-repeat.C:
			s.refresh()
			s.endSessions()
			s.sendAll(s.update(s.shown))
		case <-timer.C:
			s.expire()
		}
		if next := s.deadline(); next.IsZero() {
			timer.Stop()
		} else {
			timer.Reset(next.Sub(s.now()))
		}
	}
}

// do makes run call act. It returns false when the panel is closed.
func (s *station) do(act func()) bool {
	select {
	case s.inbox <- act:
		return true
	case <-s.panel.stop:
		return false
	}
}

// rouse has run refresh.
func (s *station) rouse() {
	select {
	case s.wake <- struct{}{}:
	default: // it will anyway
	}
}

func (s *station) now() time.Time { return s.panel.options.Now() }

// contactChanged rouses the station if the agent has or had a segment in c.
func (s *station) contactChanged(c call.Contact, events []call.Timed) {
	s.mu.Lock()
	for _, x := range c.Connections {
		if s.isAgent(x.Endpoint) {
			s.involved[c.ID] = true
		}
	}
	concerned := s.involved[c.ID]
	if concerned && c.Stage == call.Over {
		s.over = append(s.over, c)
	}
	if concerned {
		for _, e := range events {
			if id := turnedDown(e.Event); id != 0 {
				s.rejected[connectionName(c.ID, id)] = true
			}
		}
	}
	s.mu.Unlock()
	s.transfers.note(c, s.isAgent)
	if concerned {
		s.rouse()
	}
}

// isAgent reports whether an endpoint is the agent of this station.
func (s *station) isAgent(e call.Endpoint) bool {
	return e.Kind == call.AgentEndpoint && strings.EqualFold(e.Address, s.account.Agent)
}

// turnedDown returns the connection that rejects the call, or 0.
func turnedDown(ev call.Event) call.ConnectionID {
	switch ev := ev.(type) {
	case call.RejectRequested:
		return ev.By
	case call.DestroyRequested:
		if ev.By == ev.Connection {
			return ev.By
		}
	case call.Failed:
		if ev.Reason == call.Declined {
			return ev.Connection
		}
	}
	return 0
}

// look reads how the agent and their contacts are now. A contact that has ended
// is among those that are over before the switchboard forgets it, so these are
// read last: otherwise it could be in neither.
func (s *station) look() scene {
	agent, known := s.panel.options.Routing.Agent(s.account.Agent)
	if !known {
		agent = routing.Agent{Name: s.account.Agent}
	}
	s.mu.Lock()
	for _, x := range agent.Segments {
		s.involved[x.Contact] = true
	}
	if r := agent.Reservation; r != nil { // which may be known before contactChanged
		s.involved[r.Contact] = true
	}
	sc := scene{now: s.now(), agent: agent, page: !s.account.Desk, mask: s.panel.options.MaskInternal, looked: slices.Sorted(maps.Keys(s.involved))}
	s.mu.Unlock()

	for _, id := range sc.looked {
		if c, live := s.panel.options.Board.Contact(id); live {
			sc.contacts = append(sc.contacts, c)
		}
	}
	s.mu.Lock()
	sc.over, sc.rejected = s.over, s.rejected
	s.over, s.rejected = nil, map[string]bool{}
	s.mu.Unlock()
	sc.contacts = slices.DeleteFunc(sc.contacts, func(c call.Contact) bool { // it was not when it was read
		return c.Stage != call.Over && slices.ContainsFunc(sc.over, func(x call.Contact) bool { return x.ID == c.ID })
	})
	return sc
}

// refresh looks, and sends the pages the changes.
func (s *station) refresh() {
	sc := s.look()
	for _, f := range frames(s.shown.cards, sc) {
		f.noteMissed(s.shown.missed)
		f.noPhone = s.hasNoPhone()
		if !reflect.DeepEqual(f, s.shown) {
			before := s.shown
			s.shown = f
			s.sendAll(s.update(f))
			s.publish(changes(before, s.shown))
		}
	}
	s.forget(sc)
	s.publish(publishTransfers(s.transfers.take()))
	if now := s.panel.parking.list(); !reflect.DeepEqual(now, s.parked) {
		s.parked = now
		s.sendAll(now)
	}
	s.passLostAudio()
	s.busy.Store(!s.account.Desk && len(s.shown.segments) > 0)
	if now := s.isMuted(); now != s.muted {
		s.muted = now
		s.sendAll(muted{now})
	}
	for _, p := range s.pages {
		p.settle()
	}
}

// hasNoPhone reports whether the agent's phone registers and is registered nowhere.
func (s *station) hasNoPhone() bool {
	lost := s.panel.options.PhoneLost
	return lost != nil && lost(s.account.Agent)
}

// forget drops the contacts in which the agent has no segment any more. It drops
// only those that were looked for: others may have come since.
func (s *station) forget(sc scene) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range sc.looked {
		here := func(c call.Contact) bool { return c.ID == id }
		if !slices.ContainsFunc(sc.contacts, here) && !slices.ContainsFunc(s.shown.cards, func(c card) bool { return c.Contact == id }) {
			delete(s.involved, id)
		}
	}
}

// isMuted reports whether the others cannot hear the agent.
func (s *station) isMuted() bool {
	return slices.ContainsFunc(s.shown.segments, func(x segment) bool { return x.own.Muted })
}

func (s *station) update(f frame) update {
	var contacts []contact
	v := view{Agent: viewAgent(f.agent), NoPhone: f.noPhone, Contacts: []contactView{}, Missed: f.missed}
	for _, c := range f.cards {
		contacts = append(contacts, c.streams)
		v.Contacts = append(v.Contacts, c.view)
	}
	return update{
		Snapshot:      streamsSnapshot(f.agent, f.segments, contacts, s.now()),
		Configuration: streamsConfiguration(s.account.Agent, !s.account.Desk, s.panel.options.NotReady),
		View:          v,
	}
}

// publish sends changes to the pages that subscribe to them.
func (s *station) publish(changes []publication) {
	if len(changes) == 0 {
		return
	}
	b := encode(published{changes, false})
	for _, p := range s.pages {
		if p.follows {
			p.sendBytes(b)
		}
	}
}

func (s *station) sendAll(m any) {
	b := encode(m)
	for _, p := range s.pages {
		p.sendBytes(b)
	}
}

// deadline is when expire has something to do; zero: never.
func (s *station) deadline() time.Time {
	first := call.Earlier(s.goneBy, s.audioBy)
	for _, p := range s.pages {
		first = call.Earlier(first, p.deadline())
	}
	return first
}

// expire handles the deadlines that have passed.
func (s *station) expire() {
	now := s.now()
	if call.Due(s.goneBy, now) {
		s.goneBy = time.Time{}
		s.present.Store(false)
		if !s.account.Desk {
			s.panel.options.Routing.Lost(s.account.Agent)
		}
	}
	if call.Due(s.audioBy, now) {
		s.releaseAudio()
	}
	for _, p := range s.pages {
		p.expire(now)
	}
	s.pages = slices.DeleteFunc(s.pages, func(p *page) bool {
		over := !p.isThere() && call.Due(p.leftAt.Add(keepPage), now)
		if over {
			close(p.work)
		}
		return over
	})
}
