// Package amazon simulates Amazon Connect for pages: one agent with contacts, behind
// two doors. One is the HTTP service that the shared worker of Amazon Connect Streams
// uses; the other is an agent's page of our own, which Streams and the Amazon Connect
// SDK embed, and which can be as hostile as a scene wants it.
//
//	service := amazon.Start(t, library)
//	service.Turn(amazon.ConferenceRefused)
//	service.Talk(false)
//	… // a page at service.WorkerPage or service.OwnPage transfers
//	service.AwaitTarget(ctx)
//	service.Answer()
//	service.Place()
//
// The package carries no audio: which parties can hear each other follows from the
// states of the connections. It was written from the source of the library and from
// Amazon's documentation. It was never compared with Amazon's servers.
package amazon

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// A Service is Amazon Connect as one agent's pages see it.
type Service struct {
	// WorkerPage is the address of a page that runs the shared worker of the library.
	WorkerPage string
	// OwnPage is the address of the agent's page of our own.
	OwnPage string

	socket string // the address of the WebSocket

	mu       sync.Mutex // guards the fields below
	number   int        // of the last contact or connection
	turned   []Hostility
	done     map[Hostility]bool // those that do something once, and have done it
	contact  *contact
	state    string // of the agent
	changes  int    // counts updates
	pending  int    // requests that are neither answered nor swallowed
	asked    []string
	followed map[int]func(update) // called for each update, under mu
	more     chan struct{}        // closed and replaced at each change
}

// New returns an available agent without a contact.
func New() *Service {
	return &Service{state: available, done: map[Hostility]bool{}, followed: map[int]func(update){}, more: make(chan struct{})}
}

// Turn switches these hostilities on and all others off.
func (s *Service) Turn(on ...Hostility) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.turned, s.done, s.asked = on, map[Hostility]bool{}, nil
}

func (s *Service) is(h Hostility) bool { return slices.Contains(s.turned, h) }

// once reports whether a hostility that does something once has to do it now.
func (s *Service) once(h Hostility) bool {
	first := s.is(h) && !s.done[h]
	s.done[h] = true
	return first
}

// Talk removes the contact and begins a new one, in which customer and agent talk. If
// outbound, the agent has called the customer. It returns the id of the contact.
func (s *Service) Talk(outbound bool) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.contact != nil {
		s.contact.removed = true
		s.changed()
	}
	s.contact = &contact{id: s.name("contact"), since: time.Now()}
	s.contact.connections = []*connection{
		{id: s.name("agent"), party: agent, state: connected, since: time.Now(), person: true},
		{id: s.name("customer"), party: customer, outbound: outbound, state: connected, since: time.Now(), person: true,
			endpoint: Endpoint{Type: "phone_number", PhoneNumber: "+15550111"}},
	}
	s.state = busy
	s.changed()
	return s.contact.id
}

// name returns a new identifier.
func (s *Service) name(of string) string {
	s.number++
	return fmt.Sprintf("%s-%d", of, s.number)
}

// changed posts an update. The lock must be held.
func (s *Service) changed() {
	s.changes++
	u := s.update()
	for _, take := range s.followed {
		take(u)
	}
	s.wake()
}

func (s *Service) wake() {
	close(s.more)
	s.more = make(chan struct{})
}

// follow calls a function for each update, until stop. It must not block.
func (s *Service) follow(take func(update)) (now update, stop func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.number++
	key := s.number
	s.followed[key] = take
	return s.update(), func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.followed, key)
	}
}

// later does something after a while, unless another contact has begun by then.
func (s *Service) later(after time.Duration, do func(c *contact)) {
	c := s.contact
	time.AfterFunc(after, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.contact == c {
			do(c)
			s.changed()
		}
	})
}

// await waits until a function reports true. It is called with the lock held.
func (s *Service) await(ctx context.Context, is func() bool) error {
	for {
		s.mu.Lock()
		yes, more := is(), s.more
		s.mu.Unlock()
		if yes {
			return nil
		}
		select {
		case <-more:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// AwaitTargets waits until that many targets ring or are connected.
func (s *Service) AwaitTargets(ctx context.Context, many int) error {
	return s.await(ctx, func() bool { return len(s.contact.those(target, connecting, connected)) >= many })
}

// AwaitNoTarget waits until no target rings or is connected.
func (s *Service) AwaitNoTarget(ctx context.Context) error {
	return s.await(ctx, func() bool { return !s.contact.has(target, connecting, connected) })
}

// AwaitAsked waits until pages have made a request for the n-th time.
func (s *Service) AwaitAsked(ctx context.Context, method string, n int) error {
	return s.await(ctx, func() bool {
		return len(slices.DeleteFunc(slices.Clone(s.asked), func(m string) bool { return m != method })) >= n
	})
}

// AwaitQuiet waits until no update and no request has come for a while, and none waits
// for its response.
func (s *Service) AwaitQuiet(ctx context.Context, while time.Duration) error {
	for {
		s.mu.Lock()
		pending, more := s.pending, s.more
		s.mu.Unlock()
		var quiet <-chan time.Time
		if pending == 0 {
			quiet = time.After(while)
		}
		select {
		case <-more:
		case <-quiet:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Place describes where the customer of the latest contact is.
func (s *Service) Place() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.contact.place()
}

// AwaitPlace waits until the customer is somewhere else than before, and returns where.
func (s *Service) AwaitPlace(ctx context.Context, before string) (now string, err error) {
	err = s.await(ctx, func() bool {
		now = s.contact.place()
		return now != before
	})
	return now, err
}

// Asked returns the requests that pages have made since the last Turn, in order.
func (s *Service) Asked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.asked)
}
