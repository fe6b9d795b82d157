package panel

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"holdfast/call"
	"holdfast/hostcheck"
	"holdfast/password"
	"holdfast/routing"
	"holdfast/switchboard"
)

// A Board runs the contacts.
type Board interface {
	// Request puts a person's request to a contact, and returns the contact
	// once that is written down. After an error nothing has been done; a
	// *call.Refusal has the reason.
	Request(ctx context.Context, id call.ContactID, ev call.Event) (call.Contact, error)
	// Contacts returns all live contacts as they were last written down, and
	// Contact one of them. They include the effects of a Request by the time it
	// returns.
	Contacts() []call.Contact
	Contact(id call.ContactID) (call.Contact, bool)
}

// Routing knows how agents are. An error may be a *call.Refusal. Its methods may
// be called by any goroutine.
type Routing interface {
	Agent(name string) (routing.Agent, bool)
	SetStatus(ctx context.Context, name string, s routing.Status) error
	// Clear ends the after-call work of a segment.
	Clear(ctx context.Context, name string, id routing.SegmentID) error
	// Lost reports that the last window of an agent without another phone has
	// closed, and Back that there is one again. They do not block.
	Lost(name string)
	Back(name string)
}

// A Directory knows who can be reached.
type Directory interface {
	// Endpoints returns all endpoints that have a name, agents and queues
	// included.
	Endpoints() []call.Endpoint
	// Endpoint resolves a name, a phone number or a sip: address. The error is
	// a sentence for the person who wrote it.
	Endpoint(written string) (call.Endpoint, error)
	// Permit returns nil if an endpoint may be dialled, otherwise a
	// *switchboard.DialError in the words of the configuration.
	Permit(e call.Endpoint) error
}

// Lines are the lines of agents whose page is their phone.
type Lines interface {
	// Connect makes an audio session for an agent's connection and answers the
	// browser's offer. A session that the connection has already ends.
	Connect(ctx context.Context, id call.ContactID, connection call.ConnectionID, offer string) (answer string, err error)
	// Disconnect ends the session of a connection, because its window has
	// closed.
	Disconnect(id call.ContactID, connection call.ConnectionID)
	// Doubt checks whether the browser still sends audio. If it does not, the
	// line is lost; if it does, nothing happens.
	Doubt(id call.ContactID, connection call.ConnectionID)
}

// An Account is an agent with a login.
type Account struct {
	Agent string // the agent's name
	Login password.Hash
	Desk  bool // the agent has a phone elsewhere; the page only shows and asks
}

// Options configure a Panel. All up to Accounts are needed.
type Options struct {
	Board     Board
	Routing   Routing
	Directory Directory
	Lines     Lines
	Store     switchboard.Store // keeps the sessions
	Accounts  []Account
	Origins   []string        // pages that may embed this one, such as "https://crm.example.com"
	NotReady  []string        // the reasons for not-ready that an agent can choose
	Names     hostcheck.Names // by which the page may be asked for
	// With MaskInternal, Streams pages get third parties that are agents or queues,
	// and transferred outbound calls, as in Amazon Connect.
	MaskInternal bool

	SessionFor time.Duration // how long a login lasts; 0: 12h
	IdleFor    time.Duration // how long it lasts without a window; 0: 2h

	// PhoneLost reports whether the phone of an agent registers and is registered
	// nowhere; nil: of no agent. PhoneChanged makes the panel ask again.
	PhoneLost func(agent string) bool

	// Recognised is called with each request of a logged-in agent; nil: not.
	Recognised func(*http.Request)

	Now func() time.Time // nil: time.Now
	Log *slog.Logger     // nil: slog.Default()
}

// A Panel serves the page. Its methods may be called by any goroutine.
type Panel struct {
	options  Options
	log      *slog.Logger
	boot     string // of this life of the server
	sessions *sessions
	guesses  *guesses
	odd      *rate.Limiter       // of log lines that any client can cause
	hashing  chan struct{}       // holds a value while a password is checked
	stations map[string]*station // by agent; never changes
	lower    map[string]*station // by agent in lower case; never changes
	parking  parking

	mu       sync.Mutex                    // guards involved
	involved map[call.ContactID][]*station // of agents that are or were in a live contact

	stop    chan struct{} // closed by Close
	close   sync.Once
	running sync.WaitGroup
}

// readWithin is how long New waits for the store.
const readWithin = 10 * time.Second

// New reads the stored sessions. An agent without another phone counts as lost if
// none of their windows connects within startWithin. The caller must call Close.
func New(o Options) (*Panel, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	o.SessionFor, o.IdleFor = cmp.Or(o.SessionFor, workingDay), cmp.Or(o.IdleFor, longBreak)
	p := &Panel{
		options: o, log: o.Log, boot: rand.Text(), guesses: newGuesses(o.Now), odd: rate.NewLimiter(rate.Every(oddEvery), oddBurst),
		hashing: make(chan struct{}, hashingMost), stations: map[string]*station{}, lower: map[string]*station{},
		involved: map[call.ContactID][]*station{}, stop: make(chan struct{}),
	}
	logins := map[string]string{}
	for _, a := range o.Accounts {
		logins[a.Agent] = hashToken(a.Login.PHC())
		s := newStation(p, a)
		p.stations[a.Agent], p.lower[strings.ToLower(a.Agent)] = s, s
	}
	ctx, cancel := context.WithTimeout(context.Background(), readWithin)
	defer cancel()
	var err error
	if p.sessions, err = readSessions(ctx, o, logins); err != nil {
		return nil, fmt.Errorf("opening the panel: %w", err)
	}
	p.sessions.busy = func(agent string) bool { return p.stations[agent] != nil && p.stations[agent].busy.Load() }
	for _, s := range p.stations {
		p.recall(s)
	}
	for _, c := range o.Board.Contacts() {
		p.ContactChanged(c, nil)
	}
	for _, s := range p.stations {
		p.running.Go(s.run)
		p.running.Go(s.runLines)
	}
	return p, nil
}

// recall makes a station follow the live contacts in which its agent has a segment,
// also those that they have left.
func (p *Panel) recall(s *station) {
	agent, _ := p.options.Routing.Agent(s.account.Agent)
	for _, x := range agent.Segments {
		if _, live := p.options.Board.Contact(x.Contact); live {
			p.involved[x.Contact] = append(p.involved[x.Contact], s)
			s.transfers.recall(x.SegmentID)
		}
	}
}

// Close closes every connection. Pages reconnect by themselves.
func (p *Panel) Close() {
	p.close.Do(func() { close(p.stop) })
	p.running.Wait()
}

// ContactChanged takes a contact each time it has been written down, and the events
// that led there. It does not block.
func (p *Panel) ContactChanged(c call.Contact, events []call.Timed) {
	anew := p.parking.changed(c)
	for _, s := range p.concerned(c) {
		s.contactChanged(c, events)
	}
	if anew {
		for _, s := range p.stations {
			s.rouse()
		}
	}
}

// concerned returns the stations of agents that are or were in a contact.
func (p *Panel) concerned(c call.Contact) []*station {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := p.involved[c.ID]
	for _, x := range c.Connections {
		if x.Endpoint.Kind != call.AgentEndpoint {
			continue
		}
		if s := p.stationOf(x.Endpoint.Address); s != nil && !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	switch {
	case c.Stage == call.Over:
		delete(p.involved, c.ID)
	case len(all) > 0:
		p.involved[c.ID] = all
	}
	return all
}

// AgentChanged takes an agent whose state has changed. It does not block.
func (p *Panel) AgentChanged(a routing.Agent) {
	if s := p.stations[a.Name]; s != nil {
		s.rouse()
	}
}

// PhoneChanged takes that the phone of an agent has registered, or is not registered any
// more. It does not block.
func (p *Panel) PhoneChanged(agent string) {
	if s := p.stations[agent]; s != nil {
		s.rouse()
	}
}

// Present reports whether a window of the agent is connected, or was within
// goneAfter: it may be reloading.
func (p *Panel) Present(agent string) bool {
	s := p.stationOf(agent)
	return s != nil && s.present.Load()
}

// stationOf is the station of the agent of that name, in any case, or nil.
func (p *Panel) stationOf(name string) *station {
	if s := p.stations[name]; s != nil {
		return s
	}
	return p.lower[strings.ToLower(name)]
}
