package panel

import (
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"sync"

	"holdfast/call"
	"holdfast/routing"
)

// mostTransfers is how many transfers of one agent are remembered after their contacts
// have ended, so that a page that was reloaded finds out how they ended.
const mostTransfers = 32

// A transferState is a transfer as a program on the page around ours gets it: that of
// the HTTP interface, with the ids that such a page knows.
type transferState struct {
	ContactID  string        `json:"contactId"`      // the segment of the agent who asked
	TransferID string        `json:"transferId"`     // also the connectionId of the third party
	Stage      string        `json:"stage"`          // of the contact, or "ended"
	Target     call.Endpoint `json:"target"`         // the one that has accepted, or was tried last
	Text       string        `json:"text,omitempty"` // why the transfer failed, for the agent
	call.Transfer
}

// transferStateOf returns a transfer of c that was asked for in a segment. It leaves out
// details in the words of the configuration, which are not the agent's.
func transferStateOf(c call.Contact, t call.Transfer, contactID string) transferState {
	state := transferState{
		ContactID: contactID, TransferID: string(c.ID) + "_" + t.ID,
		Stage: string(c.Stage), Target: t.Target(), Transfer: t,
	}
	if t.Outcome != "" {
		state.Stage = "ended"
	}
	if f := failureOf(&t); f != nil {
		state.Text = f.Text
	}
	state.Attempts = slices.Clone(t.Attempts)
	for i := range state.Attempts {
		if a := &state.Attempts[i]; !isStatus(a.Detail) {
			a.Detail = ""
		}
	}
	return state
}

// transfers remembers the transfers that one agent has asked for. A transfer goes on
// after the agent has left the contact or closed the page.
type transfers struct {
	mu sync.Mutex
	// segments has the contactId of the agent's segment by their connection.
	segments map[call.ContactID]map[call.ConnectionID]string
	known    []transferState // in the order in which they were last changed
	changed  []string        // transferIds, since take
}

// join notes that a connection is the agent's.
func (x *transfers) join(id call.ContactID, own call.ConnectionID, contactID string) {
	if x.segments == nil {
		x.segments = map[call.ContactID]map[call.ConnectionID]string{}
	}
	if x.segments[id] == nil {
		x.segments[id] = map[call.ConnectionID]string{}
	}
	x.segments[id][own] = contactID
}

// recall takes a segment of the agent from before a restart of the server.
func (x *transfers) recall(id routing.SegmentID) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.join(id.Contact, id.Connection, segmentName(id))
}

// note takes a contact that has changed. isAgent reports whether an endpoint is the
// agent.
func (x *transfers) note(c call.Contact, isAgent func(call.Endpoint) bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, connection := range c.Connections {
		if isAgent(connection.Endpoint) {
			x.join(c.ID, connection.ID, segmentName(segmentOf(c.ID, connection)))
		}
	}
	for _, t := range c.Transfers() {
		if contactID, asked := x.segments[c.ID][t.By]; asked {
			x.set(transferStateOf(c, t, contactID))
		}
	}
	if c.Stage == call.Over {
		delete(x.segments, c.ID)
		x.forget()
	}
}

// forget drops the oldest transfers of contacts that have ended, if there are too many.
func (x *transfers) forget() {
	over := func(k transferState) bool {
		id, _ := parseSegment(k.ContactID)
		return x.segments[id.Contact] == nil
	}
	many := -mostTransfers
	for _, k := range x.known {
		if over(k) {
			many++
		}
	}
	x.known = slices.DeleteFunc(x.known, func(k transferState) bool {
		drop := many > 0 && over(k)
		if drop {
			many--
		}
		return drop
	})
}

// set remembers a transfer as it is now.
func (x *transfers) set(state transferState) {
	i := slices.IndexFunc(x.known, func(k transferState) bool { return k.TransferID == state.TransferID })
	if i >= 0 {
		if reflect.DeepEqual(x.known[i], state) {
			return
		}
		x.known = slices.Delete(x.known, i, i+1)
	}
	x.known = append(x.known, state)
	if !slices.Contains(x.changed, state.TransferID) {
		x.changed = append(x.changed, state.TransferID)
	}
}

// take returns the transfers that have changed since it was last called.
func (x *transfers) take() []transferState {
	x.mu.Lock()
	defer x.mu.Unlock()
	var all []transferState
	for _, k := range x.known {
		if slices.Contains(x.changed, k.TransferID) {
			all = append(all, k)
		}
	}
	x.changed = nil
	return all
}

// present returns the transfers of a segment, the latest first.
func (x *transfers) present(contactID string) []transferState {
	x.mu.Lock()
	defer x.mu.Unlock()
	all := slices.DeleteFunc(slices.Clone(x.known), func(k transferState) bool { return k.ContactID != contactID })
	slices.SortStableFunc(all, func(a, b transferState) int { return b.Requested.Compare(a.Requested) })
	return all
}

// find returns the first transfer for which a condition holds.
func (x *transfers) find(is func(transferState) bool) (transferState, bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if i := slices.IndexFunc(x.known, is); i >= 0 {
		return x.known[i], true
	}
	return transferState{}, false
}

// current returns the publications for a page that subscribes to the transfers of a
// segment: their current states, the latest first.
func (x *transfers) current(m subscribe) []publication {
	if m.Namespace != transferNamespace || m.Key != transferChanged {
		return nil
	}
	return publishTransfers(x.present(m.Parameter))
}

// publishTransfers returns the publications about transfers that have changed.
func publishTransfers(changed []transferState) []publication {
	var all []publication
	for _, state := range changed {
		all = append(all, publication{transferNamespace, transferChanged, state.ContactID, state})
	}
	return all
}

// targetsParam are targets as a page names them: one or several, each as a person would
// type it or as an endpoint of Streams.
type targetsParam []endpointParam

// UnmarshalJSON implements json.Unmarshaler.
func (p *targetsParam) UnmarshalJSON(b []byte) error {
	var many []json.RawMessage
	if json.Unmarshal(b, &many) != nil {
		many = []json.RawMessage{b}
	}
	*p = nil
	for _, one := range many {
		var e endpointParam
		if json.Unmarshal(one, &e.Name) != nil && json.Unmarshal(one, &e) != nil {
			return errors.New("a target must be a name, a phone number or an endpoint")
		}
		*p = append(*p, e)
	}
	return nil
}
