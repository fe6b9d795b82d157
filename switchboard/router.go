package switchboard

import (
	"context"

	"holdfast/call"
)

// A Router knows which agents are free, and finds agents for those who wait in a
// queue. Desks report their contacts to it and reserve an agent with it before they
// ring them; by Switchboard.Post it sends them the agents that a queue offers a
// customer to. Its methods may be called by any goroutine and, except for Settled, wait
// for nothing.
type Router interface {
	// Reserve reserves the agent of a connection of c, who is about to be rung or has
	// dialled; asking again is the same reservation. An error is a *DialError with the
	// reason why they cannot be rung. For a connection that is not an agent's it does
	// nothing.
	Reserve(c call.Contact, id call.ConnectionID) error
	// Settled waits until all reservations so far for a contact are written down:
	// before that no agent may be rung for it.
	Settled(ctx context.Context, id call.ContactID) error
	// Resume records that the agent on that connection is about to talk in c,
	// which allows it. It returns a *call.Refusal if the agent is talking to
	// another customer.
	Resume(c call.Contact, by call.ConnectionID) error
	// Changed reports a contact and the events that led there, each time they have been
	// written down. An agent reserved for a connection that it does not have is free
	// again.
	Changed(c call.Contact, events []call.Timed)
}

// everybody is a Router for which all agents are free, and that has no queues.
type everybody struct{}

func (everybody) Reserve(call.Contact, call.ConnectionID) error { return nil }
func (everybody) Settled(context.Context, call.ContactID) error { return nil }
func (everybody) Resume(call.Contact, call.ConnectionID) error  { return nil }
func (everybody) Changed(call.Contact, []call.Timed)            {}

// An Item is stored besides contacts, such as an agent or a queue: its name among
// those of its kind, the data written last, and its sequence.
type Item struct {
	Name string
	Data []byte
	Seq  uint64
}

// A Store stores items. ErrFenced from Put means that another owner has written;
// after any other error, putting the same again
// settles whether it was written.
type Store interface {
	Put(ctx context.Context, kind, name string, data []byte, after uint64) (seq uint64, err error)
	All(ctx context.Context, kind string) ([]Item, error)
}
