package dispatch

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"holdfast/call"
	"holdfast/config"
	"holdfast/routing"
	"holdfast/switchboard"
)

// Kinds of the stored items of a routing state.
const (
	agentKind = "agent"
	queueKind = "queue"
)

// A Dispatcher keeps routing of a running server: it follows the contacts, writes down
// each decision, and only then sends contacts the offers of their queue. It is a
// switchboard.Router. Its methods may be called by any goroutine.
type Dispatcher struct {
	// Notify sends a fact to a contact, and returns false if the contact does not exist.
	// It is set once, before the first contact.
	Notify func(call.ContactID, call.Fact) bool
	// AgentChanged gets an agent once a change of it is stored, and before a
	// request that caused the change is answered. It must not wait for a request
	// to the dispatcher. Several goroutines may call it at once; the changes of
	// one agent come in order. It is set once, before Begin; nil: not called.
	AgentChanged func(routing.Agent)

	conf        config.Config
	noAfterCall map[string]bool // agents whose segments are over with the contact
	store       switchboard.Store
	log         *slog.Logger
	now         func() time.Time

	wake    chan struct{} // there may be something to do
	stop    chan struct{}
	slots   chan struct{} // holds a value for each write under way
	failing atomic.Bool   // the last write failed
	running sync.WaitGroup

	// mu guards the fields below. It is held for a decision, and never while waiting.
	mu     sync.Mutex
	table  *routing.Table
	items  map[key]*item
	todo   []commands // in the order of the decisions
	begun  bool       // offers may be made
	closed bool
}

// commands are carried out when everything that their decision has changed is stored.
type commands struct {
	do    []routing.Command
	after []mark
}

// New reads the stored routing state. Agents and queues are those of the configuration;
// a new agent is available, or offline if their page is their phone. Before Begin, no
// customer is offered to an agent. The caller must call Close at the end.
func New(ctx context.Context, conf config.Config, store switchboard.Store, log *slog.Logger) (*Dispatcher, error) {
	k := &Dispatcher{
		conf: conf, store: store, log: log, now: time.Now,
		wake: make(chan struct{}, 1), stop: make(chan struct{}), slots: make(chan struct{}, writesMost),
		noAfterCall: map[string]bool{}, items: map[key]*item{},
	}
	if err := k.read(ctx); err != nil {
		return nil, fmt.Errorf("reading agents and queues: %w", err)
	}
	k.running.Go(k.run)
	return k, nil
}

// Begin makes routing agree with the live contacts, all of which Changed has reported by
// then. From now on waiting customers are offered to agents.
func (k *Dispatcher) Begin(live []call.Contact) {
	k.mu.Lock()
	defer k.mu.Unlock()
	alive := map[call.ContactID]bool{}
	for _, c := range live {
		alive[c.ID] = true
	}
	for _, id := range k.table.Contacts() {
		if !alive[id] {
			k.release(call.Contact{ID: id})
		}
	}
	k.begun = true
	for i := range k.todo { // all offers are made anew
		k.todo[i].do = slices.DeleteFunc(k.todo[i].do, isOffer)
	}
	k.happened(routing.Recovered{})
	k.rouse() // time counts from now on
}

// Close stops the dispatcher. A decision that is not written yet is not carried out.
func (k *Dispatcher) Close() {
	k.mu.Lock()
	k.closed = true // nothing is begun any more
	k.mu.Unlock()
	close(k.stop)
	k.running.Wait()
}

// State returns the agents and queues as they are now. The caller must not change it.
func (k *Dispatcher) State() routing.State {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.table.State()
}

// ask puts an agent's request to routing, and returns when its effect is stored. A
// *call.Refusal is the reason why it was not granted.
func (k *Dispatcher) ask(ctx context.Context, agent string, ask routing.Request) error {
	k.mu.Lock()
	marks, err := k.decide(ask)
	if s := k.table.Agent(agent); s != nil {
		marks = append(marks, k.item(agentKind, s.Name).mark()) // it may have asked the same before
	}
	k.mu.Unlock()
	if err != nil {
		return err
	}
	return k.await(ctx, marks)
}

// SetStatus sets an agent's status, now or after the customers they have. A
// *call.Refusal is the reason why not.
func (k *Dispatcher) SetStatus(ctx context.Context, agent string, status routing.Status) error {
	return k.ask(ctx, agent, routing.StateRequested{Agent: agent, Status: status})
}

// Clear ends an agent's after-call work in a segment. A *call.Refusal is the reason why
// not.
func (k *Dispatcher) Clear(ctx context.Context, agent string, id routing.SegmentID) error {
	return k.ask(ctx, agent, routing.ClearRequested{Agent: agent, SegmentID: id})
}

// Agent returns how an agent is now.
func (k *Dispatcher) Agent(name string) (routing.Agent, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if a := k.table.Agent(name); a != nil {
		return *a, true
	}
	return routing.Agent{}, false
}

// Lost reports that an agent's page is gone without a goodbye: after the agent's
// grace they are offline. Back reports that it is there again.
func (k *Dispatcher) Lost(agent string) { k.happens(routing.Lost{Agent: agent}) }

// Back reports that the page of a lost agent is there again.
func (k *Dispatcher) Back(agent string) { k.happens(routing.Back{Agent: agent}) }

func (k *Dispatcher) happens(ev routing.Fact) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.happened(ev)
}

// Settled implements switchboard.Router.
func (k *Dispatcher) Settled(ctx context.Context, id call.ContactID) error {
	k.mu.Lock()
	var marks []mark
	for _, s := range k.table.AgentsOf(id) {
		if s.Reservation != nil && s.Reservation.Contact == id {
			marks = append(marks, k.item(agentKind, s.Name).mark())
		}
	}
	k.mu.Unlock()
	return k.await(ctx, marks)
}

// decide takes an event in; its effects will be stored and its commands carried out. The
// marks are those of the agents and queues that it has changed; the error is a request's
// refusal.
func (k *Dispatcher) decide(ev routing.Event) ([]mark, error) {
	change, err := k.table.Decide(k.now(), ev)
	if err != nil {
		return nil, err
	}
	marks := k.change(change)
	if len(change.Commands) > 0 {
		k.todo = append(k.todo, commands{change.Commands, marks})
	}
	if len(change.Commands)+len(marks) > 0 {
		k.rouse()
	}
	return marks, nil
}

// happened takes a fact in.
func (k *Dispatcher) happened(ev routing.Fact) {
	if _, err := k.decide(ev); err != nil {
		k.log.Error("the state has refused a fact", "event", fmt.Sprintf("%T", ev), "error", err)
	}
}

func isOffer(c routing.Command) bool {
	_, is := c.(routing.Offer)
	return is
}

// rouse wakes run, which looks for work and for the next deadline.
func (k *Dispatcher) rouse() {
	select {
	case k.wake <- struct{}{}:
	default: // it will look anyway
	}
}

// run carries out the decisions, and wakes routing at its deadlines.
func (k *Dispatcher) run() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-k.stop:
			return
		case <-k.wake:
		case <-timer.C:
			k.passed()
		}
		for all := k.take(); len(all) > 0; all = k.take() {
			k.carryOut(all)
		}
		if next := k.next(); next.IsZero() {
			timer.Stop()
		} else {
			timer.Reset(next.Sub(k.now()))
		}
	}
}

// take takes the commands of which all that they follow is stored, in the order of the
// decisions. Before Begin it takes none.
func (k *Dispatcher) take() []routing.Command {
	k.mu.Lock()
	defer k.mu.Unlock()
	var all []routing.Command
	for k.begun && len(k.todo) > 0 && !slices.ContainsFunc(k.todo[0].after, mark.pending) {
		all = append(all, k.todo[0].do...)
		k.todo = k.todo[1:]
	}
	return all
}

// next is routing's deadline; zero: none. Before Begin no deadline runs.
func (k *Dispatcher) next() time.Time {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.begun {
		return time.Time{}
	}
	return k.table.Deadline()
}

// passed reports to routing that a deadline has come.
func (k *Dispatcher) passed() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.begun && call.Due(k.table.Deadline(), k.now()) {
		k.happened(routing.DeadlinePassed{})
	}
}

// carryOut sends routing's decisions, which are written down, to contacts. If a contact
// no longer exists, it releases the agents held for it.
func (k *Dispatcher) carryOut(commands []routing.Command) {
	for _, c := range commands {
		var id routing.SegmentID
		var fact call.Fact
		switch c := c.(type) {
		case routing.Offer:
			id = c.SegmentID
			agent := call.Endpoint{Kind: call.AgentEndpoint, Address: c.Agent}
			fact = call.Offered{Connection: id.Connection, Number: c.Number, Agent: agent, RingFor: call.Duration(c.Until.Sub(k.now()))}
		case routing.Withdraw:
			id = c.SegmentID
			fact = call.Withdrawn{Connection: id.Connection, Number: c.Number, Reason: c.Reason}
		default:
			k.log.Error("a command is not supported", "command", fmt.Sprintf("%T", c))
			continue
		}
		if !k.Notify(id.Contact, fact) {
			k.mu.Lock()
			k.release(call.Contact{ID: id.Contact})
			k.mu.Unlock()
		}
	}
}
