package sipleg

import (
	"net/netip"

	"github.com/emiago/sipgo/sip"

	"holdfast/call"
	"holdfast/sipua"
)

// An audience is a kind of party that may know more of the others in a contact than From
// shows.
type audience string

const (
	strangers audience = ""      // nothing more
	agents    audience = "agent" // an agent's phone: everything
	carrier   audience = "trunk" // a trunk with identity = true: phone numbers
)

// audienceAt is the audience of a party that we call.
func (l *Legs) audienceAt(e call.Endpoint) audience {
	switch {
	case e.Kind == call.AgentEndpoint:
		return agents
	case l.addresses.Identifies(e):
		return carrier
	}
	return strangers
}

// audienceOf is the audience of a caller from there.
func (l *Legs) audienceOf(from netip.AddrPort, by invited) audience {
	switch {
	case by.Agent != "":
		return agents
	case l.addresses.Trusts(from):
		return carrier
	}
	return strangers
}

// introduce shows the party who they are connected to, if they may know. A phone shows a
// caller who wants to stay unknown as anonymous. A carrier shows an agent by the number
// that the customer dialled.
func (t *step) introduce(who call.Endpoint) {
	hidden := t.lines.hides(t.contact, who)
	if t.audience == carrier && who.Kind == call.AgentEndpoint {
		who = call.Endpoint{Kind: call.PhoneNumber, Address: t.caller.Called}
	}
	_, number := sipua.ParseNumber(who.Address)
	switch {
	case t.ended || !t.answered || who.Kind == call.QueueEndpoint:
	case t.audience == strangers, t.audience == carrier && (hidden || !number):
	case hidden:
		t.run(t.dialog.Introduce(t.now, "Anonymous", anonymous()))
	default:
		t.run(t.dialog.Introduce(t.now, nameOf(who), t.lines.from(who)))
	}
}

// hides reports whether a party of a contact has called us and wants to stay unknown. That
// may be a target, too, whose call an agent has brought in.
func (l *Legs) hides(id call.ContactID, who call.Endpoint) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, all := range l.legs {
		for _, a := range all {
			if a.contact == id && a.role == callee && a.caller.Private && a.name == who.String() {
				return true
			}
		}
	}
	return false
}

// nameOf is the name that a phone shows beside the address of a party.
func nameOf(e call.Endpoint) string {
	if e.Name == "" && e.Kind == call.AgentEndpoint {
		return e.Address
	}
	return e.Name
}

// anonymous is the address of a party who wants to stay unknown (RFC 3323 §4.1.1.3).
func anonymous() sip.Uri { return sip.Uri{Scheme: "sip", User: "anonymous", Host: "anonymous.invalid"} }
