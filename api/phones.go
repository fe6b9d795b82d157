package api

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"time"

	"holdfast/routing"
)

// Phones know how the phones of agents are reached. Their methods may be called by any
// goroutine.
type Phones interface {
	// Phone returns how the phone of an agent is reached now.
	Phone(agent string) Phone
	// Follow yields what happens to phones that register, from now on, until ctx
	// ends or the reader is too slow.
	Follow(ctx context.Context) iter.Seq[PhoneEvent]
}

// A PhoneKind is how an agent's phone is reached.
type PhoneKind string

const (
	// Registers: where it has registered.
	Registers PhoneKind = "registers"
	// Fixed: at an address of the configuration. Whether it is there is not known
	// before it is called.
	Fixed PhoneKind = "fixed"
	// Browser: the agent's page is their phone.
	Browser PhoneKind = "browser"
)

// A Phone is how an agent's phone is reached.
type Phone struct {
	Kind          PhoneKind         `json:"kind" enum:"registers,fixed,browser" doc:"registers: the phone registers; fixed: it is at an address of the configuration, and whether it is there is not known; browser: the agent's page is the phone"`
	Address       string            `json:"address,omitempty" doc:"of a fixed phone"`
	Registrations []Registration    `json:"registrations,omitempty" doc:"where the phone is registered now; calls go to the last"`
	Lost          *LostRegistration `json:"lost,omitempty" doc:"of a phone that is registered nowhere: its last place"`
}

// A Registration is a place where a phone is registered.
type Registration struct {
	Address   string    `json:"address" doc:"the sip: address that is called"`
	From      string    `json:"from" doc:"the address and port that the phone registers from"`
	UserAgent string    `json:"userAgent,omitempty" doc:"what the phone calls itself"`
	Since     time.Time `json:"since,omitzero" doc:"registered there without a break since"`
	Until     time.Time `json:"until" doc:"when the registration ends unless the phone registers again"`
}

// A LostRegistration is one that has ended.
type LostRegistration struct {
	Registration
	At     time.Time `json:"at"`
	Reason string    `json:"reason" enum:"expired,unregistered,replaced,evicted" doc:"expired: the phone did not register again in time; unregistered: at its own request; replaced: the same Contact is at another address now; evicted: too many other places were used later"`
}

// A PhoneEvent is a phone that is registered at one place more, or less.
type PhoneEvent struct {
	Agent         string            `json:"agent"`
	At            time.Time         `json:"at"`
	Registered    *Registration     `json:"registered,omitempty" doc:"the new place"`
	Lost          *LostRegistration `json:"lost,omitempty" doc:"the former place"`
	Registrations int               `json:"registrations" doc:"at how many places the phone is registered afterwards"`
}

// An Agent is an agent as routing has them, with their phone.
type Agent struct {
	routing.Agent
	Phone *Phone `json:"phone,omitempty" doc:"how the agent's phone is reached"`
}

func (s *server) withPhone(a routing.Agent) Agent {
	agent := Agent{Agent: a}
	if s.Phones != nil {
		p := s.Phones.Phone(a.Name)
		agent.Phone = &p
	}
	return agent
}

// followPhones returns what happens to phones until ctx ends. It is closed when the reader
// is too slow.
func (s *server) followPhones(ctx context.Context) <-chan PhoneEvent {
	events, all := make(chan PhoneEvent), s.Phones.Follow(ctx)
	go func() { // ends with ctx
		defer close(events)
		for e := range all {
			select {
			case events <- e:
			case <-ctx.Done():
				return
			}
		}
	}()
	return events
}

// tellPhone writes a change of a phone. It has no id: a reader who was cut off asks for the
// agents instead.
func (s *stream) tellPhone(e PhoneEvent) error {
	data, err := json.Marshal(e)
	if err != nil {
		return err
	}
	return s.write(fmt.Sprintf("event: phone\ndata: %s\n\n", data))
}
