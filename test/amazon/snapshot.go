package amazon

import (
	"time"
)

// The names of the agent's states.
const (
	available = "Available"
	busy      = "Busy"
	afterCall = "AfterCallWork"
)

// An object is one of the library's, as JSON. Times are seconds since 1970.
type object = map[string]any

// An update is the number of a change and the snapshot after it, as Streams and, in
// short, as the SDK has it.
type update struct {
	number   int
	snapshot object
	shown    shown
}

const (
	instance = "arn:aws:connect:eu-central-1:111122223333:instance/0f7e3d1c-0000-4000-8000-000000000001"
	queueARN = instance + "/queue/0f7e3d1c-0000-4000-8000-000000000002"
)

var (
	basicQueue = object{"queueARN": queueARN, "queueId": queueARN, "name": "BasicQueue"}
	// ownQueue is that of the agent. The library reads the agent's id there.
	ownQueue = object{"queueARN": instance + "/queue/agent/ana", "queueId": instance + "/queue/agent/ana", "name": nil}
)

func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

// update returns the snapshot of now. The lock must be held.
func (s *Service) update() update {
	contacts := []object{}
	if s.contact != nil && !s.contact.removed {
		contacts = append(contacts, s.contact.object())
	}
	now := seconds(time.Now())
	return update{s.changes, object{
		"state":                  agentState(s.state, now),
		"agentAvailabilityState": object{"state": s.state, "timeStamp": now},
		"contacts":               contacts,
		"snapshotTimestamp":      now,
	}, s.show()}
}

func agentState(name string, since float64) object {
	kind := map[string]string{available: "routable", "Offline": "offline"}[name]
	if kind == "" {
		kind = "system"
	}
	return object{"agentStateARN": instance + "/agent-state/" + name, "type": kind, "name": name, "startTimestamp": since}
}

func (c *contact) object() object {
	state := connected
	if c.ended {
		state = ended
	}
	legs := []object{}
	for _, x := range c.connections {
		legs = append(legs, x.object(c.ended))
	}
	return object{
		"contactId": c.id, "initialContactId": c.id, "type": "voice", "initiationMethod": "INBOUND",
		"state": object{"type": state, "timestamp": seconds(c.since)}, "queue": basicQueue, "queueTimestamp": seconds(c.since),
		"connections": legs, "attributes": object{}, "contactDuration": "0",
		"contactFeatures": object{"attachmentsEnabled": false, "multiPartyConferenceEnabled": false},
	}
}

// kind returns the library's type of a connection.
func (x *connection) kind() string {
	switch {
	case x.party == agent:
		return "agent"
	case x.outbound:
		return "outbound"
	}
	return "inbound"
}

// shows returns the state that the agent sees. When their part of the contact has
// ended, so have all connections.
func (x *connection) shows(ended bool) string {
	if ended {
		return disconnected
	}
	return x.state
}

// object returns a connection as the agent sees it.
func (x *connection) object(ended bool) object {
	endpoint := object{"type": "phone_number", "phoneNumber": x.endpoint.PhoneNumber, "name": nil}
	if x.party == target && x.endpoint.Type != "phone_number" {
		endpoint["phoneNumber"] = "INTERNAL-TRANSFER" // as Amazon Connect shows agents and queues
	}
	o := object{
		"connectionId": x.id, "type": x.kind(), "initial": x.party == customer, "endpoint": endpoint,
		"state": object{"type": x.shows(ended), "timestamp": seconds(x.since)}, "mute": false, "forcedMute": false,
	}
	if x.party == target && x.endpoint.Name != "" {
		o["quickConnectName"] = x.endpoint.Name
	}
	return o
}

var (
	permissions   = []string{"outboundCall"}
	countries     = []string{"us"}
	queues        = []object{basicQueue, ownQueue}
	states        = []object{agentState(available, 0), agentState("Offline", 0)}
	configuration = object{
		"name": "ana", "username": "ana", "softphoneEnabled": true, "softphoneAutoAccept": false, "extension": "",
		"agentARN": instance + "/agent/ana", "agentPreferences": object{"LANGUAGE": "en_US"},
		"routingProfile": object{
			"name": "all", "routingProfileARN": instance + "/routing-profile/all", "routingProfileId": instance + "/routing-profile/all",
			"defaultOutboundQueue": basicQueue, "channelConcurrencyMap": object{"VOICE": 1},
		},
	}
)

// whole returns the configuration with the parts that the worker asks for one by
// one.
func whole() object {
	all := object{"permissions": permissions, "agentStates": states, "dialableCountries": countries}
	for name, value := range configuration {
		all[name] = value
	}
	profile := object{"queues": queues}
	for name, value := range configuration["routingProfile"].(object) {
		profile[name] = value
	}
	all["routingProfile"] = profile
	return all
}

// Endpoints of the agent's quick connects.
var (
	Cardiology = Endpoint{instance + "/transfer-destination/cardiology", "phone_number", "cardiology", "+15550100"}
	Ben        = Endpoint{instance + "/transfer-destination/ben", "agent", "ben", ""}
)
