package routing

import (
	"slices"
	"strings"

	"holdfast/call"
)

// A State is all agents who may be given a customer, and all queues in which
// customers wait for one. It is a plain value; a [Table] of it takes events in.
//
// Each Agent and each Queue of it is written down by itself, on the condition that
// no other server has written it since; see [Change]. Because the agent comes first,
// no agent is rung without a reservation, and none is reserved twice.
type State struct {
	Agents []Agent `json:"agents"`
	Queues []Queue `json:"queues"`
}

// A SegmentID identifies an agent's part in a contact by the contact and one of its
// connections. It exists from the moment an agent is asked for: the queue entry, the
// reservation made from it and the resulting segment all have the same one.
type SegmentID struct {
	Contact    call.ContactID    `json:"contact"`
	Connection call.ConnectionID `json:"connection"`
}

// Agent is the agent of that name, in any case, or nil.
func (f *State) Agent(name string) *Agent {
	for i := range f.Agents {
		if strings.EqualFold(f.Agents[i].Name, name) {
			return &f.Agents[i]
		}
	}
	return nil
}

// Entry returns the queue and the entry in which a customer waits for that segment,
// or nil.
func (f *State) Entry(id SegmentID) (*Queue, *Entry) {
	for i := range f.Queues {
		if p := f.Queues[i].entry(id); p != nil {
			return &f.Queues[i], p
		}
	}
	return nil, nil
}

// Clone is a copy that shares nothing with f.
func (f State) Clone() State {
	f.Agents = slices.Clone(f.Agents)
	for i := range f.Agents {
		f.Agents[i] = f.Agents[i].clone()
	}
	f.Queues = slices.Clone(f.Queues)
	for i := range f.Queues {
		q := &f.Queues[i]
		q.Agents = slices.Clone(q.Agents)
		q.Entries = slices.Clone(q.Entries)
		for j, p := range q.Entries {
			q.Entries[j] = p.clone()
		}
	}
	return f
}
