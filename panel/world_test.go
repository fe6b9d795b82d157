package panel

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"holdfast/call"
	"holdfast/config"
	"holdfast/directory"
	"holdfast/dispatch"
	"holdfast/password"
	"holdfast/routing"
	"holdfast/switchboard"
)

// A world is everything around a panel: contacts that package call really decides
// about, routing as it really is, and people who do as they are told. Ana and Ben
// work in the browser, Carl has a desk phone.
type world struct {
	panel      *Panel
	dispatcher *dispatch.Dispatcher
	directory  *directory.Directory
	log        *slog.Logger
	sessions   map[string]string // of agents with a window: the hash

	mu       sync.Mutex
	contacts []call.Contact
	people   map[string]behaviour // by address; others ring for ever
	answered map[lineID]bool      // accepted by their agent, waiting for the browser
	lines    map[lineID]int       // how often a browser has connected
	instant  bool                 // agents who accept need no browser
	broken   error                // what Request returns instead of doing anything
	slow     chan struct{}        // Request waits for it, if there is one
	late     chan struct{}        // Request has done its work and returns after it, if there is one
	calls    []string             // Lost ana, Back ana, Disconnect c1 2, Digits 7
	timer    *time.Timer
	closed   bool
}

type lineID struct {
	contact    call.ContactID
	connection call.ConnectionID
}

// A behaviour is what somebody does who is rung.
type behaviour struct {
	after time.Duration
	fails call.Reason // empty: they answer
}

const conf = `
[rules]
ring_for = "20s"
[[agent]]
name = "ana"
login = "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5Q"
after_call = "until-cleared"
[[agent]]
name = "ben"
login = "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5Q"
[[agent]]
name = "carl"
address = "sip:carl@127.0.0.1:5071"
login = "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5Q"
[[queue]]
name = "sales"
agents = ["ana", "ben"]
[[endpoint]]
name = "cardiology"
address = "sip:cardiology@127.0.0.1:5073"
[[endpoint]]
name = "pharmacy"
address = "+4930555"
[[endpoint]]
name = "reception"
address = "sip:reception@127.0.0.1:5074"
`

// sesame is the password of everybody here, hashed as cheaply as can be.
var sesame = sync.OnceValue(func() password.Hash {
	h, err := password.Parse("$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$iBLAHFT6jhtC9lFPMb3n9A")
	if err != nil {
		panic(err)
	}
	return h
})

func newWorld(t testing.TB, change func(*Options)) *world {
	t.Helper()
	c, err := config.Parse("world", []byte(conf))
	if err != nil {
		t.Fatal(err)
	}
	w := &world{
		directory: directory.New(c), log: slog.New(slog.NewTextHandler(t.Output(), nil)),
		sessions: map[string]string{}, people: map[string]behaviour{}, answered: map[lineID]bool{}, lines: map[lineID]int{},
	}
	store := &memory{}
	if w.dispatcher, err = dispatch.New(t.Context(), c, store, w.log); err != nil {
		t.Fatal(err)
	}
	w.dispatcher.Notify = w.post
	w.dispatcher.AgentChanged = func(a routing.Agent) { w.panel.AgentChanged(a) }
	o := Options{Board: w, Routing: people{w.dispatcher, w}, Directory: w.directory, Lines: w, Store: store, NotReady: []string{"Break", "Lunch"}, Log: w.log}
	for _, a := range c.Agents {
		o.Accounts = append(o.Accounts, Account{Agent: a.Name, Login: sesame(), Desk: a.Address != ""})
	}
	if change != nil {
		change(&o)
	}
	if w.panel, err = New(o); err != nil {
		t.Fatal(err)
	}
	w.dispatcher.Begin(nil)
	for _, a := range c.Agents {
		if err := w.dispatcher.SetStatus(t.Context(), a.Name, routing.Status{State: routing.Available}); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(w.close)
	return w
}

func (w *world) close() {
	w.mu.Lock()
	w.closed = true
	if w.timer != nil {
		w.timer.Stop()
	}
	w.mu.Unlock()
	w.panel.Close()
	w.dispatcher.Close()
}

// calls has a customer call an agent, or a queue.
func (w *world) customerCalls(id call.ContactID, who call.Endpoint) {
	customer := call.Endpoint{Kind: call.PhoneNumber, Address: "+4930123456"}
	w.begin(id, call.Arrived{Customer: customer, Called: "+49800100", Agent: who, Rules: call.DefaultRules()})
}

func agentNamed(name string) call.Endpoint {
	return call.Endpoint{Kind: call.AgentEndpoint, Address: name}
}

func (w *world) begin(id call.ContactID, ev call.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.contacts = append(w.contacts, call.Contact{ID: id})
	w.take(id, ev)
}

// post tells a contact a fact.
func (w *world) post(id call.ContactID, fact call.Fact) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	known := w.contact(id) != nil && !w.closed
	if known {
		w.take(id, fact)
	}
	return known
}

func (w *world) contact(id call.ContactID) *call.Contact {
	if i := slices.IndexFunc(w.contacts, func(c call.Contact) bool { return c.ID == id }); i >= 0 {
		return &w.contacts[i]
	}
	return nil
}

// take takes an event in, with all that comes of it at once.
func (w *world) take(id call.ContactID, first call.Event) error {
	c := w.contact(id)
	var events []call.Timed
	for todo := []call.Event{first}; len(todo) > 0; todo = todo[1:] {
		after, commands, err := call.Step(*c, time.Now().UTC(), todo[0])
		if err != nil {
			return err
		}
		*c = after
		events = append(events, call.Timed{At: time.Now().UTC(), Event: todo[0]})
		for _, command := range commands {
			todo = append(todo, w.do(*c, command)...)
		}
		if c.Stage == call.Joining {
			var all []call.ConnectionID
			for _, x := range c.Connections {
				all = append(all, x.ID)
			}
			todo = append(todo, call.Joined{Connections: all})
		}
	}
	w.dispatcher.Changed(*c, events)
	w.panel.ContactChanged(*c, events)
	w.contacts = slices.DeleteFunc(w.contacts, func(c call.Contact) bool { return c.Stage == call.Over })
	w.schedule()
	return nil
}

func (w *world) do(c call.Contact, command call.Command) []call.Event {
	switch command := command.(type) {
	case call.Dial:
		return w.dial(c, command)
	case call.Answer:
		l := lineID{c.ID, command.Connection}
		w.answered[l] = true
		for _, x := range c.Connections {
			if x.ID == l.connection && x.Party != call.Customer && (w.instant || w.lines[l] > 0) {
				return []call.Event{call.Answered{Connection: x.ID}}
			}
		}
	case call.Digits:
		w.calls = append(w.calls, "Digits "+command.Digits)
	case call.Ring, call.Refuse, call.Drop, call.Notify:
	}
	return nil
}

func (w *world) dial(c call.Contact, d call.Dial) []call.Event {
	if d.To.Kind == call.AgentEndpoint {
		if err := w.dispatcher.Reserve(c, d.Connection); err != nil {
			return []call.Event{call.Failed{Connection: d.Connection, Reason: call.Busy, Detail: err.Error()}}
		}
	}
	if err := w.directory.Permit(d.To); err != nil {
		refused := new(switchboard.DialError)
		errors.As(err, &refused)
		return []call.Event{call.Failed{Connection: d.Connection, Reason: refused.Reason, Detail: refused.Detail}}
	}
	b, told := w.people[d.To.Address]
	var then call.Fact = call.Answered{Connection: d.Connection}
	switch {
	case !told:
		return []call.Event{call.Rang{Connection: d.Connection}}
	case b.fails != "":
		then = call.Failed{Connection: d.Connection, Reason: b.fails, Detail: "486 Busy Here"}
	}
	if b.after == 0 {
		return []call.Event{then}
	}
	time.AfterFunc(b.after, func() { w.post(c.ID, then) })
	return []call.Event{call.Rang{Connection: d.Connection}}
}

// schedule has deadlines of contacts met.
func (w *world) schedule() {
	var first time.Time
	for _, c := range w.contacts {
		first = call.Earlier(first, c.Deadline())
	}
	if w.timer != nil {
		w.timer.Stop()
	}
	if first.IsZero() {
		return
	}
	w.timer = time.AfterFunc(time.Until(first), func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		for _, c := range slices.Clone(w.contacts) {
			if !w.closed && call.Due(c.Deadline(), time.Now()) {
				w.take(c.ID, call.DeadlinePassed{})
			}
		}
	})
}

// Request implements Board.
func (w *world) Request(ctx context.Context, id call.ContactID, ev call.Event) (call.Contact, error) {
	w.mu.Lock()
	slow, late := w.slow, w.late
	w.mu.Unlock()
	if slow != nil {
		<-slow
	}
	if late != nil {
		defer func() { <-late }()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.broken != nil {
		return call.Contact{}, w.broken
	}
	if w.contact(id) == nil {
		return call.Contact{}, switchboard.ErrNoContact
	}
	var after call.Contact
	err := w.take(id, ev)
	if c := w.contact(id); c != nil {
		after = *c
	}
	return after, err
}

// Contacts implements Board.
func (w *world) Contacts() []call.Contact {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.contacts)
}

// Contact implements Board.
func (w *world) Contact(id call.ContactID) (call.Contact, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if c := w.contact(id); c != nil {
		return *c, true
	}
	return call.Contact{}, false
}

// people is the dispatcher as the panel's Routing, with a note of who is lost.
type people struct {
	*dispatch.Dispatcher
	world *world
}

// Lost implements Routing.
func (p people) Lost(name string) {
	p.world.note("Lost " + name)
	p.Dispatcher.Lost(name)
}

// Back implements Routing.
func (p people) Back(name string) {
	p.world.note("Back " + name)
	p.Dispatcher.Back(name)
}

// Connect implements Lines.
func (w *world) Connect(_ context.Context, id call.ContactID, connection call.ConnectionID, offer string) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := w.contact(id)
	if c == nil {
		return "", switchboard.ErrNoContact
	}
	l := lineID{id, connection}
	w.lines[l]++
	for _, x := range c.Connections {
		switch {
		case x.ID != connection:
		case x.State == call.Connecting && w.answered[l]:
			return answerTo(offer), w.take(id, call.Answered{Connection: connection})
		case x.State == call.Away:
			return answerTo(offer), w.take(id, call.Back{Connection: connection})
		}
	}
	return answerTo(offer), nil
}

// Disconnect implements Lines.
func (w *world) Disconnect(id call.ContactID, connection call.ConnectionID) {
	w.note("Disconnect " + connectionName(id, connection))
	w.post(id, call.Lost{Connection: connection, MayReturn: true})
}

// Doubt implements Lines.
func (w *world) Doubt(id call.ContactID, connection call.ConnectionID) {
	w.note("Doubt " + connectionName(id, connection))
}

// connections counts how often a browser has connected to a line.
func (w *world) connections(id call.ContactID, connection call.ConnectionID) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.lines[lineID{id, connection}]
}

func (w *world) note(what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls = append(w.calls, what)
}

func (w *world) noted() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return strings.Join(w.calls, ", ")
}
