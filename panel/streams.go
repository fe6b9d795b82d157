package panel

import (
	"holdfast/call"
	"holdfast/routing"
)

// This file makes Streams' contacts.

// Types that Streams has for contacts and connections.
const (
	connecting   = "connecting"
	connected    = "connected"
	onHold       = "hold"
	disconnected = "disconnected"
	ended        = "ended"
	missed       = "missed"
	rejected     = "rejected"

	agentLeg    = "agent"
	inboundLeg  = "inbound"
	outboundLeg = "outbound"
)

// streamsContact returns a segment as a Streams page sees it: first the agent's
// connection, then the customer's, then the others. With mask, transferred outbound
// calls and internal third parties look as they do in Amazon Connect.
func streamsContact(s segment, page, mask bool) contact {
	c := contact{
		ID: s.ID(), InitialID: string(s.contact.ID), Type: "voice",
		Connections:      []connection{ownLeg(s, page)},
		Attributes:       map[string]attribute{},
		Segment:          map[string]string{},
		InitiationMethod: initiation(s),
		Duration:         "0",
	}
	c.State = timedState{contactState(s), stamp(s.own.Since)}
	c.Status = c.State
	if s.contact.Called != "" {
		c.Attributes["called"] = attribute{"called", s.contact.Called}
	}
	if f := viewFailure(s.contact); f != nil && s.contact.Transfer == nil {
		c.Attributes["transferFailed"] = attribute{"transferFailed", f.Text}
	}
	if s.queue != "" {
		q, at := streamsQueue(s.queue), stamp(s.contact.Arrived)
		c.Queue, c.QueueTimestamp = &q, &at
	}
	if x := s.customer(); x != nil {
		c.Connections = append(c.Connections, customerLeg(s, *x, mask))
	}
	for _, o := range s.others() {
		c.Connections = append(c.Connections, thirdLeg(s, o, mask))
	}
	return c
}

func ownLeg(s segment, page bool) connection {
	leg := streamsLeg(s.own, connectionName(s.contact.ID, s.own.ID), agentLeg)
	if page {
		leg.MediaInfo = &mediaInfo{CallType: "audio_only", CallConfig: "{}"}
	}
	return leg
}

// customerLeg keeps the direction of the contact: a customer called by another agent is
// outbound also after a transfer, and initiation returns that the contact came by one.
// In Amazon Connect such a customer is inbound.
func customerLeg(s segment, x call.Connection, mask bool) connection {
	kind := inboundLeg
	if s.outbound() && !(mask && initiation(s) == "transfer") {
		kind = outboundLeg
	}
	leg := streamsLeg(x, connectionName(s.contact.ID, x.ID), kind)
	leg.Initial = true
	return leg
}

// thirdLeg names a third party truthfully. Amazon Connect hides the names of agents and
// queues, and has a quickConnectName only for parties that were added while the agent
// was in the contact.
func thirdLeg(s segment, o other, mask bool) connection {
	leg := streamsLeg(o.Connection, o.name, outboundLeg)
	leg.QuickConnect = o.Endpoint.String()
	if mask && (o.Endpoint.Kind == call.AgentEndpoint || o.Endpoint.Kind == call.QueueEndpoint) {
		leg.Endpoint = endpoint{Type: "phone_number", PhoneNumber: "INTERNAL-TRANSFER"}
		leg.Address = leg.Endpoint
		if o.ID < s.own.ID {
			leg.QuickConnect = ""
		}
	}
	return leg
}

func streamsLeg(x call.Connection, name, kind string) connection {
	e := streamsEndpoint(x.Endpoint)
	return connection{
		ID: name, Type: kind, State: timedState{legState(x.Shown()), stamp(x.Since)},
		Endpoint: e, Address: e, Mute: x.Muted,
	}
}

// legState: a screening party has not taken the call yet, and an agent who is away
// keeps their place.
func legState(s call.State) string {
	switch s {
	case call.Connecting, call.Screening:
		return connecting
	case call.Held:
		return onHold
	case call.Connected, call.Away:
	}
	return connected
}

func contactState(s segment) string {
	if legState(s.own.State) == connecting || s.contact.Stage == call.Dialling {
		return connecting
	}
	return connected
}

func initiation(s segment) string {
	switch {
	case s.own.Party == call.Target || transferWith(s.contact, s.own.ID) != nil:
		return "transfer"
	case s.outbound():
		return "outbound"
	}
	return "inbound"
}

// endedContact returns a contact that was shown as it is shown at its end: ended,
// missed or rejected.
func endedContact(c contact, how string, at stamp) contact {
	c.State = timedState{how, at}
	c.Status = c.State
	legs := c.Connections
	c.Connections = nil
	for _, leg := range legs {
		c.Connections = append(c.Connections, endedLeg(leg, at))
	}
	return c
}

func endedLeg(leg connection, at stamp) connection {
	if leg.State.Type != disconnected {
		leg.State = timedState{disconnected, at}
	}
	return leg
}

// forgottenContact is a contact with after-call work of which nothing else is known,
// because the server has restarted.
func forgottenContact(agent routing.Agent, s routing.Segment, page bool) contact {
	own := call.Connection{
		ID: s.Connection, Since: s.Since, State: call.Connected,
		Endpoint: call.Endpoint{Kind: call.AgentEndpoint, Address: agent.Name},
	}
	c := streamsContact(segment{SegmentID: s.SegmentID, contact: call.Contact{ID: s.Contact}, own: own, queue: s.Queue}, page, false)
	c.QueueTimestamp = nil
	return endedContact(c, ended, stamp(s.Since))
}

func streamsQueue(name string) queue {
	id := arn(queueARN, name)
	return queue{ARN: id, ID: id, Name: name}
}

func streamsEndpoint(e call.Endpoint) endpoint {
	id := arn(endpointARN, string(e.Kind)+":"+e.Address)
	out := endpoint{ARN: id, ID: id, Type: "phone_number", Name: e.Name}
	switch e.Kind {
	case call.AgentEndpoint:
		out.Type, out.Name, out.AgentLogin = "agent", e.String(), e.Address
	case call.QueueEndpoint:
		q := streamsQueue(e.Address)
		out.Type, out.Name, out.Queue = "queue", e.String(), &q
	case call.PhoneNumber, call.URI:
		out.PhoneNumber = e.Address
	}
	return out
}
