package operator

import (
	"math"
	"slices"
	"time"

	"holdfast/call"
)

// The limits of a message. A page that sends more has a fault.
const (
	textMost        = 512 // bytes of an id, a name, an address or a key
	connectionsMost = 64  // of a snapshot
	targetsMost     = 64  // of a transfer; package call refuses fewer
	ringMost        = time.Hour
	latest          = 8_640_000_000_000_000 // ms, the last time that JavaScript knows
)

// A snapshot is a contact as the page sees it.
type snapshot struct {
	ended       bool // the agent is in after-call work, or the contact is over
	connections []connection
}

// A connection is one line of a snapshot.
type connection struct {
	id     string
	party  call.Party
	state  lineState
	target call.Endpoint // zero if the page does not know it
	reason call.Reason   // why a line is disconnected, if the page knows
}

// A lineState is the state of a connection in the words of Amazon Connect.
type lineState string

const (
	connecting   lineState = "connecting"
	connected    lineState = "connected"
	onHold       lineState = "hold"
	disconnected lineState = "disconnected"
)

// A request asks for a transfer.
type request struct {
	kind    call.Kind
	targets []call.Endpoint
	ringFor call.Duration
	resume  bool
	key     string
	assume  bool // a connected agent or queue counts as an answer by a person
}

// fields are the members of a message.
type fields map[string]any

// text returns a member that must be a string of at most textMost bytes.
func (f fields) text(name string) (string, bool) {
	s, ok := f[name].(string)
	return s, ok && len(s) <= textMost
}

// optional returns a member that is a string, or is missing.
func (f fields) optional(name string) (string, bool) {
	if f[name] == nil {
		return "", true
	}
	return f.text(name)
}

// truth returns a member that is a boolean; a missing one is false.
func (f fields) truth(name string) (value, ok bool) {
	if f[name] == nil {
		return false, true
	}
	value, ok = f[name].(bool)
	return value, ok
}

// whole returns a member that is a number within bounds, without its fraction.
func (f fields) whole(name string, least, most float64) (int64, bool) {
	n, ok := f[name].(float64)
	if !ok || math.IsNaN(n) || n < least || n > most {
		return 0, false
	}
	return int64(n), true
}

// at returns when the message was sent.
func (f fields) at() (time.Time, bool) {
	ms, ok := f.whole("at", 0, latest)
	return time.UnixMilli(ms).UTC(), ok
}

// snapshot returns the snapshot of a message, nil if the contact has been
// removed.
func (f fields) snapshot() (*snapshot, bool) {
	if f["snapshot"] == nil {
		return nil, true
	}
	m, ok := f["snapshot"].(map[string]any)
	if !ok {
		return nil, false
	}
	ended, okEnded := fields(m).truth("ended")
	list, okList := m["connections"].([]any)
	if !okEnded || !okList || len(list) > connectionsMost {
		return nil, false
	}
	s := &snapshot{ended: ended}
	for _, one := range list {
		members, isObject := one.(map[string]any)
		c, isConnection := fields(members).connection()
		if !isObject || !isConnection {
			return nil, false
		}
		s.connections = append(s.connections, c)
	}
	return s, true
}

func (f fields) connection() (connection, bool) {
	id, okID := f.text("id")
	party, okParty := f.text("party")
	state, okState := f.text("state")
	reason, okReason := f.optional("reason")
	c := connection{id: id, party: call.Party(party), state: lineState(state), reason: call.Reason(reason)}
	if !okID || !okParty || !okState || !okReason || id == "" || !c.isKnown() {
		return c, false
	}
	if f["target"] == nil {
		return c, true
	}
	m, ok := f["target"].(map[string]any)
	if ok {
		c.target, ok = fields(m).endpoint()
	}
	return c, ok
}

func (c connection) isKnown() bool {
	switch c.party {
	case call.Customer, call.Agent, call.Target:
	default:
		return false
	}
	switch c.state {
	case connecting, connected, onHold, disconnected:
	default:
		return false
	}
	return slices.Contains([]call.Reason{"", call.Busy, call.NoAnswer, call.Declined, call.Unreachable, call.NotFound, call.Denied}, c.reason)
}

func (f fields) endpoint() (call.Endpoint, bool) {
	kind, okKind := f.text("kind")
	address, okAddress := f.text("address")
	name, okName := f.optional("name")
	e := call.Endpoint{Kind: call.EndpointKind(kind), Address: address, Name: name}
	switch e.Kind {
	case call.PhoneNumber, call.URI, call.AgentEndpoint, call.QueueEndpoint:
		return e, okKind && okAddress && okName
	}
	return e, false
}

// request returns the transfer that a message asks for. fault is empty or the
// name of the member that cannot be used.
func (f fields) request() (r request, fault string) {
	kind, okKind := f.text("kind")
	list, okList := f["targets"].([]any)
	ringFor, okRing := f.whole("ringFor", 0, float64(ringMost.Milliseconds()))
	resume, okResume := f.truth("resume")
	assume, okAssume := f.truth("assume")
	key, okKey := f.optional("key")
	switch {
	case !okKind:
		return r, "kind"
	case !okList || len(list) == 0 || len(list) > targetsMost:
		return r, "targets"
	case !okRing && f["ringFor"] != nil:
		return r, "ringFor"
	case !okResume:
		return r, "resume"
	case !okAssume:
		return r, "assume"
	case !okKey:
		return r, "key"
	}
	r = request{kind: call.Kind(kind), ringFor: milliseconds(ringFor), resume: resume, key: key, assume: assume}
	for _, one := range list {
		m, isObject := one.(map[string]any)
		e, isEndpoint := fields(m).endpoint()
		if !isObject || !isEndpoint || e.Address == "" {
			return r, "targets"
		}
		r.targets = append(r.targets, e)
	}
	return r, ""
}

func milliseconds(n int64) call.Duration { return call.Duration(time.Duration(n) * time.Millisecond) }
