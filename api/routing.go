package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"holdfast/call"
	"holdfast/switchboard"
)

// A Routing knows how agents are and who waits in queues. A *call.Refusal from it
// says why nothing was done; a *switchboard.DialError that nobody has that name.
type Routing interface {
	// Agents are all there are, in the order of the configuration.
	Agents() []Agent
	// Queues are all there are, in the order of the configuration.
	Queues() []Queue
	// SetState has an agent be available, not-ready or offline, now or after
	// the customers they have. reason is a name for not-ready: "lunch".
	SetState(ctx context.Context, name, state, reason string) (Agent, error)
	// Clear ends an agent's after-call work for a contact.
	Clear(ctx context.Context, name string, contact call.ContactID, connection call.ConnectionID) (Agent, error)
}

// An Agent is how somebody who answers customers is.
type Agent struct {
	Name     string    `json:"name"`
	State    string    `json:"state" enum:"available,not-ready,offline,reserved,busy,after-call-work,away" doc:"reserved: is being offered a customer; busy: has one; after-call-work: has something left to do for one; away: lost, and expected back"`
	Reason   string    `json:"reason,omitempty" doc:"the name of being not-ready: lunch"`
	Next     string    `json:"next,omitempty" enum:"available,not-ready,offline" doc:"how they will be after the customers they have now, if they asked for something else"`
	Since    time.Time `json:"since,omitzero" doc:"when the state began; missing: it has never been another"`
	Offer    *Offer    `json:"offer,omitempty" doc:"the customer they are being offered"`
	Segments []Segment `json:"segments,omitempty" doc:"their parts in contacts, oldest first"`
}

// An Offer is a customer whom an agent is being offered.
type Offer struct {
	Contact    call.ContactID    `json:"contact"`
	Connection call.ConnectionID `json:"connection" doc:"the one that the customer waits or will talk under"`
	Queue      string            `json:"queue,omitempty" doc:"where the customer waits; missing: this very agent is wanted"`
	Until      time.Time         `json:"until" doc:"when it will have been missed"`
}

// A Segment is one agent's part in a contact.
type Segment struct {
	Contact    call.ContactID    `json:"contact"`
	Connection call.ConnectionID `json:"connection" doc:"the one that the customer waited or talks under"`
	Queue      string            `json:"queue,omitempty" doc:"where the customer had waited"`
	State      string            `json:"state" enum:"talking,holding,after-call-work"`
	Since      time.Time         `json:"since" doc:"when the state began"`
	ClearBy    time.Time         `json:"clearBy,omitzero" doc:"when after-call work ends by itself; missing: when it is cleared"`
}

// A Queue is where customers wait for one of several agents.
type Queue struct {
	Name    string    `json:"name"`
	Agents  []string  `json:"agents" doc:"who answers its customers"`
	Waiting []Waiting `json:"waiting" doc:"first come, first served"`
}

// A Waiting is a customer in a queue.
type Waiting struct {
	Contact    call.ContactID    `json:"contact"`
	Connection call.ConnectionID `json:"connection,omitempty" doc:"the one that they wait under"`
	Since      time.Time         `json:"since"`
	OfferedTo  string            `json:"offeredTo,omitempty" doc:"the agent to whom they are being offered"`
}

// routing is an error while there is none.
func (s *server) routing() (Routing, error) {
	if s.Routing == nil {
		return nil, problem(http.StatusNotImplemented, "this server keeps no states of agents and no queues")
	}
	return s.Routing, nil
}

// routingProblem is what an error of the Router means to whoever asked.
func (s *server) routingProblem(err error) error {
	var refusal *call.Refusal
	var unknown *switchboard.DialError
	switch {
	case errors.As(err, &refusal):
		return problem(http.StatusConflict, refusal.Text)
	case errors.As(err, &unknown):
		return directoryProblem(err)
	}
	s.Log.Warn("a request to the routing was not carried out", "err", err)
	return retrySoon("the journal is not available, so nothing was done; try again")
}
