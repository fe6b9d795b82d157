package amazon

import (
	"slices"
	"time"
)

// A party is the role that a connection has in a contact.
type party string

const (
	customer party = "customer"
	agent    party = "agent"
	target   party = "target"
)

// The states of connections, as the library has them.
const (
	connecting   = "connecting"
	connected    = "connected"
	hold         = "hold"
	disconnected = "disconnected"
	ended        = "ended" // of contacts only
)

// An Endpoint is an address that pages add to a contact.
type Endpoint struct {
	ARN         string `json:"endpointARN"`
	Type        string `json:"type"`
	Name        string `json:"name"`
	PhoneNumber string `json:"phoneNumber,omitempty"`
}

// A connection is one party's part of a contact.
type connection struct {
	id       string
	party    party
	outbound bool // the library's type of targets, and of customers called by the agent
	state    string
	since    time.Time
	endpoint Endpoint
	person   bool // a person has answered: not so if a target is only routed
}

func (x *connection) set(state string) {
	if x.state != state {
		x.state, x.since = state, time.Now()
	}
}

// A contact is a customer's conversation. The agent sees it until it is removed; the
// customer and a target may go on without the agent.
type contact struct {
	id          string
	ended       bool // for the agent
	since       time.Time
	removed     bool // the agent no longer sees it
	connections []*connection
}

func (c *contact) find(id string) *connection {
	i := slices.IndexFunc(c.connections, func(x *connection) bool { return x.id == id })
	if i < 0 {
		return nil
	}
	return c.connections[i]
}

// those returns the connections of a party in one of these states; all states if none
// is named.
func (c *contact) those(p party, states ...string) (all []*connection) {
	for _, x := range c.connections {
		if x.party == p && (len(states) == 0 || slices.Contains(states, x.state)) {
			all = append(all, x)
		}
	}
	return all
}

func (c *contact) has(p party, states ...string) bool { return len(c.those(p, states...)) > 0 }

// heardBy returns the parties that a connection hears: connected persons hear each
// other, and all others hear none.
func (c *contact) heardBy(x *connection) (all []*connection) {
	for _, y := range c.connections {
		if x != y && x.state == connected && y.state == connected && x.person && y.person {
			all = append(all, y)
		}
	}
	return all
}

// place describes where the customer is, and the state of the others.
func (c *contact) place() string {
	if !c.has(customer, connected, hold) {
		switch {
		case c.has(target, connected) && c.has(agent, connected):
			return "gone; agent and target talk"
		case c.has(target, connected):
			return "gone; the target is alone on a dead call"
		case c.has(target, connecting):
			return "gone; the target still rings"
		}
		return "gone"
	}
	if c.has(customer, hold) {
		return c.placeHeld()
	}
	var agents, targets int
	for _, x := range c.heardBy(c.those(customer)[0]) {
		if x.party == agent {
			agents++
		} else {
			targets++
		}
	}
	switch {
	case agents > 0 && targets > 0:
		return "with agent and target"
	case agents > 0 && c.has(target, connecting):
		return "with the agent; the target still rings"
	case agents > 0:
		return "with the agent"
	case targets > 1:
		return "with two targets"
	case targets == 1:
		return "with the target"
	case c.has(target, connected, connecting):
		return "alone; the target has not answered"
	}
	return "alone"
}

func (c *contact) placeHeld() string {
	there := c.has(agent, connected)
	switch {
	case there && len(c.heardBy(c.those(agent)[0])) > 0:
		return "on hold; agent and target talk"
	case there && c.has(target, connected):
		return "on hold; the target has not answered"
	case there && c.has(target, connecting):
		return "on hold; the target rings"
	case there:
		return "on hold; the agent is alone"
	case c.has(target, connected):
		return "on hold; the target is alone"
	}
	return "on hold; agent and target have gone"
}
