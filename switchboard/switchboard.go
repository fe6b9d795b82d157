package switchboard

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"holdfast/call"
)

// Errors that a caller may want to distinguish. Requests also give the core's own
// *call.Refusal.
var (
	// ErrNoContact: no contact with that id is being carried on here.
	ErrNoContact = errors.New("the contact does not exist")
	// ErrUnavailable: the journal does not take anything at the moment, so
	// nothing has happened, and nothing of it will happen later.
	ErrUnavailable = errors.New("the journal is not available; nothing has been done")
	// ErrBusy is an ErrUnavailable: the journal works, but has more to write
	// than it can in time.
	ErrBusy = fmt.Errorf("%w: it has too much to write", ErrUnavailable)
	// ErrClosed: the switchboard has been closed.
	ErrClosed = errors.New("the switchboard is closed")
	// ErrBroken: our bug has stopped the desk of this contact. Its audio goes on; a
	// restart takes the contact up again.
	ErrBroken = errors.New("the contact is stuck after an internal error")
)

// A Directory decides which endpoints may be dialled.
type Directory interface {
	// Permit returns nil if we may dial e, otherwise a *DialError with the
	// reason.
	Permit(e call.Endpoint) error
	// Canonical returns the same endpoint for every spelling of the same party.
	Canonical(e call.Endpoint) call.Endpoint
}

// Options are the parts that a switchboard works with. All but Router, Log and Now
// are needed.
type Options struct {
	Node      string // the owner's name in the journal
	Journal   Journal
	Rooms     Rooms
	Directory Directory
	Router    Router           // nil: all agents are free, and there are no queues
	Log       *slog.Logger     // nil: slog.Default()
	Now       func() time.Time // nil: time.Now

	// Restored is called by Recover when the legs of all contacts are restored:
	// from then on Deliver finds them. nil: not called.
	Restored func()
	// Recovered is called by Recover at its end, before new contacts are let in.
	// nil: not called.
	Recovered func()
}

// A Switchboard runs contacts, each at a desk of its own. Its methods may be
// called by any goroutine.
type Switchboard struct {
	// Legs makes the legs. It is set once, before anything else is called:
	// lines are usually made with the switchboard they deliver to.
	Legs Legs

	options Options
	stop    chan struct{} // closed by Close
	running sync.WaitGroup

	writes     *writes
	recovering atomic.Bool                   // no new contact begins
	restored   atomic.Pointer[chan struct{}] // closed when the desks of Recover are there; nil: no Recover

	// failed is when the journal failed last, in Unix nanoseconds; zero
	// when it has worked since.
	failed atomic.Int64

	mu       sync.Mutex
	desks    map[call.ContactID]*desk
	closed   bool
	left     []*desk // closed, and still heard
	released bool
}

// New returns a switchboard without contacts. Set its Legs next.
func New(o Options) *Switchboard {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Router == nil {
		o.Router = everybody{}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Switchboard{
		options: o, stop: make(chan struct{}), writes: newWrites(o.Now, o.Log), desks: map[call.ContactID]*desk{},
	}
}

// Open begins a contact with the leg of a caller and the first message on it. The leg
// is connection 1, in epoch 1. After an error the leg is still the caller's; that of
// Admits means that the customer is better turned away than left unanswered.
func (s *Switchboard) Open(id call.ContactID, leg Leg, first Incoming) error {
	if err := s.Admits(); err != nil {
		return err
	}
	d := newDesk(s, call.Contact{ID: id}, 1)
	d.owned, d.fresh = true, true
	d.beginning, _ = first.(Beginning)
	s.writes.opened()
	d.own(1, leg)
	d.publish(call.Contact{})
	d.inbox <- &input{connection: 1, message: first}
	err := s.start(d, nil)
	if err != nil {
		d.recorded(false)
	}
	return err
}

// Admits returns why no contact may begin now: ErrUnavailable if the journal is known
// to be down, or ErrBusy if it could not be written down, and so answered, in time.
// It costs next to nothing.
func (s *Switchboard) Admits() error {
	switch {
	case s.journalDown():
		return ErrUnavailable
	case s.recovering.Load():
		return ErrBusy
	}
	return s.writes.admitsNew()
}

// AdmitsWork returns ErrBusy if a request that asks for more than an end or an answer
// would be turned away now. It costs next to nothing.
func (s *Switchboard) AdmitsWork() error { return s.writes.admits() }

// Deliver gives a message to the leg of a connection. It never blocks, and returns
// false if the leg does not exist here. A message is lost if its line is flooded, or
// if all lines of its contact together have more unread than a desk takes at once: to
// the far end that is as if the network had lost it.
func (s *Switchboard) Deliver(id call.ContactID, connection call.ConnectionID, in Incoming) bool {
	d := s.desk(id)
	if d == nil || !slices.Contains(d.view.Load().legs, connection) {
		return false
	}
	select {
	case d.inbox <- &input{connection: connection, message: in}:
	default:
		d.flooded(connection)
	}
	return true
}

// Post sends a contact a fact that came in on none of its lines. It returns false if
// the contact has ended. While the switchboard closes it returns true: a contact
// whose desk has stopped has not ended, and the server that recovers it gets the fact
// again.
func (s *Switchboard) Post(id call.ContactID, fact call.Fact) bool {
	d := s.desk(id)
	if d == nil {
		return s.closing()
	}
	select {
	case d.inbox <- &input{event: fact}:
		return true
	case <-d.done:
		return s.closing()
	}
}

// canonical is a request in which parties have their canonical names.
func (s *Switchboard) canonical(ev call.Event) call.Event {
	switch ask := ev.(type) {
	case call.TransferRequested:
		ask.Target = s.options.Directory.Canonical(ask.Target)
		ask.Others = slices.Clone(ask.Others)
		for i, other := range ask.Others {
			ask.Others[i] = s.options.Directory.Canonical(other)
		}
		return ask
	case call.PickUpRequested:
		ask.Agent = s.options.Directory.Canonical(ask.Agent)
		return ask
	}
	return ev
}

// Request puts a person's request to a contact and returns the contact after
// the request has been written down. An error means that nothing has happened
// and nothing will: a *call.Refusal, with the contact as it is, a *DialError for a
// target that may not be dialled, ErrNoContact,
// ErrFenced, ErrClosed, ErrBroken, ErrUnavailable when ctx ended before the
// journal took it, or ErrBusy at once. If ctx ends while the entry is on its way,
// Request still waits for the result.
func (s *Switchboard) Request(ctx context.Context, id call.ContactID, ev call.Event) (call.Contact, error) {
	d := s.desk(id)
	if d == nil {
		return call.Contact{}, ErrNoContact
	}
	if IsWork(ev) {
		if err := s.AdmitsWork(); err != nil {
			return call.Contact{}, err
		}
	}
	w := &waiter{gone: ctx.Done(), answer: make(chan answer, 1)}
	select {
	case d.inbox <- &input{event: s.canonical(ev), waiter: w}:
	case <-d.done:
		return call.Contact{}, d.why
	case <-ctx.Done():
		return call.Contact{}, fmt.Errorf("%w: %w", ErrUnavailable, ctx.Err())
	}
	// The desk always answers: once an entry with the request is on its way,
	// only the journal knows whether it happens, whether or not ctx has ended.
	defer context.AfterFunc(ctx, d.wake)()
	select {
	case a := <-w.answer:
		return a.contact, a.err
	case <-d.done:
	}
	select {
	case a := <-w.answer: // the last thing the desk did
		return a.contact, a.err
	default:
		return call.Contact{}, d.why
	}
}

// Contacts returns all contacts as they were last written down, those who
// arrived first at the front. The caller must not change anything they refer to.
func (s *Switchboard) Contacts() []call.Contact {
	var all []call.Contact
	for _, d := range s.all() {
		if v := d.view.Load(); v.contact.Stage != "" {
			all = append(all, v.contact)
		}
	}
	slices.SortFunc(all, func(a, b call.Contact) int {
		if c := a.Arrived.Compare(b.Arrived); c != 0 {
			return c
		}
		return strings.Compare(string(a.ID), string(b.ID))
	})
	return all
}

// Contact returns a contact as it was last written down.
func (s *Switchboard) Contact(id call.ContactID) (call.Contact, bool) {
	d := s.desk(id)
	if d == nil {
		return call.Contact{}, false
	}
	c := d.view.Load().contact
	return c, c.Stage != ""
}

// LegCount is how many legs there are, in all contacts together.
func (s *Switchboard) LegCount() int {
	n := 0
	for _, d := range s.all() {
		n += len(d.view.Load().legs)
	}
	return n
}

// Close stops all desks. No contact is ended and nothing is sent: the journal keeps
// them, and Recover takes them up again. Close waits for the writes under way until
// ctx ends, except for claims: a contact that is not claimed yet stays as it is.
// People hear each other until Release.
func (s *Switchboard) Close(ctx context.Context) error {
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		close(s.stop)
	}
	s.mu.Unlock()
	ended := make(chan struct{})
	go func() { // ends with the last desk
		s.running.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("waiting for the desks to stop: %w", ctx.Err())
	}
}

// Release closes the audio and the legs of the contacts that Close has stopped.
func (s *Switchboard) Release() {
	s.mu.Lock()
	left := s.left
	s.left, s.released = nil, true
	s.mu.Unlock()
	for _, d := range left {
		d.giveBack()
	}
}

// closing reports whether Close has been called.
func (s *Switchboard) closing() bool {
	select {
	case <-s.stop:
		return true
	default:
		return false
	}
}

// leave keeps the resources of a stopped desk until Release.
func (s *Switchboard) leave(d *desk) {
	s.mu.Lock()
	released := s.released
	if !released {
		s.left = append(s.left, d)
	}
	s.mu.Unlock()
	if released {
		d.giveBack()
	}
}

// start gives a new desk its goroutine; begin, if any, is its first act.
func (s *Switchboard) start(d *desk, begin func()) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	if s.desks[d.id] != nil {
		return fmt.Errorf("contact %s is here already", d.id)
	}
	s.desks[d.id] = d
	s.running.Go(func() { d.run(begin) })
	return nil
}

func (s *Switchboard) desk(id call.ContactID) *desk {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.desks[id]
}

func (s *Switchboard) all() []*desk {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*desk, 0, len(s.desks))
	for _, d := range s.desks {
		all = append(all, d)
	}
	return all
}

func (s *Switchboard) forget(id call.ContactID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.desks, id)
}

// journalDown reports that the last entry that any contact tried to write was
// refused, a moment ago. After that moment the next contact tries for all of them.
func (s *Switchboard) journalDown() bool {
	failed := s.failed.Load()
	return failed != 0 && s.options.Now().Sub(time.Unix(0, failed)) < appendMost+retryMost
}
