package holdfast

import (
	"context"
	"strings"

	"holdfast/api"
	"holdfast/call"
	"holdfast/dispatch"
	"holdfast/routing"
	"holdfast/switchboard"
)

// people lets the API see agents and queues as the directory keeps them.
type people struct{ *dispatch.Dispatcher }

func (p people) Agents() []api.Agent {
	agents := []api.Agent{}
	for _, s := range p.State().Agents {
		agents = append(agents, agent(s))
	}
	return agents
}

func agent(s routing.Agent) api.Agent {
	a := api.Agent{Name: s.Name, State: string(s.State()), Next: string(s.Next.State), Since: s.Since}
	if s.State() == routing.NotReady {
		a.Reason = s.Status.Name
	}
	if r := s.Reservation; r != nil {
		a.Offer = &api.Offer{Contact: r.Contact, Connection: r.Connection, Queue: r.Queue, Until: r.Until}
	}
	for _, stay := range s.Segments {
		a.Segments = append(a.Segments, api.Segment{
			Contact: stay.Contact, Connection: stay.Connection, Queue: stay.Queue,
			State: string(stay.State), Since: stay.Since, ClearBy: stay.ClearBy,
		})
	}
	return a
}

func (p people) Queues() []api.Queue {
	queues := []api.Queue{}
	for _, q := range p.State().Queues {
		one := api.Queue{Name: q.Name, Agents: q.Agents, Waiting: []api.Waiting{}}
		for _, place := range q.Entries {
			one.Waiting = append(one.Waiting, api.Waiting{
				Contact: place.Contact, Connection: place.Connection, Since: place.Since, OfferedTo: place.OfferedTo,
			})
		}
		queues = append(queues, one)
	}
	return queues
}

func (p people) SetState(ctx context.Context, name, state, reason string) (api.Agent, error) {
	choice := routing.Status{State: routing.AgentState(state)}
	if choice.State == routing.NotReady {
		choice.Name = reason
	}
	return p.ask(ctx, name, func(name string) routing.Request {
		return routing.StateRequested{Agent: name, Status: choice}
	})
}

func (p people) Clear(ctx context.Context, name string, contact call.ContactID, connection call.ConnectionID) (api.Agent, error) {
	stay := routing.SegmentID{Contact: contact, Connection: connection}
	return p.ask(ctx, name, func(name string) routing.Request {
		return routing.ClearRequested{Agent: name, SegmentID: stay}
	})
}

// ask puts a request to an agent's seat, which knows the name only as the
// configuration writes it, and returns the agent afterwards.
func (p people) ask(ctx context.Context, written string, ask func(name string) routing.Request) (api.Agent, error) {
	a, err := p.find(written)
	if err != nil {
		return api.Agent{}, err
	}
	if err := p.Ask(ctx, ask(a.Name)); err != nil {
		return api.Agent{}, err
	}
	return p.find(written)
}

func (p people) find(name string) (api.Agent, error) {
	for _, a := range p.Agents() {
		if strings.EqualFold(a.Name, name) {
			return a, nil
		}
	}
	return api.Agent{}, &switchboard.DialError{Reason: call.NotFound, Detail: "no [[agent]] is called " + name}
}
